"""From the tables of offices to one register file: everything is checked, what is right is stored, the rest is listed.

A household is stored if `case_of` makes a case of it and nobody in it stands in another one. A wrong row never stops an
import: it is listed together with its household, and every row that came in is either stored or listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..case.identity import area_known, mask
from ..ruleset import Ruleset
from ..values import Level
from .checking import Finding, findings, in_rows
from .clustering import Block, Listing, blocks
from .columns import HOUSEHOLD_ID, MEMBER_ID, MEMBERS, REGION, Column
from .conversion import TypedTable, typed_table
from .flat import Tables, tables
from .headers import Table, Titles, check_ignored, titles_of
from .nested import NestedChecks
from .normal import normal_columns, normalised
from .problems import ImportReport, write_problems
from .schema import schema_of
from .sources import Source, read_source, refuse_own_input
from .store import RegisterWriter, open_register

Progress = Callable[[int, int], None]
"""Told after each batch: how many households are done, of how many."""


def import_register(
    source: Source,
    target: Path,
    rules: Ruleset,
    *,
    problems: Path | None = None,
    ignore: Iterable[str] = (),
    progress: Progress | None = None,
) -> ImportReport:
    """Reads a register from an office's tables and writes the register file `target`.

    `source`: a folder or a pair of CSV or Parquet files, a workbook, nested Parquet, or `postgresql://…`. Rows that
    cannot be stored are in the report, and in the CSV file `problems` if one is named. Columns named by `ignore` are
    not read. Raises `InputError` where the tables as such cannot be read (then nothing is written) and `OutputError`.
    """
    refuse_own_input(source, target, *((problems,) if problems is not None else ()))
    ignore, kinds = tuple(ignore), tuple(rules.income_kinds)
    titles = titles_of(rules, ignore)
    read = read_source(source, titles)
    check_ignored(ignore, titles.values(), () if isinstance(read, Path) else read)
    if isinstance(read, Path):
        report = _import_nested(read, target, titles, kinds, progress)
    else:
        report = _import_tables(read, target, titles, kinds, progress)
    if problems is not None:
        write_problems(report.problems, problems)
    return report


def _import_tables(
    read: tuple[Table, Table],
    target: Path,
    titles: Mapping[Level, Titles],
    kinds: tuple[str, ...],
    progress: Progress | None,
) -> ImportReport:
    """Two tables: rows become households here."""
    typed = {table.level: typed_table(table, titles[table.level]) for table in read}
    listing = Listing(typed)
    known = [column for level in titles for column in _columns(titles[level], typed[level])]
    stored = {Level.HOUSEHOLD: 0, Level.PERSON: 0}
    done = 0
    with RegisterWriter(target, schema_of(normal_columns(known, kinds))) as writer:
        for block in blocks(listing):
            wrong = findings(block.tables, kinds)
            _list_households(listing, block, wrong)
            kept = _without(block.tables, wrong)
            writer.append(normalised(kept, kinds))
            stored[Level.HOUSEHOLD] += kept.num_rows
            stored[Level.PERSON] += _members(kept)
            done += block.tables.households
            if progress is not None:
                progress(done, len(typed[Level.HOUSEHOLD].rows))
    notices = (
        *(notice for table in read for notice in table.notices),
        *_unknown_areas(typed[Level.HOUSEHOLD]),
    )
    return _report(listing, stored, stored[Level.PERSON], notices)


def _import_nested(
    path: Path,
    target: Path,
    titles: Mapping[Level, Titles],
    kinds: tuple[str, ...],
    progress: Progress | None,
) -> ImportReport:
    """One nested file: a row is a household already."""
    register = open_register(path)
    checks = NestedChecks(register, titles)
    count = len(checks.ids)
    rows = np.arange(1, count + 1)
    listing = Listing(
        {Level.HOUSEHOLD: TypedTable(Level.HOUSEHOLD, mask(path.name), checks.ids, {}, rows, {}, {})}
    )
    stored = {Level.HOUSEHOLD: 0}
    done = persons = 0
    with RegisterWriter(target, schema_of(normal_columns(checks.columns, kinds))) as writer:
        for batch in register.batches():
            split = tables(batch)
            wrong = {
                row - done: found for row, found in checks.shared.items() if 0 <= row - done < len(batch)
            }
            for row, found in checks.cells(split, checks.columns).items():
                wrong[row] = [*wrong.get(row, ()), *found]
            sound = [row for row in range(split.households) if row not in wrong]
            checked = findings(tables(_without(split, wrong)), kinds)
            wrong |= {sound[row]: found for row, found in checked.items()}
            for row in sorted(wrong):
                _list_nested(listing, done + row, wrong[row])
            kept = _without(split, wrong)
            writer.append(normalised(kept, kinds))
            stored[Level.HOUSEHOLD] += kept.num_rows
            persons += _members(kept)
            done += split.households
            if progress is not None:
                progress(done, count)
    return _report(listing, stored, persons, ())


def _unknown_areas(households: TypedTable) -> Iterator[str]:
    """What is odd but no error: regions in no county that there is or was."""
    regions = households.columns.get(REGION)
    if regions is None:
        return
    odd = [not area_known(region) for region in regions.dictionary.to_pylist()]
    codes = regions.indices.fill_null(len(odd)).to_numpy(zero_copy_only=False)
    rows = households.rows[: len(regions)][np.array([*odd, False])[codes]]
    if len(rows):
        yield (
            f"{households.place}：“{REGION}”有 {len(rows)} 行的前 6 位不是已知的行政区划代码（如第 {rows[0]} 行），"
            "照样读取，请核对"
        )


def _columns(titles: Titles, table: TypedTable) -> Iterable[Column]:
    """The columns of a table in the order of the register, those for single months last."""
    place = {column.title: number for number, column in enumerate(titles.columns)}
    wanted = set(table.columns) | (
        {HOUSEHOLD_ID.title} if table.level is Level.HOUSEHOLD else {MEMBER_ID.title}
    )
    for title in sorted(wanted, key=lambda title: (place.get(title, len(place)), title)):
        column = titles.find(title)
        assert column is not None
        yield column


def _without(split: Tables, wrong: Mapping[int, Sequence[Finding]]) -> pa.RecordBatch:
    """The households that nothing is wrong with."""
    batch = split.batch()
    if not wrong:
        return batch
    keep = np.ones(split.households, bool)
    keep[list(wrong)] = False
    return batch.filter(pa.array(keep))


def _members(batch: pa.RecordBatch) -> int:
    """How many members the households of a batch have."""
    return len(batch.column(MEMBERS).flatten())


def _list_households(listing: Listing, block: Block, wrong: Mapping[int, Sequence[Finding]]) -> None:
    """Lists the rows of households that contradict themselves."""
    numbers = listing.tables[Level.PERSON].rows
    for position, found in sorted(wrong.items()):
        first, end = block.tables.offsets[position : position + 2]
        row, members = int(block.households[position]), [int(member) for member in block.persons[first:end]]
        for one in found:
            level = Level.HOUSEHOLD if one.member is None else Level.PERSON
            at = row if one.member is None else members[one.member]
            message = in_rows(one.message, [int(numbers[member]) for member in members])
            listing.add(level, at, one.code, message, one.remedy, one.column)
        told = [(Level.HOUSEHOLD, row), *((Level.PERSON, member) for member in sorted(members))]
        because = next(listing.problems[level][at][0] for level, at in told if at in listing.problems[level])
        listing.add_rest(Level.HOUSEHOLD, (row,), because)
        listing.add_rest(Level.PERSON, members, because)


def _list_nested(listing: Listing, row: int, found: Sequence[Finding]) -> None:
    for one in found:
        place = [] if one.member is None else [f"成员[{one.member + 1}]"]
        column = ".".join([*place, *([one.column] if one.column else [])]) or None
        listing.add(Level.HOUSEHOLD, row, one.code, one.message, one.remedy, column)


def _report(
    listing: Listing, stored: Mapping[Level, int], persons: int, notices: tuple[str, ...]
) -> ImportReport:
    counts = listing.counts(stored)
    return ImportReport(stored[Level.HOUSEHOLD], persons, counts, tuple(listing.found()), notices)
