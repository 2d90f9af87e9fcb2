"""Arrears of single households, each a way money can be owed, claimed back, or open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from eligibility.engines.verdicts import ProgrammeVerdicts, Verdicts
from eligibility.quantities import Month
from eligibility.reevaluation.evaluation import Evaluations, Truths
from eligibility.reevaluation.lines import work_of
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.retroactive import Retroactive
from eligibility.ruleset import Edition

ELIGIBLE, INELIGIBLE, UNDETERMINED = 1, 2, 3
NO_VERDICT, UNKNOWN = (0, 0, 0), -1
Found = tuple[int, int, int]
"""Outcome, low and high."""
STANDARD_1450, STANDARD_1480 = (ELIGIBLE, 145_000, 145_000), (ELIGIBLE, 148_000, 148_000)
REFUSED, OPEN = (INELIGIBLE, 0, 0), (UNDETERMINED, 0, 148_000)


class Given(Evaluations):
    """One household whose 低保 is as given: then and now, by which routes, and whether it is in payment."""

    then: Found
    now: Found
    receives: bool | None
    routes: tuple[int, int]

    def evaluate(self, editions: Sequence[Edition]) -> list[Verdicts]:
        return [self._given(edition) for edition in editions]

    def _given(self, edition: Edition) -> Verdicts:
        is_now = edition.known_on == self.plan.after.known_on
        outcome, low, high = self.now if is_now else self.then
        programme = edition.programme("dibao")
        assert programme is not None
        masks = [np.zeros(1, np.uint64), np.zeros(1, np.uint64), np.array([self.routes[is_now]], np.uint64)]
        found = ProgrammeVerdicts(
            programme,
            np.array([outcome], np.uint8),
            np.array([low], np.int64),
            np.array([high], np.int64),
            *masks,
        )
        return Verdicts(edition, np.array([0, 1], np.int64), {"dibao": found})

    def read(self, month: Month) -> pa.RecordBatch:
        facts = {"在享.低保": pa.array([self.receives], pa.bool_()), "成员": [[{"在册": True}]]}
        return pa.RecordBatch.from_pydict(facts)

    def in_payment(self, programme: str, month: Month) -> Truths:
        if programme == "dibao":
            return super().in_payment(programme, month)
        return np.zeros(1, np.bool_), np.ones(1, np.bool_)


def settled(
    plan: Plan,
    then: Found,
    now: Found,
    receives: bool | None,
    paid: dict[str, int],
    *,
    amount: int | None = None,
    routes: tuple[int, int] = (1, 1),
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of arrears of one household, and its change."""
    row: dict[str, Any] = {
        "家庭编号": "1",
        "地区": "110112001001",
        **{f"已发.低保.{m}": fen for m, fen in paid.items()},
        **({} if amount is None else {"在享月额.低保": amount}),
        "成员": [{"成员编号": "1", "姓名": "张三", "身份证号": "110199198804120013"}],
    }
    made = type("_", (Given,), {"then": then, "now": now, "receives": receives, "routes": routes})
    work = work_of(plan, pa.RecordBatch.from_pylist([row]), evaluating=made)
    changes = [line for line in work.changes.to_pylist() if line["programme"] == "低保"]
    return work.arrears.to_pylist(), changes[0] if changes else {}


def kinds(lines: list[dict[str, Any]]) -> list[tuple[str, str, int | None]]:
    return [(line["month"], line["kind"], line["difference"]) for line in lines]


MONTHS = ("2025-07", "2025-08", "2025-09")


@pytest.mark.parametrize(
    ("then", "now", "receives", "kind", "difference", "note"),
    [
        (STANDARD_1450, STANDARD_1480, True, "补发", 3_000, None),
        (STANDARD_1480, STANDARD_1450, True, "追回", -3_000, None),
        (STANDARD_1450, REFUSED, True, "待核", None, "追回出自追溯改变的条件"),
        (STANDARD_1450, NO_VERDICT, True, "待核", None, "追回出自追溯改变的条件"),
        (STANDARD_1450, STANDARD_1480, None, "待核", None, "是否在享未知"),
        (STANDARD_1450, OPEN, True, "待核", None, "应发金额未定"),
        (STANDARD_1450, (ELIGIBLE, 0, 148_000), True, "待核", None, "应发金额未定"),
        (STANDARD_1450, (ELIGIBLE, UNKNOWN, UNKNOWN), True, "待核", None, "应发金额未定"),
        (OPEN, STANDARD_1480, True, "待核", None, "当时应发金额未定"),
        (OPEN, REFUSED, True, "待核", None, "当时应发金额未定"),
        (REFUSED, STANDARD_1480, True, "待核", None, "在享而当时认定不符合，实发未填"),
    ],
)
def test_every_month_is_settled(
    plan: Plan,
    then: Found,
    now: Found,
    receives: bool | None,
    kind: str,
    difference: int | None,
    note: str | None,
) -> None:
    lines, _ = settled(plan, then, now, receives, {})
    assert kinds(lines) == [(month, kind, difference) for month in MONTHS]
    assert {line["note"] for line in lines} == {note}
    assert {line["programme"] for line in lines} == {"低保"}


