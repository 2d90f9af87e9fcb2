"""Expressions: what is accepted and how it reads back, what is refused and how the error says so."""

from __future__ import annotations

import re

import pytest

from eligibility.errors import RulesetError
from eligibility.language import Node, parse_expression, render
from eligibility.language.nodes import canonical
from eligibility.language.parse import changed_names
from eligibility.values import Kind, Level

from .scope import SCOPE


def parse(text: str, level: Level = Level.PERSON) -> Node:
    return parse_expression(text, SCOPE, location="rules.yaml:3:5", level=level)


@pytest.mark.parametrize(
    ("text", "kind", "level"),
    [
        ("sum(成员, 工资 if 计入 else 0) / 人数 < 标准", Kind.TRUTH, Level.HOUSEHOLD),
        ('round_half_up(标准 * 人数 - sum(成员, 工资), "分")', Kind.MONEY, Level.HOUSEHOLD),
        ("标准 * 1.5", Kind.EXACT, Level.HOUSEHOLD),
        ("标准 * 倍数 * 人数", Kind.EXACT, Level.HOUSEHOLD),
        ("max(0, 财产 - 标准)", Kind.MONEY, Level.HOUSEHOLD),
        ("16 <= years(生日) < 60", Kind.TRUTH, Level.PERSON),
        ("months(搬入, 生日) >= 6", Kind.TRUTH, Level.PERSON),
        ('补贴["甲", 等级]', Kind.MONEY, Level.PERSON),
        ('等级 in ("一级",) or 等级 == "二级"', Kind.TRUTH, Level.PERSON),
        ('等级 not in ("一级", "二级")', Kind.TRUTH, Level.PERSON),
        ("not 低保.符合 and any(成员, 在校)", Kind.TRUTH, Level.HOUSEHOLD),
        ("count(成员, 计入 and not 在校)", Kind.INTEGER, Level.HOUSEHOLD),
        ("面积 / 人数 < 10", Kind.TRUTH, Level.HOUSEHOLD),
        ("max(成员, years(生日)) >= 60", Kind.TRUTH, Level.HOUSEHOLD),
        ("(单亲 or 城镇) and not (单亲 and 城镇)", Kind.TRUTH, Level.HOUSEHOLD),
        ("财产 - (标准 - 亏损)", Kind.MONEY, Level.HOUSEHOLD),
        ("(财产 if 单亲 else 标准) * 2", Kind.MONEY, Level.HOUSEHOLD),
        ('区 == "110112"', Kind.TRUTH, Level.HOUSEHOLD),
        ("-亏损 < 标准", Kind.TRUTH, Level.HOUSEHOLD),
    ],
)
def test_accepted_and_read_back(text: str, kind: Kind, level: Level) -> None:
    node = parse(text)
    assert node.type.kind is kind
    assert node.level is level
    assert parse(render(node)) == node
    assert canonical(parse(render(node))) == canonical(node)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("标准 * 财产 > 0", "expression-type", "金额不能乘金额"),
        ("标准 / 财产", "expression-type", "只能除以整数"),
        ("标准 / 人数 / 套数", "expression-divisor", "两个除数"),
        ("标准 / 人数 + 财产 / 套数", "expression-divisor", "两个不同的除数"),
        ("标准 + 100", "expression-type", "不是同一类值"),
        ("标准 < 100", "expression-type", "不是同一类值"),
        ("标准 < 人数", "expression-type", "不是同一类值"),
        ("单亲 == 城镇", "expression-type", "不能比较"),
        ("单亲 + 1", "expression-type", "这里要数"),
        ('等级 == "四级"', "expression-choice", "没有“四级”这一项"),
        ('等级 in ("九级",)', "expression-choice", "只有 一级、三级、二级"),
        ('标准 in ("一级",)', "expression-type", "in 只用于选项"),
        ("人均标准 > 0", "unknown-name", "最接近的名称：标准"),
        ("标准 ＜ 财产", "expression-full-width", "应写成半角 <"),
        ("any（成员, 计入)", "expression-full-width", "应写成半角 ("),
        ("人数 > 1e3", "expression-number", "1e3"),
        ("人数 > 0x10", "expression-number", "0x10"),
        ("人数 > 1_000", "expression-number", "1_000"),
        ("人数 > 2j", "expression-number", "2j"),
        ("人数 >", "expression-syntax", "读不成算式"),
        ("", "expression-syntax", "读不成算式"),
        ("人数 = 3", "expression-syntax", "读不成算式"),
        ("__import__('os')", "expression-function", "没有“__import__”这个函数"),
        ("summ(成员, 工资)", "expression-function", "最接近的名称：sum"),
        ("().__class__", "expression-construct", "点号前面"),
        ("lambda: 1", "expression-construct", "Lambda"),
        ("[工资 for 工资 in 成员]", "expression-construct", "ListComp"),
        ("人数 ** 2", "expression-construct", "Pow"),
        ("人数 is 3", "expression-construct", "不支持的比较"),
        ("1 < 人数 == 3", "expression-construct", "== 和 !="),
        ("any(成员, any(成员, 计入))", "expression-level", "不能套用"),
        ("any(计入)", "expression-function", "第一项要是"),
        ("成员", "expression-level", "一组人"),
        ("补贴", "expression-table", "要写明取哪一格"),
        ('补贴["丙", 等级]', "expression-table", "没有：丙"),
        ('补贴["甲"]', "expression-table", "要 2 个键"),
        ('补贴["甲", 区]', "expression-table", "任意文字"),
        ("round_half_up(标准, 分)", "expression-function", 'round_half_up(金额, "分")'),
        ('round_half_up(标准, "厘")', "expression-type", "单位应为"),
        ('round_half_up(人数, "分")', "expression-type", "要金额"),
        ("标准 * 人数 * 100000 * 100000 > 0", "expression-overflow", "64 位整数"),
        ("a" * 20_000, "expression-length", "上限 2000"),
        ("(" * 300 + "1" + ")" * 300, "expression-syntax", "嵌套过深|读不成算式"),
        ("not " * 60 + "单亲", "expression-depth", "超过 50 层"),
        ("工资.种类.名", "expression-construct", "点号前面"),
        ('f"{标准}"', "expression-construct", "JoinedStr"),
        ("min(标准)", "expression-function", "至少要两项"),
        ("years(标准)", "expression-type", "要日期"),
        ("max(标准, 财产, key=1)", "expression-construct", "只按次序"),
        ("标准 if 人数 else 财产", "expression-type", "if 后面要是非"),
        ("单亲 and 人数", "expression-type", "and 只用于是非"),
        ("sum(成员, 工资 / 人数) / 套数", "expression-divisor", "两个除数"),
    ],
)
def test_refused_with_place_and_way_out(text: str, code: str, says: str) -> None:
    with pytest.raises(RulesetError, match="|".join(map(re.escape, says.split("|")))) as caught:
        parse(text)
    assert caught.value.code == code
    assert caught.value.location == "rules.yaml:3:5"


def test_inner_names_need_a_lift() -> None:
    with pytest.raises(RulesetError, match="取到外层") as caught:
        parse("工资 < 标准", Level.HOUSEHOLD)
    assert caught.value.code == "expression-level"


def test_the_place_inside_counts_characters_not_bytes() -> None:
    with pytest.raises(RulesetError, match="第 6 个字：没有“没有的”"):
        parse("标准 < 没有的")


def test_names_are_normalised_and_the_change_is_told() -> None:
    # U+2F08 is the radical that looks like 人; NFKC makes it the ordinary character.
    assert parse("\u2f08数 > 1") == parse("人数 > 1")
    assert changed_names('\u2f08数 > 1 and 区 == "\u2f08"') == (("\u2f08数", "人数"),)
