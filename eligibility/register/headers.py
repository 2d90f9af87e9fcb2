"""A table as an office keeps it: its rows as they came, and the headers that say which column of a register is which.

Readers find the row of headers here, whatever stands above it. Every header must be a known column, or clearly one of
notes: an unknown one is refused with the nearest name, so that nothing is ever left out unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from ..case.fields import normal
from ..case.identity import mask
from ..errors import InputError, Problem, nearest
from ..ruleset import Ruleset
from ..values import Level
from .cells import CellRefused
from .columns import HOUSEHOLD_ID, RECEIPTS, Column, ColumnKind, column_of, register_columns

HEADER_ROWS: Final = 20
"""The row of headers stands among the first so many rows."""
NAMES: Final[Mapping[Level, tuple[str, ...]]] = MappingProxyType(
    {
        Level.HOUSEHOLD: ("家庭", "households", "household"),
        Level.PERSON: ("成员", "家庭成员", "persons", "person", "members", "member"),
    }
)
"""What sheets, files and database tables of each level are called."""
RESULT: Final = "校验结果"
"""The column that a checked workbook adds."""
ROW_SHIFTED: Final = "row-shifted"
"""The code of a refused row whose household number may be another of its fields."""

_NOTES: Final = re.compile(
    rf"(备注|序号|附注|{RESULT}).{{0,4}}\Z|(remarks?|notes?|no\.?|seq)\Z", re.IGNORECASE
)
_SUMMARY: Final = re.compile(
    r"(合计|小计|总计|共计|累计|备注|注|说明|附注|填表人|填报人|制表人?|审核人)(?![一-鿿\w])"
)
_BRACKET: Final = re.compile(r"(.+?)[(\[【]([^()\[\]【】]*)[)\]】]\Z")
_UNITS: Final[Mapping[ColumnKind, Mapping[str, int]]] = {
    ColumnKind.MONEY: {
        "元": 1,
        "元/月": 1,
        "元每月": 1,
        "月": 1,
        "人民币元": 1,
        "单位:元": 1,
        "万元": 10_000,
    },
    ColumnKind.AREA: {"平方米": 1, "平米": 1, "m2": 1, "单位:平方米": 1},
    ColumnKind.COUNT: {"套": 1, "人": 1, "个": 1, "套数": 1, "人数": 1},
    ColumnKind.TERM: {"月": 1, "个月": 1, "月数": 1},
}
_REMARKS: Final = frozenset({"必填", "选填", "可选", "必录", "*"})


@dataclass(frozen=True, slots=True)
class Header:
    """A column of a table: its position from 0, its title as typed, what it is; amounts are multiplied by `scale`."""

    position: int
    title: str
    column: Column
    scale: int = 1


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that never became cells; `row` as people count rows, `household` its number where it can be seen."""

    row: int
    household: str | None
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: for each header the cells of all rows (an Arrow array, or a list where types are mixed).

    `rows`: the number of each row as people see it (int64). `refused`: rows that are not among them. `bad_cells`: what
    the reader itself refuses, by index of row and header. Wholly blank rows are no rows. `ordered`: whether rows stand
    in the order of whoever typed them. `unread`: the titles of columns that were left out.
    """

    level: Level
    place: str
    headers: tuple[Header, ...]
    cells: tuple[Any, ...]
    rows: np.ndarray[Any, np.dtype[np.int64]]
    refused: tuple[RefusedRow, ...] = ()
    bad_cells: Mapping[tuple[int, int], CellRefused] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    ordered: bool = True
    unread: tuple[str, ...] = ()


def compact(cell: object) -> str:
    """A cell as text without spaces."""
    return "" if cell is None else "".join(normal(str(cell)).split())


def is_summary(texts: Iterable[object]) -> bool:
    """Whether a row without a household number is a total or a note: its first text says so."""
    return _SUMMARY.match(next(filter(None, map(compact, texts)), "")) is not None


class Titles:
    """The columns of a ruleset by their names in either language, programmes also by their ids.

    `ignore` names columns of the tables that are not to be read.
    """

    def __init__(self, rules: Ruleset, level: Level, ignore: Iterable[str] = ()) -> None:
        self.ignored = frozenset(map(_clean, ignore))
        columns = register_columns(rules, level)
        self.columns = columns if level is Level.HOUSEHOLD else (HOUSEHOLD_ID, *columns)
        self.by_name = {
            normal(name): column for column in self.columns for name in (column.title, column.key)
        }
        self.programmes = {
            name: text.name
            for text in rules.programmes.values()
            if text.level is level
            for name in (text.id, text.name)
        }
        self.level = level
        self.rules = rules

    def find(self, name: str) -> Column | None:
        """The column of a name as typed; None if the ruleset has none."""
        name = normal(name)
        if name in self.by_name:
            return self.by_name[name]
        column = column_of(name, self.level)
        base, _, rest = (column.title if column is not None else "").partition(".")
        programme, dot, month = rest.partition(".")
        if programme not in self.programmes:
            return None
        known = f"{base}.{self.programmes[programme]}{dot}{month}"
        return self.by_name.get(known) or column_of(known, self.level)

    def aliases(self, column: Column) -> Mapping[str, str]:
        """Further names for the words of a column."""
        if column.title == RECEIPTS:
            return self.programmes
        return {"是": column.choices[0], "√": column.choices[0]} if len(column.choices) == 1 else {}


def titles_of(rules: Ruleset, ignore: Iterable[str] = ()) -> Mapping[Level, Titles]:
    """The columns of a ruleset for the table of each level."""
    ignore = tuple(ignore)
    return {level: Titles(rules, level, ignore) for level in NAMES}


@dataclass(frozen=True, slots=True)
class FoundHeaders:
    """The headers among the first rows of a table: in which row (from 0), which, and where there is no title."""

    row: int
    headers: tuple[Header, ...]
    untitled: tuple[int, ...]
    unread: tuple[str, ...]
    notices: tuple[str, ...]


def find_headers(top: Sequence[Sequence[object]], titles: Titles, place: str) -> FoundHeaders:
    """Finds the row of headers. Raises `InputError` with every header that is not understood."""
    scores = [sum(_resolve(text, titles) is not None for text in map(_clean, row)) for row in top]
    best = max(range(len(top)), key=lambda number: (scores[number], -number), default=-1)
    if best < 0 or scores[best] == 0:
        expected = "、".join(column.title for column in titles.columns[:4])
        raise InputError(
            Problem("table-no-header", f"前 {HEADER_ROWS} 行里没有表头", place, f"表头如 {expected}")
        )
    reading = _HeaderRow(titles, place)
    above = [*map(_clean, top[best - 1])] if best else []
    groups = _groups(above)
    for position, typed in enumerate(top[best]):
        # A title merged downwards stands in the row above alone.
        title = _clean(typed) or next(iter(above[position : position + 1]), "")
        reading.read(position, title, groups.get(position, ""))
    headers, notices = reading.finish()
    if best:
        notices = (f"{place}：表头在第 {best + 1} 行，以上的行不读", *notices)
    return FoundHeaders(best, headers, tuple(reading.untitled), tuple(reading.unread), notices)


def letter(position: int) -> str:
    """The name of a column of a spreadsheet by its position from 0: A, B, … AA."""
    name = ""
    while position >= 0:
        position, sign = divmod(position, 26)
        name = chr(ord("A") + sign) + name
        position -= 1
    return name


class _HeaderRow:
    """Reads one row of headers and collects what is wrong with it."""

    def __init__(self, titles: Titles, place: str) -> None:
        self.titles, self.place = titles, place
        self.headers: list[Header] = []
        self.problems: list[Problem] = []
        self.unread: list[str] = []
        self.untitled: list[int] = []

    def read(self, position: int, title: str, group: str) -> None:
        """One header; `group` is what stands above it and the columns beside it."""
        if not title:
            self.untitled.append(position)
            return
        grouped = f"{group}.{title}"
        found = _resolve(grouped, self.titles) if group else None
        if found is not None:
            title = grouped
        else:
            found = _resolve(title, self.titles)
        where = f"{self.place} {letter(position)} 列"
        if found is None:
            if _NOTES.match(title) or title in self.titles.ignored:
                self.unread.append(title)
            else:
                self.problems.append(self._unknown(title, where))
            return
        column, scale = found
        if scale == 0:
            message = f"“{column.title}”不用这个单位"
            self.problems.append(
                Problem("table-unit", message, where, f"可用：{'、'.join(_units(column) or ())}")
            )
        twice = next((header for header in self.headers if header.column.title == column.title), None)
        if twice is not None:
            message = f"“{column.title}”这一列写了两次（另一列是 {letter(twice.position)}）"
            self.problems.append(Problem("table-column-twice", message, where, "只留一列"))
        self.headers.append(Header(position, title, column, scale))

    def _unknown(self, title: str, where: str) -> Problem:
        names = [name for column in self.titles.columns for name in (column.title, column.key)]
        bare, shown = _BRACKET.match(title), mask(title)[:40]
        for level in NAMES:
            if (
                level is not self.titles.level
                and _resolve(title, Titles(self.titles.rules, level)) is not None
            ):
                hint = f"是{NAMES[level][0]}表的列，请移到{NAMES[level][0]}表"
                return Problem("table-unknown-column", f"没有“{shown}”这一列", where, hint)
        close = nearest(bare[1] if bare else title, names) or "请改名或删去这一列"
        hint = f"{close}；不用读的列，导入时加选项 --ignore {shown}"
        return Problem("table-unknown-column", f"没有“{shown}”这一列", where, hint)

    def finish(self) -> tuple[tuple[Header, ...], tuple[str, ...]]:
        if not any(header.column.title == HOUSEHOLD_ID.title for header in self.headers):
            self.problems.append(
                Problem("table-no-household-id", f"缺少“{HOUSEHOLD_ID.title}”这一列", self.place)
            )
        if self.problems:
            raise InputError(self.problems)
        unread = (f"{self.place}：不读的列：{mask('、'.join(self.unread))}",) if self.unread else ()
        return tuple(self.headers), unread


def check_ignored(ignore: Iterable[str], known: Iterable[Titles], tables: Iterable[Table]) -> None:
    """Raises `InputError` for names of columns not to be read that are columns of a register, or in none of the tables."""
    known, tables = tuple(known), tuple(tables)
    unread = {title for table in tables for title in table.unread}
    typed = [*unread, *(_clean(header.title) for table in tables for header in table.headers)]
    problems = []
    for name in map(_clean, ignore):
        if any(_resolve(name, titles) is not None for titles in known):
            message = f"“{mask(name)[:40]}”是台账的列，不能不读"
            problems.append(Problem("ignore-known-column", message, "--ignore", "不想读就从表里删去这一列"))
        elif name not in unread:
            message = f"表里没有“{mask(name)[:40]}”这一列"
            hint = nearest(name, typed) or "照表头写"
            problems.append(Problem("ignore-no-column", message, "--ignore", hint))
    if problems:
        raise InputError(problems)


def refuse_untitled(positions: Iterable[int], place: str) -> None:
    """Refuses columns at these positions, which have cells and no header."""
    where = "、".join(letter(position) for position in sorted(positions)[:10])
    if where:
        raise InputError(
            Problem("table-no-title", f"{where} 列有内容，没有表头", place, "补上表头，或清空这些列")
        )


def _clean(typed: object) -> str:
    """A header without line breaks, spaces and the stars of required columns."""
    text = "".join(normal(str(typed)).split()) if isinstance(typed, str) else ""
    return text.strip("*\ufeff").strip()


def _groups(above: Sequence[str]) -> dict[int, str]:
    """What the row above the headers says of each column: a merged cell stands in its first column only."""
    groups: dict[int, str] = {}
    current = ""
    for position, title in enumerate(above):
        current = title or current
        groups[position] = current
    return groups


def _resolve(title: str, titles: Titles) -> tuple[Column, int] | None:
    """The column of a header and its scale (0: a unit that the column does not have); None if there is none."""
    if not title:
        return None
    column = titles.find(title)
    if column is not None:
        return column, 1
    match = _BRACKET.match(title)
    if match is None:
        return None
    column = titles.find(match[1].strip("*"))
    if column is None:
        return None
    units = _units(column)
    inside = match[2]
    if units is None or inside in _REMARKS:
        return column, 1
    return column, units.get(inside, 0)


def _units(column: Column) -> Mapping[str, int] | None:
    """The units a header may name; None for columns that have none, where brackets hold a remark."""
    kind = ColumnKind.MONEY if column.kind is ColumnKind.SIGNED_MONEY else column.kind
    return _UNITS.get(kind)


def level_named(name: str) -> Level | None:
    """The level of a sheet, file or table by its name."""
    cleaned = _clean(name).lower()
    return next((level for level, names in NAMES.items() if cleaned in names), None)


def with_notice(table: Table, *notices: str) -> Table:
    """The table with more to tell."""
    return replace(table, notices=(*table.notices, *notices))
