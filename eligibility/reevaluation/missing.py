"""Which missing facts keep verdicts open, so that an office knows what to ask for first.

Subjects of a programme that are undetermined with the same criteria open form a group. The largest groups are looked
into, each through its first household, which is determined by the reference engine; what that household lacks is
counted for the whole group. So the counts of subjects are exact for the groups, and which facts they lack is that of one
household of each; how many subjects the groups looked into hold is said beside.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any, Final

from ..case import Context
from ..engines.reference import Evaluator, Place, open_amounts, open_criteria
from ..errors import EngineDisagreement, Problem
from ..language.nodes import Origin
from ..register.store import Register
from .plan import Plan
from .rows import case_under
from .totals import Totals

MOST_GROUPS: Final = 64
LAW: Final = "法规："
"""Stands before a figure or a reading of the law, which no household can supply."""


def missing_facts(plan: Plan, register: Register, totals: Totals) -> dict[str, Any]:
    """What is missing in the largest groups of undetermined subjects: how often, and how often alone.

    Raises `EngineDisagreement` where the reference engine does not find a verdict open that the kernel found so.
    """
    groups = sorted(totals.open.items(), key=lambda item: (-item[1][0], item[0]))
    chosen = sorted(groups[:MOST_GROUPS], key=lambda item: (item[1][1:], item[0]))
    involved: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    evaluator = Evaluator(plan.edition_after)
    for number, in_batch in groupby(chosen, lambda item: item[1][1]):
        batch = next(register.batches(number))
        for row, of_household in groupby(in_batch, lambda item: item[1][2]):
            household = _Household(evaluator, batch.slice(row, 1).to_pylist()[0])
            for (programme, _), (subjects, _, _, person) in of_household:
                names = household.missing(programme, person)
                involved.update(dict.fromkeys(names, subjects))
                if len(names) == 1:
                    alone[names[0]] += subjects
    return {
        "undetermined": sum(row[0] for row in totals.open.values()),
        "groups": len(groups),
        "examined": {"groups": len(chosen), "subjects": sum(row[0] for _, row in chosen)},
        "facts": [
            {"name": name, "subjects": count, "alone": alone[name]}
            for name, count in sorted(involved.items(), key=lambda item: (-alone[item[0]], -item[1], item[0]))
        ],
    }


class _Household:
    """One household as the reference engine sees it."""

    def __init__(self, evaluator: Evaluator, row: dict[str, Any]) -> None:
        self._evaluator, self._case = evaluator, case_under(row, evaluator.edition)
        self._context = Context(self._case, evaluator.edition.month)
        self._evaluation = evaluator.evaluate(self._context)

    def missing(self, programme: str, person: int) -> list[str]:
        """The names of what a verdict lacks, in reading order; `person` as in `Totals.open`."""
        subject = None if person < 0 else self._context.members.index(self._case.members[person])
        result = next(
            r for r in self._evaluation.results if r.programme.id == programme and r.person == subject
        )
        if not result.applies or result.verdict is not None:
            message = f"项目“{result.programme.name}”：列式引擎得出信息不足，参照引擎不然；不出结果"
            raise EngineDisagreement(Problem("engines-disagree", message, None, "请把规则集的版本报给维护者"))
        nodes = [criterion.test for criterion in open_criteria(result)] + open_amounts(result)
        nodes += [node for node in (result.programme.yields, result.programme.who) if node is not None]
        place = Place(subject)
        found = [leaf for node in nodes for leaf in self._evaluator.missing(node, self._evaluation, place)]
        names = (f"{LAW}{leaf.name}" if leaf.origin is Origin.PARAMETER else leaf.name for leaf in found)
        return list(dict.fromkeys(names))
