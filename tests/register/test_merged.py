"""Merged cells, and members whose household nothing names: no household is stored with part of its members."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from eligibility.errors import InputError
from eligibility.register.importing import import_register
from eligibility.register.store import open_register
from eligibility.register.workbook import checked_workbook
from eligibility.ruleset import Ruleset
from eligibility.values import Level
from tests.register.office import HOUSEHOLDS, PERSONS, Rows, both, csv_folder, with_cell, write_xlsx
from tests.register.test_excel import changed

H, P = Level.HOUSEHOLD, Level.PERSON
TOGETHER: Rows = (PERSONS[0], PERSONS[1], PERSONS[3], PERSONS[2])
"""The members, those of a household under each other."""


def merged(path: Path, *ranges: str, households: Rows = HOUSEHOLDS, persons: Rows = TOGETHER) -> Path:
    """A workbook with cells merged on the sheet of members: only the first of each range has a value."""
    return write_xlsx(path, both(households, persons), merged={"成员": ranges})


def test_a_household_number_over_several_rows_holds_for_each(tmp_path: Path, beijing: Ruleset) -> None:
    report = import_register(merged(tmp_path / "a.xlsx", "A2:A3"), tmp_path / "a.arrow", beijing)
    assert (report.households, report.persons, report.problems) == (2, 3, ())
    import_register(csv_folder(tmp_path / "来"), tmp_path / "b.arrow", beijing)
    assert open_register(tmp_path / "a.arrow").digest == open_register(tmp_path / "b.arrow").digest


def test_a_row_without_cells_under_a_merged_number_is_none(tmp_path: Path, beijing: Ruleset) -> None:
    persons = [*TOGETHER[:3], [""] * 8, TOGETHER[3]]
    path = merged(tmp_path / "a.xlsx", "A2:A4", persons=persons)
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert (report.households, report.persons, report.problems) == (2, 3, ())


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("B2:B3",), [(H, 2, "same-household"), (P, 2, "cell-merged"), (P, 3, "cell-merged")]),
        (("H2:H3",), [(H, 2, "same-household"), (P, 2, "cell-merged"), (P, 3, "cell-merged")]),
        (("G4:H4",), [(H, 3, "same-household"), (P, 4, "cell-merged")]),
        (("A2:A3", "H3:H4"), [(H, 2, "same-household"), (H, 3, "same-household"), (P, 2, "same-household"), (P, 3, "cell-merged"), (P, 4, "cell-merged")]),
        (("A3:B3",), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 3, "cell-merged")]),
    ],
)  # fmt: skip
def test_other_merged_cells_are_listed_with_their_households(
    cells: Sequence[str], expected: list[tuple[Level, int, str]], tmp_path: Path, beijing: Ruleset
) -> None:
    path = merged(tmp_path / "a.xlsx", *cells)
    report = import_register(path, tmp_path / "r.arrow", beijing)
    assert sorted({(one.level, one.row, one.code) for one in report.problems}) == expected
    own = next(one for one in report.problems if one.code == "cell-merged")
    assert own.message == f"合并单元格 {cells[-1]}"
    assert "取消合并" in own.remedy


def test_merged_cells_of_no_column_or_above_the_headers_matter_to_nobody(
    tmp_path: Path, beijing: Ruleset
) -> None:
    persons = [
        ["成员名单", *[""] * 8],
        *([*row, "备注" if number == 0 else ""] for number, row in enumerate(TOGETHER)),
    ]
    path = merged(tmp_path / "a.xlsx", "A1:I1", "I3:I4", "A3:A4", persons=persons)
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert (report.households, report.persons, report.problems) == (2, 3, ())


def test_a_merged_household_number_on_the_sheet_of_households_is_listed(
    tmp_path: Path, beijing: Ruleset
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", both(persons=TOGETHER), merged={"家庭": ("A2:A3",)})
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert report.households == 0
    assert [(one.row, one.code) for one in report.problems if one.level is H] == [
        (2, "cell-merged"),
        (3, "cell-merged"),
    ]


def test_the_checked_workbook_keeps_what_is_merged(tmp_path: Path, beijing: Ruleset) -> None:
    source = merged(tmp_path / "a.xlsx", "A2:A3", "H3:H4", "H1:Z1", "C9:D9")
    report = import_register(source, tmp_path / "a.arrow", beijing)
    assert report.households == 0
    checked_workbook(source, report, tmp_path / "校验.xlsx", beijing)
    again = import_register(tmp_path / "校验.xlsx", tmp_path / "b.arrow", beijing)
    assert [(one.row, one.code) for one in again.problems] == [(one.row, one.code) for one in report.problems]
    sheet = CalamineWorkbook.from_path(str(tmp_path / "校验.xlsx")).get_sheet_by_name("成员")
    assert set(sheet.merged_cell_ranges or ()) >= {((1, 0), (2, 0)), ((2, 7), (3, 7))}


def test_another_number_hidden_under_a_merged_one_is_no_guess(tmp_path: Path, beijing: Ruleset) -> None:
    """Some programs keep what stood in the cells that they merge."""
    path = write_xlsx(tmp_path / "a.xlsx", both(persons=PERSONS))
    area = '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    changed(path, "xl/worksheets/sheet2.xml", lambda text: text.replace("</sheetData>", area))
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert report.households == 0
    assert {one.row for one in report.problems if one.code == "cell-merged"} == {2, 3}


@pytest.mark.parametrize("refs", [["XYZ"], ["A2:A3,B2"], ["A2:H4"] * 2])
def test_merged_cells_that_no_spreadsheet_writes(
    refs: Sequence[str], tmp_path: Path, beijing: Ruleset
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", both())
    listed = "".join(f'<mergeCell ref="{ref}"/>' for ref in refs)
    areas = f'</sheetData><mergeCells count="{len(refs)}">{listed}</mergeCells>'
    changed(path, "xl/worksheets/sheet2.xml", lambda text: text.replace("</sheetData>", areas))
    with pytest.raises(InputError, match="workbook-broken"):
        import_register(path, tmp_path / "a.arrow", beijing)


NUMBERLESS = with_cell(TOGETHER, 3, "家庭编号", "")


def _parquet(folder: Path, persons: Rows) -> tuple[Path, Path]:
    for name, rows in both(persons=persons).items():
        columns = {title: [row[at] or None for row in rows[1:]] for at, title in enumerate(rows[0])}
        table = pa.table({title: pa.array(cells, pa.string()) for title, cells in columns.items()})
        pq.write_table(table, folder / f"{name}.parquet")
    return folder / "家庭.parquet", folder / "成员.parquet"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_member_without_a_household_makes_the_one_above_doubtful(
    kind: str, tmp_path: Path, beijing: Ruleset
) -> None:
    if kind == "csv":
        source: Path | tuple[Path, Path] = csv_folder(tmp_path / "来", HOUSEHOLDS, NUMBERLESS)
    elif kind == "xlsx":
        source = write_xlsx(tmp_path / "a.xlsx", both(persons=NUMBERLESS))
    else:
        source = _parquet(tmp_path, NUMBERLESS)
    report = import_register(source, tmp_path / "r.arrow", beijing)
    shift = kind == "parquet"  # rows of Parquet have no headers above them
    assert [(one.level, one.row + shift, one.code) for one in report.problems] == [
        (H, 2, "same-household"),
        (P, 2, "household-doubtful"),
        (P, 3, "cell-required"),
    ]
    doubtful = next(one for one in report.problems if one.code == "household-doubtful")
    assert f"第 {3 - shift} 行没有可用的家庭编号" in doubtful.message
    assert doubtful.household == "0012"
    assert (report.households, report.persons) == (1, 1)
    assert open_register(tmp_path / "r.arrow").find("12")


@pytest.mark.parametrize(
    ("persons", "doubtful", "stored"),
    [
        ([TOGETHER[0], ["", *TOGETHER[2][1:]], TOGETHER[1], TOGETHER[3]], [3], 1),
        ([*TOGETHER, ["", "2", *[""] * 6], ["", "3", *[""] * 6]], [4], 1),
        ([*TOGETHER, ["1.2E+15", "2", *[""] * 6]], [4], 1),
        ([*TOGETHER, ["合计", "3", *[""] * 6]], [], 2),
        ([*TOGETHER[:3], ["家庭编号", *TOGETHER[0][1:]], TOGETHER[3]], [], 2),
        ([TOGETHER[0], ["", *TOGETHER[2][1:]]], [], 0),
    ],
    ids=["上无", "两行", "编号坏", "合计", "表头", "都无"],
)
def test_whose_member_it_may_be(
    persons: Rows, doubtful: list[int], stored: int, tmp_path: Path, beijing: Ruleset
) -> None:
    source = csv_folder(tmp_path / "来", HOUSEHOLDS, persons)
    report = import_register(source, tmp_path / "r.arrow", beijing)
    assert [one.row for one in report.problems if one.code == "household-doubtful"] == doubtful
    assert report.households == stored


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["", "小计", *[""] * 5, "2400"], "row-summary"),
        (["", "", "合计", *[""] * 4, "2400"], "row-summary"),
        (["", *PERSONS[0][1:]], "row-header"),
        (["", "成员编号*", "姓名", *[""] * 5], "row-header"),
    ],
)
@pytest.mark.parametrize("hidden", [False, True])
def test_a_total_or_a_header_under_a_merged_number_is_no_member(
    row: list[str], code: str, hidden: bool, tmp_path: Path, beijing: Ruleset
) -> None:
    persons = [*TOGETHER[:3], ["0012" if hidden else "", *row[1:]], TOGETHER[3]]
    if hidden:  # what some programs leave in the cells that they merge
        path = write_xlsx(tmp_path / "a.xlsx", both(persons=persons))
        area = '</sheetData><mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>'
        changed(path, "xl/worksheets/sheet2.xml", lambda text: text.replace("</sheetData>", area))
    else:
        path = merged(tmp_path / "a.xlsx", "A2:A4", persons=persons)
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert [(one.level, one.row, one.code) for one in report.problems] == [(P, 4, code)]
    assert (report.households, report.persons) == (2, 3)


def test_a_row_that_names_nobody_under_a_merged_number_is_not_stored(
    tmp_path: Path, beijing: Ruleset
) -> None:
    unnumbered = [[row[0], *row[2:]] for row in TOGETHER]
    numbered = [[*row, "序号" if place == 0 else str(place)] for place, row in enumerate(unnumbered)]
    persons = [*numbered[:3], [*[""] * 7, "9"], numbered[3]]
    path = merged(tmp_path / "a.xlsx", "A2:A4", persons=persons)
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert (P, 4, "cell-required") in {(one.level, one.row, one.code) for one in report.problems}
    assert (report.households, report.persons) == (1, 1)


ORPHAN = ["99", "2", *[""] * 6]


@pytest.mark.parametrize(
    ("persons", "doubtful"),
    [
        ([*TOGETHER[:2], ORPHAN, *TOGETHER[2:]], [(2, 3)]),
        ([*TOGETHER, ORPHAN], [(4, 5)]),
        ([TOGETHER[0], ORPHAN, *TOGETHER[1:]], [(3, 2)]),
        ([*TOGETHER, ORPHAN, ORPHAN], []),
        ([*TOGETHER[:2], ORPHAN, *TOGETHER[2:], ORPHAN], []),
        ([*TOGETHER, ORPHAN, ORPHAN, ["98", *ORPHAN[1:]]], []),
        ([*TOGETHER, ORPHAN, ["98", *ORPHAN[1:]]], [(4, 5)]),
        ([*TOGETHER[:3], ORPHAN, ["", *ORPHAN[1:]], TOGETHER[3]], [(3, 4)]),
    ],
    ids=["户中", "户后", "最上", "另一户", "分开的一户", "另一户之后", "两个错号", "错号和无号"],
)
def test_a_number_of_no_household_may_be_a_slip(
    persons: Rows, doubtful: list[tuple[int, int]], tmp_path: Path, beijing: Ruleset
) -> None:
    source = csv_folder(tmp_path / "来", HOUSEHOLDS, persons)
    report = import_register(source, tmp_path / "r.arrow", beijing)
    found = [(one.row, one.message) for one in report.problems if one.code == "household-doubtful"]
    assert found == [
        (row, f"第 {slip} 行的家庭编号在家庭表里没有，可能是这户的成员") for row, slip in doubtful
    ]
    assert report.households == 2 - len(doubtful)
    assert sum(one.code == "member-no-household" for one in report.problems) == sum(
        row[0] in ("99", "98") for row in persons
    )


def _turned(rows: Rows) -> list[list[str]]:
    """The table with the household number as its third column."""
    return [[row[1], row[2], row[0], *row[3:]] for row in rows]


@pytest.mark.parametrize(
    ("row", "listed"),
    [
        (["2", "李", "12", "0012", *[""] * 4, "5"], {2, 3, 4, 5}),
        (["2", "李", "四", "0012", *[""] * 4, "5"], {2, 3, 4}),
        (["2", "0012", "", *[""] * 4], {2, 3, 4}),
    ],
    ids=["别的户", "没有的户", "缺一格"],
)
def test_a_row_with_shifted_fields_names_no_household_for_sure(
    row: list[str], listed: set[int], tmp_path: Path, beijing: Ruleset
) -> None:
    turned = _turned(TOGETHER)
    source = csv_folder(tmp_path / "来", HOUSEHOLDS, [*turned[:3], row, turned[3]])
    report = import_register(source, tmp_path / "r.arrow", beijing)
    assert {one.row for one in report.problems if one.level is P} == listed
    assert [one.row for one in report.problems if one.code == "row-shifted"] == [4]
    assert [one.row for one in report.problems if one.code == "household-doubtful"] == [3]
    assert report.households == (5 not in listed)


def test_a_shifted_row_at_the_top_makes_the_household_below_doubtful(
    tmp_path: Path, beijing: Ruleset
) -> None:
    turned = _turned(TOGETHER)
    row = ["2", "李", "12", "0012", *[""] * 4, "5"]
    source = csv_folder(tmp_path / "来", HOUSEHOLDS, [turned[0], row, *turned[1:]])
    assert import_register(source, tmp_path / "r.arrow", beijing).households == 0


@pytest.mark.parametrize("level", ["家庭", "成员"])
def test_a_null_row_of_parquet_is_none(level: str, tmp_path: Path, beijing: Ruleset) -> None:
    households = [*HOUSEHOLDS[:2], *([[""] * 4] if level == "家庭" else []), HOUSEHOLDS[2]]
    persons = [*TOGETHER[:2], *([[""] * 8] if level == "成员" else []), *TOGETHER[2:]]
    _parquet(tmp_path, persons)
    columns = {title: [row[at] or None for row in households[1:]] for at, title in enumerate(households[0])}
    table = pa.table({title: pa.array(cells, pa.string()) for title, cells in columns.items()})
    pq.write_table(table, tmp_path / "家庭.parquet")
    report = import_register(tmp_path, tmp_path / "r.arrow", beijing)
    assert (report.households, report.persons, report.rows_in, report.problems) == (2, 3, 5, ())


@pytest.mark.parametrize("place", [0, 1, 4])
def test_merges_stay_wherever_the_results_of_an_earlier_check_stand(
    place: int, tmp_path: Path, beijing: Ruleset
) -> None:
    titled = [["成员名单", *[""] * 8]]
    persons = [[*row[:place], "校验结果" if n == 0 else "✓", *row[place:]] for n, row in enumerate(TOGETHER)]
    column = "A" if place else "B"
    path = merged(tmp_path / "a.xlsx", "A1:I1", f"{column}3:{column}4", persons=[*titled, *persons])
    report = import_register(path, tmp_path / "a.arrow", beijing)
    assert report.persons == 3
    checked_workbook(path, report, tmp_path / "校验.xlsx", beijing)
    sheet = CalamineWorkbook.from_path(str(tmp_path / "校验.xlsx")).get_sheet_by_name("成员")
    at = 0 if place else 1
    assert set(sheet.merged_cell_ranges or ()) == {((0, 0), (0, 8)), ((2, at), (3, at))}
    assert sheet.to_python()[0][0] == "成员名单"
    assert import_register(tmp_path / "校验.xlsx", tmp_path / "b.arrow", beijing).persons == 3


def test_a_merge_over_the_results_is_told_again(tmp_path: Path, beijing: Ruleset) -> None:
    persons = [[*row[:3], "校验结果" if n == 0 else "✓", *row[3:]] for n, row in enumerate(TOGETHER)]
    path = merged(tmp_path / "a.xlsx", "B4:D4", persons=persons)
    report = import_register(path, tmp_path / "a.arrow", beijing)
    checked_workbook(path, report, tmp_path / "校验.xlsx", beijing)
    again = import_register(tmp_path / "校验.xlsx", tmp_path / "b.arrow", beijing)
    assert [(one.row, one.code) for one in again.problems] == [(one.row, one.code) for one in report.problems]
    assert report.problems
