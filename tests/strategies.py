"""Hypothesis strategies shared by all tests: identity numbers, people, households, whole cases, months.

Cases are drawn as plain data (what a file holds) and built by the library, so every drawn case is one that could be
read from a file: any fact known or missing, never a contradiction. Identity numbers use the area code 110199, which was
never assigned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit

from eligibility.case import Case, Household, Person, case_from_data
from eligibility.case.fields import Category, Grade, choices
from eligibility.case.household import (
    DwellingKind,
    HeatingMode,
    SituationKind,
    Tenure,
    VehicleKind,
    VehicleUse,
)
from eligibility.case.identity import CERTIFICATE_CATEGORIES, CERTIFICATE_GRADES
from eligibility.case.items import (
    Care,
    CircumstanceKind,
    DeductionKind,
    Nature,
    NotCountedKind,
    OtherBenefitKind,
    ParentStatus,
    StatusKind,
)
from eligibility.case.person import Education, HukouKind, WorkAbility, WorkStatus
from eligibility.quantities import Month
from eligibility.register.columns import IMPAIRMENTS, OWN_DETAILS, PARENT_DETAILS, PARENTS, VEHICLES
from eligibility.ruleset import Ruleset
from eligibility.values import Level

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


# Rows of a register: one household as a dict of the cells that are known, by title.

_KIN = {"户主": 0, "配偶": 0, "兄弟姐妹": 0, "其他": 0, "子女": 1, "孙子女": 2, "父母": -1, "祖父母": -2}
"""How many generations after the head's each relation stands."""
_FEN = (0, 100, 97_000, 147_999, 148_000, 254_000, 3_600_000, 12_345)
_ROW_DAYS = tuple(date.fromisoformat(day) for day in (*DAYS, *PAST_DAYS))
_TERMS = (0, 6, 12, 130, 240)


