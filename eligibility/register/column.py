"""What a column of a register is: whose it is, what its cells hold, and how a field of the case becomes one.

Lists stand in one cell as words; how they are written and read is here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, get_args

from ..case.fields import (
    Amount,
    Area,
    CertificateNumber,
    Count,
    Day,
    IdentityNumber,
    Label,
    Model,
    Region,
    TermMonths,
    Text,
    Truth,
    choices,
    normal,
    shapes,
)
from ..values import Level

NONE: Final = "无"
"""An empty list, written in a cell; a blank cell is unknown."""
SEPARATOR: Final = "、"
"""Between the words of a list as stored."""
_SEPARATORS: Final = re.compile(r"[、,;\s]+")


class ColumnKind(Enum):
    """What a cell holds. Stored as: money in 分, areas in 1/100 m², counts and terms (months) as numbers, days as dates."""

    TEXT = "text"
    CODE = "code"
    MONEY = "money"
    SIGNED_MONEY = "signed-money"
    AREA = "area"
    COUNT = "count"
    TERM = "term"
    DATE = "date"
    TRUTH = "truth"
    CHOICE = "choice"
    LIST = "list"
    MEMBER = "member"


KIND_TITLES: Final[Mapping[ColumnKind, str]] = MappingProxyType(
    {
        ColumnKind.TEXT: "文字",
        ColumnKind.CODE: "12 位代码",
        ColumnKind.MONEY: "元",
        ColumnKind.SIGNED_MONEY: "元，可以为负",
        ColumnKind.AREA: "平方米",
        ColumnKind.COUNT: "整数",
        ColumnKind.TERM: "月数",
        ColumnKind.DATE: "日期",
        ColumnKind.TRUTH: "是、否",
        ColumnKind.CHOICE: "选一",
        ColumnKind.LIST: "可多选",
        ColumnKind.MEMBER: "成员编号",
    }
)
"""What a cell of each kind holds, in a word."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Chinese title, its English key, whose it is, and what its cells hold.

    `level` is HOUSEHOLD or PERSON (what is said of a parent stands with the child). `choices` are the words of a choice
    or a list; an empty tuple leaves them open. A `required` column has no blank cell.
    """

    title: str
    key: str
    level: Level
    kind: ColumnKind
    sensitive: bool = False
    choices: tuple[str, ...] = ()
    required: bool = False
    description: str = ""


_KINDS: Final[tuple[tuple[Any, ColumnKind], ...]] = (
    (Truth, ColumnKind.TRUTH),
    (Day, ColumnKind.DATE),
    (Amount, ColumnKind.MONEY),
    (Area, ColumnKind.AREA),
    (Count, ColumnKind.COUNT),
    (TermMonths, ColumnKind.TERM),
    (Region, ColumnKind.CODE),
    (IdentityNumber, ColumnKind.TEXT),
    (CertificateNumber, ColumnKind.TEXT),
    (Label, ColumnKind.TEXT),
    (Text, ColumnKind.TEXT),
)


def _kind(annotation: Any, many: bool) -> ColumnKind:
    """How a field of the case stands in one cell."""
    if many:
        return ColumnKind.LIST
    if choices(annotation):
        return ColumnKind.CHOICE
    parts = get_args(annotation)
    return next((kind for type_, kind in _KINDS if type_ in parts), ColumnKind.TEXT)


def field_column(level: Level, model: type[Model], attribute: str, **given: Any) -> Column:
    """The column of a field of the case, with what is `given` in place of what the field says."""
    shape, info = shapes(model)[attribute], model.model_fields[attribute]
    column = Column(
        title=shape.title,
        key=shape.key,
        level=level,
        kind=_kind(info.annotation, shape.many),
        sensitive=shape.sensitive,
        choices=words_of(shape.model) if shape.many and shape.model is not None else shape.choices,
        required=shape.required,
        description=(info.description or "").replace("写 []", f"写 {NONE}"),
    )
    return replace(column, **given)


def words_of(item: type[Model]) -> tuple[str, ...]:
    """The words of a list whose items a bare word can stand for."""
    return shapes(item)[item.bare].choices if item.bare is not None else ()


def field_columns(level: Level, model: type[Model], *attributes: str, **given: Any) -> Iterator[Column]:
    """The columns of some fields of one model."""
    return (field_column(level, model, attribute, **given) for attribute in attributes)


def words(text: str) -> tuple[str, ...]:
    """The words of a list as written in a cell; of 无, none.

    Words stand apart by 、 (also by commas, semicolons and spaces, of any width), and are given as NFKC.
    """
    parts = tuple(part for part in _SEPARATORS.split(normal(text)) if part)
    return () if parts == (NONE,) else parts


def list_text(listed: Iterable[str]) -> str:
    """A list as stored in a cell: its words joined by 、, or 无."""
    return SEPARATOR.join(listed) or NONE
