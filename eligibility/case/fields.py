"""What the fields of a case are made of: strict value types, the model base, and the names of fields in two languages.

A value type says in Chinese what it expected and never repeats what it got. `shapes` is the one table from the key of
a file (English or Chinese) to the field of a model; reading, error places, canonical data and facts all use it.
"""

from __future__ import annotations

import re
import types
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from ..quantities import MAX_FEN, Money
from ..values import FIRST_DATE, LAST_DATE
from .identity import check_certificate_number, check_identity_number

MAX_MEMBERS: Final = 64
MAX_ITEMS: Final = 20
"""Most items any list of a case may have."""
MAX_COUNT: Final = 64
MAX_TERM_MONTHS: Final = 1200
MAX_AREA: Final = 100_000
"""Largest area in square metres, of one dwelling and of all together."""

_TRUTHS: Final = {"true": True, "false": False, "是": True, "否": False, "有": True, "无": False}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_AREA = re.compile(r"(\d{1,6})(?:\.(\d{1,2}))?\Z", re.ASCII)
_REGION = re.compile(r"\d{12}\Z", re.ASCII)


def normal(text: str) -> str:
    """Text as compared: NFKC, without spaces around. Used for codes, keys and choices, never for people's names."""
    return unicodedata.normalize("NFKC", text).strip()


def refuse(kind: str, expected: str) -> PydanticCustomError:
    """The error of a value type: a stable kind and what was expected, in Chinese."""
    # The expectation travels as a context value: braces in it must not be read as a template.
    return PydanticCustomError(kind, "{expected}", {"expected": expected})


def _text(value: object, limit: int = 1000) -> str:
    if not isinstance(value, str):
        raise refuse("text", "应为文字；数字和代码请加引号")
    text = value.strip()
    if not 1 <= len(text) <= limit:
        raise refuse("text", f"应为 1 至 {limit} 个字的文字")
    return text


def _label(value: object) -> str:
    return normal(_text(value, 100))


def _truth(value: object) -> bool:
    if isinstance(value, str):
        value = _TRUTHS.get(normal(value).lower())
    if not isinstance(value, bool):
        raise refuse("truth", "应为 是、否、有、无、true、false 之一，不知道就写 unknown")
    return value


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.match(value.strip()):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise refuse("date", "没有这一天；日期写法如 2025-07-01") from None
    if type(value) is not date:
        raise refuse("date", "应为日期，写法如 2025-07-01")
    if not FIRST_DATE <= value <= LAST_DATE:
        raise refuse("date", f"日期应在 {FIRST_DATE} 至 {LAST_DATE} 之间")
    return value


def _area(value: object) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        value = format(value, "f")
    if isinstance(value, float):
        raise refuse("area", '面积不能写成浮点数，请加引号，如 "58.50"')
    match = (
        _AREA.match(str(value).strip())
        if isinstance(value, str | int) and not isinstance(value, bool)
        else None
    )
    if match is None or (area := Decimal(match[0])) > MAX_AREA:
        raise refuse("area", f'应为平方米数，最多两位小数，不超过 {MAX_AREA}，如 "58.50"')
    return area.quantize(Decimal("0.01"))


def _whole(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value <= limit:
        raise refuse("integer", f"应为 0 至 {limit} 的整数")
    return value


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > 40:
        raise refuse("money", "金额写法应如 1480、1480.00 或 1,480.00元，最多两位小数")
    return value


def _not_negative(amount: Money) -> Money:
    if not 0 <= amount.fen <= MAX_FEN:
        raise refuse("money", "金额应在 0 至 10 亿元之间")
    return amount


def _signed(amount: Money) -> Money:
    if abs(amount.fen) > MAX_FEN:
        raise refuse("money", "金额应在正负 10 亿元之间")
    return amount


def _region(value: object) -> str:
    text = normal(value) if isinstance(value, str) else ""
    if not _REGION.match(text):
        raise refuse("region", '应为加引号的 12 位区划代码，如 "110112000000"')
    return text


def _identity_number(value: object) -> str:
    try:
        return check_identity_number(_text(value))
    except ValueError as problem:
        raise refuse("identity-number", str(problem)) from None


def _certificate_number(value: object) -> str:
    try:
        return check_certificate_number(_text(value))
    except ValueError as problem:
        raise refuse("certificate-number", str(problem)) from None


def word(value: object) -> object:
    """A choice as typed -> as compared; what is not text is left for the choice itself to refuse."""
    return normal(value) if isinstance(value, str) else value


_SCHEMA_TRUTH = {"enum": [True, False, "是", "否", "有", "无"]}
_SCHEMA_AREA = {"anyOf": [{"type": "string", "pattern": r"^\d{1,6}(\.\d{1,2})?$"}, {"type": "integer"}]}

Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
Label = Annotated[str, PlainValidator(_label), WithJsonSchema({"type": "string", "maxLength": 100})]
"""A short text that is compared: a member id, a kind, a programme."""
Truth = Annotated[bool, PlainValidator(_truth), WithJsonSchema(_SCHEMA_TRUTH)]
Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Area = Annotated[Decimal, PlainValidator(_area), WithJsonSchema(_SCHEMA_AREA)]
Region = Annotated[str, PlainValidator(_region), WithJsonSchema({"type": "string", "pattern": r"^\d{12}$"})]
Count = Annotated[
    int,
    PlainValidator(lambda value: _whole(value, MAX_COUNT)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_COUNT}),
]
TermMonths = Annotated[
    int,
    PlainValidator(lambda value: _whole(value, MAX_TERM_MONTHS)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_TERM_MONTHS}),
]
Amount = Annotated[Money, BeforeValidator(_short), AfterValidator(_not_negative)]
SignedAmount = Annotated[Money, BeforeValidator(_short), AfterValidator(_signed)]
IdentityNumber = Annotated[str, PlainValidator(_identity_number), WithJsonSchema({"type": "string"})]
CertificateNumber = Annotated[str, PlainValidator(_certificate_number), WithJsonSchema({"type": "string"})]

