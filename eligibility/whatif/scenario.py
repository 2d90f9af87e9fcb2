"""Scenarios: a named set of overrides, or another month, day of knowledge or reading, and a case determined under it.

A scenario file lists them, in the vocabulary of the ruleset:

    情景:
      - 名称: 母亲涨工资
        覆盖: ['成员["母亲"].收入.工资性收入 = 3000', '低保标准 = 1520 from 2026-07']
        月份: "2026-07"
        知悉日: "2026-07-15"
        叠加: [beijing-reading-wide]

Everything but the name may be absent; keys may be English (scenario, name, overrides, month, known_on, overlays).
Lists of alternatives give a scenario for each combination, after those that are listed:

    矩阵:
      - [低保标准 = 1500, 低保标准 = 1520]
      - [低收入标准 = 2420, 低收入标准 = 2540]

The case, the ruleset and its editions stay as they are, and what comes out is marked as hypothetical.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, product
from math import prod
from pathlib import Path
from typing import Any, Final

from ..case import Case, mask
from ..case.fields import normal
from ..determination import Determination, determine
from ..determination.expected import read_day
from ..errors import EligibilityError, InputError, Problem, nearest
from ..quantities import Month
from ..reading import Node, read_file
from ..ruleset.edition import Edition
from ..ruleset.load import load_ruleset
from ..ruleset.model import Ruleset
from ..ruleset.resolve import read_month
from .overrides import FigureOverride, Override, apply_to_case, apply_to_edition, parse_override, shown

MAX_SCENARIOS: Final = 200
_FILE_KEYS: Final = {"情景": "scenario", "矩阵": "matrix"}
_KEYS: Final = {
    "名称": "name",
    "覆盖": "overrides",
    "月份": "month",
    "知悉日": "known_on",
    "叠加": "overlays",
}

Lay = Callable[[tuple[str, ...]], Ruleset]
"""Gives the ruleset with further overlays laid on it, by name."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is supposed: overrides, and if set another month, another day of knowledge, further overlays."""

    name: str
    overrides: tuple[Override, ...] = ()
    month: Month | None = None
    known_on: date | None = None
    overlays: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """The name with everything that is supposed, as a hypothetical determination carries it."""
        parts = [shown(self.overrides)] if self.overrides else []
        parts += [f"待遇月份 {self.month}"] if self.month is not None else []
        parts += [f"按 {self.known_on} 已公布的规定"] if self.known_on is not None else []
        parts += [f"叠加 {'、'.join(self.overlays)}"] if self.overlays else []
        supposed = "；".join(parts)
        name = mask(self.name)
        return name if supposed in ("", name) else f"{name}（{supposed}）"


def scenario_of(overrides: tuple[Override, ...]) -> Scenario:
    """A scenario without a name of its own: it is called what it supposes."""
    return Scenario(shown(overrides), overrides)


def run_scenario(
    case: Case,
    rules: Ruleset,
    scenario: Scenario,
    *,
    month: Month | str | None = None,
    known_on: date | None = None,
    lay: Lay | None = None,
) -> Determination:
    """Determines a case under a scenario; `month` and `known_on` hold where the scenario names none.

    The result carries what was supposed (`Determination.scenario`) and replays like any other. `lay` gives rulesets with
    the scenario's overlays; without it they are loaded by name. Raises `InputError` as `determine` does, and where an
    override does not fit the case.
    """
    changed, edition = supposed(case, rules, scenario, month=month, known_on=known_on, lay=lay)
    return replace(determine(changed, edition), scenario=scenario.description)


def supposed(
    case: Case,
    rules: Ruleset,
    scenario: Scenario,
    *,
    month: Month | str | None = None,
    known_on: date | None = None,
    lay: Lay | None = None,
) -> tuple[Case, Edition]:
    """The case and the law as a scenario supposes them. Raises `InputError` as `run_scenario` does."""
    edition = supposed_edition(rules, scenario, month=month, known_on=known_on, lay=lay)
    return apply_to_case(case, scenario.overrides, month=edition.month), edition


def supposed_edition(
    rules: Ruleset,
    scenario: Scenario,
    *,
    month: Month | str | None = None,
    known_on: date | None = None,
    lay: Lay | None = None,
) -> Edition:
    """The law as a scenario supposes it, whatever the case. Raises `InputError` for a month that is not covered."""
    law = laid(rules, scenario.overlays, lay)
    chosen = scenario.month or month
    if chosen is None:
        raise InputError(Problem("month", "缺少待遇月份"))
    return apply_to_edition(law.edition(chosen, scenario.known_on or known_on), scenario.overrides)


def laid(rules: Ruleset, overlays: tuple[str, ...], lay: Lay | None = None) -> Ruleset:
    """The ruleset with further overlays; the same one if there are none."""
    if not overlays:
        return rules
    if lay is not None:
        return lay(overlays)
    return load_ruleset(rules.id, overlays=(*rules.overlays, *overlays))


# —— Scenario files ——


def load_scenarios(path: Path | str, rules: Ruleset, *, lay: Lay | None = None) -> tuple[Scenario, ...]:
    """Reads a scenario file (YAML or JSON). Raises `InputError` with all problems, each with file, line and column.

    Overrides are read in the vocabulary of the ruleset with the scenario's overlays; a month must be covered.
    """
    reader = _Reader(rules, lay)
    scenarios = tuple(reader.file(read_file(Path(path))))
    if reader.problems:
        raise InputError(reader.problems)
    return scenarios


