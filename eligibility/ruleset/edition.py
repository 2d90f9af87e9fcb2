"""An edition: the ruleset as in force for one month and as known on one day. Immutable, with two digests.

Resolving picks one version of everything the programmes in force read; nothing else is in an edition. Overlays,
scenarios and sweeps change figures through `with_values`, which resolves what depends on them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import rfc8785

from ..errors import InputError, Problem, RulesetError, nearest
from ..language import Node, Origin, canonical, render
from ..language import typing as rules_of_types
from ..language.nodes import INTEGER, Constant, Ref, Symbol, symbols
from ..quantities import Money, Month
from ..values import Level, Value
from .graph import breakpoints, computed_names, ordered, programme_steps
from .model import (
    Assumption,
    Citation,
    Definition,
    IncomeKind,
    IncomeRule,
    Link,
    Parameter,
    ParameterValue,
    ProgrammeText,
    Provenance,
    Ruleset,
    Timing,
    Version,
    When,
)
from .names import (
    COUNTED_INCOME,
    assumption_symbol,
    income_symbol,
    read_value,
    value_text,
)

SEMANTICS = "1"
"""Version of the meaning of rules (values, verdicts, roundings); part of every digest."""


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
    english: str | None
    when: When
    amount: Node | None
    amount_unknown: bool
    cite: Citation | None
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as it stands in an edition."""

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
    checked_through: Month | None
    assumes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Edition:
    """The law for `month` as known on `known_on` (None: everything on file); `overrides` are a scenario's figures."""

    ruleset: Ruleset
    month: Month
    known_on: date | None
    parameters: Mapping[str, ResolvedParameter]
    definitions: Mapping[str, ResolvedDefinition]
    income_kinds: Mapping[str, IncomeRule]
    programmes: tuple[Programme, ...]
    order: tuple[str, ...]
    overrides: Mapping[str, tuple[Value, Provenance]] = field(default_factory=dict)
    compiled: dict[str, object] = field(default_factory=dict, repr=False)
    """What engines compiled for this edition and keep with it."""

    def programme(self, identifier: str) -> Programme | None:
        """The programme with this id or name, if it is in force."""
        return next((p for p in self.programmes if identifier in (p.id, p.name)), None)

    def with_values(
        self,
        values: Mapping[str, str | int | bool | Money],
        *,
        provenance: Provenance = Provenance.SCENARIO,
    ) -> Edition:
        """The same edition with other figures: parameters or named assumptions by name, values as in ruleset files.

        Everything that follows from them is resolved again; the digest differs. Raises `InputError` for an
        unknown name, a value of the wrong type, or a name that dates versions (use an overlay for those).
        """
        changed = dict(self.overrides)
        known = _overridable(self.ruleset)
        for name, value in values.items():
            symbol = known.get(name)
            if symbol is None:
                raise InputError(
                    Problem(
                        "unknown-name",
                        f"没有可改的标准或假设“{name}”",
                        name,
                        nearest(name, known),
                    )
                )
            try:
                changed[name] = (
                    read_value(_value_source(value), symbol.type, symbol.bounds),
                    provenance,
                )
            except (ValueError, TypeError) as error:
                raise InputError(Problem("scenario-value", f"“{name}”的值不合用：{error}", name)) from None
        return resolve(self.ruleset, self.month, self.known_on, changed)

    @cached_property
    def rules_digest(self) -> str:
        """SHA-256 of the rules without figures: what compiled code depends on."""
        return _digest(self._rules())

    @cached_property
    def edition_digest(self) -> str:
        """SHA-256 of the rules with figures, provenance, citations and texts. Same law, same digest."""
        return _digest({**self._rules(), "values": self._values(), "texts": self._texts()})

    def _rules(self) -> dict[str, Any]:
        return {
            "semantics": SEMANTICS,
            "parameters": {
                name: [p.symbol.type.kind.value, sorted(map(list, p.cells)) if p.cells is not None else None]
                for name, p in self.parameters.items()
            },
            "definitions": {name: canonical(d.node) for name, d in self.definitions.items()},
            "income_kinds": {name: rule.counts for name, rule in self.income_kinds.items()},
            "programmes": {
                p.id: {
                    "name": p.name,
                    "kind": p.kind,
                    "level": p.level.name.lower(),
                    "who": canonical(p.who) if p.who is not None else None,
                    "choose": p.choose,
                    "criteria": {c.id: canonical(c.test) for c in p.criteria},
                    "exclusions": list(p.exclusions),
                    "routes": [
                        [r.name, [[[c.criterion, c.holds] for c in limb] for limb in r.when],
                         canonical(r.amount) if r.amount is not None else "unknown" if r.amount_unknown else None]
                        for r in p.routes
                    ],
                }
                for p in self.programmes
            },
        }  # fmt: skip

    def _values(self) -> dict[str, Any]:
        return {
            name: [
                value_text(p.value, p.symbol.type)
                if p.cells is None
                else {"/".join(key): value_text(cell, p.symbol.type) for key, cell in p.cells.items()},
                p.provenance.value,
                _cite(p.cite),
                list(p.assumes),
            ]
            for name, p in self.parameters.items()
        }

    def _texts(self) -> dict[str, Any]:
        return {
            "definitions": {
                n: [d.title, _cite(d.cite), list(d.assumes)] for n, d in self.definitions.items()
            },
            "programmes": {
                p.id: [
                    p.title,
                    [[c.id, c.title, c.because, _cite(c.cite), list(c.assumes)] for c in p.criteria],
                    [[r.name, _cite(r.cite), list(r.assumes)] for r in p.routes],
                    list(p.assumes),
                    [dict(t.rules) if t else None for t in (p.payable, p.arrears)],
                ]
                for p in self.programmes
            },
            "assumptions": {
                a.id: [a.question, a.text] for p in self.programmes for a in self.assumptions_of(p.id)
            },
        }

    def slice_of(self, programme: str) -> frozenset[str]:
        """Every name a programme reads, directly or through definitions and other programmes."""
        return self._slices[programme]

    @cached_property
    def _slices(self) -> dict[str, frozenset[str]]:
        by_name = {p.name: p for p in self.programmes}
        result: dict[str, frozenset[str]] = {}

        def collect(names: set[str], seen: set[str]) -> None:
            for name in names - seen:
                seen.add(name)
                base = name.partition(".")[0]
                if name in self.definitions:
                    collect(set(symbols(self.definitions[name].node)), seen)
                elif base in by_name and "." in name:
                    seen.add(base)
                    collect(_programme_names(by_name[base]), seen)

        for programme in self.programmes:
            seen: set[str] = set()
            collect(_programme_names(programme), seen)
            result[programme.id] = frozenset(seen)
        return result

    def assumptions_of(self, programme: str) -> tuple[Assumption, ...]:
        """The assumptions a programme stands on in this edition, in the order of the file."""
        return self._assumptions[programme]

    @cached_property
    def _assumptions(self) -> dict[str, tuple[Assumption, ...]]:
        result = {}
        named = {a.name: a.id for a in self.ruleset.assumptions.values() if a.name}
        for programme in self.programmes:
            names = self._slices[programme.id]
            involved = [p for p in self.programmes if p is programme or p.name in names]
            found: set[str] = {named[name] for name in names if name in named}
            for name in names:
                found.update(self.parameters[name].assumes if name in self.parameters else ())
                found.update(self.definitions[name].assumes if name in self.definitions else ())
            for other in involved:
                found.update(a for c in other.criteria for a in c.assumes)
                found.update(a for r in other.routes for a in r.assumes)
                found.update(other.assumes)
            found.update(a for t in (programme.payable, programme.arrears) if t for a in t.assumes)
            result[programme.id] = tuple(a for a in self.ruleset.assumptions.values() if a.id in found)
        return result

    @cached_property
    def knowledge_assumptions(self) -> tuple[str, ...]:
        """Parameters whose day of publication is supposed, where a day of knowledge was asked for."""
        if self.known_on is None:
            return ()
        everything = resolve(self.ruleset, self.month, None, self.overrides)
        crossing = {
            name
            for name, parameter in everything.parameters.items()
            if (own := self.parameters.get(name)) is None or own.start != parameter.start
            if parameter.publication_assumed
        }
        supposed = {n for n, p in self.parameters.items() if p.publication_assumed and p.start == self.month}
        return tuple(sorted(crossing | supposed))


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
    rules: Ruleset,
    month: Month,
    known_on: date | None,
    overrides: Mapping[str, tuple[Value, Provenance]],
) -> Edition:
    """Resolves everything for one month and day; `edition` is the kept form of this."""
    if month < rules.start:
        reason = f"；{rules.refuse_before}" if rules.refuse_before else ""
        raise InputError(
            Problem(
                "month-before-coverage",
                f"{month} 早于规则集的起始月 {rules.start}{reason}",
            )
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
        self.rules, self.month, self.known_on, self.overrides = (
            rules,
            month,
            known_on,
            overrides,
        )
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
            graph |= programme_steps(p.name, tests=tests, amounts=amounts, choose=p.choose)
        return Edition(
            ruleset=self.rules,
            month=self.month,
            known_on=self.known_on,
            parameters=dict(sorted(self.parameters.items())),
            definitions=dict(sorted(self.definitions.items())),
            income_kinds=self.kinds,
            programmes=tuple(programmes),
            order=ordered({step: graph[step] for step in sorted(graph)}),
            overrides=dict(self.overrides),
        )

    def _programme(self, text: ProgrammeText) -> Programme:
        routes = []
        for route in text.routes:
            if (version := route.dated.resolve(self.month, self.known_on)) is not None:
                body = version.content
                routes.append(
                    Route(
                        route.name, route.english, body.when, body.amount, body.amount_unknown, version.cite, version.assumes
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
        self._names([text.who] if text.who is not None else [], text.name)
        return Programme(
            text.id, text.name, text.title, text.english, text.kind, text.level, text.who, text.choose,
            tuple(criteria), tuple(x for x in text.exclusions if x in present), tuple(routes), text.payable,
            text.arrears, text.checked_through, text.assumes, text.notes,
        )  # fmt: skip

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
                name,
                "各种收入中计入的部分",
                "Counted income",
                symbol,
                node,
                None,
                assumes,
            )
        else:
            definition: Definition = self.rules.definitions[name]
            version = definition.dated.resolve(self.month, self.known_on)
            if version is None:
                raise _Gap(name, reader, definition.location)
            node = version.content
            resolved = ResolvedDefinition(
                name,
                definition.title,
                definition.english,
                symbol,
                node,
                version.cite,
                version.assumes,
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
        targets = (
            [] if name in self.overrides else [self._parameter(link.name, name) for link in content.links]
        )
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
        assert assumption.name is not None and assumption.type is not None
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


def _overridable(rules: Ruleset) -> dict[str, Symbol]:
    """Plain parameters, and assumptions with a name that do not date versions."""
    found = {name: p.symbol for name, p in rules.parameters.items() if not p.keys}
    for a in rules.assumptions.values():
        if a.name and a.type and a.month is None:
            found[a.name] = assumption_symbol(a)
    return found


def _programme_names(programme: Programme) -> set[str]:
    nodes = [c.test for c in programme.criteria] + [
        r.amount for r in programme.routes if r.amount is not None
    ]
    if programme.who is not None:
        nodes.append(programme.who)
    return {name for node in nodes for name in symbols(node)}


def _value_source(value: str | int | bool | Money) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        raise TypeError("不接受浮点数，请写成文本")
    return str(value)


def _cite(cite: Citation | None) -> list[str | None] | None:
    return None if cite is None else [cite.source, cite.article, cite.quote]


def _digest(data: object) -> str:
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()  # type: ignore[arg-type]
