"""The case (个案): one household with its people, as a strict frozen model, and its two JSON forms.

`Case` is what every other part of the library is given. It holds what was typed, normalised; what follows from it is
derived in `context`. `canonical` is its one written form, from which its digest is computed; `json_schema` describes
case files to editors and other systems.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from ..quantities import Money, Month
from .fields import MAX_MEMBERS, Label, Model, Text, field, normal, refuse, shapes
from .household import Household
from .identity import mask_name
from .items import Parent
from .person import Person

NOTHING_ELSE: Final = "未列事项均无"
"""What a declaration says: whatever is not listed does not exist."""

HOUSEHOLD_LISTS: Final = (
    "dwellings",
    "vehicles",
    "other_property",
    "situations",
    "benefits_in_payment",
    "supporters",
)
PERSON_LISTS: Final = (
    "not_counted",
    "statuses",
    "serious_illnesses",
    "incomes",
    "deductions",
    "disabilities",
    "other_benefits",
    "circumstances",
)
"""Lists a declaration can name; `circumstances` are those of the listed parents of a child."""


def list_title(name: str) -> str:
    """The Chinese name of a list that a declaration can name."""
    for model in (Household, Person, Parent):
        if shape := shapes(model).get(name):
            return shape.title
    return name


_BY_TITLE: Final = {list_title(name): name for name in (*HOUSEHOLD_LISTS, *PERSON_LISTS)}

Declared = Literal[True] | tuple[str, ...]


def declares_all(value: object) -> bool:
    """Whether a declaration, or a part of it, speaks of all lists."""
    return value is True or (isinstance(value, str) and normal(value) in (NOTHING_ELSE, "true", "是"))


def _declared(value: object) -> Declared:
    """`true` or 未列事项均无 for all lists, or the names of some; an unknown name is left for the contradictions to report."""
    if value is True or (isinstance(value, str) and normal(value) in (NOTHING_ELSE, "true", "是")):
        return True
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(_BY_TITLE.get(normal(name), normal(name)) for name in value)
    raise refuse("declaration", f"应为“{NOTHING_ELSE}”、true 或列表名称的列表")


def _declared_members(value: object) -> Literal[True] | dict[str, Declared]:
    if isinstance(value, dict) and all(isinstance(member, str) for member in value):
        return {normal(member): _declared(names) for member, names in value.items()}
    if declares_all(value):
        return True
    raise refuse("declaration", f"应为“{NOTHING_ELSE}”、true 或 “成员编号: true 或列表名称的列表”的形式")


_DECLARED_SCHEMA = {"anyOf": [{"const": True}, {"type": "array", "items": {"type": "string"}}]}
_MEMBERS_SCHEMA = {"anyOf": [{"const": True}, {"type": "object", "additionalProperties": _DECLARED_SCHEMA}]}


class Declaration(Model):
    """What the applicant declares not to exist: lists that are absent then count as empty, for whom it says.

    `声明: 未列事项均无` speaks for the household and all members. Otherwise `家庭` and `成员` say it one by one:
    `{家庭: [住房, 车辆], 成员: {母亲: true, 孩子: [收入, 残疾]}}`; `true` means all lists. For a child, `true` also
    covers the lists of its listed parents; a parent who is not listed stays unknown.
    """

    model_config = ConfigDict(title="声明")
    household: Annotated[Declared, PlainValidator(_declared), WithJsonSchema(_DECLARED_SCHEMA)] | None = (
        field("家庭", "对家庭的哪些列表声明没有列出的即不存在；true 表示全部")
    )
    members: (
        Annotated[
            Literal[True] | dict[str, Declared],
            PlainValidator(_declared_members),
            WithJsonSchema(_MEMBERS_SCHEMA),
        ]
        | None
    ) = field("成员", "对各成员的哪些列表声明没有列出的即不存在；true 表示全部成员的全部列表")

    def household_lists(self) -> frozenset[str]:
        """The household's lists that count as empty when absent (English names)."""
        return frozenset(HOUSEHOLD_LISTS) if self.household is True else frozenset(self.household or ())

    def person_lists(self, member: str) -> frozenset[str]:
        """A member's lists that count as empty when absent (English names)."""
        if self.members is None or self.members is True:
            names: Declared = self.members or ()
        else:
            names = self.members.get(member, ())
        return frozenset(PERSON_LISTS) if names is True else frozenset(names)


