"""Hypothesis strategies shared by all tests: identity numbers, people, households, whole cases, months.

Cases are drawn as plain data (what a file holds) and built by the library, so every drawn case is one that could be
read from a file: any fact known or missing, never a contradiction. Identity numbers use the area code 110199, which was
never assigned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit

from eligibility.case import Case, Household, Person, case_from_data
from eligibility.case.fields import Category, Grade, choices
from eligibility.case.household import DwellingKind, HeatingMode, Tenure, VehicleKind, VehicleUse
from eligibility.case.items import (
    Care,
    CircumstanceKind,
    DeductionKind,
    Nature,
    NotCountedKind,
    OtherBenefitKind,
)
from eligibility.case.person import Education, HukouKind, WorkAbility, WorkStatus
from eligibility.quantities import Month

AREA = "110199"
IDS = ("甲", "乙", "丙", "丁", "戊")
INCOME_KINDS = (
    "工资性收入",
    "经营净收入",
    "财产净收入",
    "养老金",
    "城乡基础养老金",
    "赡养费抚养费",
    "残疾人两项补贴",
)
PROGRAMMES = ("低保", "low_income", "生活补贴", "nursing_allowance", "困境儿童生活费")

Data = dict[str, Any]


def identity_number(born: date, order: int) -> str:
    """The sample identity number of a birth date and an order code (odd for men)."""
    body = f"{AREA}{born:%Y%m%d}{order:03d}"
    return body + calc_check_digit(body + "0")


def dates(first: date = date(1900, 1, 1), last: date = date(2026, 12, 31)) -> st.SearchStrategy[date]:
    return st.integers(0, (last - first).days).map(lambda days: first + timedelta(days=days))


def months(first: str = "2015-07", last: str = "2026-12") -> st.SearchStrategy[Month]:
    """Benefit months."""
    start = Month(first)
    return st.integers(0, Month(last) - start).map(lambda count: start + count)


def identity_numbers(
    first: date = date(1920, 1, 1), last: date = date(2026, 12, 31)
) -> st.SearchStrategy[str]:
    """Valid sample identity numbers."""
    return st.builds(identity_number, dates(first, last), st.integers(0, 999))


TRUTHS: Sequence[Any] = (True, False, "是", "否", "unknown")
DAYS = (
    "1990-01-01",
    "2015-06-30",
    "2015-07-01",
    "2018-02-28",
    "2020-02-29",
    "2021-07-01",
    "2025-08-01",
    "2025-08-02",
)
PAST_DAYS = ("2010-05-06", "2014-01-31", "2014-12-01", "2015-02-01")
AMOUNTS = ("0", "1.00", "300.00", "970.00", "1479.99", "1480.00", "1480.01", "2540.00", "36000.00", "123.45")
_SPANS: Sequence[Data] = (
    {},
    {},
    {"from": "2021-07-01"},
    {"until": "2021-07-01"},
    {"from": "2018-03-15", "until": "2025-08-01"},
)


def _pick(pools: Mapping[str, Sequence[Any]], *required: str) -> st.SearchStrategy[Data]:
    """Data with any of the fields, each from a small pool.

    One draw decides all: a byte for each field, a quarter of them for absent. A draw for each would make cases slow.
    """

    def data(picks: bytes) -> Data:
        chosen: Data = {}
        for (name, pool), pick in zip(pools.items(), picks, strict=True):
            if pick >= 64 or name in required:
                chosen[name] = pool[pick % len(pool)]
        return chosen

    return st.binary(min_size=len(pools), max_size=len(pools)).map(data)


def _with(picked: st.SearchStrategy[Data], **lists: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    """Picked data with any of some further parts."""

    @st.composite
    def data(draw: st.DrawFn) -> Data:
        chosen = draw(picked)
        present = draw(st.binary(min_size=len(lists), max_size=len(lists)))
        for (name, part), flag in zip(lists.items(), present, strict=True):
            if flag % 4 == 3:
                chosen[name] = draw(part)
            elif flag % 4 == 2:
                chosen[name] = {} if name in ("child", "heating") else []
        return chosen

    return data()


def _items(
    pools: Mapping[str, Sequence[Any]], *required: str, most: int = 2
) -> st.SearchStrategy[list[Data]]:
    """A list of items picked from pools, some limited in time."""
    item = _pick({**pools, "span": _SPANS}, *required)
    return st.lists(item.map(lambda data: {**data.pop("span", {}), **data}), max_size=most)


_SPELL: dict[str, Sequence[Any]] = {"since": PAST_DAYS, "term_months": (0, 6, 12, 130, 240)}

_IMPAIRMENTS = st.lists(
    _pick({"category": choices(Category), "grade": choices(Grade)}, "category", "grade"),
    max_size=2,
    unique_by=lambda item: str(item["category"]),
)

_INCOMES = _items(
    {"kind": INCOME_KINDS, "amount": AMOUNTS, "period": ("月", "季", "年"), "payer": ("单位",)},
    "kind",
    most=3,
)

_PARENT = _with(
    _pick({"status": ("已知", "未知", "查找不到")}),
    circumstances=_items({"kind": choices(CircumstanceKind), "police_receipt": TRUTHS, **_SPELL}, "kind"),
    disabilities=_IMPAIRMENTS,
)

_PERSON = _with(
    _pick(
        {
            "name": ("张三",),
            "local_hukou": TRUTHS,
            "hukou_since": DAYS,
            "hukou_kind": choices(HukouKind),
            "settled_since": DAYS,
            "lives_with_household": TRUTHS,
            "lives_with_since": DAYS,
            "independent": TRUTHS,
            "education": choices(Education),
            "full_time": TRUTHS,
            "graduation": DAYS,
            "work_status": choices(WorkStatus),
            "work_ability": choices(WorkAbility),
            "registered_unemployed": TRUTHS,
            "stable_income": TRUTHS,
            "stable_income_amount": AMOUNTS,
            "statuses": ([], ["特困"], ["困补"], [{"kind": "困补", "until": "2021-07-01"}]),
            "serious_illnesses": ([], ["尿毒症"], [{"certified": "2021-06-30"}]),
            "long_term_care": TRUTHS,
            "disability_list_complete": TRUTHS,
            "carer_birth_date": ("1940-01-01", "1960-08-01", "1985-08-02"),
        }
    ),
    not_counted=_items({"kind": choices(NotCountedKind), **_SPELL}, "kind"),
    incomes=_INCOMES,
    deductions=_items({"kind": choices(DeductionKind), "amount": AMOUNTS, "period": ("月", "年")}, "kind"),
    disabilities=_IMPAIRMENTS,
    other_benefits=_items(
        {"kind": choices(OtherBenefitKind), "amount": AMOUNTS, "nature": choices(Nature)}, "kind"
    ),
    child=_with(
        _pick({"foundling": TRUTHS, "care": choices(Care), "adopted": TRUTHS, "hiv": TRUTHS}),
        parents=st.lists(_PARENT, max_size=2),
    ),
)

_HEATING = _pick(
    {
        "mode": choices(HeatingMode),
        "area": ("58.5", 60, "100.25"),
        "season": ("2020-2021",),
        "approved": DAYS,
        "drawing_elsewhere": (0, 1, 3),
    }
)

_HOUSEHOLD = _with(
    _pick(
        {
            "region": ("110112000000", "110101001000", "110119000000"),
            "monetary_assets": AMOUNTS,
            "rent": AMOUNTS,
            "situations": ([], ["单亲"], ["重大变故"], ["单亲", {"kind": "重大变故", "until": "2021-07-01"}]),
            "other_property": ([], [{"amount": "500.00"}], [{"property_kind": "首饰"}]),
        }
    ),
    dwellings=_items(
        {"dwelling_kind": choices(DwellingKind), "tenure": choices(Tenure), "area": ("58.5", 60)}
    ),
    vehicles=_items({"vehicle_kind": choices(VehicleKind), "use": choices(VehicleUse)}),
    supporters=_items({"amount": AMOUNTS, "able": TRUTHS}, most=1),
    heating=_HEATING,
)

_BORN = {
    "祖父母": (date(1920, 1, 1), date(1940, 12, 31)),
    "父母": (date(1941, 1, 1), date(1960, 12, 31)),
    "子女": (date(1995, 1, 1), date(2009, 12, 31)),
    "孙子女": (date(2012, 1, 1), date(2026, 12, 31)),
}
_ADULT = (date(1961, 1, 1), date(1990, 12, 31))
_DECLARATIONS: Sequence[Any] = (
    None,
    None,
    "未列事项均无",
    {"家庭": True},
    {"家庭": ["住房", "vehicles"], "成员": {"甲": True}},
    {"成员": {"甲": ["收入", "残疾", "不计入情形"]}},
)
_RELATIONS = ("配偶", "子女", "父母", "祖父母", "孙子女", "其他")
_KNOWN: Sequence[tuple[str, ...]] = (
    ("identity_number",),
    ("birth_date",),
    ("birth_date", "sex"),
    ("identity_number", "birth_date", "sex"),
    (),
)


@st.composite
def _member(draw: st.DrawFn, number: int) -> Data:
    """One member, born in the time that fits the relation to the head, who is the first member."""
    relation = "户主" if number == 0 else draw(st.sampled_from(_RELATIONS))
    first, last = _BORN.get(relation, _ADULT)
    born, order, known, told, certified = draw(
        st.tuples(
            dates(first, last),
            st.integers(10 * number, 10 * number + 9),
            st.sampled_from(_KNOWN),
            st.sampled_from((True, True, True, False)),
            st.sampled_from((None, None, {}, {"from": "2019-01-01"}, {"category": "肢体", "grade": "二级"})),
        )
    )
    typed = {
        "identity_number": identity_number(born, order),
        "birth_date": born.isoformat(),
        "sex": "男" if order % 2 else "女",
    }
    person: Data = {"id": IDS[number], **draw(_PERSON), **{key: typed[key] for key in known}}
    if told:
        person["relation_to_head"] = relation
    for stands, since in (("local_hukou", "hukou_since"), ("lives_with_household", "lives_with_since")):
        if person.get(stands) in (False, "否"):  # what is denied has not begun
            person.pop(since, None)
    if certified is not None and "disabilities" not in person:
        person["disability_certificate"] = certified
    return person


@st.composite
def case_data(draw: st.DrawFn, max_members: int = 3) -> Data:
    """A case as a file holds it, with English keys; any fact known or missing."""
    members = [draw(_member(number)) for number in range(draw(st.integers(1, max_members)))]
    ids = [member["id"] for member in members]
    household: Data = draw(_HOUSEHOLD)
    applicant, received = draw(st.tuples(st.sampled_from([None, *ids]), st.booleans()))
    if applicant is not None:
        household["applicant"] = applicant
    if received:
        pools = {"programme": PROGRAMMES, "amount": AMOUNTS, "persons": ([ids[0]], [ids[-1]], ids)}
        household["benefits_in_payment"] = draw(_items(pools, "programme"))
    data: Data = {"household": household, "members": members}
    if declaration := draw(st.sampled_from(_DECLARATIONS)):
        data["declaration"] = declaration
    return deepcopy(data)  # the pools stay as they are, whatever a test does to the data


def cases(max_members: int = 3) -> st.SearchStrategy[Case]:
    """Whole cases of one to `max_members` (at most five) people."""
    return case_data(max_members).map(case_from_data)


def persons() -> st.SearchStrategy[Person]:
    """Single members."""
    return cases(1).map(lambda case: case.members[0])


def households() -> st.SearchStrategy[Household]:
    """Households without their members."""
    return cases(1).map(lambda case: case.household)
