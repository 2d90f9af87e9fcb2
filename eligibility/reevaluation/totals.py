"""Partial sums of a re-evaluation: tables of whole numbers that add up, batch by batch, to the summary."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Key = tuple[str, ...]
Table = dict[Key, list[int]]

CHANGE_WIDTH: Final = 9
"""How many numbers a row of `changes` has."""
_LOW_BITS: Final = 24


@dataclass(slots=True)
class Totals:
    """Sums over one or more batches; amounts are in 分 a month.

    `changes`: programme, district, change (empty for those on neither side) → subjects, households, persons, amount
    before, amount after, eligible before without one figure, the same after, what lines gain, what lines lose.
    `outcomes`: programme, outcome before, outcome after → subjects.
    `covered`: programme, district → households and persons eligible before, the same after.
    `arrears`: programme, district, month, kind → lines, amount (0 for 待核).
    `owed`: programme, kind → households with such a line.
    `open`: programme, mask of open criteria → subjects, and the batch, row and person of the first of them.
    """

    households: int = 0
    persons: int = 0
    change_lines: int = 0
    arrears_lines: int = 0
    changes: Table = field(default_factory=dict)
    outcomes: Table = field(default_factory=dict)
    covered: Table = field(default_factory=dict)
    arrears: Table = field(default_factory=dict)
    owed: Table = field(default_factory=dict)
    open: Table = field(default_factory=dict)

    def add(self, other: Totals) -> None:
        """Adds the sums of later batches."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _TABLES:
            mine = getattr(self, name)
            for key, row in getattr(other, name).items():
                _add_row(mine, key, row, first=name == "open")

    def count(self, table: str, key: Key, *row: int) -> None:
        """Adds one row to a table."""
        _add_row(getattr(self, table), key, list(row), first=table == "open")

    def data(self) -> dict[str, Any]:
        """The sums as plain data, in a fixed order."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        return numbers | {
            name: [[*key, *row] for key, row in sorted(getattr(self, name).items())] for name in _TABLES
        }

    @classmethod
    def read(cls, data: dict[str, Any]) -> Totals:
        """The sums that `data` gave."""
        totals = cls(**{name: data[name] for name in _NUMBERS})
        for name in _TABLES:
            table: Table = {}
            for row in data[name]:
                width = next(i for i, value in enumerate(row) if not isinstance(value, str))
                table[tuple(row[:width])] = row[width:]
            setattr(totals, name, table)
        return totals


_NUMBERS: Final = ("households", "persons", "change_lines", "arrears_lines")
_TABLES: Final = tuple(item.name for item in fields(Totals) if item.name not in _NUMBERS)


def _add_row(table: Table, key: Key, row: list[int], *, first: bool) -> None:
    """Adds a row; with `first`, only its first number, the others stay those of the first row."""
    mine = table.get(key)
    if mine is None:
        table[key] = list(row)
    elif first:
        mine[0] += row[0]
    else:
        for index, value in enumerate(row):
            mine[index] += value


def counts(codes: NDArray[Any], size: int) -> NDArray[np.int64]:
    """How often each code from 0 to `size` - 1 occurs."""
    return np.bincount(codes, minlength=size)


def sums(codes: NDArray[Any], values: NDArray[np.int64], size: int) -> list[int]:
    """The exact sum of `values` (not negative) by code; sums of doubles are exact only below 2⁵³, so in two parts."""
    low = np.bincount(codes, values & ((1 << _LOW_BITS) - 1), size)
    high = np.bincount(codes, values >> _LOW_BITS, size)
    return [int(a) + (int(b) << _LOW_BITS) for a, b in zip(low, high, strict=True)]


def once(household: NDArray[np.int32]) -> NDArray[np.intp]:
    """The first position of each household in a list in which households stand together."""
    if not len(household):
        return np.zeros(0, np.intp)
    first = np.ones(len(household), np.bool_)
    np.not_equal(household[1:], household[:-1], out=first[1:])
    return np.flatnonzero(first)
