"""What a fact is, and the few ways in which facts are read from a case.

Every reader is a closure over all it needs: attribute accesses and no validation, because facts are read for every
subject of every household. A subject that does not exist (a parent who is not listed) is unknown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Any, Final

from ..quantities import MAX_FEN
from ..values import ANY_TEXT, DATE_DOMAIN, Kind, Level, Number, Range, Value, date_key
from .context import Context
from .fields import MAX_AREA, MAX_COUNT, MAX_TERM_MONTHS, Model, choices, shapes
from .household import Household
from .items import Parent
from .people import GRADES
from .person import Person

Read = Callable[[Any, Context], Value]
_Owner = Callable[[Any, Context], Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of a case under the name of the law.

    `read(subject, context)` gives its value: the subject is ignored for the household, a `Person` for a person, one of
    `context.parents(person)` (which may be None) for a parent. Numbers are points or ranges (分 where `counts_money` or
    MONEY, square metres for areas), whole multiples of 1/`denominator` between `low` and `high`; `choices` lists an
    enum, None for an open list. `field` is its place in a case file, with `{member}` and `{slot}` to be filled in.
    """

    name: str
    level: Level
    kind: Kind
    field: str
    read: Read
    choices: tuple[str, ...] | None = None
    low: Number | None = None
    high: Number | None = None
    denominator: int = 1
    counts_money: bool = False
    question: str = ""
    paper: str = ""
    sensitive: bool = False
    unknown: Value = dataclasses.field(init=False)
    """The whole domain: what the fact is when the case does not say."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unknown", _whole(self.kind, self.choices, self.low, self.high))

    def place(self, member: str = "", slot: int = 1) -> str:
        """Where the fact stands in the case file: `成员[母亲].出生日期`."""
        return self.field.replace("{slot}", str(slot)).replace("{member}", member)


def _whole(kind: Kind, words: tuple[str, ...] | None, low: Number | None, high: Number | None) -> Value:
    if kind is Kind.TRUTH:
        return None
    if kind is Kind.ENUM:
        return ANY_TEXT if words is None else frozenset(words)
    return Range(low or 0, high or 0)


@dataclass(frozen=True, slots=True)
class Domain:
    """What values a fact may have, and how a typed field becomes one."""

    kind: Kind
    choices: tuple[str, ...] | None = None
    low: Number | None = None
    high: Number | None = None
    denominator: int = 1
    counts_money: bool = False
    convert: Callable[[Any], Value] | None = None

    @property
    def unknown(self) -> Value:
        return _whole(self.kind, self.choices, self.low, self.high)


def _square_metres(area: Decimal) -> Value:
    numerator, denominator = area.as_integer_ratio()
    return numerator if denominator == 1 else Fraction(numerator, denominator)


TRUTH: Final = Domain(Kind.TRUTH)
DATE: Final = Domain(Kind.DATE, low=DATE_DOMAIN.lo, high=DATE_DOMAIN.hi, convert=date_key)
MONEY: Final = Domain(Kind.MONEY, low=0, high=MAX_FEN, convert=attrgetter("fen"))
MONTHLY: Final = Domain(Kind.EXACT, low=0, high=MAX_FEN, denominator=12, counts_money=True)
AREA: Final = Domain(Kind.EXACT, low=0, high=MAX_AREA, denominator=100, convert=_square_metres)
COUNT: Final = Domain(Kind.INTEGER, low=0, high=MAX_COUNT)
TERM: Final = Domain(Kind.INTEGER, low=0, high=MAX_TERM_MONTHS)
OPEN: Final = Domain(Kind.ENUM)


def choice_of(annotation: Any) -> Domain:
    """The domain of a choice type: its words."""
    return Domain(Kind.ENUM, choices=choices(annotation))


_PREFIXES: Final[Mapping[Level, tuple[str, type[Model]]]] = {
    Level.HOUSEHOLD: ("家庭", Household),
    Level.PERSON: ("成员[{member}]", Person),
    Level.PARENT: ("成员[{member}].儿童.父母[{slot}]", Parent),
}


def located(
    level: Level, name: str, path: str, domain: Domain, read: Read, question: str | None = None
) -> Fact:
    """A fact at a path of attributes such as `heating.area` or `not_counted[服刑].since`; texts come from the fields."""
    place, holder = _PREFIXES[level]
    paper, asked, sensitive = "", "", False
    model: type[Model] | None = holder
    for step in path.split("."):
        attribute, bracket, selected = step.partition("[")
        assert model is not None
        shape = shapes(model)[attribute]
        place += f".{shape.title}{bracket}{selected}"
        asked, paper = shape.question or asked, shape.paper or paper
        sensitive = sensitive or shape.sensitive
        model = shape.model
    return Fact(
        name=name,
        level=level,
        kind=domain.kind,
        field=place,
        read=read,
        choices=domain.choices,
        low=domain.low,
        high=domain.high,
        denominator=domain.denominator,
        counts_money=domain.counts_money,
        question=question or asked,
        paper=paper,
        sensitive=sensitive,
    )


# Readers. Each closes over everything it needs; a subject that does not exist (an unlisted parent) is unknown.


def _read_attribute(
    owner: _Owner, attribute: str, unknown: Value, convert: Callable[[Any], Value] | None
) -> Read:
    def read(subject: Any, context: Context) -> Value:
        holder = owner(subject, context)
        value: Any = None if holder is None else getattr(holder, attribute)
        if value is None:
            return unknown
        return value if convert is None else convert(value)

    return read


def _read_listed(owner: _Owner, table: str, kind: str) -> Read:
    """Whether a kind stands in a list."""

    def read(subject: Any, context: Context) -> Value:
        holder = owner(subject, context)
        found = None if holder is None else getattr(holder, table)
        return None if found is None else kind in found

    return read


def _read_detail(owner: _Owner, table: str, kind: str, attribute: str, domain: Domain) -> Read:
    """A detail of the item of a kind; of an item that is not there it is unknown."""
    unknown, convert = domain.unknown, domain.convert

    def read(subject: Any, context: Context) -> Value:
        holder = owner(subject, context)
        found = None if holder is None else getattr(holder, table)
        item = None if found is None else found.get(kind)
        value: Any = None if item is None else getattr(item, attribute)
        if value is None:
            return unknown
        return value if convert is None else convert(value)

    return read


def read_grade(owner: _Owner, category: str) -> Read:
    """The grade of one category of impairment."""
    unknown = frozenset(GRADES)

    def read(subject: Any, context: Context) -> Value:
        holder = owner(subject, context)
        return unknown if holder is None else holder.grades[category]

    return read


_OWNERS: Final[Mapping[Level, _Owner]] = {
    Level.HOUSEHOLD: lambda subject, context: context.case.household,
    Level.PERSON: lambda person, context: person,
    Level.PARENT: lambda slot, context: None if slot is None else slot.parent,
}
VIEWS: Final[Mapping[Level, _Owner]] = {
    Level.HOUSEHOLD: lambda subject, context: context.household,
    Level.PERSON: lambda person, context: context.people[person.id],
    Level.PARENT: lambda slot, context: slot,
}


def _part(owner: _Owner, part: str) -> _Owner:
    return lambda subject, context: getattr(owner(subject, context), part)


def typed(level: Level, name: str, path: str, domain: Domain) -> Fact:
    """A fact that is a field as typed, perhaps in a part (采暖, 儿童) that may be absent."""
    part, _, attribute = path.rpartition(".")
    owner = _part(_OWNERS[level], part) if part else _OWNERS[level]
    return located(
        level, name, path, domain, _read_attribute(owner, attribute, domain.unknown, domain.convert)
    )


def derived(
    level: Level, name: str, path: str, domain: Domain, view: str, question: str | None = None
) -> Fact:
    """A fact that a view derives from the field at `path`."""
    return located(
        level, name, path, domain, _read_attribute(VIEWS[level], view, domain.unknown, None), question
    )


def flag(level: Level, name: str, path: str, kind: str) -> Fact:
    """Whether the list at `path` holds a kind; asked for by the question of the list."""
    return located(level, name, path, TRUTH, _read_listed(VIEWS[level], path, kind))


def detail(level: Level, name: str, path: str, kind: str, attribute: str, domain: Domain) -> Fact:
    """A detail of the item of one kind in the list at `path`."""
    read = _read_detail(VIEWS[level], path, kind, attribute, domain)
    asked = located(level, name, f"{path}[{kind}].{attribute}", domain, read)
    return dataclasses.replace(asked, question=f"{kind}：{asked.question}")
