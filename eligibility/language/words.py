"""An expression in Chinese words, for people who read rules and do not write them: what `render` says, read aloud.

`in_words` gives one sentence; `clauses` the same as a tree of short lines, where one sentence would be too long to
follow. Words never take the place of the expression: they stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..values import Kind, Level
from .nodes import (
    Arithmetic,
    Choose,
    Compare,
    Constant,
    Contains,
    Elapsed,
    Extreme,
    Lift,
    Logic,
    Lookup,
    Node,
    Origin,
    Ref,
    Rounding,
    Symbol,
    decimal_text,
)

LONG: Final = 40
"""Signs from which a sentence is taken apart into lines."""

_OR, _AND, _ATOM, _SUM, _PRODUCT, _NAME = 1, 2, 4, 5, 6, 9
"""How closely the parts of a sentence hold together; a looser part stands in brackets."""

_CONNECTIVES: Final = {"and": ("，并且", _AND), "or": ("，或者", _OR)}
_HEADS: Final = {"and": "符合以下各项", "or": "符合以下任一项"}
_SIGNS: Final = {"+": ("+", _SUM), "-": ("−", _SUM), "*": ("×", _PRODUCT), "/": ("÷", _PRODUCT)}
_ROUNDINGS: Final = {"round_half_up": "四舍五入到", "round_down": "舍去尾数到", "round_up": "向上进到"}
_UNITS: Final = {"years": "年", "months": "个月"}
_SPANS: Final = {"years": "整年数", "months": "整月数"}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MONEY: Final = {"<": "低于", "<=": "不高于", ">": "高于", ">=": "不低于", "==": "等于", "!=": "不等于"}
_COUNT: Final = {"<": "少于", "<=": "不超过", ">": "超过", ">=": "不少于", "==": "等于", "!=": "不等于"}
_DATE: Final = {"<": "早于", "<=": "不晚于", ">": "晚于", ">=": "不早于", "==": "是", "!=": "不是"}
_OTHER: Final = {"==": "为", "!=": "不为"}
_ELAPSED: Final = {"<": "未满{}", ">=": "满{}", "<=": "未满{}或者刚满{}整", ">": "满{}以后"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A line, and the lines below it that spell it out."""

    text: str
    parts: tuple[Clause, ...] = ()


def in_words(node: Node) -> str:
    """The node as one Chinese sentence without a full stop: `家庭月人均收入低于低保标准`."""
    return _say(node)


def clauses(node: Node) -> Clause:
    """The node as lines: a short sentence stays one line, a long one is taken apart where it joins or chooses."""
    sentence = _say(node)
    if len(sentence) <= LONG:
        return Clause(sentence)
    match node:
        case Logic(operator="not", items=(Logic(operator="and" | "or" as operator, items=items),)):
            return Clause(f"并非{_HEADS[operator]}", tuple(map(clauses, items)))
        case Logic(operator="and" | "or" as operator, items=items):
            return Clause(_HEADS[operator], tuple(map(clauses, items)))
        case Lift(operator="any" | "all", body=Logic(operator="and" | "or" as operator, items=items)):
            return Clause(f"{_members(node)}{_HEADS[operator]}", tuple(map(clauses, items)))
        case Choose():
            return Clause("按下列先后，取最先符合的一项", _cases(node))
        case Extreme(operator="max") if rows := _rows(node):
            return Clause("符合下列情形的取其数额，符合几项的取最高的一项，都不符合的为零", rows)
        case _:
            return Clause(sentence)


def _cases(node: Choose) -> tuple[Clause, ...]:
    """The branches of a choice, a choice within the last of them continued."""
    inner = clauses(node.then)
    first = Clause(f"{_say(node.condition)}：{inner.text}", inner.parts)
    if isinstance(node.otherwise, Choose):
        return (first, *_cases(node.otherwise))
    last = clauses(node.otherwise)
    return first, Clause(f"其余：{last.text}", last.parts)


def _rows(node: Extreme) -> tuple[Clause, ...]:
    """The rows of a decision table that takes the highest, as the loader builds it; none for any other extreme."""
    rows = [item for item in node.items if isinstance(item, Choose) and _is_zero(item.otherwise)]
    if len(rows) + sum(map(_is_zero, node.items)) < len(node.items):
        return ()
    return tuple(Clause(f"{_say(row.condition)}：{_say(row.then)}") for row in rows)


def _is_zero(node: Node) -> bool:
    return isinstance(node, Constant) and node.value == 0 and node.type.numeric


def _say(node: Node, outer: int = 0) -> str:
    text, binding = _said(node)
    return f"（{text}）" if binding < outer else text.replace("） ", "）").replace(" （", "（")


