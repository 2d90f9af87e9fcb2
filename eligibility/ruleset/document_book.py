"""What all generated pages share: who reads what, who stands on which assumption, and every mention with its link.

A `Book` is made once per ruleset; the page writers ask it for names, citations and periods as Markdown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..language import Node, render
from ..language.nodes import Origin, symbols
from ..language.words import Clause, clauses, in_words
from ..quantities import Month
from ..values import is_known
from .graph import breakpoints
from .markdown import code, escape, escaped, link
from .model import Assumption, Citation, Dated, Link, ProgrammeText, Ruleset, Source, Version
from .names import COUNTED_INCOME
from .programmes import all_names_read, expressions
from .timeline import UNKNOWN, Entry, end_of, in_order, timeline, value_shown
from .words import PROVENANCES, months_text

T = TypeVar("T")

INDEX: Final = "README.md"
FIGURES: Final = "标准沿革.md"
DEFINITIONS: Final = "定义.md"
ASSUMPTIONS: Final = "假设.md"
SOURCES: Final = "文件.md"
INCOME_KINDS: Final = "收入种类"


_FOLDED: Final = re.compile(r"(?<=[，。；：、？！（）”》]) +")
"""The space that folding a long text over lines leaves behind a Chinese sign."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something the law has and nobody found: its name as Markdown, and in which months.

    `reading` is set for an assumption without a value: a link to it, `name` being its question.
    """

    name: str
    months: str
    reading: str | None = None


class Book:
    """A ruleset with what its pages look up. Everything is in the order of the ruleset's files."""

    def __init__(self, rules: Ruleset) -> None:
        self.rules = rules
        self.by_name = {programme.name: programme for programme in rules.programmes.values()}
        self.named = {a.name: a for a in rules.assumptions.values() if a.name}
        self.read = {p.id: frozenset(self._read(p)) for p in rules.programmes.values()}
        self.own_assumptions = {p.id: self._listed(self._assumed(p)) for p in rules.programmes.values()}
        self.stands_on = self._assumptions()
        ids = "|".join(sorted(map(re.escape, rules.assumptions), key=lambda name: (-len(name), name)))
        self._mention = re.compile(rf"(?<![A-Za-z0-9])({ids})(?![A-Za-z0-9])") if ids else None

    # —— Who reads what ——

    def _read(self, programme: ProgrammeText) -> Iterator[str]:
        """Every name a programme reads, directly, through definitions, or because a figure follows another."""
        pending = list(all_names_read(programme, self.rules.definitions))
        if programme.yields is not None:
            pending += symbols(programme.yields)
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            yield name
            if name in self.rules.parameters:
                versions = self.rules.parameters[name].dated.versions
                pending += [link.name for version in versions for link in version.content.links]

    def figures(self, programme: ProgrammeText) -> tuple[str, ...]:
        """The figures a programme reads."""
        return tuple(name for name in self.rules.parameters if name in self.read[programme.id])

    def own_figures(self, programme: ProgrammeText) -> tuple[str, ...]:
        """Those that its criteria and amounts name themselves."""
        named = {name for node in expressions(programme) for name in symbols(node)}
        return tuple(name for name in self.rules.parameters if name in named)

    def readers(self, name: str) -> tuple[ProgrammeText, ...]:
        """The programmes that read a figure or a definition."""
        return tuple(p for p in self.rules.programmes.values() if name in self.read[p.id])

    # —— Who stands on what ——

    def _listed(self, identifiers: Iterable[str]) -> tuple[Assumption, ...]:
        found = set(identifiers)
        return tuple(a for a in self.rules.assumptions.values() if a.id in found)

    def _assumed(self, programme: ProgrammeText) -> Iterator[str]:
        """The assumptions of a programme itself: of its rules, and of the figures and definitions it reads."""
        rules, read = self.rules, self.read[programme.id]
        dated: list[Dated[Any]] = [c.dated for c in programme.criteria.values()]
        dated += [route.dated for route in programme.routes]
        dated += [p.dated for name, p in rules.parameters.items() if name in read]
        dated += [d.dated for name, d in rules.definitions.items() if name in read]
        if COUNTED_INCOME in read:
            dated += [kind.dated for kind in rules.income_kinds.values()]
        yield from (name for each in dated for version in each.versions for name in version.assumes)
        yield from (assumption.id for name, assumption in self.named.items() if name in read)
        yield from programme.assumes
        for timing in (programme.payable, programme.arrears, programme.period):
            yield from timing.assumes if timing is not None else ()

    def _assumptions(self) -> dict[str, tuple[Assumption, ...]]:
        """Those each programme stands on in some month, including through other programmes."""
        found = {name: {a.id for a in own} for name, own in self.own_assumptions.items()}
        for month in breakpoints(self.rules):
            edition = self.rules.edition(month)
            for programme in edition.programmes:
                found[programme.id].update(a.id for a in edition.assumptions_of(programme.id))
        return {name: self._listed(ids) for name, ids in found.items()}

    # —— What is not known ——

    def unknowns(self, programme: ProgrammeText) -> tuple[Unknown, ...]:
        """The figures, amounts and readings of a programme itself for which there is no value."""
        found = [unknown for name in self.figures(programme) for unknown in self._unknown_figures(name)]
        for route in programme.routes:
            spans = periods(route.dated)
            months = "；".join(text for text, version in spans if version.content.amount_unknown)
            if months:
                found.append(Unknown(f"情形“{escape(route.name)}”的金额", months))
        for assumption in self.own_assumptions[programme.id]:
            if assumption.name is not None and not is_known(assumption.value):
                question = self.text(assumption.question)
                found.append(Unknown(question, "", self.assumption(assumption.id)))
        return tuple(found)

    def _unknown_figures(self, name: str) -> Iterator[Unknown]:
        parameter = self.rules.parameters[name]
        months: dict[tuple[str, ...], list[str]] = {}
        for text, version in periods(parameter.dated):
            value = version.content.value
            for key, cell in (value if isinstance(value, Mapping) else {(): value}).items():
                if not isinstance(cell, Link) and not is_known(cell):
                    months.setdefault(key, []).append(text)
        for key, texts in months.items():
            cell_name = f"（{escape('、'.join(key))}）" if key else ""
            yield Unknown(f"{self.figure(name)}{cell_name}", "；".join(texts))

    def provenance(self, programme: ProgrammeText) -> str:
        """How sure the figures are that a programme reads, counted by version: `文件所载 9、据转载 3、未知 1`."""
        counted: Counter[str] = Counter()
        for name in self.figures(programme):
            for version in self.rules.parameters[name].dated.versions:
                value = version.content.value
                known = isinstance(value, Mapping | Link) or is_known(value)
                counted[PROVENANCES["zh"][version.content.provenance] if known else UNKNOWN] += 1
        order = (*PROVENANCES["zh"].values(), UNKNOWN)
        return "、".join(f"{word} {counted[word]}" for word in order if counted[word])

    # —— Mentions ——

    def programme(self, programme: ProgrammeText) -> str:
        return link(escape(programme.name), f"{programme.id}.md")

    def programmes(self, programmes: Iterable[ProgrammeText]) -> str:
        return "、".join(map(self.programme, programmes))

    def figure(self, name: str) -> str:
        return link(escape(name), FIGURES, name)

    def definition(self, name: str) -> str:
        return link(escape(name), DEFINITIONS, INCOME_KINDS if name == COUNTED_INCOME else name)

    def assumption(self, identifier: str) -> str:
        return link(identifier, ASSUMPTIONS, identifier)

    def assumptions(self, identifiers: Iterable[str]) -> str:
        return "、".join(map(self.assumption, identifiers))

    def source(self, source: Source) -> str:
        """A document by its number, or by its title where it has none."""
        return link(escape(source.number or f"《{source.title}》"), SOURCES, source.id)

    def citation(self, citation: Citation | None) -> str:
        """Where a rule stands: `《…》（…号）第九条，原文“…”`."""
        if citation is None:
            return "没有注明"
        source = self.rules.sources[citation.source]
        number = f"（{source.number}）" if source.number else ""
        quote = f"，原文“{escape(citation.quote)}”" if citation.quote else ""
        document = link(escape(f"《{source.title}》{number}"), SOURCES, source.id)
        return f"{document}{escape(citation.article or '')}{quote}"

    def name(self, name: str) -> str | None:
        """A name that an expression uses, with a link to what it means; None for a fact of the case."""
        base = name.partition(".")[0]
        if name in self.rules.parameters:
            return self.figure(name)
        if name in self.rules.definitions or name == COUNTED_INCOME:
            return self.definition(name)
        if name in self.named:
            return f"{escape(name)}（{self.assumption(self.named[name].id)}）"
        return self.programme(self.by_name[base]) if "." in name and base in self.by_name else None

    def text(self, text: str) -> str:
        """A note or a question, with links for the assumptions it names."""
        shown = escape(_FOLDED.sub("", text))
        return self._mention.sub(lambda m: self.assumption(m[1]), shown) if self._mention else shown

    # —— Rules with their versions ——

    def expression(self, node: Node, label: str, title: str = "") -> list[Clause]:
        """An expression as it is written, in words where these say more than it or its title, and what its names mean."""
        items = [Clause(f"{label}：{code(render(node))}")]
        if in_words(node).strip("“”") not in (render(node), title):
            spoken = escaped(clauses(node))
            items.append(Clause(f"读作：{spoken.text}", spoken.parts))
        own = (name for name, symbol in symbols(node).items() if symbol.origin is not Origin.FACT)
        if used := [text for name in own if (text := self.name(name)) is not None]:
            items.append(Clause(f"其中：{'、'.join(dict.fromkeys(used))}"))
        return items

    def ground(self, version: Version[Any]) -> list[Clause]:
        """What a version rests on, and from when it was known if that is not when it began."""
        items = [Clause(f"依据：{self.citation(version.cite)}")]
        if version.assumes:
            items.append(Clause(f"假设：{self.assumptions(version.assumes)}"))
        if not version.publication_assumed and Month.of(version.published) > version.start:
            items.append(Clause(f"公布：{version.published}，晚于执行月份"))
        if version.corrects is not None:
            items.append(Clause(f"更正：{escape(version.corrects)}"))
        return items

    def versions(
        self, dated: Dated[T], told: Callable[[T], list[Clause]], *, always_dated: bool = False
    ) -> list[Clause]:
        """All versions, each under its months; a single one without them, unless `always_dated`."""
        items = [
            Clause(f"**{months}**", (*told(version.content), *self.ground(version)))
            for months, version in periods(dated)
        ]
        return items if len(items) > 1 or always_dated else list(items[0].parts)


def periods(dated: Dated[T]) -> list[tuple[str, Version[T]]]:
    """The versions in order of time, each with its months in words."""
    return [(months_text(version.start, end_of(dated, version)), version) for version in in_order(dated)]


def entries(rules: Ruleset, name: str) -> list[tuple[str, Entry]]:
    """The timeline of a figure, each entry with its months in words."""
    return [(months_text(entry.start, entry.until), entry) for entry in timeline(rules, name)]


def settled(assumption: Assumption) -> str:
    """What an assumption takes: `2025-07`, `是`, `未知`; empty where its basis says it in words."""
    if assumption.type is not None and assumption.month is None:
        return value_shown(assumption.value, assumption.type)
    return assumption.text or ""


def alternatives(assumption: Assumption) -> str:
    """The other readings, as plain text."""
    words = {"true": "是", "false": "否", "unknown": UNKNOWN}
    return "、".join(words.get(text, text) for text in assumption.alternatives)
