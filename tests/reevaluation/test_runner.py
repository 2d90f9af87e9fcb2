"""A whole run: the same bytes however often it is stopped, and nothing of another run ever replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eligibility.determination import determine
from eligibility.errors import InputError, OutputError, Problem
from eligibility.reevaluation import runner
from eligibility.reevaluation.explaining import explain_household
from eligibility.reevaluation.folder import Folder
from eligibility.reevaluation.lines import work_of
from eligibility.reevaluation.outputs import CHANGE_COLUMNS
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.runner import Report, Run
from eligibility.reevaluation.workbook import write_workbooks
from eligibility.register.cases import case_of
from eligibility.register.store import Register
from eligibility.ruleset import Edition

from .conftest import in_batches
from .oracle import DrawnEvaluations, nothing_missing

FILES = {
    "变动.parquet",
    "补发.parquet",
    "发放汇总.parquet",
    "summary.json",
    "汇总.md",
    "汇总.html",
    "run.json",
}


@pytest.fixture(scope="module", autouse=True)
def _drawn() -> Iterator[None]:
    """The verdicts of these runs are drawn, so the reference engine is not asked what they lack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "missing_facts", nothing_missing)
        yield


def run(plan: Plan, register: Register, out: Path, **options: Any) -> Report:
    with Folder(out) as folder:
        return Run(plan, register, folder, evaluating=DrawnEvaluations, **options).complete()


