"""Truths, enums and numbers as machine values, each as far as it is known, and the operations on them.

A truth is two bits, surely true and surely false; neither is unknown. An enum is the set of words it may be, one bit a
word. A number is its lower and upper end over one static denominator and, in a quotient, one divisor that varies.

Sizes are safe by the static bounds that typing checked; ends that carry a divisor are 128 bits wide, since both are
brought over the product of the divisor's bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Final

from llvmlite import ir

from ...language.nodes import Bounds

BIT: Final = ir.IntType(1)
BYTE: Final = ir.IntType(8)
WORD: Final = ir.IntType(64)
WIDE: Final = ir.IntType(128)
TRUE, FALSE = ir.Constant(BIT, 1), ir.Constant(BIT, 0)
IR = Any
"""A value in the intermediate representation of LLVM."""


def word(value: int) -> IR:
    """A constant of 64 bits."""
    return ir.Constant(WORD, value)


@dataclass(frozen=True, slots=True)
class Truth:
    """Surely true, surely false."""

    yes: IR
    no: IR


@dataclass(frozen=True, slots=True)
class Choices:
    """The words an enum may be: bit i stands for `words[i]`, the last word None for any text not listed."""

    bits: IR
    words: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """low ≤ value ≤ high, each over `denominator` × `divisor`."""

    low: IR
    high: IR
    denominator: int = 1
    divisor: IR | None = None


MachineValue = Truth | Choices | Number


def constant_truth(value: bool | None) -> Truth:
    """A truth that is settled before anything runs."""
    return Truth(ir.Constant(BIT, value is True), ir.Constant(BIT, value is False))


class Algebra:
    """The operations; `b` is the builder that the emitter moves from block to block."""

    def __init__(self, b: ir.IRBuilder) -> None:
        self.b = b

    # Truths

    def both(self, a: Truth, c: Truth) -> Truth:
        return Truth(self.b.and_(a.yes, c.yes), self.b.or_(a.no, c.no))

    def either(self, a: Truth, c: Truth) -> Truth:
        return Truth(self.b.or_(a.yes, c.yes), self.b.and_(a.no, c.no))

    def unknown(self, a: Truth) -> IR:
        return self.b.not_(self.b.or_(a.yes, a.no))

    def choose_truth(self, c: Truth, a: Truth, d: Truth) -> Truth:
        """The truth of the side taken; where the condition is unknown, what both sides agree on."""

        def side(one: IR, other: IR) -> IR:
            b = self.b
            taken = b.or_(b.and_(c.yes, one), b.and_(c.no, other))
            return b.or_(taken, b.and_(one, other))

        return Truth(side(a.yes, d.yes), side(a.no, d.no))

    # Enums

    def contains(self, item: Choices, words: Sequence[str]) -> Truth:
        inside = sum(1 << i for i, known in enumerate(item.words) if known in words)
        return Truth(
            self._none(item.bits, ~inside & (1 << len(item.words)) - 1), self._none(item.bits, inside)
        )

    def same_word(self, a: Choices, c: Choices) -> Truth:
        """Equality of two enums; their lists of words may differ."""
        b = self.b
        common = FALSE
        for position, known in enumerate(a.words):
            if known is not None and known in c.words:
                both = b.and_(self.has(a, position), self.has(c, c.words.index(known)))
                common = b.or_(common, both)
        certain = b.and_(self.single(a), self.single(c))
        return Truth(b.and_(certain, common), b.not_(common))

    def choose_word(self, c: Truth, a: Choices, d: Choices) -> Choices:
        words = a.words if a.words == d.words else tuple(dict.fromkeys((*a.words, *d.words)))
        zero = word(0)
        first = self.b.select(c.no, zero, self._translated(a, words))
        second = self.b.select(c.yes, zero, self._translated(d, words))
        return Choices(self.b.or_(first, second), words)

    def has(self, item: Choices, position: int) -> IR:
        return self.b.trunc(self.b.lshr(item.bits, word(position)), BIT)

    def single(self, item: Choices) -> IR:
        """Whether one word is left, and one that is listed."""
        b = self.b
        rest = b.and_(item.bits, b.sub(item.bits, word(1)))
        one = b.icmp_unsigned("==", rest, word(0))
        if None in item.words:
            one = b.and_(one, self._none(item.bits, 1 << item.words.index(None)))
        return one

    def _none(self, bits: IR, mask: int) -> IR:
        return self.b.icmp_unsigned("==", self.b.and_(bits, word(mask)), word(0))

    def _translated(self, item: Choices, words: tuple[str | None, ...]) -> IR:
        if item.words == words:
            return item.bits
        bits = word(0)
        for position, known in enumerate(item.words):
            bit = self.b.zext(self.has(item, position), WORD)
            bits = self.b.or_(bits, self.b.shl(bit, word(words.index(known))))
        return bits

    # Numbers

    def number(self, value: int | Fraction, denominator: int = 1) -> Number:
        """A constant."""
        whole = Fraction(value) * denominator
        scale = whole.denominator
        end = word(whole.numerator)
        return Number(end, end, denominator * scale)

    def add(self, a: Number, c: Number) -> Number:
        a, c = self.aligned([a, c])
        return replace(a, low=self.b.add(a.low, c.low), high=self.b.add(a.high, c.high))

    def subtract(self, a: Number, c: Number) -> Number:
        a, c = self.aligned([a, c])
        return replace(a, low=self.b.sub(a.low, c.high), high=self.b.sub(a.high, c.low))

    def extreme(self, smallest: bool, items: Sequence[Number]) -> Number:
        items = self.aligned(items)
        low, high = items[0].low, items[0].high
        for item in items[1:]:
            low, high = self.pick(smallest, low, item.low), self.pick(smallest, high, item.high)
        return replace(items[0], low=low, high=high)

    def pick(self, smallest: bool, a: IR, c: IR) -> IR:
        """The smaller or the larger of two ends over the same divisor."""
        return self.b.select(self.b.icmp_signed("<" if smallest else ">", a, c), a, c)

    def aligned(self, items: Sequence[Number]) -> list[Number]:
        """The same numbers over one denominator and one divisor."""
        denominator = lcm(*(item.denominator for item in items))
        divisor = next((item.divisor for item in items if item.divisor is not None), None)
        return [self._over(item, denominator, divisor) for item in items]

    def _over(self, item: Number, denominator: int, divisor: IR | None) -> Number:
        factor = denominator // item.denominator
        low, high = item.low, item.high
        if factor != 1:
            low, high = (self.times(end, ir.Constant(end.type, factor)) for end in (low, high))
        if divisor is not None and item.divisor is None:
            low, high = (self.times(end, divisor) for end in (low, high))
        return Number(low, high, denominator, divisor)

    def times(self, a: IR, c: IR) -> IR:
        a, c = self.widened(a, c)
        return self.b.mul(a, c)

    def widened(self, a: IR, c: IR) -> tuple[IR, IR]:
        """Two ends in the wider of their types."""
        if a.type == c.type:
            return a, c
        return (a if a.type == WIDE else self.b.sext(a, WIDE), c if c.type == WIDE else self.b.sext(c, WIDE))

    def elapsed(self, start: Number, end: Number, size: int) -> Number:
        difference = self.subtract(end, start)
        low, high = (self.floor_divided(end, word(size)) for end in (difference.low, difference.high))
        return replace(difference, low=low, high=high)

    def rounded(self, item: Number, name: str, unit: int) -> Number:
        """`round_down`, `round_half_up` or `round_up` to a multiple of `unit` 分."""

        def one(end: IR) -> IR:
            b = self.b
            parts = self._whole(end.type, item, unit)
            if name == "round_down":
                quotient = self.floor_divided(end, parts)
            elif name == "round_up":
                quotient = b.neg(self.floor_divided(b.neg(end), parts))
            else:
                two = ir.Constant(end.type, 2)
                quotient = self.floor_divided(b.add(b.mul(two, end), parts), b.mul(two, parts))
            result = b.mul(quotient, ir.Constant(end.type, unit))
            return b.trunc(result, WORD) if end.type == WIDE else result

        return Number(one(item.low), one(item.high))

    def _whole(self, kind: Any, item: Number, unit: int) -> IR:
        """How many parts of a number make one unit."""
        parts = ir.Constant(kind, item.denominator * unit)
        if item.divisor is None:
            return parts
        positive = self.b.icmp_signed(">", item.divisor, ir.Constant(item.divisor.type, 0))
        one = ir.Constant(item.divisor.type, 1)
        return self.b.mul(parts, self.b.select(positive, item.divisor, one))

    def floor_divided(self, a: IR, c: IR) -> IR:
        """Floor division by something positive."""
        if a.type == WIDE:
            return self._wide_floor_divided(a, c)
        b = self.b
        quotient, rest = b.sdiv(a, c), b.srem(a, c)
        below = b.icmp_signed("<", rest, word(0))
        return b.sub(quotient, b.zext(below, WORD))

    def _wide_floor_divided(self, a: IR, c: IR) -> IR:
        function = self.b.module.globals["wide_floor_divide"]
        return self.b.call(function, [a, c])

    def compare(self, less: bool, a: Number, c: Number) -> Truth:
        """`a < c` or `a <= c`."""
        b = self.b
        (a_low, a_high), (c_low, c_high) = self._crossed(a, c)
        yes, no = ("<", ">=") if less else ("<=", ">")
        return Truth(b.icmp_signed(yes, a_high, c_low), b.icmp_signed(no, a_low, c_high))

    def equal(self, a: Number, c: Number) -> Truth:
        b = self.b
        (a_low, a_high), (c_low, c_high) = self._crossed(a, c)
        apart = b.or_(b.icmp_signed("<", a_high, c_low), b.icmp_signed("<", c_high, a_low))
        points = b.and_(b.icmp_signed("==", a_low, a_high), b.icmp_signed("==", c_low, c_high))
        return Truth(b.and_(points, b.icmp_signed("==", a_low, c_low)), apart)

    def _crossed(self, a: Number, c: Number) -> tuple[tuple[IR, IR], tuple[IR, IR]]:
        """The ends of both sides over one common denominator, whatever their divisors."""
        common = gcd(a.denominator, c.denominator)
        ends = []
        for own, other in ((a, c), (c, a)):
            factor = other.denominator // common
            low, high = own.low, own.high
            if factor != 1:
                low, high = (self.times(end, ir.Constant(end.type, factor)) for end in (low, high))
            if other.divisor is not None:
                low, high = self.times(low, other.divisor), self.times(high, other.divisor)
            ends.append((low, high))
        (a_low, c_low), (a_high, c_high) = (
            self.widened(ends[0][0], ends[1][0]),
            self.widened(ends[0][1], ends[1][1]),
        )
        a_low, a_high = self.widened(a_low, a_high)
        c_low, c_high = self.widened(c_low, c_high)
        return (a_low, a_high), (c_low, c_high)

    def multiply(self, a: Number, c: Number) -> Number:
        corners = [self.times(x, y) for x in (a.low, a.high) for y in (c.low, c.high)]
        low = high = corners[0]
        for corner in corners[1:]:
            low, high = self.pick(True, low, corner), self.pick(False, high, corner)
        divisor = a.divisor if a.divisor is not None else c.divisor
        return Number(low, high, a.denominator * c.denominator, divisor)

    def quotient(self, a: Number, d: Number, full: Bounds) -> Number:
        """a / d for a count d; where d may be 0 it is anything within `full`."""
        b = self.b
        positive = b.icmp_signed(">", d.low, word(0))
        a_low, a_high, d_low, d_high = (b.sext(end, WIDE) for end in (a.low, a.high, d.low, d.high))
        zero, one = ir.Constant(WIDE, 0), ir.Constant(WIDE, 1)
        # Over d_low × d_high: the quotient by one bound is the numerator times the other.
        low = b.mul(a_low, b.select(b.icmp_signed(">=", a_low, zero), d_low, d_high))
        high = b.mul(a_high, b.select(b.icmp_signed(">=", a_high, zero), d_high, d_low))
        whole = [Fraction(end) * a.denominator for end in (full.lo, full.hi)]
        assert all(end.denominator == 1 for end in whole), "static bounds are whole parts of the denominator"
        least, greatest = (ir.Constant(WIDE, int(end)) for end in whole)
        return Number(
            b.select(positive, low, least),
            b.select(positive, high, greatest),
            a.denominator,
            b.select(positive, b.mul(d_low, d_high), one),
        )

    def choose(self, c: Truth, a: Number, d: Number) -> Number:
        a, d = self.aligned([a, d])
        b = self.b

        def end(smallest: bool, one: IR, other: IR) -> IR:
            one, other = self.widened(one, other)
            return b.select(c.yes, one, b.select(c.no, other, self.pick(smallest, one, other)))

        return Number(end(True, a.low, d.low), end(False, a.high, d.high), a.denominator, a.divisor)

    def counted(self, truth: Truth) -> Number:
        """1 where true, 0 where false."""
        return Number(self.b.zext(truth.yes, WORD), self.b.zext(self.b.not_(truth.no), WORD))
