"""Overrides: every name of the vocabulary, what it writes into a case or an edition, and what is refused, with its place."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility import (
    Case,
    InputError,
    Money,
    Month,
    Ruleset,
    case_from_data,
    determine,
    load_case,
    load_ruleset,
)
from eligibility.case import FACTS, Context, Fact, canonical
from eligibility.values import Kind, Level
from eligibility.whatif.overrides import (
    CaseOverride,
    FigureOverride,
    Override,
    apply_to_case,
    apply_to_edition,
    parse_override,
)
from eligibility.whatif.places import fact_of, spelled, text_of, value_of

from .. import strategies

AUGUST = Month("2025-08")
FAMILY = case_from_data(
    {
        "声明": "未列事项均无",
        "家庭": {"地区": "110199001001", "申请人": "母亲", "货币财产": "0"},
        "成员": [
            {"编号": "母亲", "与户主关系": "户主", "本市户籍": "是", "收入": [{"种类": "工资性收入", "金额": "2400.00"}]},
            {"编号": "孩子", "与户主关系": "子女", "出生日期": "2016-09-09", "本市户籍": "是", "共同生活": "是", "儿童": {"父母": [{"父母状况": "已知"}]}},
        ],
    }
)  # fmt: skip
DERIVED = {
    "区县", "住房套数", "住房面积", "机动车数", "治病用车数", "大型农机具数", "转移性支出", "残疾类别数", "持有残疾人证",
    "其他生活类补贴月额", "其他护理类补贴月额", "有抚养人", "城乡基础养老金中央部分",
}  # fmt: skip
"""Facts that several fields make together: they say where to write instead."""


TOGETHER = {
    "与申请人关系": ('成员["孩子"].与户主关系 = 未知',),
    "残疾证类别": ('成员["孩子"].残疾 = 未知', '成员["孩子"].残疾证等级 = 一级'),
    "残疾证等级": ('成员["孩子"].残疾 = 未知', '成员["孩子"].残疾证类别 = 肢体'),
}
"""What contradicts the case by itself."""


def change(case: Case, rules: Ruleset, *texts: str) -> Case:
    return apply_to_case(case, [parse_override(text, rules) for text in texts], month=AUGUST)


def read(case: Case, name: str, member: str | None, slot: int | None, rules: Ruleset) -> object:
    context = Context(case, AUGUST)
    person = None if member is None else context.by_id[member]
    subject = context.parents(person)[slot - 1] if slot is not None and person is not None else person
    level = Level.HOUSEHOLD if member is None else Level.PERSON if slot is None else Level.PARENT
    fact = fact_of(name, level, rules)
    assert fact is not None
    return fact.read(subject, context)


def samples(fact: Fact) -> tuple[str, ...]:
    if fact.kind is Kind.TRUTH:
        return ("是", "否", "是")
    if fact.kind is Kind.ENUM:
        return fact.choices or ("2020-2021",)
    if fact.kind is Kind.DATE:
        return ("2020-01-31", "2019-02-28")
    return ("3", "0", "12") if fact.kind is Kind.INTEGER else ("300.05", "0", "58")


def whose(fact: Fact) -> tuple[str | None, int | None]:
    return (
        (None, None) if fact.level is Level.HOUSEHOLD else ("孩子", 1 if fact.level is Level.PARENT else None)
    )


@pytest.mark.parametrize("name", [name for name in FACTS if name not in DERIVED])
def test_every_fact_reads_as_it_was_set(name: str, beijing: Ruleset) -> None:
    fact = FACTS[name]
    member, slot = whose(fact)
    for text in samples(fact):
        if text in ("户主", "本人"):  # there is one already
            continue
        texts = [*TOGETHER.get(name, ()), f'{spelled(fact, member, slot)} = "{text}"']
        # Without a month nothing is checked afterwards: what is read here is what was written.
        changed = apply_to_case(FAMILY, [parse_override(each, beijing) for each in texts])
        assert read(changed, name, member, slot, beijing) == value_of(fact, text)


@pytest.mark.parametrize("name", sorted(DERIVED))
def test_facts_that_several_fields_make_say_where_to_write(name: str, beijing: Ruleset) -> None:
    fact = FACTS[name]
    text = {Kind.TRUTH: "是", Kind.ENUM: "110112"}.get(fact.kind, "1")
    with pytest.raises(InputError) as caught:
        parse_override(f"{spelled(fact, '孩子', 1)} = {text}", beijing)
    assert caught.value.code == "override-derived"
    field = fact.place("孩子").replace("[孩子]", '["孩子"]')
    assert caught.value.hint == f"请改个案里的 {field}"


@pytest.mark.parametrize("kind", ["工资性收入", "经营净收入", "养老金"])
def test_income_of_a_kind_becomes_one_monthly_item(kind: str, beijing: Ruleset) -> None:
    changed = change(FAMILY, beijing, f'成员["母亲"].收入.{kind} = 3,000.50元')
    assert read(changed, f"收入.{kind}", "母亲", None, beijing) == 300050
    others = [item.kind for item in changed.members[0].incomes or ()]
    assert sorted(others) == sorted({"工资性收入", kind})


def test_items_of_a_kind_are_replaced_and_details_of_a_single_one_kept(beijing: Ruleset) -> None:
    several = change(FAMILY, beijing)
    data = canonical(several)
    data["members"][0]["incomes"] = [
        {"kind": "工资性收入", "amount": "100.00"},
        {"kind": "工资性收入", "amount": "900.00", "period": "季"},
        {"kind": "城乡基础养老金", "amount": "1100.00", "central_share": "100.00"},
    ]
    case = case_from_data(data)
    changed = change(
        case, beijing, '成员["母亲"].收入.工资性收入 = 7', '成员["母亲"].收入.城乡基础养老金 = 1200'
    )
    assert canonical(changed)["members"][0]["incomes"] == [
        {"kind": "城乡基础养老金", "amount": "1200.00", "central_share": "100.00"},
        {"kind": "工资性收入", "amount": "7.00"},
    ]


@pytest.mark.parametrize(
    ("text", "name", "member", "value"),
    [
        ("货币财产 = 50000", "货币财产", None, 5_000_000),
        ("家庭.货币财产 = １２３.４５", "货币财产", None, 12345),
        ("单亲 = 是", "单亲", None, True),
        ("赡养抚养费 = 200", "赡养抚养费", None, 20000),
        ("家庭.在享月额.低保 = 300", "在享月额.低保", None, 30000),
        ("在享.低保 = 是", "在享.低保", None, True),
        ("成员['母亲'].肢体等级 = “二级”", "肢体等级", "母亲", "二级"),
        ("成员[母亲].本人服刑 = true", "本人服刑", "母亲", True),
        ('成员["母亲"].必要就业成本 = 12', "必要就业成本", "母亲", 1200),
        ('成员["母亲"].收入.经营净收入 = -12.5', "收入.经营净收入", "母亲", -1250),
        ('成员["母亲"].收入 = 无', "收入.工资性收入", "母亲", 0),
        ("家庭.住房 = 无", "住房套数", None, 0),
        ('成员["母亲"].收入["工资性收入"] = 无', "收入.工资性收入", "母亲", 0),
        ('成员["母亲"].扣除.社会保险费 = 30', "转移性支出", "母亲", 3000),
    ],
)
def test_the_vocabulary(text: str, name: str, member: str | None, value: object, beijing: Ruleset) -> None:
    assert read(change(FAMILY, beijing, text), name, member, None, beijing) == value


def test_a_fact_set_to_unknown_is_unknown(beijing: Ruleset) -> None:
    changed = change(FAMILY, beijing, "货币财产 = 未知", '成员["母亲"].收入 = unknown')
    assert changed.household.monetary_assets is None
    assert determine(changed, beijing, month=AUGUST)["低保"].outcome.value == "undetermined"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("低保標准 = 1520", "“低保標准”：没有“低保標准”这个事实、标准或假设（最接近的名称：低保标准） [unknown-name]"),
        ('成员["母亲"].就业状态 = 就业', "“成员[\"母亲\"].就业状态”：没有“就业状态”这一列或这个字段（最接近的名称：就业状况） [unknown-name]"),
        ('成员["母亲"].就业状况 = 上班', "“成员[\"母亲\"].就业状况”：“就业状况”应为 就业、灵活就业、务农、失业、无业、退休、在校 之一 [override-value]"),
        ('成员["母亲"].收入.工资收入 = 3', "“成员[\"母亲\"].收入.工资收入”：规则集没有收入种类“工资收入”（最接近的名称：工资性收入） [unknown-income-kind]"),
        ("货币财产 = 1.234", "“货币财产”：“货币财产”应为金额（元），如 1480.00，最多两位小数 [override-value]"),
        ("货币财产 = -5", "“货币财产”：“货币财产”的值超出允许的范围 [override-value]"),
        ("单亲 = 1", "“单亲”：“单亲”应写 是 或 否 [override-value]"),
        ("单亲 = 未知", "“单亲”：“单亲”不能单独写成未知（把整个列表写成未知：家庭.家庭情形 = 未知） [override-value]"),
        ('成员["母亲"].出生日期 = 1988-2-30', "“成员[\"母亲\"].出生日期”：“出生日期”应为日期，写法如 2025-07-01 [override-value]"),
        ("就业状况 = 就业", "“就业状况”：要写明是谁的（写作 成员[\"…\"].就业状况） [override-subject]"),
        ("家庭月收入 = 3", "“家庭月收入”：这是规则算出来的，不能直接改（请改它依据的事实或标准） [override-derived]"),
        ("低保标准 = 一千", "“低保标准”：“低保标准”的值不合用：金额写法应如 1480、1480.00 或 1,480.00元，最多两位小数 [override-value]"),
        ("低保标准 = 1520 from 2026-7", "“低保标准”：起始月份“2026-7”不合用：月份应写成 2026-07 [override-from]"),
        ("货币财产 = 1520 from 2026-07", "“货币财产”：只有标准和假设可以写 from；事实按待遇月份读取 [override-from]"),
        ("核减停止月 = 2021-01", "“核减停止月”：这个假设决定版本的起止月份，不能在情景里改（请用叠加规则改） [override-month]"),
    ],
)  # fmt: skip
def test_each_mistake_gives_one_clear_error(text: str, expected: str, beijing: Ruleset) -> None:
    with pytest.raises(InputError) as caught:
        parse_override(text, beijing, location="情景.yaml:4:9")
    assert [str(problem) for problem in caught.value.problems] == [f"情景.yaml:4:9: {expected}"]


@pytest.mark.parametrize("text", ["低保标准", "= 3", "低保标准 =", "低保标准 = ", ""])
def test_what_is_no_override(text: str, beijing: Ruleset) -> None:
    with pytest.raises(InputError) as caught:
        parse_override(text, beijing)
    assert caught.value.code == "override-syntax"
    assert "写作 名称 = 值" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('成员["母"].就业状况 = 失业', "f:1:2: “成员[\"母\"].就业状况”：没有编号为“母”的成员（最接近的名称：母亲） [override-place]"),
        ('成员["母亲"].收入[4].金额 = 3', "f:1:2: “成员[\"母亲\"].收入[4].金额”：“收入”里没有 [4] [override-place]"),
        ('成员["母亲"].收入[4] = 无', "f:1:2: “成员[\"母亲\"].收入[4]”：“收入”里没有 [4] [override-place]"),
        ('成员["母亲"].收入[1].金额 = 三元', "f:1:2: 成员[1].收入[1].金额：金额写法应如 1480、1480.00 或 1,480.00元，最多两位小数 [case-money]"),
        ('成员["母亲"].收入[1] = 无', None),
        ('成员["孩子"] = 无', None),
        ('成员["孩子"].户籍迁入日期 = 2030-01-01', None),
        ('成员["母亲"].共同生活截止 = 2020-01-01', None),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_case_is_refused_at_its_place(
    text: str, expected: str | None, beijing: Ruleset
) -> None:
    override = parse_override(text, beijing, location="f:1:2")
    if expected is None:
        assert apply_to_case(FAMILY, [override], month=AUGUST) != FAMILY
        return
    with pytest.raises(InputError) as caught:
        apply_to_case(FAMILY, [override], month=AUGUST)
    assert [str(problem) for problem in caught.value.problems] == [expected]


def test_a_contradiction_is_refused_at_the_override(beijing: Ruleset) -> None:
    case = load_case("cases/单亲母亲与学童.yaml")
    override = parse_override('成员["母亲"].出生日期 = 1999-01-01', beijing, location="f:1:2")
    with pytest.raises(InputError) as caught:
        apply_to_case(case, [override])
    assert caught.value.code == "case-birth-date"
    assert caught.value.location == "f:1:2"


def test_a_fact_that_another_field_keeps_from_taking_effect_is_refused(beijing: Ruleset) -> None:
    late = change(FAMILY, beijing, '成员["孩子"].户籍迁入日期 = 2030-01-01')
    with pytest.raises(InputError) as caught:
        change(late, beijing, '成员["孩子"].本市户籍 = 是')
    assert caught.value.code == "override-no-effect"
    assert '成员["孩子"].本市户籍' in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    ['成员["甲"].收入.工资性收入 = 3', '成员["甲"].本人服刑 = 否', "单亲 = 是", '成员["甲"].肢体等级 = 二级', "在享.低保 = 否"],
)  # fmt: skip
def test_one_kind_on_an_unknown_list_is_refused(text: str, beijing: Ruleset) -> None:
    """With it the list would say that there is nothing else: unknown would have become no."""
    case = case_from_data({"成员": [{"编号": "甲"}]})
    with pytest.raises(InputError) as caught:
        change(case, beijing, text)
    assert "整个未知，只写其中一种就等于说没有别的" in str(caught.value)
    first = (caught.value.hint or "").removeprefix("没有别的，就先写 ")
    assert change(case, beijing, first, text) != case


def test_nothing_personal_gets_into_a_message(beijing: Ruleset) -> None:
    for text in ('成员["母亲"].姓 = 欧阳明月', '成员["母亲"].身份证号 = 欧阳明月', "欧阳 = 1"):
        with pytest.raises(InputError) as caught:
            change(FAMILY, beijing, text)
        assert "欧阳明月" not in str(caught.value)
    hidden = parse_override('成员["孩子"].艾滋病病毒感染 = 是', beijing)
    assert hidden.shown == "（一项不公开的事实）"
    named = parse_override('成员["母亲"].姓名 = 欧阳明月', beijing)
    assert "欧阳" not in named.shown


# —— Figures ——


def figures(rules: Ruleset, *texts: str) -> list[Override]:
    return [parse_override(text, rules) for text in texts]


def test_a_figure_holds_from_its_month_on(beijing: Ruleset) -> None:
    overrides = figures(beijing, "低保标准 = 1520 from 2025-09")
    assert isinstance(overrides[0], FigureOverride)
    before, after = beijing.edition("2025-08"), beijing.edition("2025-09")
    assert apply_to_edition(before, overrides) is before
    changed = apply_to_edition(after, overrides)
    assert changed.parameters["低保标准"].value == 152000
    assert changed.edition_digest != after.edition_digest
    assert changed.rules_digest == after.rules_digest
    assert beijing.edition("2025-09") is after
    assert after.parameters["低保标准"].value == 148000


def test_of_several_figures_the_latest_month_that_has_come_holds(beijing: Ruleset) -> None:
    overrides = figures(
        beijing, "低保标准 = 1600 自 2026-01 起", "低保标准 = 1500", "低保标准 = 1520 from 2025-07"
    )
    found = {
        month: apply_to_edition(beijing.edition(month), overrides).parameters["低保标准"].value
        for month in ("2025-06", "2025-07", "2025-12", "2026-01")
    }
    assert found == {"2025-06": 150000, "2025-07": 152000, "2025-12": 152000, "2026-01": 160000}


def test_an_assumption_by_its_name(beijing: Ruleset) -> None:
    (override,) = figures(beijing, "恰等于归低收入 = 否")
    assert (
        apply_to_edition(beijing.edition("2025-08"), [override]).parameters["恰等于归低收入"].value is False
    )


# —— Any case ——


@settings(max_examples=60)
@given(strategies.cases(), st.integers(0, 10**8))
def test_an_override_changes_one_fact_and_nothing_else(case: Case, fen: int) -> None:
    rules = _rules()
    override = parse_override(f"货币财产 = {Money.from_fen(fen)}", rules)
    assert isinstance(override, CaseOverride)
    changed = apply_to_case(case, [override], month=AUGUST)
    before, after = canonical(case), canonical(changed)
    after["household"].pop("monetary_assets", None)
    before.get("household", {}).pop("monetary_assets", None)
    assert {**before, "household": before.get("household", {})} == after
    assert read(changed, "货币财产", None, None, rules) == fen
    assert apply_to_case(changed, [override]) == changed


@settings(max_examples=60)
@given(strategies.cases(1), st.sampled_from(sorted(FACTS)))
def test_what_a_fact_is_can_be_written_again(case: Case, name: str) -> None:
    """A known value, spelled out and applied, leaves the fact as it is."""
    rules, fact = _rules(), FACTS[name]
    if name in DERIVED or fact.level is Level.PARENT:
        return
    member = None if fact.level is Level.HOUSEHOLD else case.members[0].id
    context = Context(case, AUGUST)
    value = fact.read(None if member is None else case.members[0], context)
    if not isinstance(value, bool | str | int):
        return
    override = parse_override(f'{spelled(fact, member, None)} = "{text_of(fact, value)}"', rules)
    try:
        changed = apply_to_case(case, [override], month=AUGUST)
    except InputError:  # typed, it contradicts what else the case says of the same thing
        return
    subject = None if member is None else changed.members[0]
    assert fact.read(subject, Context(changed, AUGUST)) == value


@cache
def _rules() -> Ruleset:
    return load_ruleset("beijing")
