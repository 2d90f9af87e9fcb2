"""What of an edition compiled code depends on: facts with their domains, figures by position, places of columns.

Everything here follows from the rules alone; figures and the month are arguments of the code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from ...errors import EngineError, Problem
from ...language.nodes import Constant, Contains, Node, Origin, Ref, Symbol, symbols, walk
from ...ruleset.edition import Edition
from ...ruleset.resolved import Programme
from ...values import Kind, Level
from .columns import ENROLLED, SLOTS, Domain
from .decode import CODE_BITS
from .schedule import Schedule, paid_nodes, tested_nodes

MAX_BITS: Final = 63
"""Most criteria or routes of a programme: a mask holds them, and one bit more for no route."""
HOUSEHOLD_ROWS, PERSON_ROWS = 264, 520
"""Rows of the block of decoded columns; 8 are kept free, since decoding begins at a multiple of 8."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Where a parameter's figures begin in the array of figures, and of a table the texts of its keys."""

    name: str
    symbol: Symbol
    start: int
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def words(self) -> int:
        """How many words one value takes: two bounds of a number, one of anything else."""
        return 2 if self.symbol.type.kind not in (Kind.TRUTH, Kind.ENUM) else 1


class Rules:
    """What of an edition the compiled code depends on: facts with their domains, figures by position, the schedule."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.schedule = Schedule(edition)
        self.nodes = [d.node for d in edition.definitions.values()]
        for programme in edition.programmes:
            _check_size(programme)
            self.nodes += tested_nodes(programme) + paid_nodes(programme)
        self.symbols: dict[str, Symbol] = {}
        constants = self._collect()
        self.domains = {
            name: Domain.of(symbol, _words(symbol, constants)) for name, symbol in self.symbols.items()
        }
        self.domains[ENROLLED] = Domain(ENROLLED, Kind.TRUTH)
        self.figures = self._figures()
        self.places: dict[str, dict[str, int]] = {"household": {}, "person": {}}
        self.block_size = self._lay_out()

    def _lay_out(self) -> int:
        """Gives every column its place in the block, after that of codes; the size of the block in bytes."""
        size = (PERSON_ROWS * CODE_BITS // 8 + 63) // 64 * 64
        paths = [(path, name) for name in self.symbols for path in self.paths(name)]
        for path, name in [*paths, (ENROLLED, ENROLLED)]:
            level = "household" if name in self.symbols and not self.symbols[name].level else "person"
            rows = HOUSEHOLD_ROWS if level == "household" else PERSON_ROWS
            self.places[level][path] = size
            size += (rows * self.domains[name].width // 8 + 63) // 64 * 64
        return size

    def _collect(self) -> dict[str, dict[str, None]]:
        """The facts that are read, and for each the texts of an open list that any rule names."""
        named: dict[str, dict[str, None]] = {}
        for root in self.nodes:
            for node in walk(root):
                if isinstance(node, Ref) and node.symbol.origin is Origin.FACT:
                    self.symbols.setdefault(node.symbol.name, node.symbol)
                texts = _texts(node)
                for inner in walk(node) if texts else ():
                    if isinstance(inner, Ref) and inner.symbol.origin is Origin.FACT:
                        named.setdefault(inner.symbol.name, {}).update(dict.fromkeys(texts))
        return named

    def _figures(self) -> dict[str, Figure]:
        """Figures by name; the first word is the first day of the month."""
        found, start = {}, 1
        for name, parameter in self.edition.parameters.items():
            keys: tuple[tuple[str, ...], ...] = ()
            cells = 1
            if parameter.cells is not None:
                keys = tuple(tuple(sorted(set(texts))) for texts in zip(*parameter.cells, strict=True))
                cells = reduce(lambda size, texts: size * len(texts), keys, 1)
            figure = found[name] = Figure(name, parameter.symbol, start, keys)
            start += cells * figure.words
        return found

    def reads_verdict(self, node: Node) -> bool:
        """Whether a value rests on verdicts of persons, which are made in the same pass."""
        for name, symbol in symbols(node).items():
            if symbol.origin is Origin.VERDICT and symbol.level is Level.PERSON:
                return True
            if symbol.origin is Origin.DEFINITION and self.reads_verdict(self.edition.definitions[name].node):
                return True
        return False

    def symbol(self, name: str) -> Symbol:
        """The symbol of a fact or a definition."""
        definition = self.edition.definitions.get(name)
        return self.symbols[name] if definition is None else definition.symbol

    def shared_names(self, programmes: Sequence[Programme]) -> list[str]:
        """What several of these programmes read of a person and no verdict goes into."""
        counts = Counter(
            name for p in programmes for name in self._read_names(tested_nodes(p) + paid_nodes(p))
        )
        ordered = [name for name in (*self.symbols, *self.edition.order) if counts[name] > 1]
        return [name for name in ordered if self.symbol(name).level is Level.PERSON]

    def _read_names(self, nodes: Sequence[Node]) -> set[str]:
        found: set[str] = set()
        for node in nodes:
            for name, symbol in symbols(node).items():
                if symbol.origin is Origin.FACT:
                    found.add(name)
                elif symbol.origin is Origin.DEFINITION and name not in found:
                    inner = self.edition.definitions[name].node
                    found |= self._read_names([inner])
                    found |= set() if self.reads_verdict(inner) else {name}
        return found

    def domain(self, path: str) -> Domain:
        """The domain of the fact in a column."""
        return self.domains[path.removeprefix(SLOTS[0]).removeprefix(SLOTS[1])]

    def paths(self, name: str) -> tuple[str, ...]:
        """The columns of a fact: of a parent's fact there are two."""
        level = self.symbols[name].level
        return tuple(slot + name for slot in SLOTS) if level is Level.PARENT else (name,)


def _check_size(programme: Programme) -> None:
    if max(len(programme.criteria), len(programme.routes)) > MAX_BITS:
        raise EngineError(
            Problem("kernel-size", f"项目“{programme.name}”的条件或情形超过 {MAX_BITS} 项，列引擎记不下")
        )


def _texts(node: Node) -> tuple[str, ...]:
    """The texts a node compares something with."""
    if isinstance(node, Contains):
        return node.choices
    parts = (getattr(node, "left", None), getattr(node, "right", None))
    return tuple(str(p.value) for p in parts if isinstance(p, Constant) and isinstance(p.value, str))


def _words(symbol: Symbol, named: Mapping[str, Mapping[str, None]]) -> tuple[str | None, ...]:
    if symbol.type.kind is not Kind.ENUM:
        return ()
    if symbol.type.choices is not None:
        return tuple(sorted(symbol.type.choices))
    return (*named.get(symbol.name, {}), None)
