"""What a sweep comes to: pieces of the range within which nothing is decided otherwise, and the jumps between them.

Within a piece every amount is an exact function of the quantity. Steps x are those of `Quantity`: 分 for money.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..case import FACTS, Case
from ..determination.model import Outcome
from ..determination.totals import Payment
from ..language.nodes import symbols
from ..quantities import Money
from ..ruleset.edition import Edition
from ..ruleset.resolved import Criterion, Programme
from ..values import Number, Truth
from .affine import Formula, Trace
from .quantity import Quantity

if TYPE_CHECKING:
    from .cliffs import Cliff, Rate

TOTAL: Final = "合计"
HOUSEHOLD: Final = "家庭"
Statuses = Mapping[Payment, tuple[Truth, ...]]
"""The criteria of each programme and subject, in the order of the programme."""


class Amount(NamedTuple):
    """Bounds of an amount in 分: the same function twice where it is one figure, `high` None where nothing limits it."""

    low: Formula
    high: Formula | None

    def bounds(self, x: int) -> tuple[Number, Number | None]:
        """The bounds at x."""
        return self.low.at(x), None if self.high is None else self.high.at(x)

    def figure(self, x: int) -> Number | None:
        """The amount at x, where it is one figure."""
        low, high = self.bounds(x)
        return low if low == high else None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one programme comes to for one subject (None: the household) throughout a piece.

    `amount` is a month's (a season's where the programme has a `period`), None where nothing is paid or the law's own
    figure is not on file (`unknown`).
    """

    programme: Programme = field(repr=False)
    subject: str | None
    outcome: Outcome
    route: str | None
    amount: Amount | None = None
    unknown: bool = False

    @property
    def key(self) -> Payment:
        return self.programme.id, self.subject


def title(entitlement: Entitlement) -> str:
    """A programme and whose it is, for people: `生活补贴[儿子]`."""
    subject = f"[{entitlement.subject}]" if entitlement.subject else ""
    return entitlement.programme.name + subject


