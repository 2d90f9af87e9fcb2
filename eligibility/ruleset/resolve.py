"""Resolving a ruleset to an edition: one version of everything that the programmes in force read, or the gap named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from ..errors import InputError, Problem, RulesetError
from ..language import Node, Origin
from ..language import typing as rules_of_types
from ..language.nodes import INTEGER, Constant, Ref, Symbol, symbols
from ..quantities import Month
from ..values import Value
from .edition import Edition
from .graph import breakpoints, computed_names, ordered, programme_steps
from .model import (
    Assumption,
    Definition,
    IncomeKind,
    IncomeRule,
    Link,
    Parameter,
    ParameterValue,
    ProgrammeText,
    Provenance,
    Ruleset,
    Version,
)
from .names import COUNTED_INCOME, assumption_symbol, income_symbol
from .resolved import Criterion, Programme, ResolvedDefinition, ResolvedParameter, Route


def edition(rules: Ruleset, month: Month | str, known_on: date | None = None) -> Edition:
    """The edition of a ruleset for a month, as known on a day (None: everything on file). Editions are kept.

    Raises `InputError` for a month before the ruleset's coverage, or a day on which nothing was known yet.
    """
    month = month if isinstance(month, Month) else read_month(month)
    kept = rules._editions.get((month, known_on))
    if kept is None:
        kept = rules._editions[month, known_on] = resolve(rules, month, known_on, {})
    assert isinstance(kept, Edition)
    return kept


def read_month(text: str) -> Month:
    """A month from user input. Raises `InputError`."""
    try:
        return Month(text)
    except ValueError as error:
        raise InputError(Problem("month", f"待遇月份“{text}”不合用：{error}")) from None


def check_gaps(rules: Ruleset) -> None:
    """Refuses a ruleset in which a programme in force reads a name that has no version for some month."""
    months = breakpoints(rules)
    for index, month in enumerate(months):
        try:
            resolve(rules, month, None, {})
        except _Gap as gap:
            later = (m for m in months[index + 1 :] if gap.name not in _gap_names(rules, m))
            end = next(later, None)
            period = f"{month} 起" + (f"至 {end} 前" if end else "")
            raise RulesetError(Problem("version-gap", f"“{gap.name}”{period}没有版本，而“{gap.reader}”要读它", gap.location)) from None  # fmt: skip


def _gap_names(rules: Ruleset, month: Month) -> set[str]:
    try:
        resolve(rules, month, None, {})
    except _Gap as gap:
        return {gap.name}
    return set()


class _Gap(Exception):
    def __init__(self, name: str, reader: str, location: str) -> None:
        self.name, self.reader, self.location = name, reader, location


def resolve(
    rules: Ruleset, month: Month, known_on: date | None, overrides: Mapping[str, tuple[Value, Provenance]]
) -> Edition:
    """Resolves everything for one month and day; `edition` is the kept form of this."""
    if month < rules.start:
        reason = f"；{rules.refuse_before}" if rules.refuse_before else ""
        raise InputError(
            Problem("month-before-coverage", f"{month} 早于规则集的起始月 {rules.start}{reason}")
        )
    resolver = _Resolver(rules, month, known_on, overrides)
    try:
        return resolver.edition()
    except _Gap as gap:
        if known_on is None:
            raise
        message = f"截至 {known_on}，{month} 适用的“{gap.name}”还没有已公布的版本"
        raise InputError(Problem("not-known-yet", message, None, "请用较晚的知悉日")) from None


class _Resolver:
    """Picks one version of everything that the programmes in force read."""

    def __init__(
        self,
        rules: Ruleset,
        month: Month,
        known_on: date | None,
        overrides: Mapping[str, tuple[Value, Provenance]],
    ) -> None:
        self.rules, self.month, self.known_on, self.overrides = (rules, month, known_on, overrides)
        self.assumed = {a.name: a for a in rules.assumptions.values() if a.name}
        self.parameters: dict[str, ResolvedParameter] = {}
        self.definitions: dict[str, ResolvedDefinition] = {}
        # a programme of which no route is in force and known yet is not there at all: nobody was refused by it
        self.present = frozenset(
            programme.id
            for programme in rules.programmes.values()
            if programme.in_force(month)
            and any(route.dated.resolve(month, known_on) for route in programme.routes)
        )
        self.kinds = {
            name: version.content
            for name, kind in rules.income_kinds.items()
            if (version := kind.dated.resolve(month, known_on)) is not None
        }

    def edition(self) -> Edition:
        programmes = [self._programme(p) for p in self.rules.programmes.values() if p.id in self.present]
        graph: dict[str, set[str]] = {n: computed_names([d.node]) for n, d in self.definitions.items()}
        for p in programmes:
            tests = [c.test for c in p.criteria] + ([p.who] if p.who is not None else [])
            amounts = [r.amount for r in p.routes if r.amount is not None]
            graph |= programme_steps(p.name, tests=tests, amounts=amounts)
        return Edition(
            ruleset=self.rules,
            month=self.month,
            known_on=self.known_on,
            parameters=dict(sorted(self.parameters.items())),
            definitions=dict(sorted(self.definitions.items())),
            income_kinds=self.kinds,
            programmes=tuple(programmes),
            order=ordered(graph),
            overrides=dict(self.overrides),
        )

    def _programme(self, text: ProgrammeText) -> Programme:
        routes = []
        for route in text.routes:
            if (version := route.dated.resolve(self.month, self.known_on)) is not None:
                body = version.content
                routes.append(
                    Route(
                        route.name, route.title, route.english, body.when, body.amount, body.amount_unknown,
                        body.last_known, version.cite, version.assumes,
                    )
                )  # fmt: skip
        needed = {c.criterion for r in routes for limb in r.when for c in limb} | set(text.exclusions)
        criteria = []
        for criterion in text.criteria.values():
            test = criterion.dated.resolve(self.month, self.known_on)
            if test is None:
                if criterion.id in needed and criterion.id not in text.exclusions:
                    raise _Gap(criterion.id, text.name, criterion.location)
                continue
            if criterion.id not in needed:
                continue
            self._names([test.content], text.name)
            criteria.append(
                Criterion(
                    criterion.id, criterion.title, criterion.english, criterion.because, test.content, test.cite,
                    test.assumes, self._verdict_of(test.content),
                )
            )  # fmt: skip
        present = {c.id for c in criteria}
        self._names([r.amount for r in routes if r.amount is not None], text.name)
        self._names([node for node in (text.who, text.yields) if node is not None], text.name)
        exclusions = tuple(name for name in text.exclusions if name in present)
        return Programme.of(text, tuple(criteria), exclusions, tuple(routes))

    def _verdict_of(self, test: Node) -> tuple[str, bool] | None:
        """The programme whose verdict a whole test is; one that is not in force stays an ordinary value."""
        if not isinstance(test, Ref) or test.symbol.origin is not Origin.VERDICT:
            return None
        name, _, attribute = test.symbol.name.partition(".")
        target = next(p for p in self.rules.programmes.values() if p.name == name)
        if attribute not in ("符合", "不符合") or target.id not in self.present:
            return None
        return target.id, attribute == "符合"

    def _names(self, nodes: Iterable[Node], reader: str) -> None:
        for node in nodes:
            for name, symbol in symbols(node).items():
                if symbol.origin is Origin.PARAMETER:
                    self._parameter(name, reader)
                elif symbol.origin is Origin.DEFINITION:
                    self._definition(name, symbol, reader)

    def _definition(self, name: str, symbol: Symbol, reader: str) -> None:
        if name in self.definitions:
            return
        if name == COUNTED_INCOME:
            node, assumes = self._counted_income()
            resolved = ResolvedDefinition(
                name, "各种收入中计入的部分", "Counted income", symbol, node, None, assumes
            )
        else:
            definition: Definition = self.rules.definitions[name]
            version = definition.dated.resolve(self.month, self.known_on)
            if version is None:
                raise _Gap(name, reader, definition.location)
            node = version.content
            resolved = ResolvedDefinition(
                name, definition.title, definition.english, symbol, node, version.cite, version.assumes
            )
        self.definitions[name] = resolved
        self._names([node], name)

    def _counted_income(self) -> tuple[Node, tuple[str, ...]]:
        """The sum of what counts of every income kind, as one expression."""
        zero = Constant(0, INTEGER, bounds=rules_of_types.number_bounds(0))
        total: Node | None = None
        assumes: dict[str, None] = {}
        for name, rule in self.kinds.items():
            version: Version[IncomeRule] | None = self._kind(name).dated.resolve(self.month, self.known_on)
            assert version is not None
            assumes.update(dict.fromkeys(version.assumes))
            if rule.counts == "none":
                continue
            symbol = income_symbol(name, self._kind(name).signed)
            part: Node = Ref(symbol, symbol.type, symbol.level, symbol.bounds)
            if rule.exempt is not None:
                part = rules_of_types.extreme(
                    "max", (zero, rules_of_types.arithmetic("-", part, rule.exempt))
                )
            total = part if total is None else rules_of_types.arithmetic("+", total, part)
        return total if total is not None else zero, tuple(assumes)

    def _kind(self, name: str) -> IncomeKind:
        return self.rules.income_kinds[name]

    def _parameter(self, name: str, reader: str) -> ResolvedParameter:
        if name not in self.parameters:
            self.parameters[name] = self._resolve_parameter(name, reader)
        return self.parameters[name]

    def _resolve_parameter(self, name: str, reader: str) -> ResolvedParameter:
        if name in self.assumed:
            return self._assumption(self.assumed[name])
        parameter: Parameter = self.rules.parameters[name]
        version = parameter.dated.resolve(self.month, self.known_on)
        if version is None:
            raise _Gap(name, reader, parameter.location)
        content: ParameterValue = version.content
        value, last_known, provenance = content.value, content.last_known, content.provenance
        via: tuple[str, ...] = ()
        cells: dict[tuple[str, ...], Value] | None = None
        # Figures that are linked to stay in the edition even where a scenario puts another in place: its rules, and with
        # them compiled code, are those of the edition it departs from.
        linked = [self._parameter(link.name, name) for link in content.links]
        targets = [] if name in self.overrides else linked
        assumes = tuple(dict.fromkeys((*version.assumes, *(a for target in targets for a in target.assumes))))
        days = [(version.published, version.publication_assumed)]
        days += [(t.published, t.publication_assumed) for t in targets if t.published is not None]
        published, publication_assumed = max(days)  # a link is known at the later of the two
        if any(target.provenance is Provenance.SCENARIO for target in targets):
            provenance = Provenance.SCENARIO
        if name in self.overrides:
            value, provenance = self.overrides[name]
        elif isinstance(value, Link):
            value, last_known = targets[0].value, targets[0].last_known
            via = (targets[0].name, *targets[0].via)
        elif isinstance(value, Mapping):
            cells = {
                key: self._parameter(cell.name, name).value if isinstance(cell, Link) else cell
                for key, cell in value.items()
            }
            value = None
        return ResolvedParameter(
            name, parameter.symbol, parameter.unit, value, cells, last_known, provenance, version.start,
            version.cite, assumes, publication_assumed, published, via,
        )  # fmt: skip

    def _assumption(self, assumption: Assumption) -> ResolvedParameter:
        assert assumption.name is not None
        assert assumption.type is not None
        value, provenance = assumption.value, Provenance.ASSUMPTION
        if assumption.name in self.overrides:
            value, provenance = self.overrides[assumption.name]
        return ResolvedParameter(
            assumption.name,
            assumption_symbol(assumption),
            "",
            value,
            None,
            None,
            provenance,
            None,
            None,
            (assumption.id,),
            False,
            None,
        )
