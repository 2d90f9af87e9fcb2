"""What is owed for past months whose law became known late: 补发 and 追回 to the fen, or 待核 where that is not certain.

Month by month, for those in payment: what is due as known now against what was paid, or else what was determined then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engines.verdicts import INELIGIBLE, NO_VERDICT, ProgrammeVerdicts, Verdicts
from ..values import Level
from .evaluation import Evaluations, Truths
from .pieces import BY_CONDITION, NOTHING, OUTCOME_WORDS, Piece, Side, Vocabularies
from .plan import Plan
from .retroactive import Retroactive
from .subjects import Subjects, Told
from .totals import Cells, Totals, once

OWED: Final = "补发"
RECOVERED: Final = "追回"
UNCERTAIN: Final = "待核"
KINDS: Final = (OWED, RECOVERED, UNCERTAIN)
REASONS: Final = (
    "",
    "是否在享未知",
    "应发金额未定",
    "当时应发金额未定",
    "在享而当时认定不符合，实发未填",
    "在享月额与当时认定不同，实发未填",
    BY_CONDITION,
    "已发而当时认定不符合",
    "已发而当月不在享",
)
"""Why a line is 待核."""
_RECEIPT, _DUE, _THEN, _CONTRADICTED, _OTHER_AMOUNT, _CONDITION, _UNDUE, _UNEXPECTED = range(1, len(REASONS))


@dataclass(frozen=True, slots=True)
class Settled:
    """The lines of arrears, and by programme whose money would be claimed back because of a condition, not only a figure."""

    pieces: list[Piece]
    held: dict[str, NDArray[np.bool_]]


class _Owing(NamedTuple):
    """What one month came to for the subjects of one programme that have a line."""

    rows: NDArray[np.intp]
    kind: NDArray[np.intp]
    reason: NDArray[np.uint8]
    due: Side
    then: Side
    paid: NDArray[np.int64]
    difference: NDArray[np.int64]
    in_payment: NDArray[np.int8]


def arrears_of(
    plan: Plan, subjects: Subjects, evaluations: Evaluations, words: Vocabularies, totals: Totals
) -> Settled:
    """The lines of every month to settle, and their sums."""
    settled = Settled([], {})
    owing: dict[str, list[_Owing]] = {}
    for month in plan.retroactive:
        sides: list[Verdicts] = []
        for programme in plan.settled(month):
            text = plan.rules.programmes[programme]
            paid = subjects.paid(text.name, month.month, text.level)
            if not (programme in month.figures or programme in month.rules or paid.given.any()):
                continue
            sides = sides or evaluations.verdicts(month.then, month.now)
            received = subjects.received(text.name, text.level)
            receipt = evaluations.in_payment(programme, month.month)
            found = _settle(programme, month, sides, receipt, paid, received)
            if not len(found.rows):
                continue
            owing.setdefault(programme, []).append(found)
            settled.pieces.append(_piece(plan, programme, month, found, subjects, words))
            _count(programme, month, found, subjects, totals, text.level)
    for programme, months in owing.items():
        _count_households(programme, months, subjects, totals, plan.rules.programmes[programme].level)
        held = np.zeros(subjects.count(plan.rules.programmes[programme].level), np.bool_)
        for found in months:
            held[found.rows[found.reason == _CONDITION]] = True
        if held.any():
            settled.held[programme] = held
    totals.arrears_lines += sum(len(piece.household) for piece in settled.pieces)
    return settled


def _settle(
    programme: str, month: Retroactive, sides: Sequence[Verdicts], receipt: Truths, paid: Told, received: Told
) -> _Owing:
    """Compares what is due with what was paid for one programme and month; only those that differ are given."""
    asked = receipt[0] | ~receipt[1]
    changed = programme in month.figures or programme in month.rules
    unexpected = ~asked & paid.given & (paid.amount != 0)
    rows = np.flatnonzero((asked if changed else asked & paid.given) | unexpected)
    columns = [side.programmes.get(programme) for side in sides]
    before, due = (Side.of(column, rows) for column in columns)
    paid, received = paid.at(rows), received.at(rows)
    receives, known, unexpected = receipt[0][rows], receipt[1][rows], unexpected[rows]
    difference = due.low - np.where(paid.given, paid.amount, before.low)
    less = difference < 0
    held = less & (~_alike(before, due, columns, rows) | (programme in month.rules))
    reason = _reasons(due, before, paid, received, held)
    reason[~known] = _RECEIPT
    reason[unexpected] = _UNEXPECTED
    # Nothing is due on either side, and nobody says that anything was paid.
    refused = (due.outcome == INELIGIBLE) | (due.outcome == NO_VERDICT)
    idle = refused & ~paid.given & ~before.possible
    settled = due.exact & (paid.given | before.exact)
    chosen = np.flatnonzero(~idle & (~settled | (difference != 0)))
    rows, reason, difference = rows[chosen], reason[chosen], difference[chosen]
    return _Owing(
        rows=rows,
        kind=np.where(reason != 0, 2, np.where(difference > 0, 0, 1)),
        reason=reason,
        due=_chosen(due, chosen),
        then=_chosen(before, chosen),
        paid=np.where(paid.given, paid.amount, Piece.NO_AMOUNT)[chosen],
        difference=np.where(reason == 0, difference, Piece.NO_AMOUNT),
        in_payment=np.where(known, receives, NOTHING).astype(np.int8)[chosen],
    )


def _alike(
    before: Side, due: Side, columns: Sequence[ProgrammeVerdicts | None], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Where a subject is eligible then and now in the same way, so that only figures can have moved the amount."""
    one, other = columns
    if one is None or other is None:
        return np.zeros(len(rows), np.bool_)
    same: NDArray[np.bool_] = one.routes[rows] == other.routes[rows]
    return before.eligible & due.eligible & same


