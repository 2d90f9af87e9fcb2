"""The parts of an edition: parameters, definitions, criteria, routes and programmes with one version picked of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ..language import Node, render
from ..language.nodes import Symbol
from ..quantities import Month
from ..values import Level, Value
from .model import Citation, ProgrammeText, Provenance, Timing, When


@dataclass(frozen=True, slots=True)
class ResolvedParameter:
    """A parameter (or a named assumption) with its value in this edition; `via` are the links it was read through."""

    name: str
    symbol: Symbol
    unit: str
    value: Value
    cells: Mapping[tuple[str, ...], Value] | None
    last_known: Value
    provenance: Provenance
    start: Month | None
    cite: Citation | None
    assumes: tuple[str, ...]
    publication_assumed: bool
    published: date | None
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedDefinition:
    """A definition with the expression that holds in this edition."""

    name: str
    title: str
    english: str | None
    symbol: Symbol
    node: Node
    cite: Citation | None
    assumes: tuple[str, ...]

    @property
    def expression(self) -> str:
        """The expression as text."""
        return render(self.node)


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion as it stands in an edition. `verdict_of`: its whole test is another programme's verdict."""

    id: str
    title: str
    english: str | None
    because: str | None
    test: Node
    cite: Citation | None
    assumes: tuple[str, ...]
    verdict_of: tuple[str, bool] | None


@dataclass(frozen=True, slots=True)
class Route:
    """A way to be eligible: all of `when`, and what it pays (None for a status or an unknown amount)."""

    name: str
    title: str | None
    english: str | None
    when: When
    amount: Node | None
    amount_unknown: bool
    last_known: int | None
    cite: Citation | None
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as it stands in an edition.

    `yields` is what is received elsewhere for the same purpose: only the difference is paid. `alternative_to` names
    programmes (or `项目.情形`) between which the family must choose. `period` is set where payment is not monthly.
    """

    id: str
    name: str
    title: str
    english: str | None
    kind: str
    level: Level
    who: Node | None
    choose: str
    criteria: tuple[Criterion, ...]
    exclusions: tuple[str, ...]
    routes: tuple[Route, ...]
    payable: Timing | None
    arrears: Timing | None
    yields: Node | None
    alternative_to: tuple[str, ...]
    period: Timing | None
    checked_through: Month | None
    assumes: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        text: ProgrammeText,
        criteria: tuple[Criterion, ...] = (),
        exclusions: tuple[str, ...] = (),
        routes: tuple[Route, ...] = (),
    ) -> Programme:
        """The programme as written, with the versions picked; without any, one that is not in force."""
        return cls(
            id=text.id,
            name=text.name,
            title=text.title,
            english=text.english,
            kind=text.kind,
            level=text.level,
            who=text.who,
            choose=text.choose,
            criteria=criteria,
            exclusions=exclusions,
            routes=routes,
            payable=text.payable,
            arrears=text.arrears,
            yields=text.yields,
            alternative_to=text.alternative_to,
            period=text.period,
            checked_through=text.checked_through,
            assumes=text.assumes,
            notes=text.notes,
        )
