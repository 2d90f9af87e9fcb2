"""One household, determined: amounts, reasons, what is missing, when it is paid, what is said beside it."""

from __future__ import annotations

import copy
import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from eligibility import (
    InputError,
    Month,
    Outcome,
    case_from_data,
    determine,
    explain,
    load_case,
    load_ruleset,
    replay,
)
from eligibility.language.nodes import Origin
from eligibility.ruleset import Ruleset
from eligibility.values import Range

FAMILY: dict[str, Any] = {
    "声明": "未列事项均无",
    "家庭": {"地区": "110199001001", "申请人": "母亲", "货币财产": 0},
    "成员": [
        {"编号": "母亲", "与户主关系": "户主", "出生日期": "1988-04-12", "本市户籍": "是", "收入": [{"种类": "工资性收入", "金额": "2400.00"}]},
        {"编号": "孩子", "与户主关系": "子女", "出生日期": "2012-09-09", "本市户籍": "是", "共同生活": "是"},
    ],
}  # fmt: skip


def family(**household: Any) -> dict[str, Any]:
    data = copy.deepcopy(FAMILY)
    data["家庭"].update(household)
    return data


def test_amount_reasons_and_values(beijing: Ruleset) -> None:
    determination = determine(case_from_data(FAMILY), beijing, month="2025-08")
    verdict = determination["dibao"]
    assert determination["低保"] is verdict
    assert (verdict.outcome, str(verdict.amount), verdict.route) == (Outcome.ELIGIBLE, "560.00", "差额救助")
    reason = next(reason for reason in verdict.reasons if reason.id == "DB-INCOME")
    assert reason.verdict is True
    assert reason.threshold == "低保标准"
    assert {o.name: (o.value, o.origin) for o in reason.operands} == {
        "家庭月人均收入": (120_000, Origin.DEFINITION),
        "低保标准": (148_000, Origin.PARAMETER),
    }
    assert reason.citation is not None
    assert reason.citation.article == "第九条"
    assert {a.id for a in verdict.assumptions} >= {"A01", "A15", "A16"}
    workings = {(w.name, w.subject): w.value for w in determination.workings()}
    assert workings["家庭月收入", None] == 240_000
    assert workings["计入收入", "母亲"] == 240_000
    assert workings["计入保障", "孩子"] is True


def test_a_lifted_criterion_shows_every_member(beijing: Ruleset) -> None:
    verdict = determine(case_from_data(FAMILY), beijing, month="2025-08")["dibao"]
    reason = next(reason for reason in verdict.reasons if reason.id == "DB-HUKOU")
    assert [(o.subject, o.value) for o in reason.operands if o.name == "本市户籍"] == [
        ("母亲", True),
        ("孩子", True),
    ]


def test_the_amount_before_rounding_is_shown(beijing: Ruleset) -> None:
    data = family()
    data["成员"][0]["收入"] = [{"种类": "工资性收入", "金额": "1000.01", "周期": "季"}]
    verdict = determine(case_from_data(data), beijing, month="2025-08")["dibao"]
    assert verdict.exact == Fraction(2960) - Fraction(100_001, 300)
    assert str(verdict.amount) == "2626.66"
    assert "取整前" in explain(determine(case_from_data(data), beijing, month="2025-08"))


def test_missing_facts_say_where_what_and_which_paper(beijing: Ruleset) -> None:
    data = family()
    del data["家庭"]["货币财产"]
    verdict = determine(case_from_data(data), beijing, month="2024-08")["dibao"]
    assert verdict.outcome is Outcome.UNDETERMINED
    fact = verdict.missing[0]
    assert (fact.name, fact.path, fact.origin) == ("货币财产", "家庭.货币财产", Origin.FACT)
    assert fact.question
    assert fact.paper
    assert verdict.amount_range is not None
    assert [str(bound) for bound in verdict.amount_range] == ["0.00", "500.00"]


