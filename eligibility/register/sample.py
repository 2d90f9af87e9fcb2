"""A synthetic register of Beijing households, as large as wished: for trying imports, re-evaluation and speed.

Nobody in it exists: identity numbers are of an area that was never assigned. Households are drawn in blocks, each from
(seed, number of the block) alone, so a smaller sample is the beginning of a larger one. What the people are like stands
in the modules `sample_…`; here their columns become a register file, or the two tables an office would send.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import csv

from ..errors import InputError, OutputError, Problem, reason_of
from ..ruleset import Ruleset
from ..values import Level
from .columns import MEMBERS, Column, paid_column, register_columns
from .sample_block import Block, draw_block
from .sample_cells import Table
from .sample_people import BLOCK, MAX_BLOCKS
from .sample_support import PAID_MONTHS, PAID_PROGRAMME
from .sample_text import text_tables, typed
from .schema import BATCH_HOUSEHOLDS, arrow_type
from .store import RegisterWriter

SHEETS: Final = ("家庭", "成员")
"""The two tables an office sends, by the names of their files."""
_PRIVATE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
MAX_SAMPLE: Final = BLOCK * MAX_BLOCKS
"""Most households of a sample."""


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was written: households, persons, and the digest of the register file."""

    households: int
    persons: int
    digest: str


def write_sample(
    target: Path, *, households: int, seed: int, rules: Ruleset, progress: Callable[[int], None] | None = None
) -> SampleReport:
    """Writes a sample as a register file, a batch at a time; `progress` is told the households written so far.

    The same (households, seed) and ruleset give the same rows; all of them are valid and normalised. Raises
    `InputError` for a number of households that cannot be, `OutputError` where the file cannot be written.
    """
    _check(households, seed)
    written = persons = 0
    batches = _batches(households, seed, rules)
    first = next(batches)
    with RegisterWriter(target, first.schema) as writer:
        for batch in chain((first,), batches):
            writer.append(batch)
            written += batch.num_rows
            persons += len(batch.column(MEMBERS).flatten())
            if progress is not None:
                progress(written)
        register = writer.finish()
    return SampleReport(households, persons, register.digest)


def sample_tables(
    households: int, seed: int, rules: Ruleset, *, contradictions: bool = True
) -> tuple[pa.Table, pa.Table]:
    """The sample as an office would type it: a table of households and one of persons, all text, Chinese titles.

    What follows from other cells is mostly left out, as is what a declaration covers. With `contradictions`, one
    household in a thousand cannot be as it says. Without, importing the tables gives what `write_sample` writes.
    """
    _check(households, seed)
    parts = list(_text_parts(households, seed, rules, contradictions))
    return pa.concat_tables([part for part, _ in parts]), pa.concat_tables([part for _, part in parts])


def write_sample_csv(
    folder: Path, *, households: int, seed: int, rules: Ruleset, contradictions: bool = True
) -> tuple[Path, Path]:
    """Writes `sample_tables` as two CSV files in a folder, UTF-8, block by block; gives their paths.

    Raises as `write_sample`. The files can be read by their owner only.
    """
    _check(households, seed)
    paths = tuple(folder / f"{title}.csv" for title in SHEETS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = [stack.enter_context(open(os.open(path, _PRIVATE, 0o600), "wb")) for path in paths]
            writers: list[csv.CSVWriter] = []
            for parts in _text_parts(households, seed, rules, contradictions):
                writers = writers or [
                    stack.enter_context(csv.CSVWriter(file, part.schema))
                    for file, part in zip(files, parts, strict=True)
                ]
                for writer, part in zip(writers, parts, strict=True):
                    writer.write_table(part)
    except OSError as failure:
        raise OutputError(
            Problem("output-unwritable", f"样例写不进去：{reason_of(failure)}", str(folder))
        ) from None
    return paths[0], paths[1]


def _check(households: int, seed: int) -> None:
    if seed < 0:
        raise InputError(Problem("sample-seed", "样例的种子应为不小于 0 的整数"))
    if not 1 <= households <= MAX_SAMPLE:
        raise InputError(Problem("sample-households", f"样例的户数应为 1 至 {MAX_SAMPLE}"))


def sample_columns(rules: Ruleset) -> tuple[Column, ...]:
    """The columns of the sample: those of the ruleset, and what was paid in the last months."""
    columns = register_columns(rules)
    if PAID_PROGRAMME not in rules.programmes:
        return columns
    name = rules.programmes[PAID_PROGRAMME].name
    return (*columns, *(paid_column(name, month) for month in PAID_MONTHS))


def _batches(households: int, seed: int, rules: Ruleset) -> Iterator[pa.RecordBatch]:
    """The batches of a register, each drawn as blocks by two threads while the one before is being written."""
    columns = sample_columns(rules)

    def drawn(number: int) -> pa.RecordBatch:
        rest = households - number * BLOCK
        return register_batch(draw_block(seed, number, rules).cut(min(BLOCK, rest)), columns)

    at_once = BATCH_HOUSEHOLDS // BLOCK
    blocks = -(-households // BLOCK)
    with ThreadPoolExecutor(2) as pool:
        coming = [pool.submit(drawn, number) for number in range(min(at_once, blocks))]
        for start in range(at_once, blocks + at_once, at_once):
            batch = pa.concat_batches([future.result() for future in coming])
            coming = [pool.submit(drawn, number) for number in range(start, min(start + at_once, blocks))]
            yield batch


def _text_parts(
    households: int, seed: int, rules: Ruleset, contradictions: bool
) -> Iterator[tuple[pa.Table, pa.Table]]:
    columns = sample_columns(rules)
    for number, start in enumerate(range(0, households, BLOCK)):
        block = typed(draw_block(seed, number, rules), contradictions)
        yield text_tables(block.cut(min(BLOCK, households - start)), columns)


def _arrays(table: Table, columns: Iterable[Column], level: Level) -> dict[str, pa.Array]:
    """The columns of a level in the register's order."""
    ordered = [column for column in columns if column.level is level and column.title in table]
    return {column.title: table[column.title].arrow(arrow_type(column)) for column in ordered}


def register_batch(block: Block, columns: Iterable[Column]) -> pa.RecordBatch:
    """One row per household, its members in a list, with those of the columns that the block has."""
    columns = tuple(columns)
    household = _arrays(block.household, columns, Level.HOUSEHOLD)
    person = _arrays(block.person, columns, Level.PERSON)
    struct = pa.StructArray.from_arrays(list(person.values()), list(person))
    members = pa.ListArray.from_arrays(pa.array(block.first, pa.int32()), struct)
    return pa.RecordBatch.from_pydict({**household, MEMBERS: members})
