"""What comes out: a determination with a verdict per programme and subject, and the reasons each stands on.

Everything here is immutable. Values are kept as the engine computed them (`eligibility.values`); texts are made only
when somebody reads them (`explain`, `record`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any, NamedTuple

from ..case import Case
from ..engines.reference import Evaluation, Place
from ..language import Type
from ..language.nodes import Origin
from ..quantities import Money, Month
from ..ruleset.edition import Edition
from ..ruleset.model import Assumption, Citation
from ..ruleset.resolved import Criterion, Programme, ResolvedDefinition
from ..values import Truth, Value


class Outcome(Enum):
    """The outcome of one programme for one subject; `undetermined` names what is missing, it never means no."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    UNDETERMINED = "undetermined"
    NOT_IN_FORCE = "not_in_force"

    @classmethod
    def of(cls, verdict: Truth) -> Outcome:
        """The outcome of a verdict as an engine gives it."""
        return cls.UNDETERMINED if verdict is None else cls.ELIGIBLE if verdict else cls.INELIGIBLE


class Operand(NamedTuple):
    """A value a criterion looked at: its name in the law, the value, where it comes from, and whose it is."""

    name: str
    value: Value
    type: Type
    origin: Origin
    subject: str | None
    sensitive: bool


class Reason(NamedTuple):
    """One criterion as it came out for one subject: met, unmet or unknown (None), on which values."""

    criterion: Criterion
    subject: str | None
    verdict: Truth
    excludes: bool
    operands: tuple[Operand, ...]
    threshold: str | None

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def title(self) -> str:
        return self.criterion.title

    @property
    def citation(self) -> Citation | None:
        return self.criterion.cite

    @property
    def sensitive(self) -> bool:
        """Whether it looked at a fact that is never spelled out; beside its status, a name or a source would."""
        return any(operand.sensitive for operand in self.operands)


class MissingFact(NamedTuple):
    """Something unknown that may decide: a fact to ask for (`path` in the case file), or a figure of the law."""

    origin: Origin
    name: str
    subject: str | None
    path: str
    question: str
    paper: str


class RouteTaken(NamedTuple):
    """A route with its truth and its amount in 分 (None: pays nothing, not computed, or unknown)."""

    name: str
    title: str | None
    met: Truth
    amount: Value
    citation: Citation | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of one programme for one subject (None: the household; otherwise a member's id).

    `amount` per month is set when it is one known figure; `amount_range` when only bounds are known (`None` as upper
    bound: not limited by what is known); `amount_unknown` when the law's own figure is not on file, `last_known` then
    shows the last figure that was. `exact` is the amount in yuan before rounding, where that differs.
    """

    programme: Programme
    subject: str | None
    outcome: Outcome
    amount: Money | None = None
    amount_range: tuple[Money, Money | None] | None = None
    amount_unknown: bool = False
    last_known: Money | None = None
    exact: Fraction | None = None
    route: str | None = None
    routes: tuple[RouteTaken, ...] = ()
    payable_rule: str | None = None
    payable_from: Month | None = None
    reasons: tuple[Reason, ...] = ()
    missing: tuple[MissingFact, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


class Working(NamedTuple):
    """A defined quantity as it was computed: name, whose, value, and the expression it comes from."""

    name: str
    subject: str | None
    value: Value
    definition: ResolvedDefinition

    @property
    def type(self) -> Type:
        return self.definition.symbol.type

    @property
    def expression(self) -> str:
        """The expression as text."""
        return self.definition.expression

    @property
    def citation(self) -> Citation | None:
        return self.definition.cite


@dataclass(frozen=True, slots=True)
class Run:
    """What computed a determination: engines with versions, and the inference trail of the rule engine."""

    engines: tuple[tuple[str, str], ...]
    trail: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class Determination:
    """The determination of one case for one benefit month: `d["dibao"]`, `d["living_allowance", "母亲"]`.

    Iterating gives the verdicts in the order of the ruleset. `scenario` says what was supposed where it is
    hypothetical: every text and the record then say so.
    """

    case: Case
    edition: Edition
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    run: Run
    evaluation: Evaluation
    scenario: str | None = None

    @property
    def month(self) -> Month:
        return self.edition.month

    @property
    def known_on(self) -> date | None:
        return self.edition.known_on

    def __getitem__(self, key: str | tuple[str, str]) -> Verdict:
        programme, subject = key if isinstance(key, tuple) else (key, None)
        for verdict in self.verdicts:
            if programme in (verdict.programme.id, verdict.programme.name) and verdict.subject == subject:
                return verdict
        raise KeyError(key)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    @property
    def assumptions(self) -> dict[str, Assumption]:
        """Every assumption the verdicts stand on, by id, in the order of the verdicts."""
        return {a.id: a for verdict in self.verdicts for a in verdict.assumptions}

    def workings(self) -> tuple[Working, ...]:
        """Every defined quantity the verdicts rest on, in the order it was computed, for those it concerns."""
        shared: frozenset[str] = frozenset()
        own: dict[str | None, frozenset[str]] = {}
        for verdict in self.verdicts:
            if verdict.outcome is Outcome.NOT_IN_FORCE:
                continue
            names = self.edition.definitions_of(verdict.programme.id)
            own[verdict.subject] = own.get(verdict.subject, frozenset()) | names
            shared = shared | names if verdict.subject is None else shared
        everyone = frozenset().union(*own.values())
        found = []
        for name in self.edition.order:
            if name not in everyone:
                continue
            definition = self.edition.definitions[name]
            for place, subject in self._places(definition.symbol.level):
                if place.person is None or name in shared or name in own.get(subject, ()):
                    found.append(Working(name, subject, self.evaluation.value(name, place), definition))
        return tuple(found)

    def _places(self, level: int) -> list[tuple[Place, str | None]]:
        if level == 0:
            return [(Place(), None)]
        members = [member.id for member in self.evaluation.context.members]
        if level == 1:
            return [(Place(index), member) for index, member in enumerate(members)]
        return [(Place(i, parent), member) for i, member in enumerate(members) for parent in (0, 1)]

    def record(self) -> bytes:
        """The determination and the run as canonical JSON (RFC 8785), with everything needed to replay it.

        Contains the full identity numbers of the case: keep it as the case file itself is kept.
        """
        from .record import record  # a record is made of a determination, not the other way round

        return record(self)

    def summary(self, *, masked: bool = True) -> dict[str, Any]:
        """The determination as JSON-able data; identity numbers and sensitive facts masked unless asked for."""
        from .record import summary

        return summary(self, masked=masked)
