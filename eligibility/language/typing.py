"""Typing rules and static bounds: which combinations of values mean something, and how large they can get.

Each builder takes checked nodes and returns a node, or raises `TypeProblem` with what was expected. The rules:
money and quotients never multiply with each other, nothing is divided by money, at most one divisor varies, and no
numerator or cross-product may leave a signed 64-bit integer, so that every engine can compute exactly.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import lcm

from ..quantities import ROUNDING_UNITS
from ..values import DATE_DOMAIN, Kind, Level, Number
from .nodes import (
    EXACT_COUNT,
    EXACT_MONEY,
    INTEGER,
    MONEY,
    RATE,
    TRUTH,
    Arithmetic,
    Bounds,
    Choose,
    Compare,
    Constant,
    Contains,
    Elapsed,
    Extreme,
    Lift,
    Logic,
    Node,
    Rounding,
    Type,
    render,
)

INT64_MAX = 2**63 - 1
MAX_MEMBERS = 64
_YEARS = Bounds(-300, 300)
_MONTHS = Bounds(-3600, 3600)


class TypeProblem(Exception):
    """An expression combines values that do not fit; `message` says what was expected."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def bounds_of(node: Node) -> Bounds:
    """The static bounds of a numeric node (or of a date)."""
    if node.bounds is None:
        raise TypeProblem("expression-type", f"“{render(node)}”是{node.type}，这里要数")
    return node.bounds


def is_zero(node: Node) -> bool:
    """Whether a node is the literal 0, the only figure that may stand beside money."""
    return isinstance(node, Constant) and node.type == INTEGER and node.value == 0


def additive_type(nodes: tuple[Node, ...], doing: str) -> Type:
    """The one type that `nodes` can be added to, compared with or chosen from."""
    kinds = [node.type for node in nodes if not is_zero(node)] or [INTEGER]
    if all(kind.counts_money for kind in kinds):
        return MONEY if all(kind.kind is Kind.MONEY for kind in kinds) else EXACT_MONEY
    if all(kind.numeric and not kind.counts_money for kind in kinds):
        if all(kind.kind is Kind.INTEGER for kind in kinds):
            return INTEGER
        return EXACT_COUNT if any(kind.kind is Kind.EXACT for kind in kinds) else RATE
    listed = "、".join(f"“{render(node)}”是{node.type}" for node in nodes)
    raise TypeProblem("expression-type", f"{doing}的两边不是同一类值：{listed}")


def _common(bounds: list[Bounds], text: str) -> tuple[int, Node | None, int]:
    """Common denominator and the one varying divisor of several numbers."""
    divisors = {id(b.divisor): b for b in bounds if b.divisor is not None}
    distinct: list[Bounds] = []
    for item in divisors.values():
        if all(item.divisor != other.divisor for other in distinct):
            distinct.append(item)
    if len(distinct) > 1:
        raise TypeProblem("expression-divisor", f"“{text}”里有两个不同的除数；一个算式至多有一个会变的除数")
    denominator = lcm(*(b.denominator for b in bounds))
    return (
        denominator,
        (distinct[0].divisor if distinct else None),
        (distinct[0].divisor_hi if distinct else 1),
    )


def common_bounds(parts: list[Bounds], text: str) -> Bounds:
    """Bounds that cover each of several numbers."""
    return Bounds(min(b.lo for b in parts), max(b.hi for b in parts), *_common(parts, text))


def _sized(bounds: Bounds, text: str) -> Bounds:
    if bounds.magnitude > INT64_MAX:
        raise TypeProblem("expression-overflow", f"“{text}”可能超出 64 位整数的范围")
    return bounds


def arithmetic(operator: str, left: Node, right: Node) -> Node:
    """`left operator right` for `+ - * /`."""
    text = f"{render(left, 6)} {operator} {render(right, 6)}"
    a, b = bounds_of(left), bounds_of(right)
    for side in (left, right):
        if not side.type.numeric:
            raise TypeProblem("expression-type", f"“{render(side)}”是{side.type}，不能加减乘除")
    if operator in "+-":
        kind = additive_type((left, right), "加减")
        lo, hi = (a.lo + b.lo, a.hi + b.hi) if operator == "+" else (a.lo - b.hi, a.hi - b.lo)
        bounds = Bounds(lo, hi, *_common([a, b], text))
    elif operator == "*":
        kind = _product_type(left, right)
        if a.divisor is not None and b.divisor is not None:
            raise TypeProblem("expression-divisor", f"“{text}”里有两个除数；一个算式至多有一个会变的除数")
        values = [x * y for x, y in product((a.lo, a.hi), (b.lo, b.hi))]
        by = a if a.divisor is not None else b
        bounds = Bounds(min(values), max(values), a.denominator * b.denominator, by.divisor, by.divisor_hi)
    else:
        kind, bounds = _quotient(left, right, text)
    return Arithmetic(operator, left, right, kind, max(left.level, right.level), _sized(bounds, text))


