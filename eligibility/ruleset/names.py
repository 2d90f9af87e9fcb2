"""The names expressions of a ruleset may use, and the types that units and assumptions give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from ..case import FACTS, Fact, income_fact
from ..language import Symbol, Type
from ..language.nodes import DATE, EXACT_COUNT, INTEGER, MONEY, RATE, TRUTH, Bounds, Origin, decimal_text
from ..quantities import MAX_FEN, Money, Month
from ..values import DATE_DOMAIN, AnyText, Kind, Level, Range, Value, date_key, key_date
from .model import Assumption

COUNTED_INCOME = "各项计入收入"
"""The person-level name that the income kinds of a ruleset make: the sum of what counts of every kind."""

RATE_DENOMINATOR = 100
_COUNT_UNITS = {"人": 64, "岁": 200, "个月": 1200, "年": 200, "套": 100, "辆": 100, "户": 64}
_DECIMAL = re.compile(r"\d+(\.\d{1,2})?\Z", re.ASCII)
VERDICT_TYPES = {"符合": TRUTH, "不符合": TRUTH, "金额": MONEY, "应付": MONEY}
"""What may be read of a programme, besides 情形. 应付 is the amount before what it yields to; only its own rule reads it."""
TYPES = {"money": MONEY, "rate": RATE, "integer": INTEGER, "truth": TRUTH, "month": DATE}


def unit_type(unit: str) -> tuple[Type, Bounds | None] | None:
    """The type and domain that a unit gives a parameter, or None for a unit nobody knows."""
    if unit.startswith("元"):
        return MONEY, Bounds(0, MAX_FEN)
    if unit in ("倍", "比例"):
        return RATE, Bounds(0, 100, RATE_DENOMINATOR)
    if unit in _COUNT_UNITS:
        return INTEGER, Bounds(0, _COUNT_UNITS[unit])
    if unit == "平方米":
        return EXACT_COUNT, Bounds(0, 10**6, 100)
    if unit == "是否":
        return TRUTH, None
    return None


KNOWN_UNITS = "元/…、倍、比例、平方米、是否、" + "、".join(_COUNT_UNITS)


def type_bounds(kind: Type) -> Bounds | None:
    """The domain of an assumption's value."""
    return {
        MONEY: Bounds(0, MAX_FEN),
        RATE: Bounds(0, 100, RATE_DENOMINATOR),
        INTEGER: Bounds(0, 1200),
        DATE: Bounds(DATE_DOMAIN.lo, DATE_DOMAIN.hi),
    }.get(kind)


def unknown_value(kind: Type, bounds: Bounds | None) -> Value:
    """The whole domain."""
    return None if bounds is None or kind == TRUTH else Range(bounds.lo, bounds.hi)


def read_value(text: str, kind: Type, bounds: Bounds | None) -> Value:
    """A value of a parameter or an assumption from its text. Raises `ValueError` with what was expected."""
    if text in ("unknown", "未知"):
        return unknown_value(kind, bounds)
    value: Value
    if kind == MONEY:
        value = Money(text).fen
    elif kind == TRUTH:
        if text not in ("true", "false", "True", "False", "是", "否"):
            raise ValueError('是非写作 "true" 或 "false"')
        return text in ("true", "True", "是")
    elif kind == DATE:
        return date_key(Month(text).first_day)
    else:
        if not _DECIMAL.match(text) or (kind == INTEGER and "." in text):
            raise ValueError("应是整数" if kind == INTEGER else "应是至多两位小数的数，如 1.2")
        value = int(text) if "." not in text else Fraction(text)
    if bounds is not None and not bounds.lo <= value <= bounds.hi:
        raise ValueError("超出允许的范围")
    return value


def fact_symbol(fact: Fact) -> Symbol:
    """The symbol of a fact of the case."""
    choices = None if fact.choices is None else frozenset(fact.choices)
    kind = Type(fact.kind, money=fact.counts_money, choices=choices)
    bounds = None
    if kind.numeric and fact.low is not None and fact.high is not None:
        bounds = Bounds(fact.low, fact.high, fact.denominator)
    return Symbol(fact.name, Origin.FACT, fact.level, kind, bounds)


