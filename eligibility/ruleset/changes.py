"""What differs between two editions, in words: figures that moved, rules that came, went or were reworded.

Everything that makes the digests of two editions differ has a line here, and two editions of one digest have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..language import canonical, render
from ..quantities import Month
from .edition import Edition
from .model import Citation, Link, Provenance, Timing
from .names import COUNTED_INCOME
from .resolved import Programme, ResolvedParameter, Route
from .timeline import UNKNOWN, value_shown
from .words import CHOICES, COUNTS, KINDS, LEVELS, PROVENANCES, timing_text

K = TypeVar("K")
T = TypeVar("T")
_NOTHING = "无"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two editions.

    `kind` says of what: parameter, assumption, definition, income_kind, programme, criterion, route. `before` and
    `after` are the figure, the expression or the ground as text, None where there was none; `text` tells it all in
    Chinese.
    """

    kind: str
    name: str
    before: str | None
    after: str | None
    text: str

    def __str__(self) -> str:
        return self.text


def changes(before: Edition, after: Edition) -> tuple[Change, ...]:
    """What is different in `after`, in the order of the files; empty for two editions of the same law.

    The editions may differ in month, day of knowledge, scenario or overlays.
    """
    return tuple(
        change
        for section in (_parameters, _assumptions, _definitions, _income_kinds, _programmes)
        for change in section(before, after)
    )


def _pairs(
    before: Mapping[K, T], after: Mapping[K, T], order: Iterable[K] = ()
) -> Iterator[tuple[K, T | None, T | None]]:
    """Every name of either side with what it is on each, in `order` as far as that goes."""
    for name in dict.fromkeys((*order, *after, *before)):
        if name in before or name in after:
            yield name, before.get(name), after.get(name)


# —— Figures ——


def _parameters(before: Edition, after: Edition) -> Iterator[Change]:
    order = (*after.ruleset.parameters, *before.ruleset.parameters)
    for name, old, new in _pairs(before.parameters, after.parameters, order):
        if new is None:
            assert old is not None  # one of the two has it
            yield Change("parameter", name, _figure(old), None, f"{name} 不再用到（原为 {_measured(old)}）")
        elif old is None:
            text = f"{name} 开始用到：{_measured(new)}{_since(after, new)}"
            yield Change("parameter", name, None, _figure(new), text)
        else:
            yield from _figure_changes(before, old, after, new)


def _figure_changes(
    before: Edition, old: ResolvedParameter, after: Edition, new: ResolvedParameter
) -> Iterator[Change]:
    moved = False
    for key, was, now in _pairs(_cells(old), _cells(new)):
        if was != now:
            moved = True
            name = _cell_name(new, key)
            text = f"{name} {_moved(was, now, new.unit)}{_since(after, new, key)}"
            yield Change("parameter", name, was, now, text)
    if not moved and _standing(old) != _standing(new):
        was, now = (
            f"{_ground(e, p)}；出处：{PROVENANCES['zh'][p.provenance]}"
            for e, p in ((before, old), (after, new))
        )
        text = f"{new.name} 数额不变（{_measured(new)}），依据改变：{was} → {now}"
        yield Change("parameter", new.name, was, now, text)


def _cells(parameter: ResolvedParameter) -> dict[tuple[str, ...], str]:
    """The figure (under no key), or every cell of a table."""
    cells = {(): parameter.value} if parameter.cells is None else parameter.cells
    return {key: value_shown(value, parameter.symbol.type) for key, value in cells.items()}


def _cell_name(parameter: ResolvedParameter, key: tuple[str, ...]) -> str:
    return f"{parameter.name}（{'、'.join(key)}）" if key else parameter.name


def _figure(parameter: ResolvedParameter) -> str:
    return "；".join(f"{'、'.join(key)} {figure}".strip() for key, figure in _cells(parameter).items())


def _measured(parameter: ResolvedParameter) -> str:
    return _with_unit(_figure(parameter), parameter.unit)


def _with_unit(figure: str, unit: str) -> str:
    return figure if figure in (UNKNOWN, _NOTHING) else f"{figure} {unit}".strip()


def _moved(was: str | None, now: str | None, unit: str) -> str:
    """From what to what: the unit once at the end, or with the one that is a figure."""
    before, after = was or _NOTHING, now or _NOTHING
    if after in (UNKNOWN, _NOTHING):
        before = _with_unit(before, unit)
    return f"{before} → {_with_unit(after, unit)}"


