"""What words say: for every word of a dictionary the fact of a case that has only that cell.

A column of words has few different ones, so each is decoded once; a fact of the column is then its indices over a
dictionary of values. A word by itself says nothing of time (days have columns of their own), so any month will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from ..case import Context, Fact
from ..case.identity import mask
from ..errors import InputError, Problem
from ..quantities import Month
from ..values import AnyText, Kind, Level, Value, bounds
from .cases import case_of
from .columns import HOUSEHOLD_ID, MEMBER_ID, MEMBERS, NONE, RECEIPTS

Cells = tuple[tuple[str, str], ...]
"""Some cells of one row, each title with its word, from which one fact follows."""

_ANY_MONTH: Final = Month("2000-01")
_TYPES: Final = {Kind.TRUTH: pa.bool_(), Kind.ENUM: pa.string()}
_RANGE: Final = pa.struct([("lo", pa.int64()), ("hi", pa.int64())])


class Decoder:
    """The values of facts for words, each computed once."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Cells], Value] = {}
        self._contexts: dict[tuple[Level, Cells], Context] = {}
        self._words: dict[tuple[str, str], tuple[pa.Array, pa.Array]] = {}
        self._entries: dict[str, tuple[tuple[Cells | None, ...], pa.Array]] = {}

    def words(self, fact: Fact, title: str, dictionary: pa.Array) -> pa.Array:
        """The fact for every word of a column's dictionary."""
        last = self._words.get((fact.name, title))
        if last is not None and last[0].equals(dictionary):
            return last[1]
        rows = [None if word is None else ((title, word),) for word in dictionary.to_pylist()]
        values = arrow_values(fact, [self._value(fact, row) for row in rows])
        self._words[fact.name, title] = (dictionary, values)
        return values

    def entries(self, fact: Fact, rows: tuple[Cells | None, ...]) -> pa.Array:
        """The fact for each of some sets of cells; for None nothing is known."""
        last = self._entries.get(fact.name)
        if last is not None and last[0] == rows:
            return last[1]
        values = arrow_values(fact, [self._value(fact, row) for row in rows])
        self._entries[fact.name] = (rows, values)
        return values

    def _value(self, fact: Fact, cells: Cells | None) -> Value:
        if cells is None:
            return fact.unknown
        key = (fact.name, cells)
        if key not in self._values:
            place = (fact.level, cells)
            if place not in self._contexts:
                self._contexts[place] = _context(*place)
            context = self._contexts[place]
            person = context.case.members[0]
            subject = context.parents(person)[0] if fact.level is Level.PARENT else person
            self._values[key] = fact.read(subject, context)
        return self._values[key]


def _context(level: Level, cells: Cells) -> Context:
    """The case that has one household, one member, and these cells."""
    household: dict[str, Any] = {HOUSEHOLD_ID.title: "1"}
    member: dict[str, Any] = {MEMBER_ID.title: "1"}
    (household if level is Level.HOUSEHOLD else member).update(cells)
    if RECEIPTS in member:
        household[RECEIPTS] = NONE  # what is paid to a member is known where what is paid to the household is
    try:
        case = case_of({**household, MEMBERS: [member]}, ())
    except InputError as refused:
        written = "、".join(f"“{title}”里的“{mask(word[:40])}”" for title, word in cells)
        problem = Problem("register-word", f"{written}不合用", hint=refused.problems[0].message)
        raise InputError(problem) from None
    return Context(case, _ANY_MONTH)


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
