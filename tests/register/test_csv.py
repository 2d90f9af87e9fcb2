"""CSV files: encodings, row numbers, rows with missing fields, headers wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from eligibility.errors import InputError
from eligibility.register.csv_tables import read_csv
from eligibility.register.headers import Table, titles_of
from eligibility.ruleset import Ruleset
from eligibility.values import Level


def read(folder: Path, content: str | bytes, rules: Ruleset, level: Level = Level.HOUSEHOLD) -> Table:
    path = folder / "家庭.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, titles_of(rules)[level])


def columns(table: Table) -> dict[str, list[str]]:
    cells = (cells.to_pylist() for cells in table.cells)
    return dict(zip((header.column.title for header in table.headers), cells, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(encoding: str, tmp_path: Path, beijing: Ruleset) -> None:
    table = read(tmp_path, "家庭编号,家庭情形\n甲㐀,单亲\n".encode(encoding), beijing)
    assert columns(table) == {"家庭编号": ["甲㐀"], "家庭情形": ["单亲"]}
    assert any("GB 18030" in notice for notice in table.notices) is (encoding == "gb18030")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("家庭编号\n甲\n".encode() + b"\xff\xff", "table-encoding", "第 17 字节"),
        ("家庭编号\n甲\n".encode("utf-16"), "table-encoding", "UTF-16"),
        ('家庭编号,地区\n1,"2\n3,4\n', "table-csv", "第 2 行"),
        ('家庭编号,地区\n1,2\n3,"4\n5,"6\n', "table-csv", "第 3 行"),
        ("", "table-no-header", "表头"),
        ("家庭编号,\n1,x\n", "table-no-title", "B 列"),
        ("地区\n1\n", "table-no-household-id", "家庭编号"),
        ("家庭编号,货币资产\n1,2\n", "table-unknown-column", "最接近的名称：货币财产"),
        ("家庭编号,家庭编号\n1,2\n", "table-column-twice", "另一列是 A"),
        ("家庭编号,monetary_assets,货币财产\n", "table-column-twice", "货币财产"),
        ("家庭编号,货币财产（千元）\n1,2\n", "table-unit", "万元"),
        ("家庭编号,在享月额.低保标准\n1,2\n", "table-unknown-column", "在享月额"),
    ],
)
def test_files_that_are_refused(
    content: str | bytes, code: str, said: str, tmp_path: Path, beijing: Ruleset
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, beijing)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_all_unknown_columns_are_told_at_once(tmp_path: Path, beijing: Ruleset) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "家庭编号,甲乙,丙丁\n", beijing)
    assert len(caught.value.problems) == 2


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path, beijing: Ruleset) -> None:
    content = '家庭编号,地区,备注\n1,2,\n\n2,3,"两\n行"\n , ,\n3,4,五\n'
    table = read(tmp_path, content, beijing)
    assert columns(table)["家庭编号"] == ["1", "2", "3"]
    assert table.rows.tolist() == [2, 4, 6]
    assert table.refused == ()


def test_rows_with_another_number_of_fields(tmp_path: Path, beijing: Ruleset) -> None:
    table = read(tmp_path, "家庭编号,地区\n1,2\n 7 \n3,4,,\n5,6,x\n8,9\n", beijing)
    assert columns(table) == {"家庭编号": ["1", "3", "8"], "地区": ["2", "4", "9"]}
    assert table.rows.tolist() == [2, 4, 6]
    assert [(row.row, row.household) for row in table.refused] == [(3, "7"), (5, "5")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str, tmp_path: Path, beijing: Ruleset) -> None:
    table = read(tmp_path, end.join(["家庭编号,地区", "1,2", "3,4"]), beijing)
    assert table.rows.tolist() == [2, 3]


def test_headers_below_a_title_and_under_groups(tmp_path: Path, beijing: Ruleset) -> None:
    content = (
        "2025年台账,,,,,,\n,,收入,,父母1,,\n"
        "家庭编号*, 成员编号（必填） ,工资性收入（元/月）,养老金（万元）,成员编号,情形,备注\n1,1,2,0.3,2,死亡,略\n"
    )
    table = read(tmp_path, content, beijing, Level.PERSON)
    titles = [header.column.title for header in table.headers]
    assert titles == [
        "家庭编号",
        "成员编号",
        "收入.工资性收入",
        "收入.养老金",
        "父母1.成员编号",
        "父母1.情形",
    ]
    assert [header.scale for header in table.headers] == [1, 1, 1, 10_000, 1, 1]
    assert table.rows.tolist() == [4]
    assert "家庭.csv：表头在第 3 行，以上的行不读" in table.notices
    assert "家庭.csv：不读的列：备注" in table.notices


def test_headers_in_english_and_programmes_by_id(tmp_path: Path, beijing: Ruleset) -> None:
    content = "household_id,region,amount_in_payment.dibao,paid.dibao.2025-07\n1,2,3,4\n"
    titles = [header.column.title for header in read(tmp_path, content, beijing).headers]
    assert titles == ["家庭编号", "地区", "在享月额.低保", "已发.低保.2025-07"]
