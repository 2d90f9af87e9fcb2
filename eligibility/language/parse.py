"""From text to checked nodes: Python's own grammar, a short whitelist of it, names from a scope.

`parse_expression` is the only way in. The text is limited before it is parsed (2,000 characters), its tree after
(50 levels); figures are read from the text as decimals, never as floats; everything that is not on the list is
refused with the place inside the expression.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Iterable
from fractions import Fraction
from typing import Protocol

from ..errors import Problem, RulesetError, nearest
from ..values import Kind, Level, Value
from . import typing as rules
from .nodes import COLLECTIONS, INTEGER, RATE, TRUTH, Constant, Lookup, Node, Ref, Symbol, Type
from .typing import TypeProblem

MAX_LENGTH = 2_000
MAX_DEPTH = 50
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_NUMBER = re.compile(r"\d+(\.\d+)?\Z", re.ASCII)
_FULL_WIDTH = {
    "（": "(", "）": ")", "，": ",", "＜": "<", "＞": ">", "＝": "=", "＋": "+", "－": "-", "×": "*", "＊": "*",
    "÷": "/", "／": "/", "“": '"', "”": '"', "‘": '"', "’": '"', "≤": "<=", "≥": ">=", "≠": "!=", "！": "!", "。": ".",
    "［": "[", "］": "]", "【": "[", "】": "]", "；": ",", "：": ":", "％": "%",
}  # fmt: skip
_COMPARE = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_ROUNDINGS = ("round_down", "round_half_up", "round_up")
_LIFTS = ("any", "all", "count", "sum", "max", "min")
FUNCTIONS = ("min", "max", "years", "months", "any", "all", "count", "sum", *_ROUNDINGS)


class Scope(Protocol):
    """The names an expression may use. A dotted name is looked up whole: `低保.符合`, `收入.工资性收入`."""

    def symbol(self, name: str) -> Symbol | None: ...

    def table(self, name: str) -> tuple[Symbol, tuple[tuple[str, frozenset[str]], ...]] | None:
        """A table parameter: its symbol and its keys, each with its name and the texts it may have."""
        ...

    def names(self) -> Iterable[str]: ...


class _Refusal(Exception):
    def __init__(self, node: ast.AST | None, code: str, message: str, hint: str | None = None) -> None:
        self.node, self.code, self.message, self.hint = node, code, message, hint


def parse_expression(text: str, scope: Scope, *, location: str, level: Level) -> Node:
    """Parses and checks one expression that stands at `location` and may use names up to `level`.

    Raises `RulesetError` with the place, the character inside the expression, and the nearest name.
    """
    try:
        tree = _tree(text)
        node = _Builder(text, scope).build(tree)
        if node.level > level:
            raise _Refusal(
                None, "expression-level", "算式用到内层的名称，须用 any、all、count、sum、max、min 取到外层"
            )
        return node
    except _Refusal as refusal:
        place = ""
        if refusal.node is not None and hasattr(refusal.node, "col_offset"):
            prefix = text.encode()[: refusal.node.col_offset].decode(errors="ignore")
            place = f"第 {len(prefix) + 1} 个字："
        raise RulesetError(
            Problem(refusal.code, f"{place}{refusal.message}", location, refusal.hint)
        ) from None


def changed_names(text: str) -> tuple[tuple[str, str], ...]:
    """Words of an expression that Unicode normalisation (NFKC) changes, as (written, read)."""
    words = re.findall(r"[\w\u2e80-\u2fdf]+", _QUOTED.sub(" ", text))
    return tuple((w, n) for w in words if (n := unicodedata.normalize("NFKC", w)) != w)


def _tree(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise _Refusal(None, "expression-length", f"算式有 {len(text)} 个字，上限 {MAX_LENGTH}")
    outside = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    for index, character in enumerate(outside):
        if character in _FULL_WIDTH:
            raise _Refusal(
                None,
                "expression-full-width",
                f"第 {index + 1} 个字：全角符号“{character}”",
                f"应写成半角 {_FULL_WIDTH[character]}",
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(_readable(text), mode="eval").body
    except SyntaxError as error:
        position = f"第 {error.offset} 个字附近：" if error.offset else ""
        raise _Refusal(None, "expression-syntax", f"{position}写法不对，读不成算式") from None
    except (RecursionError, MemoryError, ValueError):
        raise _Refusal(None, "expression-syntax", "算式嵌套过深或含有不可用的字符") from None
    if _depth(tree) > MAX_DEPTH:
        raise _Refusal(None, "expression-depth", f"算式嵌套超过 {MAX_DEPTH} 层")
    return tree


def _readable(text: str) -> str:
    """The text as it is parsed: one line, everything outside quotes NFKC-normalised."""
    parts, end = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [unicodedata.normalize("NFKC", text[end : quoted.start()]), quoted[0]]
        end = quoted.end()
    parts.append(unicodedata.normalize("NFKC", text[end:]))
    return "".join(parts).replace("\n", " ").strip("\r ")


def _depth(tree: ast.AST) -> int:
    deepest, layer = 0, [tree]
    while layer:
        deepest += 1
        layer = [child for node in layer for child in ast.iter_child_nodes(node)]
    return deepest


class _Builder:
    """Walks the syntax tree once; each method answers one construct of the language."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = _readable(text)
        self.scope = scope
        self.lifted = False

    def build(self, node: ast.expr) -> Node:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise _Refusal(node, "expression-construct", f"不支持的写法：{type(node).__name__}")
        try:
            built: Node = method(node)
            return built
        except TypeProblem as problem:
            raise _Refusal(node, problem.code, problem.message) from None

    def _constant(self, node: ast.Constant) -> Node:
        if isinstance(node.value, str):
            if not node.value:
                raise _Refusal(node, "expression-construct", "引号里是空的")
            value = unicodedata.normalize("NFKC", node.value)
            return Constant(value, Type(Kind.ENUM, choices=frozenset([value])))
        source = ast.get_source_segment(self.text, node) or ""
        if not _NUMBER.match(source):
            raise _Refusal(node, "expression-number", f"数字“{source}”的写法不支持，只写 12 或 1.2")
        if "." in source:
            rate = Fraction(source)
            return Constant(rate, RATE, bounds=rules.number_bounds(rate))
        count = int(source)
        return Constant(count, INTEGER, bounds=rules.number_bounds(count))

    def _name(self, node: ast.Name) -> Node:
        return self._reference(node, node.id)

    def _attribute(self, node: ast.Attribute) -> Node:
        if not isinstance(node.value, ast.Name):
            raise _Refusal(node, "expression-construct", "点号前面只能是一个名称，如 项目.符合、收入.种类")
        return self._reference(node, f"{node.value.id}.{node.attr}")

    def _reference(self, node: ast.expr, name: str) -> Node:
        symbol = self.scope.symbol(name)
        if symbol is None:
            if self.scope.table(name) is not None:
                raise _Refusal(node, "expression-table", f'“{name}”是表，要写明取哪一格，如 {name}["…"]')
            if name in COLLECTIONS:
                raise _Refusal(node, "expression-level", f"“{name}”是一组人，只能写在 any、count 等的第一项")
            raise _Refusal(node, "unknown-name", f"没有“{name}”这个名称", nearest(name, self.scope.names()))
        bounds = rules.DATE_BOUNDS if symbol.type.kind is Kind.DATE else symbol.bounds
        return Ref(symbol, symbol.type, symbol.level, bounds)

    def _subscript(self, node: ast.Subscript) -> Node:
        table = self.scope.table(node.value.id) if isinstance(node.value, ast.Name) else None
        if table is None or not isinstance(node.value, ast.Name):
            raise _Refusal(node, "expression-table", "方括号前面要是一张标准表的名称")
        symbol, expected = table
        written = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        keys = tuple(self.build(key) for key in written)
        if len(keys) != len(expected):
            names = "、".join(name for name, _ in expected)
            raise _Refusal(node, "expression-table", f"“{symbol.name}”要 {len(expected)} 个键：{names}")
        for key, (name, choices) in zip(keys, expected, strict=True):
            if not isinstance(key, Constant | Ref) or key.type.kind is not Kind.ENUM:
                raise _Refusal(node, "expression-table", f"键“{name}”要写成引号里的文字，或一个选项类的名称")
            beyond = (key.type.choices or frozenset()) - choices
            if key.type.choices is None or beyond:
                listed = "、".join(sorted(beyond)) or "任意文字"
                raise _Refusal(node, "expression-table", f"“{symbol.name}”的键“{name}”没有：{listed}")
        level = max((key.level for key in keys), default=Level.HOUSEHOLD)
        return Lookup(symbol, keys, symbol.type, level, symbol.bounds)

    def _binop(self, node: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            raise _Refusal(node, "expression-construct", f"不支持的运算：{type(node.op).__name__}")
        return rules.arithmetic(operator, self.build(node.left), self.build(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.Not):
            return rules.logic("not", (self.build(node.operand),))
        if isinstance(node.op, ast.USub):
            zero = Constant(0, INTEGER, bounds=rules.number_bounds(0))
            return rules.arithmetic("-", zero, self.build(node.operand))
        raise _Refusal(node, "expression-construct", "不支持的符号")

    def _boolop(self, node: ast.BoolOp) -> Node:
        return rules.logic(
            "and" if isinstance(node.op, ast.And) else "or", tuple(self.build(value) for value in node.values)
        )

    def _compare(self, node: ast.Compare) -> Node:
        if any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            return self._membership(node)
        if len(node.ops) > 1 and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            raise _Refusal(node, "expression-construct", "连写的比较里不能有 == 和 !=")
        sides = [self.build(side) for side in (node.left, *node.comparators)]
        parts: list[Node] = []
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            operator = _COMPARE.get(type(op))
            if operator is None:
                raise _Refusal(node, "expression-construct", f"不支持的比较：{type(op).__name__}")
            parts.append(rules.compare(operator, left, right))
        return parts[0] if len(parts) == 1 else rules.logic("and", tuple(parts))

    def _membership(self, node: ast.Compare) -> Node:
        listed = node.comparators[0]
        if len(node.ops) != 1 or not isinstance(listed, ast.Tuple) or not listed.elts:
            raise _Refusal(
                node, "expression-construct", 'in 的写法：名称 in ("甲", "乙")；只有一项时写 ("甲",)'
            )
        choices: list[str] = []
        for element in listed.elts:
            if not isinstance(element, ast.Constant) or not isinstance(element.value, str):
                raise _Refusal(element, "expression-construct", "in 的括号里只能是引号里的文字")
            choices.append(unicodedata.normalize("NFKC", element.value))
        inside = rules.contains(self.build(node.left), tuple(dict.fromkeys(choices)))
        return rules.logic("not", (inside,)) if isinstance(node.ops[0], ast.NotIn) else inside

    def _ifexp(self, node: ast.IfExp) -> Node:
        return rules.choose(self.build(node.test), self.build(node.body), self.build(node.orelse))

    def _call(self, node: ast.Call) -> Node:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else "…"
            raise _Refusal(node, "expression-function", f"没有“{name}”这个函数", nearest(name, FUNCTIONS))
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise _Refusal(node, "expression-construct", "函数的参数只按次序写")
        name, arguments = node.func.id, node.args
        first = arguments[0] if arguments else None
        if name in _LIFTS and isinstance(first, ast.Name) and first.id in COLLECTIONS:
            return self._lift(node, name, COLLECTIONS[first.id])
        if name in ("any", "all", "count", "sum"):
            raise _Refusal(node, "expression-function", f"{name} 的第一项要是 {'、'.join(COLLECTIONS)}")
        if name in _ROUNDINGS:
            unit = arguments[1] if len(arguments) == 2 else None
            if not isinstance(unit, ast.Constant) or not isinstance(unit.value, str):
                raise _Refusal(node, "expression-function", f'{name} 的写法：{name}(金额, "分")')
            return rules.rounding(name, self.build(arguments[0]), unit.value)
        if name in ("min", "max"):
            if len(arguments) < 2:
                raise _Refusal(node, "expression-function", f"{name} 至少要两项")
            return rules.extreme(name, tuple(self.build(argument) for argument in arguments))
        if len(arguments) not in ((1,) if name == "years" else (1, 2)):
            raise _Refusal(node, "expression-function", f"{name} 的参数个数不对")
        dates = [self.build(argument) for argument in arguments]
        return rules.elapsed(name, dates[0], dates[1] if len(dates) == 2 else None)

    def _lift(self, node: ast.Call, name: str, collection: Level) -> Node:
        if len(node.args) != 2:
            raise _Refusal(node, "expression-function", f"{name} 要两项：哪些人，和一个算式")
        if self.lifted:
            raise _Refusal(node, "expression-level", "any、count 等不能套用")
        self.lifted = True
        body = self.build(node.args[1])
        self.lifted = False
        if body.level > collection:
            raise _Refusal(node, "expression-level", "里面的算式用到更内层的名称")
        return rules.lift(name, collection, body)


__all__ = ["FUNCTIONS", "TRUTH", "Scope", "Value", "changed_names", "parse_expression"]
