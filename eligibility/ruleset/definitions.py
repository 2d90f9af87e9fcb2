"""Reading definitions and income kinds. A definition is built when first used, so a cycle is met on the way and drawn."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Problem, RulesetError
from ..language import Node as Expression
from ..language import Symbol, render
from ..language import typing as rules
from ..language.nodes import Origin, Type
from ..reading import Node
from ..values import LEVEL_NAMES, Kind, Level
from . import names as naming
from .fields import Fields, fail, mapping, sequence
from .model import Definition, IncomeKind, IncomeRule, Version
from .versions import VERSION_KEYS, Common, refuse_flow


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
                    Problem("definition-cycle", f"定义绕成了圈：{loop}", self.nodes[name].key_location)
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
            raise fail(fields.need("otherwise"), "ruleset-value", f"{what}：otherwise 只能是 none（零）")
        zero = self.common.expression(Node("0", "", 0, 0), self.scope, level, what)
        rows = []
        for name, row in mapping(fields.need("rows"), f"{what}的 rows").items():
            cells = Fields(row, f"{what}的“{name}”行", ("when", "value"))
            for key in ("when", "value"):
                if not cells.text(key).replace("_", "").isalnum():
                    raise fail(cells.need(key), "ruleset-row", f"{cells.what}：{key} 只能是一个名称")
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
            return rules.extreme("max", (zero, *(rules.choose(when, value, zero) for _, when, value in rows)))
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
                raise fail(entry, "ruleset-value", f"{what}：counts 为 above 时要写 exempt，其他时候不写")
            if counts == "above":
                exempt = self.common.expression(version.need("exempt"), self.scope, Level.PERSON, what)
                if not exempt.type.counts_money:
                    raise fail(
                        version.need("exempt"), "expression-type", f"{what}：“{render(exempt)}”不是金额"
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
