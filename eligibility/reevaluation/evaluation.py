"""The verdicts and facts of one batch under the editions of a plan, each worked out once and kept no longer than needed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case import receipt_fact
from ..engines.kernel import evaluate_all, facts_read
from ..engines.verdicts import Verdicts
from ..quantities import Month
from ..register.arrays import known, numbers, truths
from ..register.columns import MEMBERS
from ..register.facts import PRESENT, BatchFacts, FactReader
from ..ruleset import Edition
from ..values import Level
from .plan import Plan

_MAKING: Final = threading.Lock()
Truths = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Truths as two columns: what is true, and what is known."""


class Evaluations:
    """What a batch comes to under any edition of a plan, by the kernel.

    The facts of one month and the verdicts of the plan's two sides are kept; those of other months are made once each.
    """

    def __init__(self, plan: Plan, batch: pa.RecordBatch) -> None:
        self.plan, self.batch = plan, batch
        self._facts: tuple[Month, pa.RecordBatch] | None = None
        self._kept: dict[tuple[Month, str], Verdicts] = {}

    def verdicts(self, *editions: Edition) -> list[Verdicts]:
        """The verdicts of the batch under some editions; those that share rules are worked out together."""
        found = {key: self._kept[key] for key in map(_key, editions) if key in self._kept}
        new = [edition for edition in editions if _key(edition) not in found]
        found.update(zip(map(_key, new), self.evaluate(new), strict=True))
        sides = (_key(self.plan.edition_before), _key(self.plan.edition_after))
        self._kept.update((key, verdicts) for key, verdicts in found.items() if key in sides)
        return [found[_key(edition)] for edition in editions]

    def facts(self, month: Month) -> pa.RecordBatch:
        """The facts of the batch in a month."""
        if self._facts is None or self._facts[0] != month:
            self._facts = (month, self.read(month))
        return self._facts[1]

    def evaluate(self, editions: Sequence[Edition]) -> list[Verdicts]:
        asked = [(edition, self.facts(edition.month)) for edition in editions]
        # Batches are worked on side by side, so that one thread each is all there is to have.
        return evaluate_all(asked, threads=1)

    def read(self, month: Month) -> pa.RecordBatch:
        return self._readable.read(month)

    @cached_property
    def _readable(self) -> BatchFacts:
        return reader_of(self.plan).over(self.batch)

    def in_payment(self, programme: str, month: Month) -> Truths:
        """Whether a programme (by id) is in payment in a month, for each of its subjects."""
        text = self.plan.rules.programmes[programme]
        facts = self.facts(month)
        name = f"在享.{text.name}"
        if text.level is Level.HOUSEHOLD:
            column = facts.column(name) if name in facts.schema.names else None
            return _truths(column, facts.num_rows)
        members = facts.column(MEMBERS).flatten()
        index = members.type.get_field_index(name)
        return _truths(None if index < 0 else members.field(index), len(members))

    def present(self, month: Month) -> NDArray[np.bool_]:
        """Who of the persons is a member in a month."""
        return members_in(self.facts(month))


def members_in(facts: pa.RecordBatch) -> NDArray[np.bool_]:
    """Who of the persons is a member in the month of the facts."""
    persons = facts.column(MEMBERS).flatten()
    return _truths(persons.field(persons.type.get_field_index(PRESENT)), len(persons))[0]


def _key(edition: Edition) -> tuple[Month, str]:
    return edition.month, edition.edition_digest


def _truths(column: pa.Array | None, rows: int) -> Truths:
    """A column of truths as two arrays; an absent one is unknown everywhere."""
    if column is None or pa.types.is_null(column.type):
        return np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    if not pa.types.is_dictionary(column.type):
        return truths(column) & known(column), known(column)
    codes, given = numbers(column.indices), known(column.indices)
    words = [*column.dictionary.to_pylist(), None]
    true, told = np.array([word is True for word in words]), np.array([word is not None for word in words])
    # Anything may stand under a null.
    return true.take(codes, mode="clip") & given, told.take(codes, mode="clip") & given


def fact_names(plan: Plan) -> tuple[str, ...]:
    """Every fact a plan reads: what its editions need, and what is in payment."""
    editions = [plan.edition_before, plan.edition_after]
    editions += [e for month in plan.retroactive for e in (month.then, month.now)]
    receipts = [receipt_fact(t.id, t.name, t.level).name for t in plan.rules.programmes.values()]
    each_rules = {edition.rules_digest: edition for edition in editions}
    needed = (name for edition in each_rules.values() for name in facts_read(edition))
    return tuple(dict.fromkeys((*needed, *receipts)))


def reader_of(plan: Plan) -> FactReader:
    """The reader of a plan's facts, kept with the later edition."""
    key = f"facts of {plan}"
    with _MAKING:
        kept = plan.edition_after.compiled.get(key)
        if kept is None:
            kept = plan.edition_after.compiled[key] = FactReader(fact_names(plan), plan.rules)
    assert isinstance(kept, FactReader)
    return kept
