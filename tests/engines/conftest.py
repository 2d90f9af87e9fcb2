"""The small law of `small_law`, its kernel, and its population as facts and as verdicts of the reference engine."""

from __future__ import annotations

import pyarrow as pa
import pytest

from eligibility.engines.kernel import Kernel, kernel_of
from eligibility.engines.reference import Evaluator
from eligibility.engines.verdicts import Verdicts
from eligibility.ruleset import Edition, Ruleset

from .batches import facts_of, reference_verdicts
from .forms import plain, recast
from .small_law import MONTH, contexts, population, write_law


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return write_law(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def edition(rules: Ruleset) -> Edition:
    return rules.edition(MONTH)


@pytest.fixture(scope="session")
def evaluator(edition: Edition) -> Evaluator:
    return Evaluator(edition)


@pytest.fixture(scope="session")
def kernel(edition: Edition) -> Kernel:
    return kernel_of(edition)


@pytest.fixture(scope="session")
def facts(edition: Edition, evaluator: Evaluator, kernel: Kernel) -> pa.RecordBatch:
    """The population in the plainest form: integers, days, truths, words; null where a fact is unknown."""
    given = facts_of(kernel, contexts(edition, population()), evaluator)
    return recast(given, lambda name, array: plain(array))


@pytest.fixture(scope="session")
def expected(edition: Edition, evaluator: Evaluator) -> Verdicts:
    return reference_verdicts(edition, contexts(edition, population()), evaluator)
