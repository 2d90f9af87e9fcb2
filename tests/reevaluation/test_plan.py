from __future__ import annotations

import pickle
import shutil
from datetime import date
from pathlib import Path

import pytest

from eligibility.errors import InputError, RulesetError
from eligibility.quantities import Month
from eligibility.reevaluation.plan import Plan, Point
from eligibility.ruleset import Ruleset, load_ruleset

LATE = {"dibao", "low_income", "dibao_margin", "single_person_dibao", "serious_illness_supplement"}


def test_a_point_is_a_month_and_a_day() -> None:
    assert Point.parse("2025-06@2025-06-30") == Point(Month("2025-06"), date(2025, 6, 30))
    assert Point.parse("2025-06") == Point(Month("2025-06"))
    assert str(Point.parse("2025-06@2025-06-30")) == "2025-06@2025-06-30"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2025-13", "没有 13 月"),
        ("2025-6", "应写成 2025-06"),
        ("2025-06@", "写法如 2025-08-15"),
        ("2025-06@六月", "写法如 2025-08-15"),
        ("2025-06@2025-6-5", "应写成 2025-06-05"),
        ("@2025-06-30", "写法应如 2025-08"),
        ("2025-06@2025-02-30", "没有 2025-02-30 这一天"),
    ],
)
def test_a_point_that_is_none(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Point.parse(text)


def test_months_told_late_are_settled(plan: Plan) -> None:
    assert [str(month.month) for month in plan.retroactive] == ["2025-07", "2025-08", "2025-09"]
    first = plan.retroactive[0]
    assert (first.then.known_on, first.now.known_on) == (date(2025, 6, 30), date(2025, 9, 30))
    assert first.figures >= LATE
    assert "nursing_allowance" not in first.figures | first.rules
    assert not first.rules
    # the nursing allowance has no rule of arrears, a status pays nothing
    assert set(plan.settled(first)) == {
        "dibao",
        "single_person_dibao",
        "serious_illness_supplement",
        "child_allowance",
        "living_allowance",
    }


@pytest.mark.parametrize(
    ("before", "after", "through", "months"),
    [
        ("2025-06@2025-09-30", "2025-07@2025-09-30", "2025-09", 0),  # nothing was learnt in between
        ("2025-06", "2025-07", "2025-09", 0),  # everything was known
        ("2025-06@2025-06-30", "2025-07", "2025-09", 3),
        ("2025-07@2025-06-30", "2025-07@2025-09-30", None, 1),  # the same month, known better
        ("2025-06@2025-06-30", "2025-07@2025-09-30", None, 1),
        ("2025-06@2025-06-30", "2025-09@2025-09-30", None, 3),
        ("2025-06@2025-06-30", "2025-09@2025-09-30", "2025-08", 2),
        (
            "2025-06@2025-06-30",
            "2025-06@2025-09-30",
            "2025-09",
            3,
        ),  # asked for, though later than the after month
    ],
)
def test_which_months_are_settled(
    beijing: Ruleset, before: str, after: str, through: str | None, months: int
) -> None:
    assert len(Plan.of(beijing, before, after, through).retroactive) == months


@pytest.mark.parametrize(
    ("before", "after", "through", "message"),
    [
        ("2025-09@2025-09-30", "2025-07@2025-06-30", None, "2025-09.*晚于.*2025-07"),
        ("2025-08", "2025-07", None, "2025-08.*晚于.*2025-07"),
        ("2025-07@2025-09-30", "2025-07@2025-06-30", None, "知悉日.*2025-09-30.*晚于.*2025-06-30"),
        ("2025-06@2025-09-30", "2025-07@2025-06-30", None, "知悉日.*晚于"),
        ("2025-06", "2025-07@2025-09-30", None, "--before 没有写知悉日"),
        ("2025-06@2025-06-30", "2025-09@2025-09-30", "2025-06", "第一个要补算的月份是 2025-07"),
    ],
)
def test_points_the_wrong_way_round(
    beijing: Ruleset, before: str, after: str, through: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Plan.of(beijing, before, after, through)


def test_a_plan_is_made_again_elsewhere(beijing: Ruleset, plan: Plan) -> None:
    packed = pickle.dumps(plan)
    assert len(packed) < 1000
    again = pickle.loads(packed)
    assert again == plan
    assert again.rules is not plan.rules
    assert again.edition_after.edition_digest == plan.edition_after.edition_digest
    assert pickle.loads(packed).rules is again.rules
    overlaid = load_ruleset("beijing", overlays=["beijing-reading-a16"])
    there = pickle.loads(pickle.dumps(Plan.of(overlaid, "2025-06", "2025-07", name="beijing")))
    assert there.rules.overlays == ("beijing-reading-a16",)


def test_a_rule_of_arrears_nobody_computes_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "beijing"
    shutil.copytree(Path(__file__).parents[2] / "rulesets" / "beijing", folder)
    file = folder / "programmes" / "dibao.yaml"
    file.write_text(file.read_text("utf-8").replace("for: in_payment", "for: all"), "utf-8")
    rules = load_ruleset(folder)
    Plan.of(rules, "2025-06", "2025-07")  # where nothing is settled, no rule is needed
    with pytest.raises(RulesetError, match=r"低保.*for: all"):
        Plan.of(rules, "2025-06@2025-06-30", "2025-07@2025-09-30")


def test_a_month_out_of_coverage(beijing: Ruleset) -> None:
    with pytest.raises(InputError, match="2015-06"):
        Plan.of(beijing, "2015-06", "2025-07")
