"""Expressions read aloud: every kind of node, brackets where they are needed, long ones taken apart."""

from __future__ import annotations

import pytest

from eligibility.language import Node, parse_expression
from eligibility.language.words import LONG, Clause, clauses, in_words
from eligibility.values import Level

from .scope import SCOPE


def parsed(text: str, level: Level = Level.HOUSEHOLD) -> Node:
    return parse_expression(text, SCOPE, location="test", level=level)


def said(text: str, level: Level = Level.HOUSEHOLD) -> str:
    return in_words(parsed(text, level))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("财产 < 标准", "财产低于标准"),
        ("财产 >= 标准", "财产不低于标准"),
        ("套数 > 人数", "套数超过人数"),
        ("2 >= 人数", "人数不超过2"),
        ("面积 < 50", "面积少于50"),
        ("人数 != 2", "人数不等于2"),
        ('区 == "110199"', "区为“110199”"),
        ("单亲", "“单亲”"),
        ("not 单亲", "并非“单亲”"),
        ("not (单亲 and 城镇)", "并非（“单亲”，并且“城镇”）"),
        ("not 财产 < 标准", "财产不低于标准"),
        ('not 区 in ("甲", "乙")', "区不为“甲”、“乙”之一"),
        ('区 in ("甲",)', "区为“甲”"),
        ("not 低保.符合", "不符合低保"),
        ("单亲 or 城镇 and 低保.符合", "“单亲”，或者（“城镇”，并且符合低保）"),
        ("标准 * 人数 - 财产", "标准 × 人数 − 财产"),
        ("(标准 - 财产) * 人数", "（标准 − 财产）× 人数"),
        ("标准 - (财产 - 亏损)", "标准 −（财产 − 亏损）"),
        ("max(0, 标准 - 财产)", "标准 − 财产，低于零的按零计"),
        ("max(标准, 财产)", "标准、财产中较大的"),
        ("min(标准, 财产, 亏损)", "标准、财产、亏损中最小的"),
        ('round_half_up(标准 / 人数, "分")', "标准 ÷ 人数，四舍五入到分"),
        ('round_down(标准 * 倍数, "元")', "标准 × 倍数，舍去尾数到元"),
        ("标准 if 单亲 else 财产", "“单亲”的，为标准，否则为财产"),
        ("years(搬入) >= 3", "自搬入起满3年"),
        ("years(搬入) < 3", "自搬入起未满3年"),
        ("months(搬入) >= 人数", "自搬入起的整月数不少于人数"),
        ('any(成员, 计入 and 等级 == "一级")', "至少一名成员符合（“计入”，并且等级为“一级”）"),
        ("all(成员, 计入)", "每名成员都符合“计入”"),
        ("count(成员, 计入)", "符合“计入”的成员人数"),
        ("sum(成员, 津贴 if 计入 else 0)", "符合“计入”的各成员津贴的合计"),
        ("max(成员, 津贴)", "各成员津贴中最大的"),
    ],
)
def test_an_expression_in_words(text: str, words: str) -> None:
    assert said(text) == words


def test_a_cell_of_a_table_is_named_by_its_keys() -> None:
    assert said('补贴["甲", 等级]', Level.PERSON) == "补贴（甲、等级）"


def test_a_short_expression_stays_one_line() -> None:
    assert clauses(parsed("单亲 and 城镇")) == Clause("“单亲”，并且“城镇”")


def test_a_long_one_is_taken_apart_where_it_joins() -> None:
    text = '单亲 or (城镇 and 区 in ("110101", "110102", "110105", "110106")) or 财产 < 标准 * 人数'
    spoken = clauses(parsed(text))
    assert len(said(text)) > LONG
    assert spoken.text == "符合以下任一项"
    assert [part.text for part in spoken.parts] == ["“单亲”", "符合以下各项", "财产低于标准 × 人数"]
    assert [part.text for part in spoken.parts[1].parts] == [
        "“城镇”",
        "区为“110101”、“110102”、“110105”、“110106”之一",
    ]


def test_members_and_their_conditions_are_taken_apart() -> None:
    text = 'any(成员, 计入 and (等级 in ("一级", "二级") or years(生日) < 16 or 在校 and years(生日) < 18))'
    spoken = clauses(parsed(text))
    assert spoken.text == "至少一名成员符合以下各项"
    assert [part.text for part in spoken.parts] == ["“计入”", "符合以下任一项"]


def test_a_decision_table_is_a_list_of_its_rows() -> None:
    text = "max(0, 标准 if 单亲 else 0, 标准 * 人数 if 城镇 else 0, 财产 if 低保.符合 else 0)"
    spoken = clauses(parsed(text))
    assert spoken.text.startswith("符合下列情形的取其数额")
    assert [part.text for part in spoken.parts] == ["“单亲”：标准", "“城镇”：标准 × 人数", "符合低保：财产"]


def test_a_chain_of_choices_is_a_list_of_cases() -> None:
    text = "标准 * 2 if 单亲 and 城镇 else (标准 * 3 if 低保.符合 and 单亲 else 标准 - 财产 - 亏损)"
    spoken = clauses(parsed(text))
    assert [part.text for part in spoken.parts] == [
        "“单亲”，并且“城镇”：标准 × 2",
        "符合低保，并且“单亲”：标准 × 3",
        "其余：标准 − 财产 − 亏损",
    ]
