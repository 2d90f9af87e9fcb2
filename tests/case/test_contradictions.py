"""Contradictions: each is found at its place, all at once, and none in a consistent case."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from eligibility.case import case_from_data, parse_case
from eligibility.errors import InputError
from eligibility.reading import read_text
from tests.strategies import identity_number

BORN = date(1985, 3, 1)
NUMBER = identity_number(BORN, 12)
OTHER = identity_number(BORN, 14)


def found(data: dict[str, Any]) -> set[tuple[str, str]]:
    """Code and Chinese path of every contradiction."""
    try:
        case_from_data(data)
    except InputError as error:
        for problem in error.problems:
            assert NUMBER not in str(problem)
            assert "1985" not in problem.message
        return {(problem.code, problem.message.split("：")[0]) for problem in error.problems}
    return set()


def person(**fields: Any) -> dict[str, Any]:
    return {"members": [{"id": "甲", **fields}]}


def pair(first: dict[str, Any], second: dict[str, Any], **household: Any) -> dict[str, Any]:
    return {"household": household, "members": [{"id": "甲", **first}, {"id": "乙", **second}]}


def certificate(**fields: Any) -> dict[str, Any]:
    return person(disability_certificate=fields)


PARENTS = "成员[2].儿童.父母"


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        (person(identity_number=NUMBER, birth_date="1985-03-02"), "case-birth-date", "成员[1].出生日期"),
        (person(identity_number=NUMBER, sex="男"), "case-sex", "成员[1].性别"),
        (
            person(identity_number=OTHER, disability_certificate={"number": NUMBER + "11"}),
            "case-certificate-holder",
            "成员[1].残疾证.残疾证号",
        ),
        (
            {
                "members": [
                    {
                        "id": "甲",
                        "birth_date": "1985-03-02",
                        "disability_certificate": {"number": NUMBER + "11"},
                    }
                ]
            },
            "case-birth-date",
            "成员[1].出生日期",
        ),
        (
            certificate(number=NUMBER + "11", category="听力", grade="一级"),
            "case-certificate-category",
            "成员[1].残疾证.类别",
        ),
        (
            certificate(number=NUMBER + "11", category="视力", grade="二级"),
            "case-certificate-grade",
            "成员[1].残疾证.等级",
        ),
        (certificate(category="视力"), "case-certificate-incomplete", "成员[1].残疾证"),
        (certificate(grade="一级"), "case-certificate-incomplete", "成员[1].残疾证"),
        (
            person(disabilities=[], disability_certificate={"category": "视力", "grade": "一级"}),
            "case-certificate-list",
            "成员[1].残疾",
        ),
        (
            person(
                disabilities=[{"category": "听力", "grade": "一级"}],
                disability_certificate={"category": "视力", "grade": "一级"},
            ),
            "case-certificate-list",
            "成员[1].残疾",
        ),
        (
            person(
                disabilities=[{"category": "视力", "grade": "二级"}],
                disability_certificate={"number": NUMBER + "11"},
            ),
            "case-certificate-list",
            "成员[1].残疾[1].等级",
        ),
        (
            person(
                disabilities=[{"category": "视力", "grade": "二级"}, {"category": "视力", "grade": "一级"}]
            ),
            "case-category-twice",
            "成员[1].残疾[2].类别",
        ),
        (
            pair({}, {"child": {"parents": [{"disabilities": [{"category": "视力", "grade": "二级"}] * 2}]}}),
            "case-category-twice",
            f"{PARENTS}[1].残疾[2].类别",
        ),
        (
            pair(
                {"birth_date": "2000-01-01", "relation_to_head": "户主"},
                {"birth_date": "2000-01-01", "relation_to_head": "子女"},
            ),
            "case-generation",
            "成员[2].与户主关系",
        ),
        (
            pair(
                {"birth_date": "2000-01-01", "relation_to_head": "户主"},
                {"birth_date": "2001-01-01", "relation_to_head": "父母"},
            ),
            "case-generation",
            "成员[2].与户主关系",
        ),
        (
            pair(
                {"birth_date": "2000-01-01"},
                {"birth_date": "1999-01-01", "relation_to_applicant": "孙子女"},
                applicant="甲",
            ),
            "case-generation",
            "成员[2].与申请人关系",
        ),
        (
            pair(
                {"identity_number": NUMBER},
                {"birth_date": "1985-03-01", "child": {"parents": [{}, {"reference": "甲"}]}},
            ),
            "case-generation",
            f"{PARENTS}[2].成员编号",
        ),
        (
            pair({"relation_to_head": "户主"}, {"relation_to_head": "户主"}),
            "case-two-heads",
            "成员[2].与户主关系",
        ),
        (
            pair({"relation_to_applicant": "本人"}, {"relation_to_applicant": "本人"}),
            "case-two-applicants",
            "成员[2].与申请人关系",
        ),
        (
            pair({}, {"relation_to_applicant": "本人"}, applicant="甲"),
            "case-applicant",
            "成员[2].与申请人关系",
        ),
        (
            pair({"relation_to_applicant": "子女"}, {}, applicant="甲"),
            "case-applicant",
            "成员[1].与申请人关系",
        ),
        (
            pair(
                {"relation_to_head": "户主"},
                {"relation_to_head": "子女", "relation_to_applicant": "配偶"},
                applicant="甲",
            ),
            "case-relation",
            "成员[2].与申请人关系",
        ),
        (pair({}, {}, applicant="丙"), "case-unknown-member", "家庭.申请人"),
        (
            pair({}, {}, benefits_in_payment=[{"programme": "低保", "persons": ["甲", "丙"]}]),
            "case-unknown-member",
            "家庭.在享待遇[1].保障对象[2]",
        ),
        (person(spouse="丙"), "case-unknown-member", "成员[1].配偶"),
        (person(guardian="丙"), "case-unknown-member", "成员[1].监护人"),
        (person(carer="丙"), "case-unknown-member", "成员[1].抚养人"),
        (
            person(child={"parents": [{"reference": "丙"}]}),
            "case-unknown-member",
            "成员[1].儿童.父母[1].成员编号",
        ),
        (person(spouse="甲"), "case-self", "成员[1].配偶"),
        (person(guardian="甲"), "case-self", "成员[1].监护人"),
        (person(child={"parents": [{"reference": "甲"}]}), "case-self", "成员[1].儿童.父母[1].成员编号"),
        (
            pair({}, {"child": {"parents": [{"reference": "甲"}, {"reference": "甲"}]}}),
            "case-same-parent",
            f"{PARENTS}[2].成员编号",
        ),
        (
            pair({}, {"child": {"parents": [{"reference": "甲", "status": "查找不到"}]}}),
            "case-parent-status",
            f"{PARENTS}[1].父母状况",
        ),
        (
            pair({"birth_date": "1985-03-01"}, {"carer": "甲", "carer_birth_date": "1985-03-02"}),
            "case-carer-birth-date",
            "成员[2].抚养人出生日期",
        ),
        ({"members": [{"id": "甲"}, {"id": " 甲"}]}, "case-duplicate-id", "成员[2].编号"),
        (
            pair({"identity_number": NUMBER}, {"identity_number": f"'{NUMBER}"}),
            "case-duplicate-identity-number",
            "成员[2].身份证号",
        ),
        (
            person(incomes=[{"kind": "a", "from": "2025-07-01", "until": "2025-07-01"}]),
            "case-until",
            "成员[1].收入[1].失效日期",
        ),
        (
            person(
                child={
                    "parents": [
                        {"circumstances": [{"kind": "失联", "since": "2025-07-02", "until": "2025-07-01"}]}
                    ]
                }
            ),
            "case-until",
            "成员[1].儿童.父母[1].父母情形[1].失效日期",
        ),
        (
            person(serious_illnesses=[{"certified": "2025-07-02", "until": "2025-07-01"}]),
            "case-until",
            "成员[1].重大疾病[1].失效日期",
        ),
        (
            person(incomes=[{"kind": "养老金", "amount": 5, "central_share": 1}]),
            "case-central-share",
            "成员[1].收入[1].中央部分",
        ),
        (
            person(
                incomes=[
                    {"kind": "城乡基础养老金", "amount": 1200, "period": "年", "central_share": "100.01"}
                ]
            ),
            "case-central-share",
            "成员[1].收入[1].中央部分",
        ),
        (
            {**person(), "household": {"choices": [{"between": ["a", "b"], "chosen": "c"}]}},
            "case-choice",
            "家庭.选择[1].所选项目",
        ),
        ({**person(), "declaration": {"家庭": ["住房", "住宅"]}}, "case-unknown-list", "声明.家庭[2]"),
        ({**person(), "declaration": {"成员": {"甲": ["住房"]}}}, "case-unknown-list", "声明.成员[甲][1]"),
        ({**person(), "declaration": {"成员": {"丙": True}}}, "case-unknown-member", "声明.成员[丙]"),
        (person(incomes=[{"kind": "a", "amount": 600_000_000}] * 2), "case-sum", "成员[1].收入"),
        (
            {**person(), "household": {"other_property": [{"amount": 600_000_000}] * 2}},
            "case-sum",
            "家庭.其他财产",
        ),
        ({**person(), "household": {"dwellings": [{"area": 60_000}] * 2}}, "case-sum", "家庭.住房"),
    ],
)
def test_one_contradiction(data: dict[str, Any], code: str, path: str) -> None:
    assert found(data) == {(code, path)}


def test_spouses_point_at_each_other() -> None:
    data = {"members": [{"id": "甲", "spouse": "乙"}, {"id": "乙", "spouse": "丙"}, {"id": "丙"}]}
    assert found(data) == {("case-spouse", "成员[1].配偶")}


def test_all_at_once_with_places_in_file_order() -> None:
    text = f"""\
