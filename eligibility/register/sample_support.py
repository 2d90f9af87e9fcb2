"""What the households of the sample own, and what they already receive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..case.fields import choices
from ..case.household import HeatingMode, SituationKind
from ..quantities import Month
from ..ruleset import Ruleset
from ..values import Level
from .columns import NONE, RECEIPTS, paid_column, receipt_columns
from .sample_cells import Draw, Flags, Numbers, Table, among, days, every, some, subsets
from .sample_children import Children
from .sample_health import Health
from .sample_money import LOW_INCOME, STANDARDS, Means
from .sample_people import CHILD, DISTRICTS, REFERENCE_YEAR, SPOUSE, People

PAID_MONTHS: Final = (Month("2025-07"), Month("2025-08"))
"""Months for which the sample says what was actually paid."""
PAID_PROGRAMME: Final = "dibao"

_STREETS: Final = 24
_REGIONS: Final = tuple(
    f"{district}{street:03d}000" for district in DISTRICTS for street in range(1, _STREETS + 1)
)
_VEHICLES: Final = (
    NONE,
    "机动车",
    "机动车(治病)",
    "机动车(残疾代步)",
    "机动车(生产)",
    "大型农机具",
    "残疾人机动轮椅车",
    "机动车、机动车(治病)",
)
_SITUATIONS: Final = subsets(choices(SituationKind), 2)
_HEATING: Final = choices(HeatingMode)
_SEASON: Final = ("2024-2025",)
_CHILD_RATE: Final = 265_000
_SUPPORT_RATE: Final = 217_500


@dataclass(frozen=True, slots=True)
class Property:
    """What decides besides income, by household: whether a means test would find too much."""

    columns: Table
    modest: Flags


def household_columns(draw: Draw, block: int, people: People, means: Means, health: Health) -> Property:
    """Where households live, what they own, their situation and heating.

    Nine in ten poor households declare no savings. (For months whose limit the ruleset does not know, any savings at
    all leave a household undetermined.)
    """
    households = people.households
    poor = means.below(LOW_INCOME[1])
    saving = draw.chance(np.where(poor, 0.08, 0.5), households)
    dwellings = draw.pick((22, 75.5, 2.2, 0.3), households)
    area = dwellings * draw.between(2_500, 9_500, households)
    impaired = people.any_of(health.impaired)
    driving = draw.chance(np.where(poor, 0.02, 0.15), households)
    own = np.array([1, 2, 4, 5, 7])[draw.pick((70, 12, 8, 8, 2), households)]
    chair = impaired & draw.chance(0.05, households)
    vehicle = np.where(driving, own, np.where(chair, np.array([3, 6])[draw.between(0, 1, households)], 0))
    street = people.district * _STREETS + draw.between(0, _STREETS - 1, households)
    columns = {
        "家庭编号": every(_numbers(block, households)),
        "地区": every(street, _REGIONS),
        "家庭情形": every(_situations(draw, people), _SITUATIONS),
        "货币财产": every(np.where(saving, draw.between(5, 900, households) * 10_000, 0)),
        "其他财产": every(
            np.where(draw.chance(0.01, households), draw.between(1, 50, households) * 100_000, 0)
        ),
        "住房套数": every(dwellings),
        "住房面积": some(area, dwellings > 0),
        "车辆": every(vehicle, _VEHICLES),
        "月租金": every(np.where(dwellings == 0, draw.between(8, 40, households) * 10_000, 0)),
        "赡养抚养费": every(means.support),
        **_heating(draw, households, area),
    }
    return Property(columns, ~saving & (dwellings <= 1) & among(vehicle, (0, 3, 6)))


def _numbers(block: int, households: int) -> Numbers:
    """Household ids: B and eight digits, in the order of the register."""
    signs = np.full((households, 9), ord("B"), np.uint8)
    number = block * households + np.arange(1, households + 1)
    for place in range(8):
        signs[:, 8 - place] = ord("0") + number // 10**place % 10
    return signs


def _situations(draw: Draw, people: People) -> Numbers:
    """A single parent with a minor child; a few households hit by misfortune."""
    minor = people.any_of((people.role == CHILD) & (people.age < 18))
    single = minor & ~people.any_of(people.role == SPOUSE)
    return single + 2 * draw.chance(0.015, people.households)


def _heating(draw: Draw, households: int, area: Numbers) -> Table:
    known = draw.chance(0.3, households)
    approved = days(2024, draw.between(1, 10, households))
    return {
        "采暖方式": some(draw.pick((55, 20, 15, 5, 5), households), known, _HEATING),
        "采暖面积": some(area, known & (area > 0)),
        "采暖季": some(np.zeros(households, np.int64), known, _SEASON),
        "采暖核准日期": some(approved, known),
        "同住他处领取采暖人数": some(draw.pick((96, 3, 1), households), known),
    }


@dataclass(frozen=True, slots=True)
class _Payment:
    """A programme in payment: to whom, how much a month (None: it pays nothing), and since when."""

    programme: str
    paid: Flags
    amount: Numbers | None


def draw_benefits(
    draw: Draw, people: People, means: Means, health: Health, children: Children, person: Table, modest: Flags
) -> tuple[tuple[_Payment, ...], tuple[_Payment, ...]]:
    """What is in payment to the households and to their members, near enough to the rules: offices err and lag."""
    households, persons = people.households, len(people)
    home = people.household
    resident = people.local[people.first[:-1]]
    due = (STANDARDS[0] * means.members - means.counted_income).clip(0)
    basic = resident & modest & (due > 0) & draw.chance(0.93, households)
    basic |= resident & means.below(STANDARDS[1]) & (means.counted_income > 0) & draw.chance(0.02, households)
    due = np.where(draw.chance(0.03, households), due + draw.between(-20, 20, households) * 1_000, due)
    due = np.maximum(due, 1_000)
    low = resident & modest & ~basic & means.below(LOW_INCOME[1]) & draw.chance(0.6, households)
    single = low[home] & health.severe & health.certificate & people.local & draw.chance(0.3, persons)
    ill = low[home] & health.ill & ~single & draw.chance(0.5, persons)
    hardship = person["身份"].values == 1
    holder = health.certificate & people.local & ~hardship
    living = holder & (basic[home] | low[home]) & draw.chance(0.92, persons)
    nursing = holder & health.nursed & draw.chance(0.92, persons)
    child = children.difficult & people.local & draw.chance(0.85, persons)
    upper = np.where(basic[home], 40_000, STANDARDS[0])
    lower = np.where(basic[home], 32_000, 30_000)
    own = np.minimum(STANDARDS[0], draw.between(3, 14, persons) * 10_000)
    return (
        (_Payment("dibao", basic, due), _Payment("low_income", low, None)),
        (
            _Payment("tekun", hardship, np.full(persons, _SUPPORT_RATE)),
            _Payment("single_person_dibao", single, own),
            _Payment("serious_illness_supplement", ill, np.full(persons, STANDARDS[0] * 35 // 100)),
            _Payment("child_allowance", child & ~hardship, np.full(persons, _CHILD_RATE)),
            _Payment("living_allowance", living & ~child, np.where(health.nursed, upper, lower)),
            _Payment("nursing_allowance", nursing, np.where(health.grade == 0, 30_000, 10_000)),
        ),
    )


def uncounted_incomes(
    draw: Draw, people: People, payments: Sequence[_Payment], student: Flags
) -> dict[str, Numbers]:
    """Incomes that no rule counts: benefits in payment, bounties, pensions for service, scholarships."""
    persons, age = len(people), people.age

    def some_of(whom: Flags, low: int, high: int) -> Numbers:
        return np.where(whom, draw.between(low, high, persons) * 1_000, 0)

    def received(*programmes: str) -> Numbers:
        total = np.zeros(persons, np.int64)
        for item in payments:
            if item.programme in programmes and item.amount is not None:
                total += np.where(item.paid, item.amount, 0)
        return total

    return {
        "残疾人两项补贴": received("living_allowance", "nursing_allowance"),
        "困境儿童生活费": received("child_allowance"),
        "育儿补贴": np.where((age <= 2) & draw.chance(0.7, persons), 30_000, 0),
        "高龄津贴": some_of((age >= 80) & draw.chance(0.85, persons), 10, 70),
        "奖学金": some_of(student & (age >= 15) & draw.chance(0.06, persons), 10, 60),
        "优待抚恤金": some_of((age >= 55) & draw.chance(0.015, persons), 50, 300),
        "计划生育奖励扶助金": some_of((age >= 60) & draw.chance(0.04, persons), 10, 90),
        "社会救助款物": some_of(draw.chance(0.02, persons), 10, 100),
    }


def benefit_columns(
    draw: Draw, rules: Ruleset, level: Level, payments: Sequence[_Payment], born: Numbers | None = None
) -> Table:
    """在享待遇, and of each programme of the ruleset that is in payment, its amount and start."""
    listed = [item for item in payments if item.programme in rules.programmes]
    names = [rules.programmes[item.programme].name for item in listed]
    size = len(payments[0].paid)
    bits = sum(
        (item.paid.astype(np.int64) << number for number, item in enumerate(listed)), np.zeros(size, np.int64)
    )
    table: Table = {RECEIPTS: every(bits, subsets(names, len(names)))}
    for item, name in zip(listed, names, strict=True):
        months = draw.between(0, 12 * 8 + 4, size)
        since = days(REFERENCE_YEAR - 8, 1 + months)
        if born is not None:
            since = np.maximum(since, born)
        amount, start = receipt_columns(name, level)
        if item.amount is not None:
            table[amount.title] = some(item.amount, item.paid)
        table[start.title] = some(since, item.paid)
    return table


def paid_columns(draw: Draw, rules: Ruleset, payments: Sequence[_Payment]) -> Table:
    """What was actually paid in `PAID_MONTHS`: mostly the amount in payment, now and then less or nothing."""
    found = next((item for item in payments if item.programme == PAID_PROGRAMME), None)
    if found is None or PAID_PROGRAMME not in rules.programmes or found.amount is None:
        return {}
    size, name = len(found.paid), rules.programmes[PAID_PROGRAMME].name
    table: Table = {}
    for month in PAID_MONTHS:
        part = np.array([100, 50, 0])[draw.pick((96.5, 2, 1.5), size)]
        title = paid_column(name, month).title
        table[title] = some(found.amount * part // 100, found.paid & draw.chance(0.97, size))
    return table
