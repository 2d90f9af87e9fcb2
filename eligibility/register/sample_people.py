"""Who lives in the households of the sample: sizes, roles, ages, sexes, identity numbers, relations, registration.

Generations are at least eighteen years apart. Identity numbers are of the area that was never assigned, have valid
check digits, and are unique: each block of households owns its share of the order numbers of every year.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from ..case.fields import RelationToApplicant, RelationToHead, choices
from ..case.identity import SAMPLE_AREA
from ..case.items import NotCountedKind
from ..case.person import HukouKind, Sex
from .columns import NONE
from .sample_cells import EPOCH_YEAR, Draw, Flags, Numbers, Table, among, day, days, every, some, write_digits

BLOCK: Final = 8192
"""Households drawn at a time."""
MAX_BLOCKS: Final = 256
REFERENCE_YEAR: Final = 2025
"""Ages are those reached in this year; the youngest were born in its first half."""

HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, OTHER, WARD = range(8)
"""Roles in a household; a ward is a child raised in an institution, alone in its household."""

# A sign per member: H head, S spouse, C child, P parent, K grandchild, B brother or sister, O other, W ward; with
# shares in percent.
_FAMILIES: Final = {
    **{"H": 26.7, "W": 0.3, "HS": 11.5, "HC": 10.5, "HP": 4.0, "HK": 1.0, "HB": 0.8, "HO": 0.2},
    **{"HSC": 16.0, "HCC": 2.5, "HSP": 1.5, "HCP": 1.6, "HPP": 0.9, "HCK": 0.3, "HSK": 0.2},
    **{"HSCC": 7.0, "HSCP": 3.6, "HCCP": 0.8, "HSPP": 0.7, "HSCK": 0.5, "HSCB": 0.4},
    **{"HSCPP": 2.6, "HSCCP": 2.4, "HSCCC": 1.0, "HSCCPP": 2.4, "HSCCCP": 0.5, "HSPPBO": 0.1},
}
_ROLES: Final = "HSCPKBOW"
_LAYOUT: Final = np.array([[_ROLES.find(sign) for sign in name.ljust(6)] for name in _FAMILIES])
# Youngest and oldest head of each kind of family; ages in between come from the mean of two draws, or evenly.
_HEADS: Final = np.array(
    [
        (0, 17) if "W" in name
        else (54, 78) if "K" in name
        else (24, 58) if "P" in name
        else (22, 72) if "C" in name
        else (28, 92)
        for name in _FAMILIES
    ]
)  # fmt: skip

_TO_HEAD: Final = choices(RelationToHead)
_TO_APPLICANT: Final = choices(RelationToApplicant)
_RELATION: Final = np.array(
    [_TO_HEAD.index(word) for word in ("户主", "配偶", "子女", "父母", "孙子女", "兄弟姐妹", "其他", "户主")]
)
_SEXES: Final = choices(Sex)
_HUKOU_KINDS: Final = choices(HukouKind)

_NOT_COUNTED: Final = choices(NotCountedKind)
_LOCAL: Final = np.array([0.985, 0.76, 0.97, 0.94, 0.95, 0.95, 0.8, 1.0])
"""How many of each role are registered in the city: 93 % of all, and of the others most are spouses."""
DISTRICTS: Final = {
    **{"110101": 70, "110102": 110, "110105": 345, "110106": 201, "110107": 57, "110108": 313},
    **{"110109": 39, "110111": 131, "110112": 184, "110113": 132, "110114": 227, "110115": 199},
    **{"110116": 44, "110117": 46, "110118": 53, "110119": 35},
}
"""The sixteen districts of Beijing, with their population in ten thousands; the first six are the inner ones."""

_CHECK_WEIGHTS: Final = np.array([2 ** (17 - place) % 11 for place in range(17)])
_CHECK_SIGNS: Final = np.frombuffer(b"10X98765432", np.uint8)
_ORDERS: Final = 500
"""Order numbers of one day and sex."""
_SHIFT: Final = 48_611
_YEARS: Final = np.append(days(REFERENCE_YEAR - np.arange(100)), day(REFERENCE_YEAR, 7))
"""First day of the year of birth by age; the one before age 0 is the end of the births."""
_STEP: Final = 112_807
"""Spreads consecutive numbers over the days of a year; it has no factor in common with the days of any year × 500."""

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN: Final = "安平和宁康健乐福瑞祥晨晓春夏秋冬梅兰竹菊松柏江河海洋山川明亮"
_FULL_NAMES: Final = tuple(map("".join, product(SURNAMES, _GIVEN)))


@dataclass(frozen=True, slots=True)
class People:
    """The members of one block's households: those of household i stand from `first[i]` to before `first[i + 1]`.

    Arrays are by member but `district`, which is by household; days are counted from 1970.
    """

    first: Numbers
    household: Numbers
    position: Numbers
    role: Numbers
    age: Numbers
    male: Flags
    born: Numbers
    order: Numbers
    """The order number of the identity number."""
    died: Numbers
    """Day of death; 0 for the living."""
    local: Flags
    settled: Numbers
    """Day from which somebody from elsewhere has lived in the city."""
    at_home: Flags
    excluded: Numbers
    """Position in 无 and the kinds of 不计入情形."""
    district: Numbers

    @property
    def households(self) -> int:
        return len(self.first) - 1

    def __len__(self) -> int:
        return len(self.role)

    @property
    def counted(self) -> Flags:
        """Whether the law surely counts the person as a member of the household."""
        related = among(self.role, (HEAD, SPOUSE, CHILD, PARENT, WARD))
        registered = self.local | ((self.role == SPOUSE) & (self.settled < day(REFERENCE_YEAR)))
        return np.asarray(related & registered & self.at_home & (self.excluded == 0) & (self.died == 0))

    def any_of(self, flags: Flags) -> Flags:
        """By household: whether the flag is set for any member."""
        return np.asarray(np.logical_or.reduceat(flags, self.first[:-1]))

    def sum_of(self, values: Numbers) -> Numbers:
        """By household: the sum over its members."""
        return np.asarray(np.add.reduceat(values, self.first[:-1]))

    def has(self, role: int) -> Flags:
        """By member: whether somebody of the household has a role."""
        return self.any_of(self.role == role)[self.household]

    def at(self, position: Numbers | int) -> Numbers:
        """By member: the index of the member of the same household at a position."""
        return np.asarray(self.first[:-1][self.household] + position)


def draw_people(draw: Draw, block: int) -> People:
    """The people of one block of `BLOCK` households."""
    family = draw.pick(tuple(_FAMILIES.values()), BLOCK)
    roles = _LAYOUT[family]
    there = roles >= 0
    sizes = there.sum(axis=1)
    household, position = np.nonzero(there)
    role, age, male = roles[there], _ages(draw, family, roles)[there], _sexes(draw, roles)[there]
    born, order = _birthdays(block, age, male)
    persons = len(role)
    grown = (age >= 18) & (role != HEAD)
    late = grown & (age >= 60) & draw.chance(0.006, persons)
    return People(
        first=np.concatenate([[0], np.cumsum(sizes)]),
        household=household,
        position=position,
        role=role,
        age=age,
        male=male,
        born=born,
        order=order,
        died=np.where(late, draw.between(day(2024), day(REFERENCE_YEAR, 8), persons), 0),
        local=draw.chance(_LOCAL[role], persons),
        settled=draw.between(day(2006), day(REFERENCE_YEAR), persons),
        at_home=~grown | draw.chance(np.where(role == SPOUSE, 0.995, 0.96), persons),
        excluded=np.where(grown, draw.pick((99.3, 0.05, 0.4, 0.2, 0.05), persons), 0),
        district=draw.pick(tuple(DISTRICTS.values()), BLOCK),
    )


def _ages(draw: Draw, family: Numbers, roles: Numbers) -> Numbers:
    """Ages by household and position; a grandchild stands behind its parent, if that one is there."""
    households, most = roles.shape
    low, high = _HEADS[family].T
    even = draw.uniform(households)
    head = low + np.floor((high - low + 1) * (even + draw.uniform(households)) / 2).astype(np.int64)
    apart = np.round(draw.normal(households) * 3.5 - 1).astype(np.int64).clip(-12, 12)
    spouse = (head + apart).clip(20, 99)
    youngest = np.where((roles == SPOUSE).any(axis=1), np.minimum(head, spouse), head)
    with_grandchild = (roles == GRANDCHILD).any(axis=1)
    ages = np.zeros(roles.shape, np.int64)
    for place in range(most):
        elder = ages[:, place - 1] if place else head
        behind_child = (roles[:, place - 1] == CHILD) if place else with_grandchild
        ranges = {
            CHILD: (np.maximum(0, youngest - np.where(with_grandchild, 24, 42)), youngest - 18),
            PARENT: (head + 18, head + 38),
            GRANDCHILD: (
                np.maximum(0, np.where(behind_child, elder - 30, youngest - 60)),
                np.where(behind_child, elder - 18, youngest - 40),
            ),
            SIBLING: ((head - 8).clip(18, 95), (head + 8).clip(18, 95)),
            OTHER: (np.full(households, 5), np.full(households, 60)),
        }
        role = roles[:, place]
        ages[:, place] = np.where(role == SPOUSE, spouse, head)
        for kind, (from_, to) in ranges.items():
            ages[:, place] = np.where(role == kind, draw.between(from_, to, households), ages[:, place])
    return ages


def _sexes(draw: Draw, roles: Numbers) -> Flags:
    """Who is a man, by household and position."""
    alone = (roles == CHILD).any(axis=1) & ~(roles == SPOUSE).any(axis=1)
    head = draw.chance(np.where(alone, 0.35, 0.6), len(roles))
    male = draw.chance(0.515, roles.size).reshape(roles.shape)
    male = np.where(roles == HEAD, head[:, None], np.where(roles == SPOUSE, ~head[:, None], male))
    parent = roles == PARENT
    # Of two parents the first is the father; one alone is mostly the mother.
    before = np.pad(parent, ((0, 0), (1, 0)))[:, :-1] & parent
    after = np.pad(parent, ((0, 0), (0, 1)))[:, 1:] & parent
    single = parent & ~before & ~after & draw.chance(0.6, roles.size).reshape(roles.shape)
    return np.asarray((male | after) & ~before & ~single)


def _birthdays(block: int, age: Numbers, male: Flags) -> tuple[Numbers, Numbers]:
    """Birthdays as days since 1970, and order numbers; no two people of any block have both the same, and the sex."""
    start, end = _YEARS[age], _YEARS[age - 1]
    length = end - start
    key = age * 2 + male
    by_key = np.argsort(key, kind="stable")
    ordered = key[by_key]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    rank = np.empty(len(age), np.int64)
    rank[by_key] = np.arange(len(age)) - np.repeat(starts, np.diff(np.append(starts, len(age))))
    share = length * _ORDERS // MAX_BLOCKS
    assert (rank < share).all(), "a block has more births in a year than its share of order numbers"
    # Each year begins elsewhere, lest the first people of all years be born on 1 January.
    place = ((block * share + rank) * _STEP + age * _SHIFT) % (length * _ORDERS)
    return start + place // _ORDERS, place % _ORDERS * 2 + male


def identity_numbers(people: People) -> Numbers:
    """The identity numbers as rows of 18 signs."""
    matrix = np.empty((len(people), 18), np.uint8)
    matrix[:, :6] = np.frombuffer(SAMPLE_AREA.encode(), np.uint8)
    month = people.born.astype("datetime64[D]").astype("datetime64[M]")
    months = month.astype(np.int64)
    write_digits(matrix, 6, 4, months // 12 + EPOCH_YEAR)
    write_digits(matrix, 10, 2, months % 12 + 1)
    write_digits(matrix, 12, 2, people.born - month.astype("datetime64[D]").astype(np.int64) + 1)
    write_digits(matrix, 14, 3, people.order)
    matrix[:, 17] = _CHECK_SIGNS[(matrix[:, :17] - ord("0")).astype(np.int64) @ _CHECK_WEIGHTS % 11]
    return matrix


def person_columns(draw: Draw, people: People) -> Table:
    """Who the members are: ids, names, birth, relations, registration, living together."""
    persons = len(people)
    since = draw.between(day(REFERENCE_YEAR - 15), day(REFERENCE_YEAR), persons)
    moved = people.local & (people.role == SPOUSE) & draw.chance(0.3, persons)
    rural = draw.chance(np.where(people.district >= 6, 0.45, 0.03), people.households)
    left = ~people.at_home & draw.chance(0.5, persons)
    joined = people.at_home & (people.role == SPOUSE) & draw.chance(0.2, persons)
    excluded = people.excluded
    prison = draw.between(6, 60, persons)
    return {
        "成员编号": every(people.position, tuple("123456")),
        "姓名": every(*_names(draw, people)),
        "身份证号": every(identity_numbers(people)),
        "性别": every(np.where(people.male, _SEXES.index("男"), _SEXES.index("女")), _SEXES),
        "出生日期": every(people.born),
        "死亡日期": some(people.died, people.died > 0),
        **_relations(draw, people),
        "共同生活": every(people.at_home),
        "共同生活起始": some(since, joined),
        "共同生活截止": some(since, left),
        "本市户籍": every(people.local),
        "户籍迁入日期": some(since, moved),
        "户口性质": every(np.where(rural[people.household], 1, 0), _HUKOU_KINDS),
        "本市定居起始": some(people.settled, ~people.local),
        "不计入情形": every(excluded, (NONE, *_NOT_COUNTED)),
        "宗教教职离家起始": some(since, excluded == 1 + _NOT_COUNTED.index("宗教教职")),
        "服刑起始": some(
            draw.between(day(2023), day(REFERENCE_YEAR), persons), excluded == 1 + _NOT_COUNTED.index("服刑")
        ),
        "刑期月数": some(prison, excluded == 1 + _NOT_COUNTED.index("服刑")),
    }


def _names(draw: Draw, people: People) -> tuple[Numbers, tuple[str, ...]]:
    """Made-up names: a household's own people share a surname."""
    family = draw.between(0, len(SURNAMES) - 1, people.households)[people.household]
    married = among(people.role, (SPOUSE, OTHER)) | ((people.role == PARENT) & ~people.male)
    own = draw.between(0, len(SURNAMES) - 1, len(people))
    given = draw.between(0, len(_GIVEN) - 1, len(people))
    return np.where(married, own, family) * len(_GIVEN) + given, _FULL_NAMES


def _relations(draw: Draw, people: People) -> Table:
    """The head mostly applies; in some families that consist of a couple and its children, the spouse does."""
    to_head = _RELATION[people.role]
    simple = ~people.any_of(~among(people.role, (HEAD, SPOUSE, CHILD)))
    spouse = people.any_of(people.role == SPOUSE) & simple & draw.chance(0.1, people.households)
    by_spouse = spouse[people.household]
    swapped = np.where(
        people.role == SPOUSE, 0, np.where(people.role == HEAD, _TO_APPLICANT.index("配偶"), to_head)
    )
    return {
        "与户主关系": every(to_head, _TO_HEAD),
        "与申请人关系": every(np.where(by_spouse, swapped, to_head), _TO_APPLICANT),
    }
