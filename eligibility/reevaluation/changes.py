"""What changes for each subject between two sides: 新增 退出 增发 减发 不变 待核, with the criteria that turned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..engines.verdicts import NO_VERDICT, ProgrammeVerdicts
from ..values import Level
from .criteria import distinct, matched
from .evaluation import Evaluations
from .pieces import NOT_IN_FORCE, NOTHING, OUTCOME_WORDS, Piece, Side, Vocabularies
from .plan import Plan
from .subjects import Subjects
from .totals import CHANGE_WIDTH, Totals, counts, once, sums

CHANGES: Final = ("新增", "退出", "增发", "减发", "不变", "待核")
ENTERS, LEAVES, GAINS, LOSES, KEEPS, REVIEW = range(len(CHANGES))
NO_CHANGE: Final = ""
"""In the totals: not eligible on either side."""
KIND: Final = "变动"
REASONS: Final = ("", "新结论未定", "原结论未定", "金额未定", "追回出自追溯的规则")
"""Why a line is 待核."""


def changes_of(
    plan: Plan,
    subjects: Subjects,
    evaluations: Evaluations,
    words: Vocabularies,
    totals: Totals,
    held: Mapping[str, NDArray[np.bool_]],
    number: int,
) -> list[Piece]:
    """The lines of all programmes, one for each subject that is eligible or undetermined on some side.

    `held` tells, by programme, whose arrears would be claimed back because of a rule and not a figure; those are 待核.
    """
    before, after = evaluations.verdicts(plan.edition_before), evaluations.verdicts(plan.edition_after)
    present = evaluations.present(plan.after.month)
    sizes = _sizes(subjects, present)
    pieces = []
    for programme in plan.programmes:
        comparison = _Comparison(
            plan, subjects, programme, before.programmes.get(programme), after.programmes.get(programme)
        )
        comparison.decide(held.get(programme))
        comparison.count(totals, sizes, number)
        if len(comparison.rows):
            pieces.append(comparison.piece(evaluations, words))
    return pieces


def _sizes(subjects: Subjects, present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many members each household has."""
    running = np.zeros(len(present) + 1, np.int64)
    np.cumsum(present, out=running[1:])
    return running[subjects.offsets[1:]] - running[subjects.offsets[:-1]]


