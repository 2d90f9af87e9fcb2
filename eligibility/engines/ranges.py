"""Nodes compiled to closures over ranges and three-valued truth: the arithmetic of the reference engine.

A compiled node is a function of three rows of values (household, person, parent). Row 0 of a household holds the
rows of its persons, row 0 of a person the rows of its two parent slots. Points are computed as points; range work is
done only where a bound is really open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from ..language.nodes import (
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
    Lookup,
    Node,
    Origin,
    Ref,
    Rounding,
    children,
)
from ..quantities import ROUNDING_UNITS, round_down, round_half_up, round_up
from ..values import AnyText, Kind, Level, Range, bounds, hull, span

Row = list[Any]
Function = Callable[[Any, Any, Any], Any]
_ROUND = {"round_down": round_down, "round_half_up": round_half_up, "round_up": round_up}


class Compiler:
    """Compiles nodes of one edition: parameters are constants, other names are slots of a row."""

    def __init__(
        self,
        slots: Mapping[str, int],
        parameters: Mapping[str, Any],
        tables: Mapping[str, Mapping[tuple[str, ...], Any]],
        today: int,
    ) -> None:
        self.slots, self.parameters, self.tables, self.today = (slots, parameters, tables, today)

    def compile(self, node: Node) -> Function:
        """The function that computes a node."""
        match node:
            case Constant(value=value):
                return _constant(value)
            case Ref():
                return self._name(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Compare():
                return self._compare(node)
            case Logic():
                return self._logic(node)
            case Contains():
                return self._contains(node)
            case Choose():
                return self._choose(node)
            case Lift():
                return self._lift(node)
            case Lookup():
                return self._lookup(node)
            case _:
                return self._number(node)

    def _name(self, node: Ref) -> Function:
        if node.symbol.origin is Origin.PARAMETER:
            return _constant(self.parameters[node.symbol.name])
        slot = self.slots[node.symbol.name]
        if node.level is Level.HOUSEHOLD:
            return lambda h, p, q: h[slot]
        if node.level is Level.PERSON:
            return lambda h, p, q: p[slot]
        return lambda h, p, q: q[slot]

    def _arithmetic(self, node: Arithmetic) -> Function:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator == "/":
            return _quotient(left, right, node.bounds)
        wide = _WIDE[node.operator]

        def add(h: Row, p: Row, q: Row) -> Any:
            a, b = left(h, p, q), right(h, p, q)
            return wide(a, b) if type(a) is Range or type(b) is Range else a + b

        def subtract(h: Row, p: Row, q: Row) -> Any:
            a, b = left(h, p, q), right(h, p, q)
            return wide(a, b) if type(a) is Range or type(b) is Range else a - b

        def multiply(h: Row, p: Row, q: Row) -> Any:
            a, b = left(h, p, q), right(h, p, q)
            return wide(a, b) if type(a) is Range or type(b) is Range else a * b

        return {"+": add, "-": subtract, "*": multiply}[node.operator]

    def _number(self, node: Node) -> Function:
        """min, max, elapsed time, rounding: end by end."""
        parts = [self.compile(child) for child in children(node)]
        if isinstance(node, Extreme):
            pick = min if node.operator == "min" else max

            def extreme(h: Row, p: Row, q: Row) -> Any:
                values = [part(h, p, q) for part in parts]
                for value in values:
                    if type(value) is Range:
                        ends = [bounds(v) for v in values]
                        return span(pick(lo for lo, _ in ends), pick(hi for _, hi in ends))
                return pick(values)

            return extreme
        if isinstance(node, Rounding):
            rounding, unit, item = (_ROUND[node.name], ROUNDING_UNITS[node.unit], parts[0])

            def rounded(h: Row, p: Row, q: Row) -> Any:
                value = item(h, p, q)
                if type(value) is Range:
                    return span(rounding(value.lo, unit), rounding(value.hi, unit))
                return rounding(value, unit)

            return rounded
        assert isinstance(node, Elapsed)
        return self._elapsed(node, parts)

    def _elapsed(self, node: Elapsed, parts: list[Function]) -> Function:
        size = 372 if node.unit == "years" else 31
        start, end = parts[0], parts[1] if len(parts) == 2 else _constant(self.today)

        def elapsed(h: Row, p: Row, q: Row) -> Any:
            a, b = start(h, p, q), end(h, p, q)
            if type(a) is Range or type(b) is Range:
                (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
                return span((b_lo - a_hi) // size, (b_hi - a_lo) // size)
            return (b - a) // size

        return elapsed

    def _compare(self, node: Compare) -> Function:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in ("==", "!="):
            return _equality(left, right, node.operator == "==", node.left.type.kind is Kind.ENUM)
        if node.operator in (">", ">="):
            left, right = right, left
        if node.operator in ("<", ">"):

            def less(h: Row, p: Row, q: Row) -> bool | None:
                a, b = left(h, p, q), right(h, p, q)
                if type(a) is Range or type(b) is Range:
                    (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
                    return True if a_hi < b_lo else False if a_lo >= b_hi else None
                return bool(a < b)

            return less

        def at_most(h: Row, p: Row, q: Row) -> bool | None:
            a, b = left(h, p, q), right(h, p, q)
            if type(a) is Range or type(b) is Range:
                (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
                return True if a_hi <= b_lo else False if a_lo > b_hi else None
            return bool(a <= b)

        return at_most

    def _logic(self, node: Logic) -> Function:
        parts = [self.compile(item) for item in node.items]
        if node.operator == "not":
            item = parts[0]

            def negation(h: Row, p: Row, q: Row) -> bool | None:
                value = item(h, p, q)
                return None if value is None else not value

            return negation
        decisive = node.operator == "or"

        def connective(h: Row, p: Row, q: Row) -> bool | None:
            result: bool | None = not decisive
            for part in parts:
                value = part(h, p, q)
                if value is decisive:
                    return bool(value)
                if value is None:
                    result = None
            return result

        return connective

    def _contains(self, node: Contains) -> Function:
        item, choices = self.compile(node.item), frozenset(node.choices)

        def contains(h: Row, p: Row, q: Row) -> bool | None:
            value: Any = item(h, p, q)
            if type(value) is str:
                return value in choices
            if type(value) is AnyText:
                return None
            return True if value <= choices else False if value.isdisjoint(choices) else None

        return contains

    def _choose(self, node: Choose) -> Function:
        condition, then, otherwise = map(self.compile, (node.condition, node.then, node.otherwise))
        either = _EITHER.get(node.type.kind, _either_number)

        def choose(h: Row, p: Row, q: Row) -> Any:
            decided = condition(h, p, q)
            if decided is True:
                return then(h, p, q)
            if decided is False:
                return otherwise(h, p, q)
            return either(then(h, p, q), otherwise(h, p, q))

        return choose

    def _lift(self, node: Lift) -> Function:
        body, collect = self.compile(node.body), _COLLECT[node.operator]
        unspecified = None if node.bounds is None else Range(node.bounds.lo, node.bounds.hi)
        if node.collection is Level.PERSON:
            return lambda h, p, q: collect([body(h, row, None) for row in h[0]], unspecified)
        return lambda h, p, q: collect([body(h, p, row) for row in p[0]], unspecified)

    def _lookup(self, node: Lookup) -> Function:
        keys, cells = ([self.compile(key) for key in node.keys], self.tables[node.symbol.name])

        def lookup(h: Row, p: Row, q: Row) -> Any:
            values = [key(h, p, q) for key in keys]
            if all(type(value) is str for value in values):
                return cells[tuple(values)]
            ways = product(*((value,) if type(value) is str else sorted(value) for value in values))
            return hull(cells[way] for way in ways)

        return lookup


def _constant(value: Any) -> Function:
    return lambda h, p, q: value


def _wide_add(a: Any, b: Any) -> Any:
    (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
    return span(a_lo + b_lo, a_hi + b_hi)


def _wide_subtract(a: Any, b: Any) -> Any:
    (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
    return span(a_lo - b_hi, a_hi - b_lo)


def _wide_multiply(a: Any, b: Any) -> Any:
    corners = [x * y for x in bounds(a) for y in bounds(b)]
    return span(min(corners), max(corners))


_WIDE = {"+": _wide_add, "-": _wide_subtract, "*": _wide_multiply}


def _quotient(left: Function, right: Function, full: Bounds) -> Function:
    """A quotient over a count; where the divisor may be 0 it is an unspecified number: the full range."""
    unspecified = Range(full.lo, full.hi)

    def quotient(h: Row, p: Row, q: Row) -> Any:
        a, d = left(h, p, q), right(h, p, q)
        if type(a) is Range or type(d) is Range:
            (a_lo, a_hi), (d_lo, d_hi) = bounds(a), bounds(d)
            if d_lo <= 0:
                return unspecified
            ends: list[Any] = [Fraction(x) if type(x) is int else x for x in (a_lo, a_hi)]
            corners = [x / y for x in ends for y in (d_lo, d_hi)]
            return span(min(corners), max(corners))
        if d == 0:
            return unspecified
        if type(a) is int and type(d) is int:
            whole, rest = divmod(a, d)
            return Fraction(a, d) if rest else whole
        return a / d

    return quotient


def _equality(left: Function, right: Function, positive: bool, texts: bool) -> Function:
    def equal_numbers(h: Row, p: Row, q: Row) -> bool | None:
        a, b = left(h, p, q), right(h, p, q)
        if type(a) is Range or type(b) is Range:
            (a_lo, a_hi), (b_lo, b_hi) = bounds(a), bounds(b)
            return (not positive) if a_hi < b_lo or b_hi < a_lo else None
        return (a == b) is positive

    def equal_texts(h: Row, p: Row, q: Row) -> bool | None:
        a, b = left(h, p, q), right(h, p, q)
        if type(a) is str and type(b) is str:
            return (a == b) is positive
        if type(a) is AnyText or type(b) is AnyText:
            return None
        possible_a = a if type(a) is frozenset else {a}
        possible_b = b if type(b) is frozenset else {b}
        return (not positive) if possible_a.isdisjoint(possible_b) else None

    return equal_texts if texts else equal_numbers


def _either_number(a: Any, b: Any) -> Any:
    return hull((a, b))


def _either_text(a: Any, b: Any) -> Any:
    if type(a) is AnyText or type(b) is AnyText:
        return a if type(a) is AnyText else b
    union = (a if type(a) is frozenset else {a}) | (b if type(b) is frozenset else {b})
    return next(iter(union)) if len(union) == 1 else frozenset(union)


_EITHER: dict[Kind, Callable[[Any, Any], Any]] = {
    Kind.TRUTH: lambda a, b: a if a is b else None,
    Kind.ENUM: _either_text,
}


def _any(values: list[Any], _: Any) -> bool | None:
    return True if True in values else None if None in values else False


def _all(values: list[Any], _: Any) -> bool | None:
    return False if False in values else None if None in values else True


def _count(values: list[Any], _: Any) -> Any:
    certain = values.count(True)
    return span(certain, certain + values.count(None))


def _sum(values: list[Any], _: Any) -> Any:
    for value in values:
        if type(value) is Range:
            ends = [bounds(v) for v in values]
            return span(sum(lo for lo, _ in ends), sum(hi for _, hi in ends))
    return sum(values)


def _max(values: list[Any], unspecified: Any) -> Any:
    if not values:
        return unspecified
    ends = [bounds(value) for value in values]
    return span(max(lo for lo, _ in ends), max(hi for _, hi in ends))


def _min(values: list[Any], unspecified: Any) -> Any:
    if not values:
        return unspecified
    ends = [bounds(value) for value in values]
    return span(min(lo for lo, _ in ends), min(hi for _, hi in ends))


_COLLECT: dict[str, Callable[[list[Any], Any], Any]] = {
    "any": _any, "all": _all, "count": _count, "sum": _sum, "max": _max, "min": _min,
}  # fmt: skip
