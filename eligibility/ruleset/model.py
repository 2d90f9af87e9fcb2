"""The law as loaded: everything dated has one form of version list; nothing is resolved to a month yet.

A `Ruleset` holds parameters, definitions, income kinds and programmes with all their versions, and hands out
an `Edition` for a month and a day of knowledge. It is immutable after loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from ..language import Node, Symbol, Type
from ..quantities import Month
from ..values import Level, Value

if TYPE_CHECKING:
    from .edition import Edition

T = TypeVar("T")


class Provenance(Enum):
    """How sure a value is: read in the document, in a copy, computed, supposed, or set by a scenario."""

    DOCUMENT = "document"
    REPOST = "repost"
    DERIVED = "derived"
    ASSUMPTION = "assumption"
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class Source:
    """A document the law rests on; `quotes` are short phrases, word for word, found in `evidence`."""

    id: str
    title: str
    issuer: tuple[str, ...]
    number: str | None
    issued: str | None
    published: str | None
    grade: str | None
    evidence: str | None
    quotes: tuple[str, ...]
    link: str | None
    note: str | None
    location: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule stands: a source, and if known the article and a short quotation."""

    source: str
    article: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Assumption:
    """A reading the law does not settle. `name` is set if expressions or `from:` may use its value."""

    id: str
    question: str
    basis: str
    alternatives: tuple[str, ...]
    name: str | None
    type: Type | None
    value: Value
    text: str | None
    month: Month | None
    location: str


@dataclass(frozen=True, slots=True)
class Version(Generic[T]):
    """One version of anything dated: in force for months from `start` until before `until`, known from `published`.

    `publication_assumed` tells that the document gives no day of publication and one is supposed.
    """

    start: Month
    until: Month | None
    published: date
    publication_assumed: bool
    issued: date | None
    corrects: str | None
    cite: Citation | None
    assumes: tuple[str, ...]
    location: str
    content: T

    def covers(self, month: Month) -> bool:
        return self.start <= month and (self.until is None or month < self.until)


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """All versions of one thing."""

    versions: tuple[Version[T], ...]

    def resolve(self, month: Month, known_on: date | None) -> Version[T] | None:
        """The version in force for `month` as known on `known_on` (None: everything on file), or None.

        Among visible versions the latest start wins, then the latest publication.
        """
        best: Version[T] | None = None
        for version in self.versions:
            if not version.covers(month) or (known_on is not None and version.published > known_on):
                continue
            if best is None or (version.start, version.published) >= (best.start, best.published):
                best = version
        return best


@dataclass(frozen=True, slots=True)
class Link:
    """A value that is always that of another parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """One dated value: a number, a range (unknown), a link, or a table of these by key texts."""

    value: Value | Link | Mapping[tuple[str, ...], Value | Link]
    provenance: Provenance
    last_known: Value
    note: str | None

    @property
    def links(self) -> tuple[Link, ...]:
        """The links among the value or the cells of the table."""
        values = self.value.values() if isinstance(self.value, Mapping) else (self.value,)
        return tuple(value for value in values if isinstance(value, Link))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated figure of the law. `keys` names the keys of a table with the texts each may have."""

    name: str
    english: str | None
    unit: str
    symbol: Symbol
    keys: tuple[tuple[str, frozenset[str]], ...]
    rule: str | None
    dated: Dated[ParameterValue]
    location: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A named expression shared by programmes."""

    name: str
    title: str
    english: str | None
    symbol: Symbol
    dated: Dated[Node]
    location: str


@dataclass(frozen=True, slots=True)
class IncomeRule:
    """How an income kind counts: `all`, `none`, or what lies `above` the exempt amount."""

    counts: str
    exempt: Node | None


@dataclass(frozen=True, slots=True)
class IncomeKind:
    """A kind of income the ruleset lists; `signed` if it may be a loss."""

    name: str
    english: str | None
    signed: bool
    dated: Dated[IncomeRule]
    location: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A criterion that must hold (`holds`) or must not."""

    criterion: str
    holds: bool


When = tuple[tuple[Condition, ...], ...]
"""A conjunction of alternatives; a single criterion is an alternative of one."""


@dataclass(frozen=True, slots=True)
class RouteBody:
    """What a route demands and pays; `amount` is None for a status, and where the law's figure is not on file.

    In the latter case `amount_unknown` is set, and `last_known` is the last figure that was, in 分.
    """

    when: When
    amount: Node | None
    amount_unknown: bool = False
    last_known: int | None = None


@dataclass(frozen=True, slots=True)
class RouteText:
    """A route as written, with dated bodies."""

    name: str
    title: str | None
    english: str | None
    dated: Dated[RouteBody]
    location: str


@dataclass(frozen=True, slots=True)
class CriterionText:
    """A criterion as written: an id that never changes, a title, and dated tests."""

    id: str
    title: str
    english: str | None
    because: str | None
    dated: Dated[Node]
    location: str


@dataclass(frozen=True, slots=True)
class Timing:
    """A rule about months: when payment starts, how a retroactive standard is paid."""

    rules: Mapping[str, str]
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProgrammeText:
    """A programme as written, with all versions of its parts."""

    id: str
    name: str
    title: str
    english: str | None
    kind: str
    level: Level
    who: Node | None
    start: Month
    until: Month | None
    checked_through: Month | None
    payable: Timing | None
    arrears: Timing | None
    yields: Node | None
    alternative_to: tuple[str, ...]
    period: Timing | None
    uses: tuple[str, ...]
    choose: str
    criteria: Mapping[str, CriterionText]
    exclusions: tuple[str, ...]
    routes: tuple[RouteText, ...]
    assumes: tuple[str, ...]
    notes: tuple[str, ...]
    location: str

    def in_force(self, month: Month) -> bool:
        return self.start <= month and (self.until is None or month < self.until)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A city's law as data, with the overlays that were laid on it."""

    id: str
    title: str
    english: str | None
    overlays: tuple[str, ...]
    replaced: tuple[str, ...]
    start: Month
    checked_through: Month | None
    refuse_before: str | None
    sources: Mapping[str, Source]
    assumptions: Mapping[str, Assumption]
    parameters: Mapping[str, Parameter]
    definitions: Mapping[str, Definition]
    income_kinds: Mapping[str, IncomeKind]
    programmes: Mapping[str, ProgrammeText]
    notes: tuple[str, ...]
    folder: str
    notices: tuple[str, ...]
    _editions: dict[tuple[Month, date | None], object] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def guards(self) -> frozenset[str]:
        """The criteria made from `applies` of an overlay and `who` of a programme: these themselves are their ground."""
        return frozenset(f"{overlay}-APPLIES" for overlay in self.overlays) | frozenset(
            f"{name}-WHO" for name in self.programmes
        )

    def edition(self, month: Month | str, known_on: date | None = None) -> Edition:
        """The law for a month, as known on a day (None: everything on file); see `resolve.edition`."""
        from .resolve import edition  # resolving knows the model, not the other way round

        return edition(self, month, known_on)
