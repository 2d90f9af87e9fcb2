"""The columnar engine gives what the reference engine gives, cell for cell, however much is unknown."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility import Month, load_case, load_ruleset
from eligibility.case import Case, Context
from eligibility.determination.expectations import case_files
from eligibility.determination.sheets import is_sheet, load_sheet
from eligibility.engines.kernel import kernel_of
from eligibility.engines.reference import Evaluator
from eligibility.ruleset import Ruleset

from ..strategies import cases
from .batches import assert_same, facts_of, reference_verdicts
from .laws import paying_laws

CASES = Path(__file__).parents[2] / "cases"


@pytest.mark.parametrize("month", ["2015-07", "2018-03", "2020-06", "2022-03", "2025-08"])
@pytest.mark.parametrize("coded", [False, True], ids=["plain", "coded"])
@settings(max_examples=25, deadline=None)
@given(drawn=st.lists(cases(), min_size=1, max_size=8))
def test_beijing(beijing: Ruleset, month: str, coded: bool, drawn: list[Case]) -> None:
    edition = beijing.edition(Month(month))
    evaluator, kernel = Evaluator(edition), kernel_of(edition)
    contexts = [Context(case, edition.month) for case in drawn]
    facts = facts_of(kernel, contexts, evaluator, coded=coded)
    assert_same(kernel.evaluate(edition, facts), reference_verdicts(edition, contexts, evaluator))


@settings(max_examples=60, deadline=None)
@given(files=paying_laws(), drawn=st.lists(cases(), min_size=1, max_size=8), coded=st.booleans())
def test_random_laws(files: dict[str, str], drawn: list[Case], coded: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        edition = load_ruleset(folder).edition(Month("2025-08"))
    evaluator, kernel = Evaluator(edition), kernel_of(edition)
    contexts = [Context(case, edition.month) for case in drawn]
    facts = facts_of(kernel, contexts, evaluator, coded=coded)
    assert_same(kernel.evaluate(edition, facts), reference_verdicts(edition, contexts, evaluator))


@pytest.mark.parametrize("month", ["2015-07", "2018-03", "2020-06", "2022-03", "2025-08"])
def test_golden_households(beijing: Ruleset, month: str) -> None:
    """Every household of cases/ and every row of its sheets, all in one batch."""
    edition = beijing.edition(Month(month))
    evaluator, kernel = Evaluator(edition), kernel_of(edition)
    golden = [load_case(path) for path in case_files(CASES)]
    golden += [case for path in CASES.rglob("*.yaml") if is_sheet(path) for case, _ in load_sheet(path)]
    contexts = [Context(case, edition.month) for case in golden]
    assert len(contexts) > 250
    facts = facts_of(kernel, contexts, evaluator)
    assert_same(kernel.evaluate(edition, facts), reference_verdicts(edition, contexts, evaluator))