@pytest.mark.parametrize(
    ("then", "now", "receives"),
    [
        (STANDARD_1450, STANDARD_1450, True),
        (STANDARD_1450, STANDARD_1480, False),
        (REFUSED, STANDARD_1480, False),
        (OPEN, OPEN, False),
        (REFUSED, REFUSED, True),
        (REFUSED, REFUSED, None),
        (REFUSED, NO_VERDICT, True),
    ],
)
def test_nothing_is_owed(plan: Plan, then: Found, now: Found, receives: bool | None) -> None:
    lines, _ = settled(plan, then, now, receives, {})
    assert lines == []


def test_what_was_paid_counts_more_than_what_was_determined(plan: Plan) -> None:
    paid = {"2025-07": 148_000, "2025-08": 150_050, "2025-09": 100_001}
    lines, _ = settled(plan, STANDARD_1450, STANDARD_1480, True, paid)
    assert kinds(lines) == [("2025-08", "追回", -2_050), ("2025-09", "补发", 47_999)]
    assert [line["paid"] for line in lines] == [150_050, 100_001]
    assert [(line["before_low"], line["after_high"]) for line in lines] == [(145_000, 148_000)] * 2


def test_payments_settle_what_was_not_determined_then(plan: Plan) -> None:
    paid = dict.fromkeys(MONTHS, 145_000)
    for then in (OPEN, REFUSED):
        lines, _ = settled(plan, then, STANDARD_1480, True, paid)
        assert kinds(lines) == [(month, "补发", 3_000) for month in MONTHS]


def test_what_was_paid_without_a_title_is_looked_at(plan: Plan) -> None:
    for now in (REFUSED, (ELIGIBLE, 5, 5)):
        lines, _ = settled(plan, REFUSED, now, True, {"2025-07": 10, "2025-08": 10, "2025-09": 10})
        assert kinds(lines) == [(month, "待核", None) for month in MONTHS]
        assert {line["note"] for line in lines} == {"已发而当时认定不符合"}


def test_an_amount_that_fell_with_its_route_is_not_simply_claimed_back(plan: Plan) -> None:
    lines, change = settled(plan, STANDARD_1480, STANDARD_1450, True, {}, routes=(1, 2))
    assert kinds(lines) == [(month, "待核", None) for month in MONTHS]
    assert (change["change"], change["note"]) == ("待核", "追回出自追溯改变的条件")
    lines, change = settled(plan, STANDARD_1450, STANDARD_1480, True, {}, routes=(1, 2))
    assert kinds(lines) == [(month, "补发", 3_000) for month in MONTHS]
    assert change["change"] == "增发"


def test_an_amount_in_payment_that_is_not_what_was_determined(plan: Plan) -> None:
    lines, _ = settled(plan, STANDARD_1450, STANDARD_1480, True, {"2025-08": 147_000}, amount=147_000)
    assert kinds(lines) == [("2025-07", "待核", None), ("2025-08", "补发", 1_000), ("2025-09", "待核", None)]
    assert {line["note"] for line in lines} == {None, "在享月额与当时认定不同，实发未填"}
    lines, _ = settled(plan, STANDARD_1450, STANDARD_1480, True, {}, amount=145_000)
    assert kinds(lines) == [(month, "补发", 3_000) for month in MONTHS]
    assert settled(plan, STANDARD_1450, STANDARD_1450, True, {}, amount=147_000)[0] == []


