"""Reading sources.yaml and assumptions.yaml: the documents the law rests on and the readings it leaves open."""

from __future__ import annotations

from ..quantities import Month
from ..reading import Node
from ..values import Kind
from . import names as naming
from .fields import Fields, fail, mapping, raw_text
from .model import Assumption, Source

GRADES = ("A", "B", "C", "D", "doc", "R")


def build_sources(node: Node) -> dict[str, Source]:
    """The documents by id. Raises `RulesetError` with the place."""
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
    """The assumptions by id; two with one name are refused. Raises `RulesetError` with the place."""
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
                    fields.need("value"), "ruleset-value", f"{what}的值“{text}”不合用：{error}"
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
