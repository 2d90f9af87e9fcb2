"""From the cells of a table to typed columns: each distinct cell of a column is read once, however many rows repeat it.

What cannot be read is a problem of its row; every other cell of the row is still read, so that all that is wrong is
said at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case.identity import mask
from ..errors import InputError, Problem
from ..values import Level
from .cells import CellRefused, cell_value, masked_cell
from .columns import HOUSEHOLD_ID, MEMBER_ID, Column
from .headers import Header, RefusedRow, Table, Titles, compact, is_summary
from .problems import RowProblem
from .schema import WORDS, arrow_type

_NO_HOUSEHOLD: Final = "是合计或备注行，不是家庭或成员"
_NOTHING_TO_DO: Final = "不用处理"
NO_ROW: Final = ("row-header", "row-summary")
"""Codes of rows that are no household and no member."""


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table with typed columns by title, as stored; `ids` the household of each row (null: not given).

    `problems` of its rows, by index (a row that never became cells stands behind the others); `rows` their numbers;
    `ordered` if rows stand in the order of whoever typed them.
    """

    level: Level
    place: str
    ids: pa.Array
    columns: Mapping[str, pa.Array]
    rows: NDArray[np.int64]
    problems: Mapping[int, list[RowProblem]]
    headers: Mapping[str, str]
    ordered: bool = True

    def problem(
        self, index: int, code: str, message: str, remedy: str, column: str | None = None
    ) -> RowProblem:
        """A problem of a row of this table; `column` by its title in a register."""
        household = self.ids[index].as_py() if index < len(self.ids) else None
        title = self.headers.get(column, column) if column is not None else None
        row = int(self.rows[index])
        shown, said, advised = mask(household or ""), mask(message), mask(remedy)
        return RowProblem(self.level, self.place, row, title, shown, "", code, said, advised)


def typed_table(table: Table, titles: Titles) -> TypedTable:
    """Reads all cells of a table. Members of a table without 成员编号 have null for it: they are numbered when stored."""
    columns: dict[str, pa.Array] = {}
    refused: dict[int, list[tuple[Header, object, CellRefused]]] = {}
    for number, (header, cells) in enumerate(zip(table.headers, table.cells, strict=True)):
        codes, distinct = _distinct(cells)
        values, wrong = _read_all(header, distinct, titles.aliases(header.column))
        columns[header.column.title] = _column(header.column, values, codes, table.place)
        rows = map(int, np.flatnonzero(np.isin(codes, np.array(list(wrong), int))))
        bad = {row: wrong[int(codes[row])] for row in rows}
        bad |= {row: why for (row, place), why in table.bad_cells.items() if place == number}
        for row, why in bad.items():
            refused.setdefault(row, []).append((header, distinct[codes[row]], why))
    ids = columns.pop(HOUSEHOLD_ID.title)
    if table.level is Level.PERSON:
        columns.setdefault(MEMBER_ID.title, pa.nulls(len(table.rows), pa.string()))
    given = ids.to_pylist() if refused else []
    problems = {
        index: _row_problems(table, index, given[index], found) for index, found in sorted(refused.items())
    }
    problems |= {place: [_lost(table, lost)] for place, lost in enumerate(table.refused, len(table.rows))}
    behind = np.array([lost.row for lost in table.refused], np.int64)
    ids = pa.concat_arrays([ids, pa.array([lost.household for lost in table.refused], pa.string())])
    return TypedTable(
        table.level,
        table.place,
        ids,
        columns,
        np.concatenate([table.rows, behind]),
        problems,
        {header.column.title: header.title for header in table.headers},
        table.ordered,
    )


def _lost(table: Table, lost: RefusedRow) -> RowProblem:
    """The problem of a row that never became cells."""
    shown = mask(lost.household or "")
    return RowProblem(
        table.level, table.place, lost.row, None, shown, "", lost.code, lost.message, lost.remedy
    )


def _distinct(cells: Any) -> tuple[NDArray[np.int64], Sequence[object]]:
    """The distinct cells of a column and, for each row, which of them it has."""
    if isinstance(cells, list):
        numbers: dict[tuple[type, object], int] = {}
        # 1, 1.0 and True are equal, and three different cells.
        codes = [numbers.setdefault((type(cell), cell), len(numbers)) for cell in cells]
        return np.array(codes, np.int64), [cell for _, cell in numbers]
    column = cells.cast(cells.type.value_type) if pa.types.is_dictionary(cells.type) else cells
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _read_all(
    header: Header, distinct: Sequence[object], also: Mapping[str, str]
) -> tuple[list[object], dict[int, CellRefused]]:
    """The value of each distinct cell (what is left of it where it is refused), and why."""
    values: list[object] = []
    wrong: dict[int, CellRefused] = {}
    for code, cell in enumerate(distinct):
        try:
            value = cell_value(header.column, cell, header.scale, also)
            if header.column.title == HOUSEHOLD_ID.title:
                _refuse_no_household(str(value), header.title)
            values.append(value)
        except CellRefused as why:
            values.append(why.value)
            wrong[code] = why
    return values, wrong


def _refuse_no_household(household: str, title: str) -> None:
    """Refuses what stands among the numbers of households in rows that are none."""
    text = "".join(household.split())
    if text in (title, HOUSEHOLD_ID.title):
        raise CellRefused("row-header", "是重复的表头", _NOTHING_TO_DO)
    if is_summary([text]):
        raise CellRefused("row-summary", _NO_HOUSEHOLD, _NOTHING_TO_DO)


def _column(column: Column, values: list[object], codes: NDArray[np.int64], place: str) -> pa.Array:
    """The values of all rows, in the type of the register."""
    type_ = arrow_type(column)
    if type_ != WORDS:
        return pa.array(values, type_).take(pa.array(codes))
    words = pa.array(values, pa.string()).dictionary_encode()
    try:
        indices = words.indices.cast(type_.index_type).take(pa.array(codes))
    except pa.ArrowInvalid:
        message = f"“{column.title}”有 {len(words.dictionary)} 种不同的内容，超过 {2**15 - 1} 种"
        raise InputError(Problem("table-words", message, place, "拆分后导入")) from None
    return pa.DictionaryArray.from_arrays(indices, words.dictionary)


def _row_problems(
    table: Table, index: int, household: str | None, found: list[tuple[Header, object, CellRefused]]
) -> list[RowProblem]:
    """The problems of one row: those of its cells, or one saying that it is no row of a household."""
    row, shown = int(table.rows[index]), mask(household or "")

    def problem(column: str | None, value: str, code: str, message: str, remedy: str) -> RowProblem:
        return RowProblem(table.level, table.place, row, column, shown, value, code, message, remedy)

    for _, cell, why in found:
        if why.code in NO_ROW:
            return [problem(None, mask(str(cell))[:40], why.code, why.message, why.remedy)]
    if household is None:
        texts = [text for text in _texts(table, index) if text]
        if is_summary(texts):
            first = texts[0]
            return [problem(None, mask(first)[:40], "row-summary", _NO_HOUSEHOLD, _NOTHING_TO_DO)]
    return [
        problem(header.title, masked_cell(header.column, cell), why.code, why.message, why.remedy)
        for header, cell, why in found
    ]


def _texts(table: Table, index: int) -> Iterator[str]:
    """The cells of a row as text without spaces."""
    for cells in table.cells:
        cell = cells[index]
        value = cell.as_py() if isinstance(cell, pa.Scalar) else cell
        yield compact(value)
