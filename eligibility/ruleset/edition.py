"""An edition: the ruleset as in force for one month and as known on one day. Immutable, with two digests.

Resolving picks one version of everything the programmes in force read; nothing else is in an edition. Overlays,
scenarios and sweeps change figures through `with_values`, which resolves what depends on them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import rfc8785

from ..errors import InputError, Problem, nearest
from ..language import canonical
from ..language.nodes import Symbol, symbols
from ..quantities import Money, Month
from ..values import Value
from .model import Assumption, Citation, IncomeRule, Provenance, Ruleset
from .names import assumption_symbol, read_value, value_text
from .resolved import Programme, ResolvedDefinition, ResolvedParameter

SEMANTICS = "1"
"""Version of the meaning of rules (values, verdicts, roundings); part of every digest."""


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
        self, values: Mapping[str, str | int | bool | Money], *, provenance: Provenance = Provenance.SCENARIO
    ) -> Edition:
        """The same edition with other figures: parameters or named assumptions by name, values as in ruleset files.

        Everything that follows from them is resolved again; the digest differs. Raises `InputError` for an
        unknown name, a value of the wrong type, or a name that dates versions (use an overlay for those).
        """
        changed = dict(self.overrides)
        known = overridable(self.ruleset)
        for name, value in values.items():
            symbol = known.get(name)
            if symbol is None:
                raise InputError(
                    Problem("unknown-name", f"没有可改的标准或假设“{name}”", name, nearest(name, known))
                )
            try:
                changed[name] = (read_value(_value_source(value), symbol.type, symbol.bounds), provenance)
            except (ValueError, TypeError) as error:
                raise InputError(Problem("scenario-value", f"“{name}”的值不合用：{error}", name)) from None
        from .resolve import resolve  # resolving makes editions, not the other way round

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
                    "yields": canonical(p.yields) if p.yields is not None else None,
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
                    [dict(t.rules) if t else None for t in (p.payable, p.arrears, p.period)],
                    list(p.alternative_to),
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

    def definitions_of(self, programme: str) -> frozenset[str]:
        """The definitions a programme's own rules rest on, not those behind other programmes' verdicts."""
        return self._own_definitions[programme]

    @cached_property
    def _own_definitions(self) -> dict[str, frozenset[str]]:
        def collect(names: set[str], seen: set[str]) -> set[str]:
            for name in names - seen:
                if name in self.definitions:
                    seen.add(name)
                    collect(set(symbols(self.definitions[name].node)), seen)
            return seen

        return {p.id: frozenset(collect(_programme_names(p), set())) for p in self.programmes}

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
            found.update(
                a for t in (programme.payable, programme.arrears, programme.period) if t for a in t.assumes
            )
            result[programme.id] = tuple(a for a in self.ruleset.assumptions.values() if a.id in found)
        return result

    @cached_property
    def knowledge_assumptions(self) -> tuple[str, ...]:
        """Parameters whose day of publication is supposed, where a day of knowledge was asked for."""
        if self.known_on is None:
            return ()
        from .resolve import resolve  # resolving makes editions, not the other way round

        everything = resolve(self.ruleset, self.month, None, self.overrides)
        crossing = {
            name
            for name, parameter in everything.parameters.items()
            if (own := self.parameters.get(name)) is None or own.start != parameter.start
            if parameter.publication_assumed
        }
        supposed = {n for n, p in self.parameters.items() if p.publication_assumed and p.start == self.month}
        return tuple(sorted(crossing | supposed))


def overridable(rules: Ruleset) -> dict[str, Symbol]:
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
    nodes += [node for node in (programme.who, programme.yields) if node is not None]
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
