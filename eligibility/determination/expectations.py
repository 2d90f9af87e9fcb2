"""Golden cases: whether the engine gives what case files and test sheets expect.

`expected` and `sheets` read what a file says; here its names of the law are looked up in a ruleset, the case is
determined for each month it speaks of, and both are compared in words, one comparison a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from ..case import Case, mask
from ..errors import EligibilityError, InputError, Problem, nearest
from ..quantities import Month
from ..ruleset.model import ProgrammeText, Ruleset
from ..values import Level
from .coverage import Coverage
from .determine import determine
from .expected import (
    ENTRY_KEYS,
    NO_VERDICT,
    NONE,
    TRUTHS,
    UNKNOWN,
    UNLIMITED,
    Expectation,
    ExpectedVerdict,
    Placed,
    load_expectations,
)
from .model import Determination, Outcome, Verdict
from .sheets import CSV, is_sheet, load_sheet
from .texts import OUTCOMES

__all__ = [
    "Comparison",
    "Difference",
    "Expectation",
    "ExpectedVerdict",
    "Failure",
    "Report",
    "case_files",
    "check_case",
    "check_files",
    "check_folder",
    "golden_files",
    "load_expectations",
]

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})

Lay = Callable[[tuple[str, ...]], Ruleset]
"""Gives the ruleset with overlays of these names laid on it."""


class Difference(NamedTuple):
    """One thing that came out otherwise: what it is, what was expected, what was found."""

    aspect: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One expected verdict beside what was determined; `differences` is empty where they agree."""

    file: str
    location: str
    month: Month
    known_on: date | None
    programme: str
    subject: str | None
    expected: str
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


class Failure(NamedTuple):
    """A file that could not be used, and why."""

    file: str
    error: EligibilityError


@dataclass(frozen=True, slots=True)
class Report:
    """What checking several files came to; `silent` are the files that expect nothing."""

    comparisons: tuple[Comparison, ...]
    failures: tuple[Failure, ...]
    silent: tuple[str, ...]

    @property
    def differences(self) -> tuple[Comparison, ...]:
        return tuple(comparison for comparison in self.comparisons if not comparison.agrees)


def check_case(
    path: Path | str, rules: Ruleset, *, lay: Lay | None = None, coverage: Coverage | None = None
) -> tuple[Comparison, ...]:
    """Determines a case, or every row of a test sheet, for each month it expects something for, and compares.

    `lay` is needed for files that name overlays; `coverage` is told what was determined. Raises `InputError` for a
    file that is not usable or uses names the ruleset does not have, and whatever `determine` raises.
    """
    if is_sheet(path):
        pairs = load_sheet(path)
    else:
        case, expectations = load_expectations(path)
        pairs = tuple((case, expectation) for expectation in expectations)
    found: list[Comparison] = []
    problems: dict[tuple[str, str], Problem] = {}  # what several months or rows have in common is said once
    for case, expectation in pairs:
        law = rules
        if expectation.overlays:
            if lay is None:
                raise InputError(Problem("expect-overlay", "这里不能换用叠加规则", expectation.location))
            law = lay(expectation.overlays)
        try:
            bound = _bind(expectation, law)
            determination = _determined(case, expectation, law)
        except InputError as error:
            for problem in error.problems:
                problems.setdefault((problem.code, problem.message), problem)
            continue
        if coverage is not None:
            coverage.add(determination, [(programme.id, wanted.subject) for wanted, programme in bound])
        found += [
            _compare(str(path), expectation, expected, programme, determination)
            for expected, programme in bound
        ]
    if problems:
        raise InputError(problems.values())
    return tuple(found)


def check_files(
    paths: Iterable[Path | str], rules: Ruleset, *, lay: Lay | None = None, coverage: Coverage | None = None
) -> Report:
    """Checks many files; one that cannot be used does not keep the others from being checked."""
    comparisons: list[Comparison] = []
    failures, silent = [], []
    for path in paths:
        try:
            found = check_case(path, rules, lay=lay, coverage=coverage)
        except EligibilityError as error:
            failures.append(Failure(str(path), error))
            continue
        comparisons += found
        if not found:
            silent.append(str(path))
    return Report(tuple(comparisons), tuple(failures), tuple(silent))


def check_folder(path: Path | str, rules: Ruleset, *, lay: Lay | None = None) -> Report:
    """Checks every case file and test sheet of a folder and its sub-folders."""
    return check_files(golden_files(path), rules, lay=lay)


def case_files(path: Path | str) -> tuple[Path, ...]:
    """The case files of a folder and its sub-folders in order of their names; a file stands for itself."""
    if not Path(path).is_dir():
        return (Path(path),)
    return tuple(file for file in golden_files(path) if not is_sheet(file))


def golden_files(path: Path | str) -> tuple[Path, ...]:
    """The case files and test sheets of a folder and its sub-folders, in order of their names.

    A file stands for itself. The rows of a sheet may stand in a CSV file beside it, which is then no file of its own.
    """
    path = Path(path)
    if not path.is_dir():
        return (path,)
    files = {file for file in path.rglob("*") if file.suffix in {*SUFFIXES, CSV} and file.is_file()}
    rows = {file for file in files if file.suffix == CSV and file.with_suffix(".yaml") in files}
    return tuple(sorted(file for file in files - rows if not file.name.startswith(".")))


