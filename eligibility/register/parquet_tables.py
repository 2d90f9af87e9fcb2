"""Reads a table from a flat Parquet file, and checks the types of Arrow columns that any source brings.

Amounts in a flat table are in 元, as in every table of an office; only a register's own nested file holds 分.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..case.identity import mask
from ..errors import InputError, Problem
from .columns import MEMBERS
from .headers import Table, Titles, find_headers


def read_parquet(path: Path, titles: Titles) -> Table:
    """The table in a flat Parquet file. Raises `InputError`: not Parquet, an unknown column, a type no cell can have."""
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(Problem("parquet-broken", "不是能读的 Parquet 文件", mask(path.name))) from None
    found = find_headers([list(schema.names)], titles, mask(path.name))
    names = [schema.names[header.position] for header in found.headers]
    refuse_types((schema.field(name) for name in names), mask(path.name))
    data = file.read(columns=names)
    rows, cells = filled_rows([data.column(name) for name in names])
    return Table(
        level=titles.level,
        place=mask(path.name),
        headers=found.headers,
        cells=cells,
        rows=rows,
        notices=found.notices,
        unread=found.unread,
    )


def is_nested(path: Path) -> bool:
    """Whether a Parquet file is a register of its own: one row per household with its members inside."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(Problem("parquet-broken", "不是能读的 Parquet 文件", mask(path.name))) from None
    return MEMBERS in schema.names and pa.types.is_nested(schema.field(MEMBERS).type)


def refuse_types(fields: Iterable[Any], place: str) -> None:
    """Raises `InputError` for columns of types that no cell of a table can have."""
    refused = [field.name for field in fields if not _readable(field.type)]
    if refused:
        names = "、".join(refused[:10])
        raise InputError(
            Problem("table-type", f"{names} 列的类型读不了", place, "用文字、数值、布尔或日期类型")
        )


def filled_rows(columns: Sequence[Any]) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """The numbers from 1 and the cells of the rows that have any; blank rows are no rows, in any source."""
    blank = np.ones(len(columns[0]), bool)
    for column in columns:
        blank &= column.is_null().to_numpy()
    return np.flatnonzero(~blank) + 1, tuple(column.filter(pa.array(~blank)) for column in columns)


def _readable(type_: Any) -> bool:
    if isinstance(type_, pa.BaseExtensionType):
        return _readable(type_.storage_type)
    if pa.types.is_dictionary(type_):
        return _readable(type_.value_type)
    checks = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_boolean,
        pa.types.is_date,
        pa.types.is_timestamp,
        pa.types.is_null,
    )
    return any(check(type_) for check in checks)
