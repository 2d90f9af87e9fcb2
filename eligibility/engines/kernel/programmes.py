"""Verdicts and amounts of programmes as machine code: criteria to masks, routes to a verdict, routes to an amount.

What `engines.reference` does for one subject, without branches but one: a programme that does not apply to a person is
skipped. Everything another programme may read is kept in the output columns and read back from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, Protocol

from llvmlite import ir

from ...quantities import MAX_FEN
from ...ruleset.resolved import Programme, Route
from ..verdicts import ELIGIBLE, INELIGIBLE, UNDETERMINED, UNKNOWN_AMOUNT
from .algebra import (
    BIT,
    FALSE,
    IR,
    TRUE,
    WORD,
    Algebra,
    Choices,
    MachineValue,
    Number,
    Truth,
    constant_truth,
    word,
)
from .lowering import Lowering, Scope

MAX_AMOUNT: Final = 64 * MAX_FEN
NEGATIVE, OVERLAP = 1, 2
"""What can be wrong with a rule: a negative amount, two routes where only one may be met."""
ERROR_CODES: Final = 256
"""Error codes per programme."""


class Outputs(Protocol):
    """The output columns of one programme, at one row."""

    def store(self, programme: Programme, column: str, row: IR, value: IR) -> None:
        """Writes one cell."""

    def load(self, programme: Programme, column: str, row: IR) -> IR:
        """Reads one cell back."""

    def fail(self, code: int, when: IR) -> None:
        """Notes an error of the rules for the household at hand."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What the routes come to: the amount (ends in 分), whether the law's figure is unknown, and the routes' mask."""

    amount: Number
    unknown_figure: IR
    routes: IR


