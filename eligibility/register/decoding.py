"""What words say: for every word of a dictionary the fact of a case that has only that cell.

A column of words has few different ones, so each is decoded once; a fact of the column is then its indices over a
dictionary of values. A word by itself says nothing of time (days have columns of their own), so any month will do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from ..case import Case, Context, Fact
from ..case.identity import mask
from ..errors import InputError, Problem
from ..quantities import Month
from ..values import AnyText, Kind, Level, Value, bounds
from .cases import case_of
from .columns import HOUSEHOLD_ID, MEMBER_ID, MEMBERS, NONE, RECEIPTS

Cells = tuple[tuple[str, str], ...]
"""Some cells of one row, each title with its word, from which one fact follows."""
Subject = tuple[Any, Context]
"""Of whom a fact is read (a person, or one of a child's parents), and the context of their case."""

_ANY_MONTH: Final = Month("2000-01")
_TOGETHER: Final = 16
"""Members of one case; beyond that they get no cheaper."""
_TYPES: Final = {Kind.TRUTH: pa.bool_(), Kind.ENUM: pa.string()}
_RANGE: Final = pa.struct([("lo", pa.int64()), ("hi", pa.int64())])


class Decoder:
    """The values of facts for words, each computed once."""

    def __init__(self) -> None:
        self._deciding = threading.Lock()  # whoever comes second finds the words of the first
        self._subjects: dict[tuple[Level, Cells], Subject] = {}
        self._words: dict[tuple[str, str], tuple[pa.Array, pa.Array]] = {}
        self._entries: dict[str, tuple[tuple[Cells | None, ...], pa.Array]] = {}

    def words(self, fact: Fact, title: str, dictionary: pa.Array, like: str | None = None) -> pa.Array:
        """The fact for every word of a column's dictionary; `like` names the column whose words mean the same."""
        last = self._words.get((fact.name, title))
        if last is not None and last[0].equals(dictionary):
            return last[1]
        rows = [None if word is None else ((like or title, word),) for word in dictionary.to_pylist()]
        values = self._values(fact, rows, title)
        self._words[fact.name, title] = (dictionary, values)
        return values

    def entries(self, fact: Fact, rows: tuple[Cells | None, ...]) -> pa.Array:
        """The fact for each of some sets of cells; for None nothing is known."""
        last = self._entries.get(fact.name)
        if last is not None and last[0] == rows:
            return last[1]
        values = self._values(fact, rows)
        self._entries[fact.name] = (rows, values)
        return values

    def _values(self, fact: Fact, rows: Sequence[Cells | None], column: str | None = None) -> pa.Array:
        with self._deciding:
            asked = (row for row in dict.fromkeys(rows) if row is not None)
            new = [row for row in asked if (fact.level, row) not in self._subjects]
            for row, subject in zip(new, _subjects(fact.level, new, column), strict=True):
                self._subjects[fact.level, row] = subject
        read = (fact.unknown if row is None else fact.read(*self._subjects[fact.level, row]) for row in rows)
        return arrow_values(fact, list(read))


def _subjects(level: Level, rows: Sequence[Cells], column: str | None) -> list[Subject]:
    """For each of some sets of cells somebody of whom nothing else is said.

    Members who stand in no relation say nothing of each other, so that many share one case: most of what a case costs
    does not depend on how many they are. Words that one case cannot hold are tried by themselves in the end.
    """
    if not rows:
        return []
    if len(rows) <= (1 if level is Level.HOUSEHOLD else _TOGETHER):
        try:
            context = Context(_case(level, rows), _ANY_MONTH)
        except InputError as refused:
            if len(rows) == 1:
                raise InputError(_refusal(rows[0], column, refused)) from None
        else:
            people = context.case.members
            return [(context.parents(one)[0] if level is Level.PARENT else one, context) for one in people]
    half = len(rows) // 2
    return [*_subjects(level, rows[:half], column), *_subjects(level, rows[half:], column)]


def _case(level: Level, rows: Sequence[Cells]) -> Case:
    """The case of one household with a member for each set of cells, or with one member and the household's cells."""
    household: dict[str, Any] = {HOUSEHOLD_ID.title: "1"}
    members: list[dict[str, Any]] = [{MEMBER_ID.title: str(n)} for n in range(1, len(rows) + 1)]
    for cells, member in zip(rows, members, strict=True):
        (household if level is Level.HOUSEHOLD else member).update(cells)
        if RECEIPTS in member:
            # What is paid to a member is known where what is paid to the household is.
            household[RECEIPTS] = NONE
    return case_of({**household, MEMBERS: members}, ())


def _refusal(cells: Cells, column: str | None, refused: InputError) -> Problem:
    written = "、".join(f"“{column or title}”里的“{mask(word[:40])}”" for title, word in cells)
    return Problem("register-word", f"{written}不合用", hint=refused.problems[0].message)


def arrow_values(fact: Fact, values: Sequence[Value]) -> pa.Array:
    """Values of a fact as the engine reads them: null is the whole domain, a number counts parts of its denominator.

    Choices of which several are possible are joined by `|`; if any number is a range, all are structs of lo and hi.
    """
    plain: list[Any] = [None if value == fact.unknown else value for value in values]
    kind = _TYPES.get(fact.kind)
    if fact.kind is Kind.ENUM:
        plain = [_text(fact, value) for value in plain]
    elif kind is None:
        ends = [None if value is None else _parts(fact, value) for value in plain]
        if all(pair is None or pair[0] == pair[1] for pair in ends):
            return pa.array([None if pair is None else pair[0] for pair in ends], pa.int64())
        return pa.array([None if pair is None else {"lo": pair[0], "hi": pair[1]} for pair in ends], _RANGE)
    return pa.array(plain, kind)


def _text(fact: Fact, value: Any) -> str | None:
    if value is None or isinstance(value, AnyText):
        return None
    if isinstance(value, frozenset):
        return "|".join(choice for choice in fact.choices or () if choice in value)
    return str(value)


def _parts(fact: Fact, value: Any) -> tuple[int, int]:
    low, high = bounds(value)
    return int(low * fact.denominator), int(high * fact.denominator)
