"""A small sample register, in several batches, and the re-evaluation of the rise of July 2025 that was told late."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from eligibility.reevaluation.plan import Plan
from eligibility.register.sample import write_sample
from eligibility.register.store import Register, RegisterWriter, open_register
from eligibility.ruleset import Ruleset

HOUSEHOLDS, BATCH = 60, 13


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, beijing: Ruleset) -> Register:
    """A register of 60 households in batches of 13."""
    folder = tmp_path_factory.mktemp("register")
    write_sample(folder / "whole.arrow", households=HOUSEHOLDS, seed=7, rules=beijing)
    return in_batches(open_register(folder / "whole.arrow"), folder / "台账.arrow", BATCH)


def in_batches(register: Register, target: Path, size: int) -> Register:
    """The same households in smaller batches."""
    with RegisterWriter(target, register.schema) as writer:
        for batch in register.batches():
            for start in range(0, batch.num_rows, size):
                writer.append(batch.slice(start, size))
    return open_register(target)


@pytest.fixture(scope="session")
def plan(beijing: Ruleset) -> Plan:
    return Plan.of(beijing, "2025-06@2025-06-30", "2025-07@2025-09-30", "2025-09", name="beijing")


@pytest.fixture(scope="session")
def batch(sample: Register) -> pa.RecordBatch:
    return pa.concat_batches(list(sample.batches()))
