"""What golden cases touch of a ruleset: criteria both ways, routes, and every dated figure of the law.

A rule that no expectation ever rests on may be wrong without anybody noticing. `Coverage` is given the determinations
that expectations were compared with, and says what of the ruleset none of them touched. A figure is touched when a
verdict really read it: only the branch taken of a choice counts, only the cell looked up of a table, only the amount that
was granted, and `and` and `or` are read from the left until they are decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ..engines.reference import Place
from ..language import Node
from ..language.nodes import Choose, Constant, Lift, Logic, Lookup, Origin, Ref, Symbol, children, walk
from ..quantities import Month
from ..ruleset.edition import Edition
from ..ruleset.graph import breakpoints
from ..ruleset.model import Link, Parameter, ParameterValue, ProgrammeText, Ruleset, Version
from ..ruleset.resolved import Programme
from ..values import Level
from .model import Determination, Outcome, Verdict

MET: Final = "criterion_met"
UNMET: Final = "criterion_unmet"
ROUTE: Final = "route"
PARAMETER: Final = "parameter"
CRITERION: Final = "criterion"
"""A criterion that was both met and unmet."""

KINDS: Final[Mapping[str, str]] = {
    CRITERION: "条件（两面）",
    MET: "条件符合",
    UNMET: "条件不符合",
    ROUTE: "情形",
    PARAMETER: "标准的版本",
}

Cell = tuple[str, ...]
"""The keys of one cell of a table."""


class Target(NamedTuple):
    """One thing to be touched: its kind (`KINDS`), the name of the programme, and its own name.

    A figure is named with the month its version starts: `低保标准 2021-07`, `津贴标准[甲类, 高档] 2020-01`.
    """

    kind: str
    programme: str
    name: str


class Share(NamedTuple):
    """How many targets of a kind were touched, of how many there are."""

    kind: str
    touched: int
    total: int

    @property
    def percent(self) -> float:
        """0 to 100; nothing to touch is all touched."""
        return 100 * self.touched / self.total if self.total else 100.0


class Coverage:
    """What the determinations added so far touch of `rules`.

    A determination under other overlays than those of `rules` counts for criteria and routes: what the city's own reading
    leaves open can be seen either way only where an office has settled it. Its figures count only for what overlays add.
    """

    def __init__(self, rules: Ruleset) -> None:
        self.rules = rules
        self._touched: set[Target] = set()
        self._targets: dict[str, tuple[Target, ...]] = {}
        for programme in rules.programmes:
            self._targets[programme] = _targets(rules, programme)

    def add(
        self, determination: Determination, verdicts: Iterable[tuple[str, str | None]] | None = None
    ) -> None:
        """Counts what a determination rests on: the `verdicts` (programme id, subject) that were expected, or all."""
        expected = None if verdicts is None else frozenset(verdicts)
        law = determination.edition.ruleset
        for verdict in determination:
            programme = verdict.programme.id
            if expected is not None and (programme, verdict.subject) not in expected:
                continue
            if programme not in self._targets:
                self._targets[programme] = _targets(law, programme)
            borrowed = law.overlays != self.rules.overlays and programme in self.rules.programmes
            touched = _touched(determination, verdict)
            self._touched.update(t for t in touched if not borrowed or t.kind != PARAMETER)

    def untouched(self) -> tuple[Target, ...]:
        """Everything no verdict touched, in the order of the ruleset."""
        return tuple(target for target in self._all() if target not in self._touched)

    def shares(self) -> tuple[Share, ...]:
        """The share touched of every kind; of criteria also the share that was seen both ways."""
        missing = self.untouched()
        shares = {
            kind: Share(kind, *_counts(self._all(), missing, kind)) for kind in KINDS if kind != CRITERION
        }
        criteria = {target[1:] for target in self._all() if target.kind == MET}
        one_sided = {target[1:] for target in missing if target.kind in (MET, UNMET)}
        both = Share(CRITERION, len(criteria - one_sided), len(criteria))
        return (both, *shares.values())

    @property
    def percent(self) -> float:
        """The share of criteria seen both ways and of routes met, together; figures do not count here."""
        counted = [share for share in self.shares() if share.kind in (CRITERION, ROUTE)]
        return Share("", sum(s.touched for s in counted), sum(s.total for s in counted)).percent

    def _all(self) -> list[Target]:
        return [target for targets in self._targets.values() for target in targets]


def _counts(targets: Iterable[Target], missing: Iterable[Target], kind: str) -> tuple[int, int]:
    total = sum(target.kind == kind for target in targets)
    return total - sum(target.kind == kind for target in missing), total


# —— What there is to touch ——


def _targets(rules: Ruleset, identifier: str) -> tuple[Target, ...]:
    """All targets of a programme, over all its versions."""
    programme = rules.programmes[identifier]
    found = [
        Target(kind, programme.name, criterion)
        for criterion in programme.criteria
        if criterion in _needed(programme) and not _repeats_who(programme, criterion)
        for kind in (MET, UNMET)
    ]
    found += [Target(ROUTE, programme.name, route.name) for route in programme.routes]
    figures: dict[Target, None] = {}
    for month in breakpoints(rules):
        edition = rules.edition(month)
        in_force = edition.programme(identifier)
        if in_force is None:
            continue
        for name, pattern in _readable(edition, in_force):
            for figure in _figures(rules, name, month, pattern):
                figures[Target(PARAMETER, programme.name, figure)] = None
    return (*found, *sorted(figures))


def _repeats_who(programme: ProgrammeText, criterion: str) -> bool:
    """Whether a criterion only says again for whom the programme is: unmet, there is no verdict to see it in."""
    return all(version.content == programme.who for version in programme.criteria[criterion].dated.versions)


def _needed(programme: ProgrammeText) -> set[str]:
    """The criteria that some route or exclusion asks for."""
    bodies = [version.content for route in programme.routes for version in route.dated.versions]
    named = {condition.criterion for body in bodies for limb in body.when for condition in limb}
    return named | set(programme.exclusions)


def _roots(programme: Programme) -> list[Node]:
    """What a programme always evaluates."""
    tests = [criterion.test for criterion in programme.criteria]
    return [node for node in (programme.who, *tests, programme.yields) if node is not None]


def _readable(
    edition: Edition, programme: Programme
) -> dict[tuple[str, tuple[str | None, ...] | None], None]:
    """The figures a programme may read, itself and through definitions.

    With the cells of a table that may be read: the keys that the expression fixes, None where it depends on the case.
    """
    pending = _roots(programme) + [route.amount for route in programme.routes if route.amount is not None]
    found: dict[tuple[str, tuple[str | None, ...] | None], None] = {}
    opened: set[str] = set()
    while pending:
        for node in walk(pending.pop()):
            match node:
                case Lookup(symbol=symbol, keys=keys):
                    fixed = [key.value if isinstance(key, Constant) else None for key in keys]
                    found[symbol.name, tuple(v if isinstance(v, str) else None for v in fixed)] = None
                case Ref(symbol=Symbol(name=name, origin=Origin.PARAMETER)):
                    found[name, None] = None
                case Ref(symbol=Symbol(name=name, origin=Origin.DEFINITION)) if name not in opened:
                    opened.add(name)
                    pending.append(edition.definitions[name].node)
    return found


def _figures(
    rules: Ruleset, name: str, month: Month, pattern: tuple[str | None, ...] | None
) -> Iterator[str]:
    """The versions of a figure that may hold for a month (one that was corrected, too), with those they link to."""
    parameter = rules.parameters.get(name)
    version = None if parameter is None else parameter.dated.resolve(month, None)
    if parameter is None or version is None:
        return  # an assumption with a name: it has no versions
    for each in parameter.dated.versions:
        if each.start != version.start or not each.covers(month):
            continue
        cells: list[Cell | None] = [None]
        if isinstance(each.content.value, Mapping):
            cells = [cell for cell in each.content.value if _fits(cell, pattern)]
        for cell in cells:
            yield _figure_name(parameter, each, cell)
            if (link := _link(each, cell)) is not None:
                yield from _figures(rules, link.name, month, None)


def _fits(cell: Cell, pattern: tuple[str | None, ...] | None) -> bool:
    return pattern is None or all(wanted in (None, key) for key, wanted in zip(cell, pattern, strict=True))


def _link(version: Version[ParameterValue], cell: Cell | None) -> Link | None:
    value = version.content.value
    if isinstance(value, Mapping):
        inner = None if cell is None else value.get(cell)
        return inner if isinstance(inner, Link) else None
    return value if isinstance(value, Link) else None


def _figure_name(parameter: Parameter, version: Version[ParameterValue], cell: Cell | None) -> str:
    name = parameter.name + ("" if cell is None else f"[{', '.join(cell)}]")
    corrected = sum(each.start == version.start for each in parameter.dated.versions) > 1
    return f"{name} {version.start}" + (f"（{version.published} 公布）" if corrected else "")


# —— What a verdict touches ——


def _touched(determination: Determination, verdict: Verdict) -> Iterator[Target]:
    name = verdict.programme.name
    for reason in verdict.reasons:
        if reason.verdict is not None:
            yield Target(MET if reason.verdict else UNMET, name, reason.id)
    if verdict.outcome is Outcome.ELIGIBLE:
        for route in verdict.routes:
            if route.met:
                yield Target(ROUTE, name, route.name)
    edition = determination.edition
    for figure, cell in _Trace(determination).read(verdict):
        for version in _versions_read(edition, figure, cell):
            yield Target(PARAMETER, name, version)


def _versions_read(edition: Edition, name: str, cell: Cell | None) -> Iterator[str]:
    """The version of a figure that an edition holds, and those it is linked to; a scenario's figure has none."""
    parameter = edition.ruleset.parameters.get(name)
    if parameter is None or name in edition.overrides:
        return
    version = parameter.dated.resolve(edition.month, edition.known_on)
    assert version is not None  # it was read
    yield _figure_name(parameter, version, cell)
    if (link := _link(version, cell)) is not None:
        yield from _versions_read(edition, link.name, None)


