"""What is doubtful in a ruleset that loads: nothing here stops a determination, everything here wants a human look.

`lint` reads a loaded `Ruleset` and reports findings in the order of the files: rules without a citation, things that
nothing uses, versions that leave a gap, overlap or can never be chosen, divisions nothing guards, quotations that
cannot be checked. Whether two routes or two rows of a decision table can both hold is not examined: that needs a
proof, and nothing is claimed about it here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..language import Node, render
from ..language import nodes as tree
from ..quantities import Month
from .divisors import unguarded_divisors
from .model import Dated, IncomeRule, ParameterValue, ProgrammeText, Provenance, RouteBody, Ruleset, Version
from .names import COUNTED_INCOME
from .programmes import all_names_read


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubtful thing: a stable ASCII `code`, a message in Chinese, and its place (`file:line:column`)."""

    code: str
    message: str
    location: str | None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.message} [{self.code}]"


def lint(rules: Ruleset, *, as_of: Month | None = None) -> tuple[Finding, ...]:
    """Everything doubtful in `rules`, in the order of the files; empty where there is nothing to report.

    With `as_of` also what has not been checked against the law through that month; no clock is read.
    """
    findings = [finding for check in _CHECKS for finding in check(rules)]
    if as_of is not None:
        findings += _stale(rules, as_of)
    files = {name: rank for rank, name in enumerate(_files(rules))}
    return tuple(sorted(findings, key=lambda finding: _place(finding, files)))


# —— What there is to look at ——


@dataclass(frozen=True, slots=True)
class _Part:
    """Anything dated, with the words a message uses for it and the months in which it can matter at all."""

    label: str
    dated: Dated[Any]
    start: Month
    until: Month | None

    def described(self, version: Version[Any]) -> str:
        """The part, and which of its versions where there are several."""
        return f"{self.label}自 {version.start} 起的版本" if len(self.dated.versions) > 1 else self.label


def _figures(rules: Ruleset) -> Iterator[_Part]:
    for parameter in rules.parameters.values():
        yield _Part(f"标准“{parameter.name}”", parameter.dated, rules.start, None)


def _rules_of_household(rules: Ruleset) -> Iterator[_Part]:
    for definition in rules.definitions.values():
        yield _Part(f"定义“{definition.name}”", definition.dated, rules.start, None)
    for kind in rules.income_kinds.values():
        yield _Part(f"收入种类“{kind.name}”", kind.dated, rules.start, None)


def _rules_of_programmes(rules: Ruleset) -> Iterator[_Part]:
    for programme in rules.programmes.values():
        start = max(programme.start, rules.start)
        for criterion in programme.criteria.values():
            yield _Part(f"条件 {criterion.id}", criterion.dated, start, programme.until)
        for route in programme.routes:
            yield _Part(f"项目“{programme.id}”的情形“{route.name}”", route.dated, start, programme.until)


def _everything(rules: Ruleset) -> Iterator[_Part]:
    yield from _figures(rules)
    yield from _rules_of_household(rules)
    yield from _rules_of_programmes(rules)


def _reached(rules: Ruleset) -> set[str]:
    """Every name that some programme reads in some version, directly or through definitions, income kinds and links."""
    found: set[str] = set()
    for programme in rules.programmes.values():
        found |= set(all_names_read(programme, rules.definitions))
    if COUNTED_INCOME in found:
        found |= _read_by_income_kinds(rules)
    pending = [name for name in found if name in rules.parameters]
    while pending:
        for version in rules.parameters[pending.pop()].dated.versions:
            for link in version.content.links:
                if link.name not in found:
                    found.add(link.name)
                    pending.append(link.name)
    return found


def _read_by_income_kinds(rules: Ruleset) -> set[str]:
    found: set[str] = set()
    exempts = [v.content.exempt for kind in rules.income_kinds.values() for v in kind.dated.versions]
    pending = [node for node in exempts if node is not None]
    while pending:
        for name in set(tree.symbols(pending.pop())) - found:
            found.add(name)
            if name in rules.definitions:
                pending += [version.content for version in rules.definitions[name].dated.versions]
    return found


# —— Citations ——


def _uncited(rules: Ruleset) -> Iterator[Finding]:
    for part in _figures(rules):
        for version in part.dated.versions:
            content: ParameterValue = version.content
            settled = content.provenance is Provenance.ASSUMPTION and version.assumes  # unknown, and said why
            if version.cite is None and not settled:
                yield Finding("uncited", f"{part.described(version)}没有写依据（source）", version.location)
    guards = {f"条件 {guard}" for guard in rules.guards}
    for part in (*_rules_of_household(rules), *_rules_of_programmes(rules)):
        for version in part.dated.versions:
            if version.cite is None and part.label not in guards:
                yield Finding("uncited", f"{part.described(version)}没有写依据（cite）", version.location)


