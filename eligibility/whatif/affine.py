"""Numbers that are functions of one quantity x, for running an ordinary engine over a whole range at once.

An `Affine` computes and compares like the number it is at one x; every comparison also narrows, in the `Trace` all of
them share, how far up x may go before something would have been decided otherwise. What a computation with them
returned is therefore exact for every x from where it started to `Trace.last`. Roundings stay exact too: they are
kept as steps, ⌊…⌋ of a function of x.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple, TypeGuard

from ..values import Number


class Step(NamedTuple):
    """`factor` · ⌊`inside`(x)⌋."""

    factor: Number
    inside: Formula


@dataclass(frozen=True, slots=True)
class Formula:
    """A function of an integer x: `constant` + `slope` · x + the steps. Amounts are in 分."""

    constant: Number
    slope: Number = 0
    steps: tuple[Step, ...] = ()

    def at(self, x: int) -> Number:
        """The exact value at x."""
        return self.constant + self.slope * x + sum(s.factor * floor(s.inside.at(x)) for s in self.steps)

    @property
    def is_constant(self) -> bool:
        return self.slope == 0 and not self.steps

    def plus(self, other: Formula) -> Formula:
        """The sum of two functions."""
        constant, slope = self.constant + other.constant, self.slope + other.slope
        if not self.steps or not other.steps:
            return Formula(constant, slope, self.steps or other.steps)
        factors: dict[Formula, Number] = {}
        for factor, inside in self.steps + other.steps:
            factors[inside] = factors.get(inside, 0) + factor
        steps = [Step(factor, inside) for inside, factor in factors.items() if factor]
        return Formula(constant, slope, tuple(sorted(steps, key=_order)))

    def times(self, factor: Number) -> Formula:
        """The function multiplied by a constant."""
        if factor == 0:
            return Formula(0)
        steps = tuple([Step(s.factor * factor, s.inside) for s in self.steps])
        return Formula(self.constant * factor, self.slope * factor, steps)

    def floored(self) -> Formula:
        """⌊f(x)⌋: what is whole for every x is taken out, the rest becomes a step."""
        steps = tuple([step for step in self.steps if step.factor.denominator == 1])
        whole = Formula(floor(self.constant), floor(self.slope), steps)
        rest = self.plus(whole.times(-1))
        return whole if rest.is_constant else whole.plus(Formula(0, 0, (Step(1, rest),)))

    def line(self, x: int, last: int) -> tuple[Formula, int]:
        """The straight line this is at x and upwards, and up to where it is (at most `last`)."""
        constant = self.constant
        for factor, inside in self.steps:
            straight, last = inside.line(x, last)
            height = floor(straight.at(x))
            if straight.slope > 0:
                last = min(last, ceil((height + 1 - straight.constant) / Fraction(straight.slope)) - 1)
            elif straight.slope < 0:
                last = min(last, floor((height - straight.constant) / Fraction(straight.slope)))
            constant += factor * height
        return Formula(constant, self.slope), last

    def envelope(self) -> tuple[Formula, Number, Number]:
        """A straight line, and by how much the function is at least and at most above it, for every x."""
        constant, slope = self.constant, self.slope
        below: Number = 0
        above: Number = 0
        for factor, inside in self.steps:
            straight, low, high = inside.envelope()
            constant, slope = constant + factor * straight.constant, slope + factor * straight.slope
            ends = (factor * (low - 1), factor * high)
            below, above = below + min(ends), above + max(ends)
        return Formula(constant, slope), below, above

    def data(self) -> dict[str, Any]:
        """The function as JSON-able data, numbers as exact text."""
        steps = [{"factor": str(factor), "inside": inside.data()} for factor, inside in self.steps]
        return {"constant": str(self.constant), "slope": str(self.slope), "steps": steps}


def _order(step: Step) -> tuple[Number, Number, int]:
    return step.inside.slope, step.inside.constant, len(step.inside.steps)


class Trace:
    """Where a computation stands: at `x`, and valid as far as `last`, the last x for which every decision is the same."""

    __slots__ = ("last", "x")

    def __init__(self, x: int, last: int) -> None:
        self.x, self.last = x, last

    def restart(self, x: int, last: int) -> None:
        """Begins another computation with the same numbers."""
        self.x, self.last = x, last

    def negative(self, formula: Formula) -> bool:
        """Whether f(x) < 0."""
        if not formula.steps:
            return self._negative(formula)
        straight, below, above = formula.envelope()
        upper, lower = straight.plus(Formula(above)), straight.plus(Formula(below))
        if upper.at(self.x) < 0:
            return self._negative(upper)
        if lower.at(self.x) >= 0:
            return self._negative(lower)
        straight, self.last = formula.line(self.x, self.last)  # so near to zero that each step may decide
        return self._negative(straight)

    def _negative(self, line: Formula) -> bool:
        found = line.at(self.x) < 0
        if found and line.slope > 0:
            self.last = min(self.last, ceil(-line.constant / Fraction(line.slope)) - 1)
        elif not found and line.slope < 0:
            self.last = min(self.last, floor(-line.constant / Fraction(line.slope)))
        return found

    def zero(self, formula: Formula) -> bool:
        """Whether f(x) = 0."""
        value = formula.at(self.x)
        if value == 0:
            self.fixed(formula)
        else:
            self.negative(
                formula if value < 0 else formula.times(-1)
            )  # it is not zero while it keeps its sign
        return value == 0

    def fixed(self, formula: Formula) -> Number:
        """f(x) as a plain number, where nothing better can be done: valid only as long as it stays the same."""
        straight, self.last = formula.line(self.x, self.last)
        if straight.slope != 0:
            self.last = self.x
        return straight.at(self.x)


class Affine:
    """A function of x that is a number to whoever computes with it. Operations with plain numbers are exact.

    What leaves the class of sums and steps (a product or a quotient of two functions of x) is computed at the present
    x and valid there alone.
    """

    __slots__ = ("formula", "trace")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, formula: Formula) -> None:
        self.trace, self.formula = trace, formula

    def _made(self, formula: Formula) -> Affine | Number:
        return formula.constant if formula.is_constant else Affine(self.trace, formula)

    def __neg__(self) -> Affine | Number:
        return self._made(self.formula.times(-1))

    def __add__(self, other: object) -> Any:
        return self._made(self.formula.plus(formula_of(other))) if _is_number(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        return self._made(self._minus(other)) if _is_number(other) else NotImplemented

    def __rsub__(self, other: object) -> Any:
        return self._made(self._minus(other).times(-1)) if _is_number(other) else NotImplemented

    def __mul__(self, other: object) -> Any:
        if not _is_number(other):
            return NotImplemented
        return self._made(self.formula.times(self._plain(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Any:
        if not _is_number(other):
            return NotImplemented
        return self._made(self.formula.times(1 / Fraction(self._plain(other))))

    def __rtruediv__(self, other: object) -> Any:
        return other / Fraction(self.trace.fixed(self.formula)) if _is_number(other) else NotImplemented

    def __floordiv__(self, other: object) -> Any:
        if not _is_number(other):
            return NotImplemented
        return self._made(self.formula.times(1 / Fraction(self._plain(other))).floored())

    def __rfloordiv__(self, other: object) -> Any:
        return other // self.trace.fixed(self.formula) if _is_number(other) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.trace.negative(self._minus(other)) if _is_number(other) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return not self.trace.negative(self._minus(other)) if _is_number(other) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.trace.negative(self._minus(other).times(-1)) if _is_number(other) else NotImplemented

    def __le__(self, other: object) -> bool:
        return not self.trace.negative(self._minus(other).times(-1)) if _is_number(other) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        return self.trace.zero(self._minus(other)) if _is_number(other) else NotImplemented

    def __bool__(self) -> bool:
        return not self.trace.zero(self.formula)

    def _minus(self, other: object) -> Formula:
        return self.formula.plus(formula_of(other).times(-1))

    def _plain(self, other: Any) -> Number:
        """The other operand of a product as a plain number."""
        return self.trace.fixed(other.formula) if isinstance(other, Affine) else other


def _is_number(value: object) -> TypeGuard[Affine | Number]:
    return isinstance(value, Affine | int | Fraction)


def formula_of(value: Any) -> Formula:
    """A number, plain or a function of x, as a function of x."""
    return value.formula if isinstance(value, Affine) else Formula(value)