def test_an_unknown_figure_of_the_law_is_named_as_such(beijing: Ruleset) -> None:
    verdict = determine(case_from_data(family(货币财产=5000)), beijing, month="2025-08")["dibao"]
    assert verdict.outcome is Outcome.UNDETERMINED
    figures = [fact.name for fact in verdict.missing if fact.origin is Origin.PARAMETER]
    assert "居民人均消费支出" in figures


def test_only_routes_that_may_still_hold_ask_for_facts(beijing: Ruleset) -> None:
    data = family()
    del data["家庭"]["货币财产"]
    data["成员"][0]["收入"][0]["金额"] = "90000"
    verdict = determine(case_from_data(data), beijing, month="2024-08")["dibao"]
    assert verdict.outcome is Outcome.INELIGIBLE
    assert verdict.missing == ()


def test_known_then_and_known_now(beijing: Ruleset) -> None:
    case = case_from_data(FAMILY)
    amounts = [
        str(determine(case, beijing, month="2025-08", known_on=day)["dibao"].amount)
        for day in (date(2025, 8, 15), date(2025, 9, 19), date(2025, 9, 20), None)
    ]
    assert amounts == ["500.00", "500.00", "560.00", "560.00"]
    warned = determine(case, beijing, month="2025-08", known_on=date(2025, 8, 15)).warnings
    assert any("低保标准" in warning and "公布日" in warning for warning in warned)


def test_payment_starts_the_month_after_the_decision(beijing: Ruleset) -> None:
    applied = family(申请=[{"项目": "低保", "申请月份": "2025-06", "决定月份": "2025-12"}])
    verdict = determine(case_from_data(applied), beijing, month="2025-12")["dibao"]
    assert (verdict.payable_rule, verdict.payable_from) == ("month_after_decision", Month("2026-01"))
    assert determine(case_from_data(FAMILY), beijing, month="2025-08")["dibao"].payable_from is None


def test_months_out_of_reach(beijing: Ruleset) -> None:
    case = case_from_data(FAMILY)
    with pytest.raises(
        InputError, match="早于规则集的起始月 2015-07；2015年7月起本市城乡低保标准统一"
    ) as caught:
        determine(case, beijing, month="2015-06")
    assert caught.value.code == "month-before-coverage"
    late = determine(case, beijing, month="2030-01")
    assert str(late["dibao"].amount) == "560.00"
    assert any("只核对到 2025-09" in warning for warning in late.warnings)
    for bad in ("2025-13", "今年", ""):
        with pytest.raises(InputError, match="待遇月份"):
            determine(case, beijing, month=bad)
    before = determine(case, beijing, month="2025-08", known_on=date(2000, 1, 1))
    assert {verdict.outcome for verdict in before} == {Outcome.NOT_IN_FORCE}


def test_income_kinds_are_the_rulesets(beijing: Ruleset) -> None:
    data = family()
    data["成员"][0]["收入"] = [{"种类": "工资收入", "金额": 1}]
    with pytest.raises(InputError, match="最接近的名称：工资性收入") as caught:
        determine(case_from_data(data), beijing, month="2025-08")
    assert caught.value.location == "成员[母亲].收入[1].种类"
    data["成员"][0]["收入"] = [{"种类": "育儿补贴", "金额": 300}]
    with pytest.raises(InputError, match="“育儿补贴”在 2024-12 还没有规定"):
        determine(case_from_data(data), beijing, month="2024-12")
    data["成员"][0]["收入"] = [{"种类": "育儿补贴", "金额": 300, "生效日期": "2025-01-01"}]
    assert determine(case_from_data(data), beijing, month="2024-12")["dibao"].outcome is Outcome.ELIGIBLE
    data["成员"][0]["收入"] = [{"种类": "工资性收入", "金额": "-1"}]
    with pytest.raises(InputError, match="不能是负数"):
        determine(case_from_data(data), beijing, month="2025-08")
    data["成员"][0]["收入"] = [{"种类": "经营净收入", "金额": "-100"}]
    assert str(determine(case_from_data(data), beijing, month="2025-08")["dibao"].amount) == "2960.00"


