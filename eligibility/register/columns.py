"""The columns of a register (台账): one table from the titles offices use to the case model, for both tables.

Titles, English keys, words of choices and what is sensitive come from the case model wherever a column is one of its
fields; only what a register says in one cell and a case in several places is named here. Some columns repeat for each
income kind or programme of a ruleset; functions make those. Nothing here needs a heavy package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from ..case.fields import Category, Grade, Model, choices, normal, shapes
from ..case.household import Heating, Household, VehicleKind, VehicleUse
from ..case.items import Child, Circumstance, DeductionKind, DisabilityCertificate, NotCounted, Parent
from ..case.models import NOTHING_ELSE, Case
from ..case.people import BASIC_PENSION
from ..case.person import Person
from ..quantities import Month
from ..ruleset import Ruleset
from ..values import Level
from .column import NONE, SEPARATOR, Column, ColumnKind, field_column, field_columns, list_text, words

__all__ = [
    "AMOUNT",
    "CENTRAL_SHARE",
    "CERTIFIED",
    "COLUMNS",
    "DEDUCTIONS",
    "HOUSEHOLD_COLUMNS",
    "HOUSEHOLD_ID",
    "IMPAIRMENTS",
    "INCOME",
    "MEMBERS",
    "MEMBER_ID",
    "NONE",
    "OWN_DETAILS",
    "PAID",
    "PARENTS",
    "PARENT_DETAILS",
    "PERSON_COLUMNS",
    "RECEIPTS",
    "SEPARATOR",
    "SINCE",
    "VEHICLES",
    "Column",
    "ColumnKind",
    "Detail",
    "column_of",
    "english",
    "income_column",
    "list_text",
    "paid_column",
    "receipt_columns",
    "register_columns",
    "words",
]

MEMBERS: Final = "成员"
"""The column of a register file that holds a household's members."""
_PAID_MONTH: Final = re.compile(r"(.+)\.(\d{4}-\d{2})\Z", re.ASCII)


_MOTOR: Final = choices(VehicleKind)[0]

VEHICLES: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {kind: (kind, None) for kind in choices(VehicleKind)}
    | {f"{_MOTOR}({use})": (_MOTOR, use) for use in choices(VehicleUse)}
)
"""The words of the column 车辆 (as NFKC), each with the kind of vehicle and its use; of a bare 机动车 that is unknown."""

IMPAIRMENTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {category + grade: (category, grade) for category in choices(Category) for grade in choices(Grade)}
)
"""The words of a list of impairments, each with category and grade."""

DEDUCTIONS: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        zip(
            choices(DeductionKind),
            ("employment_cost", "social_insurance", "income_tax", "support_paid"),
            strict=True,
        )
    )
)
"""The columns of deductions: kind and English key."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A column that says more about one kind of a list: which kind, and which attribute of its item."""

    title: str
    key: str
    kind: str
    attribute: str


OWN_DETAILS: Final = (
    Detail("宗教教职离家起始", "religious_office_since", "宗教教职", "since"),
    Detail("服刑起始", "imprisoned_since", "服刑", "since"),
    Detail("刑期月数", "prison_term_months", "服刑", "term_months"),
)
"""What a row says about the items of 不计入情形."""

PARENT_DETAILS: Final = (
    Detail("失联起始", "missing_since", "失联", "since"),
    Detail("失联报警回执", "missing_police_receipt", "失联", "police_receipt"),
    Detail("服刑起始", "imprisoned_since", "服刑", "since"),
    Detail("刑期月数", "prison_term_months", "服刑", "term_months"),
    Detail("强制隔离戒毒月数", "detoxification_months", "强制隔离戒毒", "term_months"),
    Detail("限制人身自由月数", "confinement_months", "其他限制人身自由", "term_months"),
)
"""What a row says about the items of `父母n.情形`; the titles stand behind `父母n.`."""

PARENTS: Final = (1, 2)
"""The two parents a row has columns for: `父母1.…`, `父母2.…`."""

