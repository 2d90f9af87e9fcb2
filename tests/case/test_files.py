"""Case files: places, words and the nearest names in errors; nothing personal in any of them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit

from eligibility.case import Case, case_from_data, case_warnings, load_case, parse_case
from eligibility.errors import InputError, Problem
from eligibility.reading import MAX_BYTES, MAX_DEPTH, read_text
from tests.strategies import case_data, identity_number

NUMBER = identity_number(date(1985, 3, 1), 12)

GOOD = f"""\
标题: 单亲母亲与学童
声明: 未列事项均无
家庭:
  地区: "110112000000"
  申请人: 母亲
  rent: 800
成员:
  - 编号: 母亲
    身份证号: "'{NUMBER}"
    与户主关系: 户主
    收入:
      - {{种类: 工资性收入, 金额: "1,480.00", 周期: 月}}
  - id: 孩子
    birth_date: 2015-03-01
    不计入情形: []
    儿童:
      父母:
        - {{成员编号: 母亲}}
        - {{父母状况: 未知, 父母情形: [死亡]}}
预期: {{低保: {{结果: 符合}}}}
rests_on: 民发〔2021〕57号
"""


def parse(text: str) -> Case:
    return parse_case(read_text(text, file="家.yaml"))


def problems(text: str) -> dict[str, Problem]:
    """The problems of a text by their place within the file."""
    with pytest.raises(InputError) as caught:
        parse(text)
    return {(problem.location or "").removeprefix("家.yaml:"): problem for problem in caught.value.problems}


def members(lines: str) -> str:
    return f"成员:\n  - 编号: 甲\n{lines}"


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "家.yaml"
    path.write_text(GOOD, encoding="utf-8")
    case = load_case(path)
    mother, child = case.members
    assert case == load_case(str(path)) == parse(GOOD)
    assert mother.identity_number == NUMBER
    assert mother.known_birth_date == date(1985, 3, 1)
    assert child.child is not None
    assert child.child.parents is not None
    assert child.child.parents[1].status == "未知"
    assert case.declaration is not None
    assert case.declaration.members is True
    assert case.household.rent is not None
    assert case.household.rent.fen == 80_000


def test_unknown_words_are_absence() -> None:
    for word in ("unknown", "未知", "null", "", "~", "'ｕｎｋｎｏｗｎ'"):
        person = parse(members(f"    收入: {word}\n    性别: {word}\n    儿童: {word}\n")).members[0]
        assert person.incomes is None
        assert person.sex is None
        assert person.child is None
    with_status = (
        parse(members("    儿童: {父母: [{父母状况: unknown}, {父母状况: 未知}]}\n")).members[0].child
    )
    assert with_status is not None
    assert with_status.parents is not None
    assert [parent.status for parent in with_status.parents] == [None, "未知"]


@pytest.mark.parametrize(
    ("lines", "place", "code", "words"),
    [
        ("    姓明: 张\n", "3:9", "case-unknown-field", "成员[1]：没有“姓明”这个字段（最接近的名称：姓名）"),
        ("    birthdate: 2000-01-01\n", "3:16", "case-unknown-field", "最接近的名称：birth_date"),
        (
            "    性别: 男\n    sex: 男\n",
            "4:10",
            "case-both-languages",
            "成员[1].性别：“sex”和“性别”是同一个字段",
        ),
        ("    性别: 男性\n", "3:9", "case-choice-value", "应为 男、女 之一（最接近的名称：男）"),
        ("    学历阶段: 高 中\n", "3:11", "case-choice-value", "最接近的名称：高中"),
        ("    共同生活: 也许\n", "3:11", "case-truth", "应为 是、否、有、无"),
        ("    出生日期: 2000-13-01\n", "3:11", "case-date", "没有这一天"),
        ("    出生日期: 2000/1/1\n", "3:11", "case-date", "写法如 2025-07-01"),
        ("    出生日期: 20000101\n", "3:11", "case-date", "写法如 2025-07-01"),
        ("    出生日期: 1899-12-31\n", "3:11", "case-date", "1900-01-01 至 2199-12-31"),
        ("    稳定收入月额: 12.5\n", "3:13", "case-money", "浮点数"),
        ('    稳定收入月额: "1.234"\n', "3:13", "case-money", "最多两位小数"),
        ("    稳定收入月额: -1\n", "3:13", "case-money", "0 至 10 亿元"),
        ("    稳定收入月额: 1000000001\n", "3:13", "case-money", "0 至 10 亿元"),
        (f"    稳定收入月额: '{'9' * 5000}'\n", "3:13", "case-money", "金额写法"),
        ("    身份证号: '123'\n", "3:11", "case-identity-number", "18 位"),
        ("    身份证号: 123\n", "3:11", "case-identity-number", "应为文字"),
        ("    残疾证: {残疾证号: '1'}\n", "3:17", "case-certificate-number", "20 位"),
        ("    收入: 无\n", "3:9", "case-list", "没有就写 []"),
        ("    收入: [{金额: 5}]\n", "3:10", "case-missing-field", "成员[1].收入[1]：缺少“种类”"),
        ("    收入: [{种类: a}, {种类: b, 金额: 一}]\n", "3:31", "case-money", "成员[1].收入[2].金额"),
        (f"    收入: [{', '.join(['{种类: a}'] * 21)}]\n", "3:9", "case-list-length", "最多 20 项"),
        ("    收入: [工资]\n", "3:10", "case-mapping", "“名称: 值”的形式"),
        ("    儿童: 是\n", "3:9", "case-mapping", "“名称: 值”的形式"),
        ("    残疾: [{类别: 视力}]\n", "3:10", "case-missing-field", "缺少“等级”"),
        ("    不计入情形: [服役]\n", "3:13", "case-choice-value", "最接近的名称：服刑"),
        ("    不计入情形: [{种类: 服刑, 期限月数: 1201}]\n", "3:28", "case-integer", "0 至 1200"),
        ("    儿童: {父母: [{}, {}, {}]}\n", "3:14", "case-list-length", "最多 2 项"),
    ],
)
def test_errors_of_members(lines: str, place: str, code: str, words: str) -> None:
    found = problems(members(lines))
    assert list(found) == [place]
    assert found[place].code == code
    assert words in str(found[place])


@pytest.mark.parametrize(
    ("lines", "place", "code", "words"),
    [
        ("  地区: 110112000000\n", "2:7", "case-region", "加引号的 12 位"),
        ("  住房: [{面积: 58.5}]\n", "2:13", "case-area", "加引号"),
        ("  住房: [{面积: '58.555'}]\n", "2:13", "case-area", "最多两位小数"),
        ("  住房: [{面积: -1}]\n", "2:13", "case-area", "平方米数"),
        ("  采暖: {同住他处领取人数: 65}\n", "2:18", "case-integer", "0 至 64"),
        ("  申请: [{项目: 低保, 申请月份: 2025-13}]\n", "2:23", "case-month", "01 至 12"),
        ("  在享待遇: [{项目: 低保, 发放记录: {2025-7: 5}}]\n", "2:34", "case-month", "2025-07"),
        ("  在享待遇: [{项目: 低保, 发放记录: {2025-07: -5}}]\n", "2:35", "case-money", "发放记录[2025-07]"),
        ("  家庭情形: [丧亲]\n", "2:10", "case-choice-value", "单亲"),
    ],
)
def test_errors_of_the_household(lines: str, place: str, code: str, words: str) -> None:
    found = problems(f"家庭:\n{lines}成员: [{{编号: 甲}}]\n")
    assert list(found) == [place]
    assert found[place].code == code
    assert words in str(found[place])


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("- 1\n", "1:1", "case-mapping"),
        ("家庭: {}\n", "1:1", "case-missing-field"),
        ("成员: []\n", "1:5", "case-list-length"),
        ("成员: 无\n", "1:5", "case-list"),
        ("成员: [{姓名: 张三}]\n", "1:6", "case-missing-field"),
        ("成员: [{编号: 未知}]\n", "1:6", "case-missing-field"),
        ("成员: [{编号: ''}]\n", "1:11", "case-text"),
        ("声明: 都没有\n成员: [{编号: 甲}]\n", "1:5", "case-declaration"),
        ("声明: {家庭: 都没有}\n成员: [{编号: 甲}]\n", "1:10", "case-declaration"),
        ("声明: {成员: [甲]}\n成员: [{编号: 甲}]\n", "1:10", "case-declaration"),
        ("声明: {成员: {甲: false}}\n成员: [{编号: 甲}]\n", "1:10", "case-declaration"),
        ("成员: [{编号: 甲}]\n成员: [{编号: 甲}]\n", "2:1", "yaml-duplicate-key"),
        (f"成员: [{', '.join(f'{{编号: p{n}}}' for n in range(65))}]\n", "1:5", "case-list-length"),
    ],
)
def test_errors_of_the_case(text: str, place: str, code: str) -> None:
    found = problems(text)
    assert {place: code} == {where: problem.code for where, problem in found.items()}


def test_all_problems_at_once_in_file_order() -> None:
    found = problems(
        members("    姓明: 张\n    性别: 难\n    收入: [{金额: x}]\n") + "  - {姓名: 李}\n家庭: {租金: 1}\n"
    )
    assert list(found) == ["3:9", "4:9", "5:10", "5:15", "6:5", "7:10"]


def test_a_file_of_nonsense_is_cut_short() -> None:
    text = members("".join(f"    键{n}: 1\n" for n in range(2_000)))
    with pytest.raises(InputError) as caught:
        parse(text)
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].code == "case-more"


def test_data_has_paths_but_no_file() -> None:
    with pytest.raises(InputError) as caught:
        case_from_data({"members": [{"id": "甲", "sex": "x"}, {"id": "乙", "no": 1}]})
    assert [problem.location for problem in caught.value.problems] == [None, None]
    assert sorted(str(problem)[:5] for problem in caught.value.problems) == ["成员[1]", "成员[2]"]


def test_data_of_other_types_is_refused_not_crashed_on() -> None:
    wrong: list[Any] = [
        None,
        [],
        "成员",
        1,
        {1: 2, "members": [{"id": "甲"}]},
        {"members": [{"id": object()}]},
    ]
    for data in wrong:
        with pytest.raises(InputError):
            case_from_data(data)


def test_limits(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_text("备注: " + "长" * (MAX_BYTES // 3), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_case(big)
    assert caught.value.code == "file-too-large"
    deep = tmp_path / "deep.yaml"
    deep.write_text("成员: " + "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_case(deep)
    assert caught.value.code == "yaml-depth"


def test_file_names_are_masked(tmp_path: Path) -> None:
    for make in (False, True):
        path = tmp_path / f"{NUMBER}.yaml"
        if make:
            path.write_text("成员: []\n", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_case(path)
        assert NUMBER not in str(caught.value)
        assert NUMBER[:6] in str(caught.value)


def test_unknown_area_code_is_a_warning() -> None:
    body = "11019819491231002"  # 110198 was never assigned either
    unknown = body + calc_check_digit(body + "0")
    case = case_from_data(
        {"members": [{"id": "甲", "identity_number": unknown}, {"id": "乙", "identity_number": NUMBER}]}
    )
    assert case_warnings(case) == ("成员[1].身份证号：前 6 位不是已知的行政区划代码，请核对",)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in steps for place in _places(inner, (*path, key)))]


def _planted(value: Any, path: tuple[str | int, ...], secret: Any) -> Any:
    """The data with `secret` at a path, as value; as key where there is none yet."""
    if not path:
        return {**value, secret: 1} if isinstance(value, dict) else secret
    step, *rest = path
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[step] = _planted(value[step], tuple(rest), secret)
    return copy


@given(case_data(2), st.data())
@settings(deadline=None)
def test_no_error_shows_an_identity_number(data: dict[str, Any], draw: st.DataObject) -> None:
    """Wherever an identity number, a certificate number or a name is written by mistake, no error repeats it."""
    secret = draw.draw(st.sampled_from([NUMBER, NUMBER + "11", NUMBER[:17] + "z", f"{NUMBER[:-1]}{NUMBER}"]))
    planted = _planted(data, draw.draw(st.sampled_from(_places(data))), secret)
    try:
        case_from_data(planted)
    except InputError as error:
        text = str(error) + "".join(map(repr, error.problems))
        assert NUMBER[6:17] not in text
        assert not re.search(r"\d{15}", text)


@given(case_data(1), st.data())
@settings(deadline=None, max_examples=200)
def test_any_scalar_anywhere_is_accepted_or_explained_in_chinese(
    data: dict[str, Any], draw: st.DataObject
) -> None:
    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([1]), st.just({})
    )
    path = draw.draw(st.sampled_from(_places(data)[1:]))
    broken: Any = data
    for step in path[:-1]:
        broken = broken[step]
    if isinstance(broken, dict | list):
        broken[path[-1]] = draw.draw(scalars)  # type: ignore[index]
    try:
        case_from_data(data)
    except InputError as error:
        for problem in error.problems:
            assert problem.code.startswith("case-")
            assert problem.code.isascii()
            assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", problem.message), problem.message
