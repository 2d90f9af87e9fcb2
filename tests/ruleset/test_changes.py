"""What differs between two editions, in words; nothing where the law is the same."""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from eligibility.quantities import Month
from eligibility.ruleset import Edition, Ruleset, load_ruleset
from eligibility.ruleset.changes import changes

from .conftest import Altered

AID, HOUSEHOLD = "programmes/aid.yaml", "household.yaml"


def texts(before: Edition, after: Edition) -> list[str]:
    return [change.text for change in changes(before, after)]


def spoken(tiny: Ruleset, altered: Altered, file: str, old: str, new: str) -> list[str]:
    """What an edit of the law comes to, in the edition of August 2021."""
    return texts(tiny.edition("2021-08"), load_ruleset(altered((file, old, new))).edition("2021-08"))


def test_nothing_changes_between_two_months_of_the_same_law(tiny: Ruleset) -> None:
    assert changes(tiny.edition("2021-08"), tiny.edition("2021-08")) == ()
    assert changes(tiny.edition("2020-02"), tiny.edition("2020-06")) == ()


def test_a_new_standard_is_told_with_month_document_and_assumption(tiny: Ruleset) -> None:
    change, table = changes(tiny.edition("2021-06"), tiny.edition("2021-07"))
    assert change.text == "救助标准 1000.00 → 1100.00 元/人月，自 2021-07（云民发〔2021〕2号；依假设 A01）"
    assert (change.kind, change.name, change.before, change.after) == (
        "parameter",
        "救助标准",
        "1000.00",
        "1100.00",
    )
    assert (
        table.text
        == "津贴标准（甲类、低档） 1000.00 → 1100.00 元/月，自 2021-07，随救助标准（云水市津贴办法（试行）；依假设 A04、A01）"
    )


def test_the_turn_of_a_year_told_whole(tiny: Ruleset) -> None:
    assert texts(tiny.edition("2020-12"), tiny.edition("2021-01")) == [
        "最低工资 2000.00 → 2100.00 元/月，自 2021-01（云水市最低工资历次调整）",
        "宽限标准 2000.00 → 2100.00 元/人月，自 2021-01，随最低工资（云民发〔2020〕1号）",
        "过渡补助 80.00 元/户月 → 未知，自 2021-01（云民发〔2020〕1号；依假设 A04）",
        "定义“家庭月收入”改为：max(0, sum(成员, 各项计入收入 if 共同生活 else 0) + 赡养抚养费 - 收入核减)；"
        "原为：max(0, sum(成员, 各项计入收入 if 共同生活 else 0) - 收入核减)（云民发〔2021〕2号）",
        "收入种类“城乡基础养老金”改为：超过所列数额的部分计入（城乡基础养老金中央部分）；原为：全部计入（云民发〔2021〕2号）",
        "条件“AID-X-CAR”改为：机动车数 > 0；原为：机动车数 > 1（云民发〔2021〕2号）",
    ]


def test_what_a_day_of_knowledge_changes(tiny: Ruleset) -> None:
    known = tiny.edition("2021-07", date(2021, 9, 9))
    assert [change.name for change in changes(known, tiny.edition("2021-07"))] == [
        "救助标准",
        "津贴标准（甲类、低档）",
    ]


def test_a_programme_comes_into_force_and_goes(tiny: Ruleset) -> None:
    june, july = tiny.edition("2020-06"), tiny.edition("2020-07")
    assert "项目“津贴”（残疾人津贴）开始施行，自 2020-07" in texts(june, july)
    assert "项目“津贴”（残疾人津贴）不再施行" in texts(july, june)
    (gone,) = [change for change in changes(july, june) if change.kind == "definition"]
    assert gone.text == '定义“视力高档”不再适用，原为：视力等级 in ("一级", "二级")'
    assert (gone.before, gone.after) == ('视力等级 in ("一级", "二级")', None)