class Programmes:
    """Emits programmes."""

    def __init__(self, lowering: Lowering, outputs: Outputs, order: Sequence[Programme]) -> None:
        self.lowering, self.outputs, self.order = lowering, outputs, list(order)
        self.algebra: Algebra = lowering.algebra
        self.b: ir.IRBuilder = lowering.algebra.b

    def applies(self, programme: Programme, scope: Scope) -> IR:
        """Whether the programme is for the subject of a scope, or may be."""
        return TRUE if programme.who is None else self.b.not_(self.lowering.truth(programme.who, scope).no)

    def decide(self, programme: Programme, scope: Scope) -> None:
        """Statuses, masks and the verdict of the subject of a scope."""
        if programme.who is None:
            self._decide(programme, scope.inside())
            return
        with self.b.if_then(self.applies(programme, scope), likely=False):
            self._decide(programme, scope.inside())

    def _decide(self, programme: Programme, scope: Scope) -> None:
        statuses = self._statuses(programme, scope)
        position = {c.id: i for i, c in enumerate(programme.criteria)}
        met = [self._route(route, statuses, position) for route in programme.routes]
        excluded = self._any([statuses[position[i]] for i in programme.exclusions])
        verdict = self.algebra.both(self._any(met), Truth(excluded.no, excluded.yes))
        met_mask = self._mask([status.yes for status in statuses])
        unknown_mask = self._mask([self.algebra.unknown(status) for status in statuses])
        outcome = self._outcome(verdict)
        for column, value in (("met", met_mask), ("unknown", unknown_mask), ("outcome", outcome)):
            self.outputs.store(programme, column, scope.row, value)

    def _outcome(self, verdict: Truth) -> IR:
        refused = self.b.select(verdict.no, word(INELIGIBLE), word(UNDETERMINED))
        return self.b.select(verdict.yes, word(ELIGIBLE), refused)

    def _statuses(self, programme: Programme, scope: Scope) -> list[Truth]:
        tests = [criterion.test for criterion in programme.criteria]
        if programme.yields is None:
            return [self.lowering.truth(test, scope) for test in tests]
        # The last criterion compares what is received elsewhere with what the routes would pay.
        statuses = [self.lowering.truth(test, scope) for test in tests[:-1]]
        open_ = constant_truth(None)
        position = {c.id: i for i, c in enumerate(programme.criteria)}
        met = [self._route(route, [*statuses, open_], position) for route in programme.routes]
        gross = self.pay(programme, scope, met, constant_truth(True))
        scope.values[f"{programme.name}.应付"] = self._gross(gross)
        last = self.lowering.truth(tests[-1], scope)
        none_open = reduce(self.b.and_, [truth.no for truth in met])
        return [
            *statuses,
            Truth(self.b.and_(last.yes, self.b.not_(none_open)), self.b.or_(last.no, none_open)),
        ]

    def _gross(self, paid: Paid) -> Number:
        b, amount = self.b, paid.amount
        low = b.select(paid.unknown_figure, word(1), amount.low)
        high = b.select(paid.unknown_figure, word(MAX_AMOUNT), amount.high)
        return Number(low, high)

    def _route(self, route: Route, statuses: Sequence[Truth], position: dict[str, int]) -> Truth:
        limbs = []
        for limb in route.when:
            parts = [
                statuses[position[c.criterion]] if c.holds else _negated(statuses[position[c.criterion]])
                for c in limb
            ]
            limbs.append(self._any(parts))
        return reduce(self.algebra.both, limbs) if limbs else constant_truth(True)

    def _any(self, truths: Sequence[Truth]) -> Truth:
        return reduce(self.algebra.either, truths) if truths else constant_truth(False)

    def _mask(self, bits: Sequence[IR]) -> IR:
        placed = [
            self.b.shl(self.b.zext(bit, WORD), word(i)) if i else self.b.zext(bit, WORD)
            for i, bit in enumerate(bits)
        ]
        return reduce(self.b.or_, placed) if placed else word(0)

    def settle(self, programme: Programme, scope: Scope) -> None:
        """The amount and the route taken, of a subject that was decided before."""
        b, row = self.b, scope.row
        outcome = self.outputs.load(programme, "outcome", row)
        eligible, undetermined = _decided(b, outcome)
        with b.if_then(b.or_(eligible, undetermined), likely=False):
            inner = scope.inside()
            met_mask, unknown_mask = (
                self.outputs.load(programme, column, row) for column in ("met", "unknown")
            )
            statuses = [
                self._status(met_mask, unknown_mask, position) for position in range(len(programme.criteria))
            ]
            position = {c.id: i for i, c in enumerate(programme.criteria)}
            met = [self._route(route, statuses, position) for route in programme.routes]
            self._write(programme, inner, self.pay(programme, inner, met, Truth(eligible, FALSE)))

    def _write(self, programme: Programme, scope: Scope, paid: Paid) -> None:
        b, row, amount = self.b, scope.row, paid.amount
        self.outputs.store(programme, "routes", row, paid.routes)
        if programme.kind == "status":
            return
        low, high = amount.low, amount.high
        if programme.yields is not None:
            elsewhere = self.lowering.number(programme.yields, scope)
            rest = self.algebra.subtract(amount, elsewhere)
            low, high = (self._fen(end, rest.denominator) for end in (rest.low, rest.high))
        figure = word(UNKNOWN_AMOUNT)
        self.outputs.store(programme, "low", row, b.select(paid.unknown_figure, figure, low))
        self.outputs.store(programme, "high", row, b.select(paid.unknown_figure, figure, high))

    def _fen(self, end: IR, denominator: int) -> IR:
        """At least 0, in whole 分: what is received elsewhere is money, even where its domain is finer."""
        rest = self.algebra.pick(False, word(0), end)
        return rest if denominator == 1 else self.b.sdiv(rest, word(denominator))

    def _status(self, met: IR, unknown: IR, position: int) -> Truth:
        b = self.b
        yes = b.trunc(b.lshr(met, word(position)), BIT)
        open_ = b.trunc(b.lshr(unknown, word(position)), BIT)
        return Truth(yes, b.not_(b.or_(yes, open_)))

    def pay(self, programme: Programme, scope: Scope, met: Sequence[Truth], verdict: Truth) -> Paid:
        """Which routes may be taken and what they pay together, `verdict` being true or unknown."""
        b = self.b
        candidates = self._candidates(programme, met)
        routes = self._mask([*candidates, b.not_(verdict.yes)])
        zero = Number(word(0), word(0))
        if programme.kind == "status":
            return Paid(zero, FALSE, routes)
        unknown_figure = FALSE
        amounts: list[Number] = []
        for number, (route, candidate) in enumerate(zip(programme.routes, candidates, strict=True)):
            if route.amount_unknown:
                unknown_figure = b.or_(unknown_figure, candidate)
            if route.amount is None:
                amounts.append(zero)
            else:
                value = self.lowering.number(route.amount, scope)
                amounts.append(self._clipped(programme, number, value, met[number]))
        total = self._total(programme, met, candidates, amounts, verdict)
        if programme.choose == "highest":
            routes = self._best(routes, met, amounts, total, verdict, unknown_figure)
        return Paid(total, unknown_figure, routes)

    def _clipped(self, programme: Programme, number: int, value: Number, met: Truth) -> Number:
        """At least 0; that a certain amount on a certain route is negative is an error of the rules."""
        b, zero = self.b, word(0)
        negative = b.and_(met.yes, b.icmp_signed("<", value.high, zero))
        certain = b.icmp_signed("==", value.low, value.high)
        self.outputs.fail(self._code(programme, number, NEGATIVE), b.and_(negative, certain))
        low, high = self.algebra.pick(False, zero, value.low), self.algebra.pick(False, zero, value.high)
        return Number(low, high)

    def _code(self, programme: Programme, number: int, what: int) -> int:
        return self.order.index(programme) * ERROR_CODES + number * 2 + what

    def _candidates(self, programme: Programme, met: Sequence[Truth]) -> list[IR]:
        """The routes that may be the one taken."""
        b = self.b
        open_ = [b.not_(truth.no) for truth in met]
        if programme.choose == "highest":
            return open_
        certain = FALSE
        candidates = []
        for truth, candidate in zip(met, open_, strict=True):
            candidates.append(b.and_(candidate, b.not_(certain)))
            if programme.choose == "unique":
                self.outputs.fail(self._code(programme, 0, OVERLAP), b.and_(certain, truth.yes))
            certain = b.or_(certain, truth.yes)
        if programme.choose == "unique":
            return [b.select(certain, t.yes, candidate) for t, candidate in zip(met, open_, strict=True)]
        return candidates

    def _total(
        self,
        programme: Programme,
        met: Sequence[Truth],
        candidates: Sequence[IR],
        amounts: Sequence[Number],
        verdict: Truth,
    ) -> Number:
        b, zero, greatest = self.b, word(0), word(2**63 - 1)
        pick = self.algebra.pick
        high, low = zero, greatest
        certain_low = zero
        for truth, candidate, amount in zip(met, candidates, amounts, strict=True):
            high = pick(False, high, b.select(candidate, amount.high, zero))
            low = pick(True, low, b.select(candidate, amount.low, greatest))
            certain_low = pick(False, certain_low, b.select(truth.yes, amount.low, zero))
        least = certain_low if programme.choose == "highest" else low
        return Number(b.select(verdict.yes, least, zero), high)

    def _best(
        self,
        routes: IR,
        met: Sequence[Truth],
        amounts: Sequence[Number],
        total: Number,
        verdict: Truth,
        unknown_figure: IR,
    ) -> IR:
        """Where the highest amount is certain, the first route that surely pays it."""
        b = self.b
        best, found = word(0), FALSE
        for position, (truth, amount) in enumerate(zip(met, amounts, strict=True)):
            hit = b.and_(truth.yes, b.icmp_signed("==", amount.low, total.low))
            best = b.select(b.and_(hit, b.not_(found)), word(1 << position), best)
            found = b.or_(found, hit)
        settled = b.icmp_signed("==", total.low, total.high)
        certain = b.and_(b.and_(settled, verdict.yes), b.and_(found, b.not_(unknown_figure)))
        return b.select(certain, best, routes)


