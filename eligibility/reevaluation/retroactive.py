"""Which past months the law is known differently of now than it was then, and for which programmes.

A difference in figures (a standard announced late) may be owed or claimed back; one in rules (a criterion, a route, a
definition) may only be owed, and what would be claimed back is for an officer to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from ..language import canonical
from ..language.nodes import Node
from ..quantities import Month
from ..ruleset import Edition, Ruleset
from ..ruleset.model import Dated
from ..ruleset.resolved import Programme


class Retroactive(NamedTuple):
    """A month with its law as known `then` and `now`, and the ids of programmes whose figures or rules differ."""

    month: Month
    then: Edition
    now: Edition
    figures: frozenset[str]
    rules: frozenset[str]


def retroactive_months(
    rules: Ruleset, then: date | None, now: date | None, through: Month
) -> tuple[Retroactive, ...]:
    """Every month from the first whose law differs, through `through`; none if none differs.

    There are none either where `then` is None: what was known then is everything.
    """
    if then is None or then == now:
        return ()
    months: list[Retroactive] = []
    month = max(min(_learnt(rules, then, now), default=through + 1), rules.start)
    while month <= through:
        found = _compared(rules, month, then, now)
        if months or found.figures or found.rules:
            months.append(found)
        month = month + 1
    return tuple(months)


def _compared(rules: Ruleset, month: Month, then: date, now: date | None) -> Retroactive:
    one, two = rules.edition(month, then), rules.edition(month, now)
    if one.edition_digest == two.edition_digest:
        return Retroactive(month, one, two, frozenset(), frozenset())
    figures, changed = set(), set()
    for identifier in rules.programmes:
        before, after = one.programme(identifier), two.programme(identifier)
        if before is None and after is None:
            continue
        if before is None or after is None or _rules(one, before) != _rules(two, after):
            changed.add(identifier)
        elif _figures(one, before) != _figures(two, after):
            figures.add(identifier)
    return Retroactive(month, one, two, frozenset(figures), frozenset(changed))


def _learnt(rules: Ruleset, then: date, now: date | None) -> Iterator[Month]:
    """The first months of all versions that became known after `then`, up to `now`."""
    for dated in _dated(rules):
        for version in dated.versions:
            if then < version.published and (now is None or version.published <= now):
                yield version.start


def _dated(rules: Ruleset) -> Iterator[Dated[Any]]:
    yield from (parameter.dated for parameter in rules.parameters.values())
    yield from (definition.dated for definition in rules.definitions.values())
    yield from (kind.dated for kind in rules.income_kinds.values())
    for programme in rules.programmes.values():
        yield from (criterion.dated for criterion in programme.criteria.values())
        yield from (route.dated for route in programme.routes)


def _figures(edition: Edition, programme: Programme) -> dict[str, Any]:
    """The figures a programme reads."""
    names = edition.slice_of(programme.id)
    return {name: (p.value, p.cells) for name, p in edition.parameters.items() if name in names}


def _rules(edition: Edition, programme: Programme) -> tuple[Any, ...]:
    """Everything a programme reads but figures: its own rules, definitions, and the programmes behind them."""
    names = edition.slice_of(programme.id)
    involved = [p for p in edition.programmes if p is programme or p.name in names]
    definitions = {n: canonical(d.node) for n, d in edition.definitions.items() if n in names}
    return definitions, [_own_rules(p) for p in involved]


def _own_rules(programme: Programme) -> tuple[Any, ...]:
    return (
        programme.id,
        programme.kind,
        programme.choose,
        _text(programme.who),
        _text(programme.yields),
        programme.exclusions,
        {criterion.id: canonical(criterion.test) for criterion in programme.criteria},
        [(route.name, route.when, _text(route.amount), route.amount_unknown) for route in programme.routes],
    )


def _text(node: Node | None) -> Any:
    return None if node is None else canonical(node)
