"""Our side of the register benchmark: every stage in a process of its own, one stage a run, result as JSON.

python benchmarks/register_stages.py STAGE REGISTER-OR-HOUSEHOLDS ROUNDS
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import register_households as law

from eligibility import Month, load_ruleset
from eligibility.engines.kernel import kernel_of
from eligibility.engines.verdicts import ELIGIBLE, UNDETERMINED, Verdicts
from eligibility.register.facts import FactReader
from eligibility.register.store import Register, open_register
from eligibility.ruleset import Edition, Ruleset
from eligibility.values import Level

HERE = Path(__file__).resolve().parent
MONTH = Month("2025-08")
COLUMNS = ("outcome", "low", "high", "met", "unknown")
HOUSEHOLD_ID = "家庭编号"
AT_ONCE = 2
"""Batches worked on at a time."""
IN_MEMORY = 4
"""Batches that are kept in memory where the engine alone is measured."""

Said = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """What is timed, and what is checked of it afterwards, untimed; both say what they found."""

    run: Callable[[], Said]
    check: Callable[[], Said] = dict


class Results:
    """The verdicts of a register as Parquet: one file with the households' numbers, one with a row for every verdict.

    A verdict tells its household (its row), the person (place in the household, null for the household itself), the
    programme, the outcome, the bounds of the amount, and the criteria met and unknown.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._stack = ExitStack()
        self._households = 0

    def write(self, ids: pa.Array, verdicts: pa.RecordBatch) -> None:
        rows = pa.array(verdicts.column("household").to_numpy() + np.int32(self._households))
        verdicts = verdicts.set_column(0, "household", rows)
        self._households += len(ids)
        for name, batch in (("households", pa.record_batch({HOUSEHOLD_ID: ids})), ("verdicts", verdicts)):
            if name not in self._writers:
                writer = pq.ParquetWriter(
                    self._folder / f"{name}.parquet",
                    batch.schema,
                    compression="lz4",
                    use_dictionary=False,
                    write_statistics=False,
                )
                self._writers[name] = self._stack.enter_context(writer)
            self._writers[name].write_batch(batch, row_group_size=batch.num_rows)

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def listed(verdicts: Verdicts) -> pa.RecordBatch:
    """Every verdict of a batch as a row."""
    households = np.arange(verdicts.households, dtype=np.int32)
    of_person = np.repeat(households, np.diff(verdicts.offsets))
    parts: dict[str, list[Any]] = {name: [] for name in ("household", "person", "programme", *COLUMNS)}
    for code, programme in enumerate(verdicts.programmes.values()):
        rows = np.flatnonzero(programme.outcome)
        personal = programme.level is Level.PERSON
        household = of_person[rows] if personal else households[rows]
        parts["household"].append(household)
        parts["person"].append(rows - verdicts.offsets[household] if personal else np.full(len(rows), -1))
        parts["programme"].append(np.full(len(rows), code, np.int8))
        for name, kind in zip(COLUMNS, (np.int8, np.int64, np.int64, np.int32, np.int32), strict=True):
            parts[name].append(getattr(programme, name)[rows].astype(kind))
    columns = {name: np.concatenate(found) for name, found in parts.items()}
    person = columns["person"].astype(np.int16)
    columns["person"] = pa.array(person, mask=person < 0)
    return pa.record_batch({name: pa.array(column) for name, column in columns.items()})