def _product_type(left: Node, right: Node) -> Type:
    kinds = (left.type, right.type)
    if all(kind.counts_money for kind in kinds):
        raise TypeProblem("expression-type", f"金额不能乘金额：{render(left)} × {render(right)}")
    if all(kind.kind is Kind.EXACT for kind in kinds):
        raise TypeProblem("expression-type", f"两个商不能相乘：{render(left)} × {render(right)}")
    if any(kind.counts_money for kind in kinds):
        whole = {kind.kind for kind in kinds} == {Kind.MONEY, Kind.INTEGER}
        return MONEY if whole else EXACT_MONEY
    if any(kind.kind is Kind.EXACT for kind in kinds):
        return EXACT_COUNT
    return INTEGER if all(kind.kind is Kind.INTEGER for kind in kinds) else RATE


def _quotient(left: Node, right: Node, text: str) -> tuple[Type, Bounds]:
    a, b = bounds_of(left), bounds_of(right)
    if right.type.kind is not Kind.INTEGER:
        raise TypeProblem("expression-type", f"只能除以整数（人数、月数）；“{render(right)}”是{right.type}")
    if b.lo < 0 or b.hi < 1:
        raise TypeProblem("expression-divisor", f"除数“{render(right)}”可能不是正数")
    kind = EXACT_MONEY if left.type.counts_money else EXACT_COUNT
    if isinstance(right, Constant):
        divisor = int(b.lo)
        return kind, Bounds(
            Fraction(a.lo) / divisor,
            Fraction(a.hi) / divisor,
            a.denominator * divisor,
            a.divisor,
            a.divisor_hi,
        )
    if a.divisor is not None:
        raise TypeProblem("expression-divisor", f"“{text}”里有两个除数；一个算式至多有一个会变的除数")
    return kind, Bounds(min(a.lo, 0), max(a.hi, 0), a.denominator, right, int(b.hi))


def extreme(operator: str, items: tuple[Node, ...]) -> Node:
    """`min(…)` or `max(…)` of two or more numbers."""
    pick = min if operator == "min" else max
    kind = additive_type(items, operator)
    parts = [bounds_of(item) for item in items]
    text = f"{operator}({', '.join(map(render, items))})"
    bounds = Bounds(pick(b.lo for b in parts), pick(b.hi for b in parts), *_common(parts, text))
    return Extreme(operator, items, kind, _level(items), _sized(bounds, text))


def elapsed(unit: str, start: Node, end: Node | None) -> Node:
    """`years(d)`, `months(d)` or `months(a, b)`."""
    for node in (start,) if end is None else (start, end):
        if node.type.kind is not Kind.DATE:
            raise TypeProblem("expression-type", f"{unit}(…) 里要日期，“{render(node)}”是{node.type}")
    level = start.level if end is None else max(start.level, end.level)
    return Elapsed(unit, start, end, INTEGER, level, _YEARS if unit == "years" else _MONTHS)


