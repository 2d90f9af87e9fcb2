"""Runs a re-evaluation over a whole register: batch by batch, resumable at any moment, ending with the same bytes.

Every finished batch is kept beside the results (lines and sums in one file, put in place at once), so a run that was
stopped goes on where it was. At the end the parts become the lists, and `run.json` says that the run is finished.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from ..engines.kernel import kernel_of
from ..quantities import Month
from ..register.problems import TableCount
from ..register.store import Register, open_register
from ..ruleset import Ruleset
from .evaluation import Evaluations
from .folder import RUN, Folder, as_json
from .growing import Growing
from .identity import identity_of
from .lines import Evaluating, work_of
from .missing import missing_facts
from .outputs import ARREARS_COLUMNS, CHANGE_COLUMNS, parts, payments, write_parquet
from .plan import Plan, Point
from .summary import summary_of
from .summary_page import html_page, markdown_page
from .totals import Totals

CHANGES_FILE: Final = "变动.parquet"
ARREARS_FILE: Final = "补发.parquet"
REGISTER_FILE: Final = "台账.arrow"
PROBLEMS_FILE: Final = "问题清单.csv"
PAYMENTS_FILE: Final = "发放汇总.parquet"
SUMMARY_FILES: Final = ("summary.json", "汇总.md", "汇总.html")
BATCHES_AT_ONCE: Final = 2
"""How many batches are in memory and worked on."""
LISTS: Final = ((CHANGES_FILE, CHANGE_COLUMNS, True), (ARREARS_FILE, ARREARS_COLUMNS, False))
"""The lists written meanwhile, each by a thread of its own: file, columns, and whether of the changes or the arrears."""
_PACKAGES: Final = ("eligibility", "pyarrow", "numpy", "llvmlite")

Progress = Callable[[int, int], None]
"""Called with the households done and their number."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a re-evaluation came to: its folder, the content of `summary.json`, and whether it was there already.

    `workbooks` are the names of those written now, which may be all that was missing of a finished run.
    Of imported tables: `rows_listed` is how many rows could not be used and stand in the list of problems, `notices`
    what else should be known about them.
    """

    out: Path
    summary: dict[str, Any]
    already_finished: bool
    workbooks: tuple[str, ...] = ()
    rows_listed: int = 0
    notices: tuple[str, ...] = ()


def reevaluate(
    register: Register,
    rules: Ruleset,
    *,
    before: Point | str,
    after: Point | str,
    through: Month | str | None = None,
    out: Path,
    name: str | Path | None = None,
    overlays: Sequence[str | Path] | None = None,
    identity_numbers: bool = False,
    excel: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Determines every household at two points and writes what changes and what is owed to the folder `out`.

    `through` is the last month settled (None: that of `after`). Names and identity numbers are masked unless
    `identity_numbers`. Raises `InputError` and `RulesetError` before anything is written, `OutputError` for a folder
    that cannot be used. A folder with the same work finished is left as it is, but for workbooks (`excel`) that are
    missing; one that was stopped is gone on with.
    """
    plan = Plan.of(
        rules, before, after, through, name=name, overlays=overlays, identity_numbers=identity_numbers
    )
    with Folder(out) as folder:
        return Run(plan, register, folder, excel=excel).complete(progress)


