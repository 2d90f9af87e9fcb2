"""Who reads whom: cycles refused with the loop drawn, and months for which a name has no version.

The graph is taken over all versions together and per output of a programme (`.符合`, `.情形`, `.金额`), so that two
programmes may read each other as long as no output rests on itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from ..errors import Problem, RulesetError
from ..language import Node, Origin
from ..language.nodes import symbols
from ..quantities import Month
from .model import Dated, Ruleset
from .names import COUNTED_INCOME


def step_of(name: str) -> str:
    """The computed thing a name belongs to: `低保.不符合` is computed with `低保.符合`."""
    base, _, attribute = name.partition(".")
    return f"{base}.符合" if attribute == "不符合" else name


def computed_names(nodes: Iterable[Node]) -> set[str]:
    """The definitions and verdicts that expressions read, as steps of the computation."""
    return {
        step_of(name)
        for node in nodes
        for name, symbol in symbols(node).items()
        if symbol.origin in (Origin.DEFINITION, Origin.VERDICT)
    }


def programme_steps(name: str, *, tests: Iterable[Node], amounts: Iterable[Node]) -> dict[str, set[str]]:
    """The three outputs of a programme and what each reads."""
    verdict, amount, route = f"{name}.符合", f"{name}.金额", f"{name}.情形"
    tested, paid = computed_names(tests), computed_names(amounts)
    if (gross := f"{name}.应付") in tested:  # the verdict then rests on the amount, within its own step
        tested = (tested - {gross}) | paid
    return {
        verdict: tested,
        amount: paid | {verdict},
        route: {verdict, amount},  # which route is taken is settled together with what it pays
    }


def _all_versions(rules: Ruleset) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {
        definition.name: computed_names(v.content for v in definition.dated.versions)
        for definition in rules.definitions.values()
    }
    exempts = [
        v.content.exempt for k in rules.income_kinds.values() for v in k.dated.versions if v.content.exempt
    ]
    graph[COUNTED_INCOME] = computed_names(exempts)
    for programme in rules.programmes.values():
        tests = [v.content for c in programme.criteria.values() for v in c.dated.versions]
        amounts = [v.content.amount for r in programme.routes for v in r.dated.versions if v.content.amount]
        who = [programme.who] if programme.who is not None else []
        graph |= programme_steps(programme.name, tests=[*tests, *who], amounts=amounts)
    return graph


def ordered(graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The steps in an order in which each comes after all it reads, the same in every process. Raises `CycleError`."""
    return tuple(TopologicalSorter({step: sorted(graph[step]) for step in sorted(graph)}).static_order())


def check_cycles(rules: Ruleset) -> None:
    """Refuses a ruleset in which something rests on itself; the loop is drawn in the error."""
    try:
        ordered(_all_versions(rules))
    except CycleError as error:
        loop = list(reversed(error.args[1]))
        place = next((_place(rules, name) for name in loop if _place(rules, name)), None)
        raise RulesetError(
            Problem("definition-cycle", f"规则绕成了圈：{' → '.join(loop)}", place, "至少断开其中一处")
        ) from None


def _place(rules: Ruleset, step: str) -> str | None:
    if step in rules.definitions:
        return rules.definitions[step].location
    base = step.partition(".")[0]
    return next((p.location for p in rules.programmes.values() if p.name == base), None)


def breakpoints(rules: Ruleset) -> tuple[Month, ...]:
    """Every month from which something may differ from the month before, from the start of coverage on."""
    months = {rules.start}
    for dated in _everything_dated(rules):
        for version in dated.versions:
            months |= {version.start} | ({version.until} if version.until else set())
    for programme in rules.programmes.values():
        months |= {programme.start} | ({programme.until} if programme.until else set())
    return tuple(sorted(month for month in months if month >= rules.start))


def _everything_dated(rules: Ruleset) -> list[Dated[object]]:
    found: list[object] = [p.dated for p in rules.parameters.values()]
    found += [d.dated for d in rules.definitions.values()]
    found += [k.dated for k in rules.income_kinds.values()]
    for programme in rules.programmes.values():
        found += [c.dated for c in programme.criteria.values()]
        found += [r.dated for r in programme.routes]
    return found  # type: ignore[return-value]
