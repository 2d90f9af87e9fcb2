"""The range domain never lies: whatever an expression is said to be, every completion of the unknowns agrees.

Random expressions over random, partly unknown values are compared with a plain evaluation of random completions by an
evaluator written here on its own, without ranges.
"""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.engines.ranges import Compiler
from eligibility.errors import RulesetError
from eligibility.language import Node, parse_expression
from eligibility.language.nodes import (
    Arithmetic,
    Choose,
    Compare,
    Constant,
    Contains,
    Elapsed,
    Extreme,
    Lift,
    Logic,
    Lookup,
    Ref,
    Rounding,
)
from eligibility.quantities import ROUNDING_UNITS
from eligibility.values import ANY_TEXT, DATE_DOMAIN, Kind, Level, Range, date_key

from .scope import GRADES, SCOPE, SYMBOLS

TODAY = date_key(date(2025, 8, 1))
CELLS = {
    (kind, grade): i * 1000 + j for i, kind in enumerate("甲乙") for j, grade in enumerate(sorted(GRADES))
}
SLOTS = {name: index + 1 for index, name in enumerate(SYMBOLS)}


class Unspecified(Exception):
    """A division by zero: the value is not specified, so there is nothing to compare."""


MONEYS = st.sampled_from(
    ["标准", "财产", "亏损", "标准 * 人数", "sum(成员, 津贴)", "(财产 - 标准)", "max(成员, 津贴)"]
)
PER_HEAD = st.sampled_from(
    ["sum(成员, 工资 if 计入 else 0)", "标准 * 倍数", "财产 / 12", "sum(成员, 工资) / 人数", "财产 / 人数"]
)
COUNTS = st.sampled_from(
    ["人数", "套数", "count(成员, 计入)", "3", "min(人数, 套数)", "max(成员, years(生日))", "months(搬入)"]
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    base = draw(st.one_of(MONEYS, PER_HEAD))
    other = draw(MONEYS)
    form = draw(
        st.sampled_from(
            ["{a}", "{a} + {b}", "{a} - {b}", "max(0, {a})", "min({a}, {b})", "({a} if {t} else {b})"]
        )
    )
    return form.format(a=base, b=other, t=draw(TRUTHS))


TRUTHS = st.sampled_from(
    [
        "单亲", "城镇", "any(成员, 计入 and 在校)", "all(成员, 计入)", 'any(成员, 等级 in ("一级", "二级"))',
        '区 == "110112"', 'all(成员, 等级 != "三级")', "any(成员, 16 <= years(生日) < 60)", "months(搬入) >= 6",
    ]
)  # fmt: skip


@st.composite
def truths(draw: st.DrawFn, depth: int = 2) -> str:
    if depth == 0 or draw(st.booleans()):
        if draw(st.booleans()):
            return draw(TRUTHS)
        operator = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        if draw(st.booleans()):
            return f"{draw(COUNTS)} {operator} {draw(COUNTS)}"
        return f"{draw(numbers())} {operator} {draw(MONEYS)}"
    left, right = draw(truths(depth=depth - 1)), draw(truths(depth=depth - 1))
    return draw(
        st.sampled_from(["({l}) and ({r})", "({l}) or ({r})", "not ({l})", "({l}) if ({r}) else ({l})"])
    ).format(l=left, r=right)


EXPRESSIONS = st.one_of(
    truths(), numbers(), COUNTS, numbers().map(lambda n: f'round_half_up({n}, "元")'),
    st.just('sum(成员, 补贴["甲", 等级])'), st.just('max(成员, 补贴["乙", 等级])'),
)  # fmt: skip

_LIMITS: dict[str, tuple[int, int]] = {"人数": (0, 4), "套数": (0, 3)}


def domain(name: str) -> tuple[int, int]:
    symbol = SYMBOLS[name]
    if symbol.type.kind is Kind.DATE:
        return int(DATE_DOMAIN.lo), int(DATE_DOMAIN.hi)
    lo = -50_000 if name == "亏损" else 0
    return _LIMITS.get(name, (lo, 200_000))


def draw_value(name: str, rng: random.Random, unknown: float) -> Any:
    kind = SYMBOLS[name].type
    if kind.kind is Kind.TRUTH:
        return None if rng.random() < unknown else rng.random() < 0.5
    if kind.kind is Kind.ENUM:
        if kind.choices is None:
            return ANY_TEXT if rng.random() < unknown else rng.choice(["110112", "110105"])
        chosen = frozenset(rng.sample(sorted(kind.choices), rng.randint(2, 3)))
        return chosen if rng.random() < unknown else rng.choice(sorted(kind.choices))
    lo, hi = domain(name)
    if kind.kind is Kind.DATE:
        lo, hi = date_key(date(1950, 1, 1)), TODAY + 800
    first, second = sorted(rng.randint(lo, hi) for _ in "ab")
    scale = {Kind.RATE: 20, Kind.EXACT: 12}.get(kind.kind)
    if scale:
        small, large = Fraction(first, scale), Fraction(second, scale)
        return Range(small, large) if rng.random() < unknown and small < large else small
    return Range(first, second) if rng.random() < unknown and first < second else first


def complete(value: Any, rng: random.Random) -> Any:
    if value is None:
        return rng.random() < 0.5
    if isinstance(value, frozenset):
        return rng.choice(sorted(value))
    if value is ANY_TEXT:
        return rng.choice(["110112", "110105", "110101"])
    if isinstance(value, Range):
        if rng.random() < 0.4:
            return rng.choice([value.lo, value.hi])
        if isinstance(value.lo, Fraction):
            return value.lo + (value.hi - value.lo) * Fraction(rng.randint(0, 12), 12)
        return rng.randint(int(value.lo), int(value.hi))
    return value


def naive(node: Node, household: dict[str, Any], person: dict[str, Any] | None) -> Any:
    """Plain evaluation on points."""
    match node:
        case Constant(value=value):
            return value
        case Ref(symbol=symbol):
            return (household if symbol.level is Level.HOUSEHOLD else person or {})[symbol.name]
        case Lookup(keys=keys):
            return CELLS[tuple(naive(key, household, person) for key in keys)]
        case Contains(item=item, choices=choices):
            return naive(item, household, person) in choices
        case Choose(condition=condition):
            return naive(
                node.then if naive(condition, household, person) else node.otherwise, household, person
            )
        case Elapsed(unit=unit, start=start, end=end):
            until = TODAY if end is None else naive(end, household, person)
            return (until - naive(start, household, person)) // (372 if unit == "years" else 31)
        case Rounding(unit=unit, item=item):
            size = ROUNDING_UNITS[unit].value
            value = Fraction(naive(item, household, person)) / size
            return int((value + Fraction(1, 2)).__floor__()) * size
        case Lift(operator=operator, body=body):
            values = [naive(body, household, row) for row in household["成员"]]
            table = {
                "any": any,
                "all": all,
                "sum": sum,
                "max": max,
                "min": min,
                "count": lambda v: v.count(True),
            }
            return table[operator](values)
        case Extreme(operator=operator, items=items):
            return (min if operator == "min" else max)(naive(item, household, person) for item in items)
        case Logic(operator="not", items=items):
            return not naive(items[0], household, person)
        case Logic(operator=operator, items=items):
            return (all if operator == "and" else any)(naive(item, household, person) for item in items)
        case Arithmetic(operator=operator) | Compare(operator=operator):
            return _binary(
                operator, naive(node.left, household, person), naive(node.right, household, person)
            )


def _binary(operator: str, a: Any, b: Any) -> Any:
    if operator == "/" and b == 0:
        raise Unspecified
    return {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: Fraction(a) / b, "<": lambda: a < b,
        "<=": lambda: a <= b, ">": lambda: a > b, ">=": lambda: a >= b, "==": lambda: a == b, "!=": lambda: a != b,
    }[operator]()  # fmt: skip


def covered(value: Any, said: Any) -> bool:
    if isinstance(said, Range):
        return bool(said.lo <= value <= said.hi)
    return said is None or bool(value == said)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.3, 0.7]), st.integers(1, 3))
