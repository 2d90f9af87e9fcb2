"""Columns that an office names are not read: 联系电话, 银行账号 and the like; no other column vanishes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from eligibility.cli import main
from eligibility.errors import InputError
from eligibility.register.importing import import_register
from eligibility.register.store import open_register
from eligibility.ruleset import Ruleset
from tests.register.office import HOUSEHOLDS, PERSONS, Rows, both, csv_folder, with_cell, write_xlsx

WITH_PHONE: Rows = with_cell(with_cell(PERSONS, 2, "联系电话", "13800000000"), 2, "备注", "x")
WITH_ACCOUNT: Rows = with_cell(HOUSEHOLDS, 2, "银行 账号*", "6222000000000000000")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_column_is_not_read(kind: str, tmp_path: Path, beijing: Ruleset) -> None:
    if kind == "csv":
        source: Path | tuple[Path, Path] = csv_folder(tmp_path / "来", WITH_ACCOUNT, WITH_PHONE)
    elif kind == "xlsx":
        source = write_xlsx(tmp_path / "a.xlsx", both(WITH_ACCOUNT, WITH_PHONE))
    else:
        for name, rows in both(WITH_ACCOUNT, WITH_PHONE).items():
            columns = {title: [row[at] or None for row in rows[1:]] for at, title in enumerate(rows[0])}
            table = pa.table({title: pa.array(cells, pa.string()) for title, cells in columns.items()})
            pq.write_table(table, tmp_path / f"{name}.parquet")
        source = tmp_path / "家庭.parquet", tmp_path / "成员.parquet"
    report = import_register(source, tmp_path / "a.arrow", beijing, ignore=["联系电话", "银行账号"])
    assert report.problems == ()
    assert sum("不读的列" in notice for notice in report.notices) == 2
    assert any("银行账号" in notice for notice in report.notices)
    assert any("联系电话、备注" in notice for notice in report.notices)
    import_register(csv_folder(tmp_path / "没有"), tmp_path / "b.arrow", beijing)
    assert open_register(tmp_path / "a.arrow").digest == open_register(tmp_path / "b.arrow").digest


@pytest.mark.parametrize(
    ("ignore", "code", "said"),
    [
        (["联系电话"], "table-unknown-column", "--ignore 银行账号"),
        (["联系电话", "银行账号", "银行帐号"], "ignore-no-column", "最接近的名称：银行账号"),
        (["联系电话", "银行账号", "邮编"], "ignore-no-column", "照表头写"),
        (["联系电话", "银行账号", "身份证号"], "ignore-known-column", "身份证号"),
        (["联系电话", "银行账号", "货币财产（元）"], "ignore-known-column", "货币财产"),
        (["联系电话", "银行账号", "rent"], "ignore-known-column", "rent"),
    ],
)
def test_what_cannot_be_left_out(
    ignore: list[str], code: str, said: str, tmp_path: Path, beijing: Ruleset
) -> None:
    source = csv_folder(tmp_path / "来", WITH_ACCOUNT, WITH_PHONE)
    with pytest.raises(InputError, match=code) as caught:
        import_register(source, tmp_path / "a.arrow", beijing, ignore=ignore)
    assert said in str(caught.value)
    assert not (tmp_path / "a.arrow").exists()


def test_a_nested_register_has_only_columns_of_its_own(tmp_path: Path, beijing: Ruleset) -> None:
    import_register(csv_folder(tmp_path / "来"), tmp_path / "a.arrow", beijing)
    batches = open_register(tmp_path / "a.arrow").batches()
    pq.write_table(pa.Table.from_batches(batches), tmp_path / "n.parquet")
    with pytest.raises(InputError, match="ignore-no-column"):
        import_register(tmp_path / "n.parquet", tmp_path / "b.arrow", beijing, ignore=["联系电话"])


def test_the_commands_take_the_option_and_the_workbook_keeps_the_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_xlsx(tmp_path / "a.xlsx", both(WITH_ACCOUNT, WITH_PHONE))
    options = ["--ignore", "联系电话", "--ignore", "银行账号"]
    assert main(["register", "import", str(source), "--out", str(tmp_path / "a.arrow"), *options]) == 0
    assert main(["register", "check", str(source), "--out", str(tmp_path / "b.xlsx"), *options]) == 0
    assert "不读的列：联系电话、备注" in capsys.readouterr().err
    rows = CalamineWorkbook.from_path(str(tmp_path / "b.xlsx")).get_sheet_by_name("成员").to_python()
    assert rows[1][8:10] == ["13800000000", "x"]
    assert main(["register", "check", str(source), "--out", str(tmp_path / "b.xlsx")]) == 3
    assert "不用读的列，导入时加选项 --ignore 银行账号" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("level", "title", "home"),
    [("成员", "月租金", "家庭"), ("成员", "货币财产（元）", "家庭"), ("家庭", "身份证号", "成员"), ("家庭", "birth_date", "成员")],
)  # fmt: skip
def test_a_column_of_the_other_table_is_to_be_moved(
    level: str, title: str, home: str, tmp_path: Path, beijing: Ruleset
) -> None:
    households, persons = HOUSEHOLDS, PERSONS
    if level == "家庭":
        households = with_cell(households, 2, title, "1")
    else:
        persons = with_cell(persons, 2, title, "1")
    with pytest.raises(InputError, match="table-unknown-column") as caught:
        import_register(csv_folder(tmp_path / "来", households, persons), tmp_path / "a.arrow", beijing)
    assert f"是{home}表的列，请移到{home}表" in str(caught.value)
    assert "--ignore" not in str(caught.value)
