"""The sample as an office types it: text in every cell, what is obvious left out, and now and then a contradiction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..case.fields import RelationToHead, choices
from ..values import Level
from .columns import HOUSEHOLD_ID, PARENTS, Column, ColumnKind
from .sample_block import Block
from .sample_cells import Cells, Flags, Numbers, Table, day
from .sample_gaps import INCOMPLETE, is_list
from .schema import arrow_type

CONTRADICTORY: Final = 0.001
"""Share of households that contradict themselves."""
_TO_HEAD: Final = choices(RelationToHead)
_KINDS_OF_CONTRADICTION: Final = 5


def typed(block: Block, contradictions: bool) -> Block:
    """A whole block as typed: without what a declaration, a number or another member's row already says."""
    draw, persons = block.draw, block.persons
    household, person = dict(block.household), dict(block.person)
    declared = household["声明"].known
    _leave_out_none(household, declared)
    _leave_out_none(person, declared[block.household_of])
    _blank(person, ("抚养人出生日期",), person["抚养人"].known & (person["抚养人"].values < 6))
    for number in PARENTS:
        inside = person[f"父母{number}.成员编号"].known
        _blank(person, (f"父母{number}.状况", f"父母{number}.残疾"), inside)
    for title in ("出生日期", "性别"):
        _blank(person, (title,), person["身份证号"].known & draw.chance(0.3, persons))
    _blank(person, ("残疾证类别", "残疾证等级"), person["残疾证号"].known & draw.chance(0.5, persons))
    if contradictions:
        _contradict(block, person)
    return replace(block, household=household, person=person)


def _leave_out_none(table: Table, declared: Flags) -> None:
    """Blanks what is none, which is 0 in every column a declaration speaks of, where it is declared."""
    for title, cells in table.items():
        if is_list(title):
            table[title] = cells.blanked(declared & (cells.values == 0))


def _blank(table: Table, titles: Iterable[str], where: Flags) -> None:
    for title in titles:
        table[title] = table[title].blanked(where)


def _contradict(block: Block, person: Table) -> None:
    """Makes some households impossible: two heads, an id twice, a birth date or a sex that the number denies, a child
    older than its parent."""
    # Only complete files: elsewhere the other side of the contradiction may be blank.
    chance = CONTRADICTORY / (1 - INCOMPLETE)
    chosen = np.flatnonzero(block.complete & block.draw.chance(chance, block.households))
    kinds = block.draw.between(0, _KINDS_OF_CONTRADICTION - 1, len(chosen))
    head = block.first[chosen]
    second = head + 1
    several = block.first[chosen + 1] > second
    son = _TO_HEAD.index("子女")
    child = several & (person["与户主关系"].values[np.minimum(second, block.persons - 1)] == son)
    _set(person, "与户主关系", second[several & (kinds == 0)], _TO_HEAD.index("户主"))
    _set(person, "成员编号", second[several & (kinds == 1)], 0)
    old = child & (kinds == 2)
    _set(person, "身份证号", second[old], None)
    _set(person, "残疾证号", second[old], None)
    _set(person, "出生日期", second[old], day(1920))
    _set(person, "出生日期", head[(kinds == 3) | ((kinds == 2) & ~child)], day(1980, 1, 31))
    # What is left could not be made to contradict itself otherwise.
    rest = head[(kinds == 4) | ((kinds < 2) & ~several)]
    _set(person, "性别", rest, 1 - person["性别"].values[rest])


def _set(table: Table, title: str, rows: Numbers, value: int | Numbers | None) -> None:
    cells = table[title]
    values, known = cells.values.copy(), cells.known.copy()
    known[rows] = value is not None
    if value is not None:
        values[rows] = value
    table[title] = Cells(values, known, cells.words)


def text_tables(block: Block, columns: Iterable[Column]) -> tuple[pa.Table, pa.Table]:
    """A block as two tables of text with Chinese titles; the persons' begins with 家庭编号."""
    columns = tuple(columns)
    ids = block.household[HOUSEHOLD_ID.title].arrow(pa.string())
    household = _texts(block.household, columns, Level.HOUSEHOLD)
    person = _texts(block.person, columns, Level.PERSON)
    return (
        pa.table(household),
        pa.table({HOUSEHOLD_ID.title: ids.take(pa.array(block.household_of)), **person}),
    )


def _texts(table: Table, columns: Iterable[Column], level: Level) -> dict[str, pa.Array]:
    chosen = [column for column in columns if column.level is level and column.title in table]
    return {column.title: _text(table[column.title], column) for column in chosen}


def _text(cells: Cells, column: Column) -> pa.Array:
    """A column as text: amounts in 元 and areas in square metres with two decimals, dates as ISO, truths as 是 and 否."""
    array = cells.arrow(arrow_type(column))
    if column.kind in (ColumnKind.MONEY, ColumnKind.SIGNED_MONEY, ColumnKind.AREA):
        hundredths = pc.cast(array, pa.int64())
        return pc.cast(pc.multiply(pc.cast(hundredths, pa.decimal128(19)), _HUNDREDTH), pa.string())
    if column.kind is ColumnKind.TRUTH:
        return pc.if_else(array, "是", "否")
    return array.cast(pa.string())


_HUNDREDTH: Final = pa.scalar(Decimal("0.01"), pa.decimal128(3, 2))