def content(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.fixture(scope="module")
def done(plan: Plan, sample: Register, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("done") / "out"
    run(plan, sample, out, excel=False)
    return out


def test_the_files_of_a_run(done: Path, plan: Plan, sample: Register) -> None:
    assert {file.name for file in done.iterdir()} == FILES
    changes = pq.read_table(done / "变动.parquet")
    assert changes.column_names == list(CHANGE_COLUMNS.values())
    lines = [work_of(plan, b, evaluating=DrawnEvaluations) for b in sample.batches()]
    assert changes.num_rows == sum(work.changes.num_rows for work in lines)
    arrears = pq.read_table(done / "补发.parquet")
    assert arrears.num_rows == sum(work.arrears.num_rows for work in lines)
    first = lines[0].changes.to_pylist()[0]
    row = changes.to_pylist()[0]
    assert row["家庭编号"] == first["household_id"]
    differences = [d for work in lines for d in work.changes.column("difference").to_pylist()]
    assert changes.column("差额").to_pylist() == [
        None if fen is None else Decimal(fen).scaleb(-2) for fen in differences
    ]


def test_the_summary_agrees_with_the_lists(done: Path) -> None:
    summary = json.loads((done / "summary.json").read_bytes())
    changes = pq.read_table(done / "变动.parquet").to_pylist()
    arrears = pq.read_table(done / "补发.parquet").to_pylist()
    assert (summary["change_lines"], summary["arrears_lines"]) == (len(changes), len(arrears))
    for programme in summary["programmes"]:
        own = [row for row in changes if row["项目"] == programme["name"]]
        for change, found in programme["changes"].items():
            rows = [row for row in own if row["变动"] == change]
            assert found["subjects"] == len(rows)
            assert found["households"] == len({row["家庭编号"] for row in rows})
        owed = [row for row in arrears if row["项目"] == programme["name"]]
        for kind, found in programme["arrears"].items():
            rows = [row for row in owed if row["类别"] == kind]
            assert (found["lines"], found["households"]) == (len(rows), len({r["家庭编号"] for r in rows}))
            if kind != "待核":
                assert Decimal(found["amount"]) == abs(sum((row["差额"] for row in rows), Decimal(0)))
        if programme["kind"] != "status":
            eligible = [row for row in own if row["新结论"] == "符合"]
            paid = sum((row["新金额"] for row in eligible if row["新金额"] is not None), Decimal(0))
            assert Decimal(programme["after"]["amount"]) == paid
            assert programme["after"]["households"] == len({row["家庭编号"] for row in eligible})
            assert Decimal(programme["after"]["amount_per_year"]) == 12 * paid
            moved = sum((row["差额"] for row in own if row["差额"] is not None), Decimal(0))
            assert Decimal(programme["difference"]) == moved
    payments = pq.read_table(done / "发放汇总.parquet").to_pylist()
    total = sum(Decimal(p["after"].get("amount", "0")) for p in summary["programmes"])
    assert sum(row["新月发放额"] for row in payments) == total
    owed = [p["arrears"]["补发"]["amount"] for p in summary["programmes"]]
    assert sum(row["补发额"] for row in payments) == sum(map(Decimal, owed))


def test_the_pages_stand_alone(done: Path) -> None:
    page = (done / "汇总.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "http" not in page
    assert "<script" not in page
    assert "| 低保 |" in (done / "汇总.md").read_text("utf-8")


def test_the_same_inputs_give_the_same_bytes(
    plan: Plan, sample: Register, done: Path, tmp_path: Path
) -> None:
    run(plan, sample, tmp_path / "b")
    assert content(tmp_path / "b") == content(done)


def test_workbooks_are_the_same_bytes(plan: Plan, sample: Register, tmp_path: Path) -> None:
    for name in "ab":
        run(plan, sample, tmp_path / name, excel=True)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert {"变动.xlsx", "补发.xlsx"} <= set(content(tmp_path / "a"))


def test_workbooks_are_split_and_text_stays_text(plan: Plan, sample: Register, tmp_path: Path) -> None:
    lines = [
        work_of(plan, batch, evaluating=DrawnEvaluations).changes.slice(0, 12) for batch in sample.batches()
    ]
    names = lines[0].schema.get_field_index("name")
    bad = pa.array(["=HYPERLINK(1)", "+1", "@SUM(A1)"] * 4)
    lines[0] = lines[0].set_column(names, "name", bad)
    with Folder(tmp_path / "out") as folder:
        folder.begin({})
        write_workbooks(folder, "变动", CHANGE_COLUMNS, lambda: lines, private=True, most=25)
        folder.clear()
    total = sum(batch.num_rows for batch in lines)
    files = sorted((tmp_path / "out").glob("*.xlsx"))
    assert [file.name for file in files] == [f"变动-{n}.xlsx" for n in range(1, -(-total // 25) + 1)]
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


@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    sample: Register, done: Path, tmp_path: Path, seed: int
) -> None:
    script = [
        sys.executable,
        "-m",
        "tests.reevaluation.stopped",
        str(sample.path),
        str(tmp_path / "out"),
        str(seed),
    ]
    root = Path(__file__).parents[2]
    ran = subprocess.run(script, capture_output=True, text=True, check=False, cwd=root, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout) > 2
    assert content(tmp_path / "out") == content(done)


def test_finished_batches_are_not_done_again(
    plan: Plan, sample: Register, done: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    class Stops(DrawnEvaluations):
        seen = 0

        def __init__(self, *given: Any) -> None:
            type(self).seen += 1
            if self.seen == 4:
                raise KeyboardInterrupt
            super().__init__(*given)

    with pytest.raises(KeyboardInterrupt), Folder(out) as folder:
        Run(plan, sample, folder, evaluating=Stops).complete()
    assert {file.name for file in out.iterdir()} == {".work"}
    parts = sorted((out / ".work").glob("*.arrow"))
    assert 2 <= len(parts) < 5
    parts[1].write_bytes(parts[1].read_bytes()[:-20])  # not whole: done again
    (out / ".work" / "000003.tmp").write_bytes(b"half")

    class Counts(DrawnEvaluations):
        seen = 0

        def __init__(self, *given: Any) -> None:
            type(self).seen += 1
            super().__init__(*given)

    with Folder(out) as folder:
        Run(plan, sample, folder, evaluating=Counts).complete()
    assert Counts.seen == 5 - (len(parts) - 1)
    assert content(out) == content(done)


def test_a_finished_run_is_left_as_it_is(plan: Plan, sample: Register, done: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in done.iterdir()}
    report = run(plan, sample, done)
    assert report.already_finished
    assert report.summary == json.loads((done / "summary.json").read_bytes())
    assert {file.name: file.stat().st_mtime_ns for file in done.iterdir()} == before


def test_other_work_is_refused(plan: Plan, sample: Register, done: Path, tmp_path: Path) -> None:
    other = Plan.of(plan.rules, plan.before, plan.after, "2025-08")
    before = content(done)
    with pytest.raises(OutputError, match="已有另一次复核的结果"):
        run(other, sample, done)
    assert content(done) == before
    with Folder(tmp_path / "begun") as folder:
        folder.begin({"other": "work"})
    with pytest.raises(OutputError, match="没做完"):
        run(plan, sample, tmp_path / "begun")


def test_one_run_at_a_time(plan: Plan, sample: Register, tmp_path: Path) -> None:
    with Folder(tmp_path / "out"), pytest.raises(OutputError, match="正在使用"):
        run(plan, sample, tmp_path / "out")
    assert not run(plan, sample, tmp_path / "out").already_finished


def test_a_folder_that_is_none(plan: Plan, sample: Register, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError):
        run(plan, sample, tmp_path / "file")


def test_a_full_disk_is_one_error_and_the_run_goes_on_later(
    plan: Plan, sample: Register, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    replace = os.replace

    def full(*given: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise OSError(28, "No space left on device")
        replace(*given)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        run(plan, sample, tmp_path / "out")
    monkeypatch.undo()
    run(plan, sample, tmp_path / "out")
    assert content(tmp_path / "out") == content(done)


def test_an_error_ends_the_run_at_once(plan: Plan, sample: Register, tmp_path: Path) -> None:
    tried = []

    def evaluating(plan: Plan, batch: pa.RecordBatch) -> DrawnEvaluations:
        tried.append(batch)
        if len(tried) == 1:
            raise InputError(Problem("register-word", "不合用"))
        return DrawnEvaluations(plan, batch)

    register = in_batches(sample, tmp_path / "台账.arrow", 5)
    with pytest.raises(InputError, match="不合用"), Folder(tmp_path / "out") as folder:
        Run(plan, register, folder, evaluating=evaluating).complete()
    assert len(tried) < len(list(register.batches())) / 2, "the other thread stops too"


def test_unmasked_lists_are_private(plan: Plan, sample: Register, tmp_path: Path) -> None:
    unmasked = Plan.of(plan.rules, plan.before, plan.after, plan.through, identity_numbers=True)
    run(unmasked, sample, tmp_path / "out")
    for name in ("变动.parquet", "补发.parquet"):
        assert stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) == 0o600
    numbers = pq.read_table(tmp_path / "out" / "变动.parquet").column("身份证号").drop_null().to_pylist()
    assert not any("*" in number for number in numbers)


def test_one_household_is_explained_as_by_determine(plan: Plan, sample: Register, done: Path) -> None:
    row = next(sample.batches(2)).to_pylist()[3]
    for side, edition in (("before", plan.edition_before), ("after", plan.edition_after)):
        found = explain_household(done, row["家庭编号"], side)
        case = case_of(without_unknown_kinds(row, edition), tuple(edition.income_kinds))
        assert found.record() == determine(case, edition).record()
        assert found.edition.month == edition.month
    with pytest.raises(InputError, match="没有家庭编号"):
        explain_household(done, "没有这一户")
    with pytest.raises(InputError, match="没有做完的复核"):
        explain_household(done.parent, row["家庭编号"])


def without_unknown_kinds(row: dict[str, Any], edition: Edition) -> dict[str, Any]:
    """A row without the incomes that the law of a month does not know."""
    strange = {f"收入.{kind}" for kind in edition.ruleset.income_kinds if kind not in edition.income_kinds}
    return {**row, "成员": [{k: v for k, v in m.items() if k not in strange} for m in row["成员"]]}


def test_a_register_that_changed_is_not_explained(plan: Plan, sample: Register, tmp_path: Path) -> None:
    moved = in_batches(sample, tmp_path / "台账.arrow", 50)
    run(plan, moved, tmp_path / "out")
    household = next(moved.batches()).column("家庭编号")[0].as_py()
    in_batches(_first(sample), tmp_path / "台账.arrow", 10)
    with pytest.raises(InputError, match="改过"):
        explain_household(tmp_path / "out", household)
    (tmp_path / "台账.arrow").unlink()
    with pytest.raises(InputError, match="不在原处"):
        explain_household(tmp_path / "out", household)


class _first:
    """The first batch of a register."""

    def __init__(self, register: Register) -> None:
        self.schema, self._register = register.schema, register

    def batches(self) -> Any:
        return iter([next(self._register.batches())])
