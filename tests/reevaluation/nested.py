"""A sample register as nested Parquet, and the lines of a local run over it, as the tests of other engines compare them."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eligibility.reevaluation.lines import PLAIN_SCHEMA, lines_of
from eligibility.reevaluation.plan import Plan
from eligibility.register.sample import write_sample
from eligibility.register.store import Register, open_register
from eligibility.ruleset import Ruleset

HOUSEHOLDS, ROW_GROUP = 3000, 700
PLAN = ("2025-06@2025-06-30", "2025-07@2025-09-30", "2025-09")
KEY = ("household_id", "member_id", "programme", "kind", "month")
PAGE = (Path(__file__).parents[2] / "docs" / "scale-out.md").read_text("utf-8")


def example(marker: str) -> str:
    """The Python block of docs/scale-out.md that has this in it."""
    return next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if marker in block)


def write_nested(folder: Path, rules: Ruleset) -> Register:
    """台账.arrow and 台账.parquet of the same households in a folder; the one opened is the former."""
    write_sample(folder / "台账.arrow", households=HOUSEHOLDS, seed=11, rules=rules)
    register = open_register(folder / "台账.arrow")
    with pq.ParquetWriter(folder / "台账.parquet", register.schema, store_schema=False) as writer:
        for batch in register.batches():
            writer.write_batch(batch, row_group_size=ROW_GROUP)
    return register


def in_order(lines: pa.Table) -> pa.Table:
    """Lines of whatever engine, sorted, in one chunk, with the types of `PLAIN_SCHEMA`."""
    assert lines.schema.names == PLAIN_SCHEMA.names
    plain = pa.Table.from_arrays(
        [c.cast(f.type) for c, f in zip(lines.columns, PLAIN_SCHEMA, strict=True)], schema=PLAIN_SCHEMA
    )
    return plain.sort_by([(name, "ascending") for name in KEY]).combine_chunks()


def local_lines(register: Register, rules: Ruleset) -> pa.Table:
    """What a run on one machine gives, sorted."""
    plan = Plan.of(rules, *PLAN)
    lines = in_order(
        pa.Table.from_batches([lines_of(plan, b).cast(PLAIN_SCHEMA) for b in register.batches()])
    )
    assert lines.num_rows > HOUSEHOLDS
    assert set(lines.column("kind").to_pylist()) >= {"变动", "补发", "待核"}
    keys = lines.select(KEY)
    assert keys.group_by(KEY).aggregate([]).num_rows == lines.num_rows, "the key tells lines apart"
    return lines
