"""Spark gives the lines of a local run, cell for cell; the script of docs/scale-out.md is what runs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if (find_spec("pyspark") is None or shutil.which("java") is None) and "CI" not in os.environ:
    pytest.skip("没有 pyspark 或 Java", allow_module_level=True)

import pyarrow as pa
import pyarrow.parquet as pq

from eligibility.errors import InputError
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.spark import lines_of_frame
from eligibility.ruleset import Ruleset

from .nested import PLAN, example, in_order, local_lines, write_nested

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCH = 800


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def expected(folder: Path, beijing: Ruleset) -> pa.Table:
    return local_lines(write_nested(folder, beijing), beijing)


@pytest.fixture(scope="module")
def spark(folder: Path) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder),
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        session = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
        yield session
        session.stop()


def test_the_script_gives_the_lines_of_a_local_run(
    folder: Path, expected: pa.Table, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "明细.parquet"
    monkeypatch.setattr(sys, "argv", ["复核.py", str(folder / "台账.parquet"), str(target)])
    exec(compile(example("SparkSession"), "复核.py", "exec"), {})
    assert in_order(pq.read_table(target)).equals(expected)


def test_a_column_that_no_register_has_is_refused_before_anything_runs(
    folder: Path, expected: pa.Table, spark: SparkSession, beijing: Ruleset
) -> None:
    frame = spark.read.parquet(str(folder / "台账.parquet")).withColumnRenamed("货币财产", "货币资产")
    with pytest.raises(InputError, match="没有“货币资产”这一列"):
        lines_of_frame(Plan.of(beijing, *PLAN), frame)
