"""What an import could not take: every row with its place, a masked value, what is wrong and what to do, and the count.

A list of problems goes back to an office and is opened in a spreadsheet, so its cells can never start a formula, and no
identity number stands in it in full.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..values import LEVEL_NAMES, Level
from ..writing import write_file

ROW_TITLE: Final = "行"
LIST_TITLES: Final = ("表", ROW_TITLE, "列", "家庭编号", "值（掩码）", "问题", "怎么改")
SAME_HOUSEHOLD: Final = "同户另有问题"
"""The problem of a row that is right by itself, in a household that cannot be stored."""
_PLAIN_NUMBER: Final = re.compile(r"[+-]\d+(\.\d+)?\Z", re.ASCII)
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LEVEL_TITLES: Final = {level: title for title, level in LEVEL_NAMES.items()}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row was listed instead of stored.

    `row` counts as people see it in the table `table`; `column` is the title as typed there, None where the row as a
    whole is meant; `value` and `household` are masked.
    """

    level: Level
    table: str
    row: int
    column: str | None
    household: str
    value: str
    code: str
    message: str
    remedy: str

    def __str__(self) -> str:
        column = f" {self.column}" if self.column else ""
        value = f"“{self.value}”" if self.value else ""
        return f"{self.table} 第 {self.row} 行{column}：{value}{self.message}（{self.remedy}） [{self.code}]"

    def cells(self) -> tuple[str, ...]:
        """The cells of the problem in a list with `LIST_TITLES`."""
        texts = (
            self.table,
            str(self.row),
            self.column or "",
            self.household,
            self.value,
            self.message,
            self.remedy,
        )
        return tuple(map(harmless, texts))


@dataclass(frozen=True, slots=True)
class TableCount:
    """The rows of one table: `rows_in` = `rows_stored` + `rows_listed`."""

    level: Level
    table: str
    rows_in: int
    rows_stored: int
    rows_listed: int

    def __str__(self) -> str:
        counted = f"读入 {self.rows_in} 行，存入 {self.rows_stored} 行，列出 {self.rows_listed} 行"
        return f"{_LEVEL_TITLES[self.level]}（{self.table}）：{counted}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of an import: households and persons stored, the rows of each table, every problem, and what else
    should be known (columns of notes, hidden rows, how a file was decoded)."""

    households: int
    persons: int
    tables: tuple[TableCount, ...]
    problems: tuple[RowProblem, ...]
    notices: tuple[str, ...]

    @property
    def rows_in(self) -> int:
        return sum(table.rows_in for table in self.tables)

    @property
    def rows_listed(self) -> int:
        return sum(table.rows_listed for table in self.tables)


def write_problems(problems: Iterable[RowProblem], target: Path) -> None:
    """Writes the list of problems as CSV (UTF-8 with a byte order mark, so that spreadsheets read it), for its owner
    only. Raises `OutputError`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(LIST_TITLES)
    writer.writerows(problem.cells() for problem in problems)
    write_file(target, text.getvalue().encode("utf-8-sig"), "问题清单", private=True)


def harmless(text: str) -> str:
    """A text that a spreadsheet will not take for a formula: one that might be is led by an apostrophe.

    A mere number with a sign is none.
    """
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) and not _PLAIN_NUMBER.match(text) else text
