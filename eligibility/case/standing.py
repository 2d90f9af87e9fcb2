"""What the lists of a case say about one day, and how their amounts add up without rounding.

Shared by the views of the household and of its people. An amount that is unknown, or an item of which it is unknown
whether it counts, makes a range; it never disappears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar, overload

from ..quantities import MAX_FEN, Money
from ..values import DATE_DOMAIN, Number, Range, date_key
from .fields import MAX_AREA, MAX_COUNT, PERIOD_MONTHS, Dated
from .items import Deduction

MONEY_DOMAIN: Final = Range(0, MAX_FEN)
COUNT_DOMAIN: Final = Range(0, MAX_COUNT)
AREA_DOMAIN: Final = Range(0, MAX_AREA)

_D = TypeVar("_D", bound=Dated)
_T = TypeVar("_T")


class once(Generic[_T]):
    """A property computed when first read and then kept in the instance.

    `functools.cached_property` without its lock, which would cost more than most of these values; computing one
    twice in two threads does no harm.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> once[_T] | _T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value


def standing(items: tuple[_D, ...] | None, declared_empty: bool, day: date) -> tuple[_D, ...] | None:
    """The items in force on a day; None if the list is unknown."""
    if items is None:
        return () if declared_empty else None
    return tuple([item for item in items if item.in_force(day)]) if items else ()


def total(parts: Iterable[tuple[int | None, bool]], high: int) -> int | Range:
    """The sum of amounts, each with whether it surely counts; an amount of None may be anything up to `high`."""
    lo = hi = 0
    for amount, certain in parts:
        if amount is None:
            hi = high
            continue
        hi += amount
        if certain:
            lo += amount
    hi = min(hi, high)
    return lo if lo == hi else Range(lo, hi)


def quotient(value: int, parts: int) -> Number:
    """A number of `parts`-ths: whole where it can be, and only else a fraction."""
    whole, rest = divmod(value, parts)
    return Fraction(value, parts) if rest else whole


def shared(value: int | Range, parts: int) -> Number | Range:
    """A point or range of `parts`-ths."""
    if isinstance(value, int):
        return quotient(value, parts)
    return Range(quotient(int(value.lo), parts), quotient(int(value.hi), parts))


def twelfths(amount: Money | None, period: str = "月") -> int | None:
    """A monthly amount in twelfths of a 分, so that months, quarters and years add up without fractions."""
    return None if amount is None else amount.fen * (12 // PERIOD_MONTHS[period])


def monthly(items: Iterable[Deduction]) -> Number | Range:
    """Expenses a month, each divided by the months of its period."""
    return shared(total([(twelfths(item.amount, item.period), True) for item in items], 12 * MAX_FEN), 12)


def by_kind(items: tuple[Any, ...] | None) -> dict[str, Any] | None:
    """The first item of each kind."""
    return None if items is None else {item.kind: item for item in reversed(items)}


def date_value(day: date | None) -> int | Range:
    """A date as a value: its key, or all dates if it is unknown."""
    return DATE_DOMAIN if day is None else date_key(day)
