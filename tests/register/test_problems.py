"""The list of problems: every row with its place, what is wrong in words of the table, and nobody's number."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest

from eligibility.register.checking import in_rows
from eligibility.register.importing import import_register
from eligibility.register.problems import harmless
from eligibility.ruleset import Ruleset
from tests.register.office import HOUSEHOLDS, MOTHER, PERSONS, Rows, csv_folder, with_cell
from tests.register.test_importing import OTHER, H, P, run


@pytest.mark.parametrize(
    ("column", "cell", "named"),
    [
        ("成员编号", "1", "成员编号"),
        ("与户主关系", "户主", "与户主关系"),
        ("父母1.成员编号", "9", "父母1.成员编号"),
        ("残疾证类别", "肢体", None),
        ("死亡日期", "2001-01-01", "死亡日期"),
        ("残疾", "肢体一级、肢体二级", "残疾"),
        ("服刑起始", "2020-01-01", "服刑起始"),
    ],
)
def test_contradictions_name_the_column(
    column: str, cell: str, named: str | None, tmp_path: Path, beijing: Ruleset
) -> None:
    report = run(tmp_path, beijing, HOUSEHOLDS, with_cell(PERSONS, 4, column, cell))
    own = [problem for problem in report.problems if problem.code != "same-household"]
    assert [(one.level, one.row) for one in own] == [(P, 4)]
    assert own[0].column == (named or "残疾证")


def test_all_that_is_wrong_in_a_row_is_said(tmp_path: Path, beijing: Ruleset) -> None:
    persons = with_cell(with_cell(PERSONS, 2, "本市户籍", "也许"), 2, "收入.工资性收入", "若干")
    problems = [
        problem
        for problem in run(tmp_path, beijing, HOUSEHOLDS, persons).problems
        if problem.row == 2 and problem.level is P
    ]
    assert [problem.column for problem in problems] == ["本市户籍", "收入.工资性收入"]
    assert [problem.value for problem in problems] == ["也许", "若干"]


def test_no_list_shows_a_number_or_starts_a_formula(tmp_path: Path, beijing: Ruleset) -> None:
    persons = with_cell(with_cell(PERSONS, 2, "身份证号", MOTHER[:17]), 3, "收入.工资性收入", "=1+1")
    folder = csv_folder(tmp_path / "来", HOUSEHOLDS, persons)
    report = import_register(folder, tmp_path / "r.arrow", beijing, problems=tmp_path / "问题.csv")
    data = (tmp_path / "问题.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["表", "行", "列", "家庭编号", "值（掩码）", "问题", "怎么改"]
    assert len(rows) == len(report.problems) + 1
    assert "'=1+1" in [row[4] for row in rows]
    assert MOTHER[:17] not in data.decode()
    assert MOTHER[:17] not in str(report)
    assert stat.S_IMODE((tmp_path / "问题.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["=1", "+1+1", "-1-", "-a", "@a", "\t=1", "\r=1", "＝1", "-1.5e3", "+.5"])
def test_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"
    assert [harmless(number) for number in ("-5", "+86.50")] == ["-5", "+86.50"]


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [("成员编号", "1", "与第 2 行相同"), ("与户主关系", "户主", "户主只能有一位，第 2 行已经是户主")],
)
def test_members_are_named_by_their_rows(
    column: str, cell: str, said: str, tmp_path: Path, beijing: Ruleset
) -> None:
    first, second, *others = run(tmp_path, beijing, HOUSEHOLDS, with_cell(PERSONS, 4, column, cell)).problems
    assert (others[0].row, others[0].message) == (4, said)
    assert {first.message, second.message} == {"同户另有问题，见 成员.csv 第 4 行"}


def test_the_first_problem_of_a_household_is_named(tmp_path: Path, beijing: Ruleset) -> None:
    households = with_cell(HOUSEHOLDS, 2, "货币财产", "约一千")
    problems = run(tmp_path, beijing, households, with_cell(PERSONS, 4, "本市户籍", "也许")).problems
    assert [(one.row, one.message) for one in problems if one.code == "same-household"] == [
        (2, "同户另有问题，见 家庭.csv 第 2 行")
    ]


def test_the_number_of_a_person_is_no_number_of_a_household(tmp_path: Path, beijing: Ruleset) -> None:
    """The household is listed as a whole, its neighbours are stored, and no list shows the number."""
    households = [*HOUSEHOLDS, (OTHER, "", "", "")]
    persons: Rows = [*PERSONS, (OTHER, "1", *[""] * 6), (OTHER, OTHER, *[""] * 6), ("12", "2", *[""] * 6)]
    persons = with_cell(persons, 7, "抚养人", OTHER)
    report = run(tmp_path, beijing, households, persons)
    own = [one for one in report.problems if one.code == "cell-own-number"]
    assert [(one.level, one.row, one.column) for one in own] == [
        (H, 4, "家庭编号"),
        (P, 5, "家庭编号"),
        (P, 6, "家庭编号"),
        (P, 6, "成员编号"),
    ]
    assert {one.message for one in own} == {"家庭编号不能用证件号", "成员编号不能用证件号"}
    assert {one.household for one in own} == {f"{OTHER[:6]}********{OTHER[-4:]}"}
    assert any(one.code == "case-unknown-member" for one in report.problems)
    assert report.households == 1  # the one that names no number as a carer
    assert OTHER not in str(report)


def test_a_region_in_no_county_is_told(tmp_path: Path, beijing: Ruleset) -> None:
    assert run(tmp_path, beijing).notices == ()
    report = run(tmp_path, beijing, with_cell(HOUSEHOLDS, 3, "地区", "999999000000"))
    assert report.problems == ()
    assert report.notices == (
        "家庭.csv：“地区”有 1 行的前 6 位不是已知的行政区划代码（如第 3 行），照样读取，请核对",
    )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("没有编号为“成员[99]”的成员", "没有编号为“成员[99]”的成员"),
        ("没有编号为“成员[1]”的成员", "没有编号为“成员[1]”的成员"),
        ("与 成员[2].出生日期 不合（“成员[1]”）", "与第 7 行不合（“成员[1]”）"),
        ("与成员[3]、成员[0]不合", "与成员[3]、成员[0]不合"),
    ],
)
def test_only_members_are_named_by_rows(message: str, said: str) -> None:
    assert in_rows(message, [4, 7]).replace(" ", "") == said.replace(" ", "")


@pytest.mark.parametrize("carer", ["成员[99]", "成员[1]", "成员[0].乱写", "”成员[99]“"])
def test_what_somebody_typed_is_no_place(carer: str, tmp_path: Path, beijing: Ruleset) -> None:
    persons = with_cell(PERSONS, 4, "抚养人", carer)
    report = import_register(csv_folder(tmp_path / "来", persons=persons), tmp_path / "r.arrow", beijing)
    own = next(one for one in report.problems if one.code == "case-unknown-member")
    assert (own.row, own.message) == (4, f"没有编号为“{carer}”的成员")
    assert report.households == 1
