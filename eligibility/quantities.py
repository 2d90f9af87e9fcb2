"""The values everything is made of: money in integer 分, benefit months, exact quotients, roundings.

Nothing here rounds silently and nothing is a float. `Money` is a whole number of 分; a quotient stays a
`fractions.Fraction` until a rounding that a ruleset names turns it into money.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import total_ordering
from typing import Any

from dateutil.relativedelta import relativedelta
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

_MONEY = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?(?:元)?\Z", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)
_LIKE_A_MONTH = re.compile(r"\s*(\d{4})\s*(?:[-/.年]\s*(\d{1,2})|(\d{2}))\s*月?\s*\Z", re.ASCII)

MAX_FEN = 10**11
"""Largest amount of money a fact or a parameter may have: one billion yuan, in 分."""


@total_ordering
class Money:
    """An amount of money: a whole number of 分.

    `Money("1480.00")`, `Money("1,480.00元")` and `Money(1480)` are 1480 yuan; `Money.from_fen(148000)` too.
    Raises `TypeError` for a float (binary fractions cannot hold 0.1 yuan) and `ValueError` for other text.
    """

    __slots__ = ("_fen",)
    _fen: int

    def __init__(self, yuan: str | int) -> None:
        object.__setattr__(self, "_fen", _parse_fen(yuan))

    @classmethod
    def from_fen(cls, fen: int) -> Money:
        """Money from a whole number of 分; the only constructor that takes 分."""
        if type(fen) is not int:
            raise TypeError(f"分必须是整数，得到 {type(fen).__name__}")
        money = object.__new__(cls)
        object.__setattr__(money, "_fen", fen)
        return money

    @property
    def fen(self) -> int:
        """The amount in 分."""
        return self._fen

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Money is immutable")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Money.from_fen, (self._fen,))

    def __eq__(self, other: object) -> bool:
        return self._fen == other._fen if isinstance(other, Money) else NotImplemented

    def __lt__(self, other: Money) -> bool:
        return self._fen < other._fen if isinstance(other, Money) else NotImplemented

    def __hash__(self) -> int:
        return hash((Money, self._fen))

    def __add__(self, other: Money) -> Money:
        return Money.from_fen(self._fen + other._fen) if isinstance(other, Money) else NotImplemented

    def __sub__(self, other: Money) -> Money:
        return Money.from_fen(self._fen - other._fen) if isinstance(other, Money) else NotImplemented

    def __mul__(self, count: int) -> Money:
        return Money.from_fen(self._fen * count) if type(count) is int else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money.from_fen(-self._fen)

    def __bool__(self) -> bool:
        return self._fen != 0

    def __str__(self) -> str:
        """Plain decimal text, two places: `1480.00`; the form used in every file and record."""
        sign = "-" if self._fen < 0 else ""
        return f"{sign}{abs(self._fen) // 100}.{abs(self._fen) % 100:02d}"

    def __repr__(self) -> str:
        return f'Money("{self}")'

    def __format__(self, spec: str) -> str:
        """`format(m, ",")` groups thousands for people: `1,480.00`."""
        if spec != ",":
            return format(str(self), spec)
        whole, cents = str(abs(self)).split(".")
        return f"{'-' if self._fen < 0 else ''}{int(whole):,}.{cents}"

    def __abs__(self) -> Money:
        return Money.from_fen(abs(self._fen))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validate_money, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "string", "pattern": r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?元?$"},
                {"type": "integer"},
            ],
            "description": '金额（元），如 "1480.00"；不接受浮点数',
        }


def _parse_fen(yuan: object) -> int:
    if isinstance(yuan, bool) or not isinstance(yuan, str | int):
        if isinstance(yuan, float):
            raise TypeError(f'金额不能写成浮点数（二进制小数存不准角分）；请加引号："{yuan}"')
        raise TypeError(f"金额应为文本或整数（元），得到 {type(yuan).__name__}")
    if isinstance(yuan, int):
        return yuan * 100
    match = _MONEY.match(unicodedata.normalize("NFKC", yuan).strip().replace(" ", ""))
    if match is None:
        raise ValueError("金额写法应如 1480、1480.00 或 1,480.00元，最多两位小数")
    sign, whole, cents = match.groups()
    fen = int(whole.replace(",", "")) * 100 + int((cents or "0").ljust(2, "0"))
    return -fen if sign == "-" else fen


def _validate_money(value: object) -> Money:
    if isinstance(value, Money):
        return value
    try:
        return Money(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise PydanticCustomError("money", "{reason}", {"reason": str(error)}) from None


@total_ordering
class Month:
    """A benefit month (待遇月份), written `2025-08`. Standards are in force for whole months.

    Raises `ValueError` for anything that is not a month between 1900-01 and 2199-12.
    """

    __slots__ = ("_index",)
    _index: int

    def __init__(self, text: str) -> None:
        match = _MONTH.match(text) if isinstance(text, str) else None
        year, month = (int(match[1]), int(match[2])) if match else (0, 0)
        if not (1900 <= year <= 2199 and 1 <= month <= 12):
            raise ValueError(_no_month(text))
        object.__setattr__(self, "_index", year * 12 + month - 1)

    @classmethod
    def of(cls, day: date) -> Month:
        """The month a day falls in."""
        return cls(f"{day.year:04d}-{day.month:02d}")

    @property
    def year(self) -> int:
        return self._index // 12

    @property
    def month(self) -> int:
        return self._index % 12 + 1

    @property
    def first_day(self) -> date:
        """Facts are read as they stand on this day."""
        return date(self.year, self.month, 1)

    def __add__(self, months: int) -> Month:
        return Month.of(self.first_day + relativedelta(months=months))

    def __sub__(self, other: Month) -> int:
        """Whole months from `other` to this month."""
        return self._index - other._index if isinstance(other, Month) else NotImplemented

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Month is immutable")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Month, (str(self),))

    def __eq__(self, other: object) -> bool:
        return self._index == other._index if isinstance(other, Month) else NotImplemented

    def __lt__(self, other: Month) -> bool:
        return self._index < other._index if isinstance(other, Month) else NotImplemented

    def __hash__(self) -> int:
        return hash((Month, self._index))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __repr__(self) -> str:
        return f'Month("{self}")'

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validate_month, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}$", "description": "月份，如 2025-08"}


def _no_month(text: object) -> str:
    """What is wrong with something that is no month."""
    match = _LIKE_A_MONTH.match(text) if isinstance(text, str) else None
    if match is None:
        return "月份写法应如 2025-08"
    year, month = match[1], int(match[2] or match[3])
    if not 1 <= month <= 12:
        return f"没有 {month} 月，月份是 01 至 12"
    if not 1900 <= int(year) <= 2199:
        return "年份应在 1900 至 2199 之间"
    return f"月份应写成 {year}-{month:02d}"


def _validate_month(value: object) -> Month:
    if isinstance(value, Month):
        return value
    try:
        return Month(value)  # type: ignore[arg-type]
    except ValueError as error:
        raise PydanticCustomError("month", "{reason}", {"reason": str(error)}) from None


class RoundingUnit(Enum):
    """What an amount is rounded to; the value is its size in 分."""

    FEN = 1
    JIAO = 10
    YUAN = 100


ROUNDING_UNITS = {"分": RoundingUnit.FEN, "角": RoundingUnit.JIAO, "元": RoundingUnit.YUAN}


def round_down(fen: Fraction | int, unit: RoundingUnit = RoundingUnit.FEN) -> int:
    """Largest multiple of `unit` not above `fen` (both in 分)."""
    return fen // unit.value * unit.value


def round_up(fen: Fraction | int, unit: RoundingUnit = RoundingUnit.FEN) -> int:
    """Smallest multiple of `unit` not below `fen` (both in 分)."""
    return -(-fen // unit.value) * unit.value


def round_half_up(fen: Fraction | int, unit: RoundingUnit = RoundingUnit.FEN) -> int:
    """Nearest multiple of `unit`, a half going up (四舍五入), both in 分."""
    return (2 * fen + unit.value) // (2 * unit.value) * unit.value