CENTRAL_SHARE: Final = f"{BASIC_PENSION}中央部分"
CERTIFIED: Final = "有"
"""The one word of the column 残疾证."""

_NONE_IS_ZERO: Final = "，没有写 0"
_IMPAIRED: Final = f"类别加等级，如 肢体二级；没有残疾写 {NONE}"


def _household_columns() -> Iterator[Column]:
    level, money = Level.HOUSEHOLD, ColumnKind.MONEY
    yield Column(
        "家庭编号",
        "household_id",
        level,
        ColumnKind.TEXT,
        required=True,
        description="经办机构的家庭编号，不要用证件号",
    )
    yield from field_columns(level, Household, "region")
    yield field_column(level, Case, "declaration", kind=ColumnKind.CHOICE, choices=(NOTHING_ELSE,))
    yield from field_columns(level, Household, "situations", "monetary_assets")
    about = f"其他财产合计（元）{_NONE_IS_ZERO}"
    yield field_column(level, Household, "other_property", kind=money, description=about)
    about = f"自有和承租公房共几套{_NONE_IS_ZERO}"
    yield field_column(
        level, Household, "dwellings", title="住房套数", kind=ColumnKind.COUNT, description=about
    )
    about = "各套住房合计平方米，最多两位小数；要写住房套数"
    yield Column("住房面积", "dwelling_area", level, ColumnKind.AREA, description=about)
    about = f"逐辆写，同样的可以重复；没有写 {NONE}"
    yield field_column(level, Household, "vehicles", choices=tuple(VEHICLES), description=about)
    yield from field_columns(level, Household, "rent")
    about = f"家庭以外的义务人每月给付合计（元）{_NONE_IS_ZERO}"
    yield Column("赡养抚养费", "support", level, money, description=about)
    yield field_column(level, Heating, "mode", key="heating_mode")
    yield field_column(level, Heating, "area", title="采暖面积", key="heating_area")
    yield field_column(level, Heating, "season", key="heating_season")
    yield field_column(level, Heating, "approved", title="采暖核准日期", key="heating_approved")
    yield field_column(
        level, Heating, "drawing_elsewhere", title="同住他处领取采暖人数", key="drawing_elsewhere"
    )
    yield _receipts(level)


def _receipts(level: Level) -> Column:
    whom = "家庭" if level is Level.HOUSEHOLD else "本人"
    return Column(
        shapes(Household)["benefits_in_payment"].title,
        "benefits_in_payment",
        level,
        ColumnKind.LIST,
        description=f"{whom}正在领取的项目；没有写 {NONE}",
    )


def _person_columns() -> Iterator[Column]:
    level = Level.PERSON
    about = "家庭内的成员编号；没有这一列按 1、2、3 编号"
    yield field_column(level, Person, "id", title="成员编号", key="member_id", description=about)
    yield from field_columns(level, Person, "name", "identity_number", "sex", "birth_date", "death_date")
    yield from field_columns(
        level, Person, "relation_to_head", "relation_to_applicant", "lives_with_household"
    )
    yield from field_columns(
        level, Person, "lives_with_since", "lives_with_until", "local_hukou", "hukou_since"
    )
    yield from field_columns(level, Person, "hukou_kind", "settled_since", "not_counted")
    yield from (_detail(detail, NotCounted) for detail in OWN_DETAILS)
    yield from field_columns(
        level, Person, "independent", "education", "full_time", "graduation", "work_status"
    )
    yield from field_columns(level, Person, "work_ability", "registered_unemployed", "stable_income")
    yield from field_columns(level, Person, "stable_income_amount", "statuses")
    about = "是否患规定范围内的重大疾病"
    yield Column("患重大疾病", "seriously_ill", level, ColumnKind.TRUTH, description=about)
    yield from field_columns(level, Person, "long_term_care")
    about = "每月由中央确定的部分（元）"
    yield Column(CENTRAL_SHARE, "central_share", level, ColumnKind.MONEY, description=about)
    for kind, key in DEDUCTIONS.items():
        yield _monthly(kind, key)
    yield field_column(level, Person, "disabilities", choices=tuple(IMPAIRMENTS), description=_IMPAIRED)
    yield from _certificate_columns()
    about = "是否领取工伤生活护理费"
    yield Column("领取工伤生活护理费", "work_injury_care", level, ColumnKind.TRUTH, description=about)
    yield _monthly("其他生活类补贴月额", "other_living_benefits")
    yield _monthly("其他护理类补贴月额", "other_nursing_benefits")
    yield field_column(level, Person, "carer", kind=ColumnKind.MEMBER)
    yield from field_columns(level, Person, "carer_birth_date")
    yield from field_columns(level, Child, "foundling", "care", "adopted", "hiv")
    for number in PARENTS:
        yield from _parent_columns(number)
    yield _receipts(level)