def test_what_was_paid_to_somebody_not_in_payment_is_looked_at(plan: Plan) -> None:
    paid = {"2025-07": 50_000, "2025-08": 148_000, "2025-09": 0}
    lines, _ = settled(plan, STANDARD_1450, STANDARD_1480, False, paid)
    assert kinds(lines) == [("2025-07", "待核", None)]
    assert [(line["note"], line["paid"], line["in_payment"]) for line in lines] == [
        ("已发而当月不在享", 50_000, False)
    ]


def with_changed_rules(plan: Plan) -> Plan:
    """The same plan as if not the standard but a rule of 低保 had been told late."""
    months = tuple(
        Retroactive(m.month, m.then, m.now, m.figures - {"dibao"}, frozenset({"dibao"}))
        for m in plan.retroactive
    )
    copy = replace(plan)
    copy.__dict__["retroactive"] = months
    return copy


def test_a_rule_told_late_may_owe_but_never_claims_back(plan: Plan) -> None:
    changed = with_changed_rules(plan)
    lines, change = settled(changed, STANDARD_1450, STANDARD_1480, True, {})
    assert kinds(lines) == [(month, "补发", 3_000) for month in MONTHS]
    assert change["change"] == "增发"
    lines, change = settled(changed, STANDARD_1450, REFUSED, True, {"2025-08": 145_000})
    assert kinds(lines) == [(month, "待核", None) for month in MONTHS]
    assert {line["note"] for line in lines} == {"追回出自追溯改变的条件"}
    assert (change["change"], change["note"], change["difference"]) == (
        "待核",
        "追回出自追溯改变的条件",
        None,
    )


def test_months_whose_law_was_known_are_settled_by_payments_only(plan: Plan) -> None:
    copy = replace(plan)
    copy.__dict__["retroactive"] = tuple(
        Retroactive(m.month, m.then, m.now, frozenset(), frozenset()) for m in plan.retroactive
    )
    lines, _ = settled(copy, OPEN, OPEN, True, {})
    assert lines == []
    lines, _ = settled(copy, STANDARD_1450, STANDARD_1480, True, {"2025-09": 145_000})
    assert kinds(lines) == [("2025-09", "补发", 3_000)]


@pytest.mark.parametrize(
    ("before", "after", "change", "difference"),
    [
        (REFUSED, STANDARD_1480, "新增", 148_000),
        (NO_VERDICT, STANDARD_1480, "新增", 148_000),
        (STANDARD_1450, REFUSED, "退出", -145_000),
        (STANDARD_1450, NO_VERDICT, "退出", -145_000),
        ((ELIGIBLE, 0, 145_000), REFUSED, "退出", None),
        (STANDARD_1450, STANDARD_1480, "增发", 3_000),
        (STANDARD_1480, STANDARD_1450, "减发", -3_000),
        (STANDARD_1450, STANDARD_1450, "不变", 0),
        (STANDARD_1450, OPEN, "待核", None),
        (OPEN, STANDARD_1480, "待核", None),
        (OPEN, REFUSED, "待核", None),
        (REFUSED, (ELIGIBLE, 0, 148_000), "待核", None),
        ((ELIGIBLE, 0, 145_000), (ELIGIBLE, 146_000, 148_000), "待核", None),
        ((ELIGIBLE, UNKNOWN, UNKNOWN), (ELIGIBLE, UNKNOWN, UNKNOWN), "待核", None),
    ],
)
def test_changes(plan: Plan, before: Found, after: Found, change: str, difference: int | None) -> None:
    _, line = settled(plan, before, after, False, {})
    assert (line["change"], line["difference"]) == (change, difference)


@pytest.mark.parametrize("receives", [False, None])
def test_who_is_refused_twice_gives_no_line(plan: Plan, receives: bool | None) -> None:
    assert settled(plan, REFUSED, NO_VERDICT, receives, {}) == ([], {})


@pytest.mark.parametrize("after", [REFUSED, NO_VERDICT])
def test_who_is_refused_twice_and_in_payment_is_looked_at(plan: Plan, after: Found) -> None:
    _, line = settled(plan, REFUSED, after, True, {})
    assert (line["change"], line["note"], line["difference"]) == ("待核", "在享而两边都不符合", None)
    assert (line["outcome_before"], line["in_payment"]) == ("不符合", True)
    assert (
        line["criteria"] == "不再是对象" if after == NO_VERDICT else line["criteria"].startswith("DB-HUKOU")
    )