def test_a_scenario_says_so(tiny: Ruleset) -> None:
    base = tiny.edition("2021-08")
    changed = texts(base, base.with_values({"最低工资": "2500", "恰等于算低于": True}))
    assert changed == [
        "最低工资 2100.00 → 2500.00 元/月（情景假设）",
        "宽限标准 2100.00 → 2500.00 元/人月（情景假设）",
        "恰等于算低于 否 → 是（情景假设）",
    ]
    (same,) = texts(base, base.with_values({"过渡补助": "unknown"}))
    assert "数额不变（未知）" in same
    assert "出处：假设 → " in same
    assert "出处：情景假设" in same


def test_an_overlay_is_told_like_any_other_change(tiny: Ruleset, tiny_folder: Path) -> None:
    reading = load_ruleset(tiny_folder, overlays=[tiny_folder / "overlays/reading"])
    assert texts(tiny.edition("2021-08"), reading.edition("2021-08")) == [
        "恰等于算低于 否 → 是（依假设 A02）"
    ]
    district = load_ruleset(tiny_folder, overlays=[tiny_folder / "overlays/district"])
    assert texts(tiny.edition("2021-08"), district.edition("2021-08")) == [
        "采暖救助额 开始用到：1800.00 元/户，自 2020-01（东湖区采暖救助办法）",
        "项目“采暖”（采暖救助）开始施行，自 2020-01",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (AID, "test: 计入人数 > 0", "test: 计入人数 >= 1", "条件“AID-MEMBERS”改为：计入人数 >= 1；原为：计入人数 > 0（云民发〔2020〕1号）"),
        (AID, "article: 第四条", "article: 第五条", "条件“AID-INCOME”的依据改变：云民发〔2020〕1号第四条 → 云民发〔2020〕1号第五条"),
        (AID, "title: 有共同生活的成员", "title: 有成员", "条件“AID-MEMBERS”的说明改为：有成员；原为：有共同生活的成员"),
        (AID, "because: 有机动车的家庭不予救助", "because: 有车", "条件“AID-X-CAR”的说明改为：有机动车（有车）；原为：有机动车（有机动车的家庭不予救助）"),
        (AID, "{any: [AID-SINGLE, AID-ILL]}", "{not: AID-SINGLE}", "条件“AID-ILL”不再适用，原为：有重病成员"),
        (AID, "AID-NEAR, {any: [AID-SINGLE, AID-ILL]}", "{any: [AID-SINGLE, AID-ILL]}", "项目“救助”的情形“过渡救助”改为：AID-HUKOU、AID-MEMBERS、非 AID-INCOME、（AID-SINGLE 或 AID-ILL）；金额 过渡补助；原为：AID-HUKOU、AID-MEMBERS、非 AID-INCOME、AID-NEAR、（AID-SINGLE 或 AID-ILL）；金额 过渡补助（云民发〔2020〕1号）"),
        (AID, "amount: 过渡补助", "amount: unknown", "项目“救助”的情形“过渡救助”改为：AID-HUKOU、AID-MEMBERS、非 AID-INCOME、AID-NEAR、（AID-SINGLE 或 AID-ILL）；金额未知；原为：AID-HUKOU、AID-MEMBERS、非 AID-INCOME、AID-NEAR、（AID-SINGLE 或 AID-ILL）；金额 过渡补助（云民发〔2020〕1号）"),
        (AID, "    assumes: [A03]\n", "", "项目“救助”的情形“差额救助”的依据改变：云民发〔2020〕1号；依假设 A03 → 云民发〔2020〕1号"),
        (AID, "choose: first", "choose: highest", "项目“救助”的选用方式：几个情形都符合时，取最先列出的 → 几个情形都符合时，取金额最高的"),
        (AID, "payable: {from: month_after_decision}\n", "", "项目“救助”的发放：自审核确认的次月起发放 → 无"),
        (AID, "title: 家庭生活救助", "title: 生活救助", "项目“救助”的名称：家庭生活救助 → 生活救助"),
        ("programmes/allowance.yaml", "who: 持有残疾人证\n", "", "项目“津贴”的对象：持有残疾人证 → 无"),
        (HOUSEHOLD, "title: 共同生活的人数", "title: 人数", "定义“计入人数”的说明改为：人数；原为：共同生活的人数"),
        (HOUSEHOLD, '{from: "2020-01", counts: none', '{from: "2020-01", counts: all', "收入种类“奖学金”改为：全部计入；原为：不计入（云民发〔2020〕1号）"),
        (HOUSEHOLD, '  奖学金:\n    - {from: "2020-01", counts: none, cite: {source: 云民发〔2020〕1号}}\n', "", "收入种类“奖学金”不再适用，原为：不计入"),
        ("parameters.yaml", '甲类: {高档: "400.00"', '甲类: {高档: "410.00"', "津贴标准（甲类、高档） 400.00 → 410.00 元/月，自 2020-01（云水市津贴办法（试行）；依假设 A04、A01）"),
        ("parameters.yaml", "provenance: document\n      quote: 由", "provenance: repost\n      quote: 由", "救助标准 数额不变（1100.00 元/人月），依据改变：云民发〔2021〕2号；依假设 A01；出处：文件所载 → 云民发〔2021〕2号；依假设 A01；出处：据转载"),
        ("assumptions.yaml", "question: 救助金额怎样取整", "question: 金额怎样取整", "假设 A03 的问题改为：金额怎样取整；原为：救助金额怎样取整"),
        ("assumptions.yaml", 'value: "2021-07"', 'value: "2021-06"', "假设 A01（1100元标准自哪个月起执行）2021-07 → 2021-06"),
    ],
)  # fmt: skip
def test_each_edit_of_the_law_is_told(
    tiny: Ruleset, altered: Altered, file: str, old: str, new: str, said: str
) -> None:
    assert said in spoken(tiny, altered, file, old, new)