def read_back(
    algebra: Algebra, outputs: Outputs, programme: Programme, attribute: str, row: IR
) -> MachineValue:
    """What another programme reads of a subject: without a verdict, not eligible and nothing paid."""
    b = algebra.b
    outcome = outputs.load(programme, "outcome", row)
    eligible, undetermined = _decided(b, outcome)
    refused = b.not_(b.or_(eligible, undetermined))
    if attribute == "符合":
        return Truth(eligible, refused)
    if attribute == "不符合":
        return Truth(refused, eligible)
    if attribute == "情形":
        mask = outputs.load(programme, "routes", row)
        none = word(1 << len(programme.routes))
        words = (*(route.name for route in programme.routes), "")
        return Choices(b.select(refused, none, mask), words)
    if programme.kind == "status":
        return algebra.number(0)
    low, high = outputs.load(programme, "low", row), outputs.load(programme, "high", row)
    figure = b.icmp_signed("==", high, word(UNKNOWN_AMOUNT))
    due = b.not_(refused)
    zero = word(0)
    low = b.select(b.and_(due, b.not_(figure)), low, zero)
    high = b.select(due, b.select(figure, word(MAX_AMOUNT), high), zero)
    return Number(low, high)


def _decided(b: ir.IRBuilder, outcome: IR) -> tuple[IR, IR]:
    """Whether an outcome is eligible, and whether it is undetermined."""
    eligible, undetermined = (b.icmp_unsigned("==", outcome, word(code)) for code in (ELIGIBLE, UNDETERMINED))
    return eligible, undetermined


def absent(algebra: Algebra, attribute: str) -> MachineValue:
    """What is read of a programme that is not in force."""
    if attribute in ("符合", "不符合"):
        return constant_truth(attribute == "不符合")
    if attribute == "情形":
        return Choices(word(1), ("",))
    return algebra.number(0)


def _negated(truth: Truth) -> Truth:
    return Truth(truth.no, truth.yes)
