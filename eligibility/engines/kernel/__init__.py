"""The columnar engine: the rules of an edition compiled to one loop over the columns of many households.

It computes everything from the facts, with what is unknown as ranges, and must equal the reference engine cell for
cell. Compiled code depends on the rules and on how the columns are laid out, not on the figures or the month, which are
arguments: months that share rules share code. Needs the extra `[register]`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product
from typing import Any, Final

import llvmlite
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import EngineError, Problem, RulesetError
from ...language.typing import MAX_MEMBERS
from ...ruleset.edition import Edition
from ...ruleset.resolved import Programme
from ...values import Kind, Level, Value, bounds, date_key
from ..verdicts import ProgrammeVerdicts, Verdicts
from .columns import ENROLLED, SLOTS, Domain, Sources, Tables, columns_of, parts, word_bits
from .decode import DECODE, decoder_module
from .emit import KERNEL, Emitter
from .machine import Machine
from .memory import output_widths
from .programmes import ERROR_CODES, NEGATIVE
from .rules import Figure, Rules

__all__ = ["ENROLLED", "SLOTS", "Kernel", "evaluate_all", "facts_read", "kernel_of"]

CHUNK: Final = 8192
"""Households one thread takes at a time."""
_KERNELS: dict[str, Kernel] = {}
_COMPILING: Final = threading.Lock()


def facts_read(edition: Edition) -> tuple[str, ...]:
    """The `facts` of the kernel of an edition's rules, without compiling it."""
    return tuple(Rules(edition).symbols)


def kernel_of(edition: Edition) -> Kernel:
    """The kernel of an edition's rules, compiled once for all editions that share them.

    Raises `EngineError`, naming the rule, where the rules are beyond it.
    """
    with _COMPILING:
        kernel = _KERNELS.get(edition.rules_digest)
        if kernel is None:
            kernel = _KERNELS[edition.rules_digest] = Kernel(edition)
        return kernel


