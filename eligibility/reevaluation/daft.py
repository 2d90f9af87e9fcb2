"""Re-evaluation on Daft: each batch of the register becomes lines where it lies.

Needs the extra `daft`. Only this module imports Daft.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pyarrow as pa

# Daft reports its use over the network unless told not to before it is imported.
os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")

import daft

from ..register.schema import BATCH_HOUSEHOLDS
from .lines import PLAIN_SCHEMA
from .plan import Plan
from .worker import Worker

_LINES: Final = pa.list_(pa.struct(list(PLAIN_SCHEMA)))


def lines_of_frame(plan: Plan, register: daft.DataFrame) -> daft.DataFrame:
    """The lines of a register (nested, one row per household) as a Daft table with the columns of `PLAIN_SCHEMA`.

    Nothing is computed before the result is used. Raises `InputError` for columns that no register has.
    """
    names = register.column_names
    worker = Worker.of(plan, register.schema().to_pyarrow_schema())

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(_LINES), batch_size=BATCH_HOUSEHOLDS)
    def lines(*columns: daft.Series) -> pa.Array:
        return _in_first(
            worker(pa.RecordBatch.from_arrays([c.to_arrow() for c in columns], names)), len(columns[0])
        )

    nested = register.select(lines(*(daft.col(name) for name in names)).alias("lines"))
    return nested.explode("lines", ignore_empty_and_null=True).select(daft.col("lines").unnest())


def _in_first(lines: pa.RecordBatch, rows: int) -> Any:
    """The lines as the value of the first of so many rows: a function on columns must give one value for each row."""
    offsets = pa.array([0, *[lines.num_rows] * rows], pa.int32())
    return pa.ListArray.from_arrays(offsets, lines.to_struct_array())
