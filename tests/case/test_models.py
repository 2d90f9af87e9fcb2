"""The models: two names for every field, strict values, one canonical form, a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from eligibility.case import Case, Person, canonical, case_from_data, json_schema
from eligibility.case.fields import Model, Shape, shapes
from eligibility.quantities import Money, Month
from tests.strategies import case_data, identity_number


def _models(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for shape in set(shapes(model).values()):
        if shape.model is not None:
            yield from _models(shape.model)


def _shapes() -> set[Shape]:
    return {shape for model in _models(Case) for shape in shapes(model).values()}


def test_one_title_per_attribute_and_vice_versa() -> None:
    pairs = {(shape.key, shape.title) for shape in _shapes()}
    assert len(pairs) == len({key for key, _ in pairs}) == len({title for _, title in pairs})
    assert len(pairs) > 80


def test_every_field_is_described_in_chinese() -> None:
    for model in _models(Case):
        assert not str(model.model_config["title"]).isascii()
        for info in model.model_fields.values():
            assert info.title is not None
            assert info.description is not None
            assert not info.title.isascii()
            assert not info.description.isascii()


def test_sensitive_fields() -> None:
    assert {shape.key for shape in _shapes() if shape.sensitive} == {
        "identity_number",
        "number",
        "hiv",
        "illness",
        "name",
    }


def test_repr_holds_no_personal_data() -> None:
    number = identity_number(date(1985, 3, 1), 12)
    person = case_from_data(
        {"members": [{"id": "甲", "name": "张三", "identity_number": number, "child": {"hiv": True}}]}
    ).members[0]
    assert number not in repr(person)
    assert "张三" not in repr(person)
    assert "hiv" not in repr(person)


@given(case_data())
@settings(deadline=None)
def test_canonical_round_trip(data: dict[str, Any]) -> None:
    case = case_from_data(data)
    plain = canonical(case)
    assert case_from_data(json.loads(json.dumps(plain))) == case
    assert canonical(case_from_data(plain)) == plain


@given(case_data(2))
@settings(deadline=None, max_examples=50)
def test_chinese_keys_make_the_same_case(data: dict[str, Any]) -> None:
    case = case_from_data(data)
    chinese = _in_chinese(canonical(case), Case)
    assert case_from_data(chinese) == case


def _in_chinese(value: Any, model: type[Model] | None) -> Any:
    if isinstance(value, list):
        return [_in_chinese(item, model) for item in value]
    if not isinstance(value, dict) or model is None:
        return value
    table = shapes(model)
    return {table[key].title: _in_chinese(inner, table[key].model) for key, inner in value.items()}


def test_canonical_is_one_form() -> None:
    """Different writings of one case, one canonical form; nothing absent, nothing that is a default."""
    one = case_from_data(
        {
            "成员": [
                {"编号": "甲", "收入": [{"种类": "养老金", "金额": 1480, "周期": "月"}], "残疾": "未知"}
            ],
            "家庭": {"住房": [{"面积": 58}], "家庭情形": ["单亲"], "车辆": []},
        }
    )
    other = case_from_data(
        {
            "household": {"vehicles": [], "situations": [{"kind": "单亲"}], "dwellings": [{"area": "58.0"}]},
            "members": [
                {"id": " 甲 ", "incomes": [{"kind": "养老金", "amount": "1,480.00元"}], "name": None}
            ],
        }
    )
    assert (
        canonical(one)
        == canonical(other)
        == {
            "household": {"dwellings": [{"area": "58.00"}], "situations": [{"kind": "单亲"}], "vehicles": []},
            "members": [{"id": "甲", "incomes": [{"kind": "养老金", "amount": "1480.00"}]}],
        }
    )


def test_values_become_types() -> None:
    case = case_from_data(
        {
            "members": [{"id": "甲", "birth_date": "2000-02-29", "local_hukou": "有", "sex": "女"}],
            "household": {
                "dwellings": [{"area": "58.5"}],
                "benefits_in_payment": [
                    {"programme": "低保", "paid": {"2025-07": "100", "2025-08": "unknown"}}
                ],
            },
        }
    )
    person, household = case.members[0], case.household
    assert person.birth_date == date(2000, 2, 29)
    assert person.local_hukou is True
    assert household.dwellings is not None
    assert household.dwellings[0].area == Decimal("58.50")
    assert household.benefits_in_payment is not None
    assert household.benefits_in_payment[0].paid == {Month("2025-07"): Money(100)}


def test_frozen_and_strict() -> None:
    person = Person(id="甲")
    with pytest.raises(ValidationError):
        person.id = "乙"
    with pytest.raises(ValidationError):
        Person.model_validate({"id": "甲", "nickname": "x"})


def test_schema_speaks_chinese() -> None:
    schema = json_schema()
    json.dumps(schema)
    person = schema["$defs"]["Person"]
    assert schema["title"] == "个案"
    assert person["title"] == "成员"
    assert person["properties"]["birth_date"]["title"] == "出生日期"
    assert person["properties"]["identity_number"]["sensitive"] is True
    assert person["properties"]["incomes"]["question"]
    assert "from" in schema["$defs"]["Income"]["properties"]
    assert person["allOf"] == [{"anyOf": [{"required": ["id"]}, {"required": ["编号"]}]}]
    assert person["properties"]["出生日期"] == person["properties"]["birth_date"]
    assert {"家庭", "household", "预期", "expect"} <= set(schema["properties"])
    assert person["additionalProperties"] is False
