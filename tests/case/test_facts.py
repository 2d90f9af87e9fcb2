"""Facts: unknown is the whole domain, lists are read as of the first day, derivations, sums, dynamic names."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from eligibility.case import (
    FACTS,
    Case,
    Context,
    Fact,
    case_from_data,
    income_fact,
    income_kinds,
    negative_income_kinds,
    receipt_amount_fact,
    receipt_fact,
)
from eligibility.case.fields import shapes
from eligibility.quantities import MAX_FEN, Month
from eligibility.values import ANY_TEXT, AnyText, Kind, Level, Range, Value, date_key
from tests.strategies import INCOME_KINDS, PROGRAMMES, cases, identity_number, months

JULY = Month("2025-07")
DYNAMIC = (
    *(income_fact(kind, signed=kind == "经营净收入") for kind in INCOME_KINDS),
    *(make(name, name, level) for make in (receipt_fact, receipt_amount_fact) for name in PROGRAMMES for level in (Level.HOUSEHOLD, Level.PERSON)),
)  # fmt: skip


def member(fact: str | Fact, month: Month = JULY, /, **fields: Any) -> Value:
    """A fact of the only member."""
    context = Context(case_from_data({"members": [{"id": "甲", **fields}]}), month)
    return _fact(fact).read(context.by_id["甲"], context)


def household(fact: str | Fact, month: Month = JULY, /, **fields: Any) -> Value:
    """A fact of the household of one member."""
    context = Context(case_from_data({"household": fields, "members": [{"id": "甲"}]}), month)
    return _fact(fact).read(None, context)


def parent(fact: str | Fact, month: Month = JULY, /, **fields: Any) -> Value:
    """A fact of the first parent of the only member."""
    data = {"members": [{"id": "甲", "child": {"parents": [fields]}}]}
    context = Context(case_from_data(data), month)
    return _fact(fact).read(context.parents(context.members[0])[0], context)


def _fact(fact: str | Fact) -> Fact:
    return FACTS[fact] if isinstance(fact, str) else fact


def every_value(case: Case, month: Month) -> list[tuple[Fact, Value]]:
    context = Context(case, month)
    read: list[tuple[Fact, Value]] = []
    for fact in (*FACTS.values(), *DYNAMIC):
        if fact.level is Level.HOUSEHOLD:
            read.append((fact, fact.read(None, context)))
            continue
        for person in case.members:
            subjects = (person,) if fact.level is Level.PERSON else context.parents(person)
            read.extend((fact, fact.read(subject, context)) for subject in subjects)
    return read


def test_nothing_said_is_the_whole_domain_of_every_fact() -> None:
    for data in ({"members": [{"id": "甲"}]}, {"members": [{"id": "甲", "child": {"parents": [{}, {}]}}]}):
        for fact, value in every_value(case_from_data(data), JULY):
            assert value == fact.unknown, fact.name


def test_domains() -> None:
    unknown = {name: fact.unknown for name, fact in FACTS.items()}
    assert unknown["本市户籍"] is None
    assert unknown["货币财产"] == Range(0, MAX_FEN)
    assert unknown["住房面积"] == Range(0, 100_000)
    assert unknown["区县"] is ANY_TEXT
    assert unknown["视力等级"] == {"无", "一级", "二级", "三级", "四级"}
    assert unknown["残疾类别数"] == Range(0, 6)
    assert unknown["本人刑期月数"] == Range(0, 1200)
    assert unknown["出生日期"] == Range(date_key(date(1900, 1, 1)), date_key(date(2199, 12, 31)))
    assert income_fact("经营净收入", signed=True).unknown == Range(-MAX_FEN, MAX_FEN)
    assert len(FACTS) == 93


def test_every_fact_can_be_asked_for_in_chinese() -> None:
    for fact in (*FACTS.values(), *DYNAMIC):
        assert fact.question, fact.name
        assert fact.paper, fact.name
        assert not fact.question.isascii()
    assert FACTS["出生日期"].place("母亲") == "成员[母亲].出生日期"
    assert FACTS["失联起始"].place("孩子", 2) == "成员[孩子].儿童.父母[2].父母情形[失联].起始日期"
    assert income_fact("养老金").place("{slot}") == "成员[{slot}].收入[养老金]"
    assert receipt_fact("dibao", "低保", Level.PERSON).place("甲") == "家庭.在享待遇[低保]"


def test_only_hiv_is_a_sensitive_fact() -> None:
    assert [fact.name for fact in FACTS.values() if fact.sensitive] == ["艾滋病病毒感染"]


@given(cases(), months())
@settings(deadline=None)
def test_every_value_is_in_its_domain(case: Case, month: Month) -> None:
    for fact, value in every_value(case, month):
        match fact.kind:
            case Kind.TRUTH:
                assert value is None or type(value) is bool
            case Kind.ENUM if fact.choices is None:
                assert isinstance(value, str | AnyText)
            case Kind.ENUM:
                assert {value} <= set(fact.choices or ()) if isinstance(value, str) else value <= fact.unknown  # type: ignore[operator]
            case _:
                lo, hi = (value.lo, value.hi) if isinstance(value, Range) else (value, value)
                assert isinstance(lo, int | Fraction)
                assert isinstance(hi, int | Fraction)
                assert fact.low is not None
                assert fact.high is not None
                assert fact.low <= lo <= hi <= fact.high
                for end in (lo, hi):
                    assert isinstance(end, int) or end.denominator > 1, "whole numbers are ints"
                    assert (end * fact.denominator).denominator == 1


@given(cases(), months())
@settings(deadline=None)
def test_forgetting_a_field_never_contradicts(case: Case, month: Month) -> None:
    """Without one field of a person, each value still covers what it was with it: knowledge only narrows."""
    before = every_value(case, month)
    for name in (
        "incomes",
        "disabilities",
        "relation_to_head",
        "disability_certificate",
        "child",
        "other_benefits",
    ):
        people = tuple(person.model_copy(update={name: None}) for person in case.members)
        without = case.model_copy(update={"members": people, "declaration": None})
        for (fact, known), (_, less) in zip(before, every_value(without, month), strict=True):
            if fact.level is not Level.PARENT or name != "child":
                assert _covers(less, known), (fact.name, known, less)


def _covers(wide: Value, narrow: Value) -> bool:
    if wide is None or isinstance(wide, AnyText):
        return True
    if isinstance(wide, frozenset):
        return narrow <= wide if isinstance(narrow, frozenset) else narrow in wide
    if isinstance(wide, Range):
        lo, hi = (narrow.lo, narrow.hi) if isinstance(narrow, Range) else (narrow, narrow)
        return wide.lo <= lo and hi <= wide.hi  # type: ignore[operator]
    return wide == narrow


# People: what follows from what was typed.


def test_birth_date_and_sex_from_numbers() -> None:
    number = identity_number(date(1985, 3, 1), 12)
    for typed in ({"identity_number": number}, {"disability_certificate": {"number": number + "43"}}):
        assert member("出生日期", **typed) == date_key(date(1985, 3, 1))
        assert member("性别", **typed) == "女"
    assert member("残疾证类别", disability_certificate={"number": number + "43"}) == "肢体"
    assert member("残疾证等级", disability_certificate={"number": number + "43"}) == "三级"


def test_who_is_a_member() -> None:
    people = [
        {"id": "甲"},
        {"id": "乙", "birth_date": "2025-07-02"},
        {"id": "丙", "birth_date": "2025-07-01"},
    ]
    case = case_from_data({"members": people})
    assert [person.id for person in Context(case, JULY).members] == ["甲", "丙"]
    assert [person.id for person in Context(case, Month("2025-08")).members] == ["甲", "乙", "丙"]
    assert Context(case, JULY).by_id["乙"].id == "乙"
    assert Context(case, JULY).key == date_key(date(2025, 7, 1))


def relations(people: list[dict[str, Any]], **fields: Any) -> list[Value]:
    context = Context(case_from_data({"household": fields, "members": people}), JULY)
    return [FACTS["与申请人关系"].read(person, context) for person in context.members]


def test_relation_to_the_applicant() -> None:
    anybody = FACTS["与申请人关系"].unknown
    assert isinstance(anybody, frozenset)
    head, child = {"id": "甲", "relation_to_head": "户主"}, {"id": "乙", "relation_to_head": "子女"}
    assert relations([head, child]) == [anybody, anybody]
    assert relations([head, child], applicant="甲") == ["本人", "子女"]
    assert relations([head, child], applicant="乙") == [anybody - {"本人"}, "本人"]
    assert relations([head, {"id": "乙"}], applicant="甲") == ["本人", anybody - {"本人"}]
    assert relations([{"id": "甲", "relation_to_applicant": "本人"}, {"id": "乙"}]) == [
        "本人",
        anybody - {"本人"},
    ]


def test_relation_to_the_head() -> None:
    context = Context(
        case_from_data({"members": [{"id": "甲", "relation_to_head": "户主"}, {"id": "乙"}]}), JULY
    )
    value = FACTS["与户主关系"].read(context.by_id["乙"], context)
    assert value == FACTS["与户主关系"].unknown - {"户主"}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("lives", "since", "value"),
    [
        (None, None, None),
        (None, "2025-07-01", True),
        (None, "2025-07-02", False),
        (True, None, True),
        (True, "2025-07-02", False),
        (False, None, False),
    ],
)
def test_living_together(lives: bool | None, since: str | None, value: bool | None) -> None:
    assert member("共同生活", lives_with_household=lives, lives_with_since=since) is value


def test_carer() -> None:
    people = [
        {"id": "甲", "birth_date": "1960-08-02"},
        {"id": "乙", "carer": "甲"},
        {"id": "丙", "carer_birth_date": "1950-01-01"},
    ]
    context = Context(case_from_data({"members": people}), JULY)
    read = FACTS["抚养人出生日期"].read
    assert read(context.by_id["乙"], context) == date_key(date(1960, 8, 2))
    assert read(context.by_id["丙"], context) == date_key(date(1950, 1, 1))


# Lists and time.


def test_absent_is_unknown_and_empty_is_none() -> None:
    for fact in ("本人服刑", "特困人员", "患重大疾病", "领取工伤生活护理费"):
        assert member(fact) is None
        nothing = member(fact, not_counted=[], statuses=[], serious_illnesses=[], other_benefits=[])
        assert nothing is False
    assert member("视力等级", disabilities=[]) == "无"
    assert member("残疾类别数", disabilities=[]) == 0
    assert member("持有残疾人证", disabilities=[]) is False


@pytest.mark.parametrize(
    ("item", "months"),
    [
        ({}, "2025-06 2025-07 2025-08"),
        ({"from": "2025-07-01"}, "2025-07 2025-08"),
        ({"from": "2025-07-02"}, "2025-08"),
        ({"until": "2025-07-01"}, "2025-06"),
        ({"until": "2025-07-02"}, "2025-06 2025-07"),
        ({"since": "2025-07-01"}, "2025-07 2025-08"),
        ({"since": "2025-06-01", "term_months": 1}, "2025-06"),
        ({"since": "2025-05-31", "term_months": 1}, "2025-06"),
        ({"since": "2025-06-02", "term_months": 1}, "2025-07"),
        ({"since": "2025-06-01", "term_months": 1, "until": "2025-08-01"}, "2025-06 2025-07"),
        ({"term_months": 1}, "2025-06 2025-07 2025-08"),
    ],
)
def test_what_is_in_force_on_the_first_day(item: dict[str, Any], months: str) -> None:
    held = [
        month
        for month in ("2025-06", "2025-07", "2025-08")
        if member("本人服刑", Month(month), not_counted=[{"kind": "服刑", **item}])
    ]
    assert held == months.split()


def test_illness_counts_from_its_diagnosis() -> None:
    ill = [{"illness": "尿毒症", "certified": "2025-07-02"}]
    assert member("患重大疾病", JULY, serious_illnesses=ill) is False
    assert member("患重大疾病", Month("2025-08"), serious_illnesses=ill) is True


def test_details_of_a_term() -> None:
    listed = [{"kind": "服刑", "since": "2024-01-01", "term_months": 60}, "宗教教职"]
    assert member("本人服刑起始", not_counted=listed) == date_key(date(2024, 1, 1))
    assert member("本人刑期月数", not_counted=listed) == 60
    assert member("本人宗教教职", not_counted=listed) is True
    assert member("宗教教职离家起始", not_counted=listed) == FACTS["宗教教职离家起始"].unknown


def declared(declaration: Any, fact: str) -> Value:
    data = {"declaration": declaration, "members": [{"id": "甲", "child": {"parents": [{}]}}]}
    context = Context(case_from_data(data), JULY)
    level = FACTS[fact].level
    person = context.members[0]
    subject = person if level is Level.PERSON else context.parents(person)[0]
    return FACTS[fact].read(subject, context)


@pytest.mark.parametrize(
    "declaration", ["未列事项均无", True, {"家庭": True, "成员": True}, {"家庭": True, "成员": {"甲": True}}]
)
def test_declaring_that_nothing_else_exists(declaration: Any) -> None:
    assert declared(declaration, "住房套数") == 0
    assert declared(declaration, "赡养抚养费") == 0
    assert declared(declaration, "单亲") is False
    assert declared(declaration, "本人服刑") is False
    assert declared(declaration, "肢体等级") == "无"
    assert declared(declaration, "失联") is False
    assert declared(declaration, "父母肢体等级") == "无"
    assert declared(declaration, "货币财产") == FACTS["货币财产"].unknown, "only lists are declared"
    assert declared(declaration, "父母状况") == FACTS["父母状况"].unknown


def test_declaring_single_lists() -> None:
    declaration = {"家庭": ["住房"], "成员": {"甲": ["disabilities", "父母情形"]}}
    assert declared(declaration, "住房套数") == 0
    assert declared(declaration, "机动车数") == FACTS["机动车数"].unknown
    assert declared(declaration, "肢体等级") == "无"
    assert declared(declaration, "父母肢体等级") == FACTS["父母肢体等级"].unknown
    assert declared(declaration, "失联") is False
    assert declared(declaration, "本人服刑") is None


def test_a_parent_who_is_not_listed_stays_unknown() -> None:
    case = case_from_data(
        {"declaration": "未列事项均无", "members": [{"id": "甲", "child": {"parents": [{}]}}]}
    )
    context = Context(case, JULY)
    first, second = context.parents(case.members[0])
    assert first is not None
    assert second is None
    assert FACTS["死亡"].read(second, context) is None
    assert FACTS["死亡"].read(first, context) is False


# Amounts.


def test_incomes_by_kind_and_period() -> None:
    incomes = [
        {"kind": "工资性收入", "amount": "1000"},
        {"kind": "工资性收入", "amount": "300", "period": "季"},
        {"kind": "工资性收入", "amount": "1200", "period": "年", "from": "2025-08-01"},
        {"kind": "经营净收入", "amount": "-1", "period": "年"},
    ]
    assert member(income_fact("工资性收入"), incomes=incomes) == 110_000
    assert type(member(income_fact("工资性收入"), incomes=incomes)) is int
    assert member(income_fact("工资性收入"), Month("2025-08"), incomes=incomes) == 120_000
    assert member(income_fact("经营净收入", signed=True), incomes=incomes) == Fraction(-25, 3)
    assert member(income_fact("养老金"), incomes=incomes) == 0
    assert member(income_fact("ＡＢ"), incomes=[{"kind": "AB", "amount": 1}]) == 100


def test_an_unknown_amount_bounds_the_sum_from_below() -> None:
    incomes = [{"kind": "a", "amount": "10"}, {"kind": "a"}]
    assert member(income_fact("a"), incomes=incomes) == Range(1000, MAX_FEN)
    assert member(income_fact("a", signed=True), incomes=incomes) == Range(-MAX_FEN, MAX_FEN)
    assert member(income_fact("b"), incomes=incomes) == 0


def test_deductions() -> None:
    listed = [
        {"kind": "必要就业成本", "amount": "500"},
        {"kind": "社会保险费", "amount": "300", "period": "季"},
        {"kind": "个人所得税", "amount": "1", "period": "年"},
    ]
    assert member("必要就业成本", deductions=listed) == 50_000
    assert member("转移性支出", deductions=listed) == 10_000 + Fraction(100, 12)
    assert member("转移性支出", deductions=[]) == 0
    assert member("转移性支出", deductions=[{"kind": "社会保险费"}]) == Range(0, MAX_FEN)


def test_central_share_of_the_pension() -> None:
    def share(**fields: Any) -> Value:
        return member(
            "城乡基础养老金中央部分", incomes=[{"kind": "城乡基础养老金", "amount": "900", **fields}]
        )

    assert share(central_share="123") == 12_300
    assert share() == Range(0, 90_000)
    assert share(period="季") == Range(0, 30_000)
    assert share(amount=None) == Range(0, MAX_FEN)
    assert member("城乡基础养老金中央部分", incomes=[]) == 0


def test_other_benefits() -> None:
    listed = [
        {"kind": "高龄津贴", "nature": "生活", "amount": "100"},
        {"kind": "长护险", "nature": "护理", "amount": "200"},
        {"kind": "工伤生活护理", "nature": "护理", "amount": "4000"},
        {"kind": "其他", "amount": "5"},
    ]
    assert member("其他生活类补贴月额", other_benefits=listed) == Range(10_000, 10_500)
    assert member("其他护理类补贴月额", other_benefits=listed) == Range(20_000, 20_500)
    assert member("领取工伤生活护理费", other_benefits=listed) is True
    assert member("其他护理类补贴月额", other_benefits=[]) == 0


# Impairments.


def test_grades() -> None:
    blind = [{"category": "视力", "grade": "一级"}]
    assert member("视力等级", disabilities=blind) == "一级"
    assert member("听力等级", disabilities=blind) == "无"
    assert member("残疾类别数", disabilities=blind) == 1
    assert member("听力等级", disabilities=blind, disability_list_complete=False) == FACTS["听力等级"].unknown
    assert member("残疾类别数", disabilities=blind, disability_list_complete=False) == Range(1, 6)
    assert member("持有残疾人证", disabilities=blind) is None


def test_grades_from_a_certificate_alone() -> None:
    one = {"category": "肢体", "grade": "二级", "until": "2025-08-01"}
    assert member("肢体等级", disability_certificate=one) == "二级"
    assert member("视力等级", disability_certificate=one) == FACTS["视力等级"].unknown
    assert member("残疾类别数", disability_certificate=one) == Range(1, 6)
    assert member("持有残疾人证", disability_certificate=one) is True
    assert member("持有残疾人证", Month("2025-08"), disability_certificate=one) is False
    assert member("肢体等级", Month("2025-08"), disability_certificate=one) == FACTS["肢体等级"].unknown
    several = {"category": "多重", "grade": "一级"}
    data = {"declaration": "未列事项均无", "members": [{"id": "甲", "disability_certificate": several}]}
    context = Context(case_from_data(data), JULY)
    assert FACTS["视力等级"].read(context.members[0], context) == FACTS["视力等级"].unknown


def test_grades_of_parents() -> None:
    blind = [{"category": "视力", "grade": "一级"}]
    assert parent("父母视力等级", disabilities=blind) == "一级"
    assert parent("父母听力等级", disabilities=blind) == "无"
    people = [{"id": "甲", "disabilities": blind}, {"id": "乙", "child": {"parents": [{"reference": "甲"}]}}]
    context = Context(case_from_data({"members": people}), JULY)
    slot, _ = context.parents(context.by_id["乙"])
    assert FACTS["父母视力等级"].read(slot, context) == "一级"
    assert FACTS["父母状况"].read(slot, context) == "已知"


def test_circumstances_of_parents() -> None:
    missing = [
        {"kind": "失联", "since": "2025-01-01", "police_receipt": "有"},
        {"kind": "服刑", "term_months": 7},
    ]
    assert parent("失联", circumstances=missing) is True
    assert parent("失联起始", circumstances=missing) == date_key(date(2025, 1, 1))
    assert parent("失联报警回执", circumstances=missing) is True
    assert parent("刑期月数", circumstances=missing) == 7
    assert parent("服刑起始", circumstances=missing) == FACTS["服刑起始"].unknown
    assert parent("死亡", circumstances=missing) is False
    assert parent("强制隔离戒毒月数", circumstances=missing) == FACTS["强制隔离戒毒月数"].unknown


# The household.


def test_district_and_money() -> None:
    assert household("区县", region="110112000000") == "110112"
    assert household("货币财产", monetary_assets="1,480.5元") == 148_050
    assert household("其他财产", other_property=[{"amount": 1}, {"amount": 2, "until": "2025-07-01"}]) == 100
    assert household("其他财产", other_property=[{"amount": 1}, {}]) == Range(100, MAX_FEN)
    assert household("单亲", situations=["单亲"]) is True
    assert household("重大变故", situations=["单亲"]) is False


def test_dwellings() -> None:
    homes = [{"area": "58.5"}, {"area": "41.25"}, {"area": 7, "from": "2025-08-01"}]
    assert household("住房套数", dwellings=homes) == 2
    assert household("住房面积", dwellings=homes) == Fraction(9975, 100)
    assert household("住房面积", dwellings=[{"area": "58.50"}, {"area": "1.5"}]) == 60
    assert household("住房面积", dwellings=[{"area": "58.50"}, {}]) == Range(Fraction(117, 2), 100_000)


@pytest.mark.parametrize(
    ("vehicle", "motor", "medical", "farm"),
    [
        ({"vehicle_kind": "机动车", "use": "其他"}, 1, 0, 0),
        ({"vehicle_kind": "机动车", "use": "治病"}, 1, 1, 0),
        ({"vehicle_kind": "机动车", "use": "残疾代步"}, 0, 0, 0),
        ({"vehicle_kind": "机动车"}, Range(0, 1), Range(0, 1), 0),
        ({"vehicle_kind": "大型农机具"}, 0, 0, 1),
        ({"vehicle_kind": "残疾人机动轮椅车"}, 0, 0, 0),
        ({}, Range(0, 1), Range(0, 1), Range(0, 1)),
    ],
)
def test_vehicles(vehicle: dict[str, Any], motor: Value, medical: Value, farm: Value) -> None:
    assert household("机动车数", vehicles=[vehicle]) == motor
    assert household("治病用车数", vehicles=[vehicle]) == medical
    assert household("大型农机具数", vehicles=[vehicle]) == farm


def test_supporters() -> None:
    assert household("赡养抚养费", supporters=[{"amount": 100}, {"able": False}]) == 10_000
    assert household("赡养抚养费", supporters=[{"amount": 100, "able": False}]) == 10_000
    assert household("赡养抚养费", supporters=[{"amount": 100}, {"able": True}]) == Range(10_000, MAX_FEN)
    assert household("赡养抚养费", supporters=[{}]) == Range(0, MAX_FEN)
    assert household("赡养抚养费", supporters=[]) == 0


def test_heating() -> None:
    heating = {
        "mode": "燃煤自采暖",
        "area": "58.5",
        "season": "2020-2021",
        "approved": "2020-10-01",
        "drawing_elsewhere": 1,
    }
    assert household("采暖方式", heating=heating) == "燃煤自采暖"
    assert household("采暖面积", heating=heating) == Fraction(117, 2)
    assert household("采暖季", heating=heating) == "2020-2021"
    assert household("采暖核准日期", heating=heating) == date_key(date(2020, 10, 1))
    assert household("同住他处领取采暖人数", heating=heating) == 1


# What is in payment.


def receipts(benefits: list[dict[str, Any]], level: Level) -> list[tuple[Value, Value]]:
    """Whether and how much of 低保 is in payment: of the household, or of each of two people."""
    data = {"household": {"benefits_in_payment": benefits}, "members": [{"id": "甲"}, {"id": "乙"}]}
    context = Context(case_from_data(data), JULY)
    facts = (receipt_fact("dibao", "低保", level), receipt_amount_fact("dibao", "低保", level))
    subjects: tuple[Any, ...] = (None,) if level is Level.HOUSEHOLD else context.members
    return [(facts[0].read(subject, context), facts[1].read(subject, context)) for subject in subjects]


def test_receipts_of_the_household() -> None:
    level = Level.HOUSEHOLD
    assert receipts([], level) == [(False, 0)]
    assert receipts([{"programme": "低保", "amount": 560}], level) == [(True, 56_000)]
    assert receipts([{"programme": "dibao", "persons": ["甲"]}], level) == [(True, Range(0, MAX_FEN))]
    assert receipts([{"programme": "低保", "until": "2025-07-01"}, {"programme": "低收入"}], level) == [
        (False, 0)
    ]


def test_receipts_of_people() -> None:
    level = Level.PERSON
    assert receipts([{"programme": "低保", "amount": 5, "persons": ["甲"]}], level) == [
        (True, 500),
        (False, 0),
    ]
    assert receipts([{"programme": "低保", "amount": 5}], level) == [(None, Range(0, 500))] * 2
    both = [{"programme": "低保", "amount": 5}, {"programme": "dibao", "amount": 1, "persons": ["乙"]}]
    assert receipts(both, level) == [(None, Range(0, 500)), (True, Range(100, 600))]


def test_income_kinds() -> None:
    incomes = [
        {"kind": "a", "amount": 1},
        {"kind": "b", "amount": -1},
        {"kind": "a", "amount": -1, "until": "2000-01-01"},
    ]
    case = case_from_data({"members": [{"id": "甲"}, {"id": "乙", "incomes": incomes}]})
    assert income_kinds(case) == {"a": "成员[乙].收入[1].种类", "b": "成员[乙].收入[2].种类"}
    assert negative_income_kinds(case) == {"a", "b"}


def test_fact_names_do_not_collide_with_income_or_receipt_names() -> None:
    assert not any("." in name for name in FACTS)
    assert {fact.name for fact in DYNAMIC}.isdisjoint(FACTS)
    assert shapes(Case)["成员"] is shapes(Case)["members"]
