"""The criteria of one programme on two sides, matched by id: which turned, which are open, and how lists name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case import FACTS
from ..determination.texts import cite, show
from ..engines.verdicts import ProgrammeVerdicts
from ..language.nodes import Node, Origin, symbols
from ..ruleset import Edition, Ruleset
from ..ruleset.resolved import Criterion, Programme, ResolvedParameter
from .pieces import Vocabulary

Masks = NDArray[np.uint64]
Codes = NDArray[np.int32]
NOT_SHOWN: Final = "（不公开）"
"""In place of the clause of a criterion about a sensitive fact."""


def matched(programme: str, before: Edition, after: Edition) -> MatchedCriteria:
    """The criteria of a programme (by id) in two editions, kept with the later with the texts lists needed so far."""
    key = f"criteria of {programme} since {before.month} {before.edition_digest}"
    kept = after.compiled.get(key)
    if kept is None:
        kept = after.compiled[key] = MatchedCriteria(programme, before, after)
    assert isinstance(kept, MatchedCriteria)
    return kept


class MatchedCriteria:
    """The criteria of a programme in two editions. Bit i of a mask here stands for `criteria[i]`.

    The positions of the after side come first, then what only the before side has. A criterion that a side does not
    have hinders nobody there.
    """

    def __init__(self, programme: str, before: Edition, after: Edition) -> None:
        self._programme, self._editions = programme, (before, after)
        self._sides = tuple(_side(edition.programme(programme)) for edition in (before, after))
        own = [side.criteria for side in self._sides]
        merged = {c.id: c for c in (*own[1], *own[0])} | {c.id: c for c in own[1]}
        self.criteria: tuple[Criterion, ...] = tuple(merged.values())
        self._each = [(f"{c.id} {c.title}", _clause(c, after.ruleset)) for c in self.criteria]
        self._said: dict[int, tuple[str, str]] = {}
        self._position = {identifier: index for index, identifier in enumerate(merged)}

    def hindering(self, verdicts: ProgrammeVerdicts | None, rows: NDArray[np.intp], *, after: bool) -> Masks:
        """What certainly stands in the way on one side: unmet criteria and met exclusions."""
        if verdicts is None:
            return np.zeros(len(rows), np.uint64)
        side = self._sides[after]
        met, unknown = verdicts.met[rows], verdicts.unknown[rows]
        found = (~(met | unknown) & side.ordinary) | (met & side.exclusions)
        return self._placed(found, after)

    def open(self, verdicts: ProgrammeVerdicts, rows: NDArray[np.intp], *, after: bool) -> Masks:
        """The unknown criteria on routes that may be taken, and the unknown exclusions."""
        side = self._sides[after]
        routes = verdicts.routes[rows]
        relevant = np.full(len(rows), side.exclusions)
        for index, mask in enumerate(side.routes):
            relevant |= (routes >> index & 1) * mask
        return self._placed(verdicts.unknown[rows] & relevant, after)

    def say(self, masks: list[int], ids: Vocabulary, clauses: Vocabulary) -> tuple[Codes, Codes]:
        """The words for some masks: the criteria with their titles, and the clauses they stand on."""
        texts = [self._texts(mask) for mask in masks]
        named = np.array([ids.code(text) for text, _ in texts], np.int32)
        cited = np.array([clauses.code(text) for _, text in texts], np.int32)
        return named, cited

    def _texts(self, mask: int) -> tuple[str, str]:
        """The criteria in a mask with their titles, and the clauses they stand on."""
        found = self._said.get(mask)
        if found is None:
            chosen = [text for index, text in enumerate(self._each) if mask >> index & 1]
            clauses = dict.fromkeys(clause for _, clause in chosen if clause)
            found = self._said[mask] = "；".join(title for title, _ in chosen), "；".join(clauses)
        return found

    @cached_property
    def figures(self) -> Mapping[bool, tuple[str, str]]:
        """The figures that the amounts read and that rose between the sides (False: that fell), and their clauses."""
        return {rising: self._figures(rising) for rising in (True, False)}

    def _figures(self, rising: bool) -> tuple[str, str]:
        before, after = self._editions
        said, clauses = [], []
        for name in sorted(
            _read_by_amounts(after, after.programme(self._programme)) & before.parameters.keys()
        ):
            old, new = before.parameters[name], after.parameters[name]
            if not _moved(*((old, new) if rising else (new, old))):
                continue
            values = (show(end.value, new.symbol.type, "zh") for end in (old, new))
            said.append(name if new.cells is not None else f"{name} {'→'.join(values)}")
            clauses += [] if new.cite is None else [cite(new.cite, after.ruleset, "zh")]
        return "；".join(said), "；".join(dict.fromkeys(clauses))

    def _placed(self, masks: Masks, after: bool) -> Masks:
        """Masks of one side at the positions of both."""
        if after or self._same_places:
            return masks
        moved = np.zeros_like(masks)
        for index, criterion in enumerate(self._sides[0].criteria):
            bit = (masks >> np.uint64(index)) & np.uint64(1)
            moved |= bit << np.uint64(self._position[criterion.id])
        return moved

    @cached_property
    def _same_places(self) -> bool:
        criteria = self._sides[0].criteria
        return all(self._position[criterion.id] == index for index, criterion in enumerate(criteria))


def _clause(criterion: Criterion, rules: Ruleset) -> str:
    """Where a criterion stands; not where it looks at a sensitive fact, which the document's title may give away."""
    if criterion.cite is None:
        return ""
    sensitive = any(name in FACTS and FACTS[name].sensitive for name in symbols(criterion.test))
    return NOT_SHOWN if sensitive else cite(criterion.cite, rules, "zh")


