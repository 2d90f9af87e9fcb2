"""The columns of a register: titles and keys, what the case model gives them, and those a ruleset adds."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.case.fields import choices
from eligibility.case.household import VehicleKind
from eligibility.case.items import CircumstanceKind
from eligibility.errors import InputError
from eligibility.quantities import Month
from eligibility.register.columns import (
    COLUMNS,
    HOUSEHOLD_COLUMNS,
    IMPAIRMENTS,
    MEMBERS,
    PERSON_COLUMNS,
    VEHICLES,
    Column,
    ColumnKind,
    column_of,
    english,
    income_column,
    list_text,
    paid_column,
    receipt_columns,
    register_columns,
    words,
)
from eligibility.register.schema import WORDS, arrow_type, register_schema, schema_of, stored_schema
from eligibility.ruleset import Ruleset
from eligibility.values import Level

KINDS = {column.title: column.kind for column in COLUMNS}


def test_titles_and_keys_are_unique_at_each_level() -> None:
    for columns in (HOUSEHOLD_COLUMNS, PERSON_COLUMNS):
        assert len({column.title for column in columns}) == len(columns)
        assert len({column.key for column in columns}) == len(columns)
        assert all(column.key.isascii() for column in columns)
        assert all(column.description for column in columns)


def test_one_title_has_one_key() -> None:
    keys: dict[str, set[str]] = {}
    for column in COLUMNS:
        keys.setdefault(column.title, set()).add(column.key)
    assert all(len(found) == 1 for found in keys.values())


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.level.name} {column.title}")
def test_every_column_is_found_in_both_languages(column: Column) -> None:
    assert column_of(column.title, column.level) == column
    assert column_of(column.key, column.level) == column
    assert column_of(f" {column.title} ", column.level) == column
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in column.title)
    assert unicodedata.normalize("NFKC", wide) == column.title
    assert column_of(wide, column.level) == column


def test_what_the_case_model_says_of_a_column() -> None:
    sensitive = {column.title for column in COLUMNS if column.sensitive}
    assert sensitive == {"姓名", "身份证号", "残疾证号", "艾滋病病毒感染"}
    assert {column.title for column in COLUMNS if column.required} == {"家庭编号", "成员编号"}
    first = column_of("父母1.情形", Level.PERSON)
    assert first is not None
    assert first.choices == choices(CircumstanceKind)
    assert KINDS["地区"] is ColumnKind.CODE
    assert KINDS["住房面积"] is ColumnKind.AREA
    assert KINDS["刑期月数"] is ColumnKind.TERM
    assert KINDS["抚养人"] is KINDS["父母2.成员编号"] is ColumnKind.MEMBER
    assert KINDS["残疾证号"] is KINDS["采暖季"] is ColumnKind.TEXT
    assert KINDS["户籍迁入日期"] is ColumnKind.DATE
    assert not any("[]" in column.description for column in COLUMNS)


def test_columns_that_repeat() -> None:
    assert column_of("收入.养老金", Level.PERSON) == income_column("养老金", signed=True)
    assert column_of("income.养老金", Level.PERSON) == income_column("养老金", signed=True)
    assert column_of("收入.养老金", Level.HOUSEHOLD) is None
    amount, since = receipt_columns("低保", Level.HOUSEHOLD)
    assert column_of("在享月额.低保", Level.HOUSEHOLD) == amount
    assert column_of("in_payment_since.低保", Level.HOUSEHOLD) == since
    assert (amount.kind, since.kind) == (ColumnKind.MONEY, ColumnKind.DATE)
    paid = paid_column("护理补贴", Month("2025-08"), Level.PERSON)
    assert paid.title == "已发.护理补贴.2025-08"
    assert column_of(paid.title, Level.PERSON) == column_of(paid.key, Level.PERSON) == paid


@pytest.mark.parametrize(
    "name",
    ["收入.", "收入", "已发.低保", "已发.低保.2025-13", "已发..", "月收入", "", "父母3.情形", "在享.低保"],
)
def test_what_is_no_column(name: str) -> None:
    assert column_of(name, Level.PERSON) is None


def test_the_members_table_names_the_household() -> None:
    column = column_of("家庭编号", Level.PERSON)
    assert column is not None
    assert column.level is Level.HOUSEHOLD
    assert column_of("地区", Level.PERSON) is None


def test_the_columns_of_a_ruleset(beijing: Ruleset) -> None:
    columns = register_columns(beijing)
    household = register_columns(beijing, Level.HOUSEHOLD)
    assert columns == (*household, *register_columns(beijing, Level.PERSON))
    by_title = {(column.level, column.title): column for column in columns}
    assert len(by_title) == len(columns)
    for kind in beijing.income_kinds.values():
        money = ColumnKind.SIGNED_MONEY if kind.signed else ColumnKind.MONEY
        assert by_title[Level.PERSON, f"收入.{kind.name}"].kind is money
    for text in beijing.programmes.values():
        assert (text.level, f"在享月额.{text.name}") in by_title
        assert text.name in by_title[text.level, "在享待遇"].choices
    assert set(COLUMNS) - set(columns) == {c for c in COLUMNS if c.title == "在享待遇"}


def test_english_names() -> None:
    assert english("出生日期") == "birth_date"
    assert english("父母2.刑期月数") == "parent2.prison_term_months"
    assert english("在享月额.低保") == "amount_in_payment.低保"
    assert english("不是列") == "不是列"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("肢体二级、视力一级", ("肢体二级", "视力一级")),
        ("肢体二级，视力一级", ("肢体二级", "视力一级")),
        ("肢体二级; 视力一级", ("肢体二级", "视力一级")),
        ("机动车（治病）　机动车", ("机动车(治病)", "机动车")),
        ("无", ()),
        (" 无 ", ()),
    ],
)
def test_lists_in_a_cell(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@given(st.lists(st.sampled_from([*VEHICLES, *IMPAIRMENTS])))
def test_a_list_is_read_as_it_is_stored(listed: list[str]) -> None:
    assert words(list_text(listed)) == tuple(listed)


def test_every_vehicle_of_a_case_has_a_word() -> None:
    assert {kind for kind, _ in VEHICLES.values()} == set(choices(VehicleKind))


def test_the_schema_of_a_ruleset(beijing: Ruleset) -> None:
    paid = paid_column("低保", Month("2025-08"))
    schema = register_schema(beijing, [paid])
    people = schema.field(MEMBERS).type.value_type
    assert schema.names[0] == "家庭编号"
    assert schema.names[-2:] == [paid.title, MEMBERS]
    assert people.field("残疾").type == WORDS
    assert people.field("收入.养老金").type == pa.int64()
    assert people.field("出生日期").type == pa.date32()
    assert stored_schema(schema, "台账.arrow").equals(schema)


def test_plainer_types_are_read_and_inexact_ones_are_not() -> None:
    columns = [
        column
        for column in COLUMNS
        if column.title in ("家庭编号", "成员编号", "货币财产", "性别", "出生日期")
    ]
    schema = schema_of(columns)
    people = pa.struct(
        [("成员编号", pa.large_string()), ("性别", pa.string()), ("出生日期", pa.timestamp("ms"))]
    )
    others = pa.schema(
        [("家庭编号", pa.string()), ("货币财产", pa.int32()), (MEMBERS, pa.large_list(people))]
    )
    assert stored_schema(others, "甲.parquet").equals(schema)
    wrong = pa.schema(
        [
            ("家庭编号", pa.string()),
            ("货币财产", pa.float64()),
            ("货币才产", pa.int64()),
            (MEMBERS, pa.list_(people)),
        ]
    )
    with pytest.raises(InputError) as refused:
        stored_schema(wrong, "甲.parquet")
    assert [problem.code for problem in refused.value.problems] == ["register-type", "register-column"]
    assert "货币财产" in str(refused.value.problems[1].hint)
    assert all(arrow_type(column) is not None for column in COLUMNS)


def test_a_file_without_its_keys_is_refused() -> None:
    schema = pa.schema([("货币财产", pa.int64()), (MEMBERS, pa.list_(pa.struct([("姓名", pa.string())])))])
    with pytest.raises(InputError) as refused:
        stored_schema(schema, "甲.parquet")
    assert ["家庭编号" in p.message or "成员编号" in p.message for p in refused.value.problems] == [
        True,
        True,
    ]
