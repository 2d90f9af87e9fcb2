"""Money, months and roundings: exact, ordered, and refusing what is not one."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from eligibility.quantities import Money, Month, RoundingUnit, round_down, round_half_up, round_up


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1480", 148_000), ("1480.00", 148_000), ("1,480.00元", 148_000), (1480, 148_000), ("0.5", 50), ("0.05", 5),
        ("-43.20", -4_320), ("+1.00", 100), ("１４８０．００", 148_000), ("1 480 元", 148_000), ("1,234,567.89", 123_456_789),
        ("0", 0),
    ],
)  # fmt: skip
def test_money_is_read_exactly(text: str | int, fen: int) -> None:
    assert Money(text).fen == fen


@pytest.mark.parametrize(
    "bad", ["", "1.234", "12,34", "1e3", "元", "1480块", "0x10", "一千", "1..2", "--1", "NaN"]
)
def test_other_text_is_no_money(bad: str) -> None:
    with pytest.raises(ValueError, match="金额写法应如"):
        Money(bad)


@pytest.mark.parametrize("bad", [0.1, 1480.0, True, None, Decimal(1)])
def test_floats_and_other_types_are_refused(bad: Any) -> None:
    with pytest.raises(TypeError):
        Money(bad)
    if isinstance(bad, float):
        with pytest.raises(TypeError, match="浮点数"):
            Money(bad)


def test_money_counts_and_compares() -> None:
    assert Money("2.50") + Money("0.50") == Money(3)
    assert Money(3) - Money("0.01") == Money("2.99")
    assert 3 * Money("1.25") == Money("3.75") == Money("1.25") * 3
    assert -Money(1) < Money(0) < Money("0.01")
    assert sorted([Money(2), Money(1)]) == [Money(1), Money(2)]
    assert len({Money(1), Money("1.00"), Money("1元")}) == 1
    assert not Money(0)
    assert f"{Money('1234567.8'):,}" == "1,234,567.80"
    assert f"{-Money('1234.5'):,}" == "-1,234.50"
    assert str(-Money("0.05")) == "-0.05"
    assert pickle.loads(pickle.dumps(Money("1.23"))) == Money("1.23")
    with pytest.raises(TypeError):
        Money(1) + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(1) * 1.5  # type: ignore[operator]
    with pytest.raises(AttributeError):
        Money(1)._fen = 2  # type: ignore[misc]


@given(st.integers(-(10**12), 10**12))
def test_money_writes_what_it_reads(fen: int) -> None:
    money = Money.from_fen(fen)
    assert Money(str(money)) == money
    assert Money(f"{money:,}") == money


class Paid(BaseModel):
    amount: Money
    month: Month


def test_in_json_money_and_months_are_text() -> None:
    paid = Paid.model_validate({"amount": "560", "month": "2025-08"})
    assert paid.model_dump_json() == '{"amount":"560.00","month":"2025-08"}'
    assert Paid.model_validate_json(paid.model_dump_json()) == paid
    with pytest.raises(ValidationError, match="浮点数"):
        Paid.model_validate({"amount": 0.1, "month": "2025-08"})
    schema = Paid.model_json_schema()["properties"]
    assert schema["amount"]["anyOf"][0]["type"] == "string"
    assert schema["month"]["pattern"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("2025-8", "月份应写成 2025-08"),
        ("2025年8月", "月份应写成 2025-08"),
        ("202508", "月份应写成 2025-08"),
        ("2025-13", "没有 13 月"),
        ("2025-00", "没有 0 月"),
        ("1899-12", "年份应在 1900 至 2199 之间"),
        ("2200-01", "年份应在 1900 至 2199 之间"),
        ("2025-08-01", "月份写法应如 2025-08"),
        ("", "月份写法应如"),
        (None, "月份写法应如"),
        (202508, "月份写法应如"),
    ],
)
def test_what_is_no_month(bad: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Month(bad)


@given(st.integers(1900, 2190), st.integers(1, 12), st.integers(-50, 100))
def test_months_count_like_a_calendar(year: int, month: int, steps: int) -> None:
    start = Month(f"{year:04d}-{month:02d}")
    if year * 12 + month - 1 + steps < 1900 * 12:
        return
    later = start + steps
    assert later - start == steps
    assert (later < start) == (steps < 0)
    assert later.first_day.day == 1
    assert Month.of(later.first_day) == Month(str(later)) == later
    assert hash(Month(str(later))) == hash(later)


def test_month_of_a_day() -> None:
    assert Month.of(date(2024, 2, 29)) == Month("2024-02")
    assert repr(Month("2025-08")) == 'Month("2025-08")'


@given(
    st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6),
    st.sampled_from(list(RoundingUnit)),
)
def test_roundings_agree_with_decimal(fen: Fraction, unit: RoundingUnit) -> None:
    down, up, half = round_down(fen, unit), round_up(fen, unit), round_half_up(fen, unit)
    assert down % unit.value == up % unit.value == half % unit.value == 0
    assert down <= fen <= up
    assert up - down in (0, unit.value)
    assert half in (down, up)
    assert abs(half - fen) * 2 <= unit.value
    if abs(half - fen) * 2 == unit.value:
        assert half == up


@pytest.mark.parametrize(
    ("name", "mode"), [(round_down, ROUND_FLOOR), (round_up, ROUND_CEILING), (round_half_up, ROUND_HALF_UP)]
)
def test_roundings_to_the_fen(name: Any, mode: str) -> None:
    for value in ("1.5", "2.5", "0.4", "0.6", "7", "123.49999", "0.005"):
        assert name(Fraction(value)) == int(Decimal(value).quantize(Decimal(1), mode))
