"""The lists as workbooks: the same bytes whenever they are asked for, text that stays text, money as numbers."""

from __future__ import annotations

import gc
import stat
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from eligibility.errors import OutputError
from eligibility.reevaluation.folder import Folder
from eligibility.reevaluation.lines import work_of
from eligibility.reevaluation.outputs import CHANGE_COLUMNS, write_parquet
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.workbook import write_workbooks
from eligibility.register.store import Register

from .drawn import content, run
from .oracle import DrawnEvaluations

WORKBOOKS = ("变动.xlsx", "补发.xlsx", "发放汇总.xlsx")


def test_workbooks_are_the_same_bytes_whenever_they_are_asked_for(
    plan: Plan, sample: Register, tmp_path: Path
) -> None:
    at_once, later = tmp_path / "a", tmp_path / "b"
    assert run(plan, sample, at_once, excel=True).workbooks == WORKBOOKS
    assert run(plan, sample, later, excel=False).workbooks == ()
    assert content(later) == {name: data for name, data in content(at_once).items() if name not in WORKBOOKS}
    report = run(plan, sample, later, excel=True)
    assert report.already_finished
    assert report.workbooks == WORKBOOKS
    assert content(later) == content(at_once)
    before = {file.name: file.stat().st_mtime_ns for file in later.iterdir()}
    for excel in (True, False):
        assert run(plan, sample, later, excel=excel).workbooks == ()
    assert {file.name: file.stat().st_mtime_ns for file in later.iterdir()} == before
    (later / "补发.xlsx").unlink()
    assert run(plan, sample, later, excel=True).workbooks == ("补发.xlsx",)
    assert content(later) == content(at_once)


def test_workbooks_hold_the_lists(plan: Plan, sample: Register, tmp_path: Path) -> None:
    run(plan, sample, tmp_path, excel=True)
    for name in WORKBOOKS:
        listed = pq.read_table((tmp_path / name).with_suffix(".parquet"))
        book = CalamineWorkbook.from_path(tmp_path / name)
        head, *rows = book.get_sheet_by_index(0).to_python()
        assert head == listed.column_names
        assert [[_read(cell) for cell in row] for row in rows] == [
            [_shown(row[column]) for column in head] for row in listed.to_pylist()
        ]
        with zipfile.ZipFile(tmp_path / name) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert 'state="frozen"' in sheet
        last = chr(ord("A") + len(head) - 1)
        assert f'<autoFilter ref="A1:{last}{listed.num_rows + 1}"/>' in sheet


def _read(cell: Any) -> Any:
    return f"{cell:.2f}" if isinstance(cell, float) else cell


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:.2f}" if isinstance(value, Decimal | int) else "" if value is None else value


def test_workbooks_are_split_and_text_stays_text(plan: Plan, sample: Register, tmp_path: Path) -> None:
    lines = [
        work_of(plan, batch, evaluating=DrawnEvaluations).changes.slice(0, 12) for batch in sample.batches()
    ]
    names = lines[0].schema.get_field_index("name")
    bad = pa.array(["=HYPERLINK(1)", "+1", "@SUM(A1)"] * 4)
    lines[0] = lines[0].set_column(names, "name", bad)
    with Folder(tmp_path / "out") as folder:
        folder.place("变动.parquet", lambda path: write_parquet(path, CHANGE_COLUMNS, lines))
        written = write_workbooks(folder, "变动.parquet", private=True, most=25)
        folder.clear()
    total = sum(batch.num_rows for batch in lines)
    files = sorted((tmp_path / "out").glob("*.xlsx"))
    assert (
        [file.name for file in files] == [f"变动-{n}.xlsx" for n in range(1, -(-total // 25) + 1)] == written
    )
    rows = 0
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with zipfile.ZipFile(file) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<hyperlink" not in sheet
        rows += sheet.count("<row ") - 1
    assert rows == total
    with zipfile.ZipFile(files[0]) as book:
        assert b"=HYPERLINK(1)" in book.read("xl/worksheets/sheet1.xml")


def test_what_is_only_needed_on_the_way_stays_in_the_folder(
    plan: Plan, sample: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(plan, sample, tmp_path / "a", excel=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert run(plan, sample, tmp_path / "a", excel=True).workbooks == WORKBOOKS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full(
    plan: Plan, sample: Register, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(plan, sample, tmp_path, excel=False)
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "变动.xlsx.tmp").symlink_to("/dev/full")
    with Folder(tmp_path) as folder, pytest.raises(OutputError, match="磁盘") as full:
        write_workbooks(folder, "变动.parquet", private=False)
    assert full.value.code == "output-unwritable"
    gc.collect()
    assert "Exception ignored" not in capfd.readouterr().err