class _Reader:
    """Reads the scenarios of one file and collects what is wrong on the way."""

    def __init__(self, rules: Ruleset, lay: Lay | None) -> None:
        self.rules, self.lay = rules, lay
        self.problems: list[Problem] = []

    def report(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(code, mask(message), mask(node.location), hint))

    def file(self, node: Node) -> Iterator[Scenario]:
        parts = self.keys(node, _FILE_KEYS)
        if not parts and not self.problems:
            self.report(node, "scenario-file", "情景文件应写“情景”，下面一项一个情景，或者写“矩阵”")
        names: set[str] = set()
        for place, scenario in chain(self.listed(parts.get("scenario")), self.matrix(parts.get("matrix"))):
            if scenario.name in names:
                self.report(place, "scenario-name", f"有几个情景都叫“{scenario.name}”，请分别命名")
            names.add(scenario.name)
            yield scenario

    def listed(self, node: Node | None) -> Iterator[tuple[Node, Scenario]]:
        """The scenarios that are written one by one."""
        for entry in self.items(node, "情景", limit=MAX_SCENARIOS):
            before = len(self.problems)
            scenario = self.scenario(entry)
            if scenario is not None and len(self.problems) == before:
                yield entry, scenario

    def matrix(self, node: Node | None) -> Iterator[tuple[Node, Scenario]]:
        """A scenario for every way of choosing one override from each of several lists."""
        if node is None:
            return
        before = len(self.problems)
        axes = [
            list(self.overrides(self.items(axis, "矩阵"), self.rules)) for axis in self.items(node, "矩阵")
        ]
        if len(self.problems) > before:
            return
        if not all(axes) or not 1 <= prod(map(len, axes)) <= MAX_SCENARIOS or not axes:
            message = f"“矩阵”应为几个列表，每个列表至少一项覆盖，合起来最多 {MAX_SCENARIOS} 个情景"
            self.report(node, "scenario-list", message)
            return
        for chosen in product(*axes):
            changed = [(o.name, o.start if isinstance(o, FigureOverride) else None) for o in chosen]
            twice = next((name for name, start in changed if changed.count((name, start)) > 1), None)
            if twice is not None:
                self.report(node, "scenario-axis", f"“矩阵”有两个列表都改“{twice}”，请写在一个列表里")
                return
            yield node, scenario_of(chosen)

    def scenario(self, node: Node) -> Scenario | None:
        before = len(self.problems)
        parts = self.keys(node, _KEYS)
        if not parts and len(self.problems) > before:
            return None
        if (name := parts.get("name")) is None:
            self.report(node, "scenario-name", "缺少“名称”")
            return None
        overlays = tuple(
            self.text(item, "叠加规则的名称") for item in self.items(parts.get("overlays"), "叠加")
        )
        try:
            law = laid(self.rules, overlays, self.lay)
        except EligibilityError as error:
            self.report(parts["overlays"], error.code, error.problems[0].message, error.hint)
            return None
        month, known_on = self.month(parts.get("month")), self.day(parts.get("known_on"))
        if month is not None:
            self.check_month(parts["month"], law, month, known_on)
        overrides = self.overrides(self.items(parts.get("overrides"), "覆盖"), law)
        return Scenario(self.text(name, "名称"), tuple(overrides), month, known_on, overlays)

    def overrides(self, nodes: list[Node], law: Ruleset) -> Iterator[Override]:
        for node in nodes:
            if isinstance(node.value, dict) or not isinstance(node.value, str):
                self.report(node, "override-syntax", "每项覆盖应是一行文字：名称 = 值")
                continue
            try:
                yield parse_override(node.value, law, location=mask(node.location))
            except InputError as error:
                self.problems += error.problems

    def check_month(self, node: Node, law: Ruleset, month: Month, known_on: date | None) -> None:
        try:
            law.edition(month, known_on)
        except InputError as error:
            for problem in error.problems:
                self.problems.append(replace(problem, location=mask(node.location)))

    def month(self, node: Node | None) -> Month | None:
        if node is None:
            return None
        try:
            return read_month(str(node.value))
        except InputError as error:
            self.report(node, "month", error.problems[0].message)
            return None

    def day(self, node: Node | None) -> date | None:
        if node is None:
            return None
        try:
            return read_day(str(node.value))
        except ValueError as problem:
            self.report(node, "known-on", str(problem))
            return None

    def keys(self, node: Node, known: Mapping[str, str]) -> dict[str, Node]:
        """The entries of a mapping by their English keys."""
        if not isinstance(node.value, dict):
            self.report(node, "scenario-file", "应为“名称: 值”的形式")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value.items():
            english = known.get(normal(key), normal(key))
            if english not in known.values():
                self.report_at(value.key_location, key, known)
            elif english in found:
                self.report(value, "scenario-key", f"“{key}”写了两次")
            else:
                found[english] = value
        return found

    def report_at(self, location: str, key: str, known: Mapping[str, str]) -> None:
        hint = nearest(key, [*known, *known.values()]) or "可用：" + "、".join(known)
        self.problems.append(
            Problem("scenario-key", mask(f"情景文件没有“{key[:40]}”这一项"), mask(location), hint)
        )

    def items(self, node: Node | None, what: str, *, limit: int = 1000) -> list[Node]:
        """The items of a list; absent is empty, a single text is one item."""
        if node is None:
            return []
        if isinstance(node.value, str):
            return [node]
        if not isinstance(node.value, list) or len(node.value) > limit:
            self.report(node, "scenario-list", f"“{what}”应为列表，最多 {limit} 项")
            return []
        return node.value

    def text(self, node: Node, what: str) -> str:
        value: Any = node.value
        if not isinstance(value, str) or not value.strip() or len(value) > 100:
            self.report(node, "scenario-text", f"{what}应为 1 至 100 个字的文字")
            return ""
        return normal(value)