_T = TypeVar("_T")
Items = Annotated[tuple[_T, ...], Field(max_length=MAX_ITEMS)]
"""A list of a case. Absent is unknown; empty is none."""

Relation = Literal["户主", "配偶", "子女", "父母", "祖父母", "孙子女", "兄弟姐妹", "其他"]
RelationToHead = Annotated[Relation, BeforeValidator(word)]
RelationToApplicant = Annotated[
    Literal["本人", "配偶", "子女", "父母", "祖父母", "孙子女", "兄弟姐妹", "其他"], BeforeValidator(word)
]
Category = Annotated[Literal["视力", "听力", "言语", "肢体", "智力", "精神"], BeforeValidator(word)]
CertificateCategory = Annotated[
    Literal["视力", "听力", "言语", "肢体", "智力", "精神", "多重"], BeforeValidator(word)
]
Grade = Annotated[Literal["一级", "二级", "三级", "四级"], BeforeValidator(word)]
Period = Annotated[Literal["月", "季", "年"], BeforeValidator(word)]
PERIOD_MONTHS: Final = {"月": 1, "季": 3, "年": 12}


def field(
    title: str,
    description: str,
    *,
    required: bool = False,
    default: Any = None,
    question: str | None = None,
    paper: str | None = None,
    sensitive: bool = False,
    alias: str | None = None,
) -> Any:
    """A field of a case: Chinese title and description, and for facts one can ask for: the question and the paper.

    A sensitive field is left out of `repr`, and no error repeats its value.
    """
    extra = {"question": question, "paper": paper, "sensitive": sensitive or None}
    # A model as default is made when it is needed: making it here would build its schema at import.
    given: dict[str, Any] = (
        {"default_factory": default} if isinstance(default, type) else {"default": default}
    )
    return Field(
        **({} if required else given),
        title=title,
        description=description,
        alias=alias,
        repr=not sensitive,
        json_schema_extra={name: value for name, value in extra.items() if value is not None},
    )


class Model(BaseModel):
    """Base of everything in a case: strict, frozen, no unknown fields, no input repeated in errors."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )
    bare: ClassVar[str | None] = None
    """The field that a bare word stands for, where an item of a list may be written as one word."""


class Dated(Model):
    """An item that may be limited in time: in force from a day (included) until a day (excluded)."""

    from_: Day | None = field("生效日期", "自这一天起（含）有效；不写即一向有效", alias="from")
    until: Day | None = field("失效日期", "自这一天起不再有效（当天不含）；不写即一直有效")

    def in_force(self, day: date) -> bool:
        """Whether the item stands on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Shape:
    """A field of a model as the outside sees it.

    `key` is the English name in a file, `title` the Chinese one; `model` what it holds, if that is a model, `many`
    whether it holds a list, `choices` the words of a choice.
    """

    attribute: str
    key: str
    title: str
    model: type[Model] | None
    many: bool
    choices: tuple[str, ...]
    required: bool
    sensitive: bool
    question: str | None
    paper: str | None


@cache
def shapes(model: type[Model]) -> Mapping[str, Shape]:
    """All fields of a model by each of their two names."""
    table: dict[str, Shape] = {}
    for attribute, info in model.model_fields.items():
        inner, many = _unwrap(info.annotation)
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        shape = Shape(
            attribute=attribute,
            key=info.alias or attribute,
            title=info.title or attribute,
            model=inner if isinstance(inner, type) and issubclass(inner, Model) else None,
            many=many,
            choices=choices(inner),
            required=info.is_required(),
            sensitive=bool(extra.get("sensitive")),
            question=_string(extra.get("question")),
            paper=_string(extra.get("paper")),
        )
        table[shape.key] = table[shape.title] = shape
    return table


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def choices(annotation: Any) -> tuple[str, ...]:
    """The words of a choice type, in order; empty for any other type."""
    inner, _ = _unwrap(annotation)
    return tuple(get_args(inner)) if get_origin(inner) is Literal else ()


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """What a field holds without `Annotated`, `| None` and the list around it, and whether there was a list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _unwrap(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _unwrap(next(part for part in get_args(annotation) if part is not type(None)))
    if origin is tuple:
        return _unwrap(get_args(annotation)[0])[0], True
    return annotation, False
