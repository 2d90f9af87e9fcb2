"""Partial sums of a re-evaluation: tables of whole numbers that add up, batch by batch, to the summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Key = tuple[str, ...]
Table = dict[Key, list[int]]

CHANGE_WIDTH: Final = 9
"""How many numbers a row of `changes` has."""


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
        _add_row(getattr(self, table), key, row, first=table == "open")

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


def _add_row(table: Table, key: Key, row: Sequence[int], *, first: bool) -> None:
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


class Cells:
    """Rows sorted by a code that is not negative: what stands in each cell, counted and summed exactly.

    Everything runs along `codes`, the different codes in ascending order.
    """

    def __init__(self, codes: NDArray[Any]) -> None:
        # Short codes are sorted in linear time.
        codes = codes.astype(np.min_scalar_type(codes.max(initial=0)))
        self._order = np.argsort(codes, kind="stable")
        ordered = codes[self._order]
        self._starts = once(ordered)
        self.codes: list[int] = ordered[self._starts].tolist()

    def counts(self) -> NDArray[np.int64]:
        """How many rows."""
        return np.diff(self._starts, append=len(self._order))

    def sums(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The sum of `values`, one for each row."""
        return np.add.reduceat(values[self._order], self._starts, dtype=np.int64)

    def runs(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """How many different `values`; equal ones stand together among the rows."""
        ordered = values[self._order]
        first = _first(ordered)
        first[self._starts] = True
        return np.add.reduceat(first, self._starts, dtype=np.int64)


def once(values: NDArray[Any]) -> NDArray[np.intp]:
    """The first position of each value in a list in which equal ones stand together."""
    return np.flatnonzero(_first(values))


def _first(values: NDArray[Any]) -> NDArray[np.bool_]:
    first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first
