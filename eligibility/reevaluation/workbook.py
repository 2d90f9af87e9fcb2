"""The lists as Excel workbooks: text that stays text, money as numbers with two places, split before a sheet is full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import xlsxwriter

from .folder import Folder
from .outputs import YUAN, list_schema, listed

MAX_ROWS: Final = 1_000_000
"""Most lines of one workbook, below the 1,048,576 rows of a sheet."""
_SAFE: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_CREATED: Final = datetime(2000, 1, 1)
"""The same in every workbook, so that the same lists are the same bytes."""


def write_workbooks(
    folder: Folder,
    stem: str,
    columns: Mapping[str, str],
    batches: Callable[[], Iterable[pa.RecordBatch]],
    *,
    private: bool,
    most: int = MAX_ROWS,
) -> None:
    """Writes a list as `stem.xlsx`, or as `stem-1.xlsx`, `stem-2.xlsx`… where it has more than `most` lines."""
    total = sum(batch.num_rows for batch in batches())
    names = [f"{stem}.xlsx"]
    if total > most:
        names = [f"{stem}-{number}.xlsx" for number in range(1, -(-total // most) + 1)]
    rows = _rows(columns, batches())
    for name in names:
        folder.place(name, lambda path: _write(path, stem, columns, rows, most), private=private)


def _rows(columns: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        for start in range(0, batch.num_rows, 8192):
            yield from zip(
                *(c.to_pylist() for c in listed(batch.slice(start, 8192), columns).columns), strict=True
            )


def _write(
    path: Path, title: str, columns: Mapping[str, str], rows: Iterator[tuple[Any, ...]], most: int
) -> None:
    with xlsxwriter.Workbook(str(path), _SAFE) as book:
        book.set_properties({"created": _CREATED})
        heading, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 14)
        schema = list_schema(columns)
        for column, name in enumerate(schema.names):
            sheet.write_string(0, column, name, heading)
        amounts = {column for column, field in enumerate(schema) if field.type == YUAN}
        for line, row in enumerate(_first(rows, most), 1):
            for column, value in enumerate(row):
                if value is None:
                    continue
                if column in amounts:
                    sheet.write_number(line, column, value, money)
                else:
                    sheet.write_string(line, column, _TRUTHS.get(value, value))


_TRUTHS: Final[Mapping[Any, str]] = {True: "是", False: "否"}


def _first(rows: Iterator[tuple[Any, ...]], most: int) -> Iterator[tuple[Any, ...]]:
    for _ in range(most):
        row = next(rows, None)
        if row is None:
            return
        yield row