def test_every_completion_agrees(text: str, rng: random.Random, unknown: float, size: int) -> None:
    try:
        node = parse_expression(text, SCOPE, location="t", level=Level.HOUSEHOLD)
    except RulesetError as error:
        if error.code not in ("expression-divisor", "expression-overflow"):
            raise
        return
    names = {level: [n for n, s in SYMBOLS.items() if s.level is level] for level in Level}
    household = {name: draw_value(name, rng, unknown) for name in names[Level.HOUSEHOLD]}
    persons = [{n: draw_value(n, rng, unknown) for n in names[Level.PERSON]} for _ in range(size)]

    def row(values: dict[str, Any], first: Any) -> list[Any]:
        return [first, *(values.get(name) for name in SYMBOLS)]

    function = Compiler(SLOTS, {}, {"补贴": CELLS}, TODAY).compile(node)
    said = function(row(household, [row(person, []) for person in persons]), None, None)
    if unknown == 0:
        assert not isinstance(said, Range | frozenset) or "/" in text
    for _ in range(12):
        full: dict[str, Any] = {name: complete(value, rng) for name, value in household.items()}
        full["成员"] = [{n: complete(v, rng) for n, v in person.items()} for person in persons]
        try:
            value = naive(node, full, None)
        except Unspecified:
            continue
        assert covered(value, said), f"{text}: {value} is not in {said}"


def test_division_by_a_count_that_may_be_zero_is_the_full_range() -> None:
    node = parse_expression("财产 / 人数", SCOPE, location="t", level=Level.HOUSEHOLD)
    function = Compiler(SLOTS, {}, {}, TODAY).compile(node)
    household = [[], *(0 for _ in SYMBOLS)]
    household[SLOTS["财产"]] = 100
    assert function(household, None, None) == Range(0, 10**11)
    household[SLOTS["人数"]] = 3
    assert function(household, None, None) == Fraction(100, 3)


@pytest.mark.parametrize(
    ("born", "years"), [((2007, 8, 1), 18), ((2007, 8, 2), 17), ((2008, 2, 29), 17), ((2025, 8, 1), 0)]
)
def test_age_is_complete_years_on_the_first_of_the_month(born: tuple[int, int, int], years: int) -> None:
    from datetime import date

    from dateutil.relativedelta import relativedelta

    node = parse_expression("max(成员, years(生日))", SCOPE, location="t", level=Level.HOUSEHOLD)
    person = [[], *(0 for _ in SYMBOLS)]
    person[SLOTS["生日"]] = date_key(date(*born))
    household = [[person], *(0 for _ in SYMBOLS)]
    assert Compiler(SLOTS, {}, {}, TODAY).compile(node)(household, None, None) == years
    assert relativedelta(date(2025, 8, 1), date(*born)).years == years
