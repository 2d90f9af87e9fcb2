"""The lines of a batch against the definition, subject by subject, from the reference engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from eligibility.engines.verdicts import Verdicts
from eligibility.reevaluation.lines import LINE_SCHEMA, PLAIN_SCHEMA, Work, lines_of, work_of
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.totals import Totals
from eligibility.values import Level

from .oracle import ReferenceEvaluations

NONE, ELIGIBLE, INELIGIBLE, UNDETERMINED, NOT_IN_FORCE = range(5)
Line = dict[str, Any]


@pytest.fixture(scope="module")
def work(plan: Plan, batch: pa.RecordBatch) -> Work:
    return work_of(plan, batch, 3, evaluating=ReferenceEvaluations)


@pytest.fixture(scope="module")
def evaluations(plan: Plan, batch: pa.RecordBatch) -> ReferenceEvaluations:
    return ReferenceEvaluations(plan, batch)


def subjects(batch: pa.RecordBatch, level: Level) -> Iterator[tuple[int, str, str | None]]:
    """Every subject of a level: position in the columns of verdicts, household, member."""
    position = 0
    for number, row in enumerate(batch.to_pylist()):
        if level is Level.HOUSEHOLD:
            yield number, row["家庭编号"], None
            continue
        for member in row["成员"]:
            yield position, row["家庭编号"], member["成员编号"]
            position += 1


def side(verdicts: Verdicts, programme: str, position: int) -> Line:
    if programme not in verdicts.programmes:
        return {"outcome": NOT_IN_FORCE, "low": 0, "high": 0, "met": 0, "unknown": 0}
    return verdicts.of(programme, position)


def exact(found: Line) -> int | None:
    """The one figure of a side, 0 where nothing is due; None if there is none."""
    if found["outcome"] == UNDETERMINED:
        return None
    return found["low"] if found["low"] == found["high"] >= 0 else None


def expected_change(old: Line, new: Line, receives: bool, held: bool) -> str | None:
    was, now = old["outcome"], new["outcome"]
    if ELIGIBLE not in (was, now) and UNDETERMINED not in (was, now):
        return "待核" if receives else None
    if UNDETERMINED in (was, now) or held:
        return "待核"
    if was == ELIGIBLE and now != ELIGIBLE:
        return "退出"
    before, after = exact(old), exact(new)
    if after is None or before is None:
        return "待核"
    if was != ELIGIBLE:
        return "新增"
    return "增发" if after > before else "减发" if after < before else "不变"


def test_the_schema_is_fixed(work: Work) -> None:
    work.lines.validate(full=True)
    assert work.lines.schema == LINE_SCHEMA
    assert pa.Table.from_batches([work.lines]).cast(PLAIN_SCHEMA).num_rows == work.lines.num_rows


def test_changes_are_the_definition(
    plan: Plan, batch: pa.RecordBatch, work: Work, evaluations: ReferenceEvaluations
) -> None:
    before, after = evaluations.verdicts(plan.edition_before, plan.edition_after)
    wanted = {}
    claimed = {
        (line["household_id"], line["member_id"], line["programme"])
        for line in work.arrears.to_pylist()
        if line["note"] == "追回出自追溯改变的条件"
    }
    for programme in plan.programmes:
        text = plan.rules.programmes[programme]
        receives, _ = evaluations.in_payment(programme, plan.after.month)
        for position, household, member in subjects(batch, text.level):
            old, new = side(before, programme, position), side(after, programme, position)
            held = (household, member, text.name) in claimed
            change = expected_change(old, new, bool(receives[position]), held)
            if change is not None:
                known = change != "待核" and text.kind != "status" and exact(old) is not None
                difference = (exact(new) or 0) - (exact(old) or 0) if known else None
                wanted[household, member, text.name] = (change, difference)
    lines = work.changes.to_pylist()
    assert {
        (line["household_id"], line["member_id"], line["programme"]): (line["change"], line["difference"])
        for line in lines
    } == wanted
    assert len(lines) == len(wanted) > 100
    assert {line["change"] for line in lines} >= {"新增", "退出", "增发", "不变", "待核"}
    assert {line["kind"] for line in lines} == {"变动"}


def test_the_criteria_that_turned_are_named(plan: Plan, work: Work) -> None:
    lines = work.changes.to_pylist()
    entered = [line for line in lines if (line["programme"], line["change"]) == ("低保", "新增")]
    assert entered
    for line in entered:
        assert line["criteria"] == "DB-INCOME 家庭月人均收入低于低保标准"
        assert line["clauses"] == "《社会救助暂行办法》（国务院令第649号）第九条"
    left = [line for line in lines if (line["programme"], line["change"]) == ("低收入", "退出")]
    assert left
    assert all(line["criteria"].startswith("LI-NOT-DIBAO 不符合低保") for line in left)
    raised = [line for line in lines if (line["programme"], line["change"]) == ("低保", "增发")]
    assert raised
    for line in raised:
        assert line["criteria"] == "低保标准 1,450.00元→1,480.00元"
        assert line["clauses"] == "《关于调整本市最低生活保障标准的通知》（京民发〔2025〕50号）"
    assert all(line["criteria"] is None for line in lines if line["change"] == "不变")
    open_ones = [line for line in lines if line["note"] == "新结论未定"]
    assert open_ones
    assert all(line["criteria"] for line in open_ones)


def expected_arrears(
    plan: Plan, batch: pa.RecordBatch, evaluations: ReferenceEvaluations
) -> Iterator[tuple[tuple[str, str | None, str, str], tuple[str, int | None]]]:
    """Arrears by their definition (no rule changed, and the sample's payments are as the register says)."""
    rows = {row["家庭编号"]: row for row in batch.to_pylist()}
    for month in plan.retroactive:
        then, now = evaluations.verdicts(month.then, month.now)
        for programme in plan.settled(month):
            text = plan.rules.programmes[programme]
            receives, known = evaluations.in_payment(programme, month.month)
            for position, household, member in subjects(batch, text.level):
                cells = rows[household]
                if member is not None:
                    cells = next(m for m in cells["成员"] if m["成员编号"] == member)
                paid = cells.get(f"已发.{text.name}.{month.month}")
                changed = programme in month.figures
                unexpected = known[position] and not receives[position]
                if not paid if unexpected else not (changed or paid is not None):
                    continue
                old, new = side(then, programme, position), side(now, programme, position)
                key = (household, member, text.name, str(month.month))
                due, base = exact(new), paid if paid is not None else exact(old)
                refused = old["outcome"] in (NONE, INELIGIBLE) and new["outcome"] in (NONE, INELIGIBLE)
                if (refused and paid is None) or (due is not None and due == base):
                    continue
                contradicted = paid is None and old["outcome"] in (NONE, INELIGIBLE)
                amount = cells.get(f"在享月额.{text.name}")
                differs = paid is None and amount is not None and amount != exact(old)
                alike = old["outcome"] == new["outcome"] == ELIGIBLE and old["routes"] == new["routes"]
                open_ = due is None or base is None
                turned = not open_ and due < base and not alike
                if open_ or contradicted or differs or turned or unexpected or not known[position]:
                    yield key, ("待核", None)
                else:
                    yield key, ("补发" if due > base else "追回", due - base)


def test_arrears_are_the_definition(
    plan: Plan, batch: pa.RecordBatch, work: Work, evaluations: ReferenceEvaluations
) -> None:
    wanted = dict(expected_arrears(plan, batch, evaluations))
    lines = work.arrears.to_pylist()
    found = {
        (line["household_id"], line["member_id"], line["programme"], line["month"]): (
            line["kind"],
            line["difference"],
        )
        for line in lines
    }
    assert found == wanted
    assert len(lines) == len(wanted)
    assert {"补发", "待核"} <= {line["kind"] for line in lines}


def test_the_sums_are_those_of_the_lines(work: Work, batch: pa.RecordBatch) -> None:
    totals = work.totals
    by_change: Counter[str] = Counter()
    for (_, _, change), row in totals.changes.items():
        by_change[change] += row[0]
    del by_change[""]
    assert by_change == Counter(line["change"] for line in work.changes.to_pylist())
    arrears: Counter[tuple[str, str]] = Counter()
    amounts: Counter[str] = Counter()
    for line in work.arrears.to_pylist():
        arrears[line["month"], line["kind"]] += 1
        amounts[line["kind"]] += abs(line["difference"] or 0)
    counted: Counter[tuple[str, str]] = Counter()
    summed: Counter[str] = Counter()
    for (_, _, month, kind), (count, amount) in totals.arrears.items():
        counted[month, kind] += count
        summed[kind] += amount
    assert counted == arrears
    assert summed == amounts
    assert totals.households == batch.num_rows
    assert (totals.change_lines, totals.arrears_lines) == (work.changes.num_rows, work.arrears.num_rows)
    programmes = Counter[str]()
    for (programme, _, _), row in totals.outcomes.items():
        programmes[programme] += row[0]
    assert programmes["dibao"] == totals.households
    assert programmes["tekun"] == totals.persons
    undetermined = [row[0] for (_, _, after), row in totals.outcomes.items() if after == "信息不足"]
    assert sum(undetermined) == sum(row[0] for row in totals.open.values()) > 0
    assert {row[1] for row in totals.open.values()} == {3}


def test_batches_add_up(plan: Plan, batch: pa.RecordBatch, work: Work) -> None:
    whole = Totals()
    lines = []
    for start in range(0, batch.num_rows, 25):
        part = work_of(plan, batch.slice(start, 25), 3, evaluating=ReferenceEvaluations)
        whole.add(Totals.read(part.totals.data()))
        lines += part.lines.to_pylist()
    firsts = {key: [row[0], 3] for key, row in work.totals.open.items()}
    assert {key: row[:2] for key, row in whole.open.items()} == firsts
    whole.open = work.totals.open
    assert whole == work.totals

    def key(line: Line) -> tuple[str, ...]:
        return tuple(str(line[name]) for name in ("household_id", "member_id", "programme", "kind", "month"))

    assert sorted(lines, key=key) == sorted(work.lines.to_pylist(), key=key)


def test_names_and_numbers_are_masked_unless_asked(plan: Plan, batch: pa.RecordBatch, work: Work) -> None:
    rows = {row["家庭编号"]: row for row in batch.to_pylist()}
    numbers = work.lines.column("identity_number").drop_null().to_pylist()
    assert numbers
    assert all(number[6:14] == "********" for number in numbers)
    open_plan = Plan.of(plan.rules, plan.before, plan.after, plan.through, identity_numbers=True)
    for line in work_of(open_plan, batch, evaluating=ReferenceEvaluations).lines.to_pylist():
        members = rows[line["household_id"]]["成员"]
        shown = [m for m in members if line["member_id"] in (None, m["成员编号"])]
        assert line["identity_number"] in [m["身份证号"] for m in shown]
        assert line["name"] in [m.get("姓名") for m in shown]


def test_the_kernel_gives_the_same_lines(plan: Plan, batch: pa.RecordBatch, work: Work) -> None:
    assert lines_of(plan, batch).to_pylist() == work.lines.to_pylist()
    assert work_of(plan, batch, 3).totals == work.totals


def test_no_household_no_line(plan: Plan, batch: pa.RecordBatch) -> None:
    empty = work_of(plan, batch.slice(0, 0), evaluating=ReferenceEvaluations)
    assert empty.lines.num_rows == 0
    assert empty.lines.schema == LINE_SCHEMA
