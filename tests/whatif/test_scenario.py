"""Scenarios: files with a place for every mistake, determinations that say they are hypothetical and replay."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from eligibility import InputError, Money, Month, Ruleset, determine, explain, load_case, load_ruleset, replay
from eligibility.whatif.overrides import CaseOverride, FigureOverride, parse_override
from eligibility.whatif.scenario import Scenario, load_scenarios, run_scenario, scenario_of

CASE = load_case("cases/单亲母亲与学童.yaml")
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Path:
        path = tmp_path / "情景.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_a_file_in_either_language(write: Write, beijing: Ruleset) -> None:
    chinese = write(
        """\
情景:
  - 名称: 母亲涨工资
    覆盖:
      - 成员["母亲"].收入.工资性收入 = 3000
      - '低保标准 = 1520 from 2026-07'
    月份: "2025-09"
    知悉日: "2025-09-15"
  - 名称: 原样
"""
    )
    english = chinese.with_name("scenario.json")
    english.write_text(
        json.dumps({"scenario": [
            {"name": "母亲涨工资", "overrides": ['成员["母亲"].收入.工资性收入 = 3000', "低保标准 = 1520 from 2026-07"],
             "month": "2025-09", "known_on": "2025-09-15"},
            {"name": "原样"},
        ]}),
        encoding="utf-8",
    )  # fmt: skip
    for path in (chinese, english):
        first, second = load_scenarios(path, beijing)
        assert (first.name, first.month, first.known_on) == (
            "母亲涨工资",
            Month("2025-09"),
            date(2025, 9, 15),
        )
        wage, standard = first.overrides
        assert isinstance(wage, CaseOverride)
        assert (wage.member, wage.value) == ("母亲", "3000")
        assert isinstance(standard, FigureOverride)
        assert (standard.name, standard.start) == ("低保标准", Month("2026-07"))
        assert second == Scenario("原样")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("情景:\n  - 名称: 甲\n    覆盖: [低保標准 = 3]\n", "3:10: “低保標准”：没有“低保標准”这个事实、标准或假设（最接近的名称：低保标准） [unknown-name]"),
        ("情景:\n  - 名称: 甲\n    覆盖:\n      - 低保标准 = 一千\n", "4:9: “低保标准”：“低保标准”的值不合用：金额写法应如 1480、1480.00 或 1,480.00元，最多两位小数 [override-value]"),
        ("情景:\n  - 名称: 甲\n    月份: 2014-01\n", "3:9: 2014-01 早于规则集的起始月 2015-07；2015年7月以前城乡标准分列，没有全市统一的标准 [month-before-coverage]"),
        ("情景:\n  - 名称: 甲\n    月份: 2025年8月\n", "3:9: 待遇月份“2025年8月”不合用：月份应写成 2025-08 [month]"),
        ("情景:\n  - 名称: 甲\n    知悉日: 8月15日\n", "3:10: 知悉日应为日期，写法如 2025-08-15 [known-on]"),
        ("情景:\n  - 名称: 甲\n    复盖: []\n", "3:5: 情景文件没有“复盖”这一项（最接近的名称：覆盖） [scenario-key]"),
        ("情景:\n  - 覆盖: []\n", "2:5: 缺少“名称” [scenario-name]"),
        ("情景:\n  - 名称: 甲\n  - 名称: 甲\n", "3:5: 有几个情景都叫“甲”，请分别命名 [scenario-name]"),
        ("情景:\n  - 名称: 甲\n    覆盖:\n      - 低保标准: 3\n", "4:9: 每项覆盖应是一行文字：名称 = 值 [override-syntax]"),
        ("情景:\n  - 名称: 甲\n    叠加: [beijing-reading-wid]\n", "3:9: 没有叠加规则“beijing-reading-wid”（最接近的名称：beijing-reading-wide） [unknown-ruleset]"),
        ("情景: 甲\n", "1:5: 应为“名称: 值”的形式 [scenario-file]"),
        ("[]\n", "1:1: 应为“名称: 值”的形式 [scenario-file]"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_file_gives_one_error_with_its_place(
    text: str, expected: str, write: Write, beijing: Ruleset
) -> None:
    path = write(text)
    with pytest.raises(InputError) as caught:
        load_scenarios(path, beijing)
    first = [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]
    assert len(first) == 1
    assert first[0].startswith(expected.partition("；")[0])  # why early months are refused, the ruleset says


def test_all_mistakes_are_told_at_once(write: Write, beijing: Ruleset) -> None:
    path = write("情景:\n  - 名称: 甲\n    覆盖: [一 = 1, 二 = 2]\n    月份: 2014-01\n")
    with pytest.raises(InputError) as caught:
        load_scenarios(path, beijing)
    assert len(caught.value.problems) == 3


def test_a_member_who_is_not_there_is_told_at_the_place_in_the_file(write: Write, beijing: Ruleset) -> None:
    path = write('情景:\n  - 名称: 甲\n    覆盖:\n      - 成员["妈妈"].就业状况 = 失业\n')
    (scenario,) = load_scenarios(path, beijing)
    with pytest.raises(InputError) as caught:
        run_scenario(CASE, beijing, scenario, month="2025-08")
    assert caught.value.location == f"{path}:4:9"


def test_everything_that_comes_out_says_that_it_is_supposed(beijing: Ruleset) -> None:
    overrides = (
        parse_override('成员["母亲"].收入.工资性收入 = 3000', beijing),
        parse_override("低保标准 = 1600", beijing),
    )
    determination = run_scenario(CASE, beijing, Scenario("涨工资", overrides), month="2025-08")
    said = '涨工资（成员["母亲"].收入.工资性收入 = 3000；低保标准 = 1600）'
    assert determination.scenario == said
    assert determination["低保"].amount == Money("200.00")
    for audience in ("officer", "resident"):
        assert f"假设情景：{said}。本结果不作认定依据。" in explain(determination, audience=audience)  # type: ignore[arg-type]
        english = explain(determination, audience=audience, language="en")  # type: ignore[arg-type]
        assert f"Hypothetical: {said}. Not a basis for any decision." in english
    assert determination.summary()["hypothetical"] == said
    assert json.loads(determination.record())["determination"]["hypothetical"] == said


def test_a_hypothetical_record_replays_and_an_ordinary_one_does_not_mention_scenarios(
    beijing: Ruleset,
) -> None:
    supposed = run_scenario(
        CASE,
        beijing,
        scenario_of(
            (parse_override("货币财产 = 500000", beijing), parse_override("低保标准 = 1600", beijing))
        ),
        month="2025-08",
    )
    assert replay(supposed.record(), beijing).identical
    ordinary = determine(CASE, beijing, month="2025-08")
    content = json.loads(ordinary.record())["determination"]
    assert "hypothetical" not in content
    assert replay(ordinary.record(), beijing).identical
    record = json.loads(supposed.record())
    record["determination"]["hypothetical"] = "别的"
    assert replay(json.dumps(record), beijing).identical  # a name decides nothing
    record["determination"]["hypothetical"] = 3
    with pytest.raises(InputError, match="记录的内容不完整"):
        replay(json.dumps(record), beijing)


def test_case_ruleset_and_editions_stay_as_they_are(beijing: Ruleset) -> None:
    before = determine(CASE, beijing, month="2025-08").record()
    edition = beijing.edition("2025-08")
    texts = ('成员["母亲"].收入.工资性收入 = 1', "低保标准 = 9000")
    run_scenario(
        CASE, beijing, scenario_of(tuple(parse_override(t, beijing) for t in texts)), month="2025-08"
    )
    assert determine(CASE, beijing, month="2025-08").record() == before
    assert beijing.edition("2025-08") is edition


def test_month_and_day_of_knowledge_of_a_scenario_come_first(beijing: Ruleset) -> None:
    then = Scenario("当时", month=Month("2025-08"), known_on=date(2025, 8, 15))
    determination = run_scenario(CASE, beijing, then, month="2024-01")
    assert determination["低保"].amount == Money("500.00")
    assert determination.scenario == "当时（待遇月份 2025-08；按 2025-08-15 已公布的规定）"
    with pytest.raises(InputError, match="缺少待遇月份"):
        run_scenario(CASE, beijing, Scenario("无"))


def test_overlays_of_a_scenario(beijing: Ruleset, write: Write) -> None:
    path = write("情景:\n  - {名称: 通州, 叠加: beijing-tongzhou, 覆盖: [采暖补助 = 5]}\n")
    laid: list[tuple[str, ...]] = []

    def lay(overlays: tuple[str, ...]) -> Ruleset:
        laid.append(overlays)
        return tongzhou

    tongzhou = load_ruleset("beijing", overlays=["beijing-tongzhou"])
    with pytest.raises(InputError) as caught:
        load_scenarios(path, beijing, lay=lay)
    assert caught.value.code == "unknown-name"
    path.write_text("情景:\n  - {名称: 通州, 叠加: [beijing-tongzhou], 覆盖: [采暖方式 = 其他]}\n", "utf-8")
    (scenario,) = load_scenarios(path, beijing, lay=lay)
    determination = run_scenario(CASE, beijing, scenario, month="2025-08", lay=lay)
    assert determination.edition.ruleset is tongzhou
    assert laid == [("beijing-tongzhou",)] * 3
    loaded = run_scenario(CASE, beijing, scenario, month="2025-08")
    assert loaded.edition.edition_digest == determination.edition.edition_digest
