"""What is due in all: each programme's share, and one total per way of choosing between alternatives.

Monthly and seasonal payments are never added to each other, and an amount that is open is named, never counted as zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from ..case import Case
from ..quantities import Money
from .model import Outcome, Verdict

Payment = tuple[str, str | None]
"""A programme's id and the subject it pays (None: the household)."""


class Share(NamedTuple):
    """What one programme pays one subject."""

    programme: str
    subject: str | None
    amount: Money


class Option(NamedTuple):
    """One way to choose between alternatives: what is forgone, and the monthly total of the rest."""

    forgoes: tuple[Payment, ...]
    per_month: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """`options` has one entry where there is nothing to choose. `open` are payments whose amount is not one known figure."""

    shares: tuple[Share, ...]
    options: tuple[Option, ...]
    seasonal: tuple[Share, ...]
    open: tuple[Payment, ...]

    @property
    def per_month(self) -> Money | None:
        """The monthly total; None where the family still has to choose."""
        return self.options[0].per_month if len(self.options) == 1 else None


def totals(verdicts: Iterable[Verdict], case: Case) -> Totals:
    """Adds up a determination; where the case names a choice, only the chosen alternative is counted."""
    paying = [v for v in verdicts if v.programme.kind != "status"]
    due = [
        Share(v.programme.id, v.subject, v.amount)
        for v in paying
        if v.amount is not None and not v.programme.period
    ]
    waiting = (Outcome.ELIGIBLE, Outcome.UNDETERMINED)
    return Totals(
        shares=tuple(due),
        options=tuple(_option(due, forgone) for forgone in _ways(_conflicts(paying, case))),
        seasonal=tuple(
            Share(v.programme.id, v.subject, v.amount)
            for v in paying
            if v.amount is not None and v.programme.period
        ),
        open=tuple((v.programme.id, v.subject) for v in paying if v.amount is None and v.outcome in waiting),
    )


def _option(due: list[Share], forgone: frozenset[Payment]) -> Option:
    kept = [share.amount for share in due if (share.programme, share.subject) not in forgone]
    named = sorted(forgone, key=lambda payment: (payment[0], payment[1] or ""))
    return Option(tuple(named), sum(kept, Money(0)))


def _ways(conflicts: list[list[Payment]]) -> list[frozenset[Payment]]:
    """The smallest sets of payments that, forgone, leave no conflict."""
    every = list(dict.fromkeys(frozenset(forgone) for forgone in product(*conflicts)))
    return [forgone for forgone in every if not any(other < forgone for other in every)]


def _conflicts(paying: list[Verdict], case: Case) -> list[list[Payment]]:
    """For each pair of alternatives the family is eligible for: what may be forgone."""
    found = []
    for verdict in paying:
        for target in verdict.programme.alternative_to:
            name, _, route = target.partition(".")
            for other in paying:
                if (
                    verdict.outcome is other.outcome is Outcome.ELIGIBLE
                    and other.programme.name == name
                    and other.subject in (verdict.subject, None)
                    and (not route or other.route == route)
                ):
                    found.append(_forgone(verdict, other, case))
    return found


def _forgone(one: Verdict, other: Verdict, case: Case) -> list[Payment]:
    """What is given up between two alternatives: the one the case did not choose, or either."""
    first, second = (one.programme.id, one.subject), (other.programme.id, other.subject)
    chosen = {
        choice.chosen
        for choice in case.household.choices or ()
        if _named(one, choice.between) and _named(other, choice.between)
    }
    if _named(one, chosen):
        return [second]
    if _named(other, chosen):
        return [first]
    return [second, first]


def _named(verdict: Verdict, names: Iterable[str]) -> bool:
    return any(name in (verdict.programme.id, verdict.programme.name) for name in names)