def test_the_order_of_routes_is_told(tiny: Ruleset, altered: Altered) -> None:
    folder = altered()
    text = (folder / AID).read_text(encoding="utf-8")
    start, middle = text.index("  差额救助:"), text.index("  过渡救助:")
    (folder / AID).write_text(text[:start] + text[middle:] + text[start:middle], encoding="utf-8")
    assert texts(tiny.edition("2021-08"), load_ruleset(folder).edition("2021-08")) == [
        "项目“救助”里的次序：差额救助、过渡救助 → 过渡救助、差额救助"
    ]


def test_there_are_changes_exactly_where_the_digests_differ(tiny: Ruleset, beijing: Ruleset) -> None:
    for rules in (tiny, beijing):
        months = [
            rules.start + step for step in range(0, 24 if rules is tiny else 132, 1 if rules is tiny else 6)
        ]
        editions = [rules.edition(month) for month in months]
        pairs = combinations(editions, 2) if rules is tiny else pairwise(editions)
        for before, after in pairs:
            told = changes(before, after)
            assert bool(told) is (before.edition_digest != after.edition_digest), (before.month, after.month)


def test_beijing_in_july_2025(beijing: Ruleset) -> None:
    words = texts(beijing.edition("2025-06"), beijing.edition("2025-07"))
    assert words[0] == "低保标准 1450.00 → 1480.00 元/人月，自 2025-07（京民发〔2025〕50号；依假设 A01）"
    assert [word.split("，")[0] for word in words[1:]] == [
        "机构孤儿生活费 2650.00 元/人月 → 未知",
        "散居孤儿生活费 2650.00 元/人月 → 未知",
        *(f"生活补贴标准（{kind}、上档） 1450.00 → 1480.00 元/人月" for kind in ("二类", "三类", "四类")),
    ]
    assert changes(beijing.edition(Month("2025-07")), beijing.edition("2025-08")) == ()
