"""What a row of a register means, and that normalising it keeps that meaning and leaves nothing to be inferred."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.case import Case, Declaration
from eligibility.errors import InputError
from eligibility.quantities import Money, Month
from eligibility.register.cases import case_of
from eligibility.register.columns import Column, register_columns
from eligibility.register.normal import normal_columns, normalised
from eligibility.register.schema import register_schema, schema_of
from eligibility.ruleset import load_ruleset
from eligibility.values import Level

from ..strategies import identity_number, register_rows

BEIJING = load_ruleset("beijing")
KINDS = ("工资性收入", "经营净收入", "城乡基础养老金")
SCHEMA = register_schema(BEIJING)
HOLDER = identity_number(date(1990, 1, 2), 11)


def case(household: dict[str, Any] | None = None, *members: dict[str, Any]) -> Case:
    row = {"家庭编号": "甲", **(household or {}), "成员": list(members or ({},))}
    return case_of(row, KINDS)


def person(**cells: Any) -> Any:
    return case(None, cells).members[0]


def declared(**cells: Any) -> Any:
    return case({"声明": "未列事项均无"}, cells).members[0]


def test_what_is_blank_is_left_out() -> None:
    empty = case({"货币财产": None, "车辆": None}, {"姓名": None, "残疾": None})
    assert empty.household == type(empty.household)()
    assert empty.members[0].model_dump(exclude_none=True) == {"id": "1"}
    assert empty.declaration is None


def test_members_are_numbered_where_the_row_does_not() -> None:
    assert [one.id for one in case(None, {}, {"成员编号": "母亲"}, {}).members] == ["1", "母亲", "3"]


def test_a_declaration_speaks_for_everybody() -> None:
    assert case({"声明": "未列事项均无"}).declaration == Declaration(household=True, members=True)


def test_the_household() -> None:
    household = case(
        {
            "地区": "110112000000",
            "货币财产": 12_345,
            "其他财产": 0,
            "住房套数": 2,
            "住房面积": 5850,
            "车辆": "机动车、机动车（治病）、大型农机具",
            "家庭情形": "单亲",
            "赡养抚养费": 30_000,
            "采暖面积": 6000,
            "采暖季": "2020-2021",
        }
    ).household
    assert household.monetary_assets == Money("123.45")
    assert household.other_property == ()
    assert household.dwellings is not None
    assert [item.area for item in household.dwellings] == [Decimal("58.50"), Decimal("0.00")]
    assert household.vehicles is not None
    assert [(item.vehicle_kind, item.use) for item in household.vehicles] == [
        ("机动车", None),
        ("机动车", "治病"),
        ("大型农机具", None),
    ]
    assert household.situations is not None
    assert household.situations[0].kind == "单亲"
    assert household.supporters is not None
    assert household.supporters[0].amount == Money(300)
    assert household.heating is not None
    assert household.heating.area == Decimal("60.00")
    assert household.heating.season == "2020-2021"


@pytest.mark.parametrize(("count", "areas"), [(None, None), (0, []), (1, [None]), (3, [None, None, None])])
def test_dwellings_of_unknown_area(count: int | None, areas: list[None] | None) -> None:
    dwellings = case({"住房套数": count}).household.dwellings
    assert (None if dwellings is None else [item.area for item in dwellings]) == areas


def test_incomes_without_a_declaration_are_of_every_kind() -> None:
    assert person().incomes is None
    incomes = person(**{"收入.工资性收入": 100, "收入.奖学金": None}).incomes
    assert [(item.kind, item.amount) for item in incomes] == [
        ("工资性收入", Money(1)),
        ("经营净收入", None),
        ("城乡基础养老金", None),
        ("奖学金", None),
    ]


def test_incomes_with_a_declaration_are_those_given() -> None:
    incomes = declared(**{"收入.经营净收入": -500, "收入.奖学金": None}).incomes
    assert [(item.kind, item.amount) for item in incomes] == [("经营净收入", Money("-5.00"))]
    assert declared().incomes is None


@pytest.mark.parametrize("reader", [person, declared])
def test_the_central_share_belongs_to_the_basic_pension(reader: Any) -> None:
    incomes = {item.kind: item for item in reader(城乡基础养老金中央部分=12_300).incomes}
    assert incomes["城乡基础养老金"].central_share == Money(123)
    assert incomes["城乡基础养老金"].amount is None


def test_deductions() -> None:
    assert person().deductions is None
    given_ = {item.kind: item.amount for item in person(社会保险费=100).deductions}
    assert given_ == {"必要就业成本": None, "社会保险费": Money(1), "个人所得税": None, "赡养抚养支出": None}
    assert [item.kind for item in declared(社会保险费=100).deductions] == ["社会保险费"]


def test_other_benefits() -> None:
    assert person().other_benefits is None
    items = person(领取工伤生活护理费=True, 其他生活类补贴月额=500).other_benefits
    assert [(item.kind, item.nature, item.amount) for item in items] == [
        ("工伤生活护理", "护理", None),
        ("其他", "生活", Money(5)),
        ("其他", "护理", None),
    ]
    items = declared(其他护理类补贴月额=500).other_benefits
    assert [(item.kind, item.nature, item.amount) for item in items] == [("其他", "护理", Money(5))]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"残疾证": "有"}, (None, None)),
        ({"残疾证类别": "肢体", "残疾证等级": "二级"}, ("肢体", "二级")),
        ({"残疾证号": f"{HOLDER}43"}, ("肢体", "三级")),
        ({"残疾证号": f"{HOLDER}71B2"}, ("多重", "一级")),
    ],
)
def test_certificates(cells: dict[str, Any], expected: tuple[str | None, str | None]) -> None:
    certificate = person(**cells).disability_certificate
    assert (certificate.category, certificate.grade) == expected
    assert person().disability_certificate is None


def test_lists_of_a_person() -> None:
    one = person(
        残疾="肢体二级、视力一级", 身份="困补", 患重大疾病=True, 不计入情形="服刑", 服刑起始=date(2020, 1, 1)
    )
    assert [(item.category, item.grade) for item in one.disabilities] == [("肢体", "二级"), ("视力", "一级")]
    assert [item.kind for item in one.statuses] == ["困补"]
    assert len(one.serious_illnesses) == 1
    assert [(item.kind, item.since) for item in one.not_counted] == [("服刑", date(2020, 1, 1))]
    none = person(残疾="无", 身份="无", 患重大疾病=False, 不计入情形="无")
    assert none.disabilities == none.statuses == none.serious_illnesses == none.not_counted == ()


def test_parents_are_listed_where_a_column_is_given() -> None:
    assert person(弃婴=True).child.parents is None
    parents = person(
        **{"父母2.情形": "失联、服刑", "父母2.失联报警回执": True, "父母2.刑期月数": 24}
    ).child.parents
    assert len(parents) == 1
    assert [(item.kind, item.police_receipt, item.term_months) for item in parents[0].circumstances] == [
        ("失联", True, None),
        ("服刑", None, 24),
    ]
    assert person(**{"父母1.情形": "无"}).child.parents[0].circumstances == ()


def test_benefits_in_payment() -> None:
    household = {"在享待遇": "低保", "在享月额.低保": 100_000, "已发.低保.2025-07": 90_000}
    member = {"在享待遇": "护理补贴", "在享起始.护理补贴": date(2020, 1, 1)}
    first, second = case(household, member, {"在享待遇": None}).household.benefits_in_payment or ()
    assert (first.programme, first.amount, first.persons) == ("低保", Money(1000), None)
    assert first.paid == {Month("2025-07"): Money(900)}
    assert (second.programme, second.from_, second.persons) == ("护理补贴", date(2020, 1, 1), ("1",))
    assert case({"在享待遇": "无"}).household.benefits_in_payment == ()
    assert case().household.benefits_in_payment is None
    declared_ = case({"声明": "未列事项均无"}, {"在享待遇": "护理补贴"}).household.benefits_in_payment or ()
    assert [item.programme for item in declared_] == ["护理补贴"]


@pytest.mark.parametrize(
    ("household", "member", "column"),
    [
        ({"住房面积": 100}, {}, "住房面积"),
        ({"住房套数": 0, "住房面积": 100}, {}, "住房面积"),
        ({"在享月额.低保": 100}, {}, "在享月额.低保"),
        ({"在享待遇": "低收入", "已发.低保.2025-07": 100}, {}, "已发.低保.2025-07"),
        ({}, {"在享待遇": "护理补贴"}, "在享待遇"),
        ({"在享待遇": "无"}, {"在享起始.护理补贴": date(2020, 1, 1)}, "在享起始.护理补贴"),
        ({}, {"其他生活类补贴月额": 1}, "其他生活类补贴月额"),
        ({}, {"其他护理类补贴月额": 1}, "其他护理类补贴月额"),
        ({}, {"服刑起始": date(2020, 1, 1)}, "服刑起始"),
        ({}, {"不计入情形": "服刑", "宗教教职离家起始": date(2020, 1, 1)}, "宗教教职离家起始"),
        ({}, {"父母1.情形": "服刑", "父母1.失联起始": date(2020, 1, 1)}, "父母1.失联起始"),
        ({}, {"成员编号": "无"}, "成员编号"),
    ],
)
def test_cells_that_do_not_fit_are_refused_by_name(
    household: dict[str, Any], member: dict[str, Any], column: str
) -> None:
    with pytest.raises(InputError, match=f"“{column}”") as refused:
        case(household, member)
    assert refused.value.code == "register-row"
    assert "家庭 甲" in str(refused.value.location)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"残疾": "肢体五级"}, "case-choice-value"),
        ({"残疾": "肢体一级、肢体二级"}, "case-category-twice"),
        ({"残疾证类别": "肢体"}, "case-certificate-incomplete"),
        ({"身份证号": "110199199001010012"}, "case-identity-number"),
        ({"残疾证号": "123"}, "case-certificate-number"),
        ({"父母1.成员编号": "9"}, "case-unknown-member"),
        ({"性别": "男", "身份证号": identity_number(date(1990, 1, 2), 12)}, "case-sex"),
    ],
)
def test_what_no_case_may_say_is_refused_in_the_words_of_cases(cells: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused:
        person(**cells)
    assert refused.value.code == code
    assert "110199199001010012" not in str(refused.value)


def normal(household: dict[str, Any], *members: dict[str, Any]) -> dict[str, Any]:
    """The one row of a batch after normalising, without what is unknown."""
    row = {"家庭编号": "甲", **household, "成员": list(members or ({},))}
    batch = pa.RecordBatch.from_pylist([row], schema=SCHEMA)
    (found,) = normalised(batch, tuple(BEIJING.income_kinds)).to_pylist()
    people = [known(one) for one in found.pop("成员")]
    return {**known(found), "成员": people}


def known(cells: dict[str, Any]) -> dict[str, Any]:
    return {title: value for title, value in cells.items() if value is not None}


def test_numbers_are_read() -> None:
    (one,) = normal({}, {"身份证号": HOLDER})["成员"]
    assert (one["成员编号"], one["出生日期"], one["性别"]) == ("1", date(1990, 1, 2), "男")
    (other,) = normal({}, {"残疾证号": f"{HOLDER}43B1", "性别": "男"})["成员"]
    assert (other["出生日期"], other["残疾证类别"], other["残疾证等级"]) == (date(1990, 1, 2), "肢体", "三级")
    assert "身份证号" not in other


def test_members_named_say_what_they_know() -> None:
    mother = {"成员编号": "母", "残疾": "肢体一级", "出生日期": date(1980, 1, 1)}
    child = {"成员编号": "子", "抚养人": "母", "父母1.成员编号": "母", "父母2.情形": "死亡"}
    other = {"成员编号": "女", "父母2.成员编号": "母", "父母2.残疾": "无"}
    _, one, two = normal({}, mother, child, other)["成员"]
    assert one["抚养人出生日期"] == date(1980, 1, 1)
    assert (one["父母1.状况"], one["父母1.残疾"]) == ("已知", "肢体一级")
    assert "父母2.状况" not in one
    assert (two["父母1.成员编号"], two["父母1.残疾"], two["父母1.状况"]) == ("母", "无", "已知")
    assert not any(title.startswith("父母2") for title in two)


def test_a_declaration_becomes_explicit() -> None:
    row = normal({"声明": "未列事项均无", "车辆": "机动车"}, {"身份": "特困", "父母1.状况": "已知"})
    assert row["车辆"] == "机动车"
    assert (row["家庭情形"], row["其他财产"], row["住房套数"], row["赡养抚养费"]) == ("无", 0, 0, 0)
    assert row["在享待遇"] == "无"
    assert "月租金" not in row
    (one,) = row["成员"]
    assert (one["身份"], one["不计入情形"], one["残疾"], one["患重大疾病"]) == ("特困", "无", "无", False)
    assert {one[f"收入.{kind}"] for kind in BEIJING.income_kinds} == {0}
    assert (one["社会保险费"], one["领取工伤生活护理费"], one["其他护理类补贴月额"]) == (0, False, 0)
    assert (one["父母1.情形"], one["父母1.残疾"], one["在享待遇"]) == ("无", "无", "无")
    assert "父母2.情形" not in one


@pytest.mark.parametrize(
    ("certificate", "impairments"),
    [
        ({"残疾证": "有"}, None),
        ({"残疾证类别": "肢体", "残疾证等级": "二级"}, "肢体二级"),
        ({"残疾证类别": "多重", "残疾证等级": "二级"}, None),
    ],
)
def test_beside_a_certificate_a_declaration_says_only_what_it_can(
    certificate: dict[str, Any], impairments: str | None
) -> None:
    (one,) = normal({"声明": "未列事项均无"}, certificate)["成员"]
    assert one.get("残疾") == impairments


def test_a_declaration_says_nothing_of_a_parent_who_is_a_member() -> None:
    mother = {"成员编号": "母", "残疾证": "有"}
    row = normal({"声明": "未列事项均无"}, mother, {"父母1.成员编号": "母"}, {"父母1.成员编号": "2"})
    assert "父母1.残疾" not in row["成员"][1]
    assert row["成员"][2]["父母1.残疾"] == "无"


def test_without_a_declaration_nothing_is_said() -> None:
    row = normal({"在享待遇": "低保"}, {})
    assert row == {"家庭编号": "甲", "在享待遇": "低保", "成员": [{"成员编号": "1", "在享待遇": "无"}]}


def test_numbers_that_cannot_be_read_are_refused_without_repeating_them() -> None:
    with pytest.raises(InputError) as refused:
        normal({}, {"身份证号": "11019919901340001X"})
    assert refused.value.code == "register-number"
    assert "110199" not in str(refused.value)


def columns_of(rows: list[dict[str, Any]]) -> list[Column]:
    given_ = {Level.HOUSEHOLD: {title for row in rows for title in row}}
    given_[Level.PERSON] = {title for row in rows for one in row["成员"] for title in one}
    return [column for column in register_columns(BEIJING) if column.title in given_[column.level]]


@given(st.lists(register_rows(BEIJING), min_size=1, max_size=3))
@settings(max_examples=30)
def test_normalising_again_changes_nothing_and_columns_are_known_beforehand(
    rows: list[dict[str, Any]],
) -> None:
    columns = columns_of(rows)
    kinds = tuple(BEIJING.income_kinds)
    once = normalised(pa.RecordBatch.from_pylist(rows, schema=schema_of(columns)), kinds)
    expected = schema_of(normal_columns(columns, kinds))
    assert {field.name: field.type for field in once.schema if field.name != "成员"} == {
        field.name: field.type for field in expected if field.name != "成员"
    }
    people, wanted = once.schema.field("成员").type.value_type, expected.field("成员").type.value_type
    assert {field.name: field.type for field in people} == {field.name: field.type for field in wanted}
    assert normalised(once, kinds).to_pylist() == once.to_pylist()


def test_no_households() -> None:
    empty = pa.RecordBatch.from_pylist([], schema=SCHEMA)
    assert normalised(empty, KINDS).num_rows == 0
