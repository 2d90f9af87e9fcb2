"""The dictionary between the case and the law: every name an expression may use, with its type, domain and place.

A fact belongs to the household, to a person or to one of a person's two parents. Reading one never fails and never
invents: what the case does not say is the whole domain of the fact. Values outside the domain were refused when the
case was read. Facts whose names depend on a ruleset (an income kind, a programme in payment) are made by factories.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..quantities import MAX_FEN
from ..values import Kind, Level, Range, Value
from .context import Context
from .fact import (
    AREA,
    COUNT,
    DATE,
    MONEY,
    MONTHLY,
    OPEN,
    TERM,
    TRUTH,
    VIEWS,
    Domain,
    Fact,
    Read,
    choice_of,
    derived,
    detail,
    flag,
    located,
    read_grade,
    typed,
)
from .fields import CertificateCategory, Grade, RelationToApplicant, RelationToHead, choices, normal
from .household import HeatingMode
from .items import Care, CircumstanceKind, ParentStatus
from .models import Case
from .people import CATEGORIES, GRADES
from .person import Education, HukouKind, Sex, WorkAbility, WorkStatus
from .standing import total


def _household_facts() -> Iterator[Fact]:
    level = Level.HOUSEHOLD
    yield derived(level, "区县", "region", OPEN, "district")
    yield typed(level, "货币财产", "monetary_assets", MONEY)
    yield derived(level, "其他财产", "other_property", MONEY, "other_property")
    yield derived(level, "住房套数", "dwellings", COUNT, "dwellings")
    yield derived(level, "住房面积", "dwellings", AREA, "dwelling_area", "家里各处住房一共多少平方米？")
    yield derived(level, "机动车数", "vehicles", COUNT, "motor_vehicles")
    yield derived(level, "治病用车数", "vehicles", COUNT, "medical_vehicles", "家里有没有就医用的机动车？")
    yield derived(level, "大型农机具数", "vehicles", COUNT, "farm_machines", "家里有没有大型农机具？")
    yield typed(level, "月租金", "rent", MONEY)
    yield flag(level, "单亲", "situations", "单亲")
    yield flag(level, "重大变故", "situations", "重大变故")
    yield derived(level, "赡养抚养费", "supporters", MONTHLY, "support")
    yield typed(level, "采暖方式", "heating.mode", choice_of(HeatingMode))
    yield typed(level, "采暖面积", "heating.area", AREA)
    yield typed(level, "采暖季", "heating.season", OPEN)
    yield typed(level, "采暖核准日期", "heating.approved", DATE)
    yield typed(level, "同住他处领取采暖人数", "heating.drawing_elsewhere", COUNT)


def _person_facts() -> Iterator[Fact]:
    level = Level.PERSON
    yield derived(level, "性别", "sex", choice_of(Sex), "sex")
    yield derived(level, "出生日期", "birth_date", DATE, "birth_date")
    yield derived(level, "与户主关系", "relation_to_head", choice_of(RelationToHead), "relation_to_head")
    relation = choice_of(RelationToApplicant)
    yield derived(level, "与申请人关系", "relation_to_applicant", relation, "relation_to_applicant")
    yield derived(level, "本市户籍", "local_hukou", TRUTH, "local_hukou")
    yield typed(level, "户籍迁入日期", "hukou_since", DATE)
    yield typed(level, "户口性质", "hukou_kind", choice_of(HukouKind))
    yield typed(level, "本市定居起始", "settled_since", DATE)
    yield derived(level, "共同生活", "lives_with_household", TRUTH, "lives_with_household")
    yield typed(level, "共同生活起始", "lives_with_since", DATE)
    yield flag(level, "本人宗教教职", "not_counted", "宗教教职")
    yield detail(level, "宗教教职离家起始", "not_counted", "宗教教职", "since", DATE)
    yield flag(level, "本人服刑", "not_counted", "服刑")
    yield detail(level, "本人服刑起始", "not_counted", "服刑", "since", DATE)
    yield detail(level, "本人刑期月数", "not_counted", "服刑", "term_months", TERM)
    yield flag(level, "本人强制隔离戒毒", "not_counted", "强制隔离戒毒")
    yield flag(level, "本人宣告失踪", "not_counted", "宣告失踪")
    yield typed(level, "能独立生活", "independent", TRUTH)
    yield typed(level, "学历阶段", "education", choice_of(Education))
    yield typed(level, "全日制在读", "full_time", TRUTH)
    yield typed(level, "预计毕业日期", "graduation", DATE)
    yield typed(level, "就业状况", "work_status", choice_of(WorkStatus))
    yield typed(level, "劳动能力", "work_ability", choice_of(WorkAbility))
    yield typed(level, "登记失业", "registered_unemployed", TRUTH)
    yield typed(level, "有稳定收入", "stable_income", TRUTH)
    yield typed(level, "稳定收入月额", "stable_income_amount", MONEY)
    yield flag(level, "特困人员", "statuses", "特困")
    yield flag(level, "困补人员", "statuses", "困补")
    yield derived(level, "患重大疾病", "serious_illnesses", TRUTH, "seriously_ill")
    yield typed(level, "长期照护", "long_term_care", TRUTH)
    yield derived(
        level, "必要就业成本", "deductions", MONTHLY, "employment_cost", "必要的就业成本每月多少元？"
    )
    asked = "社会保险费、个人所得税、赡养抚养支出每月多少元？"
    yield derived(level, "转移性支出", "deductions", MONTHLY, "transfers_paid", asked)
    for category in CATEGORIES:
        read = read_grade(VIEWS[level], category)
        yield located(level, f"{category}等级", "disabilities", Domain(Kind.ENUM, choices=GRADES), read)
    yield derived(
        level,
        "残疾类别数",
        "disabilities",
        dataclasses.replace(COUNT, high=len(CATEGORIES)),
        "impaired_categories",
    )
    yield derived(level, "持有残疾人证", "disability_certificate", TRUTH, "holds_certificate")
    yield derived(
        level,
        "残疾证类别",
        "disability_certificate.category",
        choice_of(CertificateCategory),
        "certificate_category",
    )
    yield derived(level, "残疾证等级", "disability_certificate.grade", choice_of(Grade), "certificate_grade")
    yield derived(
        level, "领取工伤生活护理费", "other_benefits", TRUTH, "work_injury_care", "有没有领取工伤生活护理费？"
    )
    asked = "其他生活类补贴每月多少元？"
    yield derived(level, "其他生活类补贴月额", "other_benefits", MONTHLY, "living_benefits", asked)
    asked = "其他护理类补贴每月多少元（工伤生活护理费除外）？"
    yield derived(level, "其他护理类补贴月额", "other_benefits", MONTHLY, "nursing_benefits", asked)
    yield derived(level, "有抚养人", "carer", TRUTH, "has_carer")
    yield derived(level, "抚养人出生日期", "carer_birth_date", DATE, "carer_birth_date")
    yield typed(level, "弃婴", "child.foundling", TRUTH)
    yield typed(level, "养育方式", "child.care", choice_of(Care))
    yield typed(level, "已收养", "child.adopted", TRUTH)
    yield typed(level, "艾滋病病毒感染", "child.hiv", TRUTH)
    asked = "城乡基础养老金中由中央确定的部分每月多少元？"
    yield derived(level, "城乡基础养老金中央部分", "incomes", MONTHLY, "central_pension", asked)


def _parent_facts() -> Iterator[Fact]:
    level = Level.PARENT
    yield derived(level, "父母状况", "status", choice_of(ParentStatus), "status")
    for kind in choices(CircumstanceKind):
        yield flag(level, kind, "circumstances", kind)
    yield detail(level, "失联起始", "circumstances", "失联", "since", DATE)
    yield detail(level, "失联报警回执", "circumstances", "失联", "police_receipt", TRUTH)
    yield detail(level, "服刑起始", "circumstances", "服刑", "since", DATE)
    yield detail(level, "刑期月数", "circumstances", "服刑", "term_months", TERM)
    yield detail(level, "强制隔离戒毒月数", "circumstances", "强制隔离戒毒", "term_months", TERM)
    yield detail(level, "限制人身自由月数", "circumstances", "其他限制人身自由", "term_months", TERM)
    for category in CATEGORIES:
        read = read_grade(VIEWS[level], category)
        yield located(level, f"父母{category}等级", "disabilities", Domain(Kind.ENUM, choices=GRADES), read)


FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {fact.name: fact for facts in (_household_facts, _person_facts, _parent_facts) for fact in facts()}
)
"""Every fact whose name does not depend on a ruleset, by name, in the order in which it is asked for."""


def income_fact(kind: str, *, signed: bool = False) -> Fact:
    """`收入.‹kind›`: a person's monthly income of one kind, in 分; `signed` for a kind that may be negative."""
    kind = normal(kind)
    domain = dataclasses.replace(MONTHLY, low=-MAX_FEN) if signed else MONTHLY
    unknown = domain.unknown

    def read(person: Any, context: Context) -> Value:
        incomes = context.people[person.id].incomes
        if incomes is None:
            return unknown
        value = incomes.get(kind, 0)
        # Beside an unknown item of a kind that may be negative, the known ones bound nothing.
        return unknown if signed and type(value) is Range else value

    fact = located(
        Level.PERSON, f"收入.{kind}", "incomes", domain, read, f"{kind}每月（季、年）多少元？没有也请写明"
    )
    return dataclasses.replace(fact, field=f"{fact.field}[{kind}]")