class _Row:
    """One valid household of a register, every cell of it missing with some chance."""

    def __init__(self, rules: Ruleset, seed: int, missing: float, max_members: int) -> None:
        self.random = Random(seed)
        self.missing = missing
        self.declared = self.random.random() < 0.25
        self.kinds = rules.income_kinds
        self.programmes = {
            level: [text.name for text in rules.programmes.values() if text.level is level] for level in Level
        }
        self.max_members = max_members

    def cells(self, **pools: Any) -> Data:
        """Cells from pools (a lone value is a pool of one), some of them missing."""
        chosen = {}
        for title, pool in pools.items():
            if self.random.random() >= self.missing:
                chosen[title] = self.random.choice(pool) if isinstance(pool, list | tuple) else pool
        return chosen

    def listed(self, words: Sequence[str], most: int = 2) -> str:
        count = self.random.randint(0, min(most, len(words)))
        return "、".join(self.random.sample(list(words), count)) or "无"

    def impairments(self) -> str:
        picked = self.random.sample(choices(Category), self.random.choice((0, 0, 1, 1, 2)))
        return "、".join(category + self.random.choice(choices(Grade)) for category in picked) or "无"

    def household(self, number: int) -> Data:
        count = self.random.randint(1, self.max_members)
        row: Data = {"家庭编号": f"户{number}"}
        if self.declared:
            row["声明"] = "未列事项均无"
        row |= self.cells(
            地区=("110112000000", "110101001000", "110119000000"),
            家庭情形=self.listed(choices(SituationKind)),
            货币财产=_FEN,
            其他财产=_FEN,
            住房套数=(0, 1, 2),
            车辆=self.listed(tuple(VEHICLES) * 2, 3),
            月租金=_FEN,
            赡养抚养费=_FEN,
            采暖方式=choices(HeatingMode),
            采暖面积=(5850, 6000),
            采暖季="2020-2021",
            采暖核准日期=_ROW_DAYS,
            同住他处领取采暖人数=(0, 1, 3),
            在享待遇=self.listed(self.programmes[Level.HOUSEHOLD]),
        )
        if row.get("住房套数"):
            row |= self.cells(住房面积=(5850, 12_025))
        row |= self.payments(row)
        known = "在享待遇" in row or self.declared
        return {**row, "成员": self.members(count, known)}

    def payments(self, row: Data) -> Data:
        """What is said of each programme in payment."""
        cells: Data = {}
        for programme in row.get("在享待遇", "无").split("、"):
            if programme != "无":
                cells |= self.cells(
                    **{
                        f"在享月额.{programme}": _FEN,
                        f"在享起始.{programme}": _ROW_DAYS,
                        f"已发.{programme}.2025-07": _FEN,
                    }
                )
        return cells

    def members(self, count: int, benefits_known: bool) -> list[Data]:
        ids = [str(n + 1) for n in range(count)] if self.random.random() < 0.7 else list(IDS[:count])
        relations = ["户主", *self.random.choices([kin for kin in _KIN if kin != "户主"], k=count - 1)]
        self.random.shuffle(relations)
        headed = self.random.random() < 0.8
        applicant = self.random.choice((None, self.random.randrange(count), relations.index("户主")))
        born = [self.born(relation) for relation in relations]
        people = []
        for n in range(count):
            person: Data = {"成员编号": ids[n], **self.identity(born[n], n)}
            if headed or relations[n] != "户主":
                person |= self.cells(与户主关系=relations[n])
            person |= self.to_applicant(n, applicant, relations, headed)
            person |= self.person(benefits_known)
            person |= self.certificate(person, born[n], n)
            person |= self.child(n, ids, relations)
            people.append(person)
        self.carers(people, born)
        return people

    def born(self, relation: str) -> date:
        """A birth date in the generation of a relation; generations do not overlap."""
        year = 1970 + 25 * _KIN[relation]
        return date(year, 1, 1) + timedelta(days=self.random.randrange(20 * 365))

    def identity(self, born: date, n: int) -> Data:
        order = 10 * n + self.random.randrange(10)
        self.order = order
        cells = self.cells(
            身份证号=identity_number(born, order), 出生日期=born, 性别="男" if order % 2 else "女"
        )
        if self.random.random() < 0.1:
            cells["死亡日期"] = max(born, self.random.choice(_ROW_DAYS))
        return cells

    def to_applicant(self, n: int, applicant: int | None, relations: list[str], headed: bool) -> Data:
        if applicant is None:
            return {}
        if n == applicant:
            return {"与申请人关系": "本人"}
        if relations[applicant] == "户主" and headed:
            return self.cells(与申请人关系=relations[n])
        return self.cells(与申请人关系=("配偶", "兄弟姐妹", "其他"))

    def person(self, benefits_known: bool) -> Data:
        row = self.cells(
            姓名="张三",
            共同生活=(True, True, False),
            共同生活截止=_ROW_DAYS,
            本市户籍=(True, True, False),
            户口性质=choices(HukouKind),
            本市定居起始=_ROW_DAYS,
            不计入情形=self.listed(choices(NotCountedKind)),
            能独立生活=(True, False),
            学历阶段=choices(Education),
            全日制在读=(True, False),
            预计毕业日期=_ROW_DAYS,
            就业状况=choices(WorkStatus),
            劳动能力=choices(WorkAbility),
            登记失业=(True, False),
            有稳定收入=(True, False),
            稳定收入月额=_FEN,
            身份=self.listed(choices(StatusKind)),
            患重大疾病=(True, False),
            长期照护=(True, False),
            残疾=self.impairments(),
            领取工伤生活护理费=(True, False),
            **dict.fromkeys(choices(DeductionKind), _FEN),
            **{f"收入.{kind}": (*_FEN, -500) if rule.signed else _FEN for kind, rule in self.kinds.items()},
        )
        for stands, since in (("共同生活", "共同生活起始"), ("本市户籍", "户籍迁入日期")):
            if row.get(stands) is not False:  # what is denied has not begun
                row |= self.cells(**{since: _ROW_DAYS})
        pension = row.get("收入.城乡基础养老金")
        row |= self.cells(城乡基础养老金中央部分=[fen for fen in _FEN if pension is None or fen <= pension])
        if self.declared or "领取工伤生活护理费" in row:
            row |= self.cells(其他生活类补贴月额=_FEN, 其他护理类补贴月额=_FEN)
        row |= self.details(row, "不计入情形", OWN_DETAILS, "")
        if benefits_known:
            row |= self.cells(在享待遇=self.listed(self.programmes[Level.PERSON]))
        return {**row, **self.payments(row)}

    def details(self, row: Data, title: str, details: Sequence[Any], prefix: str) -> Data:
        pools = {"since": _ROW_DAYS, "term_months": _TERMS, "police_receipt": (True, False)}
        listed = row.get(title, "").split("、")
        return self.cells(
            **{prefix + item.title: pools[item.attribute] for item in details if item.kind in listed}
        )

    def certificate(self, person: Data, born: date, n: int) -> Data:
        """A certificate that agrees with the impairments and the identity number of the row."""
        listed = person.get("残疾")
        if listed == "无" or self.random.random() < 0.6:
            return {}
        category, grade = self.random.choice(tuple(IMPAIRMENTS.values()))
        if listed is not None:
            category, grade = IMPAIRMENTS[listed.split("、")[0]]
        if self.random.random() < 0.2:
            category = "多重"
        cells = self.cells(残疾证="有")
        if self.random.random() < 0.6:
            cells |= {"残疾证类别": category, "残疾证等级": grade}
        if self.random.random() < 0.4:
            holder = person.get("身份证号") or identity_number(born, self.order)
            codes = f"{CERTIFICATE_CATEGORIES.index(category) + 1}{CERTIFICATE_GRADES.index(grade) + 1}"
            cells["残疾证号"] = holder + codes + self.random.choice(("", "B1"))
        return cells

    def child(self, n: int, ids: list[str], relations: list[str]) -> Data:
        if self.random.random() < 0.5:
            return {}
        row = self.cells(
            弃婴=(True, False), 养育方式=choices(Care), 已收养=(True, False), 艾滋病病毒感染=(True, False)
        )
        older = [ids[m] for m in range(len(ids)) if _KIN[relations[m]] < _KIN[relations[n]]]
        self.random.shuffle(older)
        for number in PARENTS:
            if self.random.random() < 0.3:
                continue
            prefix = f"父母{number}."
            parent = self.cells(
                **{
                    f"{prefix}情形": self.listed(choices(CircumstanceKind), 3),
                    f"{prefix}残疾": self.impairments(),
                    f"{prefix}状况": choices(ParentStatus),
                }
            )
            if older and self.random.random() < 0.6:
                parent[f"{prefix}成员编号"] = older.pop()
                parent.pop(f"{prefix}状况", None)
                if self.random.random() < 0.7:
                    parent.pop(f"{prefix}残疾", None)
            row |= parent | self.details(parent, f"{prefix}情形", PARENT_DETAILS, prefix)
        return row

    def carers(self, people: list[Data], born: list[date]) -> None:
        """A carer for some: a member, one outside, or nobody."""
        for n, person in enumerate(people):
            which = self.random.choice((None, None, "无", "外", *range(len(people))))
            if which == n or which is None:
                continue
            if which == "外":
                person["抚养人出生日期"] = self.random.choice(_ROW_DAYS)
            elif which == "无":
                person["抚养人"] = "无"
            else:
                person["抚养人"] = people[which]["成员编号"]
                if self.random.random() < 0.3:
                    person["抚养人出生日期"] = born[which]


def register_rows(rules: Ruleset, max_members: int = 5) -> st.SearchStrategy[Data]:
    """One household of a register as a dict of its known cells by title, `成员` a list of the members'.

    Valid by construction and not normalised; between none and 60 % of the cells are missing. 家庭编号 is made of the
    draw, so two rows with the same number are the same row.
    """
    return st.builds(
        lambda seed, missing: _Row(rules, seed, missing, max_members).household(seed),
        st.integers(0, 2**32 - 1),
        st.sampled_from((0.0, 0.1, 0.3, 0.6)),
    )