def _since(edition: Edition, parameter: ResolvedParameter, key: tuple[str, ...] = ()) -> str:
    """From which month, following which other figure, and on what ground."""
    if parameter.provenance is Provenance.SCENARIO:
        return f"（{PROVENANCES['zh'][Provenance.SCENARIO]}）"
    followed = _followed(edition, parameter, key)
    origin = edition.parameters[followed[-1]] if followed else parameter
    start = max((p.start for p in (parameter, origin) if p.start is not None), default=None)
    since = f"，自 {start}" if start is not None else ""
    follows = f"，随{followed[0]}" if followed else ""
    return f"{since}{follows}（{_ground(edition, parameter)}）"


def _followed(edition: Edition, parameter: ResolvedParameter, key: tuple[str, ...]) -> tuple[str, ...]:
    """The figures a figure, or a cell of a table, takes its value from."""
    if not key:
        return parameter.via
    version = edition.ruleset.parameters[parameter.name].dated.resolve(edition.month, edition.known_on)
    table = version.content.value if version is not None else None
    cell = table.get(key) if isinstance(table, Mapping) else None
    return (cell.name, *edition.parameters[cell.name].via) if isinstance(cell, Link) else ()


def _standing(parameter: ResolvedParameter) -> tuple[object, ...]:
    return parameter.provenance, parameter.cite, parameter.assumes


def _ground(edition: Edition, rule: ResolvedParameter) -> str:
    return _ground_of(edition, rule.cite, rule.assumes)


def _ground_of(edition: Edition, cite: Citation | None, assumes: tuple[str, ...]) -> str:
    """A citation and the assumptions, for people: `京民发〔2025〕50号；依假设 A01`."""
    parts = []
    if cite is not None:
        source = edition.ruleset.sources[cite.source]
        parts.append(f"{source.number or source.title}{cite.article or ''}")
    if assumes:
        parts.append(f"依假设 {'、'.join(assumes)}")
    return "；".join(parts) or "没有写依据"


# —— Assumptions, definitions, income kinds ——


