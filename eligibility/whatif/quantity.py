"""What a sweep varies: one number of a case or of the law, by its name in the ruleset, and the range it is given.

`成员["母亲"].收入.工资性收入` and `家庭.货币财产` are facts, `家庭月收入` a definition put in place of its computed value,
`低保标准` a parameter. A value is counted in whole steps x: 分 for money, hundredths for areas and rates, ones for counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ..case import Context
from ..case.fields import normal
from ..engines.reference import Place
from ..errors import InputError, Problem, nearest
from ..language import Type
from ..language.nodes import MONEY, Bounds, Origin, Symbol, decimal_text
from ..quantities import Money
from ..ruleset.edition import Edition, overridable
from ..ruleset.names import fact_symbol, read_value
from ..values import LEVEL_NAMES, Kind, Level, Number, is_known
from .places import fact_names, fact_of

_MEMBER: Final = re.compile(r"成员\s*\[\s*[\"'“‘]?(.+?)[\"'”’]?\s*\]\s*\.\s*(.+)\Z", re.DOTALL)
HUNDREDTHS: Final = 100
HOUSEHOLD: Final = Place()
_LEVELS: Final = {level: name for name, level in LEVEL_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number that may vary; `subject` is the member it belongs to (None: the household or the law)."""

    name: str
    origin: Origin
    type: Type
    bounds: Bounds
    place: Place = HOUSEHOLD
    subject: str | None = None

    @property
    def per_unit(self) -> int:
        """Steps in one of what people write: 100 分 in a yuan."""
        return 1 if self.type.kind is Kind.INTEGER else HUNDREDTHS

    @property
    def step(self) -> Number:
        """What one step adds to the value an engine computes with (money is counted in 分 there too)."""
        return 1 if self.type.counts_money else Fraction(1, self.per_unit)

    @property
    def label(self) -> str:
        """The quantity as it is written to name it."""
        return self.name if self.subject is None else f'成员["{self.subject}"].{self.name}'

    def text(self, x: int) -> str:
        """The value at step x as people write it: `1480.00`, `58.5`, `3`."""
        return str(Money.from_fen(x)) if self.type.counts_money else decimal_text(Fraction(x, self.per_unit))

    def span(self, low: Money | str | int, high: Money | str | int) -> tuple[int, int]:
        """A range of values, both ends included, in steps. Raises `InputError` for one that holds nothing to vary."""
        first, last = self._steps(low, "起点"), self._steps(high, "终点")
        if first >= last:
            said = "相同，没有可变的范围" if first == last else "颠倒了"
            message = f"“{self.label}”的范围 {self.text(first)} 至 {self.text(last)}：起点和终点{said}"
            raise InputError(Problem("sweep-range", message, None, "起点应小于终点"))
        return first, last

    def _steps(self, value: Money | str | int, end: str) -> int:
        kind = MONEY if self.type.counts_money else self.type
        try:
            read = read_value(str(value), kind, Bounds(self.bounds.lo, self.bounds.hi))
            if not is_known(read):
                raise ValueError("要写一个数")
        except (ValueError, TypeError) as error:
            message = f"“{self.label}”的范围，{end}“{str(value)[:40]}”不合用：{error}"
            raise InputError(Problem("sweep-range", message)) from None
        return int(read / self.step)  # type: ignore[operator]


def quantity(text: str, edition: Edition, context: Context) -> Quantity:
    """The quantity a text names, in a case as it stands in the month of the edition.

    Raises `InputError` for an unknown member or name (with the nearest), and for what is not a number.
    """
    named = normal(text)
    match = _MEMBER.match(named)
    name = named.removeprefix("家庭.").strip() if match is None else match[2].strip()
    symbol = _symbols(edition).get(name)
    if symbol is None or not _varies(symbol):
        raise _unknown(name, edition)
    wanted = Level.HOUSEHOLD if match is None else Level.PERSON
    if symbol.level is not wanted:
        form = {Level.HOUSEHOLD: name, Level.PERSON: f'成员["编号"].{name}'}.get(symbol.level)
        hint = None if form is None else f"应写成 {form}"
        raise InputError(Problem("sweep-level", f"“{name}”是{_LEVELS[symbol.level]}的数量", None, hint))
    if match is None:
        return _quantity(symbol, HOUSEHOLD, None)
    ids = {normal(person.id): index for index, person in enumerate(context.members)}
    member = match[1].strip()
    if member not in ids:
        hint = nearest(member, ids) or "成员有：" + "、".join(ids)
        raise InputError(Problem("unknown-member", f"{edition.month} 没有成员“{member[:40]}”", None, hint))
    return _quantity(symbol, Place(ids[member]), context.members[ids[member]].id)


def fact_quantity(name: str, place: Place, edition: Edition, context: Context) -> Quantity:
    """The quantity of a fact at a place of the case. Raises `InputError` as `quantity` does."""
    level = (
        Level.HOUSEHOLD if place.person is None else Level.PERSON if place.parent is None else Level.PARENT
    )
    fact = fact_of(name, level, edition.ruleset)
    symbol = None if fact is None else fact_symbol(fact)
    if symbol is None and name in _symbols(edition):
        raise InputError(Problem("sweep-level", f"“{name}”不是{_LEVELS[level]}的事实"))
    if symbol is None or not _varies(symbol):
        raise _unknown(name, edition)
    return _quantity(symbol, place, None if place.person is None else context.members[place.person].id)


def _quantity(symbol: Symbol, place: Place, subject: str | None) -> Quantity:
    assert symbol.bounds is not None
    return Quantity(symbol.name, symbol.origin, symbol.type, symbol.bounds, place, subject)


def _varies(symbol: Symbol) -> bool:
    return symbol.type.numeric and symbol.bounds is not None


def _symbols(edition: Edition) -> dict[str, Symbol]:
    """Facts, definitions of the edition and parameters of the ruleset, by name."""
    rules = edition.ruleset
    known = {name: definition.symbol for name, definition in edition.definitions.items()}
    known.update(overridable(rules))
    for level in Level:
        for name in fact_names(level, rules):
            fact = fact_of(name, level, rules)
            assert fact is not None
            known[name] = fact_symbol(fact)
    return known


def _unknown(name: str, edition: Edition) -> InputError:
    known = _symbols(edition)
    if name in known or name in edition.ruleset.parameters:
        return InputError(Problem("sweep-type", f"“{name}”不是数量，不能在一个范围里变化"))
    numbers = [other for other, symbol in known.items() if _varies(symbol)]
    return InputError(Problem("unknown-name", f"没有可变的数量“{name[:40]}”", None, nearest(name, numbers)))