家庭: {{申请人: 妈妈}}
成员:
  - 编号: 母亲
    身份证号: "{NUMBER}"
    性别: 男
    与户主关系: 户主
  - 编号: 孩子
    出生日期: 1980-01-01
    与户主关系: 子女
    配偶: 孩子
    收入: [{{种类: 养老金, 生效日期: 2025-07-01, 失效日期: 2025-06-01}}]
"""
    with pytest.raises(InputError) as caught:
        parse_case(read_text(text, file="家.yaml"))
    assert [(problem.location, problem.code) for problem in caught.value.problems] == [
        ("家.yaml:1:11", "case-unknown-member"),
        ("家.yaml:5:9", "case-sex"),
        ("家.yaml:9:12", "case-generation"),
        ("家.yaml:10:9", "case-self"),
        ("家.yaml:11:44", "case-until"),
    ]
    assert caught.value.problems[0].hint == "可用：母亲、孩子"


@pytest.mark.parametrize(
    "data",
    [
        person(
            identity_number=NUMBER,
            birth_date="1985-03-01",
            sex="女",
            disability_certificate={"number": NUMBER + "11"},
        ),
        person(
            disabilities=[], disability_certificate={"until": "2020-01-01"}, disability_list_complete=False
        ),
        person(
            disabilities=[
                {"category": "视力", "grade": "二级", "until": "2020-01-01"},
                {"category": "视力", "grade": "一级", "from": "2020-01-01"},
            ],
            disability_certificate={"category": "视力", "grade": "一级", "from": "2020-01-01"},
        ),
        person(
            disabilities=[{"category": "听力", "grade": "一级"}],
            disability_certificate={"category": "多重", "grade": "一级"},
        ),
        pair(
            {"relation_to_head": "户主", "birth_date": "1985-03-01", "spouse": "乙"},
            {"relation_to_head": "配偶", "relation_to_applicant": "配偶", "spouse": "甲"},
            applicant="甲",
        ),
        person(incomes=[{"kind": "城乡基础养老金", "amount": 1200, "period": "年", "central_share": 100}]),
    ],
)
def test_consistent_cases_are_accepted(data: dict[str, Any]) -> None:
    assert found(data) == set()


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ({"共同生活": "否", "共同生活起始": "2020-01-01"}, "case-denied"),
        ({"本市户籍": "否", "户籍迁入日期": "2020-01-01"}, "case-denied"),
        ({"出生日期": "1980-01-01", "死亡日期": "1979-01-01"}, "case-death-date"),
        ({"抚养人": "无", "抚养人出生日期": "1960-01-01"}, "case-carer"),
        ({"死亡日期": "未知"}, "case-unknown-meaning"),
        ({"收入": [{"种类": "工资性收入", "金额": 1, "周期": "未知"}]}, "case-unknown-meaning"),
        ({"收入": [{"种类": "工资性收入", "金额": 1, "失效日期": "未知"}]}, "case-unknown-meaning"),
        ({"重大疾病": [{"诊断日期": "未知"}]}, "case-unknown-meaning"),
    ],
)
def test_what_cannot_stand_together_or_be_unknown(person: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        case_from_data({"成员": [{"编号": "甲", **person}]})
    assert caught.value.code == code
