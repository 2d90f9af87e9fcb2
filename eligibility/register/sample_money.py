"""What the people of the sample do and earn: schooling, work, incomes near the lines, deductions.

A household first draws its income per head: most near the minimum living standard and the low-income line, some
exactly on them or a 分 off. Its earners then share the sum so that what the law counts comes to just that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..case.fields import choices
from ..case.people import BASIC_PENSION, EMPLOYMENT_COST
from ..case.person import Education, WorkAbility, WorkStatus
from .columns import CENTRAL_SHARE
from .sample_cells import Draw, Flags, Numbers, Table, among, days, every, some
from .sample_health import Health
from .sample_people import CHILD, REFERENCE_YEAR, SIBLING, WARD, People

STANDARDS: Final = (145_000, 148_000)
"""The minimum living standard in 分 a month, before and from July 2025."""
LOW_INCOME: Final = (232_000, 242_000)
"""The low-income line in 分 a month, as it was twice."""
CENTRAL: Final = 14_300
"""The central share of the basic pension, in 分 a month."""

_EDUCATION: Final = choices(Education)
_WORK: Final = choices(WorkStatus)
_ABILITY: Final = choices(WorkAbility)
EMPLOYED, FLEXIBLE, FARMING, UNEMPLOYED, IDLE, RETIRED, AT_SCHOOL = range(len(_WORK))
_WEIGHTS: Final = np.array([1.0, 0.6, 0.4, 0.25, 0.0, 0.8, 0.0])
"""How the earners of a household share its income, by what they do."""
_WITHOUT_WORK: Final = ("其他转移性收入", "赡养费抚养费", "财产净收入", "遗属补助")


@dataclass(frozen=True, slots=True)
class Work:
    """What the members do: school, work (position in `WorkStatus`), pension age reached."""

    student: Flags
    status: Numbers
    old: Flags


@dataclass(frozen=True, slots=True)
class Means:
    """What a household lives on a month, in 分: what the law counts, how many it counts, and support from outside."""

    counted_income: Numbers
    members: Numbers
    support: Numbers

    def below(self, line: int) -> Flags:
        """By household: whether the income per head is below a line."""
        return (self.members > 0) & (self.counted_income < line * self.members)


def draw_work(draw: Draw, people: People, health: Health) -> Work:
    """Children learn, the old are retired or still on the land, and of the others fewer than half have a job."""
    persons, age = len(people), people.age
    learning = np.interp(age, (2, 3, 6, 17, 18, 22, 23), (0, 0.7, 0.99, 0.97, 0.6, 0.4, 0))
    student = draw.chance(learning, persons) & ((age < 18) | (people.role == CHILD))
    old = age >= np.where(people.male, 60, 55)
    healthy = draw.pick((30, 22, 12, 14, 22, 0, 0), persons)
    frail = draw.pick((4, 4, 4, 8, 80, 0, 0), persons)
    aged = np.array([RETIRED, FARMING, IDLE])[draw.pick((60, 10, 30), persons)]
    status = np.select(
        [student, age < 16, old, health.severe | health.ill], [AT_SCHOOL, IDLE, aged, frail], healthy
    )
    return Work(student, status, old)


def work_columns(draw: Draw, people: People, health: Health, work: Work) -> Table:
    """Schooling, work and ability to work, and whether a person can live independently."""
    persons, age, status = len(people), people.age, work.status
    year = REFERENCE_YEAR + 1 + draw.between(0, 2, persons)
    earning = among(status, (EMPLOYED, FLEXIBLE, FARMING, RETIRED))
    ability = np.select(
        [(age < 16) | (age >= 75), health.severe & (health.grade == 0), health.severe | health.ill],
        [_ABILITY.index("无"), _ABILITY.index("完全丧失"), _ABILITY.index("部分丧失")],
        _ABILITY.index("有"),
    )
    return {
        "能独立生活": every((age >= 18) & ~health.severe & (earning | (people.role != CHILD))),
        "学历阶段": every(_schooling(draw, people, work), _EDUCATION),
        "全日制在读": every(work.student),
        "预计毕业日期": some(days(year, 7), work.student & (age >= 15)),
        "就业状况": every(status, _WORK),
        "劳动能力": every(ability, _ABILITY),
        "登记失业": every((status == UNEMPLOYED) & draw.chance(0.8, persons)),
    }


def _schooling(draw: Draw, people: People, work: Work) -> Numbers:
    """The stage a student is in, by age, and the last one of everybody else."""
    age = people.age
    stage = np.searchsorted((3, 6, 12, 15, 18), age, side="right")
    stage = stage + ((stage == 4) & draw.chance(0.4, len(people)))
    stage = np.where(age >= 18, _EDUCATION.index("专科") + draw.between(0, 1, len(people)), stage)
    done = draw.pick((4, 0, 24, 38, 18, 8, 5, 3, 0.3, 0.05), len(people))
    return np.where(work.student | (age < 18), stage, done)


def draw_means(draw: Draw, people: People) -> Means:
    """Income per head by household: low, near a line, on a line or a 分 off, between the lines, or well above."""
    households = people.households
    members = people.sum_of(people.counted.astype(np.int64))
    group = draw.pick((7, 43, 5, 7, 21, 3, 14), households)
    even = draw.uniform(households)
    whole = np.stack(
        [
            np.zeros(households),
            (105_000 + 24_000 * draw.normal(households)).clip(5_000, STANDARDS[0] - 100),
            STANDARDS[0] + even * (STANDARDS[1] - STANDARDS[0]),
            np.zeros(households),
            STANDARDS[1] + even * (LOW_INCOME[0] - STANDARDS[1]),
            LOW_INCOME[0] + even * (LOW_INCOME[1] - LOW_INCOME[0]),
            LOW_INCOME[1] + even**3 * 400_000,
        ]
    )[group, np.arange(households)]
    line = np.array((*STANDARDS, *LOW_INCOME))[draw.pick((3, 3, 1, 2), households)]
    off = draw.between(-1, 1, households)
    # To the 元 for the household, as people declare it; only those at a line are exact to the 分.
    income = np.where(group == 3, line * members + off, whole.astype(np.int64) * members // 100 * 100)
    # A child raised in an institution, alone in its household, has nothing.
    income[people.any_of(people.role == WARD)] = 0
    income[members == 0] = 0
    income = np.maximum(income, 0)
    share = np.where(draw.chance(0.05, households), draw.uniform(households) * 0.4, 0)
    return Means(income, members, (income * share).astype(np.int64) // 100 * 100)


def income_columns(
    draw: Draw, people: People, work: Work, means: Means, kinds: Iterable[str], extra: dict[str, Numbers]
) -> Table:
    """Incomes of every kind of the ruleset, deductions and stable income; `extra` adds incomes that do not count."""
    persons, status = len(people), work.status
    net = _shared(draw, people, work, means)
    paid = _deductions(draw, people, work, net)
    gross = net + sum(paid.values())
    incomes = {kind: amount.copy() for kind, amount in extra.items()}
    source = _sources(draw, people, work)
    central = np.where((source == _BASIC) & (gross > 0), CENTRAL, 0)
    for number, kind in enumerate(_SOURCES):
        incomes[kind] = incomes.get(kind, 0) + np.where(source == number, gross + central, 0)
    # A farmer or trader with a loss lives on odd jobs.
    loss = np.where(
        (status == FARMING) & draw.chance(0.08, persons), draw.between(1, 30, persons) * 10_000, 0
    )
    incomes["经营净收入"] = np.where(loss > 0, -loss, incomes["经营净收入"])
    incomes["工资性收入"] = np.where(loss > 0, gross + loss, incomes["工资性收入"])
    nothing = np.zeros(persons, np.int64)
    stable = among(status, (EMPLOYED, RETIRED)) & (gross > 0)
    return {
        "有稳定收入": every(stable),
        "稳定收入月额": some(gross, stable),
        **{f"收入.{kind}": every(incomes.get(kind, nothing)) for kind in kinds},
        CENTRAL_SHARE: some(central, central > 0),
        **{kind: every(amount) for kind, amount in paid.items()},
    }


_SOURCES: Final = ("工资性收入", "经营净收入", "养老金", BASIC_PENSION, "失业保险金", *_WITHOUT_WORK)
_BASIC: Final = _SOURCES.index(BASIC_PENSION)


def _sources(draw: Draw, people: People, work: Work) -> Numbers:
    """The income kind a member lives on (position in `_SOURCES`)."""
    persons, status = len(people), work.status
    rural = draw.chance(0.35, persons)
    other = _SOURCES.index(_WITHOUT_WORK[0]) + draw.pick((50, 30, 8, 12), persons)
    return np.select(
        [
            among(status, (EMPLOYED, FLEXIBLE)),
            status == FARMING,
            (status == RETIRED) & ~rural,
            (status == RETIRED) | (work.old & (status == IDLE)),
            status == UNEMPLOYED,
        ],
        [
            _SOURCES.index(kind)
            for kind in ("工资性收入", "经营净收入", "养老金", BASIC_PENSION, "失业保险金")
        ],
        other,
    )


def _shared(draw: Draw, people: People, work: Work, means: Means) -> Numbers:
    """What each member's incomes come to as the law counts them: of those who count, exactly the household's sum."""
    persons = len(people)
    total = (means.counted_income - means.support)[people.household]
    adult = people.age >= 16
    weight = np.where(people.counted & adult, _WEIGHTS[work.status] * (0.5 + draw.uniform(persons)), 0)
    holder = _holders(people)
    weight[holder] += 0.05
    part = weight / people.sum_of(weight)[people.household]
    net = (total * part).astype(np.int64) // 100 * 100
    net[holder] += (means.counted_income - means.support) - people.sum_of(net)
    beside = ~people.counted & adult & among(work.status, (EMPLOYED, FLEXIBLE)) & (people.role != SIBLING)
    return np.where(beside, draw.between(2_000, 6_000, persons) * 100, net)


def _holders(people: People) -> Numbers:
    """By household: the member whose income makes the sum exact, the first one who counts (else the head)."""
    first_counted = np.where(people.counted, people.position, 99)
    least = np.minimum.reduceat(first_counted, people.first[:-1])
    return people.first[:-1] + np.where(least == 99, 0, least)


def _deductions(draw: Draw, people: People, work: Work, net: Numbers) -> dict[str, Numbers]:
    """What employees spend on their work, contributions and tax, and what a few pay for others."""
    persons = len(people)
    employed = (work.status == EMPLOYED) & (net > 0)
    cost = employed & draw.chance(0.3, persons)
    insured = employed & draw.chance(0.7, persons)
    supports = employed & draw.chance(0.05, persons)
    taxed = employed & (net > 450_000)
    return {
        EMPLOYMENT_COST: np.where(cost, draw.between(10, 50, persons) * 1_000, 0),
        "社会保险费": np.where(insured, net // 10 // 100 * 100, 0),
        "个人所得税": np.where(taxed, (net - 450_000) // 3_000 * 100, 0),
        "赡养抚养支出": np.where(supports, draw.between(3, 15, persons) * 10_000, 0),
    }