class _Trace:
    """Follows a verdict back to the figures it really read."""

    def __init__(self, determination: Determination) -> None:
        self.definitions = determination.edition.definitions
        self.evaluation = determination.evaluation
        self.evaluator = determination.evaluation.evaluator
        self.seen: set[tuple[str, Place]] = set()
        self.found: set[tuple[str, Cell | None]] = set()

    def read(self, verdict: Verdict) -> set[tuple[str, Cell | None]]:
        """The figures, with the cell where they are tables."""
        if verdict.outcome is Outcome.NOT_IN_FORCE:
            return set()
        members = [member.id for member in self.evaluation.context.members]
        place = Place() if verdict.subject is None else Place(members.index(verdict.subject))
        nodes = _roots(verdict.programme)
        if verdict.outcome is Outcome.ELIGIBLE:
            compared = verdict.programme.choose == "highest"
            met = {r.name for r in verdict.routes if r.met and (compared or r.name == verdict.route)}
            nodes += [r.amount for r in verdict.programme.routes if r.name in met and r.amount is not None]
        for node in nodes:
            self.follow(node, place)
        return self.found

    def follow(self, node: Node, place: Place) -> None:
        match node:
            case Ref(symbol=symbol):
                self.name(symbol, place)
            case Choose(condition=condition):
                self.follow(condition, place)
                decided = self.evaluator.value(condition, self.evaluation, place)
                if decided is not False:
                    self.follow(node.then, place)
                if decided is not True:
                    self.follow(node.otherwise, place)
            case Logic(operator=operator, items=items):
                for item in items:
                    self.follow(item, place)
                    if self.evaluator.value(item, self.evaluation, place) is (operator == "or"):
                        break
            case Lift(collection=collection, body=body):
                for below in self.below(collection, place):
                    self.follow(body, below)
            case Lookup(symbol=symbol, keys=keys):
                values = [self.evaluator.value(key, self.evaluation, place) for key in keys]
                cell = tuple(value for value in values if isinstance(value, str))
                if len(cell) == len(keys):
                    self.found.add((symbol.name, cell))
                for key in keys:
                    self.follow(key, place)
            case _:
                for child in children(node):
                    self.follow(child, place)

    def name(self, symbol: Symbol, place: Place) -> None:
        if symbol.origin is Origin.PARAMETER:
            self.found.add((symbol.name, None))
        elif symbol.origin is Origin.DEFINITION:
            own = (Place(), Place(place.person), place)[symbol.level]
            if (symbol.name, own) not in self.seen:
                self.seen.add((symbol.name, own))
                self.follow(self.definitions[symbol.name].node, own)

    def below(self, collection: Level, place: Place) -> list[Place]:
        """The members of the household, or the parents of the person at `place`."""
        members = self.evaluation.household[0]
        if collection is Level.PERSON:
            return [Place(index) for index in range(len(members))]
        assert place.person is not None
        return [Place(place.person, index) for index in range(len(members[place.person][0]))]