def evaluate_all(
    asked: Sequence[tuple[Edition, pa.RecordBatch]], *, threads: int | None = None
) -> list[Verdicts]:
    """The verdicts of the same households under some editions, each with facts as `Kernel.evaluate` takes them.

    Editions that share rules are worked out together. Raises as `kernel_of` and `Kernel.evaluate_together` do.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, (edition, _) in enumerate(asked):
        groups[edition.rules_digest].append(place)
    found: dict[int, Verdicts] = {}
    for places in groups.values():
        kernel = kernel_of(asked[places[0]][0])
        found.update(
            zip(places, kernel.evaluate_together([asked[p] for p in places], threads=threads), strict=True)
        )
    return [found[place] for place in range(len(asked))]


class Kernel:
    """The compiled rules of editions with one `rules_digest`.

    `facts` are the names it reads, as `eligibility.case.FACTS` and the ruleset name them; `digest` tells the rules, the
    version of LLVM and this engine apart.
    """

    def __init__(self, edition: Edition) -> None:
        self.rules = Rules(edition)
        self.rules_digest = edition.rules_digest
        self.facts = tuple(self.rules.symbols)
        with ThreadPoolExecutor(1) as pool:  # the decoder is compiled while the rules are written
            decoder = pool.submit(_decoder)
            emitter = Emitter(self.rules)
            decoder.result()
        self._slots = emitter.arguments.slots
        self._tables: Tables = {}
        self._machine = Machine(emitter.module, KERNEL)
        text = f"{edition.rules_digest} kernel 2 llvmlite {llvmlite.__version__}"
        self.digest = hashlib.sha256(text.encode()).hexdigest()

    def evaluate(self, edition: Edition, facts: pa.RecordBatch, *, threads: int | None = None) -> Verdicts:
        """The verdicts of all households of a batch under an edition with these rules.

        `facts` has a column per household fact, and `成员`: a list of structs with a column per fact of a person; a
        parent's are `父母1.‹fact›` and `父母2.‹fact›`, and `在册` says who is a member in the month. Truths are bool,
        dates date32, enums text (`二级|三级` may be either), numbers integers (分, or parts of the fact's denominator)
        or structs of `lo` and `hi`; any of them may be coded in a dictionary. Null, or no column, is unknown.
        `threads` is by default the number of processors.
        Raises `EngineError` for a column of another type or with values outside the fact's domain, `RulesetError` where
        the reference engine would.
        """
        return self.evaluate_together([(edition, facts)], threads=threads)[0]

    def evaluate_together(
        self, asked: Sequence[tuple[Edition, pa.RecordBatch]], *, threads: int | None = None
    ) -> list[Verdicts]:
        """The verdicts of the same households under several editions with these rules, each with facts as for `evaluate`.

        Columns in which the facts of one edition are the very arrays of the one before are read only once.
        """
        tasks: list[_Task] = []
        for edition, facts in asked:
            if edition.rules_digest != self.rules_digest:
                raise EngineError(Problem("kernel-edition", "这个版本的规则与编译的规则不同"))
            tasks.append(self._task(edition, facts, tasks[-1] if tasks else None))
        if tasks:
            self._run(tasks, threads)
        return [task.verdicts() for task in tasks]

    def _task(self, edition: Edition, facts: pa.RecordBatch, before: _Task | None) -> _Task:
        columns = columns_of(facts)
        offsets = columns.offsets
        if len(offsets) > 1 and int(np.diff(offsets).max()) > MAX_MEMBERS:
            raise EngineError(Problem("kernel-members", f"有家庭的成员超过 {MAX_MEMBERS} 人"))
        if before is not None and not np.array_equal(offsets, before.offsets):
            raise EngineError(Problem("kernel-households", "几个版本的事实不是同一批家庭的"))
        sources = Sources(self._tables, columns, None if before is None else before.sources)
        outputs = {p.id: _allocate(p, offsets) for p in edition.programmes}
        errors = np.zeros(len(offsets) - 1, np.int32)
        arrays: dict[str, Any] = {"offsets": offsets, "errors": errors, "figures": self._figures(edition)}
        for level, places in self.rules.places.items():
            arrays[f"{level}_fields"] = sources.fields(
                level, {path: (self.rules.domain(path), place) for path, place in places.items()}
            )
        for identifier, outputs_ in outputs.items():
            arrays.update({f"{identifier}.{name}": array for name, array in outputs_.items()})
        return _Task(edition, offsets, sources, arrays, outputs)

    def _run(self, tasks: Sequence[_Task], threads: int | None) -> None:
        def compute(begin: int) -> None:
            block = np.empty(self.rules.block_size + 64, np.uint8)
            own = [{**addresses, "block": block.ctypes.data} for addresses in sets]
            slots = [[addresses[slot] for slot in self._slots] for addresses in own]
            self._machine.run(begin, min(begin + CHUNK, count), slots)

        sets = [{name: array.ctypes.data for name, array in task.arrays.items()} for task in tasks]
        count = len(tasks[0].offsets) - 1
        starts = range(0, count, CHUNK)
        workers = threads if threads is not None else (os.cpu_count() or 1)
        if workers == 1 or len(starts) <= 1:
            for begin in starts:
                compute(begin)
            return
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(compute, starts))

    def _figures(self, edition: Edition) -> np.ndarray[Any, Any]:
        words: list[int] = [date_key(edition.month.first_day)]
        for name, figure in self.rules.figures.items():
            parameter = edition.parameters[name]
            if parameter.cells is None:
                words += _figure(figure, parameter.value)
                continue
            for way in product(*figure.keys):
                if way not in parameter.cells:
                    raise EngineError(Problem("kernel-table", f"表“{name}”没有 {'、'.join(way)} 一格"))
                words += _figure(figure, parameter.cells[way])
        return np.array([value & (2**64 - 1) for value in words], np.uint64)


@cache
def _decoder() -> Machine:
    machine = Machine(decoder_module(), DECODE)
    machine.publish(DECODE)
    return machine


@dataclass(frozen=True, slots=True)
class _Task:
    """One edition over one batch: every array the code reads and writes, and what keeps them alive."""

    edition: Edition
    offsets: NDArray[np.int64]
    sources: Sources
    arrays: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, Mapping[str, NDArray[Any]]]

    def verdicts(self) -> Verdicts:
        """The verdicts once computed. Raises `RulesetError` where the reference engine would."""
        errors = self.arrays["errors"]
        if errors.any():
            raise _rule_error(self.edition, int(errors[np.flatnonzero(errors)[0]]))
        found = {p.id: _verdicts(p, self.outputs[p.id]) for p in self.edition.programmes}
        return Verdicts(self.edition, self.offsets, found)


def _allocate(programme: Programme, offsets: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    rows = len(offsets) - 1 if programme.level is Level.HOUSEHOLD else int(offsets[-1])
    return {name: _zeros(rows, width // 8) for name, width in output_widths(programme).items()}


def _zeros(rows: int, size: int) -> NDArray[Any]:
    """Unsigned integers of so many bytes in memory of Arrow's pool, which, unlike NumPy's, is still warm from before."""
    found: NDArray[Any] = np.frombuffer(pa.allocate_buffer(rows * size), f"u{size}")
    found.fill(0)
    return found


def _figure(figure: Figure, value: Value) -> list[int]:
    """A figure in words: the code of a truth, the bits of an enum, the two bounds of a number."""
    kind = figure.symbol.type.kind
    if kind is Kind.TRUTH:
        return [0 if value is None else 1 if value else 2]
    if kind is Kind.ENUM:
        words = tuple(sorted(figure.symbol.type.choices or ()))
        domain = Domain(figure.name, Kind.ENUM, words=words)
        chosen = [value] if isinstance(value, str) else sorted(value)  # type: ignore[arg-type]
        return [reduce(lambda bits, text: bits | word_bits(domain, text, figure.name), chosen, 0)]
    denominator = 1 if figure.symbol.bounds is None else figure.symbol.bounds.denominator
    return [parts(end, denominator) for end in bounds(value)]  # type: ignore[arg-type]


def _verdicts(programme: Programme, columns: Mapping[str, np.ndarray[Any, Any]]) -> ProgrammeVerdicts:
    nothing = np.broadcast_to(np.int64(0), columns["outcome"].shape)
    low, high = (columns[end].view(np.int64) if end in columns else nothing for end in ("low", "high"))
    return ProgrammeVerdicts(
        programme=programme,
        outcome=columns["outcome"],
        low=low,
        high=high,
        met=columns["met"],
        unknown=columns["unknown"],
        routes=columns["routes"],
    )


def _rule_error(edition: Edition, code: int) -> RulesetError:
    """The error the reference engine raises for the same household."""
    number, rest = divmod(code, ERROR_CODES)
    programme = edition.programmes[number]
    if rest % 2 == NEGATIVE:
        route = programme.routes[rest // 2]
        where = f"项目“{programme.name}”的情形“{route.name}”"
        return RulesetError(Problem("negative-amount", f"{where}符合条件而金额为负，规则有误"))
    return RulesetError(
        Problem("routes-overlap", f"项目“{programme.name}”有几种情形同时符合，规则没说取哪个")
    )
