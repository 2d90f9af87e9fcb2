"""The generated pages that all programmes share: the history of figures, definitions, assumptions, documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ..language import Node
from ..language.words import Clause, in_words
from .document_book import (
    ASSUMPTIONS,
    DEFINITIONS,
    FIGURES,
    INCOME_KINDS,
    SOURCES,
    Book,
    alternatives,
    entries,
    periods,
    settled,
)
from .markdown import bullets, code, escape, link, page, table
from .model import Dated, IncomeRule, Parameter, ParameterValue, Source, Version
from .timeline import Entry
from .words import COUNTS, GRADES, LEVELS, PROVENANCES, months_text


def reference_pages(book: Book, head: str) -> dict[str, str]:
    """The four pages by file name; `head` is the mark that they are generated."""
    return {
        FIGURES: page(head, *_figures(book)),
        DEFINITIONS: page(head, *_definitions(book)),
        ASSUMPTIONS: page(head, *_assumptions(book)),
        SOURCES: page(head, *_sources(book)),
    }


# —— Figures ——


def short_timeline(book: Book, parameter: Parameter) -> str:
    """A figure by date with its ground, for the page of a programme."""
    rows = [
        [months, escape(entry.value), _source(book, entry), PROVENANCES["zh"][entry.provenance]]
        for months, entry in entries(book.rules, parameter.name)
    ]
    return table(("执行月份", "数值", "依据", "可靠程度"), rows)


def matrices(book: Book, parameter: Parameter) -> Iterator[str]:
    """A table parameter by date: where it has several keys, one table for the texts of the first that agree."""
    told = entries(book.rules, parameter.name)
    groups: dict[str, list[tuple[str, ...]]] = {}
    for key in dict.fromkeys(chain.from_iterable(entry.cells or {} for _, entry in told)):
        groups.setdefault(key[0] if len(key) > 1 else "", []).append(key)
    shown: dict[str, list[str]] = {}
    for group, members in groups.items():
        columns = ["、".join(key[1:] if group else key) for key in members]
        rows = _runs([entry for _, entry in told], members)
        shown.setdefault(table(("执行月份", *map(escape, columns)), rows), []).append(group)
    for grid, names in shown.items():
        if any(names):
            yield f"{escape(parameter.keys[0][0])}：{escape('、'.join(names))}"
        yield grid


def _runs(told: Sequence[Entry], members: Sequence[tuple[str, ...]]) -> list[list[str]]:
    """The cells of some keys by date, one row for months in which they stay the same."""
    rows: list[tuple[Entry, Entry, list[str]]] = []
    for entry in told:
        cells = [escape((entry.cells or {}).get(key, "")) for key in members]
        first = rows.pop()[0] if rows and rows[-1][2] == cells else entry
        rows.append((first, entry, cells))
    return [[months_text(first.start, last.until), *cells] for first, last, cells in rows]


def _source(book: Book, entry: Entry) -> str:
    return book.source(entry.source) if entry.source is not None else ""


def _published(entry: Entry | Version[ParameterValue]) -> str:
    return f"{entry.published}{'（假定）' if entry.publication_assumed else ''}"


def _figures(book: Book) -> Iterator[str]:
    rules = book.rules
    yield "# 标准沿革"
    yield (
        "每项标准按执行月份列出。公布注明“假定”的，公开的日子没有查到。月份由假设确定的，见“假设”一栏。"
        "可靠程度：文件所载（文件本身或者发文机关自己的材料）、据转载、推算（由已有数字算出）、假设。"
        "“= 某标准”表示始终与那项标准相同。"
    )
    latest = ((name, entries(rules, name)[-1]) for name in rules.parameters)
    rows = [
        [book.figure(name), escape(rules.parameters[name].unit), months,
         escape(entry.value) if entry.cells is None else f"{len(entry.cells)} 格", book.programmes(book.readers(name))]
        for name, (months, entry) in latest
    ]  # fmt: skip
    yield table(("标准", "单位", "最近的版本", "数值", "用于"), rows)
    for parameter in rules.parameters.values():
        yield from _figure(book, parameter)


def _figure(book: Book, parameter: Parameter) -> Iterator[str]:
    yield f"## {escape(parameter.name)}"
    about = [f"单位：{escape(parameter.unit)}"]
    if parameter.english:
        about.append(escape(parameter.english))
    if readers := book.readers(parameter.name):
        about.append(f"用于：{book.programmes(readers)}")
    yield "　".join(about)
    if parameter.rule:
        yield f"调整的规则（只作记录，从不用来推算）：{book.text(parameter.rule)}"
    told = entries(book.rules, parameter.name)
    headings = ("执行月份", "数值", "公布", "印发", "依据", "可靠程度", "假设")
    if parameter.keys:
        yield from matrices(book, parameter)
        rows = [_standing(book, months, version) for months, version in periods(parameter.dated)]
    else:
        rows = [
            [months, escape(entry.value), _published(entry), str(entry.issued or ""), _source(book, entry),
             PROVENANCES["zh"][entry.provenance], book.assumptions(entry.assumes)]
            for months, entry in told
        ]  # fmt: skip
    yield table(*_without_empty(headings, rows))
    if len({row[0] for row in rows}) < len(rows):
        yield "执行月份相同的几行，以公布较晚的为准。"
    yield bullets(_remarks(book, told))


def _standing(book: Book, months: str, version: Version[ParameterValue]) -> list[str]:
    """What a version of a table parameter rests on; its cells are told apart."""
    source = book.rules.sources[version.cite.source] if version.cite is not None else None
    return [
        months, "", _published(version), str(version.issued or ""), book.source(source) if source is not None else "",
        PROVENANCES["zh"][version.content.provenance], book.assumptions(version.assumes),
    ]  # fmt: skip


def _without_empty(
    headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """The table without the columns in which nothing stands."""
    used = [place for place in range(len(headings)) if any(row[place] for row in rows)]
    return [headings[place] for place in used], [[row[place] for place in used] for row in rows]


def _remarks(book: Book, told: Iterable[tuple[str, Entry]]) -> Iterator[Clause]:
    """Quotations and notes, once for the entries of one version."""
    grouped: dict[tuple[str | None, str | None], list[str]] = {}
    for months, entry in told:
        if entry.quote or entry.note:
            grouped.setdefault((entry.quote, entry.note), []).append(months)
    for (quote, note), spans in grouped.items():
        said = [f"原文“{escape(quote)}”"] if quote else []
        said += [book.text(note)] if note else []
        yield Clause(f"{'、'.join(spans)}：{'；'.join(said)}")


# —— Definitions ——


def _definitions(book: Book) -> Iterator[str]:
    yield "# 定义"
    yield (
        "各项目共用的定义，按执行月份列出：算式是规则集里的原文，“读作”是它的意思。"
        "引号里的名称是一种情形，成立即为“是”；没有链接的名称是案卷里填报的事实。"
    )
    for definition in book.rules.definitions.values():
        readers = book.readers(definition.name)
        used = f"用于：{book.programmes(readers)}" if readers else "没有项目用到"
        yield f"## {escape(definition.name)}"
        title = f"{escape(definition.title)}　" if definition.title != definition.name else ""
        yield f"{title}对象：{LEVELS[definition.symbol.level]}　{used}"
        told = book.versions(definition.dated, lambda node: book.expression(node, "算式"), always_dated=True)
        yield bullets(told)
    if book.rules.income_kinds:
        yield f"## {INCOME_KINDS}"
        yield "各项计入收入是下列种类中计入部分的合计。没有列出的种类，认定时拒绝；第一个版本之前的月份没有这种收入。"
        rows = [
            [escape(kind.name) + ("（可以为负）" if kind.signed else ""), months, _counted(version.content),
             book.citation(version.cite), book.assumptions(version.assumes)]
            for kind in book.rules.income_kinds.values()
            for months, version in periods(kind.dated)
        ]  # fmt: skip
        yield table(*_without_empty(("收入种类", "执行月份", "怎样计入", "依据", "假设"), rows))


def _counted(rule: IncomeRule) -> str:
    return COUNTS[rule.counts] + (f"：{escape(in_words(rule.exempt))}" if rule.exempt is not None else "")


# —— Assumptions ——


def _assumptions(book: Book) -> Iterator[str]:
    yield "# 假设"
    yield (
        "法规没有写明的地方，按下列读法认定。取值“未知”的没有依据可以选定，凡结果取决于它的一律信息不足。"
        "有名称的可以用叠加规则改。"
    )
    for assumption in book.rules.assumptions.values():
        yield f"## {assumption.id}"
        yield f"**{book.text(assumption.question)}**"
        items = []
        if value := settled(assumption):
            items.append(Clause(f"取值：**{escape(value)}**"))
        if assumption.alternatives:
            items.append(Clause(f"其他读法：{escape(alternatives(assumption))}"))
        items.append(Clause(f"理由：{book.text(assumption.basis)}"))
        if assumption.name:
            kind = "月份" if assumption.month is not None else assumption.type
            items.append(Clause(f"名称：{code(assumption.name)}（{kind}）"))
        readers = [p for p in book.rules.programmes.values() if assumption in book.stands_on[p.id]]
        items.append(
            Clause(f"用到它的项目：{book.programmes(readers)}" if readers else "没有项目依它认定，只作说明")
        )
        yield bullets(items)


# —— Documents ——


def _sources(book: Book) -> Iterator[str]:
    yield "# 文件"
    grades = "；".join(f"{grade} {words}" for grade, words in GRADES.items())
    yield f"规则所依据的文件，以及在哪里看到。等级：{grades}。引文是材料里逐字可查的短语。"
    cited = _cited(book)
    for source in book.rules.sources.values():
        yield f"## {escape(source.id)}"
        yield bullets(_source_items(book, source, cited.get(source.id, [])))


def _source_items(book: Book, source: Source, cited: Sequence[str]) -> Iterator[Clause]:
    yield Clause(f"题名：{escape(source.title)}")
    if source.issuer:
        yield Clause(f"发文机关：{escape('、'.join(source.issuer))}")
    yield Clause(f"文号：{escape(source.number) if source.number else '没有查到'}")
    if source.issued:
        yield Clause(f"印发：{escape(source.issued)}")
    if source.published:
        yield Clause(f"公布：{escape(source.published)}")
    if source.grade:
        yield Clause(f"等级：{source.grade}（{GRADES[source.grade]}）")
    if source.evidence:
        yield Clause(f"材料：{code(source.evidence)}")
    if source.link:
        yield Clause(f"链接：<{source.link}>")
    if source.quotes:
        yield Clause("引文：", tuple(Clause(f"“{escape(quote)}”") for quote in source.quotes))
    if source.note:
        yield Clause(f"说明：{book.text(source.note)}")
    yield Clause(f"引用之处：{'、'.join(cited)}" if cited else "没有规则引用它")


def _cited(book: Book) -> dict[str, list[str]]:
    """Where each document is cited: figures, definitions, income kinds, programmes, without repetition."""
    rules = book.rules
    places: list[tuple[str, Dated[Any]]] = [(book.figure(p.name), p.dated) for p in rules.parameters.values()]
    places += [(book.definition(d.name), d.dated) for d in rules.definitions.values()]
    kinds = link(INCOME_KINDS, DEFINITIONS, INCOME_KINDS)
    places += [(kinds, kind.dated) for kind in rules.income_kinds.values()]
    for programme in rules.programmes.values():
        own: Mapping[str, Dated[Node]] = {c.id: c.dated for c in programme.criteria.values()}
        name, file = escape(programme.name), f"{programme.id}.md"
        places += [
            (link(f"{name} {identifier}", file, identifier), dated) for identifier, dated in own.items()
        ]
        places += [
            (link(f"{name} 情形“{escape(route.name)}”", file, f"情形：{route.name}"), route.dated)
            for route in programme.routes
        ]
    found: dict[str, dict[str, None]] = {}
    for place, dated in places:
        for version in dated.versions:
            if version.cite is not None:
                found.setdefault(version.cite.source, {})[place] = None
    return {source: list(where) for source, where in found.items()}
