"""Workbooks: types of cells, what is hidden, what is broken or hostile, and the checked workbook that goes back."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from eligibility.errors import InputError
from eligibility.register import sheet_xml
from eligibility.register.excel_tables import read_workbook
from eligibility.register.headers import titles_of
from eligibility.register.importing import import_register
from eligibility.register.store import open_register
from eligibility.register.workbook import checked_workbook
from eligibility.ruleset import Ruleset
from tests.register.office import HOUSEHOLDS, MOTHER, PERSONS, both, with_cell, write_xlsx


def changed(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """A workbook with one of its parts rewritten."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def computed(path: Path) -> Path:
    """The workbook as saved by a spreadsheet that has computed it."""
    return changed(path, "xl/workbook.xml", lambda text: text.replace(' fullCalcOnLoad="1"', ""))


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_numbers_days_and_truths(epoch_1904: bool, tmp_path: Path, beijing: Ruleset) -> None:
    households = with_cell(with_cell(HOUSEHOLDS, 3, "货币财产", 88.5), 3, "采暖核准日期", date(2024, 2, 29))
    persons = with_cell(with_cell(PERSONS, 3, "出生日期", date(1960, 1, 2)), 3, "本市户籍", True)
    path = write_xlsx(tmp_path / "台账.xlsx", both(households, persons), date_1904=epoch_1904)
    report = import_register(path, tmp_path / "r.arrow", beijing)
    assert report.problems == ()
    row = open_register(tmp_path / "r.arrow").find("12")
    assert (row["货币财产"], row["采暖核准日期"]) == (8850, date(2024, 2, 29))
    assert row["成员"][0]["出生日期"] == date(1960, 1, 2)
    assert open_register(tmp_path / "r.arrow").find("0012")["货币财产"] == 123_450


