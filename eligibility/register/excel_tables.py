"""Reads the two tables of a register from one workbook: the sheets 家庭 and 成员 of an .xlsx, .xls or readable .et.

Cells keep the type the workbook gives them, so that a number where a code belongs can be seen for what it is. Hidden and
filtered rows are rows like any other, and are said; formulas without a result are refused cell by cell.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from ..case.identity import mask
from ..errors import InputError, Problem, reason_of
from ..values import Level
from .cells import CellRefused
from .columns import HOUSEHOLD_ID
from .headers import (
    HEADER_ROWS,
    NAMES,
    FoundHeaders,
    Table,
    Titles,
    find_headers,
    letter,
    level_named,
    refuse_untitled,
)
from .merging import Merged, household_of, merged_cells
from .sheet_xml import SheetFacts, workbook_facts

SUFFIXES: Final = (".xlsx", ".xlsm", ".xls", ".et")
GUIDE: Final = "填写说明"
PROBLEM_SHEET: Final = "问题清单"
"""Sheets of templates and checked workbooks that are no tables."""
_ZIP: Final = b"PK"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_UNCOMPUTED: Final = CellRefused(
    "cell-formula", "公式没有算出结果", "用表格软件打开、保存一次，或直接填写数值"
)
_ERROR: Final = CellRefused("cell-formula-error", "公式出错", "改正公式，或直接填写数值")

Cell = str | float | int | bool | date | datetime | time | timedelta


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows from the first of the sheet on, and what its XML says of them (nothing for an .xls)."""

    name: str
    level: Level
    rows: CalamineSheet
    facts: SheetFacts
    hidden: bool
    uncomputed: bool

    def cells(self) -> Iterator[list[Cell]]:
        """The rows; blank cells are empty text, formulas give their results."""
        return iter(self.rows.to_python(skip_empty_area=False))

    def refused(self, row: int, column: int, cell: object) -> CellRefused | None:
        """Why a cell cannot be used although it has a value or seems blank; None if it can."""
        if (row, column) in self.facts.errors:
            return _ERROR
        if (row, column) in self.facts.formulas and (self.uncomputed or cell == ""):
            return _UNCOMPUTED
        return None


def read_workbook(path: Path, titles: Mapping[Level, Titles]) -> tuple[Table, Table]:
    """The tables of households and members. Raises `InputError`: not such a workbook, a password, no such sheets."""
    sheets, notices = open_sheets(path)
    household = _table(sheets[Level.HOUSEHOLD], titles, notices)
    return household, _table(sheets[Level.PERSON], titles, ())


def open_sheets(path: Path) -> tuple[Mapping[Level, Sheet], tuple[str, ...]]:
    """The sheet of each level, and what to tell about the workbook as a whole."""
    data = _data(path)
    notices: tuple[str, ...] = ()
    facts: Mapping[str, SheetFacts] = {}
    uncomputed = False
    if data.startswith(_ZIP):
        inspected = workbook_facts(path, lambda name: level_named(name) is not None)
        facts, uncomputed = inspected.sheets, inspected.uncomputed
    else:
        notices = (
            f"{mask(path.name)}：旧格式工作簿，查不出隐藏的行列和没有结果的公式；可另存为 .xlsx 再导入",
        )
    book = _open(path, data)
    sheets: dict[Level, Sheet] = {}
    for metadata in book.sheets_metadata:
        level = level_named(metadata.name)
        if level is None:
            if metadata.name not in (GUIDE, PROBLEM_SHEET):
                notices = (*notices, f"{mask(path.name)}：工作表“{mask(metadata.name)}”不读")
            continue
        if level in sheets:
            message = f"“{sheets[level].name}”和“{metadata.name}”是同一张表，只能有一张"
            raise InputError(Problem("workbook-sheet-twice", message, mask(path.name), "合并或改名"))
        sheets[level] = Sheet(
            metadata.name,
            level,
            _rows(book, metadata.name, path),
            facts.get(metadata.name, SheetFacts()),
            metadata.visible is not SheetVisibleEnum.Visible,
            uncomputed,
        )
    missing = [names[0] for level, names in NAMES.items() if level not in sheets]
    if missing:
        hint = f"这里有：{mask('、'.join(book.sheet_names))}"
        raise InputError(
            Problem("workbook-no-sheet", f"没有名为 {'、'.join(missing)} 的工作表", mask(path.name), hint)
        )
    return sheets, notices


