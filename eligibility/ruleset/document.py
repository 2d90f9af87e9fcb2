"""A ruleset as pages to read: `document` writes what its files say in words, with every figure, ground and open question.

One page a programme, the history of all figures, definitions, assumptions, documents, and an index. The pages are made
from the loaded ruleset and nothing else: the same ruleset gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..language.words import Clause
from .document_book import ASSUMPTIONS, DEFINITIONS, FIGURES, INDEX, SOURCES, Book
from .document_programme import programme_page
from .document_reference import reference_pages
from .markdown import bullets, code, escape, link, page, table
from .model import ProgrammeText, Ruleset
from .words import months_text

MARK: Final = "<!-- 由 eligibility rulesets document"
"""How every page begins."""


def document(rules: Ruleset) -> dict[str, str]:
    """The pages by file name, as Markdown in Chinese: `README.md` first, then one a programme, then the shared ones."""
    book, head = Book(rules), _mark(rules)
    pages = {INDEX: page(head, *_index(book))}
    for programme in rules.programmes.values():
        pages[f"{programme.id}.md"] = programme_page(book, programme, head)
    return pages | reference_pages(book, head)


def _mark(rules: Ruleset) -> str:
    """The first line of every page: how it was made."""
    overlays = "".join(f" --overlay {name}" for name in rules.overlays)
    return f"{MARK} {rules.id}{overlays} 生成；请改规则集再生成，不要改这一页 -->"


def _index(book: Book) -> Iterator[str]:
    rules = book.rules
    overlays = "".join(f" + {name}" for name in rules.overlays)
    through = f"，核对到 {rules.checked_through}" if rules.checked_through else ""
    yield f"# {escape(rules.title)}"
    yield f"规则集 {code(rules.id + overlays)}：认定 {rules.start} 起的月份{through}。"
    if rules.replaced:
        yield f"叠加规则换了：{'、'.join(map(code, rules.replaced))}。"
    if rules.refuse_before:
        yield f"{rules.start} 以前不作认定：{book.text(rules.refuse_before)}。"
    yield "## 项目"
    headings = ("项目", "编号", "施行", "核对到", "文件", "数值的可靠程度", "没有查到的")
    yield table(headings, (_row(book, programme) for programme in rules.programmes.values()))
    yield (
        "文件列出各项目自己的条件、情形和标准直接引用的。数值的可靠程度按所用标准的各个版本计数，包括经由定义用到的；"
        "没有查到的一栏里，假设是没有依据可以选定的读法。"
    )
    yield "## 其他各页"
    yield bullets(
        [
            Clause(f"{link('标准沿革', FIGURES)}：每项标准各个月份的数值、公布的日子、依据和可靠程度"),
            Clause(f"{link('定义', DEFINITIONS)}：谁计入、什么收入计入、财产怎样算符合"),
            Clause(f"{link('假设', ASSUMPTIONS)}：法规没有写明之处按什么读法认定，理由，还有什么读法"),
            Clause(f"{link('文件', SOURCES)}：依据的文件，在哪里看到，原文"),
        ]
    )
    if rules.notes:
        yield "## 说明"
        yield bullets(Clause(book.text(note)) for note in rules.notes)


def _row(book: Book, programme: ProgrammeText) -> list[str]:
    unknowns = book.unknowns(programme)
    missing = [unknown.name for unknown in unknowns if unknown.reading is None]
    if readings := "、".join(unknown.reading for unknown in unknowns if unknown.reading is not None):
        missing.append(f"假设 {readings}")
    title = f"（{escape(programme.title)}）" if programme.title != programme.name else ""
    return [
        f"{book.programme(programme)}{title}",
        code(programme.id),
        months_text(programme.start, programme.until),
        str(programme.checked_through or ""),
        "\n".join(_documents(book, programme)),
        book.provenance(programme).replace("、", "\n"),
        "\n".join(missing) or "没有",
    ]


def _documents(book: Book, programme: ProgrammeText) -> Iterator[str]:
    """The documents a programme's own rules and figures cite: those with a number by it, the rest counted."""
    dated = [c.dated for c in programme.criteria.values()]
    cites = [v.cite for each in dated for v in each.versions]
    cites += [v.cite for route in programme.routes for v in route.dated.versions]
    for name in book.own_figures(programme):
        cites += [v.cite for v in book.rules.parameters[name].dated.versions]
    cited = {cite.source for cite in cites if cite is not None}
    sources = [source for source in book.rules.sources.values() if source.id in cited]
    yield from (book.source(source) for source in sources if source.number)
    if unnumbered := sum(source.number is None for source in sources):
        yield f"另 {unnumbered} 份没有文号"