def income_symbol(kind: str, signed: bool) -> Symbol:
    """The symbol of `收入.‹种类›`."""
    return fact_symbol(income_fact(kind, signed=signed))


def assumption_symbol(assumption: Assumption) -> Symbol:
    """The symbol of an assumption that has a name."""
    assert assumption.name is not None
    assert assumption.type is not None
    kind = assumption.type
    return Symbol(assumption.name, Origin.PARAMETER, Level.HOUSEHOLD, kind, type_bounds(kind))


def value_text(value: Value, kind: Type) -> str:
    """A value as plain text: yuan for money, `unknown` for what is not known."""
    if value is None or isinstance(value, Range | frozenset | AnyText):
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if kind.kind is Kind.DATE and isinstance(value, int):
        return key_date(value).isoformat()
    if kind.counts_money:
        return str(Money.from_fen(value)) if isinstance(value, int) else f"{decimal_text(value / 100)}"
    return decimal_text(value)


class Names:
    """The scope of a ruleset's expressions; definitions are looked up through `define`, on demand."""

    def __init__(
        self,
        *,
        parameters: Mapping[str, Symbol],
        tables: Mapping[str, tuple[Symbol, tuple[tuple[str, frozenset[str]], ...]]],
        income_kinds: Mapping[str, bool],
        programmes: Mapping[str, tuple[str, Level, tuple[str, ...]]],
        definitions: Iterable[str],
        define: Callable[[str], Symbol],
    ) -> None:
        self._parameters, self._tables = parameters, tables
        self._income_kinds, self._programmes = income_kinds, programmes
        self._definitions, self._define = frozenset(definitions), define

    def symbol(self, name: str) -> Symbol | None:
        if name in self._parameters:
            return self._parameters[name]
        if name in self._definitions:
            return self._define(name)
        if name in FACTS:
            return fact_symbol(FACTS[name])
        if name == COUNTED_INCOME:
            return self._counted_income()
        base, _, attribute = name.partition(".")
        if base == "收入" and attribute in self._income_kinds:
            return income_symbol(attribute, self._income_kinds[attribute])
        if base in self._programmes:
            return self._verdict(base, attribute)
        if base in ("在享", "在享月额") and attribute in self._programmes:
            level = self._programmes[attribute][1]
            kind = TRUTH if base == "在享" else MONEY
            return Symbol(name, Origin.FACT, level, kind, None if kind == TRUTH else Bounds(0, MAX_FEN))
        return None

    def _verdict(self, programme: str, attribute: str) -> Symbol | None:
        _, level, routes = self._programmes[programme]
        if attribute == "情形":
            return Symbol(
                f"{programme}.情形", Origin.VERDICT, level, Type(Kind.ENUM, choices=frozenset(routes))
            )
        kind = VERDICT_TYPES.get(attribute)
        if kind is None:
            return None
        bounds = Bounds(0, 64 * MAX_FEN) if kind == MONEY else None
        return Symbol(f"{programme}.{attribute}", Origin.VERDICT, level, kind, bounds)

    def _counted_income(self) -> Symbol:
        parts = [income_symbol(kind, signed).bounds for kind, signed in self._income_kinds.items()]
        known = [part for part in parts if part is not None]
        bounds = Bounds(sum(b.lo for b in known), sum(b.hi for b in known), 12)
        kind = Type(Kind.EXACT, money=True)
        return Symbol(COUNTED_INCOME, Origin.DEFINITION, Level.PERSON, kind, bounds)

    def table(self, name: str) -> tuple[Symbol, tuple[tuple[str, frozenset[str]], ...]] | None:
        return self._tables.get(name)

    def names(self) -> list[str]:
        incomes = (f"收入.{kind}" for kind in self._income_kinds)
        verdicts = (
            f"{name}.{attribute}" for name in self._programmes for attribute in (*VERDICT_TYPES, "情形")
        )
        receipts = (f"{base}.{name}" for name in self._programmes for base in ("在享", "在享月额"))
        return [
            *self._parameters, *self._tables, *self._definitions, *FACTS, COUNTED_INCOME,
            *incomes, *verdicts, *receipts,
        ]  # fmt: skip
