"""What the files of the sample's households do not say.

Gaps cluster, as in an office: some households have incomplete files, in which a fifth of all cells is blank, so that
3 % of all cells are; the files of the others are complete. What follows from other cells (a carer's birth date, a
parent's impairments) is then known exactly where those cells are, as in every stored register.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..case.models import NOTHING_ELSE
from .columns import DEDUCTIONS, PARENTS, RECEIPTS
from .sample_cells import Cells, Draw, Flags, Table, some
from .sample_people import People

INCOMPLETE: Final = 0.15
"""Share of households with incomplete files."""
BLANK: Final = 0.2
"""Share of blank cells in incomplete files."""
DECLARED: Final = 0.4
"""Share of households that declare that nothing exists but what they list."""

_KEPT: Final = frozenset(
    {"家庭编号", "声明", "成员编号", "性别", "出生日期", "死亡日期", "残疾证", "残疾证等级", "父母1.状况"}
)
"""Columns that are never blanked by themselves."""
_LISTS: Final = frozenset(
    {"家庭情形", "其他财产", "住房套数", "车辆", "赡养抚养费", RECEIPTS}
    | {
        "不计入情形",
        "身份",
        "患重大疾病",
        "残疾",
        "领取工伤生活护理费",
        "其他生活类补贴月额",
        "其他护理类补贴月额",
    }
    | {f"父母{number}.{title}" for number in PARENTS for title in ("情形", "残疾")}
    | set(DEDUCTIONS)
)
_FOLLOWS: Final = (
    ("住房面积", "住房套数"),
    ("宗教教职离家起始", "不计入情形"),
    ("服刑起始", "不计入情形"),
    ("刑期月数", "不计入情形"),
    ("残疾证", "残疾"),
    ("残疾证类别", "残疾"),
    ("残疾证等级", "残疾证类别"),
    ("残疾证号", "残疾证类别"),
    ("残疾证号", "身份证号"),
    ("其他生活类补贴月额", "领取工伤生活护理费"),
    ("其他护理类补贴月额", "领取工伤生活护理费"),
)
"""A column that says nothing without another."""
_OF_PARENT: Final = (
    "失联起始",
    "失联报警回执",
    "服刑起始",
    "刑期月数",
    "强制隔离戒毒月数",
    "限制人身自由月数",
)


def is_list(title: str) -> bool:
    """Whether a declaration speaks of a column: what it leaves blank is then none."""
    return title in _LISTS or title.startswith("收入.")


def declare(draw: Draw, households: int) -> Cells:
    """The column 声明."""
    said = draw.chance(DECLARED, households)
    return some(np.zeros(households, np.int64), said, (NOTHING_ELSE,))


def forget(draw: Draw, people: People, household: Table, person: Table) -> Flags:
    """Blanks cells of both tables, in place; says which households have complete files."""
    incomplete = draw.chance(INCOMPLETE, people.households)
    declared = household["声明"].known
    _forget(draw, household, incomplete, declared)
    _forget(draw, person, incomplete[people.household], declared[people.household])
    blank = ~household[RECEIPTS].known
    for title in household:
        if title.startswith(("在享", "已发")):
            household[title] = household[title].blanked(blank)
    for title in person:
        if title.startswith("在享"):
            person[title] = person[title].blanked(blank[people.household])
    unnamed = ~person["身份证号"].known
    for title in ("性别", "出生日期"):
        person[title] = person[title].blanked(unnamed & draw.chance(BLANK, len(people)))
    for title, other in _FOLLOWS:
        table = person if title in person else household
        table[title] = table[title].blanked(~table[other].known)
    _derive(people, person)
    return ~incomplete


def _forget(draw: Draw, table: Table, incomplete: Flags, declared: Flags) -> None:
    """Blanks a fifth of the cells of the incomplete rows; of what was declared, none."""
    where = np.flatnonzero(incomplete)
    closed = declared[where]
    for title, cells in table.items():
        if title in _KEPT or (title == RECEIPTS and "成员编号" in table):
            continue
        blank = np.zeros(len(incomplete), np.bool_)
        # A declaration speaks of a parent's lists too, as long as something else says that there is this parent.
        told = is_list(title) or title.endswith((".成员编号", ".状况"))
        blank[where] = draw.chance(BLANK, len(where)) & ~(closed & told)
        table[title] = cells.blanked(blank)


def _derive(people: People, person: Table) -> None:
    """Makes what stands twice stand alike: carers and parents who are members."""
    carer = person["抚养人"]
    assert carer.words is not None
    inside = carer.values < len(carer.words) - 1
    index = people.at(np.where(inside, carer.values, 0))
    named, typed, born = inside & carer.known, person["抚养人出生日期"], person["出生日期"]
    person["抚养人出生日期"] = some(
        np.where(inside, born.values[index], typed.values),
        np.where(named, born.known[index], typed.known & ~inside),
    )
    for number in PARENTS:
        _derive_parent(people, person, f"父母{number}.")


def _derive_parent(people: People, person: Table, prefix: str) -> None:
    reference, status = person[prefix + "成员编号"], person[prefix + "状况"]
    impaired, own = person[prefix + "残疾"], person["残疾"]
    inside = reference.known
    index = people.at(np.where(inside, reference.values, 0))
    person[prefix + "残疾"] = Cells(
        np.where(inside, own.values[index], impaired.values),
        np.where(inside, own.known[index], impaired.known),
        own.words,
    )
    person[prefix + "状况"] = replace(status, known=status.known | inside)
    for title in _OF_PARENT:
        person[prefix + title] = person[prefix + title].blanked(~person[prefix + "情形"].known)
