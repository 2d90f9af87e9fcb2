"""Daft gives the lines of a local run, cell for cell; the example of docs/scale-out.md is what runs."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("daft") is None and "CI" not in os.environ:
    pytest.skip("没有 daft", allow_module_level=True)

import pyarrow as pa
import pyarrow.parquet as pq

from eligibility.errors import InputError
from eligibility.reevaluation.daft import lines_of_frame
from eligibility.reevaluation.plan import Plan
from eligibility.ruleset import Ruleset

from .nested import PLAN, example, in_order, local_lines, write_nested

import daft  # isort: skip  # after the adapter, which keeps it from reporting


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("daft")


@pytest.fixture(scope="module")
def expected(folder: Path, beijing: Ruleset) -> pa.Table:
    return local_lines(write_nested(folder, beijing), beijing)


def test_the_example_gives_the_lines_of_a_local_run(
    folder: Path, expected: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    exec(compile(example("import daft"), "docs/scale-out.md", "exec"), {})
    assert in_order(pq.read_table(folder / "明细")).equals(expected)


def test_the_table_for_it_is_written_as_the_page_says(
    folder: Path, expected: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = pq.read_table(folder / "台账.parquet")
    monkeypatch.chdir(folder)
    exec(compile(example("ParquetWriter"), "docs/scale-out.md", "exec"), {})
    assert pq.read_table(folder / "台账.parquet").equals(written)


def test_small_batches_change_nothing(folder: Path, expected: pa.Table, beijing: Ruleset) -> None:
    frame = daft.read_parquet(str(folder / "台账.parquet")).into_batches(450)
    assert in_order(lines_of_frame(Plan.of(beijing, *PLAN), frame).to_arrow()).equals(expected)


def test_no_household_no_line(folder: Path, expected: pa.Table, beijing: Ruleset) -> None:
    frame = daft.read_parquet(str(folder / "台账.parquet"))
    lines = lines_of_frame(Plan.of(beijing, *PLAN), frame.where(daft.col("家庭编号") == "没有"))
    assert lines.column_names == expected.schema.names
    assert lines.to_arrow().num_rows == 0


def test_a_column_that_no_register_has_is_refused_before_anything_runs(
    folder: Path, expected: pa.Table, beijing: Ruleset
) -> None:
    frame = daft.read_parquet(str(folder / "台账.parquet")).with_column_renamed("货币财产", "货币资产")
    with pytest.raises(InputError, match="没有“货币资产”这一列"):
        lines_of_frame(Plan.of(beijing, *PLAN), frame)


def test_nothing_is_reported_over_the_network() -> None:
    assert os.environ["DAFT_ANALYTICS_ENABLED"] == "0"
    assert daft.scarf_telemetry.opted_out()
