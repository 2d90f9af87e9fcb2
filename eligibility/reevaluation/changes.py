"""What changes for each subject between two sides: 新增 退出 增发 减发 不变 待核, with the criteria that turned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..engines.verdicts import NO_VERDICT, ProgrammeVerdicts
from ..values import Level
from .criteria import Codes, distinct, matched
from .evaluation import Evaluations, Truths
from .pieces import BY_CONDITION, NOT_IN_FORCE, NOTHING, OUTCOME_WORDS, Piece, Side, Vocabularies
from .plan import Plan
from .subjects import Subjects
from .totals import CHANGE_WIDTH, Cells, Totals, counts, once

CHANGES: Final = ("新增", "退出", "增发", "减发", "不变", "待核")
ENTERS, LEAVES, GAINS, LOSES, KEEPS, REVIEW = range(len(CHANGES))
NO_CHANGE: Final = ""
"""In the totals: not eligible on either side."""
KIND: Final = "变动"
REASONS: Final = ("", "新结论未定", "原结论未定", "金额未定", BY_CONDITION, "在享而两边都不符合")
"""Why a line is 待核."""
_NEW, _OLD, _AMOUNT, _HELD, _PAID = range(1, len(REASONS))


def changes_of(
    plan: Plan,
    subjects: Subjects,
    evaluations: Evaluations,
    words: Vocabularies,
    totals: Totals,
    held: Mapping[str, NDArray[np.bool_]],
    number: int,
) -> list[Piece]:
    """The lines of all programmes, one for each subject that is eligible or undetermined on some side, or in payment.

    `held` tells, by programme, whose arrears would be claimed back because of a condition and not only a figure; those
    are 待核, and so is who is in payment and eligible on neither side.
    """
    before, after = evaluations.verdicts(plan.edition_before, plan.edition_after)
    sizes = subjects.sizes(evaluations.present(plan.after.month))
    pieces = []
    for programme in plan.programmes:
        sides = before.programmes.get(programme), after.programmes.get(programme)
        receipt = evaluations.in_payment(programme, plan.after.month)
        comparison = _Comparison(plan, subjects, programme, sides, receipt)
        comparison.decide(held.get(programme))
        comparison.count(totals, sizes, number)
        if len(comparison.rows):
            pieces.append(comparison.piece(words))
    return pieces


def compared(
    old: Side, new: Side, held: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """The change of every subject, why it is 待核, and the difference where it is certain.

    Changes and reasons are positions in `CHANGES` and `REASONS`; what is not certain is `Piece.NO_AMOUNT`. `held` as for
    `changes_of`, but along these subjects. Who is eligible or undetermined on no side is 待核, being in payment.
    """
    known = old.exact & new.exact
    difference = new.low - old.low
    leaves = old.eligible & ~new.eligible
    change = np.full(len(difference), KEEPS, np.uint8)
    reason = np.zeros(len(difference), np.uint8)
    if held is not None:
        np.putmask(reason, held, _HELD)
    for why, where in (
        (_PAID, ~(old.possible | new.possible)),
        (_AMOUNT, ~known & ~leaves),
        (_OLD, old.undetermined),
        (_NEW, new.undetermined),
    ):
        np.putmask(reason, where, why)
    for what, where in (
        (GAINS, difference > 0),
        (LOSES, difference < 0),
        (ENTERS, new.eligible & ~old.eligible),
        (LEAVES, leaves),
        (REVIEW, reason != 0),
    ):
        np.putmask(change, where, what)
    return change, reason, np.where(known & (reason == 0), difference, Piece.NO_AMOUNT)


class _Comparison:
    """One programme on both sides. `rows` are the subjects that give a line; the other columns run along them."""

    def __init__(
        self,
        plan: Plan,
        subjects: Subjects,
        programme: str,
        sides: tuple[ProgrammeVerdicts | None, ProgrammeVerdicts | None],
        receipt: Truths,
    ) -> None:
        self.plan, self.subjects, self.id = plan, subjects, programme
        self.text = plan.rules.programmes[programme]
        self.personal = self.text.level is Level.PERSON
        size = subjects.count(self.text.level)
        self.before, self.after = sides
        old, new = (np.full(size, NOT_IN_FORCE, np.uint8) if side is None else side.outcome for side in sides)
        self.pairs = old << 3 | new
        self.receives, self.told = receipt
        # eligible and undetermined are the odd codes; truths are searched faster than numbers
        self.rows = np.flatnonzero(((old | new) & 1).view(np.bool_) | self.receives)
        self.old, self.new = (Side.of(side, self.rows) for side in sides)
        self.household = subjects.household_of[self.rows] if self.personal else self.rows
        self.criteria = matched(programme, plan.edition_before, plan.edition_after)

    def decide(self, held: NDArray[np.bool_] | None) -> None:
        """The change of every row, why it is 待核, and the difference where it is certain."""
        held = None if held is None else held[self.rows]
        self.change, self.reason, self.difference = compared(self.old, self.new, held)

    def piece(self, words: Vocabularies) -> Piece:
        """The rows as lines."""
        changes = np.array([words["change"].code(word) for word in CHANGES], np.int32)
        reasons = np.array([words["note"].code(word) for word in REASONS], np.int32)
        outcome_codes = {
            name: np.array([words[name].code(word) for word in OUTCOME_WORDS.values()], np.int32)
            for name in ("outcome_before", "outcome_after")
        }
        criteria, clauses = self._told_why(words)
        values: dict[str, Any] = {
            "programme": words["programme"].code(self.text.name),
            "kind": words["kind"].code(KIND),
            "month": words["month"].code(str(self.plan.after.month)),
            "change": changes[self.change],
            "outcome_before": outcome_codes["outcome_before"][self.old.outcome],
            "outcome_after": outcome_codes["outcome_after"][self.new.outcome],
            "criteria": criteria,
            "clauses": clauses,
            "note": reasons[self.reason],
            "in_payment": np.where(self.told[self.rows], self.receives[self.rows], np.int8(NOTHING)),
            "assumptions": words["assumptions"].code("、".join(self._assumptions())),
            "paid": Piece.NO_AMOUNT,
            **self._amounts(),
        }
        nobody = np.full(len(self.rows), NOTHING)
        return Piece(self.household, self.rows if self.personal else nobody, values)

    def _told_why(self, words: Vocabularies) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """What the change rests on, and its clauses: criteria, else figures that moved alike, else who is a subject."""
        codes, masks = self._turned
        criteria, clauses = (
            said[codes] for said in self.criteria.say(masks, words["criteria"], words["clauses"])
        )
        silent = np.array([mask == 0 for mask in masks], np.bool_)[codes]
        for change in (GAINS, LOSES):
            moved = silent & (self.change == change)
            figures, documents = self.criteria.figures[change == GAINS]
            np.putmask(criteria, moved, words["criteria"].code(figures))
            np.putmask(clauses, moved, words["clauses"].code(documents))
        was, is_ = (side.outcome != NO_VERDICT for side in (self.old, self.new))
        out = (self.change == LEAVES) | (self.reason == _PAID)
        for said, where in (
            ("成为对象", (self.change == ENTERS) & ~was),
            ("不再是对象", out & was & ~is_),
            ("不是对象", out & ~was & ~is_),
        ):
            np.putmask(criteria, silent & where, words["criteria"].code(said))
        return criteria, clauses

    def _amounts(self) -> dict[str, Any]:
        if self.text.kind == "status":
            names = ("before_low", "before_high", "after_low", "after_high", "difference")
            return dict.fromkeys(names, Piece.NO_AMOUNT)
        (before_low, before_high), (after_low, after_high) = self.old.bounds(), self.new.bounds()
        return {
            "before_low": before_low,
            "before_high": before_high,
            "after_low": after_low,
            "after_high": after_high,
            "difference": self.difference,
        }

    def _assumptions(self) -> list[str]:
        edition = self.plan.edition_after
        if edition.programme(self.id) is None:
            edition = self.plan.edition_before
        return [assumption.id for assumption in edition.assumptions_of(self.id)]

    @cached_property
    def _turned(self) -> tuple[Codes, list[int]]:
        """The criteria that made the change, are open, or stand in the way of who is paid. Codes of the masks, and the masks."""
        old = self.criteria.hindering(self.before, self.rows, after=False)
        new = self.criteria.hindering(self.after, self.rows, after=True)
        told = np.where(self.change == ENTERS, old, np.where(self.change == LEAVES, new, old | new))
        turned = np.where(self.old.judged & self.new.judged, (old ^ new) & told, np.uint64(0))
        turned = np.where((self.reason == _PAID) & self.new.judged, new, turned)
        late = self.new.undetermined
        for verdicts, open_, after in (
            (self.before, self.old.undetermined & ~late, False),
            (self.after, late, True),
        ):
            places = np.flatnonzero(open_)
            if verdicts is not None and len(places):
                turned[places] = self.criteria.open(verdicts, self.rows[places], after=after)
        return distinct(turned)

    def count(self, totals: Totals, sizes: NDArray[np.int64], number: int) -> None:
        """Adds the programme to the partial sums."""
        self._count_outcomes(totals)
        self._count_changes(totals, sizes)
        self._count_covered(totals, sizes)
        self._count_open(totals, number)

    def _count_outcomes(self, totals: Totals) -> None:
        found = counts(self.pairs, 64)
        for code in np.flatnonzero(found).tolist():
            key = (self.id, OUTCOME_WORDS[code >> 3], OUTCOME_WORDS[code & 7])
            totals.count("outcomes", key, int(found[code]))

    def _count_changes(self, totals: Totals, sizes: NDArray[np.int64]) -> None:
        district, districts = self.subjects.district[self.household], self.subjects.districts
        cells = Cells(district * len(CHANGES) + self.change)
        subjects = cells.counts()
        if self.personal:
            households, persons = cells.runs(self.household), subjects
        else:
            households, persons = subjects, cells.sums(sizes[self.household])
        sides = self.old, self.new
        # one kind of change never gains here and loses there
        moved = cells.sums(np.where(self.difference == Piece.NO_AMOUNT, 0, self.difference))
        columns = [
            subjects,
            households,
            persons,
            *(cells.sums(np.where(side.eligible & side.exact, side.low, 0)) for side in sides),
            *(cells.sums(side.eligible & ~side.exact) for side in sides),
            *(np.maximum(signed, 0) for signed in (moved, -moved)),
        ]
        for code, row in zip(cells.codes, np.stack(columns, axis=1).tolist(), strict=True):
            place, change = divmod(code, len(CHANGES))
            totals.count("changes", (self.id, districts[place], CHANGES[change]), *row)
        everybody = self.subjects.persons_in if self.personal else self.subjects.households_in
        others = everybody - counts(district, len(districts))
        for name, number in zip(districts, others.tolist(), strict=True):
            if number:
                totals.count("changes", (self.id, name, NO_CHANGE), number, *[0] * (CHANGE_WIDTH - 1))

    def _count_covered(self, totals: Totals, sizes: NDArray[np.int64]) -> None:
        districts = self.subjects.districts
        columns: list[Any] = []
        for side in (self.old, self.new):
            household = self.household[np.flatnonzero(side.eligible)]
            district = self.subjects.district[household]
            if self.personal:
                columns.append(counts(district[once(household)], len(districts)))
                columns.append(counts(district, len(districts)))
            else:
                columns.append(counts(district, len(districts)))
                # sums of doubles, which are exact for so few persons
                columns.append(np.bincount(district, sizes[household], len(districts)).astype(np.int64))
        for name, row in zip(districts, np.stack(columns, axis=1).tolist(), strict=True):
            if any(row):
                totals.count("covered", (self.id, name), *row)

    def _count_open(self, totals: Totals, number: int) -> None:
        """The groups of subjects that are undetermined with the same criteria open, each with its first subject."""
        chosen = np.flatnonzero(self.new.undetermined)
        if not len(chosen):
            return
        codes, masks = self._turned
        codes = codes[chosen]
        found, first = counts(codes, len(masks)), np.empty(len(masks), np.intp)
        first[codes[::-1]] = chosen[::-1]
        groups = np.flatnonzero(found)
        first = first[groups]
        household = self.household[first]
        person = np.full_like(first, NOTHING)
        if self.personal:
            person = self.rows[first] - self.subjects.offsets[household]
        rows = np.stack([found[groups], household, person], axis=1).tolist()
        for group, (subjects, place, member) in zip(groups.tolist(), rows, strict=True):
            totals.count("open", (self.id, f"{masks[group]:x}"), subjects, number, place, member)