class Case(Model):
    """One household's facts. Build it with `load_case`, `parse_case` or `case_from_data`, which also check that the facts
    do not contradict each other."""

    model_config = ConfigDict(title="个案")
    case_id: Label | None = field("个案编号", "本系统之外的编号；不要用证件号")
    title: Text | None = field("标题", "一句话说明这是怎样的家庭")
    declaration: Declaration | None = field("声明", f"写“{NOTHING_ELSE}”，没有列出的列表即为空")
    household: Household = field("家庭", "家庭整体的事项", default=Household)
    members: Annotated[tuple[Person, ...], Field(min_length=1, max_length=MAX_MEMBERS)] = field(
        "成员", "家庭成员，至少一人", required=True
    )
    note: Text | None = field("备注", "备注；没有规则读它")


Path = tuple[str | int, ...]
"""Where something stands in a case: English keys, and list positions from 0."""


def path_text(path: Path) -> str:
    """A path as people read it: `成员[2].收入[1].金额`, positions from 1."""
    text = ""
    current: type[Model] | None = Case
    for step in path:
        shape = shapes(current).get(step) if current is not None and isinstance(step, str) else None
        if isinstance(step, int):
            text += f"[{step + 1}]"
        elif shape is not None:
            text += f".{shape.title}"
            current = shape.model
        else:
            text += f"[{step}]"
    return text.removeprefix(".")


def canonical(case: Case, *, masked: bool = False) -> dict[str, Any]:
    """The one JSON form of a case: English keys, amounts and dates as text, nothing that is absent or a default.

    `case_from_data(canonical(case)) == case`, and equal cases have equal canonical forms. It holds personal data in
    full, unless `masked`: then sensitive fields show only their mask, and the form is for reading, not for reading back.
    """
    data: dict[str, Any] = _plain(case, masked)
    return data


@cache
def _layout(model: type[Model]) -> tuple[tuple[str, str, Any, bool], ...]:
    """Of each field of a model: attribute, key in a file, default, and whether it is sensitive."""
    known = shapes(model)
    return tuple(
        (name, key, info.get_default(call_default_factory=True), known[key].sensitive)
        for name, info in model.model_fields.items()
        if (key := info.alias or name)
    )


def _plain(value: Any, masked: bool) -> Any:
    if isinstance(value, Model):
        data = {}
        for name, key, default, sensitive in _layout(type(value)):
            inner = getattr(value, name)
            if inner is not default and inner != default:
                data[key] = _masked(name, inner) if masked and sensitive else _plain(inner, masked)
        return data
    if isinstance(value, tuple):
        return [_plain(item, masked) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key], masked) for key in sorted(value, key=str)}
    if isinstance(value, Money | Month | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _masked(name: str, value: object) -> str:
    """A sensitive value as others may see it: a masked name, the area of a number, nothing at all of anything else.

    Birth dates stand beside the number, in the case or in reasons: with its last signs they would make it whole again.
    """
    if name == "name" and isinstance(value, str):
        return mask_name(value)
    if name in ("identity_number", "number") and isinstance(value, str):
        return value[:6] + "*" * len(value[6:])
    return "******"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a case file: every field under its English key and under its Chinese title."""
    schema = Case.model_json_schema()
    titles = {shape.key: shape.title for model in _models(Case) for shape in shapes(model).values()}
    for definition in (schema, *schema.get("$defs", {}).values()):
        _add_titles(definition, titles)
    # Golden cases carry these beside the case; determining does not read them.
    for key in ("rests_on", "依据", "expect", "预期"):
        schema["properties"][key] = {"description": "供 check 核对，认定时不读"}
    return schema


def _models(model: type[Model]) -> set[type[Model]]:
    """A model and all models inside it."""
    inner = {shape.model for shape in shapes(model).values() if shape.model is not None}
    return {model}.union(*map(_models, inner))


def _add_titles(definition: dict[str, Any], titles: Mapping[str, str]) -> None:
    """Lets every property be written under its Chinese title too; what is required may come under either."""
    properties: dict[str, Any] = definition.get("properties", {})
    required = definition.pop("required", [])
    if required:
        either = [{"anyOf": [{"required": [key]}, {"required": [titles.get(key, key)]}]} for key in required]
        definition["allOf"] = [*definition.get("allOf", []), *either]
    properties.update({titles[key]: shape for key, shape in tuple(properties.items())})
