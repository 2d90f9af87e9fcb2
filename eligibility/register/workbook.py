"""The workbook that goes back: as it came, with a result on every row, marks on wrong cells, and a list of problems.

Values are written as they came, numbers of people as text, and nothing as a formula or a link. The same workbook and
report give the same bytes.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.exceptions import OverlappingRange

from ..ruleset import Ruleset
from ..writing import write_file
from .cells import NUMBERED, cell_text
from .columns import Column, ColumnKind
from .excel_tables import PROBLEM_SHEET, Cell, Sheet, open_sheets
from .headers import HEADER_ROWS, RESULT, FoundHeaders, Titles, find_headers, titles_of
from .merging import Area, areas
from .problems import LIST_TITLES, ROW_TITLE, ImportReport, RowProblem
from .sources import refuse_own_input

OPTIONS: Final[Mapping[str, object]] = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
CREATED: Final = datetime(2000, 1, 1)
"""The creation date of every workbook written, so that equal contents are equal bytes."""
_ROWS: Final = 1_048_575
"""The last row of a sheet, from 0."""
_CHOICES_LENGTH: Final = 255
"""Most signs of the words of a drop-down."""
_ANSWERS: Final = ("是", "否")
_RESULT_WIDTH: Final = 40
_PASSED: Final = "✓"
_RED: Final = "#FFC7CE"
_MAX_TEXT: Final = 32_767
"""Most signs of a cell."""
_MAX_LISTED: Final = 1_000_000
"""Most problems of the list; a sheet has hardly more rows."""
_COMMENTS: Final = 2_000
"""Most comments of a sheet; spreadsheets become slow with more. The list of problems has all of them."""


def form_column(sheet: Any, place: int, column: Column, first: int, text: Any) -> None:
    """How a column to be filled in looks: its width, text as its format, and a drop-down from row `first` (from 0) on.

    Every cell is text, so that no spreadsheet turns a number of a person into one to reckon with.
    """
    sheet.set_column(place, place, max(10, 2 * len(column.title) + 3), text)
    words = _ANSWERS if column.kind is ColumnKind.TRUTH else column.choices
    if not words or len(",".join(words)) > _CHOICES_LENGTH:
        return
    rule: dict[str, object] = {"validate": "list", "source": list(words)}
    if column.kind is ColumnKind.LIST:  # a cell may hold several words, which a drop-down cannot offer
        rule["error_type"] = "information"
    sheet.data_validation(first, place, _ROWS, place, rule)


def checked_workbook(
    source: Path, report: ImportReport, target: Path, rules: Ruleset, ignore: Iterable[str] = ()
) -> None:
    """Writes the workbook `source` as checked by the import that gave `report`; its owner alone can read it.

    `ignore`: the columns that were not read; they are written like all others.

    Raises `InputError` where the source cannot be read as it was imported, and `OutputError`, also where the target is
    the source.
    """
    refuse_own_input(source, target)
    sheets, _ = open_sheets(source)
    titles = titles_of(rules, ignore)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, dict(OPTIONS)) as book:
        book.set_properties({"created": CREATED})
        styles = _Styles(book)
        for level, sheet in sheets.items():
            problems = [problem for problem in report.problems if problem.level is level]
            _write_sheet(book.add_worksheet(sheet.name), sheet, titles[level], problems, styles)
        _write_list(book.add_worksheet(PROBLEM_SHEET), report.problems, styles)
    write_file(target, buffer.getvalue(), "校验后的工作簿", private=True)


class _Styles:
    """The formats of cells, plain and marked."""

    def __init__(self, book: Any) -> None:
        self.bold = book.add_format({"bold": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        red = {"bg_color": _RED}
        self.result = {True: book.add_format(red), False: None}
        self.general = {marked: book.add_format(red if marked else {}) for marked in (True, False)}
        self.text = self._formats(book, "@")
        self.day = self._formats(book, "yyyy-mm-dd")
        self.moment = self._formats(book, "yyyy-mm-dd hh:mm:ss")
        self.time = self._formats(book, "[h]:mm:ss")

    def _formats(self, book: Any, shown: str) -> Mapping[bool, Any]:
        plain = {"num_format": shown}
        return {False: book.add_format(plain), True: book.add_format({**plain, "bg_color": _RED})}


def _write_sheet(
    target: Any, sheet: Sheet, titles: Titles, problems: Sequence[RowProblem], styles: _Styles
) -> None:
    """One sheet with the column of results behind its last column."""
    rows = list(sheet.cells())
    found = find_headers(rows[:HEADER_ROWS], titles, sheet.name)
    by_row: dict[int, list[RowProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row - 1, []).append(problem)
    position = {header.title: header.position for header in found.headers}
    as_text = _text_positions(found)
    for header in found.headers:
        form_column(target, header.position, header.column, found.row + 1, styles.text[False])
    result = _result_position(rows[found.row])
    target.set_column(result, result, _RESULT_WIDTH)
    for area in _areas_beside(result, sheet, rows, found.row):
        with contextlib.suppress(OverlappingRange):  # which no spreadsheet writes
            target.merge_range(area.top, area.left, area.bottom, area.right, "", styles.general[False])
    comments = 0
    for number, cells in enumerate(rows):
        wrong = by_row.get(number, [])
        marked = {position[one.column] for one in wrong if one.column in position}
        for place, cell in enumerate(cells):
            if (place != result or number < found.row) and (cell != "" or place in marked):
                _write(target, number, place, cell, place in marked, place in as_text, styles)
        for place in sorted(marked):
            if comments < _COMMENTS:
                text = _said(one for one in wrong if position.get(one.column or "") == place)
                target.write_comment(number, place, text, {"author": RESULT})
                comments += 1
        if number == found.row:
            target.write_string(number, result, RESULT, styles.bold)
        elif number > found.row and any(cell != "" for cell in cells):
            target.write_string(number, result, _said(wrong) or _PASSED, styles.result[bool(wrong)])
    target.freeze_panes(found.row + 1, 0)


def _areas_beside(result: int, sheet: Sheet, rows: Sequence[Sequence[Cell]], titles: int) -> Iterator[Area]:
    """The merged cells of a sheet; from the row of titles on without the column of results, which is written anew."""
    for area in areas(sheet.rows, len(rows), len(rows[0])):
        if area.bottom >= titles and area.left <= result <= area.right:
            left, right = (area.left, result - 1) if area.left < result else (result + 1, area.right)
            area = replace(area, left=left, right=right)
        if area.cells > 1:
            yield area


def _said(problems: Iterable[RowProblem]) -> str:
    """Problems of a row in one cell."""
    lines = (
        f"{one.column or ''}{'：' if one.column else ''}{one.message}（{one.remedy}）" for one in problems
    )
    return "\n".join(dict.fromkeys(lines))[:_MAX_TEXT]


def _text_positions(found: FoundHeaders) -> frozenset[int]:
    """The columns whose cells are text: numbers of people, and codes."""
    kinds = (ColumnKind.CODE, ColumnKind.TEXT, ColumnKind.MEMBER)
    columns = ((header.position, header.column) for header in found.headers)
    return frozenset(place for place, column in columns if column.kind in kinds or column.key in NUMBERED)


def _result_position(titles: Sequence[Cell]) -> int:
    """Where the results go: the column that an earlier check added, or a new one behind the last."""
    return titles.index(RESULT) if RESULT in titles else len(titles)


def _write(target: Any, row: int, place: int, cell: Cell, marked: bool, text: bool, styles: _Styles) -> None:
    """One cell as it came."""
    if isinstance(cell, bool):
        target.write_boolean(row, place, cell, styles.general[marked])
    elif isinstance(cell, str):
        style = (styles.text if text else styles.general)[marked]
        if cell:
            target.write_string(row, place, cell[:_MAX_TEXT], style)
        else:
            target.write_blank(row, place, None, style)
    elif isinstance(cell, int | float):
        if text:
            target.write_string(row, place, cell_text(cell), styles.text[marked])
        else:
            target.write_number(row, place, cell, styles.general[marked])
    elif isinstance(cell, datetime):
        target.write_datetime(row, place, cell, styles.moment[marked])
    elif isinstance(cell, date):
        target.write_datetime(row, place, cell, styles.day[marked])
    elif isinstance(cell, time | timedelta):
        target.write_datetime(row, place, cell, styles.time[marked])


def _write_list(target: Any, problems: Sequence[RowProblem], styles: _Styles) -> None:
    target.write_row(0, 0, LIST_TITLES, styles.bold)
    for number, problem in enumerate(problems[:_MAX_LISTED], 1):
        for place, (title, text) in enumerate(zip(LIST_TITLES, problem.cells(), strict=True)):
            if title == ROW_TITLE:
                target.write_number(number, place, problem.row)
            else:
                target.write_string(number, place, text)
    if len(problems) > _MAX_LISTED:
        target.write_string(_MAX_LISTED + 1, 0, f"还有 {len(problems) - _MAX_LISTED} 个问题，见问题清单 CSV")
    target.freeze_panes(1, 0)
    target.set_column(0, 4, 14)
    target.set_column(5, 6, 48, styles.wrapped)