def _receipt(name: str, programme: str, level: Level, domain: Domain, question: str, read: Read) -> Fact:
    """A fact on the household's list of benefits in payment, read of the household or of a person."""
    fact = located(Level.HOUSEHOLD, name, "benefits_in_payment", domain, read, question)
    return dataclasses.replace(fact, level=level, field=f"{fact.field}[{programme}]")


def receipt_fact(programme_id: str, programme_name: str, level: Level) -> Fact:
    """`在享.‹name›`: whether a programme is already in payment, to the household or to the person.

    For a person, an entry that does not say for whom leaves it unknown.
    """
    names = dict.fromkeys((normal(programme_id), normal(programme_name)))

    def of_household(subject: Any, context: Context) -> Value:
        benefits = context.household.benefits
        return None if benefits is None else any(name in benefits for name in names)

    def of_person(person: Any, context: Context) -> Value:
        benefits = context.household.benefits
        if benefits is None:
            return None
        result: bool | None = False
        for name in names:
            for benefit in benefits.get(name, ()):
                if benefit.persons is None:
                    result = None
                elif person.id in benefit.persons:
                    return True
        return result

    read = of_household if level is Level.HOUSEHOLD else of_person
    asked = f"现在是否已经在领{programme_name}？"
    return _receipt(f"在享.{programme_name}", programme_name, level, TRUTH, asked, read)