def _assumptions(before: Edition, after: Edition) -> Iterator[Change]:
    """Readings that changed themselves; those that come or go do so with the rules that stand on them."""
    olds, news = (
        {a.id: a for programme in edition.programmes for a in edition.assumptions_of(programme.id)}
        for edition in (before, after)
    )
    for identifier, old, new in _pairs(olds, news, after.ruleset.assumptions):
        if old is None or new is None:
            continue
        if old.text != new.text and new.name not in after.parameters:  # otherwise told among the figures
            was, now = old.text or "未写明", new.text or "未写明"
            yield Change(
                "assumption", identifier, was, now, f"假设 {identifier}（{new.question}）{was} → {now}"
            )
        if old.question != new.question:
            text = f"假设 {identifier} 的问题改为：{new.question}；原为：{old.question}"
            yield Change("assumption", identifier, old.question, new.question, text)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as it is compared: what it says (`key`, shown as `wording`), its title, and what it rests on."""

    key: object
    wording: str
    title: str
    standing: object
    ground: str


def _rule_changes(kind: str, name: str, label: str, old: _Rule | None, new: _Rule | None) -> Iterator[Change]:
    if new is None:
        assert old is not None  # one of the two has it
        yield Change(kind, name, old.wording, None, f"{label}不再适用，原为：{old.wording}")
        return
    if old is None:
        yield Change(kind, name, None, new.wording, f"{label}开始适用：{new.wording}（{new.ground}）")
        return
    if old.key != new.key:
        text = f"{label}改为：{new.wording}；原为：{old.wording}（{new.ground}）"
        yield Change(kind, name, old.wording, new.wording, text)
    if old.title != new.title:
        yield Change(kind, name, old.title, new.title, f"{label}的说明改为：{new.title}；原为：{old.title}")
    if old.key == new.key and old.standing != new.standing:
        yield Change(kind, name, old.ground, new.ground, f"{label}的依据改变：{old.ground} → {new.ground}")


def _definitions(before: Edition, after: Edition) -> Iterator[Change]:
    olds, news = _definition_rules(before), _definition_rules(after)
    for name, old, new in _pairs(olds, news, after.ruleset.definitions):
        yield from _rule_changes("definition", name, f"定义“{name}”", old, new)


def _definition_rules(edition: Edition) -> dict[str, _Rule]:
    rules = {}
    for name, item in edition.definitions.items():
        key = None if name == COUNTED_INCOME else canonical(item.node)  # that one is told kind by kind
        ground = _ground_of(edition, item.cite, item.assumes)
        rules[name] = _Rule(key, item.expression, item.title, (item.cite, item.assumes), ground)
    return rules


def _income_kinds(before: Edition, after: Edition) -> Iterator[Change]:
    olds, news = _income_rules(before), _income_rules(after)
    for name, old, new in _pairs(olds, news, after.ruleset.income_kinds):
        yield from _rule_changes("income_kind", name, f"收入种类“{name}”", old, new)


def _income_rules(edition: Edition) -> dict[str, _Rule]:
    rules = {}
    for name, item in edition.income_kinds.items():
        exempt = f"（{render(item.exempt)}）" if item.exempt is not None else ""
        key = (item.counts, canonical(item.exempt) if item.exempt is not None else None)
        version = edition.ruleset.income_kinds[name].dated.resolve(edition.month, edition.known_on)
        cite, assumes = (version.cite, version.assumes) if version is not None else (None, ())
        rules[name] = _Rule(
            key, f"{COUNTS[item.counts]}{exempt}", name, None, _ground_of(edition, cite, assumes)
        )
    return rules


# —— Programmes ——


def _programmes(before: Edition, after: Edition) -> Iterator[Change]:
    olds, news = ({p.id: p for p in edition.programmes} for edition in (before, after))
    for identifier, old, new in _pairs(olds, news, after.ruleset.programmes):
        if new is None:
            assert old is not None  # one of the two has it
            yield Change("programme", identifier, old.title, None, f"项目“{old.name}”（{old.title}）不再施行")
        elif old is None:
            start: Month = after.ruleset.programmes[identifier].start
            text = f"项目“{new.name}”（{new.title}）开始施行，自 {start}"
            yield Change("programme", identifier, None, new.title, text)
        else:
            yield from _programme_changes(before, old, after, new)


def _programme_changes(before: Edition, old: Programme, after: Edition, new: Programme) -> Iterator[Change]:
    for term, was, now in _pairs(_terms(old), _terms(new)):
        if was != now:
            text = f"项目“{new.name}”的{term}：{was or '无'} → {now or '无'}"
            yield Change("programme", new.id, was, now, text)
    sections: tuple[tuple[str, str, Callable[[Edition, Programme], dict[str, _Rule]]], ...] = (
        ("criterion", "条件“{name}”", _criterion_rules),
        ("route", f"项目“{new.name}”的情形“{{name}}”", _route_rules),
    )
    for kind, label, rules in sections:
        olds, news = rules(before, old), rules(after, new)
        for name, a, b in _pairs(olds, news):
            yield from _rule_changes(kind, name, label.format(name=name), a, b)
        if list(olds) != list(news) and set(olds) == set(news):
            was, now = "、".join(olds), "、".join(news)
            yield Change("programme", new.id, was, now, f"项目“{new.name}”里的次序：{was} → {now}")


def _terms(programme: Programme) -> dict[str, str]:
    """What a programme says besides its criteria and routes."""
    return {
        "简称": programme.name,
        "名称": programme.title,
        "性质": KINDS[programme.kind],
        "层级": LEVELS[programme.level],
        "对象": render(programme.who) if programme.who is not None else "",
        "选用方式": CHOICES[programme.choose],
        "排除条件": "、".join(programme.exclusions),
        "发放": _timing(programme.payable),
        "补发": _timing(programme.arrears),
        "周期": _timing(programme.period),
        "就高": render(programme.yields) if programme.yields is not None else "",
        "择一": "、".join(programme.alternative_to),
        "假设": "、".join(programme.assumes),
    }


def _timing(timing: Timing | None) -> str:
    if timing is None:
        return ""
    grounds = f"；依假设 {'、'.join(timing.assumes)}" if timing.assumes else ""
    return f"{timing_text(timing)}{grounds}"


def _criterion_rules(edition: Edition, programme: Programme) -> dict[str, _Rule]:
    return {
        item.id: _Rule(
            canonical(item.test),
            render(item.test),
            f"{item.title}（{item.because}）" if item.because else item.title,
            (item.cite, item.assumes),
            _ground_of(edition, item.cite, item.assumes),
        )
        for item in programme.criteria
    }


def _route_rules(edition: Edition, programme: Programme) -> dict[str, _Rule]:
    return {
        item.name: _Rule(
            (item.when, canonical(item.amount) if item.amount is not None else item.amount_unknown),
            _route_text(item),
            item.name,
            (item.cite, item.assumes),
            _ground_of(edition, item.cite, item.assumes),
        )
        for item in programme.routes
    }


def _route_text(route: Route) -> str:
    """Criteria and amount of a route: `A、非 B、（C 或 D）；金额 …`."""
    limbs = []
    for limb in route.when:
        named = [
            condition.criterion if condition.holds else f"非 {condition.criterion}" for condition in limb
        ]
        limbs.append(named[0] if len(named) == 1 else f"（{' 或 '.join(named)}）")
    amount = (
        "；金额未知" if route.amount_unknown else f"；金额 {render(route.amount)}" if route.amount else ""
    )
    return "、".join(limbs) + amount