class Total(NamedTuple):
    """All monthly payments under one way to choose between alternatives: what is forgone, and the sum of the rest.

    `unknown` are payments that are due for certain while the law's own figure is not on file, each with its route;
    they are not in the sum. A payment that nothing limits otherwise leaves the sum without an upper bound.
    """

    forgoes: tuple[Payment, ...]
    amount: Amount
    unknown: frozenset[tuple[Payment, str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """From step `low` to step `high`, both included.

    `totals` has one entry for each way to choose between alternatives; `total` is the one that pays most, as a family
    that is free to choose would. `opening` and `closing` are the criteria at either end: within a piece some may turn
    that nothing depends on.
    """

    low: int
    high: int
    entitlements: tuple[Entitlement, ...]
    totals: tuple[Total, ...]
    best: int
    opening: Statuses = field(repr=False)
    closing: Statuses = field(repr=False)

    @property
    def total(self) -> Total:
        return self.totals[self.best]

    def entitlement(self, programme: str, subject: str | None = None) -> Entitlement | None:
        """What a programme (id or name) comes to for a subject; None where there is no verdict at all."""
        for found in self.entitlements:
            if programme in (found.programme.id, found.programme.name) and found.subject == subject:
                return found
        return None

    @property
    def state(self) -> tuple[Any, ...]:
        """What is decided: everything but how much."""
        decided = [(e.key, e.outcome, e.route, e.unknown) for e in self.entitlements]
        return (*decided, tuple([total.forgoes for total in self.totals]), self.best)

    @property
    def formulas(self) -> list[Formula | None]:
        """How much everything is, in a fixed order."""
        amounts = [entitlement.amount for entitlement in self.entitlements]
        amounts += [total.amount for total in self.totals]
        return [formula for amount in amounts for formula in amount or (None, None)]


class Turn(NamedTuple):
    """A criterion that comes out otherwise after a jump than before."""

    criterion: Criterion
    before: Truth
    after: Truth

    @property
    def sensitive(self) -> bool:
        """Whether it looks at a fact that is never spelled out; beside its status, a name or a source would."""
        facts = (FACTS.get(name) for name in symbols(self.criterion.test))
        return any(fact is not None and fact.sensitive for fact in facts)


class Change(NamedTuple):
    """What a jump does to one programme and subject (None: no verdict there), and the criteria that turned."""

    before: Entitlement | None
    after: Entitlement | None
    turned: tuple[Turn, ...]

    @property
    def entitlement(self) -> Entitlement:
        """One of the two, to say of which programme and subject this is."""
        found = self.before or self.after
        assert found is not None
        return found


class Jump(NamedTuple):
    """The boundary between two pieces: `x` is the first step of the second.

    `changes` are the programmes that come out otherwise or whose amount follows another function; where it is empty,
    another alternative pays more from here on.
    """

    x: int
    before: Piece
    after: Piece
    changes: tuple[Change, ...]

    @property
    def totals(self) -> tuple[Number | None, Number | None]:
        """The monthly total in 分 at the last step before and the first step after, where it is one figure."""
        return self.before.total.amount.figure(self.x - 1), self.after.total.amount.figure(self.x)


@dataclass(frozen=True)
class Sweep:
    """One quantity from step `low` to step `high` (both included) against every benefit; `pieces` leave no gap.

    `scenario` says what was supposed besides (None: nothing). Like every what-if, a sweep is no determination.
    """

    case: Case = field(repr=False)
    edition: Edition = field(repr=False)
    quantity: Quantity
    low: int
    high: int
    pieces: tuple[Piece, ...]
    scenario: str | None = None

    def at(self, x: int) -> Piece:
        """The piece a step lies in. Raises `ValueError` outside the range."""
        if not self.low <= x <= self.high:
            raise ValueError(f"{x} is not within {self.low}..{self.high}")
        return self.pieces[bisect_right(self._starts, x) - 1]

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.low for piece in self.pieces]

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """Every boundary between pieces, with what changes there and the criteria that caused it."""
        return tuple(
            [
                Jump(after.low, before, after, _changes(before, after))
                for before, after in pairwise(self.pieces)
            ]
        )

    def cliffs(self) -> tuple[Cliff, ...]:
        """The jumps at which one more yuan loses more than one yuan of benefits; see `cliffs.cliffs`."""
        from .cliffs import cliffs  # cliffs are found in a sweep, not the other way round

        return cliffs(self)

    def marginal_rates(self) -> tuple[Rate, ...]:
        """How much of each further yuan is lost in benefits, piece by piece; see `cliffs.marginal_rates`."""
        from .cliffs import marginal_rates

        return marginal_rates(self)

    def rows(self) -> list[dict[str, str | None]]:
        """The exact corner points, a row for each end of each piece and each programme and subject, and the total.

        `x` is as people write the quantity, `low` and `high` are yuan (equal where the amount is one figure, `high`
        None where nothing limits it, both None where nothing is paid).
        """
        found = []
        for number, piece in enumerate(self.pieces, 1):
            for x in dict.fromkeys((piece.low, piece.high)):
                corner = {"piece": str(number), "x": self.quantity.text(x)}
                for e in piece.entitlements:
                    who = {"programme": e.programme.name, "subject": e.subject or HOUSEHOLD}
                    state = {"outcome": e.outcome.value, "route": e.route}
                    found.append({**corner, **who, **state, **_yuan(e.amount, x)})
                who = {"programme": TOTAL, "subject": HOUSEHOLD}
                found.append(
                    {**corner, **who, "outcome": None, "route": None, **_yuan(piece.total.amount, x)}
                )
        return found

    def summary(self) -> dict[str, Any]:
        """The sweep as JSON-able data: pieces with exact formulas (分 = constant + slope·x + Σ factor·⌊inside⌋), jumps."""
        return {
            "over": self.quantity.label,
            "month": str(self.edition.month),
            "known_on": None if self.edition.known_on is None else self.edition.known_on.isoformat(),
            "scenario": self.scenario,
            "from": self.quantity.text(self.low),
            "to": self.quantity.text(self.high),
            "steps_per_unit": self.quantity.per_unit,
            "pieces": [self._piece(piece) for piece in self.pieces],
            "jumps": [self._jump(jump) for jump in self.jumps],
        }

    def _piece(self, piece: Piece) -> dict[str, Any]:
        def amount(found: Amount | None) -> dict[str, Any] | None:
            if found is None:
                return None
            formulas = {"low": found.low.data(), "high": None if found.high is None else found.high.data()}
            return {"at_from": _yuan(found, piece.low), "at_to": _yuan(found, piece.high), **formulas}

        return {
            "from": self.quantity.text(piece.low),
            "to": self.quantity.text(piece.high),
            "entitlements": [
                {
                    "programme": e.programme.id,
                    "subject": e.subject,
                    "outcome": e.outcome.value,
                    "route": e.route,
                    "amount": amount(e.amount),
                    "amount_unknown": e.unknown,
                }
                for e in piece.entitlements
            ],
            "totals": [
                {
                    "forgoes": [list(payment) for payment in total.forgoes],
                    "amount": amount(total.amount),
                    "not_counted": sorted([list(payment) for payment, _ in total.unknown], key=str),
                }
                for total in piece.totals
            ],
            "best": piece.best,
        }

    def _jump(self, jump: Jump) -> dict[str, Any]:
        return {
            "at": self.quantity.text(jump.x),
            "totals": [yuan_text(fen) for fen in jump.totals],
            "changes": [
                {
                    "programme": change.entitlement.programme.id,
                    "subject": change.entitlement.subject,
                    "turned": [
                        {"criterion": turn.criterion.id, "before": turn.before, "after": turn.after}
                        for turn in change.turned
                        if not turn.sensitive
                    ],
                }
                for change in jump.changes
            ],
        }


def _yuan(amount: Amount | None, x: int) -> dict[str, str | None]:
    low, high = (None, None) if amount is None else amount.bounds(x)
    return {"low": yuan_text(low), "high": yuan_text(high)}


def yuan_text(fen: Number | None) -> str | None:
    """An amount in 分 as plain yuan."""
    return None if fen is None else str(Money.from_fen(int(fen)))


def _changes(before: Piece, after: Piece) -> tuple[Change, ...]:
    old = {e.key: e for e in before.entitlements}
    new = {e.key: e for e in after.entitlements}
    found = []
    for key in {**old, **new}:
        one, other = old.get(key), new.get(key)
        if one != other:
            found.append(Change(one, other, _turned((one or other).programme, key, before, after)))  # type: ignore[union-attr]
    return tuple(found)


def _turned(programme: Programme, key: Payment, before: Piece, after: Piece) -> tuple[Turn, ...]:
    pairs = zip(before.closing.get(key, ()), after.opening.get(key, ()), strict=False)
    return tuple(
        [
            Turn(c, old, new)
            for c, (old, new) in zip(programme.criteria, pairs, strict=False)
            if old is not new
        ]
    )


def joined(before: Piece, after: Piece) -> Piece | None:
    """Two neighbouring pieces as one, where the same functions hold throughout; else None.

    Where a function of one piece runs through the other as well (a piece of a single step, say), that one is kept.
    """
    if before.state != after.state:
        return None
    ours, theirs = before.formulas, after.formulas
    if _agree(ours, theirs, after):
        source = before
    elif _agree(theirs, ours, before):
        source = after
    else:
        return None
    return Piece(
        before.low, after.high, source.entitlements, source.totals, source.best, before.opening, after.closing
    )


def _agree(kept: list[Formula | None], given: list[Formula | None], piece: Piece) -> bool:
    """Whether the functions kept are right on a piece whose own functions are given."""
    return all(
        one == other or (one is not None and other is not None and _same(one, other, piece))
        for one, other in zip(kept, given, strict=True)
    )


def _same(one: Formula, other: Formula, piece: Piece) -> bool:
    """Whether two functions surely have the same values throughout a piece."""
    trace = Trace(piece.low, piece.high)
    return trace.zero(one.plus(other.times(-1))) and trace.last == piece.high