def reevaluate_tables(
    source: str | Path,
    rules: Ruleset,
    *,
    before: Point | str,
    after: Point | str,
    through: Month | str | None = None,
    out: Path,
    name: str | Path | None = None,
    overlays: Sequence[str | Path] | None = None,
    identity_numbers: bool = False,
    excel: bool = False,
    ignore: Iterable[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Imports tables (see `import_register`) into the folder and re-evaluates them as `reevaluate` does.

    The register and the list of rows that could not be used stand in the folder beside the results; `run.json` counts
    the rows of every table.
    """
    from ..register.importing import import_register

    plan = Plan.of(
        rules, before, after, through, name=name, overlays=overlays, identity_numbers=identity_numbers
    )
    with Folder(out) as folder:
        with folder.staging() as staging:
            problems = staging / PROBLEMS_FILE
            imported = import_register(
                source, staging / REGISTER_FILE, rules, problems=problems, ignore=ignore
            )
            if imported.rows_listed == 0:
                problems.unlink(missing_ok=True)
            register = open_register(staging / REGISTER_FILE)
            run = Run(plan, register, folder, excel=excel, tables=imported.tables)
            if not folder.finished(run.identity):
                folder.take(staging, REGISTER_FILE, PROBLEMS_FILE)
        run.register = open_register(out / REGISTER_FILE)
        report = run.complete(progress)
    return replace(report, rows_listed=imported.rows_listed, notices=imported.notices)


class Run:
    """One re-evaluation in a locked folder."""

    def __init__(
        self,
        plan: Plan,
        register: Register,
        folder: Folder,
        *,
        excel: bool = False,
        tables: Sequence[TableCount] = (),
        evaluating: Evaluating = Evaluations,
    ) -> None:
        self.plan, self.register, self.folder = plan, register, folder
        self.excel, self.tables, self.evaluating = excel, tables, evaluating
        self.identity = identity_of(plan, register)

    def complete(self, progress: Progress | None = None) -> Report:
        """Does what is not done yet, and reports."""
        out = self.folder.path
        if self.folder.finished(self.identity):
            summary = json.loads((out / SUMMARY_FILES[0]).read_bytes())
            workbooks = self._workbooks(missing_only=True)
            self.folder.clear()
            return Report(out, summary, already_finished=True, workbooks=workbooks)
        self.folder.begin(self.identity)
        with ThreadPoolExecutor(BATCHES_AT_ONCE + len(LISTS)) as pool:
            with Growing[int]() as lines:
                files = self._lists(pool, lines)
                totals = self._batches(pool, lines, progress)
            summary = summary_of(self.plan, totals)
            summary["missing"] = missing_facts(self.plan, self.register, totals)
            for file in files:
                file.result()
        self._summaries(summary, totals)
        workbooks = self._workbooks(missing_only=False)
        self.folder.place_bytes(RUN, as_json(self._record(summary)))
        self.folder.clear()
        return Report(out, summary, already_finished=False, workbooks=workbooks)

    def _batches(self, pool: ThreadPoolExecutor, lines: Growing[int], progress: Progress | None) -> Totals:
        """Works through the register, some batches at a time; `lines` gets how many lines of each are changes."""
        numbered, reading = enumerate(self.register.batches()), threading.Lock()
        finished: SimpleQueue[tuple[int, int, Totals] | None] = SimpleQueue()
        stopped = threading.Event()

        def work() -> None:
            try:
                while not stopped.is_set():
                    with reading:  # by the thread that works on it, so that it gets its own memory back
                        number, batch = next(numbered, (0, None))
                    if batch is None:
                        return
                    finished.put((number, batch.num_rows, self._batch(number, batch)))
                    del batch  # before the next one is read
            except BaseException:
                stopped.set()
                raise
            finally:
                finished.put(None)

        workers = [pool.submit(work) for _ in range(BATCHES_AT_ONCE)]
        try:
            for edition in (self.plan.edition_before, self.plan.edition_after):
                kernel_of(edition)  # compiled while the first batches are read
            totals = self._settled(finished, lines, progress)
        finally:
            stopped.set()
        for worker in workers:
            worker.result()
        return totals

    def _settled(
        self,
        finished: SimpleQueue[tuple[int, int, Totals] | None],
        lines: Growing[int],
        progress: Progress | None,
    ) -> Totals:
        """The sums of all batches, put together in the order of the register as they are finished."""
        totals, done, following = Totals(), 0, 0
        waiting: dict[int, Totals] = {}
        for _ in range(BATCHES_AT_ONCE):
            for number, rows, found in iter(finished.get, None):
                waiting[number] = found
                while following in waiting:
                    found = waiting.pop(following)
                    totals.add(found)
                    lines.append(found.change_lines)
                    following += 1
                done += rows
                if progress is not None:
                    progress(done, self.register.households)
        return totals

    def _batch(self, number: int, batch: pa.RecordBatch) -> Totals:
        """The sums of one batch, whose lines are then kept."""
        found = self.folder.kept(number)
        if found is None:
            work = work_of(self.plan, batch, number, evaluating=self.evaluating)
            self.folder.keep(number, work)
            found = work.totals
        return found

    def _lists(self, pool: ThreadPoolExecutor, lines: Growing[int]) -> list[Future[None]]:
        """Begins to write the lists; they take the lines of a batch as soon as it is finished."""
        return [pool.submit(self._list, name, columns, lines, changes) for name, columns, changes in LISTS]

    def _list(self, name: str, columns: Any, lines: Growing[int], changes: bool) -> None:
        """One list as Parquet."""

        def batches() -> Iterator[pa.RecordBatch]:
            return parts(self.folder.part, lines, changes=changes)

        self._write(name, lambda path: write_parquet(path, columns, batches()))

    def _workbooks(self, *, missing_only: bool) -> tuple[str, ...]:
        """Writes the lists as workbooks too, where these are wanted; their names."""
        if not self.excel:
            return ()
        from .workbook import workbook_names, write_workbooks

        written: list[str] = []
        for name in (*(name for name, _, _ in LISTS), PAYMENTS_FILE):
            listed = self.folder.path / name
            if missing_only and all((self.folder.path / book).exists() for book in workbook_names(listed)):
                continue
            written += write_workbooks(self.folder, name, private=self.plan.identity_numbers)
        return tuple(written)

    def _write(self, name: str, write: Callable[[Path], None]) -> None:
        self.folder.place(name, write, private=self.plan.identity_numbers)

    def _summaries(self, summary: dict[str, Any], totals: Totals) -> None:
        table = payments(self.plan.rules, totals)
        self._write(PAYMENTS_FILE, lambda path: pq.write_table(table, path, store_decimal_as_integer=True))
        pages = (as_json(summary), markdown_page(summary).encode(), html_page(summary).encode())
        for name, page in zip(SUMMARY_FILES, pages, strict=True):
            self.folder.place_bytes(name, page)

    def _record(self, summary: dict[str, Any]) -> dict[str, Any]:
        """What `run.json` says: the work, what it was done with, and what came out."""
        plan, register = self.plan, self.register
        path, folder = register.path.resolve(), self.folder.path.resolve()
        inside = path.is_relative_to(folder)
        imported = [
            {"table": t.table, "rows": t.rows_in, "stored": t.rows_stored, "listed": t.rows_listed}
            for t in self.tables
        ]
        return {
            "work": self.identity,
            "plan": plan.data(),
            "editions": {
                "before": plan.edition_before.edition_digest,
                "after": plan.edition_after.edition_digest,
            },
            "kernels": {
                "before": kernel_of(plan.edition_before).digest,
                "after": kernel_of(plan.edition_after).digest,
            },
            "register": {
                "path": os.fspath(path.relative_to(folder) if inside else path),
                "digest": register.digest,
                "households": register.households,
                "persons": register.persons,
            },
            **({"imported": imported} if imported else {}),
            "versions": {name: version(name) for name in _PACKAGES},
            "lines": {"changes": summary["change_lines"], "arrears": summary["arrears_lines"]},
        }
