"""Reading the fields of a ruleset file: every mapping says which keys it knows, every value is checked where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from ..errors import Problem, RulesetError, nearest
from ..quantities import Month
from ..reading import Node

_FOLDED = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef]) (?=[\u2e80-\u9fff\uff00-\uffef])")
"""The space that folding a long Chinese text over lines leaves between two signs."""


def fail(node: Node, code: str, message: str, hint: str | None = None) -> RulesetError:
    """An error at the place of a node."""
    return RulesetError(Problem(code, message, node.location, hint))


def word(node: Node, what: str) -> str:
    """A non-empty text, trimmed (an unquoted count is read as its digits)."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, str | int):
        kind = "浮点数，请加引号" if isinstance(value, float) else "空的或不是文字"
        raise fail(node, "ruleset-text", f"{what}应是文字，这里是{kind}")
    text = _FOLDED.sub("", str(value)).strip()
    if not text:
        raise fail(node, "ruleset-text", f"{what}是空的")
    return text


def read_name(node: Node, what: str) -> str:
    """A name that expressions may use: NFKC-normalised, as expressions are."""
    return unicodedata.normalize("NFKC", word(node, what))


def raw_text(node: Node, what: str) -> str:
    """A text kept exactly as written (an expression, a quotation)."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    if not isinstance(node.value, str) or not node.value.strip():
        raise fail(node, "ruleset-text", f"{what}应是文字")
    return node.value.strip()


def month(node: Node, what: str) -> Month:
    """A month such as "2025-07"."""
    try:
        return Month(word(node, what))
    except ValueError as error:
        raise fail(node, "ruleset-month", f"{what}：{error}") from None


def day(node: Node, what: str) -> date:
    """A day such as "2025-09-20"."""
    try:
        return date.fromisoformat(word(node, what))
    except ValueError:
        raise fail(node, "ruleset-date", f"{what}应是日期，写法如 2025-09-20") from None


def sequence(node: Node, what: str) -> list[Node]:
    """The items of a list."""
    if not isinstance(node.value, list):
        raise fail(node, "ruleset-list", f"{what}应是列表")
    return node.value


def mapping(node: Node, what: str) -> dict[str, Node]:
    """The entries of a mapping."""
    if not isinstance(node.value, dict):
        raise fail(node, "ruleset-mapping", f"{what}应是“键: 值”的形式")
    return node.value


class Fields:
    """A mapping with a fixed set of keys; an unknown key is refused with the nearest known one."""

    def __init__(self, node: Node, what: str, known: Iterable[str]) -> None:
        self.node, self.what = node, what
        self.entries = mapping(node, what)
        names = tuple(known)
        for key, value in self.entries.items():
            if key not in names:
                hint = nearest(key, names) or "可用：" + "、".join(names)
                problem = Problem(
                    "ruleset-unknown-key", f"{what}里没有“{key}”这一项", value.key_location, hint
                )
                raise RulesetError(problem)

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def get(self, key: str) -> Node | None:
        return self.entries.get(key)

    def need(self, key: str) -> Node:
        node = self.entries.get(key)
        if node is None:
            raise fail(self.node, "ruleset-missing-key", f"{self.what}缺少“{key}”")
        return node

    def text(self, key: str) -> str:
        return word(self.need(key), f"{self.what}的 {key}")

    def name(self, key: str) -> str:
        return read_name(self.need(key), f"{self.what}的 {key}")

    def text_or_none(self, key: str) -> str | None:
        node = self.entries.get(key)
        return None if node is None or node.value is None else word(node, f"{self.what}的 {key}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one; absent is empty."""
        node = self.entries.get(key)
        if node is None:
            return ()
        items = node.value if isinstance(node.value, list) else [node]
        return tuple(word(item, f"{self.what}的 {key}") for item in items)

    def month_or_none(self, key: str) -> Month | None:
        node = self.entries.get(key)
        return None if node is None or node.value is None else month(node, f"{self.what}的 {key}")

    def one_of(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        if key not in self.entries and default is not None:
            return default
        text, known = self.text(key), tuple(choices)
        if text not in known:
            raise fail(
                self.need(key),
                "ruleset-choice",
                f"{self.what}的 {key} 不能是“{text}”",
                "可用：" + "、".join(known),
            )
        return text
