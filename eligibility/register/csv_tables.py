"""Reads a table from a CSV file: UTF-8 with or without a byte order mark, or GB 18030; every cell as text.

A row is one record, as a spreadsheet counts rows: line breaks inside quotes make no new row. A row with too many or too
few fields is refused by itself; a file whose quotes do not close cannot be divided into rows at all.
"""

from __future__ import annotations

import codecs
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from ..case.fields import normal
from ..case.identity import mask
from ..errors import InputError, Problem, reason_of
from .columns import HOUSEHOLD_ID
from .headers import (
    HEADER_ROWS,
    ROW_SHIFTED,
    FoundHeaders,
    RefusedRow,
    Table,
    Titles,
    find_headers,
    refuse_untitled,
)

_BLOCK: Final = 1 << 24

Record = list[str]


def read_csv(path: Path, titles: Titles) -> Table:
    """The table in a CSV file. Raises `InputError`: no such encoding, no headers, an unknown column, open quotes."""
    encoding = _encoding(path)
    top = list(islice(_records(path, encoding), HEADER_ROWS))
    found = find_headers(top, titles, mask(path.name))
    reading = _Reading(found, len(top[found.row]))
    data = reading.read(path, encoding)
    if reading.records != _lines(path):
        # Some record spans lines: make sure that quotes were meant to.
        for _ in _records(path, encoding):
            pass
    numbers, cells = reading.rows(data)
    refuse_untitled(reading.stray, mask(path.name))
    notices = found.notices
    if encoding == "gb18030":
        notices = (*notices, f"{mask(path.name)}：按 GB 18030 读取")
    return Table(
        level=titles.level,
        place=mask(path.name),
        headers=found.headers,
        cells=cells,
        rows=numbers,
        refused=tuple(reading.refused),
        notices=notices,
        unread=found.unread,
    )


@dataclass
class _Reading:
    """Reads all records as columns of text; those with another number of fields than the headers one by one."""

    found: FoundHeaders
    width: int
    odd: list[tuple[int, str]] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    stray: set[int] = field(default_factory=set)
    records: int = 0

    def __post_init__(self) -> None:
        headers = self.found.headers
        self.positions = [header.position for header in headers] + list(self.found.untitled)
        self.key = next(header.position for header in headers if header.column.title == HOUSEHOLD_ID.title)

    def read(self, path: Path, encoding: str) -> Any:
        """All records of the right number of fields, from the first of the file on."""
        names = [str(position) for position in range(self.width)]

        def set_aside(row: Any) -> str:
            self.odd.append((row.number, row.text))
            return "skip"

        try:
            data = arrow_csv.read_csv(
                path,
                # Rows are numbered only where they are read one after the other.
                arrow_csv.ReadOptions(
                    use_threads=False, column_names=names, encoding=encoding, block_size=_BLOCK
                ),
                arrow_csv.ParseOptions(
                    newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    include_columns=[str(position) for position in self.positions],
                ),
            )
        except (pa.ArrowInvalid, OSError):
            for _ in _records(path, encoding):
                pass  # says where quotes do not close
            raise InputError(
                Problem("table-csv", "不是能读的 CSV 文件", mask(path.name), "检查英文双引号")
            ) from None
        self.records = data.num_rows + len(self.odd)
        return data

    def rows(self, data: Any) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
        """The numbers and the cells of all rows below the headers; blank ones left out, odd ones sorted in."""
        numbers = np.setdiff1d(np.arange(1, self.records + 1), [number for number, _ in self.odd])
        below = numbers > self.found.row + 1
        numbers, data = numbers[below], data.filter(pa.array(below))
        filled = ~_blank(data, str(self.key))
        numbers, data = numbers[filled], data.filter(pa.array(filled))
        wider = [record for record in map(self._usable, self.odd) if record is not None]
        if wider:
            extra = {
                str(place): pa.array([cells[place] for _, cells in wider], pa.string())
                for place in self.positions
            }
            numbers = np.concatenate([numbers, np.array([number for number, _ in wider], np.int64)])
            order = np.argsort(numbers)
            data = pa.concat_tables([data, pa.table(extra)]).take(pa.array(order))
            numbers = numbers[order]
        self.stray = {
            place
            for place in self.found.untitled
            if pc.any(pc.not_equal(data.column(str(place)), "")).as_py()
        }
        return numbers, tuple(data.column(str(header.position)) for header in self.found.headers)

    def _usable(self, odd: tuple[int, str]) -> tuple[int, Record] | None:
        """A record with another number of fields, if only empty fields are too many; others are refused."""
        number, text = odd
        cells = next(csv.reader([text]), [])
        if number <= self.found.row + 1 or not any(map(str.strip, cells)):
            return None
        # Empty fields behind the last header are how spreadsheets write a wide row.
        if len(cells) > self.width and not any(cells[self.width :]):
            return number, cells[: self.width]
        message = f"这一行有 {len(cells)} 个字段，表头有 {self.width} 个"
        remedy = "检查多余或缺少的逗号；含逗号的内容加英文双引号"
        household = normal(cells[self.key]) if self.key < len(cells) else ""
        # Fields that are too many or too few move those behind them; the first field stays where it is.
        code = ROW_SHIFTED if self.key else "row-fields"
        self.refused.append(RefusedRow(number, household or None, code, message, remedy))
        return None


def _blank(data: Any, key: str) -> NDArray[np.bool_]:
    """Which rows have nothing in any column; only those without a key are looked at."""
    blank: NDArray[np.bool_] = pc.equal(pc.utf8_trim_whitespace(data.column(key)), "").to_numpy()
    rows = np.flatnonzero(blank)
    some = data.take(pa.array(rows))
    for name in data.column_names:
        blank[rows] &= pc.equal(pc.utf8_trim_whitespace(some.column(name)), "").to_numpy()
    return blank


def _records(path: Path, encoding: str) -> Iterator[Record]:
    """All records, with quotes taken strictly; blank lines count as records. Raises `InputError` for open quotes."""
    csv.field_size_limit(sys.maxsize)
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for cells in csv.reader(file, strict=True):
                number += 1
                yield cells
        except csv.Error:
            place = f"{mask(path.name)} 第 {number + 1} 行"
            problem = Problem("table-csv", "从这一行起引号不配对，分不清行", place, "检查英文双引号")
            raise InputError(problem) from None


def _lines(path: Path) -> int:
    """How many lines a file has."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            count += block.count(b"\n")
            last = block
    return count + (not last.endswith(b"\n"))


def _encoding(path: Path) -> str:
    """How a file is encoded: it is UTF-8, or it is GB 18030, or it is refused with the place that is neither."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as failure:
        raise InputError(
            Problem("input-unreadable", f"读不出来：{reason_of(failure)}", mask(path.name))
        ) from None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(Problem("table-encoding", "是 UTF-16 编码", mask(path.name), "另存为 CSV UTF-8"))
    not_utf8 = _undecodable(path, "utf-8")
    if not_utf8 is None:
        return "utf-8-sig"
    if _undecodable(path, "gb18030") is None:
        return "gb18030"
    message = f"既不是 UTF-8 也不是 GB 18030（UTF-8 到第 {not_utf8} 字节为止）"
    raise InputError(Problem("table-encoding", message, mask(path.name), "另存为 CSV UTF-8"))


def _undecodable(path: Path, encoding: str) -> int | None:
    """The offset of the first byte that is not in an encoding; None if there is none."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return done - pending + error.start
            if not block:
                return None
            done += len(block)
