"""Re-evaluation on Spark: each Arrow batch of the register becomes lines where it lies.

Needs the extra `spark` and Java 17. Only this module imports Spark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import BooleanType, DataType, LongType, StringType, StructType

from .lines import PLAIN_SCHEMA
from .plan import Plan
from .worker import Worker

_TYPES: Final[dict[pa.DataType, DataType]] = {
    pa.string(): StringType(),
    pa.int64(): LongType(),
    pa.bool_(): BooleanType(),
}


def lines_of_frame(plan: Plan, register: DataFrame) -> DataFrame:
    """The lines of a register (nested, one row per household) as a Spark table with the columns of `PLAIN_SCHEMA`.

    Nothing is computed before the result is used. Raises `InputError` for columns that no register has.
    """
    names = register.columns
    worker = Worker.of(plan, register.limit(0).toArrow().schema)

    def lines(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (worker(batch.rename_columns(names)) for batch in batches)

    schema = StructType()
    for field in PLAIN_SCHEMA:
        schema.add(field.name, _TYPES[field.type], field.nullable)
    # Spark would read the dot in a name such as 在享月额.低保 as a step into a struct.
    numbered = register.toDF(*map(str, range(len(names))))
    return numbered.mapInArrow(lines, schema)