def _said(node: Node) -> tuple[str, int]:
    match node:
        case Constant(value=value):
            return (f"“{value}”" if isinstance(value, str) else decimal_text(value)), _NAME
        case Ref(symbol=symbol):
            return _name(symbol), _NAME
        case Arithmetic(operator=operator):
            sign, rank = _SIGNS[operator]
            return f"{_say(node.left, rank)} {sign} {_say(node.right, rank + 1)}", rank
        case Extreme():
            return _extreme(node)
        case Elapsed():
            return f"{_span(node)}的{_SPANS[node.unit]}", _NAME
        case Rounding():
            return f"{_say(node.item, _SUM)}，{_ROUNDINGS[node.name]}{node.unit}", 0
        case Compare():
            return _compared(node, node.operator), _ATOM
        case Contains():
            return _contained(node, "为"), _ATOM
        case Logic(operator="not", items=(item,)):
            return _denied(item), _ATOM
        case Logic(operator=operator, items=items):
            word, rank = _CONNECTIVES[operator]
            return word.join(_say(item, _ATOM) for item in items), rank
        case Choose():
            verb = "要求" if node.type.kind is Kind.TRUTH else "为"
            then, otherwise = _say(node.then, 1), _say(node.otherwise, 1)
            return f"{_say(node.condition, 1)}的，{verb}{then}，否则{verb}{otherwise}", 0
        case Lift():
            return _lifted(node), _ATOM
        case Lookup(symbol=symbol, keys=keys):
            cell = "、".join(key.value if _is_text(key) else _say(key, _NAME) for key in keys)  # type: ignore[union-attr,misc]
            return f"{symbol.name}（{cell}）", _NAME


def _is_text(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, str)


def _name(symbol: Symbol) -> str:
    """A name as it is said: a situation in quotation marks, a verdict as a short sentence."""
    base, _, attribute = symbol.name.partition(".")
    if symbol.origin is Origin.VERDICT:
        if attribute in ("符合", "不符合"):
            return f"{attribute}{base}"
        return f"{base}的{'应付额' if attribute == '应付' else attribute}"
    if attribute and base in ("在享", "在享月额"):
        return f"已在享受{attribute}" if base == "在享" else f"已在享受的{attribute}月额"
    if attribute:
        return f"{base}中的{attribute}"
    return f"“{base}”" if symbol.type.kind is Kind.TRUTH else base


def _extreme(node: Extreme) -> tuple[str, int]:
    rest = [item for item in node.items if not _is_zero(item)]
    if node.operator == "max" and len(rest) == 1 and len(node.items) == 2:
        return f"{_say(rest[0], _SUM)}，低于零的按零计", 0
    listed = "、".join(_say(item, _SUM) for item in node.items)
    which = {("max", True): "较大", ("min", True): "较小", ("max", False): "最大", ("min", False): "最小"}
    return f"{listed}中{which[node.operator, len(node.items) == 2]}的", 3


def _span(node: Elapsed) -> str:
    start = _say(node.start, _NAME)
    return f"自{start}起" if node.end is None else f"自{start}至{_say(node.end, _NAME)}"


def _compared(node: Compare, operator: str) -> str:
    left, right = node.left, node.right
    if isinstance(left, Constant) and not isinstance(right, Constant):
        left, right, operator = right, left, _MIRRORED[operator]
    if isinstance(left, Elapsed) and isinstance(right, Constant) and operator in _ELAPSED:
        length = f"{decimal_text(right.value)}{_UNITS[left.unit]}"
        return f"{_span(left)}{_ELAPSED[operator].replace('{}', length)}"
    return f"{_say(left, _SUM)}{_relation(left, operator)}{_say(right, _SUM)}"


def _relation(node: Node, operator: str) -> str:
    kind = node.type
    if kind.kind is Kind.DATE:
        return _DATE[operator]
    if not kind.numeric:
        return _OTHER[operator]
    return (_MONEY if kind.counts_money or kind.kind is Kind.RATE else _COUNT)[operator]


def _contained(node: Contains, verb: str) -> str:
    listed = "、".join(f"“{choice}”" for choice in node.choices)
    return f"{_say(node.item, _NAME)}{verb}{listed}" + ("之一" if len(node.choices) > 1 else "")


def _denied(item: Node) -> str:
    """The opposite of a condition; of a comparison of whole values, the opposite comparison."""
    match item:
        case Contains():
            return _contained(item, "不为")
        case Compare(operator=operator):
            return _compared(item, _OPPOSITE[operator])
        case Ref(symbol=symbol) if symbol.origin is Origin.VERDICT and symbol.name.endswith(".符合"):
            return f"不{_name(symbol)}"
        case _:
            return f"并非{_say(item, _NAME)}"


def _members(node: Lift) -> str:
    parents = node.collection is Level.PARENT
    if node.operator == "any":
        return "父母至少一方" if parents else "至少一名成员"
    return "父母双方都" if parents else "每名成员都"


def _lifted(node: Lift) -> str:
    whose, body = ("父母" if node.collection is Level.PARENT else "成员"), node.body
    if node.operator in ("any", "all"):
        return f"{_members(node)}符合{_say(body, _NAME)}"
    if node.operator == "count":
        return f"符合{_say(body, _NAME)}的{whose}人数"
    total = {"sum": "的合计", "max": "中最大的", "min": "中最小的"}[node.operator]
    if isinstance(body, Choose) and _is_zero(body.otherwise) and node.operator == "sum":
        return f"符合{_say(body.condition, _NAME)}的各{whose}{_say(body.then, _PRODUCT)}{total}"
    return f"各{whose}{_say(body, _PRODUCT)}{total}"
