"""Where earning more leaves a family with less: cliffs, and how much of each further yuan is lost in between."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from ..quantities import Money
from ..values import Number
from .affine import Formula, Trace

if TYPE_CHECKING:
    from .pieces import Jump, Piece, Sweep

YUAN: Final = 100
"""分 in a yuan."""


class Cliff(NamedTuple):
    """A jump at which one yuan more of the quantity loses more than one yuan of monthly benefits.

    `x` is the last step (in 分) before it; `before` and `after` are the totals at x and one 分 further (where only
    bounds are known, those between which the loss is smallest). From `recovered` on, quantity and benefits together
    are again no less than at x (None: not within the range).
    """

    x: int
    before: Money
    after: Money
    recovered: int | None
    jump: Jump

    @property
    def loss(self) -> Money:
        return self.before - self.after


class Rate(NamedTuple):
    """The effective marginal rate between two jumps, from step `low` to `high`: the share of each further yuan that is
    lost in benefits, exact on average over the piece. None where the total is not one figure, or at a single step.
    A figure of the law that is not on file is taken not to follow the quantity.
    """

    low: int
    high: int
    rate: Fraction | None


def cliffs(sweep: Sweep) -> tuple[Cliff, ...]:
    """The cliffs of a sweep over a quantity of money, in order; a loss that is not certain is none.

    Benefits are the monthly total of what the family would choose; payments by the season are not in it.
    """
    if not sweep.quantity.type.counts_money:
        return ()
    found = []
    for jump in sweep.jumps:
        x = jump.x - 1
        step = min(YUAN, sweep.high - x)
        before, after, later = _least(sweep, x), _most(sweep, x, jump.x), _most(sweep, x, x + step)
        if after is None or later is None or after >= before or before - later <= step:
            continue
        money = [Money.from_fen(int(fen)) for fen in (before, after)]
        found.append(Cliff(x, money[0], money[1], _recovered(sweep, jump.x, x + before), jump))
    return tuple(found)


def _least(sweep: Sweep, x: int) -> Number:
    return sweep.at(x).total.amount.low.at(x)


def _most(sweep: Sweep, before: int, x: int) -> Number | None:
    """The most the total at x may be, beside that at an earlier step; None where it is not limited.

    An unknown figure of the law is the same figure on both sides: only one that is new at x may make up for a loss.
    """
    total, earlier = sweep.at(x).total, sweep.at(before).total
    if total.amount.high is None or not total.unknown <= earlier.unknown:
        return None
    return total.amount.high.at(x)


def _recovered(sweep: Sweep, start: int, before: Number) -> int | None:
    """The first step from `start` at which the quantity and the total together surely reach `before`."""
    trace = Trace(start, sweep.high)
    for piece in sweep.pieces:
        short = piece.total.amount.low.plus(Formula(-before, 1))
        x = max(start, piece.low)
        while x <= piece.high:
            trace.restart(x, piece.high)
            if not trace.negative(short):
                return x
            x = trace.last + 1
    return None


def marginal_rates(sweep: Sweep) -> tuple[Rate, ...]:
    """One rate for each piece of a sweep over a quantity of money."""
    if not sweep.quantity.type.counts_money:
        return ()
    return tuple([Rate(piece.low, piece.high, _rate(piece)) for piece in sweep.pieces])


def _rate(piece: Piece) -> Fraction | None:
    low, high = piece.total.amount
    if piece.low == piece.high or low != high:
        return None
    return Fraction(low.at(piece.low) - low.at(piece.high)) / (piece.high - piece.low)
