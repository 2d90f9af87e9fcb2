"""The template: every column of the ruleset, and an example that can be imported as it stands."""

from __future__ import annotations

import zipfile
from pathlib import Path

from python_calamine import CalamineWorkbook

from eligibility.register.columns import register_columns
from eligibility.register.importing import import_register
from eligibility.register.store import open_register
from eligibility.register.template import write_template
from eligibility.ruleset import Ruleset
from eligibility.values import Level


def test_the_example_is_imported(tmp_path: Path, beijing: Ruleset) -> None:
    write_template(tmp_path / "模板.xlsx", beijing)
    report = import_register(tmp_path / "模板.xlsx", tmp_path / "r.arrow", beijing)
    assert (report.households, report.persons, report.problems, report.notices) == (1, 1, (), ())
    row = open_register(tmp_path / "r.arrow").find("示例-0001")
    assert row["货币财产"] == 300_000
    assert row["成员"][0]["收入.工资性收入"] == 240_000


def test_every_column_stands_in_order_and_is_explained(tmp_path: Path, beijing: Ruleset) -> None:
    write_template(tmp_path / "模板.xlsx", beijing)
    book = CalamineWorkbook.from_path(str(tmp_path / "模板.xlsx"))
    assert book.sheet_names == ["家庭", "成员", "填写说明"]
    titles = {
        name: [str(cell).rstrip("*") for cell in book.get_sheet_by_name(name).to_python()[0]]
        for name in ("家庭", "成员")
    }
    assert titles["家庭"] == [column.title for column in register_columns(beijing, Level.HOUSEHOLD)]
    assert titles["成员"] == [
        "家庭编号",
        *(column.title for column in register_columns(beijing, Level.PERSON)),
    ]
    explained = [(row[0], row[1]) for row in book.get_sheet_by_name("填写说明").to_python()]
    for name, columns in titles.items():
        assert all((name, column) in explained for column in columns)


def test_it_offers_choices_as_text_and_is_the_same_twice(tmp_path: Path, beijing: Ruleset) -> None:
    for name in ("一.xlsx", "二.xlsx"):
        write_template(tmp_path / name, beijing)
    assert (tmp_path / "一.xlsx").read_bytes() == (tmp_path / "二.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "一.xlsx") as archive:
        people = archive.read("xl/worksheets/sheet2.xml").decode()
        assert '"是,否"' in people
        assert '"户主,配偶,子女,父母,祖父母,孙子女,兄弟姐妹,其他"' in people
        assert 'formatCode="@"' in archive.read("xl/styles.xml").decode()