def _read_by_amounts(edition: Edition, programme: Programme | None) -> set[str]:
    """The figures that the amounts of a programme's routes read, directly or through definitions."""
    routes = () if programme is None else programme.routes
    waiting: list[Node] = [route.amount for route in routes if route.amount is not None]
    found: set[str] = set()
    while waiting:
        for name, symbol in symbols(waiting.pop()).items():
            if name not in found and symbol.origin is Origin.DEFINITION:
                waiting.append(edition.definitions[name].node)
            if symbol.origin in (Origin.DEFINITION, Origin.PARAMETER):
                found.add(name)
    return {name for name in found if name in edition.parameters}


def _moved(low: ResolvedParameter, high: ResolvedParameter) -> bool:
    """Whether a figure is higher in the second place: a table, if some cells are and none is lower."""
    if low.cells is None or high.cells is None:
        pairs = [(low.value, high.value)]
    else:
        pairs = [(low.cells[way], high.cells[way]) for way in low.cells.keys() & high.cells.keys()]
    known = [(a, b) for a, b in pairs if isinstance(a, int | Fraction) and isinstance(b, int | Fraction)]
    return any(a < b for a, b in known) and all(a <= b for a, b in known)


class _Side(NamedTuple):
    """The criteria of one side, with masks of the ordinary ones, the exclusions, and those that each route reads."""

    criteria: tuple[Criterion, ...]
    ordinary: np.uint64
    exclusions: np.uint64
    routes: tuple[np.uint64, ...]


def _side(programme: Programme | None) -> _Side:
    if programme is None:
        return _Side((), np.uint64(0), np.uint64(0), ())

    def mask(named: Collection[str]) -> np.uint64:
        return np.uint64(sum(1 << index for index, c in enumerate(programme.criteria) if c.id in named))

    ordinary = {criterion.id for criterion in programme.criteria} - set(programme.exclusions)
    read = [{condition.criterion for limb in route.when for condition in limb} for route in programme.routes]
    return _Side(programme.criteria, mask(ordinary), mask(programme.exclusions), tuple(map(mask, read)))


def distinct(values: NDArray[Any]) -> tuple[Codes, list[int]]:
    """Each value as a position in the list of different ones, which stand in the order of their first occurrence."""
    encoded = pa.array(values).dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