def rounding(name: str, item: Node, unit: str) -> Node:
    """`round_half_up(x, "分")` and its like: the only way from an exact to money."""
    if not item.type.counts_money:
        raise TypeProblem("expression-type", f"{name}(…) 里要金额，“{render(item)}”是{item.type}")
    if unit not in ROUNDING_UNITS:
        raise TypeProblem("expression-type", f"{name} 的单位应为 {'、'.join(ROUNDING_UNITS)}")
    size, b = ROUNDING_UNITS[unit].value, bounds_of(item)
    bounds = Bounds(b.lo // size * size, -(-b.hi // size) * size)
    return Rounding(name, unit, item, MONEY, item.level, bounds)


def compare(operator: str, left: Node, right: Node) -> Node:
    """`left operator right`; money with money, counts with counts, dates with dates, an enum with its choices."""
    level = max(left.level, right.level)
    if left.type.numeric and right.type.numeric:
        additive_type((left, right), "比较")
        text = f"{render(left, 5)} {operator} {render(right, 5)}"
        a, b = bounds_of(left), bounds_of(right)
        for own, other in ((a, b), (b, a)):
            if own.magnitude * other.denominator * other.divisor_hi > INT64_MAX:
                raise TypeProblem("expression-overflow", f"比较“{text}”可能超出 64 位整数的范围")
    elif left.type.kind is Kind.ENUM and right.type.kind is Kind.ENUM and operator in ("==", "!="):
        for constant, enum in ((left, right), (right, left)):
            if isinstance(constant, Constant):
                check_choice(enum, str(constant.value))
    elif not (left.type.kind is right.type.kind is Kind.DATE):
        raise TypeProblem(
            "expression-type", f"不能比较：“{render(left)}”是{left.type}，“{render(right)}”是{right.type}"
        )
    return Compare(operator, left, right, level)


def check_choice(node: Node, choice: str) -> None:
    """Refuses a text that is not among the choices of an enum."""
    known = node.type.choices
    if known is not None and choice not in known:
        raise TypeProblem(
            "expression-choice", f"“{render(node)}”没有“{choice}”这一项，只有 {'、'.join(sorted(known))}"
        )


def contains(item: Node, choices: tuple[str, ...]) -> Node:
    """`item in ("…", …)`."""
    if item.type.kind is not Kind.ENUM:
        raise TypeProblem("expression-type", f"in 只用于选项，“{render(item)}”是{item.type}")
    for choice in choices:
        check_choice(item, choice)
    return Contains(item, choices, item.level)


def logic(operator: str, items: tuple[Node, ...]) -> Node:
    """`and`, `or`, `not` of truths."""
    for item in items:
        if item.type != TRUTH:
            raise TypeProblem("expression-type", f"{operator} 只用于是非，“{render(item)}”是{item.type}")
    return Logic(operator, items, _level(items))


def choose(condition: Node, then: Node, otherwise: Node) -> Node:
    """`then if condition else otherwise`."""
    if condition.type != TRUTH:
        raise TypeProblem("expression-type", f"if 后面要是非，“{render(condition)}”是{condition.type}")
    level = _level((condition, then, otherwise))
    if then.type == otherwise.type == TRUTH:
        return Choose(condition, then, otherwise, TRUTH, level, None)
    if then.type.kind is otherwise.type.kind is Kind.ENUM:
        known = (then.type.choices, otherwise.type.choices)
        choices = None if None in known else frozenset().union(*(c for c in known if c is not None))
        return Choose(condition, then, otherwise, Type(Kind.ENUM, choices=choices), level, None)
    a, b = bounds_of(then), bounds_of(otherwise)
    if then.type.kind is otherwise.type.kind is Kind.DATE:
        kind = then.type
    else:
        kind = additive_type((then, otherwise), "if … else")
    text = f"{render(then)} if … else {render(otherwise)}"
    bounds = common_bounds([a, b], text)
    return Choose(condition, then, otherwise, kind, level, _sized(bounds, text))


def lift(operator: str, collection: Level, body: Node) -> Node:
    """`any all count sum max min` of `body` over the members of a household or the two parents of a person."""
    level = Level(collection - 1)
    size = MAX_MEMBERS if collection is Level.PERSON else 2
    if operator in ("any", "all", "count"):
        if body.type != TRUTH:
            raise TypeProblem("expression-type", f"{operator} 里要是非，“{render(body)}”是{body.type}")
        if operator == "count":
            return Lift(operator, collection, body, INTEGER, level, Bounds(0, size))
        return Lift(operator, collection, body, TRUTH, level, None)
    inner = bounds_of(body)
    if not body.type.numeric:
        raise TypeProblem("expression-type", f"{operator} 里要数，“{render(body)}”是{body.type}")
    if inner.divisor is not None and inner.divisor.level is collection:
        raise TypeProblem("expression-divisor", f"{operator} 里的除数随成员而变，合不成一个分数")
    if operator != "sum":
        return Lift(operator, collection, body, body.type, level, inner)
    text = f"sum({render(body)})"
    bounds = Bounds(
        min(inner.lo * size, 0), max(inner.hi * size, 0), inner.denominator, inner.divisor, inner.divisor_hi
    )
    return Lift(operator, collection, body, body.type, level, _sized(bounds, text))


def _level(nodes: tuple[Node, ...]) -> Level:
    return max(node.level for node in nodes)


def number_bounds(value: Number) -> Bounds:
    """The bounds of a literal."""
    return Bounds(value, value, value.denominator)


DATE_BOUNDS = Bounds(DATE_DOMAIN.lo, DATE_DOMAIN.hi)
