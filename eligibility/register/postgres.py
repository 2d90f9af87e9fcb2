"""Reads the two tables of a register from a PostgreSQL database, in one read-only snapshot, as Arrow batches.

Rows have no order in a database: they are read in the order of household and member numbers, and numbered so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from ..errors import InputError, Problem
from ..values import Level
from .columns import HOUSEHOLD_ID, MEMBER_ID
from .headers import NAMES, FoundHeaders, Table, Titles, find_headers, level_named, with_notice
from .parquet_tables import filled_rows, refuse_types

SCHEMES: Final = ("postgresql://", "postgres://")
_TABLES: Final = """
SELECT table_schema, table_name, column_name FROM information_schema.columns
WHERE table_schema = ANY (current_schemas(false)) ORDER BY table_schema, table_name, ordinal_position
"""


def read_postgres(address: str, titles: Mapping[Level, Titles]) -> tuple[Table, Table]:
    """The tables of households and members in a database (`postgresql://…`), named in either language.

    Raises `InputError`: no connection, no such table, an unknown column. No message repeats the address.
    """
    try:
        with adbc.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            tables = _find(cursor)
            household, person = (_read(cursor, titles[level], *tables[level]) for level in NAMES)
            return household, person
    except adbc.Error as failure:
        state = getattr(failure, "sqlstate", None)
        code = f"（SQLSTATE {state}）" if state else ""
        hint = "核对地址、用户、密码和权限"
        raise InputError(Problem("database", f"数据库连不上或读不出{code}", "PostgreSQL", hint)) from None


def _find(cursor: Any) -> Mapping[Level, tuple[str, str, list[str]]]:
    """Of each level the schema and name of its table, and the names of its columns."""
    cursor.execute(_TABLES)
    columns: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in cursor.fetchall():
        columns.setdefault((schema, table), []).append(column)
    found: dict[Level, tuple[str, str, list[str]]] = {}
    for (schema, table), names in columns.items():
        level = level_named(table)
        if level is None:
            continue
        if level in found:
            message = f"有两张{NAMES[level][0]}表：{'.'.join(found[level][:2])} 和 {schema}.{table}"
            raise InputError(
                Problem("database-table-twice", message, "PostgreSQL", "在地址里用 search_path 选定")
            )
        found[level] = (schema, table, names)
    missing = [f"{names[0]}（{names[1]}）" for level, names in NAMES.items() if level not in found]
    if missing:
        raise InputError(Problem("database-no-table", f"没有名为 {'、'.join(missing)} 的表", "PostgreSQL"))
    return found


def _read(cursor: Any, titles: Titles, schema: str, table: str, names: list[str]) -> Table:
    found = find_headers([names], titles, table)
    listed = [_quoted(names[header.position]) for header in found.headers]
    order = _order(found, listed)
    cursor.execute(f"SELECT {', '.join(listed)} FROM {_quoted(schema, table)} ORDER BY {order}")
    data = cursor.fetch_record_batch().read_all()
    refuse_types(data.schema, table)
    rows, cells = filled_rows([_stored(data.column(number)) for number in range(data.num_columns)])
    read = Table(
        level=titles.level,
        place=table,
        headers=found.headers,
        cells=cells,
        rows=rows,
        notices=found.notices,
        ordered=False,
        unread=found.unread,
    )
    keys = "、".join(header.title for header in found.headers if header.column.key in _KEYS)
    return with_notice(read, f"{read.place}：行号按 {keys} 的次序数")


_KEYS: Final = (HOUSEHOLD_ID.key, MEMBER_ID.key)


def _order(found: FoundHeaders, listed: list[str]) -> str:
    """Byte order of the keys, so that every server numbers the rows alike; what has no key of its own comes as it is."""
    keys = {header.column.key: name for header, name in zip(found.headers, listed, strict=True)}
    return ", ".join(f'{keys[key]}::text COLLATE "C"' for key in _KEYS if key in keys)


def _stored(column: Any) -> Any:
    """A column without the wrapping of types that Arrow does not have, such as numeric, which comes as text."""
    if isinstance(column.type, pa.BaseExtensionType):
        return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column


def _quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
