"""The unit of work where another engine deals out the batches: a register's batch as that engine gives it, lines in plain types.

Shared by the adapters `spark` and `daft`. A worker travels as the plan's few words and makes the plan again where it
arrives, once per process; law that is not the same there is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import pyarrow as pa

from ..errors import Problem, RulesetError
from ..register.schema import conformed, stored_schema
from .lines import PLAIN_SCHEMA, lines_of
from .plan import Plan


@dataclass(frozen=True)
class Worker:
    """Turns batches of a register into lines: one row per household in, `PLAIN_SCHEMA` out.

    `schema` is that of the register, as which the engine's plainer types are read; `law` what the plan came to where
    the worker was made.
    """

    plan: Plan
    schema: pa.Schema
    law: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, schema: pa.Schema) -> Worker:
        """A worker for a table with this Arrow schema. Raises `InputError` for columns that no register has."""
        return cls(plan, stored_schema(schema, "台账"), law_of(plan))

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The lines of a batch. Raises `InputError` for cells that cannot be read, `RulesetError` for other law."""
        if law_of(self.plan) != self.law:
            message = "执行任务的机器上，规则集或程序版本与提交任务的机器不同"
            raise RulesetError(Problem("worker-law", message, hint="请把同一个环境和规则集送到每台机器"))
        lines = lines_of(self.plan, conformed(batch, self.schema).batch())
        return lines.cast(PLAIN_SCHEMA)


def law_of(plan: Plan) -> tuple[str, ...]:
    """What decides a plan's lines besides the register: the version of this package and the digests of its editions."""
    editions = [plan.edition_before, plan.edition_after]
    editions += [edition for month in plan.retroactive for edition in (month.then, month.now)]
    return (version("eligibility"), *(edition.edition_digest for edition in editions))
