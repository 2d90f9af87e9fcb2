"""The slow truth behind re-evaluation: verdicts and facts of register rows by the reference engine, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from eligibility.case import Case, Context, receipt_fact
from eligibility.engines.reference import Evaluator, Result
from eligibility.engines.verdicts import ProgrammeVerdicts, Verdicts
from eligibility.quantities import Month
from eligibility.reevaluation.evaluation import Evaluations
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.totals import Totals
from eligibility.register.cases import case_of
from eligibility.register.store import Register
from eligibility.ruleset import Edition
from eligibility.values import Level, bounds

COLUMNS = ("outcome", "low", "high", "met", "unknown", "routes")
CODES = {True: 1, False: 2, None: 3}


@lru_cache(maxsize=32)
def evaluator(edition: Edition) -> Evaluator:
    return Evaluator(edition)


def numbers(result: Result) -> tuple[int, ...]:
    """One result of the reference engine as the numbers of `ProgrammeVerdicts`."""
    if not result.applies:
        return (0,) * len(COLUMNS)
    low = high = 0
    if result.verdict is not False and result.amount_unknown:
        low = high = -1
    elif result.verdict is not False and result.amount is not None:
        low, high = (int(end) for end in bounds(result.amount))  # type: ignore[arg-type]
    met, unknown = (sum(1 << i for i, s in enumerate(result.statuses) if s is x) for x in (True, None))
    names = [*(route.name for route in result.programme.routes), ""]
    taken = {result.route} if isinstance(result.route, str) else result.route
    return CODES[result.verdict], low, high, met, unknown, sum(1 << names.index(name) for name in taken)


def verdicts_of(edition: Edition, cases: Iterable[tuple[Case, int]]) -> Verdicts:
    """The verdicts of cases, each with the number of its members in the register."""
    sizes, results = [], []
    for case, size in cases:
        context = Context(case, edition.month)
        place = {person.id: i for i, person in enumerate(case.members)}
        found = evaluator(edition).evaluate(context)
        results.append((len(sizes), [place[m.id] for m in context.members], found.results))
        sizes.append(size)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    programmes = {}
    for programme in edition.programmes:
        count = len(sizes) if programme.level is Level.HOUSEHOLD else int(offsets[-1])
        table = [[0] * count for _ in COLUMNS]
        for household, places, found in results:
            for result in found:
                if result.programme is programme:
                    person = result.person
                    row = household if person is None else int(offsets[household]) + places[person]
                    for column, value in zip(table, numbers(result), strict=True):
                        column[row] = value
        kinds = (np.uint8, np.int64, np.int64, np.uint64, np.uint64, np.uint64)
        arrays = {n: np.array(c, k) for n, c, k in zip(COLUMNS, table, kinds, strict=True)}
        programmes[programme.id] = ProgrammeVerdicts(programme, **arrays)
    return Verdicts(edition, offsets, programmes)


class ReferenceEvaluations(Evaluations):
    """The same as `Evaluations`, from cases."""

    def _cases(self) -> list[tuple[Case, int]]:
        if not hasattr(self, "_made"):
            kinds = tuple(self.plan.rules.income_kinds)
            self._made = [(case_of(row, kinds), len(row["成员"])) for row in self.batch.to_pylist()]
        return self._made

    def evaluate(self, editions: Sequence[Edition]) -> list[Verdicts]:
        return [verdicts_of(edition, self._cases()) for edition in editions]

    def read(self, month: Month) -> pa.RecordBatch:
        household: dict[str, list[Any]] = {}
        persons: list[list[dict[str, Any]]] = []
        facts = [receipt_fact(t.id, t.name, t.level) for t in self.plan.rules.programmes.values()]
        for case, _ in self._cases():
            context = Context(case, month)
            present = {member.id for member in context.members}
            for fact in facts:
                if fact.level is Level.HOUSEHOLD:
                    household.setdefault(fact.name, []).append(fact.read(None, context))
            persons.append(
                [
                    {"在册": person.id in present}
                    | {f.name: f.read(person, context) for f in facts if f.level is Level.PERSON}
                    for person in case.members
                ]
            )
        struct = pa.struct(
            [("在册", pa.bool_()), *((f.name, pa.bool_()) for f in facts if f.level is Level.PERSON)]
        )
        columns = {name: pa.array(values, pa.bool_()) for name, values in household.items()}
        return pa.RecordBatch.from_pydict({**columns, "成员": pa.array(persons, pa.list_(struct))})


def nothing_missing(plan: Plan, register: Register, totals: Totals) -> dict[str, Any]:
    """In place of `missing_facts` where verdicts are drawn and the reference engine would not agree."""
    return {"undetermined": sum(row[0] for row in totals.open.values()), "facts": []}


class DrawnEvaluations(Evaluations):
    """Verdicts drawn at random, the same for the same edition and batch: quick, and of every kind."""

    def evaluate(self, editions: Sequence[Edition]) -> list[Verdicts]:
        return [self._drawn(edition) for edition in editions]

    def _drawn(self, edition: Edition) -> Verdicts:
        members = self.batch.column("成员")
        offsets = members.offsets.to_numpy().astype(np.int64)
        first = self.batch.column("家庭编号")[0].as_py()
        text = f"{edition.edition_digest}{edition.month}{first}"
        draw = np.random.default_rng(list(text.encode()))
        programmes = {}
        for programme in edition.programmes:
            size = len(offsets) - 1 if programme.level is Level.HOUSEHOLD else int(offsets[-1] - offsets[0])
            outcome = draw.choice(np.array([0, 1, 1, 2, 3], np.uint8), size)
            low = draw.choice(np.array([100, 145_000, 148_000]), size)
            high = np.where(outcome == 3, low + 1, low)
            paid = (outcome % 2 == 1) & (programme.kind != "status")
            criteria = np.uint64(1 << len(programme.criteria))
            met = draw.integers(0, criteria, size, np.uint64)
            unknown = np.where(outcome == 3, draw.integers(0, criteria, size, np.uint64) & ~met, 0)
            routes = draw.integers(0, 1 << len(programme.routes), size, np.uint64)
            numbers = (np.where(paid, low, 0), np.where(paid, high, 0))
            masks = (met, unknown.astype(np.uint64), routes)
            programmes[programme.id] = ProgrammeVerdicts(programme, outcome, *numbers, *masks)
        return Verdicts(edition, offsets - offsets[0], programmes)

    def read(self, month: Month) -> pa.RecordBatch:
        texts = self.plan.rules.programmes.values()
        of_household = {f"在享.{t.name}": True for t in texts if t.level is Level.HOUSEHOLD}
        of_person = {f"在享.{t.name}": True for t in texts if t.level is Level.PERSON} | {"在册": True}
        rows = [
            {**of_household, "成员": [of_person] * len(members)}
            for members in self.batch.column("成员").to_pylist()
        ]
        return pa.RecordBatch.from_pylist(rows)