def _quotations(rules: Ruleset) -> Iterator[Finding]:
    for part in _figures(rules):
        for version in part.dated.versions:
            if version.cite is None:
                continue
            source, quote = rules.sources[version.cite.source], version.cite.quote
            seen = source.evidence is not None or source.link is not None
            if version.content.provenance is Provenance.DOCUMENT and not seen:
                message = f"{part.described(version)}出处写 document，但文件“{source.id}”没有写在哪里看到（evidence 或 link）"
                yield Finding("document-unseen", message, version.location)
            if (
                quote is not None
                and source.evidence is not None
                and not any(quote in q for q in source.quotes)
            ):
                message = f"{part.described(version)}的引文不在文件“{source.id}”的 quotes 里：{quote}"
                yield Finding("quote-not-in-source", message, version.location)


def _roundings(rules: Ruleset) -> Iterator[Finding]:
    """A rounding needs a ground where it stands: a citation or an assumption."""
    for part in (*_rules_of_household(rules), *_rules_of_programmes(rules)):
        for version in part.dated.versions:
            node = _expression(version.content)
            rounds = node is not None and any(isinstance(inner, tree.Rounding) for inner in tree.walk(node))
            if rounds and version.cite is None and not version.assumes:
                message = f"{part.described(version)}有取整，但没有写依据或假设"
                yield Finding("rounding-unfounded", message, version.location)


def _expression(content: Node | RouteBody | IncomeRule) -> Node | None:
    """The expression in a version of a definition, criterion, route or income kind, if it has one."""
    if isinstance(content, RouteBody):
        return content.amount
    return content.exempt if isinstance(content, IncomeRule) else content


# —— Unused ——


def _unused(rules: Ruleset) -> Iterator[Finding]:
    reached = _reached(rules)
    cited = {v.cite.source for part in _everything(rules) for v in part.dated.versions if v.cite is not None}
    told = "".join([*rules.notes, *(a.question + a.basis for a in rules.assumptions.values())])
    for source in rules.sources.values():
        if source.id not in cited and source.title not in told:
            yield Finding("unused-source", f"文件“{source.id}”没有被任何规则引用", source.location)
    assumed = _assumed(rules, reached)
    for assumption in rules.assumptions.values():
        if assumption.id not in assumed:
            yield Finding(
                "unused-assumption", f"假设 {assumption.id} 没有被任何规则或说明用到", assumption.location
            )
    for parameter in rules.parameters.values():
        if parameter.name not in reached:
            yield Finding("unused-parameter", f"标准“{parameter.name}”没有任何项目用到", parameter.location)
    for definition in rules.definitions.values():
        if definition.name not in reached:
            yield Finding(
                "unused-definition", f"定义“{definition.name}”没有任何项目用到", definition.location
            )
    for programme in rules.programmes.values():
        yield from _unused_in_programme(rules, programme)


def _unused_in_programme(rules: Ruleset, programme: ProgrammeText) -> Iterator[Finding]:
    bodies = [version.content for route in programme.routes for version in route.dated.versions]
    named = {condition.criterion for body in bodies for limb in body.when for condition in limb}
    for criterion in programme.criteria.values():
        if criterion.id not in named and criterion.id not in programme.exclusions:
            message = f"条件 {criterion.id} 不在项目“{programme.id}”的任何情形里"
            yield Finding("unused-criterion", message, criterion.location)
    read = all_names_read(programme, rules.definitions)
    for use in programme.uses:
        if use not in read:
            message = f"项目“{programme.id}”的 uses 写了“{use}”，但没有读它"
            yield Finding("unused-use", message, programme.location)


def _assumed(rules: Ruleset, reached: set[str]) -> set[str]:
    """Assumptions that a version, a programme or a note names, or whose value some programme reads."""
    found = {a.id for a in rules.assumptions.values() if a.name in reached}
    found.update(
        name for part in _everything(rules) for version in part.dated.versions for name in version.assumes
    )
    notes = list(rules.notes)
    for programme in rules.programmes.values():
        found.update(programme.assumes)
        found.update(
            name for timing in (programme.payable, programme.arrears) if timing for name in timing.assumes
        )
        notes += programme.notes
    text = "\n".join(notes)
    return found | set(re.findall(r"[A-Za-z0-9]+", text))


