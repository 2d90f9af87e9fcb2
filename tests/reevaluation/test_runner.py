"""A whole run: the same bytes however often it is stopped, and nothing of another run ever replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eligibility.errors import InputError, OutputError, Problem
from eligibility.reevaluation import runner
from eligibility.reevaluation.folder import Folder
from eligibility.reevaluation.identity import differences, identity_of
from eligibility.reevaluation.lines import work_of
from eligibility.reevaluation.outputs import CHANGE_COLUMNS
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.runner import Run
from eligibility.register.store import Register
from eligibility.ruleset import load_ruleset

from .conftest import in_batches
from .drawn import content, run
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
    with pytest.raises(OutputError, match=r"已有另一次复核的结果.*--through 是 2025-09，这次是 2025-08"):
        run(other, sample, done)
    assert content(done) == before
    with Folder(tmp_path / "begun") as folder:
        folder.begin({"other": "work"})
    with pytest.raises(OutputError, match=r"没做完.*另一版本"):
        run(plan, sample, tmp_path / "begun")


def test_what_is_different_is_said(plan: Plan, sample: Register, tmp_path: Path) -> None:
    own = identity_of(plan, sample)
    assert differences(own, own) == []
    assert differences(json.loads(json.dumps(own)), own) == []
    unmasked = Plan.of(plan.rules, plan.before, plan.after, plan.through, identity_numbers=True)
    assert differences(own, identity_of(unmasked, sample)) == [
        "那次遮盖姓名和证件号，这次不遮盖（--identity-numbers）"
    ]
    smaller = in_batches(_first(sample), tmp_path / "小.arrow", 13)
    assert differences(own, identity_of(plan, smaller)) == ["台账的内容不同"]
    reading = load_ruleset("beijing", overlays=["beijing-reading-a16"])
    overlaid = Plan.of(reading, plan.before, plan.after, plan.through)
    assert differences(own, identity_of(overlaid, sample)) == ["规则不同（规则集、叠加规则换过或改过）"]
    earlier = Plan.of(plan.rules, "2025-05@2025-06-01", plan.after, plan.through)
    assert differences(own, identity_of(earlier, sample)) == [
        "那次的 --before 是 2025-06@2025-06-30，这次是 2025-05@2025-06-01"
    ]
    assert differences([], own) == differences({**own, "format": 1}, own) == ["由另一版本的程序写成"]


def test_one_run_at_a_time(plan: Plan, sample: Register, tmp_path: Path) -> None:
    with Folder(tmp_path / "out"), pytest.raises(OutputError, match="正在使用"):
        run(plan, sample, tmp_path / "out")
    assert not run(plan, sample, tmp_path / "out").already_finished


def test_a_folder_that_is_none(plan: Plan, sample: Register, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match="这是文件，结果要写进文件夹"):
        run(plan, sample, tmp_path / "file")
    with pytest.raises(OutputError, match="路径中间的一段是文件"):
        run(plan, sample, tmp_path / "file" / "out")


def test_what_fails_at_the_start_leaves_no_folder(plan: Plan, sample: Register, tmp_path: Path) -> None:
    def failing(*_: Any) -> DrawnEvaluations:
        raise InputError(Problem("register-word", "不合用"))

    out = tmp_path / "new" / "out"
    with pytest.raises(InputError), Folder(out) as folder:
        Run(plan, sample, folder, evaluating=failing).complete()
    assert list(tmp_path.iterdir()) == []
    out.mkdir(parents=True)
    with pytest.raises(InputError), Folder(out) as folder:
        Run(plan, sample, folder, evaluating=failing).complete()
    assert out.is_dir(), "a folder that was there stays"
    run(plan, sample, out)


def test_a_failed_start_takes_nothing_of_others_away(plan: Plan, sample: Register, tmp_path: Path) -> None:
    def failing(*_: Any) -> DrawnEvaluations:
        (tmp_path / "out" / "own.txt").write_text("text")
        raise InputError(Problem("register-word", "不合用"))

    with pytest.raises(InputError), Folder(tmp_path / "out") as folder:
        Run(plan, sample, folder, evaluating=failing).complete()
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"own.txt"}


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
    with pytest.raises(OutputError, match="磁盘满了"):
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


class _first:
    """The first batch of a register."""

    def __init__(self, register: Register) -> None:
        self.schema, self._register = register.schema, register

    def batches(self) -> Any:
        return iter([next(self._register.batches())])
