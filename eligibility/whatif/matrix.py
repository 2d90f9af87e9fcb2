"""A matrix: several scenarios over many households, each against the households as they are.

Over case files every household is determined; over a register the facts are read once a batch and month, and the
kernel evaluates each scenario (scenarios that change only figures share its code). Needs the extra `[register]`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from ..case import Case, load_case, mask
from ..determination import Determination, Outcome, Verdict, determine
from ..determination.expectations import Failure, case_files
from ..engines.kernel import evaluate_all, facts_read
from ..engines.verdicts import ELIGIBLE, INELIGIBLE, NO_VERDICT, UNDETERMINED, UNKNOWN_AMOUNT, Verdicts
from ..errors import InputError, Problem, RulesetError
from ..quantities import MAX_FEN, Money, Month
from ..reevaluation.changes import CHANGES
from ..reevaluation.evaluation import members_in
from ..reevaluation.pieces import Side
from ..reevaluation.subjects import Subjects
from ..reevaluation.summary import MONTHS_A_YEAR
from ..register.facts import FactReader
from ..register.store import Register
from ..ruleset import Edition, Ruleset
from ..ruleset.resolved import Programme
from ..values import Level
from .effects import Batch, Effect, Tally, effect_of
from .overrides import CaseOverride, apply_to_case
from .scenario import Lay, Scenario, supposed_edition

BASELINE: Final = "现状"
_CODES: Final = {
    Outcome.ELIGIBLE: ELIGIBLE,
    Outcome.INELIGIBLE: INELIGIBLE,
    Outcome.UNDETERMINED: UNDETERMINED,
}


@dataclass(slots=True)
class Column:
    """One scenario (the first: the baseline) over all households.

    `effects` go by the ids of the programmes. Of all households, `determined` have nothing open in any programme, and
    `open` some verdict that is undetermined, or an amount due that is not one known figure.
    """

    scenario: Scenario
    edition: Edition
    effects: dict[str, Effect]
    determined: int = 0
    open: int = 0

    @property
    def name(self) -> str:
        """The name of the scenario, as others may see it."""
        return mask(self.scenario.name)

    @property
    def checked_through(self) -> Month | None:
        """The month through which this law was checked, where its own month is later."""
        limits = (self.edition.ruleset.checked_through, *(p.checked_through for p in self.edition.programmes))
        checked = min((limit for limit in limits if limit is not None), default=None)
        return checked if checked is not None and self.edition.month > checked else None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Scenarios by programmes. `households` and `persons` are those counted; `failures` the files that could not be used.

    A file that cannot be used under one of the scenarios is left out of all of them.
    """

    columns: tuple[Column, ...]
    programmes: tuple[Programme, ...]
    households: int
    persons: int
    failures: tuple[Failure, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for every scenario and programme: counts, and money as text in yuan (None: not paid, or no year)."""
        for column in self.columns:
            for programme in self.programmes:
                effect = column.effects[programme.id]
                row: dict[str, Any] = {
                    "scenario": column.name,
                    "month": str(column.edition.month),
                    "programme": programme.name,
                }
                for change, name in zip(CHANGES, CHANGE_KEYS, strict=True):
                    row |= _tally(name, effect.changes[change])
                row |= _tally("eligible", effect.eligible) | _tally("undetermined", effect.undetermined)
                yield {**row, "unsettled": effect.unsettled, **money_of(programme, effect)}

    def data(self) -> dict[str, Any]:
        """The matrix as JSON-able data; money is text in yuan."""
        rows = list(self.rows())
        size = len(self.programmes)
        return {
            "households": self.households,
            "persons": self.persons,
            "unusable": [
                {"file": failure.file, "problems": [str(problem) for problem in failure.error.problems]}
                for failure in self.failures
            ],
            "scenarios": [
                {
                    "name": column.name,
                    "supposed": column.scenario.description if number else None,
                    "month": str(column.edition.month),
                    "known_on": _day(column.edition.known_on),
                    "edition_digest": column.edition.edition_digest,
                    "determined": column.determined,
                    "open": column.open,
                    "programmes": [
                        {"id": programme.id}
                        | {k: v for k, v in row.items() if k not in ("scenario", "month")}
                        for programme, row in zip(self.programmes, rows[number * size :], strict=False)
                    ],
                }
                for number, column in enumerate(self.columns)
            ],
        }


CHANGE_KEYS: Final = ("enters", "leaves", "gains", "loses", "keeps", "review")
"""The changes in the order of `CHANGES`, as rows and JSON name them."""


def _tally(name: str, tally: Tally) -> dict[str, int]:
    return {f"{name}_households": tally.households, f"{name}_persons": tally.persons}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def money_of(programme: Programme, effect: Effect) -> dict[str, str | None]:
    """What a programme costs and by how much that differs, as text in yuan; a year is twelve months alike.

    None for what pays nothing, where nobody's amount is known, and for the year of a seasonal programme.
    """
    monthly = programme.period is None
    pays = programme.kind != "status" and (effect.settled > 0 or effect.unsettled == 0)
    return {
        "cost": _yuan(effect.cost, pays),
        "cost_per_year": _yuan(effect.cost * MONTHS_A_YEAR, pays and monthly),
        "difference": _yuan(effect.difference, pays),
        "difference_per_year": _yuan(effect.difference * MONTHS_A_YEAR, pays and monthly),
    }


def _yuan(fen: int, shown: bool) -> str | None:
    return str(Money.from_fen(fen)) if shown else None


class _Making:
    """A matrix in the making: the law of every scenario, and what has been counted so far."""

    def __init__(
        self,
        rules: Ruleset,
        scenarios: Sequence[Scenario],
        month: Month | str,
        known_on: date | None,
        lay: Lay | None,
    ) -> None:
        chosen = (Scenario(BASELINE), *scenarios)
        laws = [supposed_edition(rules, s, month=month, known_on=known_on, lay=lay) for s in chosen]
        found = {p.id: p for edition in laws for p in edition.programmes}
        order = {name: place for edition in laws for place, name in enumerate(edition.ruleset.programmes)}
        self.programmes = tuple(sorted(found.values(), key=lambda programme: order[programme.id]))
        self.columns = [
            Column(scenario, edition, {programme.id: Effect() for programme in self.programmes})
            for scenario, edition in zip(chosen, laws, strict=True)
        ]
        self.households = self.persons = 0

    def count(self, batches: Iterable[Batch]) -> None:
        """Adds some households; the batches go with the columns, the baseline first."""
        baseline: Batch | None = None
        for column, batch in zip(self.columns, batches, strict=True):
            if baseline is None:
                baseline = batch
                self.households += len(batch.sizes)
                self.persons += int(batch.sizes.sum())
            for programme in self.programmes:
                column.effects[programme.id].add(effect_of(programme, baseline, batch))
            open_ = batch.open_households(self.programmes)
            column.open += open_
            column.determined += len(batch.sizes) - open_

    def matrix(self, failures: Iterable[Failure] = ()) -> Matrix:
        return Matrix(tuple(self.columns), self.programmes, self.households, self.persons, tuple(failures))


# —— Over a register ——


def matrix_of_register(
    register: Register,
    rules: Ruleset,
    scenarios: Sequence[Scenario],
    *,
    month: Month | str,
    known_on: date | None = None,
    lay: Lay | None = None,
) -> Matrix:
    """Evaluates all households of a register as they are and under each scenario.

    `month` and `known_on` hold where a scenario names none; `lay` gives rulesets with its overlays. Raises `InputError`
    for a scenario that changes facts of a case, for a month that is not covered and for a register that cannot be read.
    """
    for scenario in scenarios:
        for override in scenario.overrides:
            if isinstance(override, CaseOverride):
                message = (
                    f"“{override.name}”是个案的事实；对整个台账只能假设标准、假设、月份、知悉日和叠加规则"
                )
                hint = "改事实的情景请对个案文件运行"
                raise InputError(Problem("matrix-fact", message, override.location, hint))
    making = _Making(rules, scenarios, month, known_on, lay)
    editions = [column.edition for column in making.columns]
    readers = _readers(editions)
    for batch in register.batches():
        making.count(_evaluated(batch, editions, readers))
    return making.matrix()


def _readers(editions: Sequence[Edition]) -> dict[int, FactReader]:
    """A reader for each ruleset (by `id`), of all facts that its editions need."""
    names: dict[int, list[str]] = defaultdict(list)
    for edition in editions:
        names[id(edition.ruleset)] += facts_read(edition)
    rulesets = {id(edition.ruleset): edition.ruleset for edition in editions}
    return {key: FactReader(names[key], rulesets[key]) for key in names}


def _evaluated(
    batch: pa.RecordBatch, editions: Sequence[Edition], readers: dict[int, FactReader]
) -> Iterator[Batch]:
    """One batch under every edition."""
    subjects = Subjects(batch)
    readable = {key: reader.over(batch) for key, reader in readers.items()}
    laws = [(id(edition.ruleset), edition.month) for edition in editions]
    facts = {(key, month): readable[key].read(month) for key, month in set(laws)}
    sizes = {law: subjects.sizes(members_in(read)) for law, read in facts.items()}
    asked = [(edition, facts[law]) for edition, law in zip(editions, laws, strict=True)]
    for law, verdicts in zip(laws, evaluate_all(asked), strict=True):
        yield Batch(subjects.household_of, sizes[law], _sides(verdicts))


def _sides(verdicts: Verdicts) -> dict[str, Side]:
    return {
        identifier: Side.of(columns, np.arange(len(columns.outcome)))
        for identifier, columns in verdicts.programmes.items()
    }


# —— Over case files ——


def matrix_of_cases(
    paths: Iterable[Path],
    rules: Ruleset,
    scenarios: Sequence[Scenario],
    *,
    month: Month | str,
    known_on: date | None = None,
    lay: Lay | None = None,
) -> Matrix:
    """Determines the case files (of folders: all in them) as they are and under each scenario.

    Arguments as for `matrix_of_register`. Files that cannot be used are listed, not counted. Raises `InputError` for a
    month that is not covered, `EngineDisagreement` where the engines differ.
    """
    making = _Making(rules, scenarios, month, known_on, lay)
    files = [file for path in paths for file in case_files(path)]
    failures: list[Failure] = []
    for file in files:
        try:
            case = load_case(file)
            found = [_determined(case, column) for column in making.columns]
        except (InputError, RulesetError) as error:
            failures.append(Failure(str(file), error))
        else:
            members = list(dict.fromkeys(person.id for d in found for person in d.case.members))
            making.count(_household(d, members) for d in found)
    return making.matrix(failures)


def _determined(case: Case, column: Column) -> Determination:
    scenario, edition = column.scenario, column.edition
    supposed = apply_to_case(case, scenario.overrides, month=edition.month)
    return determine(supposed, edition)


def _household(determination: Determination, members: Sequence[str]) -> Batch:
    """A determination as a batch of one household; `members` are all who belong to it in any scenario."""
    rows: dict[str, list[tuple[int, int, int]]] = {
        programme.id: [(NO_VERDICT, 0, 0)] * (len(members) if programme.level is Level.PERSON else 1)
        for programme in determination.edition.programmes
    }
    for verdict in determination:
        if verdict.outcome is not Outcome.NOT_IN_FORCE:
            place = 0 if verdict.subject is None else members.index(verdict.subject)
            rows[verdict.programme.id][place] = (_CODES[verdict.outcome], *_bounds(verdict))
    size = len(determination.evaluation.context.members)
    sides = {identifier: _side(cells) for identifier, cells in rows.items()}
    return Batch(np.zeros(len(members), np.int32), np.array([size]), sides)


def _bounds(verdict: Verdict) -> tuple[int, int]:
    """The least and the most that is due, in 分, as the kernel gives them."""
    if verdict.amount is not None:
        return verdict.amount.fen, verdict.amount.fen
    if verdict.amount_unknown:
        return UNKNOWN_AMOUNT, UNKNOWN_AMOUNT
    low, high = verdict.amount_range or (Money(0), Money(0))
    return low.fen, MAX_FEN if high is None else high.fen


def _side(cells: Sequence[tuple[int, int, int]]) -> Side:
    outcome, low, high = np.array(cells, np.int64).reshape(-1, 3).T
    exact = (low == high) & (low >= 0) & (outcome != UNDETERMINED)
    return Side(outcome.astype(np.uint8), low, high, exact)
