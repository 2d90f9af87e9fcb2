"""Children in the sample, and what has become of their parents: the dead, in prison, missing, not to be found.

Most children live with both parents. Some two in a hundred are in difficulty: with grandparents or other relatives, in
an institution, or with one parent who cannot care for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..case.fields import choices
from ..case.items import Care, ParentStatus
from .columns import NONE
from .sample_cells import Cells, Draw, Flags, Numbers, Table, among, day, some
from .sample_health import IMPAIRMENT_TEXTS, Health
from .sample_people import CHILD, GRANDCHILD, OTHER, SPOUSE, WARD, People

_CARE: Final = choices(Care)
_STATUS: Final = choices(ParentStatus)
# What may have become of a parent who is not in the household, in order: status and circumstances; how often among the
# parents of a child in difficulty, and among those of other children of one parent.
_FATES: Final = (
    ("已知", NONE, 0, 62),
    ("已知", "死亡", 34, 29),
    ("已知", "服刑", 17, 2),
    ("已知", "失联", 14, 2),
    ("已知", "重病", 8, 1),
    ("已知", "强制隔离戒毒", 6, 0.5),
    ("已知", "宣告失踪", 4, 0.3),
    ("已知", "未履行监护", 4, 2.5),
    ("已知", "撤销监护资格", 3, 0.2),
    ("已知", "遣送出境、未履行监护", 1, 0.1),
    ("已知", "其他限制人身自由", 2, 0.2),
    ("已知", "宣告死亡", 2, 0.1),
    ("查找不到", NONE, 4, 0.1),
    ("未知", NONE, 1, 0),
)
_TEXTS: Final = tuple(dict.fromkeys(text for _, text, _, _ in _FATES))
_CIRCUMSTANCE: Final = np.array([_TEXTS.index(text) for _, text, _, _ in _FATES])
_STATUS_OF: Final = np.array([_STATUS.index(status) for status, _, _, _ in _FATES])
_FOUND: Final = next(number for number, fate in enumerate(_FATES) if fate[0] == "查找不到")


@dataclass(frozen=True, slots=True)
class Children:
    """Which members are children, which of them are in difficulty, and where their parents are.

    `references[n]` is the index of the n-th parent among the people, where `inside[n]`.
    """

    child: Flags
    difficult: Flags
    references: tuple[Numbers, Numbers]
    inside: tuple[Flags, Flags]


def draw_children(draw: Draw, people: People) -> Children:
    """The children under 18, and their parents among the members."""
    role, head = people.role, people.at(0)
    child = (people.age < 18) & among(role, (CHILD, GRANDCHILD, OTHER, WARD))
    before = np.arange(len(people)) - 1
    of_head = child & (role == CHILD)
    of_child = child & (role == GRANDCHILD) & (role[before] == CHILD)
    with_spouse = of_head & people.has(SPOUSE)
    without = child & ~of_head & ~of_child
    difficult = (without & draw.chance(0.65, len(people))) | (child & (role == WARD))
    first = np.where(of_child, before, head)
    return Children(
        child, difficult, (first, np.where(with_spouse, head + 1, head)), (of_head | of_child, with_spouse)
    )


def child_columns(draw: Draw, people: People, health: Health, children: Children, person: Table) -> Table:
    """What child programmes ask, of children only; `person` holds the columns drawn before."""
    persons, child = len(people), children.child
    ward = child & (people.role == WARD)
    fostered = children.difficult & draw.chance(0.15, persons)
    relatives = np.where(fostered, _CARE.index("寄养"), _CARE.index("散居"))
    care = np.where(ward, _CARE.index("机构"), np.where(children.difficult, relatives, _CARE.index("随父母")))
    foundling = ward & draw.chance(0.5, persons)
    table: Table = {
        "弃婴": some(foundling, child),
        "养育方式": some(care, child, _CARE),
        "已收养": some((people.role == OTHER) & ~children.difficult & draw.chance(0.3, persons), child),
        "艾滋病病毒感染": some(draw.chance(0.0008, persons), child),
    }
    # Parents who are not in the household though nothing has befallen them work elsewhere, or are divorced.
    both_away = child & ~children.inside[0] & ~children.difficult
    for number in (1, 2):
        fate = _fates(draw, children, both_away, foundling)
        table |= _parent(draw, people, health, children, number, fate, person)
    return table


def _fates(draw: Draw, children: Children, both_away: Flags, foundling: Flags) -> Numbers:
    persons = len(foundling)
    hard = draw.pick([share for _, _, share, _ in _FATES], persons)
    usual = draw.pick([share for _, _, _, share in _FATES], persons)
    fate = np.where(children.difficult, hard, np.where(both_away, 0, usual))
    return np.where(foundling, _FOUND, fate)


def _parent(
    draw: Draw, people: People, health: Health, children: Children, number: int, fate: Numbers, person: Table
) -> Table:
    """The columns of one parent: a member's, or of one who lives elsewhere."""
    persons, child = len(people), children.child
    inside, reference = children.inside[number - 1], children.references[number - 1]
    outside = child & ~inside
    imprisoned = _is("服刑", person["不计入情形"])[reference]
    ill, dead = health.ill[reference], people.died[reference] > 0
    own = np.select([dead, imprisoned, ill], [_TEXTS.index(word) for word in ("死亡", "服刑", "重病")], 0)
    kind = np.where(inside, own, _CIRCUMSTANCE[fate])

    def detail(word: str, values: Numbers, of_member: str | None = None) -> Cells:
        copied = person[of_member].values[reference] if of_member is not None else values
        return some(np.where(inside, copied, values), child & (kind == _TEXTS.index(word)))

    impaired = outside & (fate > 0) & draw.chance(0.1, persons)
    columns = {
        "成员编号": some(people.position[reference], inside, tuple("123456")),
        "状况": some(np.where(inside, _STATUS.index("已知"), _STATUS_OF[fate]), child, _STATUS),
        "情形": some(kind, child, _TEXTS),
        "失联起始": detail("失联", draw.between(day(2019), day(2025, 5), persons)),
        "失联报警回执": detail("失联", draw.chance(0.75, persons)),
        "服刑起始": detail("服刑", draw.between(day(2022), day(2025, 6), persons), "服刑起始"),
        "刑期月数": detail("服刑", draw.between(4, 120, persons), "刑期月数"),
        "强制隔离戒毒月数": detail("强制隔离戒毒", np.full(persons, 24)),
        "限制人身自由月数": detail("其他限制人身自由", draw.between(1, 24, persons)),
        "残疾": some(
            np.where(impaired, draw.between(1, len(IMPAIRMENT_TEXTS) - 1, persons), 0),
            outside,
            IMPAIRMENT_TEXTS,
        ),
    }
    return {f"父母{number}.{title}": cells for title, cells in columns.items()}


def _is(word: str, column: Cells) -> Flags:
    assert column.words is not None
    return np.asarray(column.values == column.words.index(word))