class _Comparison:
    """One programme on both sides. `rows` are the subjects that give a line; the other columns run along them."""

    def __init__(
        self,
        plan: Plan,
        subjects: Subjects,
        programme: str,
        before: ProgrammeVerdicts | None,
        after: ProgrammeVerdicts | None,
    ) -> None:
        self.plan, self.subjects, self.id = plan, subjects, programme
        self.text = plan.rules.programmes[programme]
        self.personal = self.text.level is Level.PERSON
        size = subjects.persons if self.personal else subjects.households
        self.before, self.after = before, after
        self.outcomes = tuple(
            np.full(size, NOT_IN_FORCE, np.uint8) if side is None else side.outcome
            for side in (before, after)
        )
        # eligible and undetermined are the odd codes
        self.rows = np.flatnonzero((self.outcomes[0] | self.outcomes[1]) & 1)
        self.old, self.new = Side.of(before, self.rows), Side.of(after, self.rows)
        self.household = subjects.household_of[self.rows] if self.personal else self.rows.astype(np.int32)
        self.criteria = matched(programme, plan.edition_before, plan.edition_after)

    def decide(self, held: NDArray[np.bool_] | None) -> None:
        """The change of every row, why it is 待核, and the difference where it is certain."""
        old, new = self.old, self.new
        known = old.exact & new.exact
        difference = new.low - old.low
        change = np.where(difference > 0, GAINS, np.where(difference < 0, LOSES, KEEPS)).astype(np.uint8)
        change[new.eligible & ~old.eligible] = ENTERS
        leaves = old.eligible & ~new.eligible
        change[leaves] = LEAVES
        reason = np.zeros(len(self.rows), np.uint8)
        if held is not None:
            reason[held[self.rows]] = 4
        reason[~known & ~leaves] = 3
        reason[old.undetermined] = 2
        reason[new.undetermined] = 1
        change[reason != 0] = REVIEW
        self.change, self.reason = change, reason
        self.difference = np.where(known & (reason == 0), difference, Piece.NO_AMOUNT)

    def piece(self, evaluations: Evaluations, words: Vocabularies) -> Piece:
        """The rows as lines."""
        size = len(self.rows)
        changes = np.array([words["change"].code(word) for word in CHANGES], np.int32)
        reasons = np.array([words["note"].code(word) for word in REASONS], np.int32)
        outcome_codes = {
            name: np.array([words[name].code(word) for word in OUTCOME_WORDS.values()], np.int32)
            for name in ("outcome_before", "outcome_after")
        }
        criteria, clauses = self.criteria.say(self._turned(), words["criteria"], words["clauses"])
        true, known = evaluations.in_payment(self.id, self.plan.after.month)
        in_payment = np.where(known, true, NOTHING).astype(np.int8)
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
            "in_payment": in_payment[self.rows],
            "assumptions": words["assumptions"].code("、".join(self._assumptions())),
            "paid": Piece.NO_AMOUNT,
            **self._amounts(),
        }
        nobody = np.full(size, NOTHING, np.int32)
        return Piece(self.household, self.rows.astype(np.int32) if self.personal else nobody, values)

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

    def _turned(self) -> NDArray[np.uint64]:
        """The criteria that made the change; of open verdicts, those that are open."""
        old = self.criteria.hindering(self.before, self.rows, after=False)
        new = self.criteria.hindering(self.after, self.rows, after=True)
        turned = old ^ new
        for side in (self.old, self.new):
            turned[(side.outcome == NO_VERDICT) | (side.outcome == NOT_IN_FORCE)] = 0
        helped, hindered = turned & old, turned & new
        turned = np.where(self.change == ENTERS, helped, np.where(self.change == LEAVES, hindered, turned))
        for verdicts, side, after in ((self.before, self.old, False), (self.after, self.new, True)):
            open_ = np.flatnonzero(side.undetermined)
            if verdicts is not None and len(open_):
                turned[open_] = self.criteria.open(verdicts, self.rows[open_], after=after)
        return turned

    def count(self, totals: Totals, sizes: NDArray[np.int64], number: int) -> None:
        """Adds the programme to the partial sums."""
        self._count_outcomes(totals)
        self._count_changes(totals, sizes)
        self._count_covered(totals, sizes)
        self._count_open(totals, number)

    def _count_outcomes(self, totals: Totals) -> None:
        old, new = self.outcomes
        found = counts(old * np.uint8(8) + new, 64)
        for code in np.flatnonzero(found):
            key = (self.id, OUTCOME_WORDS[int(code) >> 3], OUTCOME_WORDS[int(code) & 7])
            totals.count("outcomes", key, int(found[code]))

    def _count_changes(self, totals: Totals, sizes: NDArray[np.int64]) -> None:
        districts, kinds = self.subjects.districts, len(CHANGES)
        size = len(districts) * kinds
        codes = self.subjects.district[self.household] * kinds + self.change
        subjects = counts(codes, size)
        if self.personal:
            households, persons = np.zeros(size, np.int64), subjects.tolist()
            for change in range(kinds):
                chosen = np.flatnonzero(self.change == change)
                chosen = chosen[once(self.household[chosen])]
                households += counts(codes[chosen], size)
        else:
            households, persons = subjects, sums(codes, sizes[self.household], size)
        amounts = [
            sums(codes, np.where(side.eligible & side.exact, side.low, 0), size)
            for side in (self.old, self.new)
        ]
        unsettled = [counts(codes[side.eligible & ~side.exact], size) for side in (self.old, self.new)]
        certain = np.where(self.difference == Piece.NO_AMOUNT, 0, self.difference)
        moved = [sums(codes, np.maximum(signed, 0), size) for signed in (certain, -certain)]
        for code in np.flatnonzero(subjects):
            key = (self.id, districts[int(code) // kinds], CHANGES[int(code) % kinds])
            columns: list[Any] = [subjects, households, persons, *amounts, *unsettled, *moved]
            totals.count("changes", key, *(int(column[code]) for column in columns))
        self._count_others(totals, subjects.reshape(-1, kinds).sum(axis=1))

    def _count_others(self, totals: Totals, lines: NDArray[np.int64]) -> None:
        """Those without a line, by district."""
        subjects = self.subjects
        of_all = subjects.district[subjects.household_of] if self.personal else subjects.district
        others = counts(of_all, len(subjects.districts)) - lines
        for code in np.flatnonzero(others):
            key = (self.id, subjects.districts[int(code)], NO_CHANGE)
            totals.count("changes", key, int(others[code]), *[0] * (CHANGE_WIDTH - 1))

    def _count_covered(self, totals: Totals, sizes: NDArray[np.int64]) -> None:
        districts = self.subjects.districts
        columns: list[Any] = []
        for side in (self.old, self.new):
            household = self.household[side.eligible]
            heads = household[once(household)]
            columns.append(counts(self.subjects.district[heads], len(districts)))
            codes = self.subjects.district[household]
            if self.personal:
                columns.append(counts(codes, len(districts)))
            else:
                columns.append(sums(codes, sizes[household], len(districts)))
        for code, district in enumerate(districts):
            row = [int(column[code]) for column in columns]
            if any(row):
                totals.count("covered", (self.id, district), *row)

    def _count_open(self, totals: Totals, number: int) -> None:
        """The groups of subjects that are undetermined with the same criteria open, each with its first subject."""
        chosen = np.flatnonzero(self.new.undetermined)
        if self.after is None or not len(chosen):
            return
        codes, masks = distinct(self.criteria.open(self.after, self.rows[chosen], after=True))
        found, first = counts(codes, len(masks)), np.empty(len(masks), np.intp)
        first[codes[::-1]] = chosen[::-1]
        for code, mask in enumerate(masks):
            household = int(self.household[first[code]])
            start = int(self.subjects.offsets[household])
            person = int(self.rows[first[code]]) - start if self.personal else NOTHING
            totals.count("open", (self.id, f"{mask:x}"), int(found[code]), number, household, person)
