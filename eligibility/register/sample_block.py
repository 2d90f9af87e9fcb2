"""One block of the sample: all columns of its households and members, drawn one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ruleset import Ruleset
from ..values import Level
from .sample_cells import Draw, Flags, Numbers, Table
from .sample_children import child_columns, draw_children
from .sample_gaps import declare, forget
from .sample_health import draw_health, health_columns
from .sample_money import draw_means, draw_work, income_columns, work_columns
from .sample_people import draw_people, person_columns
from .sample_support import benefit_columns, draw_benefits, household_columns, paid_columns, uncounted_incomes


@dataclass(frozen=True, slots=True)
class Block:
    """The columns of some households and of their members; household i has those from `first[i]` to `first[i + 1]`.

    `complete` says which households have complete files; `draw` goes on where the block's drawing ended.
    """

    first: Numbers
    household: Table
    person: Table
    complete: Flags
    draw: Draw

    @property
    def households(self) -> int:
        return len(self.first) - 1

    @property
    def persons(self) -> int:
        return int(self.first[-1])

    @property
    def household_of(self) -> Numbers:
        """By member: the number of its household in the block."""
        return np.repeat(np.arange(self.households), np.diff(self.first))

    def cut(self, households: int) -> Block:
        """Its first households."""
        if households == self.households:
            return self
        first = self.first[: households + 1]
        return Block(
            first,
            {title: cells.cut(households) for title, cells in self.household.items()},
            {title: cells.cut(int(first[-1])) for title, cells in self.person.items()},
            self.complete[:households],
            self.draw,
        )


def draw_block(seed: int, number: int, rules: Ruleset) -> Block:
    """One whole block: who its people are, how they are, what they have; then what the files do not say."""
    draw = Draw(seed, number)
    people = draw_people(draw, number)
    person = person_columns(draw, people)
    health = draw_health(draw, people)
    person |= health_columns(draw, people, health, person["身份证号"].values)
    children = draw_children(draw, people)
    person |= child_columns(draw, people, health, children, person)
    work, means = draw_work(draw, people, health), draw_means(draw, people)
    person |= work_columns(draw, people, health, work)
    owned = household_columns(draw, number, people, means, health)
    households = {**owned.columns, "声明": declare(draw, people.households)}
    family, own = draw_benefits(draw, people, means, health, children, person, owned.modest)
    extra = uncounted_incomes(draw, people, own, work.student)
    person |= income_columns(draw, people, work, means, rules.income_kinds, extra)
    households |= benefit_columns(draw, rules, Level.HOUSEHOLD, family)
    households |= paid_columns(draw, rules, family)
    person |= benefit_columns(draw, rules, Level.PERSON, own, people.born)
    complete = forget(draw, people, households, person)
    return Block(people.first, households, person, complete, draw)