def receipt_amount_fact(programme_id: str, programme_name: str, level: Level) -> Fact:
    """`在享月额.‹name›`: what is being paid a month, in 分; nothing where the programme is not in payment.

    For a person, an entry that does not say for whom may count or not.
    """
    names = dict.fromkeys((normal(programme_id), normal(programme_name)))
    unknown = MONEY.unknown

    def read(subject: Any, context: Context) -> Value:
        benefits = context.household.benefits
        if benefits is None:
            return unknown
        parts: list[tuple[int | None, bool]] = []
        for name in names:
            for benefit in benefits.get(name, ()):
                certain = level is Level.HOUSEHOLD or (
                    benefit.persons is not None and subject.id in benefit.persons
                )
                if certain or benefit.persons is None:
                    parts.append((None if benefit.amount is None else benefit.amount.fen, certain))
        return total(parts, MAX_FEN) if parts else 0

    asked = f"现在每月领多少元的{programme_name}？"
    return _receipt(f"在享月额.{programme_name}", programme_name, level, MONEY, asked, read)


def income_kinds(case: Case) -> dict[str, str]:
    """The income kinds a case names, each with the place where it first stands: `成员[母亲].收入[1].种类`."""
    places: dict[str, str] = {}
    for person in case.members:
        for number, income in enumerate(person.incomes or (), 1):
            places.setdefault(income.kind, f"成员[{person.id}].收入[{number}].种类")
    return places


def negative_income_kinds(case: Case) -> set[str]:
    """The income kinds of which some item is negative; whether that is allowed, the ruleset knows."""
    return {
        income.kind
        for person in case.members
        for income in person.incomes or ()
        if income.amount is not None and income.amount.fen < 0
    }
