"""Overrides: one fact of a case, one field, or one figure of the law, put otherwise in a scenario.

    成员["母亲"].收入.工资性收入 = 3000        a fact of the law, or any field of the case by its path
    货币财产 = 50000                          a fact of the household, with or without 家庭.
    家庭.车辆[1] = 无                         one item of a list taken away
    低保标准 = 1520 from 2026-07              a figure of the law, for months from then on; without from for every month

Facts and fields edit the case, which is then read again, so that what contradicts itself is refused. Figures make
another edition; the ruleset itself stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..case import Case, Context, Fact, canonical, mask, parse_case
from ..case.fields import normal
from ..case.models import PERSON_LISTS
from ..determination.columns import Column, PathProblem, read_column
from ..errors import InputError, Problem, nearest
from ..language.nodes import Symbol
from ..quantities import Month
from ..reading import Node
from ..ruleset.edition import Edition, overridable
from ..ruleset.model import Ruleset
from ..ruleset.names import read_value
from ..ruleset.resolve import read_month
from ..values import Level
from .places import NONE, UNKNOWN, Content, Refused, fact_names, fact_of, quoted, value_of, written

_SIDES = re.compile(r"((?:[^=\[\]]|\[[^\]]*\])+)=(.*)\Z", re.DOTALL)
_VALUE = re.compile(
    r"""(?:["“'](?P<quoted>[^"“”']*)["”']|(?P<plain>.*?))"""
    r"""(?:\s+(?:from|自)\s*(?P<month>[^\s"“”']+?)\s*起?)?\Z""",
    re.DOTALL,
)
_QUOTED_ITEM = re.compile(r"""\[\s*["“'](.*?)["”']\s*\]""")
_OF_PARENT = re.compile(r"成员\[([^\[\]]+)\]\.(?:儿童\.)?父母\[([12])\]\.(.+)\Z", re.DOTALL)
_OF_PERSON = re.compile(r"成员\[([^\[\]]+)\]\.(.+)\Z", re.DOTALL)
_OF_HOUSEHOLD = re.compile(r"家庭\.(.+)\Z", re.DOTALL)
_FIELD = re.compile(r"(?:家庭|household|成员|members)[.\[]")
_MEMBER = re.compile(r"(?:成员|members)\[([^\[\]]+)\]")
_ITEM = re.compile(r"(?!成员\[[^\[\]]*\]\.[^.]+\Z)(.+)\[(?!\d+\])[^\[\]]+\]\.[^.\[\]]+")
"""A field of an item that is named by its kind, in any list but that of the members."""
_ITEM_ITSELF = re.compile(r"(.+)\[([^\[\]]+)\]")
_HOW: Final = '写作 名称 = 值，如 成员["母亲"].收入.工资性收入 = 3000、家庭.货币财产 = 50000、低保标准 = 1520 from 2026-07'


@dataclass(frozen=True, slots=True)
class CaseOverride:
    """A change of the case: `content` at `path`. `fact` is set where the override names a fact of the law.

    `text` is the override as written (NFKC), `location` where it was written. `sensitive` facts are never shown. With
    `removed` set, that item of the list at `path` is taken away and `content` says nothing.
    """

    text: str
    location: str | None
    path: str
    content: Content
    value: str
    fact: Fact | None = None
    member: str | None = None
    slot: int | None = None
    sensitive: bool = False
    removed: str | None = None

    @property
    def shown(self) -> str:
        """The override as others may see it."""
        return "（一项不公开的事实）" if self.sensitive else mask(self.text)

    @property
    def name(self) -> str:
        """What is changed, without the value."""
        return mask(self.text.partition("=")[0].strip())[:60]


@dataclass(frozen=True, slots=True)
class FigureOverride:
    """Another figure for a parameter or a named assumption, from month `start` on (None: for every month)."""

    text: str
    location: str | None
    name: str
    value: str
    start: Month | None = None

    @property
    def shown(self) -> str:
        """The override as others may see it."""
        return self.text


Override = CaseOverride | FigureOverride


def parse_override(text: str, rules: Ruleset, *, location: str | None = None) -> Override:
    """One override in the vocabulary of a ruleset, typed and checked; `location` is where it was written.

    Raises `InputError` for a name that does not exist (with the nearest), a value of another type, and a fact that
    cannot be set by itself (with the field to write instead). Whether a member exists is seen when it is applied.
    """
    text = normal(text)
    try:
        return _parse(text, rules, location)
    except Refused as refused:
        name = text.partition("=")[0].strip()[:60]  # what stands behind it may be personal
        message = mask(f"“{name}”：{refused.message}")
        raise InputError(Problem(refused.code, message, location, refused.hint)) from None


def _parse(text: str, rules: Ruleset, location: str | None) -> Override:
    sides = _SIDES.match(text)
    value = _VALUE.match(sides[2].strip()) if sides else None
    if sides is None or value is None or not (value["quoted"] or value["plain"]):
        raise Refused("override-syntax", "没有写成 名称 = 值", _HOW)
    name = _QUOTED_ITEM.sub(lambda found: f"[{found[1].strip()}]", sides[1])
    name = ".".join(part.strip() for part in name.split("."))
    given = (value["quoted"] or value["plain"]).strip()
    figures = overridable(rules)
    if name in figures:
        return _figure(text, location, name, given, value["month"], figures[name])
    if value["month"] is not None:
        raise Refused("override-from", "只有标准和假设可以写 from；事实按待遇月份读取")
    return _of_case(text, location, name, given, rules)


def _figure(
    text: str, location: str | None, name: str, given: str, month: str | None, symbol: Symbol
) -> FigureOverride:
    try:
        read_value(given, symbol.type, symbol.bounds)
    except (ValueError, TypeError) as error:
        raise Refused("override-value", f"“{name}”的值不合用：{error}") from None
    try:
        start = None if month is None else read_month(month)
    except InputError as error:
        raise Refused("override-from", error.problems[0].message.replace("待遇月份", "起始月份")) from None
    return FigureOverride(text, location, name, given, start)


def _of_case(text: str, location: str | None, name: str, given: str, rules: Ruleset) -> CaseOverride:
    """An override of a fact, or else of a field by its path."""
    level, member, slot, rest = _subject(name)
    fact = fact_of(rest, level, rules)
    if fact is not None:
        if normal(given) not in UNKNOWN:
            value_of(fact, given)
        path, content = written(fact, member, slot, given)
        return CaseOverride(text, location, path, content, given, fact, member, slot, fact.sensitive)
    if not _FIELD.match(name):
        raise _unknown(name, rules)
    if rest.startswith("收入.") and level is Level.PERSON:
        kind = rest.partition(".")[2]
        hint = nearest(kind, rules.income_kinds) or "可用：" + "、".join(rules.income_kinds)
        raise Refused("unknown-income-kind", f"规则集没有收入种类“{kind[:40]}”", hint)
    listed = _ITEM_ITSELF.fullmatch(name) if given in NONE else None
    path = name if listed is None else listed[1]
    try:
        column = read_column(path, [member] if member else [])
    except PathProblem as problem:
        closest = nearest(rest, fact_names(level, rules)) or problem.hint
        raise Refused("unknown-name", problem.message, closest) from None
    sensitive = any(step.shape.sensitive for step in column.steps)
    cell = "无" if given in NONE else given
    removed = None if listed is None else listed[2]
    return CaseOverride(
        text, location, path, cell, given, member=member, sensitive=sensitive, removed=removed
    )


def _subject(name: str) -> tuple[Level, str | None, int | None, str]:
    """Whose a name is: level, member, which parent, and the name without them."""
    if (found := _OF_PARENT.match(name)) is not None:
        return Level.PARENT, found[1], int(found[2]), found[3]
    if (found := _OF_PERSON.match(name)) is not None:
        return Level.PERSON, found[1], None, found[2]
    household = _OF_HOUSEHOLD.match(name)
    member = _MEMBER.match(name)
    return Level.HOUSEHOLD, member and member[1], None, household[1] if household else name


def _unknown(name: str, rules: Ruleset) -> Refused:
    """Why a name without a subject means nothing: it is a member's, it is computed, it is a table, or it is misspelt."""
    for level, whose in ((Level.PERSON, '成员["…"].'), (Level.PARENT, '成员["…"].父母[1].')):
        if fact_of(name, level, rules) is not None:
            return Refused("override-subject", "要写明是谁的", f"写作 {whose}{name}")
    if name in rules.definitions:
        return Refused("override-derived", "这是规则算出来的，不能直接改", "请改它依据的事实或标准")
    if (parameter := rules.parameters.get(name)) is not None and parameter.keys:
        return Refused("override-table", "这是一张表，不能整个改成一个数", "请用叠加规则改其中的格")
    for assumption in rules.assumptions.values():
        if assumption.name == name:
            return Refused("override-month", "这个假设决定版本的起止月份，不能在情景里改", "请用叠加规则改")
    known = [*fact_names(Level.HOUSEHOLD, rules), *overridable(rules)]
    others = [*fact_names(Level.PERSON, rules), *fact_names(Level.PARENT, rules)]
    hint = nearest(name, known) or nearest(name, others)
    return Refused("unknown-name", f"没有“{name[:40]}”这个事实、标准或假设", hint)


# —— Applying ——


def apply_to_edition(edition: Edition, overrides: Iterable[Override]) -> Edition:
    """The edition with the figures of the overrides that hold in its month; the same edition if there are none."""
    figures = [o for o in overrides if isinstance(o, FigureOverride)]
    holding = [o for o in figures if o.start is None or o.start <= edition.month]
    in_order = sorted(holding, key=lambda o: (o.start is not None, o.start or edition.month))
    values = {o.name: o.value for o in in_order}
    return edition.with_values(values) if values else edition


def apply_to_case(case: Case, overrides: Iterable[Override], *, month: Month | None = None) -> Case:
    """The case with the facts and fields of the overrides, read again; the same case if there are none.

    Raises `InputError` at the place of the override: for a member or an item that is not there, a value the field does
    not take, a case that contradicts itself; with `month`, also for a fact that other fields keep from taking effect.
    """
    changes = [o for o in overrides if isinstance(o, CaseOverride)]
    if not changes:
        return case
    members = [person.id for person in case.members]
    node, problems = _node(canonical(case)), []
    for change in changes:
        try:
            path = _kept(change, node, members)
            column = read_column(path, members)
            _check_list(case, node, path, column, change.member)
            node = column.put(node, _cell(change, column, node))
        except PathProblem as problem:
            message = f"“{change.name}”：{problem.message}"
            problems.append(Problem("override-place", message, change.location, problem.hint))
    if problems:
        raise InputError(problems)
    try:
        changed = parse_case(node)
    except InputError as error:
        raise InputError([_placed(problem, changes) for problem in error.problems]) from None
    if month is not None:
        _check_effect(changed, changes, month)
    return changed


def _kept(change: CaseOverride, node: Node, members: Sequence[str]) -> str:
    """The path of an amount of one kind: where there is one monthly item of it, what else that says is kept."""
    listed, _, kind = change.path.rpartition(".")
    column = read_column(change.path, members)
    shape = column.steps[-1].shape
    if column.steps[-1].kind is None or shape.model is None or "amount" not in shape.model.model_fields:
        return change.path
    items = read_column(listed, members).find(node)
    found = [item.data() for item in (items.value if items and isinstance(items.value, list) else ())]
    same = [
        item for item in found if isinstance(item, dict) and kind in (item.get("kind"), item.get("programme"))
    ]
    amounts = normal(change.value) not in ("是", "否", "有", "无", "true", "false")
    whole = len(same) == 1 and not {"period", "from", "until"} & set(same[0])
    return f"{listed}[{kind}].金额" if whole and amounts else change.path


def _check_list(case: Case, node: Node, path: str, column: Column, member: str | None) -> None:
    """Refuses one item for a list nobody knows: with it, the list would say that there is nothing else."""
    if column.steps[-1].kind is not None:
        listed = path.rpartition(".")[0]
    elif (found := _ITEM.fullmatch(path)) is not None:
        listed = found[1]
    else:
        return
    whole = read_column(listed, [person.id for person in case.members])
    shape = whole.steps[-1].shape
    if whole.find(node) is None and not _declared_empty(case, shape.key, member, ".父母[" in listed):
        message = f"“{shape.title}”整个未知，只写其中一种就等于说没有别的"
        raise PathProblem(message, f"没有别的，就先写 {quoted(listed)} = 无")


def _declared_empty(case: Case, name: str, member: str | None, of_parent: bool) -> bool:
    """Whether the case declares a list that it does not write to be empty."""
    if case.declaration is None:
        return False
    lists = case.declaration.person_lists(member) if member else case.declaration.household_lists()
    everything = len(lists) == len(PERSON_LISTS)  # only then does it speak of the impairments of parents
    return name in lists and (everything or not of_parent or name == "circumstances")


def _placed(problem: Problem, changes: Sequence[CaseOverride]) -> Problem:
    """A problem of the changed case at the override it comes from; one elsewhere in the case at the first."""
    places = {change.location for change in changes}
    location = (problem.location or "").removesuffix(":0:0")
    if location in places:
        return replace(problem, location=location or None)
    return replace(problem, message=f"改动以后的个案：{problem.message}", location=changes[0].location)


def _check_effect(case: Case, changes: Sequence[CaseOverride], month: Month) -> None:
    """Refuses overrides after which the fact still reads otherwise in the month."""
    context, problems = Context(case, month), []
    for change in changes:
        fact = change.fact
        if fact is None or normal(change.value) in UNKNOWN:
            continue
        person = context.by_id.get(change.member or "")
        subject: Any = person
        if change.slot is not None and person is not None:
            subject = context.parents(person)[change.slot - 1]
        if fact.read(subject, context) != value_of(fact, change.value):
            message = f"“{change.name}”：改了以后，{month} 读到的仍不是这个值"
            hint = f"同时要改与它有关的字段，见 {quoted(fact.place(change.member or '', change.slot or 1))}"
            problems.append(Problem("override-no-effect", message, change.location, hint))
    if problems:
        raise InputError(problems)


def _node(value: Any) -> Node:
    """Plain data as nodes without a place."""
    if isinstance(value, dict):
        value = {key: _node(inner) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [_node(inner) for inner in value]
    return Node(value, "", 0, 0)


def _cell(change: CaseOverride, column: Column, node: Node) -> Node:
    """What an override writes, at the place of the override."""
    content, location = change.content, change.location or ""
    if change.removed is not None:
        return column.without(node, change.removed)
    if isinstance(content, str):
        return Node(content, location, 0, 0)
    items = [Node({k: Node(v, location, 0, 0) for k, v in item.items()}, location, 0, 0) for item in content]
    return Node(items, location, 0, 0)


def shown(overrides: Iterable[Override]) -> str:
    """Overrides in one line, as others may see them."""
    return "；".join(_texts(overrides))


def _texts(overrides: Iterable[Override]) -> Iterator[str]:
    return (override.shown for override in overrides)
