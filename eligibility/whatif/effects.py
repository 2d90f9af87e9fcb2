"""What a scenario does to a batch of households, programme by programme: whole numbers that add up.

The columns come from the kernel (a register) or from determinations (case files); here both are counted alike, and a
scenario against the baseline. Needs the extra `[register]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..reevaluation.changes import CHANGES, ENTERS, GAINS, LEAVES, LOSES, compared
from ..reevaluation.pieces import Piece, Side
from ..reevaluation.totals import once
from ..ruleset.resolved import Programme
from ..values import Level


@dataclass(frozen=True, slots=True)
class Tally:
    """Households, and persons: the persons concerned, or all members where the household is the subject."""

    households: int = 0
    persons: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.households + other.households, self.persons + other.persons)


@dataclass(slots=True)
class Effect:
    """One programme under one scenario; money is in 分 a month (a season, for seasonal programmes).

    `changes` are against the baseline, by the words of `CHANGES`; who is eligible on neither side is in none of them.
    `cost` adds the amounts of those eligible that are one known figure: of `settled` subjects, `unsettled` have none.
    `difference` adds what is certain on both sides: 待核 is left out.
    """

    changes: dict[str, Tally] = field(default_factory=lambda: dict.fromkeys(CHANGES, Tally()))
    eligible: Tally = Tally()
    undetermined: Tally = Tally()
    settled: int = 0
    unsettled: int = 0
    cost: int = 0
    difference: int = 0

    def add(self, other: Effect) -> None:
        """Adds the same programme of other households."""
        self.changes = {change: self.changes[change] + tally for change, tally in other.changes.items()}
        self.eligible += other.eligible
        self.undetermined += other.undetermined
        self.settled += other.settled
        self.unsettled += other.unsettled
        self.cost += other.cost
        self.difference += other.difference

    def differs(self, baseline: Effect) -> bool:
        """Whether it moves anybody or any amount, or leaves others open than the baseline does."""
        moved = any(self.changes[CHANGES[change]].persons for change in (ENTERS, LEAVES, GAINS, LOSES))
        open_ = (self.undetermined, self.unsettled, self.cost)
        return moved or open_ != (baseline.undetermined, baseline.unsettled, baseline.cost)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some households under one scenario.

    `household_of` is the household of each person, `sizes` how many members each household has in the month, `sides`
    the verdicts by programme, over households or over all persons; a programme that is not in force has none.
    """

    household_of: NDArray[np.intp]
    sizes: NDArray[np.int64]
    sides: Mapping[str, Side]

    def side(self, programme: Programme) -> Side:
        """The verdicts of a programme, `NOT_IN_FORCE` for all if it has none."""
        found = self.sides.get(programme.id)
        personal = programme.level is Level.PERSON
        count = len(self.household_of) if personal else len(self.sizes)
        return found if found is not None else Side.of(None, np.arange(count))

    def tally(self, programme: Programme, chosen: NDArray[np.bool_]) -> Tally:
        """How many households and persons some subjects of a programme are."""
        rows = np.flatnonzero(chosen)
        if programme.level is Level.PERSON:
            return Tally(len(once(self.household_of[rows])), len(rows))
        return Tally(len(rows), int(self.sizes[rows].sum()))

    def open_households(self, programmes: Iterable[Programme]) -> int:
        """How many households have a verdict that is open, or an amount due that is not one known figure."""
        found = np.zeros(len(self.sizes), np.bool_)
        for programme in programmes:
            side = self.side(programme)
            rows = np.flatnonzero(side.undetermined | (side.eligible & ~side.exact))
            found[self.household_of[rows] if programme.level is Level.PERSON else rows] = True
        return int(found.sum())


def effect_of(programme: Programme, before: Batch, after: Batch) -> Effect:
    """What one programme comes to after, against the same households before."""
    old, new = before.side(programme), after.side(programme)
    change, _, difference = compared(old, new)
    concerned = old.possible | new.possible
    certain = concerned & (difference != Piece.NO_AMOUNT)
    known = new.eligible & new.exact
    listed = {word: after.tally(programme, concerned & (change == code)) for code, word in enumerate(CHANGES)}
    return Effect(
        changes=listed,
        eligible=after.tally(programme, new.eligible),
        undetermined=after.tally(programme, new.undetermined),
        settled=int(known.sum()),
        unsettled=int((new.eligible & ~new.exact).sum()),
        cost=int(new.low[known].sum()),
        difference=int(difference[certain].sum()),
    )
