"""What a register file looks like: the Arrow type of every column, and one row per household.

Files that others wrote may use wider or plainer types; `stored_schema` says what they are read as, or refuses them by
name, and `conformed` converts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import pyarrow as pa

from ..errors import InputError, Problem, nearest
from ..ruleset import Ruleset
from ..values import Level
from .columns import (
    COLUMNS,
    HOUSEHOLD_ID,
    MEMBER_ID,
    MEMBERS,
    Column,
    ColumnKind,
    column_of,
    english,
    register_columns,
)
from .flat import Tables, tables

__all__ = [
    "BATCH_HOUSEHOLDS",
    "WORDS",
    "arrow_type",
    "conformed",
    "english",
    "register_schema",
    "schema_of",
    "stored_schema",
]

BATCH_HOUSEHOLDS: Final = 65_536
"""Most households of one record batch."""

WORDS: Final = pa.dictionary(pa.int16(), pa.string())
"""Everything made of words: a file has one dictionary for each column."""

_TYPES: Final = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.MEMBER: pa.string(),
    ColumnKind.CODE: WORDS,
    ColumnKind.CHOICE: WORDS,
    ColumnKind.LIST: WORDS,
    ColumnKind.MONEY: pa.int64(),
    ColumnKind.SIGNED_MONEY: pa.int64(),
    ColumnKind.AREA: pa.int32(),
    ColumnKind.COUNT: pa.int16(),
    ColumnKind.TERM: pa.int16(),
    ColumnKind.DATE: pa.date32(),
    ColumnKind.TRUTH: pa.bool_(),
}


def arrow_type(column: Column) -> pa.DataType:
    """The type in which a column is stored: money in 分, areas in 1/100 m²."""
    return _TYPES[column.kind]


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """The schema of a file with these columns: the household's, then 成员 as a list of structs of a member's."""
    fields: dict[Level, list[pa.Field]] = {Level.HOUSEHOLD: [], Level.PERSON: []}
    for column in columns:
        fields[column.level].append(pa.field(column.title, arrow_type(column)))
    members = pa.field(MEMBERS, pa.list_(pa.struct(fields[Level.PERSON])))
    return pa.schema([*fields[Level.HOUSEHOLD], members])


def register_schema(rules: Ruleset, extra: Iterable[Column] = ()) -> pa.Schema:
    """The schema with all columns of a ruleset, and `extra` ones (such as `paid_column`) after those of their level."""
    return schema_of((*register_columns(rules), *extra))


def stored_schema(schema: pa.Schema, place: str) -> pa.Schema:
    """The schema as which a file's columns are read: the same columns, each of its type.

    Raises `InputError` with every column that is unknown, is missing, or has a type that does not say exactly the same.
    """
    problems: list[Problem] = []
    found: list[Column] = []
    for level, fields in _fields(schema):
        for field in fields:
            column = column_of(field.name, level)
            if column is None or column.title != field.name:
                known = [known.title for known in COLUMNS if known.level is level]
                message = f"没有“{field.name[:40]}”这一列"
                problems.append(Problem("register-column", message, place, nearest(field.name, known)))
            elif not _reads_as(field.type, arrow_type(column)):
                message = f"“{column.title}”的类型是 {field.type}，应为 {arrow_type(column)}"
                problems.append(Problem("register-type", message, place))
            else:
                found.append(column)
        titles = {field.name for field in fields}
        key = HOUSEHOLD_ID if level is Level.HOUSEHOLD else MEMBER_ID
        if key.title not in titles:
            problems.append(Problem("register-column", f"缺少“{key.title}”这一列", place))
    if problems:
        raise InputError(problems)
    return schema_of(found)


def _fields(schema: pa.Schema) -> tuple[tuple[Level, list[pa.Field]], ...]:
    household = [field for field in schema if field.name != MEMBERS]
    persons: list[pa.Field] = []
    if MEMBERS in schema.names:
        people = schema.field(MEMBERS).type
        if _is_list(people) and pa.types.is_struct(people.value_type):
            persons = [people.value_type.field(i) for i in range(people.value_type.num_fields)]
    return (Level.HOUSEHOLD, household), (Level.PERSON, persons)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or (pa.types.is_dictionary(kind) and _is_text(kind.value_type))
    )


def _is_day(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _reads_as(kind: pa.DataType, expected: pa.DataType) -> bool:
    """Whether a stored type can hold exactly what is expected; a number with fractions cannot."""
    families: tuple[Callable[[pa.DataType], bool], ...] = (
        _is_text,
        _is_day,
        pa.types.is_integer,
        pa.types.is_boolean,
    )
    return bool(pa.types.is_null(kind)) or any(family(kind) and family(expected) for family in families)


def conformed(batch: pa.RecordBatch, schema: pa.Schema) -> Tables:
    """A batch as the two tables of a schema; columns that it lacks are unknown, those of other types are converted.

    Raises `InputError` for known cells of a column that the schema does not have, and for a value that its type cannot
    hold.
    """
    try:
        split = tables(batch)
    except (KeyError, ValueError) as failure:
        raise InputError(Problem("register-members", f"成员列表不合用：{failure}")) from None
    (_, household), (_, persons) = _fields(schema)
    for columns, fields in ((split.household, household), (split.persons, persons)):
        _refuse_others(columns, {field.name for field in fields})
    return Tables(
        {field.name: _column(split.household, field, split.households) for field in household},
        split.offsets,
        {field.name: _column(split.persons, field, int(split.offsets[-1])) for field in persons},
    )


def _refuse_others(columns: Mapping[str, pa.Array], known: set[str]) -> None:
    for title, array in columns.items():
        if title not in known and array.null_count < len(array):
            raise InputError(
                Problem("register-column", f"台账没有“{title}”这一列", hint=nearest(title, known))
            )


def _column(columns: Mapping[str, pa.Array], field: pa.Field, rows: int) -> pa.Array:
    array = columns.get(field.name)
    if array is None:
        return pa.nulls(rows, field.type)
    if array.type == field.type:
        return array
    try:
        return _cast(array, field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
        message = f"“{field.name}”有的值不能读作 {field.type}"
        raise InputError(Problem("register-type", message)) from None


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if not pa.types.is_dictionary(kind):
        plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
        return plain.cast(kind)
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int16()), array.dictionary.cast(pa.string()))
