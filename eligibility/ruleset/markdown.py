"""Markdown as the generated pages need it: text that stays text, tables that stay tables, links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..language.words import Clause

_SPECIAL = re.compile(r"[\\`*<>|\[\]~#]|(?<!\w)_|_(?!\w)")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")
EMPTY = "—"


def escape(text: str) -> str:
    """A text of a ruleset as Markdown: one line, nothing in it taken for a mark."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """An expression, exactly as written, in one line."""
    return f"`{' '.join(text.split())}`"


def slug(heading: str) -> str:
    """The anchor that readers of Markdown give a heading: small letters, no punctuation, hyphens for spaces."""
    return _NOT_IN_SLUG.sub("", heading.lower()).replace(" ", "-")


def link(text: str, page: str, heading: str = "") -> str:
    """A link to a page or to a heading on it; `text` is Markdown already, an empty page is this one."""
    return f"[{text}]({page}{'#' + slug(heading) if heading else ''})"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown cells; line breaks inside a cell are kept as breaks, empty cells are marked."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text).replace("\n", "<br>") or EMPTY


def bullets(items: Iterable[Clause], depth: int = 0) -> str:
    """A list, with lists inside it; the texts are Markdown already."""
    lines = []
    for item in items:
        lines.append(f"{'  ' * depth}- {item.text}")
        if item.parts:
            lines.append(bullets(item.parts, depth + 1))
    return "\n".join(lines)


def escaped(clause: Clause) -> Clause:
    """A clause of plain words as one of Markdown."""
    return Clause(escape(clause.text), tuple(map(escaped, clause.parts)))


def page(*blocks: str) -> str:
    """Blocks that are not empty, a blank line between them."""
    return "\n\n".join(block for block in blocks if block) + "\n"
