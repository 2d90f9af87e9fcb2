"""Reading parameters.yaml: dated figures, links between them, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import product

from ..errors import Problem, RulesetError, nearest
from ..language import Symbol
from ..language.nodes import Bounds, Origin, Type
from ..reading import Node
from ..values import Level, Value
from . import names as naming
from .fields import Fields, fail, mapping, sequence, word
from .model import Link, Parameter, ParameterValue, Provenance, Version
from .versions import VERSION_KEYS, Common


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
        self, entry: Node, what: str, kind: Type, bounds: Bounds | None, keys: tuple[str, ...]
    ) -> Version[ParameterValue]:
        own = ("value", "equals", "table", "source", "article", "quote", "provenance", "last_known", "note")
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
            "provenance", [p.value for p in Provenance][:4], "assumption" if unknown else None
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
        self, node: Node, what: str, kind: Type, bounds: Bounds | None, keys: tuple[str, ...]
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