def _detail(detail: Detail, item: type[Model]) -> Column:
    column = field_column(Level.PERSON, item, detail.attribute, title=detail.title, key=detail.key)
    if column.kind is not ColumnKind.TERM:
        return column
    return replace(column, description="判决或决定的期限（月），期满即视为结束")


def _monthly(title: str, key: str) -> Column:
    about = f"每月合计（元）{_NONE_IS_ZERO}"
    return Column(title, key, Level.PERSON, ColumnKind.MONEY, description=about)


def _certificate_columns() -> Iterator[Column]:
    level, certificate = Level.PERSON, DisabilityCertificate
    about = f"有残疾人证写 {CERTIFIED}"
    yield field_column(
        level,
        Person,
        "disability_certificate",
        kind=ColumnKind.CHOICE,
        choices=(CERTIFIED,),
        description=about,
    )
    yield field_column(level, certificate, "category", title="残疾证类别", key="certificate_category")
    yield field_column(level, certificate, "grade", title="残疾证等级", key="certificate_grade")
    yield field_column(level, certificate, "number", key="certificate_number")


def _parent_columns(number: int) -> Iterator[Column]:
    level = Level.PERSON

    def named(column: Column, title: str | None = None) -> Column:
        return replace(
            column, title=f"父母{number}.{title or column.title}", key=f"parent{number}.{column.key}"
        )

    yield named(field_column(level, Parent, "reference", kind=ColumnKind.MEMBER))
    about = "已知、未知（身份不明）或查找不到；“未知”是一种状况，不清楚就不填"
    yield named(field_column(level, Parent, "status", description=about), "状况")
    yield named(field_column(level, Parent, "circumstances"), "情形")
    yield from (named(_detail(detail, Circumstance)) for detail in PARENT_DETAILS)
    yield named(
        field_column(level, Parent, "disabilities", choices=tuple(IMPAIRMENTS), description=_IMPAIRED)
    )


HOUSEHOLD_COLUMNS: Final = tuple(_household_columns())
PERSON_COLUMNS: Final = tuple(_person_columns())
COLUMNS: Final = (*HOUSEHOLD_COLUMNS, *PERSON_COLUMNS)
"""Every column whose name does not depend on a ruleset: those of the household, then those of a member."""
HOUSEHOLD_ID: Final = HOUSEHOLD_COLUMNS[0]
"""The key of both tables; only a household's row stores it."""
MEMBER_ID: Final = PERSON_COLUMNS[0]
REGION: Final = next(column.title for column in HOUSEHOLD_COLUMNS if column.key == "region")
RECEIPTS: Final = HOUSEHOLD_COLUMNS[-1].title
"""在享待遇, the list of programmes in payment: of the household, and of a member."""

INCOME: Final = "收入"
AMOUNT: Final = "在享月额"
SINCE: Final = "在享起始"
PAID: Final = "已发"
"""What stands before the point in the titles of columns that repeat."""
_BASES: Final = {INCOME: "income", AMOUNT: "amount_in_payment", SINCE: "in_payment_since", PAID: "paid"}
_TITLES: Final = {key: title for title, key in _BASES.items()}
_BY_NAME: Final[Mapping[Level, Mapping[str, Column]]] = {
    level: {name: column for column in columns for name in (column.title, column.key)}
    for level, columns in (
        (Level.HOUSEHOLD, HOUSEHOLD_COLUMNS),
        # The members' table names the household of each row.
        (Level.PERSON, (HOUSEHOLD_ID, *PERSON_COLUMNS)),
    )
}


