"""The lists as Excel workbooks: text that stays text, money as numbers with two places, split before a sheet is full."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from .folder import Folder

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
_ROWS_AT_ONCE: Final = 8192
_TRUTHS: Final[Mapping[Any, str]] = {True: "是", False: "否"}


def workbook_names(listed: Path, most: int = MAX_ROWS) -> list[str]:
    """The workbooks of a list in Parquet: `变动.xlsx`, or `变动-1.xlsx`, `变动-2.xlsx`… where it has more than `most` lines."""
    lines = pq.read_metadata(listed).num_rows
    if lines <= most:
        return [f"{listed.stem}.xlsx"]
    return [f"{listed.stem}-{number}.xlsx" for number in range(1, -(-lines // most) + 1)]


def write_workbooks(folder: Folder, name: str, *, private: bool, most: int = MAX_ROWS) -> list[str]:
    """Writes a list of the folder, Parquet with the file name `name`, as workbooks, and returns their names."""
    listed = folder.path / name
    with pq.ParquetFile(listed) as file:
        rows = _rows(file)
        names = workbook_names(listed, most)
        for workbook in names:
            write = partial(_write, title=listed.stem, schema=file.schema_arrow, rows=islice(rows, most))
            folder.place(workbook, write, private=private)
    return names


def _rows(file: pq.ParquetFile) -> Iterator[tuple[Any, ...]]:
    for batch in file.iter_batches(_ROWS_AT_ONCE):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


class _Disk(io.FileIO):
    """A file that says once what is wrong with it: an archive tries to end itself again when it is thrown away."""

    failed = False
    """Whether anything went wrong: what is written then is dropped."""

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and not self.failed:
                rest = rest[super().write(rest) :]
        except OSError:
            self.failed = True
            raise
        return size


def _write(path: Path, title: str, schema: pa.Schema, rows: Iterator[tuple[Any, ...]]) -> None:
    """Writes one workbook. Raises `OSError`; the sheets in the making hold personal data and stay beside the workbook."""
    options = {**_SAFE, "tmpdir": str(path.parent)}
    with _Disk(path, "w") as file:
        try:
            with xlsxwriter.Workbook(file, options) as book:
                _fill(book, title, schema, rows)
            return
        except FileCreateError as failure:
            file.failed, told = True, failure.args[0].args
        raise OSError(*told)  # here, where the archive is gone that would write to the closed file


def _fill(book: Any, title: str, schema: pa.Schema, rows: Iterator[tuple[Any, ...]]) -> None:
    book.set_properties({"created": _CREATED})
    heading = book.add_format({"bold": True})
    money, count = (book.add_format({"num_format": form}) for form in ("#,##0.00", "#,##0"))
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(schema) - 1, 14)
    for column, name in enumerate(schema.names):
        sheet.write_string(0, column, name, heading)
    numbers = {
        column: money if pa.types.is_decimal(field.type) else count
        for column, field in enumerate(schema)
        if pa.types.is_decimal(field.type) or pa.types.is_integer(field.type)
    }
    line = 0
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if value is None:
                continue
            if column in numbers:
                sheet.write_number(line, column, value, numbers[column])
            else:
                sheet.write_string(line, column, _TRUTHS.get(value, value))
    sheet.autofilter(0, 0, line, len(schema) - 1)
