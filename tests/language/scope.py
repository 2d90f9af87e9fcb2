"""A small scope for expression tests: a few facts of every type at two levels."""

from __future__ import annotations

from eligibility.language import Origin, Symbol, Type
from eligibility.language.nodes import DATE, EXACT_COUNT, EXACT_MONEY, INTEGER, MONEY, RATE, TRUTH, Bounds
from eligibility.values import Kind, Level

H, P = Level.HOUSEHOLD, Level.PERSON
GRADES = frozenset(["一级", "二级", "三级"])
GRADE = Type(Kind.ENUM, choices=GRADES)


def fact(name: str, level: Level, kind: Type, *bounds: int) -> Symbol:
    return Symbol(name, Origin.FACT, level, kind, Bounds(*bounds) if bounds else None)


SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        fact("标准", H, MONEY, 0, 10**11),
        fact("财产", H, MONEY, 0, 10**11),
        fact("亏损", H, MONEY, -(10**11), 10**11),
        fact("人数", H, INTEGER, 0, 64),
        fact("套数", H, INTEGER, 0, 64),
        fact("倍数", H, RATE, 0, 100, 100),
        fact("面积", H, EXACT_COUNT, 0, 10**6, 100),
        fact("单亲", H, TRUTH),
        fact("城镇", H, TRUTH),
        fact("区", H, Type(Kind.ENUM)),
        fact("搬入", H, DATE),
        fact("工资", P, EXACT_MONEY, 0, 10**11, 12),
        fact("津贴", P, MONEY, 0, 10**11),
        fact("计入", P, TRUTH),
        fact("在校", P, TRUTH),
        fact("等级", P, GRADE),
        fact("生日", P, DATE),
        Symbol("低保.符合", Origin.VERDICT, H, TRUTH),
    )
}
TABLE = Symbol("补贴", Origin.PARAMETER, H, MONEY, Bounds(0, 10**11))


class SmallScope:
    """Implements `Scope` over the symbols above and one table."""

    def symbol(self, name: str) -> Symbol | None:
        return SYMBOLS.get(name)

    def table(self, name: str) -> tuple[Symbol, tuple[tuple[str, frozenset[str]], ...]] | None:
        return (TABLE, (("类", frozenset(["甲", "乙"])), ("等级", GRADES))) if name == "补贴" else None

    def names(self) -> list[str]:
        return [*SYMBOLS, "补贴"]


SCOPE = SmallScope()
