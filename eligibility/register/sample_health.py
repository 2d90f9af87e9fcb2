"""Disability and illness in the sample: impairments and certificates, serious illness, carers, statuses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from ..case.fields import Category, CertificateCategory, Grade, choices
from ..case.items import StatusKind
from ..case.person import NOBODY
from .columns import NONE, list_text
from .sample_cells import Draw, Flags, Numbers, Table, among, day, every, some, write_digits
from .sample_people import CHILD, HEAD, REFERENCE_YEAR, WARD, People

_CATEGORIES: Final = choices(Category)
_GRADES: Final = choices(Grade)
_CERTIFIED: Final = choices(CertificateCategory)
_SHARES: Final = (13, 15, 3, 45, 12, 12)
_GRADE_SHARES: Final = (13, 25, 33, 29)
_PAIRS: Final = tuple(combinations(range(len(_CATEGORIES)), 2))
IMPAIRMENT_TEXTS: Final = (
    NONE,
    *(category + grade for category in _CATEGORIES for grade in _GRADES),
    *(
        list_text((_CATEGORIES[one] + first, _CATEGORIES[other] + second))
        for one, other in _PAIRS
        for first in _GRADES
        for second in _GRADES
    ),
)
"""无, one impairment (category by category), then two of different categories (pair by pair)."""
_MENTAL: Final = tuple(_CATEGORIES.index(word) for word in ("智力", "精神"))
_HEARING: Final = tuple(_CATEGORIES.index(word) for word in ("听力", "言语"))


@dataclass(frozen=True, slots=True)
class Health:
    """The members' impairments (position in `IMPAIRMENT_TEXTS`) and what follows from them."""

    impairment: Numbers
    several: Flags
    category: Numbers
    """Of the first impairment; only where there is one."""
    grade: Numbers
    """The gravest, from 0; only where there is an impairment."""
    certificate: Flags
    ill: Flags

    impaired: Flags
    severe: Flags
    """In the first or second grade, or in the third of mind: as most rules have it, not exactly any of them."""
    nursed: Flags
    """Severe, and not of hearing or speech alone."""


def draw_health(draw: Draw, people: People) -> Health:
    """Some 12 % of the members are impaired, more of the old; most hold a certificate."""
    persons = len(people)
    impaired = draw.chance(
        np.interp(people.age, (0, 16, 40, 60, 90), (0.05, 0.07, 0.11, 0.16, 0.22)), persons
    )
    several = impaired & draw.chance(0.06, persons)
    category, first = draw.pick(_SHARES, persons), draw.pick(_GRADE_SHARES, persons)
    pair, second = draw.between(0, len(_PAIRS) - 1, persons), draw.pick(_GRADE_SHARES, persons)
    grades = len(_GRADES)
    single = 1 + category * grades + first
    double = 1 + len(_CATEGORIES) * grades + (pair * grades + first) * grades + second
    ill = draw.chance(np.interp(people.age, (0, 30, 60, 90), (0.01, 0.015, 0.06, 0.1)), persons)
    category = np.where(several, np.array(_PAIRS)[pair, 0], category)
    grade = np.where(several, np.minimum(first, second), first)
    severe = impaired & (grade <= np.where(among(category, _MENTAL), 2, 1))
    return Health(
        impairment=np.where(several, double, np.where(impaired, single, 0)),
        several=several,
        category=category,
        grade=grade,
        certificate=impaired & draw.chance(0.97, persons),
        ill=ill & (people.role != WARD),
        impaired=impaired,
        severe=severe,
        nursed=severe & (several | ~among(category, _HEARING)),
    )


def health_columns(draw: Draw, people: People, health: Health, numbers: Numbers) -> Table:
    """Impairments, certificates, illness, carers, statuses and other benefits; `numbers` are the identity numbers."""
    persons = len(people)
    injured = draw.chance(0.001, persons) & (people.age >= 30)
    nursing = draw.chance(np.where(people.age >= 80, 0.12, 0.002), persons)
    living = draw.chance(0.003, persons)
    return {
        "患重大疾病": every(health.ill),
        "长期照护": every(health.nursed & (health.grade <= draw.between(0, 1, persons))),
        **_certificates(health, numbers),
        "领取工伤生活护理费": every(injured),
        "其他生活类补贴月额": every(np.where(living, draw.between(1, 9, persons) * 5_000, 0)),
        "其他护理类补贴月额": every(np.where(nursing, draw.between(1, 6, persons) * 10_000, 0)),
        **_carers(draw, people, health),
        **_statuses(draw, people, health),
    }


def _certificates(health: Health, numbers: Numbers) -> Table:
    """The impairments, and the certificate with the number that repeats them."""
    held = health.certificate
    category = np.where(health.several, _CERTIFIED.index("多重"), health.category)
    signs = np.empty((len(numbers), 20), np.uint8)
    signs[:, :18] = numbers
    write_digits(signs, 18, 1, category + 1)
    write_digits(signs, 19, 1, health.grade + 1)
    return {
        "残疾": every(health.impairment, IMPAIRMENT_TEXTS),
        "残疾证": some(np.zeros(len(held), np.int64), held, ("有",)),
        "残疾证类别": some(category, held, _CERTIFIED),
        "残疾证等级": some(health.grade, held, _GRADES),
        "残疾证号": some(signs, held),
    }


def _carers(draw: Draw, people: People, health: Health) -> Table:
    """Who cares for children, the impaired and the ill: the head, or for the head who stands next and is grown up."""
    persons = len(people)
    minor = people.age < 18
    cared = minor | health.impaired | health.ill
    is_head = among(people.role, (HEAD, WARD))
    alone = people.first[1:][people.household] - people.first[:-1][people.household] == 1
    next_ = np.where(alone, people.at(0), people.at(0) + ~alone)
    helped = ~alone & (people.age[next_] >= 18) & (people.died[next_] == 0)
    inside = cared & (~is_head | helped) & ~((people.role == CHILD) & draw.chance(0.005, persons))
    outside = cared & ~inside & ~minor & draw.chance(0.2, persons)
    nobody = len(_POSITIONS) - 1
    carer = np.where(inside, np.where(is_head, 1, 0), nobody)
    grown = draw.between(day(1945), day(REFERENCE_YEAR - 25), persons)
    return {"抚养人": some(carer, cared & ~outside, _POSITIONS), "抚养人出生日期": some(grown, outside)}


_POSITIONS: Final = (*"123456", NOBODY)


def _statuses(draw: Draw, people: People, health: Health) -> Table:
    """Hardship as an office recorded it: a few old or severely impaired people who live alone."""
    alone = np.diff(people.first)[people.household] == 1
    frail = alone & (people.role == HEAD) & ((people.age >= 62) | health.severe)
    hardship = frail & draw.chance(0.06, len(people))
    aided = ~hardship & (people.age >= 50) & draw.chance(0.006, len(people))
    return {"身份": every(np.where(hardship, 1, np.where(aided, 2, 0)), (NONE, *choices(StatusKind)))}