def test_identity_numbers_typed_as_numbers_are_refused(tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(
        tmp_path / "台账.xlsx", both(HOUSEHOLDS, with_cell(PERSONS, 2, "身份证号", int(MOTHER[:17] + "0")))
    )
    report = import_register(path, tmp_path / "r.arrow", beijing)
    first = next(problem for problem in report.problems if problem.code != "same-household")
    assert (first.table, first.row, first.column) == ("成员", 2, "身份证号")
    assert first.code == "cell-identity-number-as-number"
    assert "15 位" in first.message
    assert report.households == 1


def test_formulas(tmp_path: Path, beijing: Ruleset) -> None:
    path = tmp_path / "台账.xlsx"

    def imported(households: object, as_saved: bool) -> list[str]:
        write_xlsx(path, both(households, PERSONS))  # type: ignore[arg-type]
        if as_saved:
            computed(path)
        report = import_register(path, tmp_path / "r.arrow", beijing)
        return [problem.code for problem in report.problems if problem.code != "same-household"]

    formula = with_cell(HOUSEHOLDS, 2, "货币财产", "=1+1")
    assert imported(formula, as_saved=True) == []
    assert imported(formula, as_saved=False) == ["cell-formula"]
    write_xlsx(path, both(formula, PERSONS))
    changed(
        computed(path), "xl/worksheets/sheet1.xml", lambda text: text.replace("</f><v>0</v>", "</f><v></v>")
    )
    report = import_register(path, tmp_path / "r.arrow", beijing)
    assert [one.code for one in report.problems if one.code != "same-household"] == ["cell-formula"]
    write_xlsx(path, both(formula, PERSONS))
    changed(
        computed(path),
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(r'(<c r="C2")(><f>1\+1</f>)<v>0</v>', r'\1 t="e"\2<v>#DIV/0!</v>', text),
    )
    report = import_register(path, tmp_path / "r.arrow", beijing)
    assert [one.code for one in report.problems if one.code != "same-household"] == ["cell-formula-error"]


def test_hidden_rows_and_columns_are_read_and_told(tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", both())

    def hide(text: str) -> str:
        text = text.replace('<row r="2"', '<row r="2" hidden="1"')
        text = text.replace("<sheetData>", '<cols><col min="2" max="3" hidden="1"/></cols><sheetData>')
        return text.replace("</sheetData>", '</sheetData><autoFilter ref="A1:D3"/>')

    changed(path, "xl/worksheets/sheet1.xml", hide)
    report = import_register(path, tmp_path / "r.arrow", beijing)
    assert report.households == 2
    assert "家庭：有 1 行是隐藏的（有筛选），照样读取" in report.notices
    assert "家庭：B 至 C 列是隐藏的，照样读取" in report.notices


def test_other_sheets_and_blank_rows(tmp_path: Path, beijing: Ruleset) -> None:
    households = [["台账", "", "", ""], *HOUSEHOLDS[:2], ["", "", "", ""], HOUSEHOLDS[2]]
    path = write_xlsx(tmp_path / "台账.xlsx", {**both(households), "附表": [], "填写说明": []})
    household, _ = read_workbook(path, titles_of(beijing))
    assert household.rows.tolist() == [3, 5]
    assert household.notices == ("台账.xlsx：工作表“附表”不读", "家庭：表头在第 2 行，以上的行不读")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("台账.xlsx", b"PK\x03\x04 not a zip", "workbook-broken"),
        ("台账.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook-broken"),
        ("台账.et", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook-et"),
        (
            "台账.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "workbook-password",
        ),
    ],
)
def test_files_that_are_no_workbooks(
    name: str, content: bytes, code: str, tmp_path: Path, beijing: Ruleset
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_workbook(tmp_path / name, titles_of(beijing))
    assert caught.value.code == code
    assert caught.value.hint


def test_a_missing_sheet_is_named(tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", {"家庭": HOUSEHOLDS, "人员": PERSONS})
    with pytest.raises(InputError, match="没有名为 成员 的工作表"):
        read_workbook(path, titles_of(beijing))


def test_a_bomb_is_not_unpacked(tmp_path: Path, beijing: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", both())
    monkeypatch.setattr(sheet_xml, "MAX_UNPACKED", 1000)
    with pytest.raises(InputError) as caught:
        read_workbook(path, titles_of(beijing))
    assert caught.value.code == "workbook-too-large"


def test_a_size_that_lies_is_found(tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", both())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    central = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    assert int.from_bytes(data[central + 24 : central + 28], "little") == size
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_workbook(path, titles_of(beijing))
    assert caught.value.code == "workbook-broken"


@pytest.mark.parametrize(
    "row", ['<row r="1048576"><c r="XFD1048576">', '<row><c r="XFD1048576">', '<row r="9"><c r="AZ1048576">']
)
def test_a_cell_at_the_end_of_the_world_is_refused(row: str, tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", both())
    far = f"{row}<v>1</v></c></row></sheetData>"
    changed(path, "xl/worksheets/sheet1.xml", lambda text: text.replace("</sheetData>", far))
    with pytest.raises(InputError) as caught:
        read_workbook(path, titles_of(beijing))
    assert caught.value.code == "sheet-too-large"


def test_entities_are_not_expanded(tmp_path: Path, beijing: Ruleset) -> None:
    path = write_xlsx(tmp_path / "台账.xlsx", both())
    entity = '?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    changed(path, "xl/worksheets/sheet1.xml", lambda text: text.replace("?>", entity, 1))
    with pytest.raises(InputError, match="文档类型声明"):
        read_workbook(path, titles_of(beijing))


def test_the_checked_workbook_says_what_is_wrong(tmp_path: Path, beijing: Ruleset) -> None:
    households = with_cell(with_cell(HOUSEHOLDS, 2, "货币财产", "约一千"), 2, "备注", "+1")
    source = write_xlsx(tmp_path / "台账.xlsx", both(households))
    report = import_register(source, tmp_path / "r.arrow", beijing)
    target = tmp_path / "校验.xlsx"
    checked_workbook(source, report, target, beijing)
    once = target.read_bytes()
    checked_workbook(source, report, target, beijing)
    assert target.read_bytes() == once
    assert stat.S_IMODE(target.stat().st_mode) == 0o600

    book = CalamineWorkbook.from_path(str(target))
    assert book.sheet_names == ["家庭", "成员", "问题清单"]
    rows = book.get_sheet_by_name("家庭").to_python()
    assert rows[0] == [*households[0], "校验结果"]
    assert rows[1][:5] == households[1]
    assert rows[1][5].startswith("货币财产：应为金额")
    assert rows[2][5] == "✓"
    people = book.get_sheet_by_name("成员").to_python()
    assert [row[-1] for row in people] == [
        "校验结果",
        "同户另有问题，见 家庭 第 2 行（改正同户的其他问题后一起导入）",
        "✓",
        "同户另有问题，见 家庭 第 2 行（改正同户的其他问题后一起导入）",
    ]
    assert people[1][3] == MOTHER
    listed = book.get_sheet_by_name("问题清单").to_python()
    assert listed[1][:5] == ["家庭", 2, "货币财产", "0012", "约一千"]
    assert len(listed) == 4
    with zipfile.ZipFile(target) as archive:
        assert "FFC7CE" in archive.read("xl/styles.xml").decode()
        assert "应为金额" in archive.read("xl/comments1.xml").decode()
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()


def test_a_checked_workbook_can_be_corrected_and_imported_again(tmp_path: Path, beijing: Ruleset) -> None:
    source = write_xlsx(tmp_path / "台账.xlsx", both())
    report = import_register(source, tmp_path / "r.arrow", beijing)
    first = open_register(tmp_path / "r.arrow").digest
    checked_workbook(source, report, tmp_path / "校验.xlsx", beijing)
    again = import_register(tmp_path / "校验.xlsx", tmp_path / "r2.arrow", beijing)
    assert again.problems == ()
    assert open_register(tmp_path / "r2.arrow").digest == first
    checked_workbook(tmp_path / "校验.xlsx", again, tmp_path / "再校验.xlsx", beijing)
    rows = CalamineWorkbook.from_path(str(tmp_path / "再校验.xlsx")).get_sheet_by_name("家庭").to_python()
    assert rows[0].count("校验结果") == 1


def test_the_checked_workbook_can_be_filled_in_like_the_template(tmp_path: Path, beijing: Ruleset) -> None:
    """Known columns have the drop-downs, widths and text formats of the template, below wherever the headers stand."""
    persons = [["成员名单", *[""] * 7], *PERSONS]
    source = write_xlsx(tmp_path / "台账.xlsx", both(persons=persons))
    report = import_register(source, tmp_path / "r.arrow", beijing)
    checked_workbook(source, report, tmp_path / "校验.xlsx", beijing)
    with zipfile.ZipFile(tmp_path / "校验.xlsx") as archive:
        people = archive.read("xl/worksheets/sheet2.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert re.search(r'<dataValidation type="list"[^>]*sqref="F3:F1048576"><formula1>"户主,配偶,', people), (
        people[:2000]
    )
    assert 'sqref="G3:G1048576"><formula1>"是,否"' in people
    widths = {
        int(place): float(width)
        for place, width in re.findall(r'<col min="(\d+)" max="\d+" width="([\d.]+)"', people)
    }
    assert [int(widths[place]) for place in (6, 8, 9)] == [13, 19, 40]
    style = re.search(r'<col min="4" max="\d" width="[^"]*" style="(\d+)"', people)
    assert style is not None
    formats = re.findall(r"<xf [^>]*/?>", styles.split("<cellXfs")[1])
    text = re.search(r'<numFmt numFmtId="(\d+)" formatCode="@"', styles)
    assert text is not None
    assert f'numFmtId="{text[1]}"' in formats[int(style[1])]


def test_numbers_are_listed_as_typed(tmp_path: Path, beijing: Ruleset) -> None:
    persons = with_cell(with_cell(PERSONS, 2, "出生日期", 18323), 3, "收入.工资性收入", -5)
    source = write_xlsx(tmp_path / "台账.xlsx", both(persons=persons))
    report = import_register(source, tmp_path / "r.arrow", beijing)
    own = [problem for problem in report.problems if problem.code != "same-household"]
    assert [(one.value, one.cells()[4]) for one in own] == [("18323", "18323"), ("-5", "-5")]
    assert own[1].message == "金额应在 0 至 10 亿元之间"