def through(register: Register, verdicts_of: Callable[[pa.RecordBatch], Verdicts]) -> int:
    """From file to file: two batches are read and worked on side by side, and written in order; how many households."""
    numbered, reading = enumerate(register.batches()), threading.Lock()

    def work() -> tuple[int, pa.Array, pa.RecordBatch] | None:
        with reading:
            number, batch = next(numbered, (0, None))
        if batch is None:
            return None
        return number, batch.column(HOUSEHOLD_ID), listed(verdicts_of(batch))

    households = following = 0
    waiting: dict[int, tuple[pa.Array, pa.RecordBatch]] = {}
    with (
        tempfile.TemporaryDirectory(dir=register.path.parent) as folder,
        Results(Path(folder)) as results,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        pending = deque(pool.submit(work) for _ in range(AT_ONCE + 1))
        while pending:
            found = pending.popleft().result()
            if found is None:
                continue
            pending.append(pool.submit(work))
            waiting[found[0]] = found[1:]
            while following in waiting:
                ids, verdicts = waiting.pop(following)
                results.write(ids, verdicts)
                households += len(ids)
                following += 1
    return households


def beijing() -> tuple[Ruleset, Edition, FactReader]:
    rules = load_ruleset("beijing")
    edition = rules.edition(MONTH)
    return rules, edition, FactReader(kernel_of(edition).facts, rules)


def file_stage(path: str) -> Stage:
    """One edition with all programmes, from the register file to Parquet."""
    _, edition, reader = beijing()
    kernel = kernel_of(edition)
    register = open_register(path)

    def run() -> Said:
        count = through(
            register, lambda b: kernel.evaluate(edition, reader.read(b, edition.month), threads=1)
        )
        return {"households": count}

    return Stage(run)


def floor_stage(path: str) -> Stage:
    """Reads the same file and writes as many verdicts (those of the first batch, again and again), without rules."""
    _, edition, reader = beijing()
    register = open_register(path)
    first = next(register.batches())
    known = kernel_of(edition).evaluate(edition, reader.read(first, edition.month))
    del first

    def again(batch: pa.RecordBatch) -> Verdicts:
        offsets = batch.column("成员").offsets.to_numpy()
        offsets = offsets.astype(np.int64) - offsets[0]
        programmes = {}
        for name, programme in known.programmes.items():
            rows = batch.num_rows if programme.level is Level.HOUSEHOLD else int(offsets[-1])
            columns = {column: getattr(programme, column) for column in (*COLUMNS, "routes")}
            resized = {n: a[:rows] if len(a) >= rows else np.resize(a, rows) for n, a in columns.items()}
            programmes[name] = type(programme)(programme=programme.programme, **resized)
        return Verdicts(edition, offsets, programmes)

    return Stage(lambda: {"households": through(register, again)})


def steps_stage(path: str) -> Stage:
    """CPU seconds of every step by itself, one thread, nothing side by side."""
    _, edition, reader = beijing()
    kernel = kernel_of(edition)
    register = open_register(path)

    def run() -> Said:
        cpu = dict.fromkeys(("read", "facts", "evaluate", "write"), 0.0)
        households = 0

        def timed(step: str, work: Callable[[], Any]) -> Any:
            start = time.process_time()
            result = work()
            cpu[step] += time.process_time() - start
            return result

        batches = register.batches()
        with (
            tempfile.TemporaryDirectory(dir=register.path.parent) as folder,
            Results(Path(folder)) as results,
        ):
            while (batch := timed("read", lambda: next(batches, None))) is not None:
                facts = timed("facts", lambda b=batch: reader.read(b, edition.month))
                verdicts = timed("evaluate", lambda f=facts: kernel.evaluate(edition, f, threads=1))
                ids = batch.column(HOUSEHOLD_ID)
                timed("write", lambda i=ids, v=verdicts: results.write(i, listed(v)))
                households += batch.num_rows
            timed("write", lambda: results.__exit__())
        return {"households": households, "steps": cpu}

    return Stage(run)


def kernel_stage(path: str, threads: int) -> Stage:
    """The engine alone, over facts in memory."""
    _, edition, reader = beijing()
    kernel = kernel_of(edition)
    batches = [batch for batch, _ in zip(open_register(path).batches(), range(IN_MEMORY), strict=False)]
    facts = [reader.read(batch, edition.month) for batch in batches]
    del batches

    def run() -> Said:
        households = verdicts = open_ = 0
        for part in facts:
            got = kernel.evaluate(edition, part, threads=threads)
            households += got.households
            verdicts += sum(int(np.count_nonzero(p.outcome)) for p in got.programmes.values())
            open_ += _left_open(got)
        return {"households": households, "verdicts": verdicts, "open": open_}

    return Stage(run)


def _left_open(verdicts: Verdicts) -> int:
    """How many households have anything that is not a point: those that the engine computes again in ranges."""
    found = np.zeros(verdicts.households, bool)
    household = np.repeat(np.arange(verdicts.households), np.diff(verdicts.offsets))
    for p in verdicts.programmes.values():
        rows = np.flatnonzero((p.unknown != 0) | (p.low != p.high) | (p.outcome == UNDETERMINED))
        found[rows if p.level is Level.HOUSEHOLD else household[rows]] = True
    return int(found.sum())


def reevaluate_stage(path: str) -> Stage:
    """A whole re-evaluation of two months, changes only, lists as Parquet."""
    from eligibility.reevaluation.runner import reevaluate

    rules, register = load_ruleset("beijing"), open_register(path)

    def run() -> Said:
        with tempfile.TemporaryDirectory(dir=register.path.parent) as folder:
            out = Path(folder) / "out"
            report = reevaluate(register, rules, before="2025-06", after="2025-07", out=out)
            size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        return {"households": register.households, "lines": report.summary["change_lines"], "bytes": size}

    return Stage(run)


def compile_stage(_: str) -> Stage:
    """A cold process: the ruleset read, the edition resolved, its rules compiled."""
    start = time.process_time()
    rules = load_ruleset("beijing")
    loaded = time.process_time()
    edition = rules.edition(MONTH)
    resolved = time.process_time()
    kernel_of(edition)
    steps = {"load": loaded - start, "edition": resolved - loaded, "compile": time.process_time() - resolved}
    return Stage(lambda: {"households": 0, "steps": steps})


def law_stage(count: str, kind: str) -> Stage:
    """The peers' small law over the peers' households, in memory: from Arrow columns to verdicts."""
    h = law.random_households(int(count)) if kind == "random" else law.tied_households(int(count))
    edition = load_ruleset(HERE / "register-law").edition(Month(law.MONTH))
    kernel, facts = kernel_of(edition), law_facts(h)

    def run() -> Said:
        kernel.evaluate(edition, facts)
        return {"households": h["count"]}

    def check() -> Said:
        got, want = kernel.evaluate(edition, facts), law.exact(h)
        dibao, low = (got[name].outcome == ELIGIBLE for name in ("dibao", "low_income"))
        total = got["dibao"].low.copy()
        for name in ("disability", "child"):
            np.add.at(total, h["household"], got[name].low)
        wrong = law.wrong(h, {"dibao": dibao, "low": low, "amount": got["dibao"].low})
        wrong["totals"] = int((total != want["total"]).sum())
        return {"wrong": wrong, "wrongly_eligible": int((dibao & ~want["dibao"]).sum())}

    return Stage(run, check)


def law_facts(h: law.Households) -> pa.RecordBatch:
    """The households as the engine reads them: incomes in twelfths of a 分, days of birth, grades as words."""
    born = [np.datetime64(f"{2025 - age}-01-01", "D") for age in range(100)]
    grades = pa.array(["无", "一级", "二级", "三级", "四级"])
    incomes = ("收入.工资性收入", "收入.经营净收入", "收入.养老金", "收入.转移性收入")
    persons = {
        **{name: pa.array(h[key] * 12) for name, key in zip(incomes, law.MONEY, strict=True)},
        "出生日期": pa.array(np.array(born)[h["age"]]),
        "肢体等级": pa.DictionaryArray.from_arrays(pa.array(h["grade"]), grades),
    }
    people = pa.StructArray.from_arrays(list(persons.values()), list(persons))
    offsets = np.concatenate([[0], np.cumsum(h["size"])]).astype(np.int32)
    household = {"货币财产": h["savings"], "住房套数": h["homes"], "机动车数": h["cars"]}
    members = pa.ListArray.from_arrays(pa.array(offsets), people)
    return pa.RecordBatch.from_pydict({**{k: pa.array(v) for k, v in household.items()}, "成员": members})


STAGES: dict[str, Callable[[str], Stage]] = {
    "file": file_stage,
    "floor": floor_stage,
    "steps": steps_stage,
    "reevaluate": reevaluate_stage,
    "kernel-1": lambda path: kernel_stage(path, 1),
    "kernel-2": lambda path: kernel_stage(path, 2),
    "compile": compile_stage,
    "law-random": lambda count: law_stage(count, "random"),
    "law-tied": lambda count: law_stage(count, "tied"),
}


def main() -> None:
    stage, given, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    found = STAGES[stage](given)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = [], []
    said: Said = {}
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        said = found.run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said |= found.check()
    print(json.dumps({**said, "wall": wall, "cpu": cpu, "rss_mb": peak, "rss_before_mb": before}))


if __name__ == "__main__":
    main()
