"""The golden households of `cases/`: each must come out as its file says, and together they must stand on both sides
of every standard, to the fen, in the month it is raised and in the month before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from eligibility.determination import Outcome, determine
from eligibility.determination.expectations import case_files, check_case, load_expectations
from eligibility.quantities import Month
from eligibility.ruleset import Ruleset, load_ruleset

CASES = Path(__file__).parents[1] / "cases"
FILES = case_files(CASES)

STANDARDS = {"低保标准": "低保", "低收入标准": "低收入"}
"""The lines that are raised, each with the programme that tests income per head against it."""

EXAMPLES = ("E01", "E02", "E06", "E07", "E09", "E10", "E11", "E13", "E14", "E20", "E21", "E40")
"""The worked examples of 低保 and 低收入 that the golden households must include."""


class Observation(NamedTuple):
    """An expected verdict of a household programme beside the income per head it is about (分)."""

    programme: str
    month: Month
    income: Any
    outcome: Outcome | None


def lay(overlays: tuple[str, ...]) -> Ruleset:
    return load_ruleset("beijing", overlays=overlays)


def name_of(file: Path) -> str:
    return file.relative_to(CASES).with_suffix("").as_posix()


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_comes_out_as_expected(file: Path, beijing: Ruleset) -> None:
    comparisons = check_case(file, beijing, lay=lay)
    assert comparisons, "没有写预期"
    differing = [
        f"{c.location} {c.month} 知悉日 {c.known_on} {c.programme}：{d.aspect} 应为 {d.expected}，得出 {d.found}"
        for c in comparisons
        for d in c.differences
    ]
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_says_who_it_is_and_names_nobody_real(file: Path) -> None:
    case, _ = load_expectations(file)
    assert case.title
    assert all(member.name is None for member in case.members)
    numbers = re.findall(r"\d{15,}", file.read_text(encoding="utf-8"))
    assert all(number.startswith("110199") for number in numbers), "样例证件号只用区划代码 110199"


def test_there_are_enough() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("example", EXAMPLES)
def test_worked_example_is_there(example: str) -> None:
    pattern = re.compile(rf"^依据: .*政策算例 {example}\b", re.MULTILINE)
    assert any(pattern.search(file.read_text(encoding="utf-8")) for file in FILES)


@pytest.fixture(scope="module")
def observations(beijing: Ruleset) -> tuple[Observation, ...]:
    return tuple(found for file in FILES for found in observe(file, beijing))


def observe(file: Path, rules: Ruleset) -> Iterator[Observation]:
    """What a file expects of the law as now on file, with the income per head of the household in that month."""
    case, expectations = load_expectations(file)
    for expectation in expectations:
        if expectation.known_on is not None or expectation.overlays:
            continue
        determination = determine(case, rules, month=expectation.month)
        income = next(w.value for w in determination.workings() if w.name == "家庭月人均收入")
        for expected in expectation.verdicts:
            yield Observation(expected.programme.text, expectation.month, income, expected.outcome)


def steps(rules: Ruleset, standard: str) -> dict[Month, int]:
    """The months in which a standard changes and its new value (分), from the first month the ruleset covers."""
    found: dict[Month, int] = {}
    value = None
    assert rules.checked_through is not None
    month = rules.start
    while month <= rules.checked_through:
        current = rules.edition(month).parameters[standard].value
        if current != value:
            assert isinstance(current, int), "标准未知的月份没有边界可测"
            found[month] = value = current
        month += 1
    return found


def test_steps_are_found(beijing: Ruleset) -> None:
    yuan = {name: [fen // 100 for fen in steps(beijing, name).values()] for name in STANDARDS}
    assert yuan["低保标准"] == [710, 800, 900, 1000, 1100, 1170, 1245, 1320, 1395, 1450, 1480]
    assert yuan["低收入标准"] == [930, 1050, 1410, 2000, 2120, 2200, 2320, 2420, 2540]


@pytest.mark.parametrize("standard", STANDARDS)
def test_every_step_has_both_boundary_fen(
    standard: str, beijing: Ruleset, observations: tuple[Observation, ...]
) -> None:
    """In the month of a step: one fen below is eligible; exactly the standard and one fen above are not."""
    seen = set(observations)
    programme = STANDARDS[standard]
    sides = {-1: Outcome.ELIGIBLE, 0: Outcome.INELIGIBLE, 1: Outcome.INELIGIBLE}
    absent = [
        f"{month}：{value + side} 分"
        for month, value in steps(beijing, standard).items()
        for side, outcome in sides.items()
        if Observation(programme, month, value + side, outcome) not in seen
    ]
    assert not absent, f"cases/ 里没有 {standard} 的边界：{absent}"


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_month_before_every_step_still_has_the_former_standard(
    standard: str, beijing: Ruleset, observations: tuple[Observation, ...]
) -> None:
    """Whoever is one fen below the new standard is refused as long as the former one stands."""
    seen = set(observations)
    programme = STANDARDS[standard]
    raised = list(steps(beijing, standard).items())[1:]
    absent = [
        str(month)
        for month, value in raised
        if Observation(programme, month + -1, value - 1, Outcome.INELIGIBLE) not in seen
    ]
    assert not absent, f"cases/ 里没有 {standard} 提高前一个月的认定：{absent}"