def test_a_scenario_is_marked_and_replays(beijing: Ruleset) -> None:
    edition = beijing.edition("2025-08").with_values({"低保标准": "1520"})
    determination = determine(case_from_data(FAMILY), edition)
    assert str(determination["dibao"].amount) == "640.00"
    assert any("情景" in warning for warning in determination.warnings)
    assert edition.edition_digest != beijing.edition("2025-08").edition_digest
    assert replay(determination.record(), beijing).identical


def test_a_declaration_is_said(beijing: Ruleset) -> None:
    assert (
        "据申请人声明，未列事项均无" in determine(case_from_data(FAMILY), beijing, month="2025-08").warnings
    )
    data = family()
    del data["声明"]
    assert not any("声明" in w for w in determine(case_from_data(data), beijing, month="2025-08").warnings)


def test_replay_names_what_differs(beijing: Ruleset, tmp_path: Path) -> None:
    raw = determine(case_from_data(FAMILY), beijing, month="2025-08").record()
    assert replay(raw, beijing).identical
    tampered = json.loads(raw)
    tampered["determination"]["verdicts"][0]["amount"] = "9999.00"
    tampered["run"]["engines"][0][1] = "python 2.7"
    result = replay(json.dumps(tampered), beijing)
    assert not result.identical
    assert result.differences == (("verdicts[0].amount", "9999.00", "560.00"),)
    assert result.run[0][0].startswith("run.engines")
    # A record made before a standard was corrected names the figure that changed.
    (tmp_path / "overlay.yaml").write_text(
        'overlay: corrected\non: beijing\nprecedence: office\nreplace:\n  assumptions.A01.value: "2025-09"\n',
        "utf-8",
    )
    other = load_ruleset("beijing", overlays=[tmp_path])
    old = json.loads(raw)
    old["determination"]["ruleset"]["overlays"] = ["corrected"]
    result = replay(json.dumps(old), other)
    assert not result.identical
    assert "低保标准" in result.law
    with pytest.raises(InputError, match="记录出自规则集"):
        replay(raw, other)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"format":"eligibility-record/1"}', b"[" * 100_000,
        b'{"format":"eligibility-record/1","determination":{"x":1.5}}',
        b'{"format":"eligibility-record/1","determination":{"ruleset":{"id":"beijing","overlays":[]},"month":5,"known_on":null,'
        b'"case":3,"edition_digest":"","scenario":{},"parameters":{},"assumptions":{}}}',
    ],
)  # fmt: skip
def test_what_is_no_record(raw: bytes, beijing: Ruleset) -> None:
    with pytest.raises(InputError):
        replay(raw, beijing)


