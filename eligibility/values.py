"""What a value of an expression can be: points, ranges, and three-valued truth.

A number is a point (`int`, or `Fraction` for an exact quotient) or a `Range` of which only the bounds are known; a
truth is `True`, `False` or `None` (unknown); an enum is one text or the `frozenset` of those it may be; a date is the
integer key of `date_key`. Money is counted in 分. An unknown fact is simply its whole domain, so every operation is
defined and no default can slip in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Final

Number = int | Fraction
Truth = bool | None


class Level(IntEnum):
    """Whose value it is; a name of an outer (smaller) level may be used in an inner one."""

    HOUSEHOLD = 0
    PERSON = 1
    PARENT = 2


LEVEL_NAMES: Final = {"家庭": Level.HOUSEHOLD, "成员": Level.PERSON, "父母": Level.PARENT}


class Kind(Enum):
    """The kinds of value an expression may have."""

    MONEY = "money"
    EXACT = "exact"
    INTEGER = "integer"
    RATE = "rate"
    TRUTH = "truth"
    ENUM = "enum"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Range:
    """A number of which only lo ≤ hi is known."""

    lo: Number
    hi: Number

    def __post_init__(self) -> None:
        if self.lo > self.hi:
            raise ValueError(f"empty range {self.lo}..{self.hi}")


class AnyText:
    """An enum value out of an open list (a region code, say) that is unknown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY_TEXT"


ANY_TEXT: Final = AnyText()
EnumValue = str | frozenset[str] | AnyText
Value = int | Fraction | Range | bool | None | str | frozenset[str] | AnyText

FIRST_DATE: Final = date(1900, 1, 1)
LAST_DATE: Final = date(2199, 12, 31)


def date_key(day: date) -> int:
    """One monotone integer for a day: `y*372 + (m-1)*31 + (d-1)`."""
    return day.year * 372 + (day.month - 1) * 31 + day.day - 1


def key_date(key: int) -> date:
    """The day of a key that `date_key` made."""
    return date(key // 372, key % 372 // 31 + 1, key % 31 + 1)


DATE_DOMAIN: Final = Range(date_key(FIRST_DATE), date_key(LAST_DATE))


def bounds(value: Number | Range) -> tuple[Number, Number]:
    """Lower and upper bound of a number."""
    return (value.lo, value.hi) if type(value) is Range else (value, value)  # type: ignore[return-value]


def span(lo: Number, hi: Number) -> Number | Range:
    """The number between two bounds: a point where they meet."""
    return lo if lo == hi else Range(lo, hi)


def hull(values: Iterable[Number | Range]) -> Number | Range:
    """The smallest number that covers all given ones (at least one)."""
    pairs = [bounds(value) for value in values]
    return span(min(lo for lo, _ in pairs), max(hi for _, hi in pairs))


def is_known(value: Value) -> bool:
    """Whether a value is a single point. For reporting only: no expression can ask this."""
    return not (value is None or isinstance(value, Range | frozenset | AnyText))


def all_of(truths: Iterable[Truth]) -> Truth:
    """Kleene conjunction; of nothing it is true."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """Kleene disjunction; of nothing it is false."""
    result: Truth = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            result = None
    return result


def not_(truth: Truth) -> Truth:
    """Kleene negation."""
    return None if truth is None else not truth