def income_column(kind: str, signed: bool) -> Column:
    """`收入.‹种类›`: a member's monthly income of one kind; `signed` if it may be a loss."""
    money = ColumnKind.SIGNED_MONEY if signed else ColumnKind.MONEY
    return _made(INCOME, kind, Level.PERSON, money, "每月金额（元），没有写 0")


def receipt_columns(programme: str, level: Level = Level.HOUSEHOLD) -> tuple[Column, Column]:
    """`在享月额.‹项目›` and `在享起始.‹项目›`: what is in payment a month, and since when."""
    return (
        _made(AMOUNT, programme, level, ColumnKind.MONEY, "正在领取的每月金额（元）"),
        _made(SINCE, programme, level, ColumnKind.DATE, "自哪一天起领取"),
    )


def paid_column(programme: str, month: Month, level: Level = Level.HOUSEHOLD) -> Column:
    """`已发.‹项目›.‹YYYY-MM›`: what was actually paid for a month."""
    return _made(PAID, f"{programme}.{month}", level, ColumnKind.MONEY, f"{month} 实际发放的金额（元）")


def _made(base: str, name: str, level: Level, kind: ColumnKind, description: str) -> Column:
    return Column(f"{base}.{name}", f"{_BASES[base]}.{name}", level, kind, description=description)


def column_of(name: str, level: Level) -> Column | None:
    """The column with this Chinese title or English key in the table of a level; None if there is none.

    Names are compared as NFKC. Any income kind and any programme makes a column: which of them a ruleset has, and
    whether an income may be negative, `register_columns` knows; here an income is signed. The members' table also has
    the column 家庭编号, which is the household's.
    """
    name = normal(name)
    found = _BY_NAME[level].get(name)
    if found is not None:
        return found
    base, _, rest = name.partition(".")
    base = _TITLES.get(base, base)
    if not rest:
        return None
    if base == INCOME and level is Level.PERSON:
        return income_column(rest, signed=True)
    if base in (AMOUNT, SINCE):
        return receipt_columns(rest, level)[base == SINCE]
    return _paid_column_of(rest, level) if base == PAID else None


def _paid_column_of(rest: str, level: Level) -> Column | None:
    match = _PAID_MONTH.match(rest)
    try:
        return paid_column(match[1], Month(match[2]), level) if match is not None else None
    except ValueError:
        return None


def register_columns(rules: Ruleset, level: Level | None = None) -> tuple[Column, ...]:
    """All columns of a ruleset in order, the household's before a member's, or those of one level.

    Without `已发.…`, of which there is one for any month.
    """
    columns = (*_household_columns_of(rules), *_person_columns_of(rules))
    return columns if level is None else tuple(column for column in columns if column.level is level)


def _household_columns_of(rules: Ruleset) -> Iterator[Column]:
    return _with_receipts(HOUSEHOLD_COLUMNS, rules, Level.HOUSEHOLD)


def _person_columns_of(rules: Ruleset) -> Iterator[Column]:
    for column in _with_receipts(PERSON_COLUMNS, rules, Level.PERSON):
        if column.title == CENTRAL_SHARE:
            yield from (income_column(kind.name, kind.signed) for kind in rules.income_kinds.values())
        yield column


def _with_receipts(columns: Iterable[Column], rules: Ruleset, level: Level) -> Iterator[Column]:
    programmes = tuple(text.name for text in rules.programmes.values() if text.level is level)
    for column in columns:
        yield replace(column, choices=programmes) if column.title == RECEIPTS else column
    for programme in programmes:
        yield from receipt_columns(programme, level)


def english(title: str) -> str:
    """The English name of a column by its Chinese title; any other name unchanged."""
    for level in (Level.HOUSEHOLD, Level.PERSON):
        column = column_of(title, level)
        if column is not None:
            return column.key
    return title