def test_records_are_canonical_and_stable(beijing: Ruleset) -> None:
    case = case_from_data(FAMILY)
    first, second = (determine(case, beijing, month="2025-08").record() for _ in range(2))
    assert first == second
    assert (
        json.dumps(json.loads(first), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        == first
    )
    same_law = determine(case, beijing, month="2025-09", known_on=None)
    assert same_law.edition.rules_digest == beijing.edition("2025-08").rules_digest


def test_nobody_is_a_member_yet(beijing: Ruleset) -> None:
    case = case_from_data({"成员": [{"编号": "婴儿", "出生日期": "2025-08-02"}]})
    verdict = determine(case, beijing, month="2025-08")["dibao"]
    assert verdict.outcome is Outcome.INELIGIBLE
    assert determine(case, beijing, month="2025-09")["dibao"].outcome is Outcome.UNDETERMINED


def test_a_list_written_as_unknown_stays_unknown_under_a_declaration(beijing: Ruleset) -> None:
    data = family(车辆="unknown")
    case = case_from_data(data)
    determination = determine(case, beijing, month="2025-08")
    assert {fact.name for fact in determination["dibao"].missing} >= {"机动车数"}
    assert not {fact.name for fact in determination["dibao"].missing} & {"住房套数"}
    assert replay(determination.record(), beijing).identical
    data = family()
    data["成员"][0]["收入"] = "未知"
    assert determine(case_from_data(data), beijing, month="2025-08")["dibao"].outcome is Outcome.UNDETERMINED
    assert "据申请人声明，个案所列的部分列表未列即无" in determination.warnings


def test_an_open_range_has_no_upper_bound(beijing: Ruleset) -> None:
    data = family()
    data["成员"][0]["收入"] = "unknown"
    determination = determine(case_from_data(data), beijing, month="2025-08")
    working = next(w for w in determination.workings() if w.name == "家庭月收入")
    assert isinstance(working.value, Range)
    assert "不封顶" in explain(determination) or "未知" in explain(determination)


def test_explanations_speak_both_languages_and_to_both_readers(beijing: Ruleset) -> None:
    determination = determine(case_from_data(FAMILY), beijing, month="2025-08")
    officer = explain(determination)
    assert "家庭月人均收入 1,200.00元；低保标准 1,480.00元" in officer
    assert "京民发〔2025〕50号" in officer
    assert "第九条" in officer
    assert "A01" in officer
    resident = explain(determination, audience="resident")
    assert "每月 560.00元" in resident
    assert "DB-" not in resident
    assert "A01" not in resident
    english = explain(determination, language="en")
    assert "Income per head is below the minimum living standard" in english
    refused = family()
    refused["成员"][0]["收入"][0]["金额"] = "9000"
    text = explain(determine(case_from_data(refused), beijing, month="2025-08"), audience="resident")
    assert "不满足“家庭月人均收入低于低保标准”" in text
    assert "社会救助暂行办法" in text
    assert "请补充" in explain(
        determine(case_from_data({"成员": [{"编号": "甲"}]}), beijing, month="2025-08"), audience="resident"
    )


def test_whom_a_programme_is_for_has_no_article_of_its_own(beijing: Ruleset) -> None:
    case = load_case(Path(__file__).parents[2] / "cases" / "残疾人独居.yaml")
    determination = determine(case, beijing, month="2025-08")
    lines = explain(determination).splitlines()
    place = next(number for number, line in enumerate(lines) if "single_person_dibao-WHO" in line)
    assert lines[place + 2].strip() == "依据 适用范围，条文见各情形"
    assert "scope; for the articles see the routes" in explain(determination, language="en")


def test_people_left_out_and_unknown_programmes_are_told(beijing: Ruleset) -> None:
    data = family(申请=[{"项目": "低宝", "申请月份": "2025-06"}])
    data["成员"][1]["出生日期"] = "2025-08-02"
    warnings = determine(case_from_data(data), beijing, month="2025-08").warnings
    assert any("孩子在 2025-08-01 尚未出生" in warning for warning in warnings)
    assert any("“低宝”不在规则集里" in warning and "低保" in warning for warning in warnings)


def test_whom_a_programme_is_for_may_be_open_and_then_so_is_the_verdict(beijing: Ruleset) -> None:
    data = family()
    data["成员"][1] |= {
        "残疾": [{"类别": "肢体", "等级": "一级"}],
        "儿童": {"弃婴": "否", "艾滋病病毒感染": "否"},
    }
    verdict = determine(case_from_data(data), beijing, month="2025-08")["nursing_allowance", "孩子"]
    assert verdict.outcome is Outcome.UNDETERMINED
    assert "持有残疾人证" in {fact.name for fact in verdict.missing}


def test_ordinary_families_have_small_records(beijing: Ruleset) -> None:
    for name in (
        "单亲母亲与学童",
        "退休老两口",
        "残疾人独居",
        "三代同堂",
        "务工夫妇与婴儿",
        "大学生家庭",
        "丧偶父亲与两个孩子",
    ):
        case = load_case(Path(__file__).parents[2] / "cases" / f"{name}.yaml")
        assert len(determine(case, beijing, month="2025-08").record()) < 20_000
