"""Comparisons: differences against the baseline, criteria that turned with the values on every side, totals."""

from __future__ import annotations

import json

import pytest

from eligibility import Determination, Money, Outcome, Ruleset, determine, load_case
from eligibility.whatif.compare import compare
from eligibility.whatif.overrides import parse_override
from eligibility.whatif.scenario import Scenario, run_scenario

CASE = load_case("cases/单亲母亲与学童.yaml")


def supposed(rules: Ruleset, name: str, *texts: str, month: str = "2025-08") -> Determination:
    overrides = tuple(parse_override(text, rules) for text in texts)
    return run_scenario(CASE, rules, Scenario(name, overrides), month=month)


@pytest.fixture(scope="module")
def three(beijing: Ruleset) -> tuple[Determination, ...]:
    return (
        determine(CASE, beijing, month="2025-08"),
        supposed(beijing, "涨工资", '成员["母亲"].收入.工资性收入 = 3000'),
        supposed(beijing, "提标准", "低保标准 = 1600"),
    )


def test_outcomes_amounts_and_differences_side_by_side(three: tuple[Determination, ...]) -> None:
    comparison = compare(*three)
    aid = comparison.verdicts[0]
    assert aid.programme.name == "低保"
    assert aid.outcomes == (Outcome.ELIGIBLE, Outcome.INELIGIBLE, Outcome.ELIGIBLE)
    assert aid.differences == (Money(0), Money("-560.00"), Money("240.00"))
    (income,) = aid.turned
    assert income.id == "DB-INCOME"
    status = next(v for v in comparison.verdicts if v.programme.name == "低收入")
    assert status.outcomes == (Outcome.INELIGIBLE, Outcome.ELIGIBLE, Outcome.INELIGIBLE)
    assert status.differences == (None, None, None)  # a status pays nothing
    assert comparison.total_differences() == (Money(0), Money("-560.00"), Money("240.00"))


def test_the_text_says_what_turned_with_values_on_both_sides(three: tuple[Determination, ...]) -> None:
    text = compare(*three).text()
    assert "1. 现状　2025-08" in text
    assert '2. 涨工资（成员["母亲"].收入.工资性收入 = 3000）　2025-08' in text
    assert (
        "【低保】家庭：符合 每月 560.00元 ｜ 不符合 ｜ 符合 每月 800.00元　每月差 -560.00元 ｜ +240.00元"
        in text
    )
    assert "  ✓ ｜ ✗ ｜ ✓  DB-INCOME 家庭月人均收入低于低保标准" in text
    assert "      家庭月人均收入 1,200.00元 ｜ 1,500.00元 ｜ 1,200.00元" in text
    assert "      低保标准 1,480.00元 ｜ 1,480.00元 ｜ 1,600.00元" in text
    assert "每月合计：560.00元 ｜ 0.00元 ｜ 800.00元　每月差 -560.00元 ｜ +240.00元" in text
    assert "假设情景的结果不作认定依据" in text
    assert "【单人保】" not in text
    assert "【护理补贴】" not in text


def test_english(three: tuple[Determination, ...]) -> None:
    text = compare(*three).text("en")
    assert "[Minimum living allowance] household: eligible per month 560.00 yuan ｜ not eligible" in text
    assert "In all per month: 560.00 yuan ｜ 0.00 yuan ｜ 800.00 yuan" in text


def test_data_is_json_and_complete(three: tuple[Determination, ...]) -> None:
    data = json.loads(json.dumps(compare(*three).data()))
    assert data["determinations"][0]["scenario"] is None
    assert data["verdicts"][0]["differences"] == ["0.00", "-560.00", "240.00"]
    turned = data["verdicts"][0]["turned"][0]
    assert turned["statuses"] == ["met", "unmet", "met"]
    assert turned["threshold"] == "低保标准"
    assert turned["values"]["家庭月人均收入"] == ["1200.00", "1500.00", "1200.00"]
    assert data["totals"][1]["per_month"] == "0.00"
    assert data["total_differences"] == ["0.00", "-560.00", "240.00"]


def test_the_same_twice_differs_nowhere(beijing: Ruleset) -> None:
    determination = determine(CASE, beijing, month="2025-08")
    comparison = compare(determination, determination)
    assert not any(verdict.changed for verdict in comparison.verdicts)
    assert "各项认定没有不同。" in comparison.text()
    assert "【低收入】" in comparison.text(everything=True)


def test_people_who_have_a_verdict_on_one_side_only(beijing: Ruleset) -> None:
    before = determine(CASE, beijing, month="2025-08")
    after = supposed(beijing, "定残", '成员["孩子"].肢体等级 = 二级')
    comparison = compare(before, after)
    care = next(v for v in comparison.verdicts if v.programme.name == "护理补贴")
    assert (care.subject, care.outcomes) == ("孩子", (None, Outcome.UNDETERMINED))
    assert care.differences == (Money(0), None)  # between bounds: no figure
    assert "【护理补贴】孩子：不适用 ｜ 信息不足" in comparison.text()
    assert comparison.total_differences() == (Money(0), None)


def test_a_month_in_which_a_programme_does_not_exist(beijing: Ruleset) -> None:
    comparison = compare(
        determine(CASE, beijing, month="2025-08"), supposed(beijing, "从前", month="2015-08")
    )
    margin = next(v for v in comparison.verdicts if v.programme.id == "dibao_margin")
    assert margin.outcomes == (Outcome.INELIGIBLE, Outcome.NOT_IN_FORCE)
    assert not margin.turned  # nothing turned: it was not asked


def test_sensitive_facts_are_not_shown(beijing: Ruleset) -> None:
    before = determine(CASE, beijing, month="2025-08")
    after = supposed(beijing, "情景", '成员["孩子"].艾滋病病毒感染 = 是')
    comparison = compare(before, after)
    shown = comparison.text() + json.dumps(comparison.data(), ensure_ascii=False)
    assert any(turned.sensitive for verdict in comparison.verdicts for turned in verdict.turned)
    assert "艾滋" not in shown
    assert "艾滋病病毒感染 = " not in explain_all(after)


def explain_all(determination: Determination) -> str:
    from eligibility import explain

    return explain(determination) + json.dumps(determination.summary(), ensure_ascii=False)


def test_one_determination_is_no_comparison(beijing: Ruleset) -> None:
    with pytest.raises(ValueError, match="at least two"):
        compare(determine(CASE, beijing, month="2025-08"))