# —— Time ——


def _periods(rules: Ruleset) -> Iterator[Finding]:
    for part in (*_figures(rules), *_rules_of_household(rules)):
        yield from _gaps(part)  # a route or a criterion may lapse and come back
    for part in _everything(rules):
        yield from _overlaps(part)
        yield from _unreachable(part)


def _gaps(part: _Part) -> Iterator[Finding]:
    versions = sorted(part.dated.versions, key=lambda version: version.start)
    covered: Month | None = versions[0].start  # None: without end
    for version in versions:
        if covered is None:
            return
        if version.start > max(covered, part.start):
            message = f"{part.label}从 {covered} 起至 {version.start} 前没有版本"
            yield Finding("version-gap", message, version.location)
        covered = None if version.until is None else max(covered, version.until)


def _overlaps(part: _Part) -> Iterator[Finding]:
    for version in part.dated.versions:
        following = min((v.start for v in part.dated.versions if v.start > version.start), default=None)
        if version.until is not None and following is not None and version.until > following:
            message = f"{part.described(version)}写到 {version.until}，但 {following} 起已有后一个版本"
            yield Finding("version-overlap", message, version.location)


def _unreachable(part: _Part) -> Iterator[Finding]:
    """Versions that no month would choose with everything on file, unless a later publication corrects them."""
    starts = {version.start for version in part.dated.versions}
    ends = {version.until for version in part.dated.versions if version.until is not None}
    months = {
        m for m in starts | ends | {part.start} if part.start <= m and (part.until is None or m < part.until)
    }
    chosen = [part.dated.resolve(month, None) for month in sorted(months)]
    for version in part.dated.versions:
        corrected = any(
            other.corrects is not None
            and other.start == version.start
            and other.published > version.published
            for other in part.dated.versions
        )
        if not corrected and not any(version is other for other in chosen):
            yield Finding(
                "version-unreachable", f"{part.described(version)}在任何月份都用不上", version.location
            )


def _stale(rules: Ruleset, as_of: Month) -> list[Finding]:
    found = [_unchecked("规则集", rules.checked_through, as_of, None)]
    for programme in rules.programmes.values():
        last = as_of if programme.until is None else programme.until + -1
        needed = min(as_of, last)
        found.append(
            _unchecked(f"项目“{programme.id}”", programme.checked_through, needed, programme.location)
        )
    return [finding for finding in found if finding is not None]


def _unchecked(what: str, through: Month | None, needed: Month, location: str | None) -> Finding | None:
    if through is not None and through >= needed:
        return None
    state = f"只核对到 {through}" if through else "没有写核对到哪个月（checked_through）"
    return Finding("stale", f"{what}{state}，未核对到 {needed}", location)


# —— Division ——


def _divisions(rules: Ruleset) -> Iterator[Finding]:
    """Routes that divide by something no criterion of theirs says is positive."""
    for programme in rules.programmes.values():
        for route in programme.routes:
            for version in route.dated.versions:
                unguarded = {
                    render(divisor): None
                    for divisor in unguarded_divisors(programme, version.content, rules.definitions)
                }
                for divisor in unguarded:
                    message = f"项目“{programme.id}”的情形“{route.name}”除以“{divisor}”，但它的条件里没有一条说明“{divisor} > 0”"
                    yield Finding("division-unguarded", message, version.location)


# —— Writing ——


def _normalised_names(rules: Ruleset) -> Iterator[Finding]:
    for notice in rules.notices:
        location, _, message = notice.partition(": ")
        yield Finding("name-normalised", message, location)


_CHECKS: tuple[Callable[[Ruleset], Iterator[Finding]], ...] = (
    _uncited, _quotations, _roundings, _unused, _periods, _divisions, _normalised_names,
)  # fmt: skip


def _files(rules: Ruleset) -> list[str]:
    """The files of a ruleset in the order in which they are read."""
    items: list[Mapping[str, Any]] = [
        rules.sources, rules.assumptions, rules.parameters, rules.definitions, rules.income_kinds, rules.programmes,
    ]  # fmt: skip
    return list(dict.fromkeys(_split(item.location)[0] for mapping in items for item in mapping.values()))


def _split(location: str) -> tuple[str, int, int]:
    file, line, column = location.rsplit(":", 2)
    return file, int(line), int(column)


def _place(finding: Finding, files: Mapping[str, int]) -> tuple[int, str, int, int]:
    if finding.location is None:
        return -1, "", 0, 0
    file, line, column = _split(finding.location)
    return files.get(file, len(files)), file, line, column
