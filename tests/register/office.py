"""Tables as offices send them, for the tests of importing: small, in Chinese, with fictional people."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_cell_to_rowcol

from tests.strategies import identity_number

Rows = Sequence[Sequence[Any]]
MOTHER = identity_number(date(1988, 4, 12), 26)
CHILD = identity_number(date(2015, 3, 1), 13)

HOUSEHOLDS: Rows = (
    ("家庭编号", "地区", "货币财产", "住房套数"),
    ("0012", "110199001001", "1,234.50元", "1"),
    ("12", "110199001002", "", "无"),
)
PERSONS: Rows = (
    ("家庭编号", "成员编号", "姓名", "身份证号", "出生日期", "与户主关系", "本市户籍", "收入.工资性收入"),
    ("0012", "1", "张一", MOTHER, "", "户主", "是", "2400"),
    ("12", "1", "李二", "", "1960/1/2", "户主", "√", "0"),
    ("0012", "2", "张小", CHILD, "", "子女", "是", ""),
)


def with_cell(rows: Rows, row: int, column: str, cell: object) -> list[list[Any]]:
    """A copy of a table with one cell changed, or a column added; `row` counts from 1 as people count."""
    copied = [list(cells) for cells in rows]
    if column not in copied[0]:
        copied = [[*cells, column if number == 0 else ""] for number, cells in enumerate(copied)]
    copied[row - 1][copied[0].index(column)] = cell
    return copied


def write_csv(path: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def csv_folder(folder: Path, households: Rows = HOUSEHOLDS, persons: Rows = PERSONS) -> Path:
    folder.mkdir(exist_ok=True)
    write_csv(folder / "家庭.csv", households)
    write_csv(folder / "成员.csv", persons)
    return folder


def write_xlsx(
    path: Path, sheets: Mapping[str, Rows], merged: Mapping[str, Sequence[str]] | None = None, **options: Any
) -> Path:
    """A workbook; cells that are dates, numbers and truths stay such, text starting with = becomes a formula.

    Of the cells that are `merged` on a sheet only the first keeps its value.
    """
    with xlsxwriter.Workbook(path, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            hidden = {cell for area in (merged or {}).get(name, ()) for cell in _merge(sheet, area)}
            for number, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    if (number, place) in hidden:
                        continue
                    if isinstance(cell, date):
                        sheet.write_datetime(number, place, cell, day)
                    elif isinstance(cell, str) and not cell.startswith("="):
                        sheet.write_string(number, place, cell)
                    elif cell is not None:
                        sheet.write(number, place, cell)
    return path


def _merge(sheet: Any, area: str) -> list[tuple[int, int]]:
    """Merges cells; gives those that are then hidden."""
    first_row, first, last_row, last = xl_cell_to_rowcol(area.partition(":")[0]) + xl_cell_to_rowcol(
        area.partition(":")[2]
    )
    sheet.merge_range(area, "")
    cells = [(row, place) for row in range(first_row, last_row + 1) for place in range(first, last + 1)]
    return cells[1:]


def both(households: Rows = HOUSEHOLDS, persons: Rows = PERSONS) -> dict[str, Rows]:
    return {"家庭": households, "成员": persons}
