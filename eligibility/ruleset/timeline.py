"""The history of one figure of the law, for people to read: when, how much, known since when, on what ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ..errors import InputError, Problem, nearest
from ..language import Type
from ..quantities import Month
from ..values import Value, is_known
from .model import Dated, Link, Parameter, ParameterValue, Provenance, Ruleset, Source, Version
from .names import value_text

UNKNOWN = "未知"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One period of a figure: from `start` until before `until` (None: until replaced).

    `value` is text: yuan for money, `未知` with the last known figure where the law's figure was not found, and
    `= 最低工资标准 2420.00` for a figure that is always that of another. `published` is the day from which the value
    could be known, `publication_assumed` that this day is supposed; `source` is the document the version cites.
    `cells` are the texts of a table by its keys, None for a single figure; `value` then tells them all in one line.
    """

    start: Month
    until: Month | None
    value: str
    published: date
    publication_assumed: bool
    issued: date | None
    source: Source | None
    provenance: Provenance
    assumes: tuple[str, ...]
    quote: str | None
    note: str | None
    cells: Mapping[tuple[str, ...], str] | None = None


def timeline(rules: Ruleset, name: str) -> tuple[Entry, ...]:
    """The versions of parameter `name` in order of time, then of publication: one entry a version.

    A version that takes its value from another parameter gets one entry for each version of that one while it is
    in force. Raises `InputError` for an unknown name, with the nearest.
    """
    parameter = rules.parameters.get(name)
    if parameter is None:
        hint = nearest(name, rules.parameters)
        raise InputError(Problem("unknown-name", f"没有标准“{name}”", None, hint))
    return tuple(_entries(rules, parameter))


def value_shown(value: Value, kind: Type) -> str:
    """A value for people: plain decimal text, yuan for money, 是 or 否 for a truth, 未知 for what is not known."""
    if isinstance(value, bool):
        return "是" if value else "否"
    return value_text(value, kind) if is_known(value) else UNKNOWN


def _entries(rules: Ruleset, parameter: Parameter) -> Iterator[Entry]:
    for version in in_order(parameter.dated):
        for start, until, targets in _periods(rules, version, end_of(parameter.dated, version)):
            read = [version, *targets]
            published = max(each.published for each in read)
            texts = _texts(rules, parameter, version.content, start)
            yield Entry(
                start=start,
                until=until,
                value="；".join(f"{'、'.join(key)} {text}".strip() for key, text in texts.items()),
                published=published,
                publication_assumed=any(v.publication_assumed for v in read if v.published == published),
                issued=version.issued,
                source=rules.sources[version.cite.source] if version.cite else None,
                provenance=version.content.provenance,
                assumes=tuple(dict.fromkeys(name for each in read for name in each.assumes)),
                quote=version.cite.quote if version.cite else None,
                note=version.content.note,
                cells=texts if parameter.keys else None,
            )


def in_order(dated: Dated[T]) -> list[Version[T]]:
    """The versions in order of time, then of publication."""
    return sorted(dated.versions, key=lambda version: (version.start, version.published))


def end_of(dated: Dated[T], version: Version[T]) -> Month | None:
    """The month from which a version no longer holds: its own end, or the start of the next."""
    ends = [v.start for v in dated.versions if v.start > version.start]
    return min([*ends, version.until] if version.until is not None else ends, default=None)


_Targets = list[Version[ParameterValue]]


def _periods(
    rules: Ruleset, version: Version[ParameterValue], until: Month | None
) -> list[tuple[Month, Month | None, _Targets]]:
    """The months of a version with the versions it is linked to, cut where those change."""
    starts, pending = {version.start}, list(version.content.links)
    while pending:
        for other in rules.parameters[pending.pop().name].dated.versions:
            starts |= {month for month in (other.start, other.until) if month is not None}
            pending += other.content.links
    found: list[tuple[Month, _Targets]] = []
    for month in sorted(
        month for month in starts if version.start <= month and (until is None or month < until)
    ):
        targets = [target for link in version.content.links for target in _chain(rules, link, month)]
        if not found or targets != found[-1][1]:
            found.append((month, targets))
    ends = [*(month for month, _ in found[1:]), until]
    return [(month, end, targets) for (month, targets), end in zip(found, ends, strict=True)]


def _chain(rules: Ruleset, link: Link, month: Month) -> _Targets:
    """The versions a link leads through in a month, with everything on file; empty where there is none."""
    version = rules.parameters[link.name].dated.resolve(month, None)
    if version is None:
        return []
    return [version, *(inner for further in version.content.links for inner in _chain(rules, further, month))]


def _texts(
    rules: Ruleset, parameter: Parameter, content: ParameterValue, month: Month
) -> dict[tuple[str, ...], str]:
    """The figure (under no key), or every cell of a table, as text."""
    kind = parameter.symbol.type
    if isinstance(content.value, Mapping):
        return {key: _cell(rules, kind, cell, None, month) for key, cell in content.value.items()}
    return {(): _cell(rules, kind, content.value, content.last_known, month)}


def _cell(rules: Ruleset, kind: Type, value: Value | Link, last_known: Value, month: Month) -> str:
    if isinstance(value, Link):
        chain = _chain(rules, value, month)
        content = chain[-1].content if chain else None
        if content is None or isinstance(content.value, Link | Mapping):
            return f"= {value.name}（当月没有版本）"
        return f"= {value.name} {_cell(rules, kind, content.value, content.last_known, month)}"
    shown = value_shown(value, kind)
    aside = (
        f"（最近已知 {value_shown(last_known, kind)}）" if shown == UNKNOWN and last_known is not None else ""
    )
    return shown + aside
