"""Reading text files strictly: YAML 1.2 (and JSON, which is YAML) with a place for every value.

Used for case files and for rulesets alike. Refused before anything is built: files over 1 MB, nesting over
50 levels, anchors and tags, duplicate keys, several documents. Scalars follow the YAML 1.2 core schema only, so
`no`, `0101` and `2025-07-01` stay what they look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .errors import EligibilityError, InputError, Problem, reason_of

MAX_BYTES = 1_000_000
MAX_DEPTH = 50

Scalar = str | int | float | bool | None


@dataclass(slots=True)
class Node:
    """A value in a file together with its place (line and column counted from 1).

    `value` is a scalar, a list of nodes, or a dict from key to node; `flow` tells a collection written
    in one-line form.
    """

    value: Scalar | list[Node] | dict[str, Node]
    file: str
    line: int
    column: int
    flow: bool = False
    key_place: tuple[int, int] | None = None

    @property
    def location(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def key_location(self) -> str:
        """Where the key of this value stands (the value itself, if it has none)."""
        line, column = self.key_place or (self.line, self.column)
        return f"{self.file}:{line}:{column}"

    def data(self) -> Any:
        """The plain Python value, without places."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def find(self, path: tuple[str | int, ...]) -> Node:
        """The node at `path`, or the deepest one on the way that exists."""
        node = self
        for step in path:
            inner = node.value
            found = None
            if isinstance(inner, dict) and isinstance(step, str):
                found = inner.get(step)
            elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
                found = inner[step]
            if found is None:
                break
            node = found
        return node


def read_file(path: Path, *, error: type[EligibilityError] = InputError) -> Node:
    """Reads one YAML or JSON file (UTF-8). Raises `error` with file, line and column."""
    return read_text(file_text(path, error=error), file=str(path), error=error)


def file_text(path: Path, *, error: type[EligibilityError] = InputError) -> str:
    """The text of a file: UTF-8, with or without a byte order mark, not too large. Raises `error`."""
    name = str(path)
    try:
        if not path.is_file() and path.exists():  # a device or a pipe may never end
            raise error(Problem("file-unreadable", "这不是普通文件", name))
        if path.stat().st_size > MAX_BYTES:
            raise error(
                Problem("file-too-large", f"文件超过 {MAX_BYTES // 10**6} MB 上限", name, "一户一个文件")
            )
        raw = path.read_bytes()
    except OSError as failure:
        raise error(Problem("file-unreadable", _unreadable(failure), name)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(Problem("file-encoding", "文件不是 UTF-8 编码", name, "请另存为 UTF-8")) from None


def _unreadable(failure: OSError) -> str:
    """Why a file cannot be read, in Chinese for what people meet."""
    if isinstance(failure, FileNotFoundError):
        return "没有这个文件"
    if isinstance(failure, PermissionError):
        return "没有读这个文件的权限"
    return f"文件读不出来：{reason_of(failure)}"


def read_text(text: str, *, file: str = "<text>", error: type[EligibilityError] = InputError) -> Node:
    """Reads one YAML or JSON document from text. Raises `error` with file, line and column."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise error(Problem("file-too-large", f"内容超过 {MAX_BYTES // 10**6} MB 上限", file))
    return _Reader(text, file, error).read()


class _Reader:
    """Turns the parser's events into nodes, refusing what a strict file may not contain."""

    def __init__(self, text: str, file: str, error: type[EligibilityError]) -> None:
        self.file, self.error = file, error
        self.events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)

    def read(self) -> Node:
        root: Node | None = None
        try:
            for event in self.events:
                if isinstance(event, DocumentStartEvent):
                    if root is not None:
                        raise self.fail(
                            event, "yaml-documents", "一个文件只能有一份内容，不能用 --- 分成几份"
                        )
                    root = self.node(next(self.events), 0)
        except MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            place = f"{self.file}:{mark.line + 1}:{mark.column + 1}" if mark else self.file
            raise self.error(Problem("yaml-syntax", f"不是合法的 YAML：{problem.problem}", place)) from None
        except YAMLError as problem:
            reason = str(problem).splitlines()[0] if str(problem) else "无法识别"
            raise self.error(Problem("yaml-syntax", f"不是合法的 YAML：{reason}", self.file)) from None
        if root is None:
            raise self.error(Problem("file-empty", "文件是空的", self.file))
        return root

    def fail(self, event: Event, code: str, message: str, hint: str | None = None) -> EligibilityError:
        mark = event.start_mark
        return self.error(Problem(code, message, f"{self.file}:{mark.line + 1}:{mark.column + 1}", hint))

    def node(self, event: Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.fail(event, "yaml-depth", f"嵌套超过 {MAX_DEPTH} 层")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise self.fail(event, "yaml-anchor", "不允许锚点和引用（& 与 *）")
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            raise self.fail(event, "yaml-tag", "不允许标签（!）")
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, ScalarEvent):
            plain = event.style is None or event.style == ""
            return Node(_scalar(event.value) if plain else event.value, self.file, line, column)
        if isinstance(event, SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self.events), SequenceEndEvent):
                items.append(self.node(inner, depth + 1))
            return Node(items, self.file, line, column, bool(event.flow_style))
        assert isinstance(event, MappingStartEvent)
        entries: dict[str, Node] = {}
        while not isinstance(key := next(self.events), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                raise self.fail(key, "yaml-key", "键必须是一个词")
            if key.value in entries:
                raise self.fail(key, "yaml-duplicate-key", f"键“{key.value}”重复")
            if key.value == "<<":
                raise self.fail(key, "yaml-anchor", "不允许合并键 <<")
            value = self.node(next(self.events), depth + 1)
            value.key_place = (key.start_mark.line + 1, key.start_mark.column + 1)
            entries[key.value] = value
        return Node(entries, self.file, line, column, bool(event.flow_style))


_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z"
)
_CONSTANTS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def _scalar(text: str) -> Scalar:
    """An unquoted scalar by the YAML 1.2 core schema (numbers with a leading zero stay text: they are codes)."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        digits = text.lstrip("+-")
        if (len(digits) > 1 and digits[0] == "0") or len(digits) > 15:
            return text
        return int(text)
    if _FLOAT.match(text):
        return float(re.sub(r"\.(?=[a-zA-Z])", "", text))
    return text
