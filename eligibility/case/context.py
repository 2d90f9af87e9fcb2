"""A case as it stands on the first day of one benefit month: who is a member, and what follows from what was typed.

Built once per determination. Facts read their values from here, so everything that takes more than an attribute access
(lists filtered by day, sums, derived dates and relations) is computed when first asked for and then kept. Values are as
in `eligibility.values`: 分, exact quotients, ranges, three-valued truth, date keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..quantities import MAX_FEN, Month
from ..values import ANY_TEXT, EnumValue, Value, date_key
from .fields import MAX_AREA, MAX_COUNT
from .household import Benefit, Vehicle
from .models import Case
from .people import ParentView, PersonView
from .person import Person
from .standing import AREA_DOMAIN, COUNT_DOMAIN, MONEY_DOMAIN, by_kind, once, shared, standing, total


class HouseholdView:
    """The household's values on the first day of the month."""

    def __init__(self, case: Case, day: date) -> None:
        self.household = case.household
        self._day = day
        self._empty = case.declaration.household_lists() if case.declaration else frozenset()

    def _list(self, name: str) -> tuple[Any, ...] | None:
        return standing(getattr(self.household, name), name in self._empty, self._day)

    @once
    def district(self) -> EnumValue:
        """District code: the first six digits of the region."""
        region = self.household.region
        return ANY_TEXT if region is None else region[:6]

    @once
    def other_property(self) -> Value:
        """Other property together, in 分."""
        items = self._list("other_property")
        if items is None:
            return MONEY_DOMAIN
        return total([(None if item.amount is None else item.amount.fen, True) for item in items], MAX_FEN)

    @once
    def dwellings(self) -> Value:
        """How many dwellings."""
        items = self._list("dwellings")
        return COUNT_DOMAIN if items is None else len(items)

    @once
    def dwelling_area(self) -> Value:
        """The area of all dwellings together, in square metres."""
        items = self._list("dwellings")
        if items is None:
            return AREA_DOMAIN
        hundredths = [(None if item.area is None else int(item.area * 100), True) for item in items]
        return shared(total(hundredths, 100 * MAX_AREA), 100)

    @once
    def _vehicles(self) -> tuple[Vehicle, ...] | None:
        return self._list("vehicles")

    def _count_vehicles(self, kind: str, use: str | None = None) -> Value:
        """How many vehicles of a kind (and use; never those of a disabled driver); what is unknown may count or not."""
        if self._vehicles is None:
            return COUNT_DOMAIN
        parts: list[tuple[int | None, bool]] = []
        for vehicle in self._vehicles:
            if vehicle.vehicle_kind not in (None, kind):
                continue
            certain = vehicle.vehicle_kind is not None
            if kind == "机动车":
                if vehicle.use == "残疾代步" or (use is not None and vehicle.use not in (None, use)):
                    continue
                certain = certain and vehicle.use is not None
            parts.append((1, certain))
        return total(parts, MAX_COUNT)

    @once
    def motor_vehicles(self) -> Value:
        """How many motor vehicles, without those that carry a disabled member."""
        return self._count_vehicles("机动车")

    @once
    def medical_vehicles(self) -> Value:
        """How many motor vehicles used to reach treatment."""
        return self._count_vehicles("机动车", "治病")

    @once
    def farm_machines(self) -> Value:
        """How many large farm machines."""
        return self._count_vehicles("大型农机具")

    @once
    def situations(self) -> Mapping[str, Any] | None:
        """The household's situations by kind; None if unknown."""
        return by_kind(self._list("situations"))

    @once
    def support(self) -> Value:
        """What supporters outside owe a month, in 分: declared or court-fixed; nothing from one who cannot pay."""
        items = self._list("supporters")
        if items is None:
            return MONEY_DOMAIN
        owed = [
            item.amount.fen if item.amount is not None else 0 if item.able is False else None
            for item in items
        ]
        return total([(amount, True) for amount in owed], MAX_FEN)

    @once
    def benefits(self) -> Mapping[str, tuple[Benefit, ...]] | None:
        """Benefits in payment by the programme as typed; None if unknown."""
        items = self._list("benefits_in_payment")
        if items is None:
            return None
        table: dict[str, tuple[Benefit, ...]] = {}
        for item in items:
            table[item.programme] = (*table.get(item.programme, ()), item)
        return table


class Context:
    """A case in one benefit month: what facts are read from.

    `first_day` is the day on which facts are read, `key` its date key; `members` are those born by then, in file order;
    `by_id` finds any person of the case; `household` and `people` hold the derived values.
    """

    def __init__(self, case: Case, month: Month) -> None:
        self.case = case
        self.month = month
        self.first_day = month.first_day
        self.key = date_key(self.first_day)
        self.by_id: Mapping[str, Person] = {person.id: person for person in case.members}
        self.head = next((person.id for person in case.members if person.relation_to_head == "户主"), None)
        self.applicant = case.household.applicant or next(
            (person.id for person in case.members if person.relation_to_applicant == "本人"), None
        )
        self.household = HouseholdView(case, self.first_day)
        self.people: Mapping[str, PersonView] = {
            person.id: PersonView(person, self) for person in case.members
        }
        self.members: tuple[Person, ...] = tuple(
            [
                person
                for person in case.members
                if ((born := person.known_birth_date) is None or born <= self.first_day)
                and (person.death_date is None or person.death_date >= self.first_day)
            ]
        )

    def parents(self, person: Person) -> tuple[ParentView | None, ParentView | None]:
        """The two parents of a person: the subjects that facts of level PARENT are read of."""
        return self.people[person.id].parents
