"""Sweeps: one quantity over a range against every benefit, with breakpoints exact to the 分 and no grid.

The reference engine itself is run with a number that stands for the quantity (`affine.Affine`). A run decides
everything as at its first step and tells how far that holds; the next run starts right behind. So a sweep means what
a determination at each step would mean, and costs one evaluation for every piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from ..case import Case
from ..determination.determine import UNLIMITED, evaluate
from ..determination.model import Outcome, Verdict
from ..determination.totals import Payment, totals
from ..engines.reference import Evaluation, Evaluator, Place, Result
from ..errors import InputError, Problem
from ..language.nodes import Origin
from ..quantities import Money, Month
from ..ruleset.edition import Edition
from ..ruleset.model import Provenance, Ruleset
from ..ruleset.resolve import resolve
from ..values import bounds
from .affine import Affine, Formula, Trace, formula_of
from .pieces import Amount, Entitlement, Piece, Sweep, Total, joined
from .quantity import Quantity, fact_quantity, quantity
from .scenario import Scenario, supposed

MAX_EVALUATIONS: Final = 20_000
"""Pieces at which a sweep gives up: rules that multiply the quantity by itself change at every step."""


def sweep(
    case: Case,
    rules: Ruleset,
    over: str,
    low: Money | str | int,
    high: Money | str | int,
    *,
    month: Month | str,
    known_on: date | None = None,
    scenario: Scenario | None = None,
) -> Sweep:
    """Every benefit as a function of one quantity from `low` to `high`, both included.

    `over` is a fact (`成员["母亲"].收入.工资性收入`, `货币财产`), a definition (`家庭月收入`) put in place of its computed value,
    or a parameter (`低保标准`), from which derived parameters follow. All other facts stay as they are, or as `scenario`
    puts them. Values are yuan for money, plain numbers otherwise. Raises `InputError` for an unknown or unfit name, a range that holds nothing,
    a month out of coverage or a kind of income the ruleset does not list.
    """
    if scenario is None:
        edition = rules.edition(month, known_on)
    else:
        case, edition = supposed(case, rules, scenario, month=month, known_on=known_on)
    evaluation = evaluate(case, edition)
    described = None if scenario is None else scenario.description
    return _swept(evaluation, quantity(over, edition, evaluation.context), low, high, described)


def sweep_fact(
    case: Case,
    edition: Edition,
    fact_name: str,
    place: Place,
    low: Money | str | int,
    high: Money | str | int,
) -> Sweep:
    """`sweep` over one fact by its name and place in the case, under an edition."""
    evaluation = evaluate(case, edition)
    return _swept(evaluation, fact_quantity(fact_name, place, edition, evaluation.context), low, high)


def _swept(
    baseline: Evaluation,
    over: Quantity,
    low: Money | str | int,
    high: Money | str | int,
    scenario: str | None = None,
) -> Sweep:
    first, last = over.span(low, high)
    trace = Trace(first, last)
    pieces: list[Piece] = []
    for piece in _runs(_runner(baseline, over, Affine(trace, Formula(0, over.step))), trace, first, last):
        merged = joined(pieces[-1], piece) if pieces else None
        if merged is None:
            pieces.append(piece)
        else:
            pieces[-1] = merged
    edition = baseline.evaluator.edition
    return Sweep(baseline.context.case, edition, over, first, last, tuple(pieces), scenario)


def _runner(baseline: Evaluation, over: Quantity, x: Affine) -> Callable[[], Evaluation]:
    """What evaluates the case once, with x in place of the quantity."""
    evaluator, context = baseline.evaluator, baseline.context
    if over.origin is not Origin.PARAMETER:
        return lambda: evaluator.evaluate(context, {(over.name, over.place): x})
    edition = evaluator.edition
    value: Any = x
    overrides = {**edition.overrides, over.name: (value, Provenance.SCENARIO)}
    swept = Evaluator(resolve(edition.ruleset, edition.month, edition.known_on, overrides))
    return lambda: swept.evaluate(context)


def _runs(run: Callable[[], Evaluation], trace: Trace, x: int, last: int) -> Iterator[Piece]:
    """One piece for each evaluation, in order and without gaps."""
    for _ in range(MAX_EVALUATIONS):
        trace.restart(x, last)
        yield _piece(run(), trace)
        x = trace.last + 1
        if x > last:
            return
    message = f"结果变化的地方超过 {MAX_EVALUATIONS} 处，请缩小范围"
    raise InputError(Problem("sweep-pieces", message))


def _piece(evaluation: Evaluation, trace: Trace) -> Piece:
    """What an evaluation came to; everything is decided before the piece's end is read off the trace."""
    members = evaluation.context.members
    order = {programme.id: i for i, programme in enumerate(evaluation.evaluator.edition.programmes)}
    results = [result for result in evaluation.results if result.applies]
    results.sort(key=lambda result: (order[result.programme.id], result.person or 0))
    dues = [_due(result, None if result.person is None else members[result.person].id) for result in results]
    entitlements = tuple([due.entitlement for due in dues])
    sums = [_total(dues, way) for way in _ways(entitlements, evaluation.context.case)]
    best = max(range(len(sums)), key=lambda option: sums[option][0])
    statuses = {due.entitlement.key: result.statuses for due, result in zip(dues, results, strict=True)}
    options = tuple([total for _, total in sums])
    return Piece(trace.x, trace.last, entitlements, options, best, statuses, statuses)


class _Due(NamedTuple):
    """An entitlement with the bounds of its amount as they were computed (`Affine` or plain)."""

    entitlement: Entitlement
    low: Any
    high: Any


def _due(result: Result, subject: str | None) -> _Due:
    low, high = _amount(result)
    route = result.route if isinstance(result.route, str) and result.route else None
    entitlement = Entitlement(
        result.programme,
        subject,
        Outcome.of(result.verdict),
        route,
        None if low is None else _formulas(low, high),
        result.amount_unknown,
    )
    return _Due(entitlement, low, high)


def _formulas(low: Any, high: Any) -> Amount:
    return Amount(formula_of(low), None if high is None else formula_of(high))


def _amount(result: Result) -> tuple[Any, Any]:
    """Bounds of the amount: none where nothing is paid or known, no upper one where nothing known limits it."""
    if result.amount is None or result.verdict is False:
        return None, None
    low, high = bounds(result.amount)  # type: ignore[arg-type]
    return low, high if low is high or high < UNLIMITED else None


def _ways(entitlements: tuple[Entitlement, ...], case: Case) -> list[tuple[Payment, ...]]:
    """The ways to choose between alternatives: what each forgoes."""
    verdicts = [Verdict(e.programme, e.subject, e.outcome, route=e.route) for e in entitlements]
    return [option.forgoes for option in totals(verdicts, case).options]


def _total(dues: list[_Due], forgone: tuple[Payment, ...]) -> tuple[Any, Total]:
    """The monthly total of what is not forgone, and its lower bound as it was computed."""
    low: Any = 0
    high: Any = 0
    unknown = set()
    for entitlement, least, most in dues:
        programme, route = entitlement.programme, entitlement.route
        if programme.kind == "status" or programme.period or entitlement.key in forgone:
            continue
        if entitlement.unknown:
            if entitlement.outcome is Outcome.ELIGIBLE and route is not None:
                unknown.add((entitlement.key, route))
            else:
                high = None
        elif entitlement.amount is not None:
            low = low + least
            high = None if high is None or most is None else high + most
    return low, Total(forgone, _formulas(low, high), frozenset(unknown))
