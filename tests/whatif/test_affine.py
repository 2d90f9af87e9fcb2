"""Numbers that are functions of x: what they compute and decide is what plain numbers would, as far as they say."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.quantities import RoundingUnit, round_down, round_half_up, round_up
from eligibility.values import hull
from eligibility.whatif.affine import Affine, Formula, Step, Trace, formula_of

ROUNDINGS = (round_down, round_half_up, round_up)
LAST = 5_000
Program = Callable[[Any], tuple[list[bool], Any]]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A random computation on one number: sums, products, roundings, extremes, comparisons, and branches on them."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["add", "subtract", "scale", "divide", "round", "min", "max", "branch", "from", "same"]
                ),
                st.integers(0, 7),
                st.fractions(-40, 40, max_denominator=12),
                st.sampled_from(ROUNDINGS),
                st.sampled_from(RoundingUnit),
            ),
            min_size=2,
            max_size=9,
        )
    )

    def run(x: Any) -> tuple[list[bool], Any]:
        decided: list[bool] = []
        values: list[Any] = [x, 700]
        for what, index, number, rounding, unit in steps:
            value, other = values[index % len(values)], values[(index + 1) % len(values)]
            match what:
                case "add":
                    made = value + other * number
                case "subtract":
                    made = number * 100 - value
                case "scale":
                    made = value * Fraction(35, 100)
                case "divide":
                    made = (value + Fraction(0)) / (index + 1)
                case "round":
                    made = rounding(value, unit)
                case "min":
                    made = min(value, other, number * 50)
                case "max":
                    made = max(0, value, other)
                case "branch":
                    decided += [value < other, value <= number * 60, value > other, value >= number]
                    made = value if decided[-4] else other
                case "from":
                    made = -value
                case _:
                    decided += [value == other, value != number]
                    made = hull((value, other))
                    made = made if not hasattr(made, "lo") else made.lo
            values.append(made)
        return decided, values[-1]

    return run


@settings(max_examples=150)
@given(programs(), st.integers(0, LAST), st.lists(st.integers(0, LAST), max_size=20))
def test_a_run_holds_as_far_as_its_trace_says(program: Program, start: int, points: list[int]) -> None:
    trace = Trace(start, LAST)
    decided, value = program(Affine(trace, Formula(0, 1)))
    formula, last = formula_of(value), trace.last
    assert start <= last <= LAST
    inside = [start + point % (last - start + 1) for point in points]
    for x in {start, min(start + 1, last), last, *inside}:
        plain_decided, plain = program(x)
        assert plain_decided == decided
        assert formula.at(x) == plain


NUMBERS = st.fractions(-30, 30, max_denominator=12)
LINES = st.builds(Formula, NUMBERS, st.fractions(-2, 2, max_denominator=40))
STEPPED = st.builds(
    lambda line, factors, insides: Formula(line.constant, line.slope, tuple(map(Step, factors, insides))),
    LINES,
    st.lists(NUMBERS, min_size=2, max_size=2),
    st.lists(LINES, min_size=1, max_size=2),
)
NESTED = st.builds(
    lambda line, factor, inside: Formula(line.constant, line.slope, (Step(factor, inside),)),
    LINES,
    NUMBERS,
    STEPPED,
)


@settings(max_examples=150)
@given(st.one_of(STEPPED, NESTED), st.integers(0, LAST), st.lists(st.integers(0, LAST), max_size=10))
def test_lines_and_envelopes_of_steps(formula: Formula, x: int, points: list[int]) -> None:
    line, last = formula.line(x, LAST)
    assert not line.steps
    assert all(line.at(y) == formula.at(y) for y in (*range(x, min(last, x + 60) + 1), last))
    straight, below, above = formula.envelope()
    assert all(below <= formula.at(y) - straight.at(y) <= above for y in (x, last, *points))
    floored = formula.floored()
    assert all(floored.at(y) == formula.at(y) // 1 for y in (x, last, *points))


@settings(max_examples=150)
@given(st.one_of(STEPPED, NESTED), st.integers(0, LAST), NUMBERS, st.booleans())
def test_signs_near_zero(formula: Formula, x: int, height: Fraction, touching: bool) -> None:
    near = formula.plus(Formula((0 if touching else height / 10) - formula.at(x)))
    for decide in (Trace.negative, Trace.zero):
        trace = Trace(x, LAST)
        found = decide(trace, near)
        for y in (*range(x, min(trace.last, x + 60) + 1), trace.last):
            assert found is (near.at(y) < 0 if decide is Trace.negative else near.at(y) == 0)


@pytest.mark.parametrize(
    ("decide", "start", "last"),
    [
        (lambda x: x < 1000, 0, 999),
        (lambda x: x <= 1000, 0, 1000),
        (lambda x: x > 1000, 0, 1000),
        (lambda x: x >= 1000, 0, 999),
        (lambda x: x < 1000, 1000, LAST),
        (lambda x: Fraction(1000) < x, 500, 1000),
        (lambda x: x / 3 < Fraction(1000, 3), 0, 999),
        (lambda x: x / 3 < 333, 0, 998),
        (lambda x: 5000 - 2 * x >= 1, 0, 2499),
        (lambda x: x == 1000, 0, 999),
        (lambda x: x == 1000, 1000, 1000),
        (lambda x: x == 1000, 1001, LAST),
        (lambda x: round_half_up(x, RoundingUnit.YUAN) < 1000, 0, 949),
        (lambda x: round_down(x * Fraction(35, 100)) < 350, 990, 999),
        (lambda x: bool(x - 7), 0, 6),
        (lambda x: x + 1 < x + 2, 0, LAST),
        (lambda x: x * Fraction(1, 3) * 3 == x, 0, LAST),
    ],
)
def test_a_decision_holds_exactly_so_far(decide: Callable[[Any], bool], start: int, last: int) -> None:
    """Near the zero of a step function several runs may be needed; they add up to the same place."""
    x, reached = start, start - 1
    while x <= LAST:
        trace = Trace(x, LAST)
        if decide(Affine(trace, Formula(0, 1))) is not decide(start):
            break
        reached, x = trace.last, trace.last + 1
    assert reached == last


def test_whole_multiples_need_no_steps() -> None:
    x = Affine(Trace(0, LAST), Formula(Fraction(1, 3), 2))
    assert formula_of(round_half_up(x)) == Formula(0, 2)
    assert formula_of(round_half_up(round_half_up(x))) == Formula(0, 2)
    assert formula_of(round_up(x, RoundingUnit.YUAN)).steps
    assert x - x == 0


def test_what_leaves_the_class_is_valid_at_one_point_only() -> None:
    trace = Trace(7, LAST)
    x = Affine(trace, Formula(0, 1))
    assert formula_of(x * x).at(7) == 49
    assert trace.last == 7
    trace.restart(8, LAST)
    assert 100 / x == Fraction(25, 2)
    assert trace.last == 8
    trace.restart(8, LAST)
    assert 100 // x == 12
    assert trace.last == 8


def test_a_product_with_a_rounded_number_holds_while_that_stays_the_same() -> None:
    trace = Trace(150, LAST)
    x = Affine(trace, Formula(0, 1))
    product = x * (x // 100)
    assert trace.last == 199
    assert formula_of(product) == Formula(0, 1)


def test_it_is_no_number_to_anything_else() -> None:
    x = Affine(Trace(0, 9), Formula(0, 1))
    assert x != "3"
    assert x not in (None, "x")
    with pytest.raises(TypeError):
        x + "3"
    with pytest.raises(TypeError):
        assert x < "3"
    with pytest.raises(TypeError):
        hash(x)