def _reasons(due: Side, then: Side, paid: Told, received: Told, held: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Why the difference of who is in payment is not certain, as a position in `REASONS`; the later ones here outweigh the earlier."""
    reason = np.zeros(len(held), np.uint8)
    reason[~paid.given & received.given & (received.amount != then.low)] = _OTHER_AMOUNT
    reason[held] = _CONDITION
    reason[held & paid.given & ~then.possible] = _UNDUE
    reason[~paid.given & ~then.eligible] = _CONTRADICTED
    reason[~paid.given & ~then.exact] = _THEN
    reason[~due.exact] = _DUE
    return reason


def _chosen(side: Side, rows: NDArray[np.intp]) -> Side:
    return Side(side.outcome[rows], side.low[rows], side.high[rows], side.exact[rows])


def _piece(
    plan: Plan, programme: str, month: Retroactive, found: _Owing, subjects: Subjects, words: Vocabularies
) -> Piece:
    text = plan.rules.programmes[programme]
    kinds = np.array([words["kind"].code(word) for word in KINDS], np.int32)
    reasons = np.array([words["note"].code(word) for word in REASONS], np.int32)
    before, after = (
        np.array([words[name].code(word) for word in OUTCOME_WORDS.values()], np.int32)
        for name in ("outcome_before", "outcome_after")
    )
    (before_low, before_high), (after_low, after_high) = found.then.bounds(), found.due.bounds()
    edition = month.now if month.now.programme(programme) is not None else month.then
    assumed = [assumption.id for assumption in edition.assumptions_of(programme)]
    values: dict[str, Any] = {
        "programme": words["programme"].code(text.name),
        "kind": kinds[found.kind],
        "month": words["month"].code(str(month.month)),
        "change": NOTHING,
        "outcome_before": before[found.then.outcome],
        "outcome_after": after[found.due.outcome],
        "before_low": before_low,
        "before_high": before_high,
        "after_low": after_low,
        "after_high": after_high,
        "paid": found.paid,
        "difference": found.difference,
        "criteria": NOTHING,
        "clauses": NOTHING,
        "note": reasons[found.reason],
        "in_payment": found.in_payment,
        "assumptions": words["assumptions"].code("、".join(assumed)),
    }
    personal = text.level is Level.PERSON
    household = subjects.household_of[found.rows] if personal else found.rows
    person = found.rows if personal else np.full(len(found.rows), NOTHING)
    return Piece(household, person, values)


def _count(
    programme: str, month: Retroactive, found: _Owing, subjects: Subjects, totals: Totals, level: Level
) -> None:
    household = subjects.household_of[found.rows] if level is Level.PERSON else found.rows
    cells = Cells(subjects.district[household] * len(KINDS) + found.kind)
    amounts = cells.sums(np.where(found.reason == 0, np.abs(found.difference), 0))
    for code, lines, amount in zip(cells.codes, cells.counts().tolist(), amounts.tolist(), strict=True):
        district, kind = divmod(code, len(KINDS))
        key = (programme, subjects.districts[district], str(month.month), KINDS[kind])
        totals.count("arrears", key, lines, amount)


def _count_households(
    programme: str, months: list[_Owing], subjects: Subjects, totals: Totals, level: Level
) -> None:
    """How many households have a line of each kind, in whatever month."""
    for kind, word in enumerate(KINDS):
        rows = np.concatenate([found.rows[found.kind == kind] for found in months])
        household = np.sort(subjects.household_of[rows]) if level is Level.PERSON else np.sort(rows)
        if len(household):
            totals.count("owed", (programme, word), len(once(household)))