def _rows(book: CalamineWorkbook, name: str, path: Path) -> CalamineSheet:
    """One sheet, whose merged cells can be told."""
    try:
        return book.get_sheet_by_name(name)
    except CalamineError:
        raise InputError(_broken(path)) from None


def _broken(path: Path) -> Problem:
    return Problem("workbook-broken", "不是能读的工作簿", mask(path.name), "用 WPS 或 Excel 另存为 .xlsx")


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise InputError(
            Problem("input-unreadable", f"读不出来：{reason_of(failure)}", mask(path.name))
        ) from None


def _open(path: Path, data: bytes) -> CalamineWorkbook:
    locked = Problem("workbook-password", "工作簿有打开密码", mask(path.name), "去掉密码后另存")
    # A workbook with a password is an old container around an encrypted new one, named in UTF-16.
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise InputError(locked)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise InputError(locked) from None
    except (CalamineError, OSError, ValueError):
        remedy = "用 WPS 或 Excel 另存为 .xlsx"
        if path.suffix.lower() == ".et":
            raise InputError(Problem("workbook-et", "读不了这个 .et 文件", mask(path.name), remedy)) from None
        raise InputError(_broken(path)) from None


@dataclass
class _Columns:
    """Collects the cells of a sheet below its headers, column by column."""

    sheet: Sheet
    found: FoundHeaders
    merged: Merged
    numbers: list[int] = field(default_factory=list)
    cells: list[list[object]] = field(init=False)
    bad: dict[tuple[int, int], CellRefused] = field(default_factory=dict)
    stray: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cells = [[] for _ in self.found.headers]
        facts = self.sheet.facts
        self.dubious = {row for row, _ in facts.errors | facts.formulas}
        self.household = next(
            header.position for header in self.found.headers if header.column.title == HOUSEHOLD_ID.title
        )

    def add(self, row: int, cells: list[Cell]) -> None:
        """One row, numbered from 0 in the sheet; a row without any cell is none."""
        refused: dict[int, CellRefused] = {}
        if row in self.dubious:
            for number, header in enumerate(self.found.headers):
                why = self.sheet.refused(row, header.position, cells[header.position])
                if why is not None:
                    refused[number] = why
        household = self.merged.households.get(row)
        if household is not None:
            cells[self.household] = ""  # some programs keep what a merged cell hides
        if not refused and all(cell == "" for cell in cells):
            return
        if household is not None:
            cells[self.household] = household_of(household, cells, self.found)
        refused |= self.merged.refused.get(row, {})
        for position in self.found.untitled:
            if cells[position] != "":
                self.stray.add(position)
        index = len(self.numbers)
        self.numbers.append(row + 1)
        for number, (header, column) in enumerate(zip(self.found.headers, self.cells, strict=True)):
            column.append(cells[header.position])
            if number in refused:
                self.bad[index, number] = refused[number]


def _table(sheet: Sheet, titles: Mapping[Level, Titles], notices: tuple[str, ...]) -> Table:
    rows = list(sheet.cells())
    found = find_headers(rows[:HEADER_ROWS], titles[sheet.level], sheet.name)
    columns = _Columns(sheet, found, merged_cells(sheet.rows, rows, found, sheet.level))
    for number in range(found.row + 1, len(rows)):
        columns.add(number, rows[number])
        rows[number] = []  # the cells now stand in the columns
    refuse_untitled(columns.stray, sheet.name)
    return Table(
        level=sheet.level,
        place=sheet.name,
        headers=found.headers,
        cells=tuple(columns.cells),
        rows=np.array(columns.numbers, np.int64),
        bad_cells=columns.bad,
        notices=(*notices, *found.notices, *_hidden(sheet)),
        unread=found.unread,
    )


def _hidden(sheet: Sheet) -> Iterator[str]:
    """What a person looking at the sheet would not see."""
    facts: Any = sheet.facts
    if sheet.hidden:
        yield f"{sheet.name}：工作表是隐藏的，照样读取"
    if facts.hidden_rows:
        why = "（有筛选）" if facts.filtered else ""
        yield f"{sheet.name}：有 {facts.hidden_rows} 行是隐藏的{why}，照样读取"
    if facts.hidden_columns:
        spans = [
            letter(first) if first == last else f"{letter(first)} 至 {letter(last)}"
            for first, last in facts.hidden_columns
        ]
        yield f"{sheet.name}：{'、'.join(spans)} 列是隐藏的，照样读取"
