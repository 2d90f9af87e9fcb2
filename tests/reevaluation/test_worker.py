"""What a worker of another engine does: it travels light, reads plainer types, and refuses other law."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eligibility.errors import InputError, RulesetError
from eligibility.reevaluation.lines import PLAIN_SCHEMA
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.worker import Worker
from eligibility.ruleset import Ruleset, load_ruleset

from .nested import PLAN, in_order, local_lines, write_nested


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="module")
def expected(folder: Path, beijing: Ruleset) -> pa.Table:
    return local_lines(write_nested(folder, beijing), beijing)


@pytest.fixture(scope="module")
def worker(folder: Path, expected: pa.Table, beijing: Ruleset) -> Worker:
    return Worker.of(Plan.of(beijing, *PLAN), pq.read_schema(folder / "台账.parquet"))


@pytest.mark.parametrize("size", [997, 65_536])
def test_the_lines_are_those_of_a_local_run(
    folder: Path, worker: Worker, expected: pa.Table, size: int
) -> None:
    with pq.ParquetFile(folder / "台账.parquet") as file:
        assert file.schema_arrow.field("地区").type == pa.string()
        found = [worker(batch) for batch in file.iter_batches(size)]
    assert in_order(pa.Table.from_batches(found)).equals(expected)


def test_wide_types_and_other_orders_are_read(folder: Path, worker: Worker, expected: pa.Table) -> None:
    table = pq.read_table(folder / "台账.parquet")
    wide = {pa.string(): pa.large_string(), pa.int16(): pa.int32()}
    table = table.cast(pa.schema([f.with_type(wide.get(f.type, f.type)) for f in table.schema]))
    batch = table.select(table.schema.names[::-1]).combine_chunks().to_batches()[0]
    assert in_order(pa.Table.from_batches([worker(batch)])).equals(expected)


def test_no_household_no_line(worker: Worker) -> None:
    empty = worker(pa.RecordBatch.from_pylist([], schema=worker.schema))
    assert (empty.num_rows, empty.schema) == (0, PLAIN_SCHEMA)


def test_it_travels_as_a_few_words_and_the_law_is_loaded_once(worker: Worker) -> None:
    sent = pickle.dumps(worker)
    assert len(sent) < 20_000
    first, second = pickle.loads(sent), pickle.loads(sent)
    assert first.plan is second.plan
    assert first == worker


def test_overlays_travel_too(worker: Worker) -> None:
    rules = load_ruleset("beijing", overlays=["beijing-tongzhou"])
    there = pickle.loads(pickle.dumps(Worker.of(Plan.of(rules, *PLAN), worker.schema)))
    assert there.plan.rules.overlays == ("beijing-tongzhou",)


def test_other_law_is_refused(worker: Worker) -> None:
    other = replace(worker, law=(*worker.law[:-1], "0" * 64))
    with pytest.raises(RulesetError, match="规则集或程序版本"):
        other(pa.RecordBatch.from_pylist([], schema=worker.schema))


def test_a_column_that_no_register_has_is_refused_by_name(worker: Worker) -> None:
    with pytest.raises(InputError, match="没有“货币资产”这一列"):
        Worker.of(worker.plan, worker.schema.append(pa.field("货币资产", pa.int64())))
