"""From the nodes of ruleset files to the model of the law: every value checked where it stands.

Order: sources, assumptions (their months may date everything else), parameters, income kinds, then definitions and
programmes, whose expressions are typed against all of these. Definitions are built when first used, so their order
in the file does not matter and a cycle is met on the way and drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import product
from typing import TypeVar

from ..errors import Problem, RulesetError, nearest
from ..language import Node as Expression
from ..language import Symbol, parse_expression, render
from ..language import typing as rules
from ..language.nodes import Bounds, Origin, Type
from ..language.parse import changed_names
from ..quantities import Month
from ..reading import Node
from ..values import LEVEL_NAMES, Kind, Level, Value
from . import names as naming
from .fields import Fields, day, fail, mapping, raw_text, read_name, sequence, word
from .model import (
    Assumption,
    Citation,
    Dated,
    Definition,
    IncomeKind,
    IncomeRule,
    Link,
    Parameter,
    ParameterValue,
    Provenance,
    Source,
    Version,
)

T = TypeVar("T")
VERSION_KEYS = ("from", "until", "issued", "published", "corrects", "assumes", "cite")
GRADES = ("A", "B", "C", "D", "doc", "R")


class Common:
    """What every part of a ruleset file needs: sources, assumptions, versions, expressions."""

    def __init__(self, sources: Mapping[str, Source], assumptions: Mapping[str, Assumption]) -> None:
        self.sources, self.assumptions = sources, assumptions
        self.months = {a.name: a for a in assumptions.values() if a.name and a.month}
        self.named = {a.name: a for a in assumptions.values() if a.name}
        self.notices: list[str] = []

    def assumes(self, fields: Fields) -> tuple[str, ...]:
        for name in (listed := fields.texts("assumes")):
            if name not in self.assumptions:
                hint = nearest(name, self.assumptions)
                raise fail(
                    fields.need("assumes"),
                    "unknown-assumption",
                    f"没有假设“{name}”",
                    hint,
                )
        return listed

    def citation(self, node: Node | None, what: str) -> Citation | None:
        if node is None:
            return None
        fields = Fields(node, f"{what}的依据", ("source", "article", "quote"))
        return self.cited(fields)

    def cited(self, fields: Fields) -> Citation | None:
        source = fields.text_or_none("source")
        if source is None:
            return None
        if source not in self.sources:
            raise fail(
                fields.need("source"), "unknown-source", f"没有文件“{source}”", nearest(source, self.sources)
            )
        quote = fields.get("quote")
        return Citation(
            source,
            fields.text_or_none("article"),
            raw_text(quote, "引文") if quote else None,
        )

    def month(self, node: Node, what: str) -> tuple[Month, tuple[str, ...]]:
        """A month, or the assumption that settles it (then its id too)."""
        text = read_name(node, what)
        if (assumption := self.months.get(text)) is not None and assumption.month is not None:
            return assumption.month, (assumption.id,)
        try:
            return Month(text), ()
        except ValueError:
            hint = nearest(text, self.months)
            raise fail(
                node,
                "ruleset-month",
                f'{what}应是月份（如 "2025-07"）或一个月份假设的名称',
                hint,
            ) from None

    def version(
        self, fields: Fields, content: T, *, start: Month | None, cite: Citation | None
    ) -> Version[T]:
        """One version from its fields; `start` stands in for an absent `from`."""
        begin, begin_assumes = (start, ()) if start else (None, ())
        if "from" in fields or begin is None:
            begin, begin_assumes = self.month(fields.need("from"), f"{fields.what}的 from")
        until, until_assumes = None, ()
        if (node := fields.get("until")) is not None and node.value is not None:
            until, until_assumes = self.month(node, f"{fields.what}的 until")
            if until <= begin:
                raise fail(node, "ruleset-period", f"{fields.what}：until 不晚于 from")
        published, assumed = self._published(fields, begin)
        issued = fields.get("issued")
        assumes = dict.fromkeys((*self.assumes(fields), *begin_assumes, *until_assumes))
        return Version(
            start=begin,
            until=until,
            published=published,
            publication_assumed=assumed,
            issued=day(issued, "issued") if issued and issued.value is not None else None,
            corrects=fields.text_or_none("corrects"),
            cite=cite,
            assumes=tuple(assumes),
            location=fields.node.location,
            content=content,
        )

    @staticmethod
    def _published(fields: Fields, start: Month) -> tuple[date, bool]:
        node = fields.get("published")
        if node is None or node.value is None:
            return start.first_day, True
        if isinstance(node.value, dict):
            return day(
                Fields(node, "published", ("assumed",)).need("assumed"),
                "published.assumed",
            ), True
        return day(node, "published"), False

    def dated(self, versions: list[Version[T]], node: Node, what: str) -> Dated[T]:
        """A version list, refusing two versions between which nothing decides."""
        seen: dict[tuple[Month, date], Version[T]] = {}
        for version in versions:
            key = (version.start, version.published)
            if key in seen:
                raise RulesetError(
                    Problem(
                        "version-ambiguous",
                        f"{what}有两个版本都从 {version.start} 起、同日公布，分不出先后",
                        version.location,
                        "更正要写 corrects 和更晚的 published",
                    )
                )
            seen[key] = version
        if not versions:
            raise fail(node, "ruleset-versions", f"{what}没有任何版本")
        return Dated(tuple(versions))

    def expression(self, node: Node, scope: naming.Names, level: Level, what: str) -> Expression:
        """A checked expression; `what` names the place for the reader."""
        text = raw_text(node, what)
        for written, read in changed_names(text):
            self.notices.append(f"{node.location}: “{written}”按“{read}”理解")
        return parse_expression(text, scope, location=node.location, level=level)


def refuse_flow(node: Node, what: str) -> None:
    """Refuses one-line form around an expression: there, a comma would silently cut it."""
    if node.flow:
        raise fail(
            node,
            "ruleset-flow",
            f"{what}含有算式，不能写成一行的 {{…}}",
            "请改写成多行，每项一行",
        )


def build_sources(node: Node) -> dict[str, Source]:
    known = (
        "title",
        "issuer",
        "number",
        "issued",
        "published",
        "grade",
        "evidence",
        "quote",
        "quotes",
        "link",
        "note",
    )
    result = {}
    for name, item in mapping(node, "sources").items():
        fields = Fields(item, f"文件“{name}”", known)
        quotes = [raw_text(q, "引文") for q in _list(fields.get("quotes"))]
        if (quote := fields.get("quote")) is not None:
            quotes.append(raw_text(quote, "引文"))
        result[name] = Source(
            id=name,
            title=fields.text("title"),
            issuer=fields.texts("issuer"),
            number=fields.text_or_none("number"),
            issued=fields.text_or_none("issued"),
            published=fields.text_or_none("published"),
            grade=fields.one_of("grade", GRADES) if "grade" in fields else None,
            evidence=fields.text_or_none("evidence"),
            quotes=tuple(quotes),
            link=fields.text_or_none("link"),
            note=fields.text_or_none("note"),
            location=item.key_location,
        )
    return result


def _list(node: Node | None) -> list[Node]:
    return [] if node is None else node.value if isinstance(node.value, list) else [node]


def build_assumptions(node: Node) -> dict[str, Assumption]:
    result: dict[str, Assumption] = {}
    names: dict[str, str] = {}
    for identifier, item in mapping(node, "assumptions").items():
        what = f"假设 {identifier}"
        fields = Fields(item, what, ("question", "name", "type", "value", "alternatives", "basis"))
        alias, kind, value, month, text = None, None, None, None, None
        if "name" in fields:
            alias = fields.name("name")
            kind = naming.TYPES[fields.one_of("type", naming.TYPES)]
            text = fields.text("value")
            try:
                value = naming.read_value(text, kind, naming.type_bounds(kind))
                month = Month(text) if kind.kind is Kind.DATE else None
            except (ValueError, TypeError) as error:
                raise fail(
                    fields.need("value"),
                    "ruleset-value",
                    f"{what}的值“{text}”不合用：{error}",
                ) from None
            if alias in names:
                raise fail(item, "duplicate-name", f"{what}与 {names[alias]} 重名“{alias}”")
            names[alias] = identifier
        elif "value" in fields:
            text = fields.text("value")
        result[identifier] = Assumption(
            id=identifier,
            question=fields.text("question"),
            basis=fields.text("basis"),
            alternatives=fields.texts("alternatives"),
            name=alias,
            type=kind,
            value=value,
            text=text,
            month=month,
            location=item.key_location,
        )
    return result


class Parameters:
    """Reads parameters.yaml; an assumption that has a name is a parameter too."""

    def __init__(self, node: Node, common: Common) -> None:
        self.common = common
        self.built: dict[str, Parameter] = {}
        self.entries = mapping(node, "parameters")
        for name, item in self.entries.items():
            if name in common.named:
                raise RulesetError(Problem("duplicate-name", f"标准“{name}”与假设重名", item.key_location))
            self.built[name] = self._parameter(name, item)
        for parameter in self.built.values():
            self._check_links(parameter)
        self._check_loops()

    def _parameter(self, name: str, item: Node) -> Parameter:
        what = f"标准“{name}”"
        fields = Fields(item, what, ("unit", "english", "keys", "rule", "values", "note"))
        unit = fields.text("unit")
        found = naming.unit_type(unit)
        if found is None:
            raise fail(
                fields.need("unit"),
                "ruleset-unit",
                f"{what}的单位“{unit}”不认识",
                f"可用：{naming.KNOWN_UNITS}",
            )
        kind, bounds = found
        keys = fields.texts("keys")
        versions = [
            self._version(entry, what, kind, bounds, keys) for entry in sequence(fields.need("values"), what)
        ]
        texts: list[set[str]] = [set() for _ in keys]
        for version in versions:
            cells = version.content.value
            if isinstance(cells, Mapping):
                for cell in cells:
                    for place, text in zip(texts, cell, strict=True):
                        place.add(text)
        for version in versions:
            table = version.content.value
            if isinstance(table, Mapping) and (missing := set(product(*texts)) - set(table)):
                message = f"{what}自 {version.start} 起的表缺少这一格：{'、'.join(min(missing))}"
                raise RulesetError(
                    Problem("ruleset-table", message, version.location, "没有查到的写 unknown")
                )
        return Parameter(
            name=name,
            english=fields.text_or_none("english"),
            unit=unit,
            symbol=Symbol(name, Origin.PARAMETER, Level.HOUSEHOLD, kind, bounds),
            keys=tuple((key, frozenset(place)) for key, place in zip(keys, texts, strict=True)),
            rule=fields.text_or_none("rule"),
            dated=self.common.dated(versions, item, what),
            location=item.key_location,
        )

    def _version(
        self,
        entry: Node,
        what: str,
        kind: Type,
        bounds: Bounds | None,
        keys: tuple[str, ...],
    ) -> Version[ParameterValue]:
        own = (
            "value",
            "equals",
            "table",
            "source",
            "article",
            "quote",
            "provenance",
            "last_known",
            "note",
        )
        fields = Fields(entry, f"{what}的一个版本", (*VERSION_KEYS, *own))
        given = [key for key in ("value", "equals", "table") if key in fields]
        if len(given) != 1 or (given == ["table"]) != bool(keys):
            expected = "table" if keys else "value 或 equals"
            raise fail(entry, "ruleset-value", f"{what}的版本要写且只写 {expected}")
        value: Value | Link | Mapping[tuple[str, ...], Value | Link]
        if given == ["equals"]:
            value = Link(fields.name("equals"))
        elif given == ["table"]:
            value = self._table(fields.need("table"), what, kind, bounds, keys)
        else:
            value = self._value(fields.need("value"), what, kind, bounds)
        unknown = given == ["value"] and fields.text("value") in ("unknown", "未知")
        last = fields.get("last_known")
        provenance = fields.one_of(
            "provenance",
            [p.value for p in Provenance][:4],
            "assumption" if unknown else None,
        )
        content = ParameterValue(
            value=value,
            provenance=Provenance(provenance),
            last_known=self._value(last, what, kind, bounds) if last is not None else None,
            note=fields.text_or_none("note"),
        )
        return self.common.version(fields, content, start=None, cite=self.common.cited(fields))

    @staticmethod
    def _value(node: Node, what: str, kind: Type, bounds: Bounds | None) -> Value:
        text = word(node, what)
        try:
            return naming.read_value(text, kind, bounds)
        except (ValueError, TypeError) as error:
            raise fail(node, "ruleset-value", f"{what}的值“{text}”不合用：{error}") from None

    def _table(
        self,
        node: Node,
        what: str,
        kind: Type,
        bounds: Bounds | None,
        keys: tuple[str, ...],
    ) -> dict[tuple[str, ...], Value | Link]:
        """All cells by their key texts. A cell is a value, `unknown`, or the name of a parameter."""
        cells: dict[tuple[str, ...], Value | Link] = {}

        def visit(inner: Node, path: tuple[str, ...]) -> None:
            if len(path) < len(keys):
                for text, deeper in mapping(inner, f"{what}的表（键“{keys[len(path)]}”）").items():
                    visit(deeper, (*path, text))
            elif isinstance(inner.value, str) and inner.value in self.entries:
                cells[path] = Link(inner.value)
            else:
                cells[path] = self._value(inner, f"{what}的 {'、'.join(path)} 格", kind, bounds)

        visit(node, ())
        return cells

    def _check_links(self, parameter: Parameter) -> None:
        for version in parameter.dated.versions:
            for link in version.content.links:
                target = self.built.get(link.name)
                if target is None or target.keys or target.symbol.type != parameter.symbol.type:
                    hint = nearest(link.name, self.built)
                    message = f"equals 的“{link.name}”不是同类的标准"
                    raise RulesetError(Problem("unknown-name", message, version.location, hint))

    def _check_loops(self) -> None:
        """Refuses figures that are each other's value, in whatever months; the loop is drawn."""
        graph = {
            name: {link.name for version in parameter.dated.versions for link in version.content.links}
            for name, parameter in self.built.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            loop = list(reversed(error.args[1]))
            message = f"标准的 equals 绕成了圈：{' → '.join(loop)}"
            raise RulesetError(Problem("definition-cycle", message, self.built[loop[0]].location)) from None


def _signed(node: Node) -> bool:
    """Whether amounts of an income kind may be negative (`signed: true`)."""
    flag = node.value.get("signed") if isinstance(node.value, dict) else None
    if flag is not None and not isinstance(flag.value, bool):
        raise fail(flag, "ruleset-value", "signed 只能是 true 或 false")
    return flag is not None and flag.value is True


class Definitions:
    """Reads the definitions and income kinds; each definition is built when first used."""

    def __init__(self, common: Common, nodes: Mapping[str, Node], income: Mapping[str, Node]) -> None:
        self.common, self.nodes = common, nodes
        self.built: dict[str, Definition] = {}
        self.path: list[str] = []
        self.scope: naming.Names
        self.income_nodes = income
        self.income_signed = {name: _signed(node) for name, node in income.items()}

    def symbol(self, name: str) -> Symbol:
        """The symbol of a definition, building it if need be; a cycle is drawn."""
        if name not in self.built:
            if name in self.path:
                loop = " → ".join([*self.path[self.path.index(name) :], name])
                raise RulesetError(
                    Problem(
                        "definition-cycle",
                        f"定义绕成了圈：{loop}",
                        self.nodes[name].key_location,
                    )
                )
            self.path.append(name)
            self.built[name] = self._definition(name, self.nodes[name])
            self.path.pop()
        return self.built[name].symbol

    def _definition(self, name: str, node: Node) -> Definition:
        what = f"定义“{name}”"
        fields = Fields(node, what, ("for", "title", "english", "versions"))
        level = LEVEL_NAMES[fields.one_of("for", LEVEL_NAMES)]
        versions = [self._version(entry, what, level) for entry in sequence(fields.need("versions"), what)]
        dated = self.common.dated(versions, node, what)
        return Definition(
            name=name,
            title=fields.text_or_none("title") or name,
            english=fields.text_or_none("english"),
            symbol=self._joined(name, level, versions),
            dated=dated,
            location=node.key_location,
        )

    def _version(self, entry: Node, what: str, level: Level) -> Version[Expression]:
        known = (*VERSION_KEYS, "value", "choose", "rows", "otherwise")
        fields = Fields(entry, f"{what}的一个版本", known)
        refuse_flow(entry, what)
        if ("value" in fields) == ("rows" in fields):
            raise fail(entry, "ruleset-value", f"{what}的版本要写 value 或 rows，且只写一样")
        if "rows" in fields:
            expression = self._rows(fields, what, level)
        else:
            expression = self.common.expression(fields.need("value"), self.scope, level, what)
        cite = self.common.citation(fields.get("cite"), what)
        return self.common.version(fields, expression, start=None, cite=cite)

    def _rows(self, fields: Fields, what: str, level: Level) -> Expression:
        """A decision table as one expression: the highest (or the first) of the rows that hold."""
        choose = fields.one_of("choose", ("highest", "first"))
        if fields.text("otherwise") != "none":
            raise fail(
                fields.need("otherwise"),
                "ruleset-value",
                f"{what}：otherwise 只能是 none（零）",
            )
        zero = self.common.expression(Node("0", "", 0, 0), self.scope, level, what)
        rows = []
        for name, row in mapping(fields.need("rows"), f"{what}的 rows").items():
            cells = Fields(row, f"{what}的“{name}”行", ("when", "value"))
            for key in ("when", "value"):
                if not cells.text(key).replace("_", "").isalnum():
                    raise fail(
                        cells.need(key),
                        "ruleset-row",
                        f"{cells.what}：{key} 只能是一个名称",
                    )
            when, value = (
                self.common.expression(cells.need(k), self.scope, level, what) for k in ("when", "value")
            )
            rows.append((row, when, value))
        if not rows:
            raise fail(fields.need("rows"), "ruleset-row", f"{what}的 rows 是空的")
        try:
            if choose == "first":
                result = zero
                for _, when, value in reversed(rows):
                    result = rules.choose(when, value, result)
                return result
            return rules.extreme(
                "max",
                (zero, *(rules.choose(when, value, zero) for _, when, value in rows)),
            )
        except rules.TypeProblem as problem:
            raise fail(fields.need("rows"), problem.code, f"{what}：{problem.message}") from None

    def _joined(self, name: str, level: Level, versions: list[Version[Expression]]) -> Symbol:
        """One symbol for all versions: the same type throughout, bounds that cover each."""
        nodes = [version.content for version in versions]
        first = nodes[0].type
        if all(node.type.numeric for node in nodes):
            try:
                kind = rules.additive_type(tuple(nodes), f"定义“{name}”的各版本")
                bounds = [rules.bounds_of(node) for node in nodes]
                shared = rules.common_bounds(bounds, name)
            except rules.TypeProblem as problem:
                raise RulesetError(
                    Problem(problem.code, problem.message, self.nodes[name].key_location)
                ) from None
            return Symbol(name, Origin.DEFINITION, level, kind, shared)
        if any(node.type.kind is not first.kind for node in nodes):
            listed = "、".join(f"{v.start} 起是{v.content.type}" for v in versions)
            message = f"定义“{name}”的各版本类型不同：{listed}"
            raise RulesetError(Problem("expression-type", message, self.nodes[name].key_location))
        if first.kind is Kind.ENUM:
            choices: frozenset[str] | None = frozenset()
            for node in nodes:
                choices = (
                    None if choices is None or node.type.choices is None else choices | node.type.choices
                )
            return Symbol(name, Origin.DEFINITION, level, Type(Kind.ENUM, choices=choices))
        return Symbol(name, Origin.DEFINITION, level, first, nodes[0].bounds)

    def build_all(self) -> dict[str, Definition]:
        for name in self.nodes:
            self.symbol(name)
        return self.built

    def build_income_kinds(self) -> dict[str, IncomeKind]:
        return {name: self._income_kind(name, node) for name, node in self.income_nodes.items()}

    def _income_kind(self, name: str, node: Node) -> IncomeKind:
        what = f"收入种类“{name}”"
        english, entries = None, node
        if isinstance(node.value, dict):
            fields = Fields(node, what, ("signed", "english", "versions"))
            english, entries = fields.text_or_none("english"), fields.need("versions")
        versions = []
        for entry in sequence(entries, what):
            version = Fields(entry, f"{what}的一个版本", (*VERSION_KEYS, "counts", "exempt"))
            counts = version.one_of("counts", ("all", "none", "above"))
            exempt = None
            if (counts == "above") != ("exempt" in version):
                raise fail(
                    entry,
                    "ruleset-value",
                    f"{what}：counts 为 above 时要写 exempt，其他时候不写",
                )
            if counts == "above":
                exempt = self.common.expression(version.need("exempt"), self.scope, Level.PERSON, what)
                if not exempt.type.counts_money:
                    raise fail(
                        version.need("exempt"),
                        "expression-type",
                        f"{what}：“{render(exempt)}”不是金额",
                    )
            cite = self.common.citation(version.get("cite"), what)
            versions.append(self.common.version(version, IncomeRule(counts, exempt), start=None, cite=cite))
        return IncomeKind(
            name,
            english,
            self.income_signed[name],
            self.common.dated(versions, node, what),
            node.key_location,
        )