def _determined(case: Case, expectation: Expectation, law: Ruleset) -> Determination:
    """The determination an expectation speaks of. Raises `InputError` placed at the expectation."""
    try:
        return determine(case, law, month=expectation.month, known_on=expectation.known_on)
    except InputError as error:
        places = [" ".join(filter(None, [expectation.location, p.location])) for p in error.problems]
        raise InputError(
            [replace(p, location=place) for p, place in zip(error.problems, places, strict=True)]
        ) from None


def _bind(expectation: Expectation, rules: Ruleset) -> list[tuple[ExpectedVerdict, ProgrammeText]]:
    """Each expected verdict with its programme. Raises `InputError` for names the ruleset does not have."""
    by_name = {**{p.name: p for p in rules.programmes.values()}, **rules.programmes}
    problems: list[Problem] = []
    bound: list[tuple[ExpectedVerdict, ProgrammeText]] = []
    taken: set[tuple[str, str | None]] = set()

    def refuse(code: str, place: Placed, message: str, known: Iterable[str] = ()) -> None:
        hint = nearest(place.text, known)
        problem = Problem(code, mask(message), mask(place.location), hint)
        if problem not in problems:  # one programme may be named for many members
            problems.append(problem)

    for expected in expectation.verdicts:
        place = expected.programme
        programme = by_name.get(place.text)
        if programme is None:
            message = f"规则集没有项目“{place.text[:40]}”"
            refuse("expect-unknown-programme", place, message, (*by_name, *ENTRY_KEYS, *ENTRY_KEYS.values()))
            continue
        by_household = programme.level is Level.HOUSEHOLD
        if by_household and expected.subject is not None:
            refuse("expect-subject", place, f"“{programme.name}”按家庭认定，不能写成员")
        if not by_household and expected.subject is None and expected.outcome is not Outcome.NOT_IN_FORCE:
            refuse("expect-subject", place, f"“{programme.name}”按人认定，应写 {{成员编号: 认定}}")
        if (programme.id, expected.subject) in taken:
            refuse("expect-duplicate", place, f"“{programme.name}”写了两次")
        taken.add((programme.id, expected.subject))
        for criterion, _ in expected.criteria:
            if criterion.text not in programme.criteria:
                message = f"“{programme.name}”没有条件“{criterion.text[:40]}”"
                refuse("expect-unknown-criterion", criterion, message, programme.criteria)
        for assumption in expected.assumptions:
            if assumption.text not in rules.assumptions:
                message = f"规则集没有假设“{assumption.text[:40]}”"
                refuse("expect-unknown-assumption", assumption, message, rules.assumptions)
        bound.append((expected, programme))
    if problems:
        raise InputError(problems)
    return bound


def _compare(
    file: str,
    expectation: Expectation,
    expected: ExpectedVerdict,
    programme: ProgrammeText,
    determination: Determination,
) -> Comparison:
    verdict = _verdict(determination, programme.id, expected.subject)
    outcome = NO_VERDICT if expected.outcome is None else OUTCOMES["zh"][expected.outcome]
    return Comparison(
        file=file,
        location=expected.programme.location,
        month=expectation.month,
        known_on=expectation.known_on,
        programme=programme.name,
        subject=expected.subject,
        expected=" ".join([outcome, *filter(None, [expected.amount, expected.amount_range])]),
        differences=tuple(
            Difference(aspect, wanted, found)
            for aspect, wanted, found in _aspects(expected, outcome, verdict)
            if wanted != found
        ),
    )


def _verdict(determination: Determination, programme: str, subject: str | None) -> Verdict | None:
    """The verdict for a subject; a programme that is not in force has one for everybody."""
    for verdict in determination:
        for_subject = verdict.subject == subject or verdict.outcome is Outcome.NOT_IN_FORCE
        if verdict.programme.id == programme and for_subject:
            return verdict
    return None


def _aspects(
    expected: ExpectedVerdict, outcome: str, verdict: Verdict | None
) -> Iterator[tuple[str, str, str]]:
    """What is compared: the aspect, in words what was expected, in words what was found."""
    yield "认定", outcome, NO_VERDICT if verdict is None else OUTCOMES["zh"][verdict.outcome]
    if expected.amount is not None:
        yield "金额", expected.amount, _amount(verdict)
    if expected.amount_range is not None:
        yield "金额范围", expected.amount_range, _bounds(verdict)
    if expected.route is not None:
        yield "情形", expected.route, (verdict and verdict.route) or NONE
    if expected.missing is not None:
        found = frozenset(item.name for item in verdict.missing) if verdict else frozenset()
        yield "缺少", _listed(expected.missing), _listed(found)
    if expected.assumptions:
        stood_on = {assumption.id for assumption in verdict.assumptions} if verdict else set()
        wanted = {assumption.text for assumption in expected.assumptions}
        yield "假设", _listed(wanted), _listed(wanted & stood_on)
    came_out = {reason.id: TRUTHS[reason.verdict] for reason in verdict.reasons} if verdict else {}
    for criterion, truth in expected.criteria:
        yield f"条件 {criterion.text}", TRUTHS[truth], came_out.get(criterion.text, "当月没有这一条件")


def _amount(verdict: Verdict | None) -> str:
    if verdict is None:
        return NONE
    if verdict.amount is not None:
        return str(verdict.amount)
    return UNKNOWN if verdict.amount_unknown or verdict.amount_range is not None else NONE


def _bounds(verdict: Verdict | None) -> str:
    if verdict is None or verdict.amount_range is None:
        return _amount(verdict)
    lower, upper = verdict.amount_range
    return f"{lower} 至 {UNLIMITED if upper is None else upper}"


def _listed(names: Iterable[str]) -> str:
    return "、".join(sorted(names)) or NONE
