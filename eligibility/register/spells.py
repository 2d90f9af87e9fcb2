"""Facts on which days have a say: what is said of a row is in force from some day, or until some day.

A month only matters by which rows are out of force on its first day. A fact is therefore what its cells say, made over
for these rows; for months between which no such day lies it is the very same array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..quantities import Month
from .arrays import Rows, Values, known, numbers

_EPOCH: Final = date(1970, 1, 1)


class Days(NamedTuple):
    """Some rows, each with a day (since 1970-01-01)."""

    rows: Rows
    days: NDArray[Any]


def days_of(column: pa.Array) -> Days:
    """The rows in which a column of days is not null."""
    rows = np.flatnonzero(known(column))
    return Days(rows, numbers(column)[rows])


class Spells:
    """When what is said of rows is in force: from the days of `begins`, and until the day before those of `ends`."""

    def __init__(self, begins: Sequence[Days] = (), ends: Sequence[Days] = ()) -> None:
        self._begins = begins
        self._ends = ends
        self._outside: Rows = np.empty(0, np.int64)

    def outside(self, month: Month) -> Rows:
        """The rows not in force on the first day of a month; if they are those of the last call, the very same array."""
        day = (month.first_day - _EPOCH).days
        parts = [rows[days > day] for rows, days in self._begins]
        parts += [rows[days <= day] for rows, days in self._ends]
        outside = np.concatenate([self._outside[:0], *parts])
        if not np.array_equal(outside, self._outside):
            self._outside = outside
        return self._outside


def terms(since: pa.Array, months: Values) -> Spells:
    """Of what begins on the days of a column and lasts some months, or on and on where that is not known."""
    begins = days_of(since)
    if months is None:
        return Spells([begins])
    limited = known(months)[begins.rows]
    rows, days = begins.rows[limited], begins.days[limited].astype("datetime64[D]")
    start = days.astype("datetime64[M]")
    # Counted on by months the day stays, or is the last of a shorter month. Only first days of months are asked for:
    # if the day is one, what ends on it is over on it, else on the next.
    later = (days != start).astype(np.int64)
    end = start + (numbers(months)[rows] + later).astype("timedelta64[M]")
    return Spells([begins], [Days(rows, end.astype("datetime64[D]").astype(np.int64))])


class Dated:
    """A fact that `make` gives for the rows out of force in a month."""

    def __init__(self, spells: Spells, make: Callable[[Rows], Values]) -> None:
        self._spells = spells
        self._make = make
        self._last: tuple[Rows, Values] | None = None

    def on(self, month: Month) -> Values:
        """The values on the first day of a month."""
        rows = self._spells.outside(month)
        if self._last is None or self._last[0] is not rows:
            self._last = rows, self._make(rows)
        return self._last[1]


Answer: TypeAlias = Values | Dated
"""A fact of a batch: its values in all months, or one on which days have a say."""


def dated(spells: Spells | None, make: Callable[[Rows], Values]) -> Answer:
    """What `make` gives: once for all where no days are given."""
    return make(np.empty(0, np.int64)) if spells is None else Dated(spells, make)
