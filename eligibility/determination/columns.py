"""The columns of a test sheet that speak of the case: where `成员[甲].收入.工资性收入` stands, and what a cell there means.

A path is made of the names of fields (Chinese or English), and for a list of which item is meant: `成员[甲]` by its
number or name, `家庭.车辆[1]` by its position. `列表.种类` is short for the item of that kind: its amount (for
impairments the grade), or whether there is one. Cells keep their place in the sheet, so that whatever is wrong with a
row is reported at the cell it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, get_args

from ..case import Case, Person
from ..case.fields import Model, Shape, normal, shapes
from ..errors import nearest
from ..reading import Node

NONE: Final = "无"
SEPARATOR: Final = "、"
"""Between the words of a list in one cell."""

_PRESENT: Final = (True, "是", "有")
_ABSENT: Final = (False, "否", NONE)
_UNKNOWN: Final = ("未知", "unknown")
_STEP = re.compile(r"([^.\[\]]+)(?:\[([^\[\]]+)\])?(?:\.(?=.)|\Z)")


class PathProblem(Exception):
    """A column names no place in a case, or its cell cannot go there; `hint` is the nearest name."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class _Step(NamedTuple):
    """One step into a mapping: a field, perhaps with the item of its list (`[…]`) or with a kind (`.种类`)."""

    owner: type[Model]
    shape: Shape
    item: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column as named in the sheet, and the steps to its place in a case."""

    name: str
    steps: tuple[_Step, ...]

    def put(self, case: Node, cell: Node) -> Node:
        """The case with the cell at this place; what was given stays as it is. Raises `PathProblem`."""
        return _put(case, self.steps, cell)

    def without(self, case: Node, item: str) -> Node:
        """The list at this place without one item, by its name or position. Raises `PathProblem` if it is not there."""
        whole, shape = self.find(case), self.steps[-1].shape
        found = _item(_items(whole), shape, item) if shape.model is not None else None
        if whole is None or found is None:
            raise PathProblem(f"“{shape.title}”里没有 [{item[:40]}]")
        return replace(whole, value=[each for each in _items(whole) if each is not found])

    def find(self, case: Node) -> Node | None:
        """What stands at this place, which names a field; None where nothing is written."""
        node: Node | None = case
        for _, shape, item, _ in self.steps:
            if node is None or not isinstance(node.value, dict):
                return None
            names = (shape.key, shape.title)
            node = next((inner for key, inner in node.value.items() if normal(key) in names), None)
            if item is not None:
                node = _item(_items(node), shape, item)
        return node


def read_column(name: str, members: Iterable[str]) -> Column:
    """The column of a name, for a case with these members. Raises `PathProblem` for a place that does not exist."""
    parts = [(match[1], match[2]) for match in _STEP.finditer(name)]
    spelled = ".".join(word + (f"[{item}]" if item else "") for word, item in parts)
    if not name or spelled != name:
        raise PathProblem("列名应写作 家庭.货币财产、成员[编号].出生日期 的样子")
    steps: list[_Step] = []
    model: type[Model] | None = Case
    while parts:
        word, item = (text and normal(text) for text in parts.pop(0))
        if model is None:
            raise PathProblem(f"“{steps[-1].shape.title}”下面没有更细的项")
        shape = shapes(model).get(word)
        if shape is None:
            raise PathProblem(f"没有“{word[:40]}”这一列或这个字段", nearest(word[:40], shapes(model)))
        listed = shape.many and shape.model is not None
        if item is not None and not listed:
            raise PathProblem(f"“{shape.title}”不是列表，不能写 [{item[:40]}]")
        if item is not None and not parts:
            raise PathProblem(f"“{shape.title}[{item[:40]}]”后面还要写是哪个字段")
        kind = None
        if listed and item is None and parts:
            kind = normal(parts[0][0])
            if parts[0][1] is not None or len(parts) > 1:
                raise PathProblem(f"要写是哪一项、哪个字段，如 {shape.title}[{kind[:40]}].…")
            parts = []
        if (named := item or kind) is not None:
            _check_item(shape, named, by_kind=kind is not None, members=members)
        steps.append(_Step(model, shape, item, kind))
        model = shape.model
    return Column(name, tuple(steps))


def _check_item(shape: Shape, named: str, *, by_kind: bool, members: Iterable[str]) -> None:
    """Refuses an item that cannot be in a list."""
    model = shape.model
    assert model is not None
    key = item_key(model)
    if model is Person:
        if named not in (known := list(members)):
            raise PathProblem(f"没有编号为“{named[:40]}”的成员", nearest(named, known))
    elif key is None:
        if by_kind or _position(named) is None:
            raise PathProblem(f"“{shape.title}”要写第几项，如 {shape.title}[1]")
    elif by_kind and named in shapes(model):
        raise PathProblem(f"要写是哪一项，如 {shape.title}[1].{named}")
    elif key.choices and named not in key.choices and (by_kind or _position(named) is None):
        raise PathProblem(f"应为 {'、'.join(key.choices)} 之一", nearest(named, key.choices))


def item_key(model: type[Model]) -> Shape | None:
    """The field that tells the items of a list apart: the one that each must have."""
    found = next((shape for shape in shapes(model).values() if shape.required), None)
    return None if found is None or found.many else found


def _position(item: str) -> int | None:
    """A position counted from 1, if that is what is written."""
    return int(item) if item.isascii() and item.isdigit() and len(item) <= 3 else None


# —— Putting a cell in its place ——


def _put(node: Node | None, steps: Sequence[_Step], cell: Node) -> Node:
    """A mapping with the cell at the end of the steps."""
    (owner, shape, item, kind), rest = steps[0], steps[1:]
    node = node if node is not None and isinstance(node.value, dict) else replace(cell, value={})
    assert isinstance(node.value, dict)
    entries = dict(node.value)
    written = next((key for key in entries if normal(key) in (shape.key, shape.title)), shape.title)
    former = entries.get(written)
    if kind is not None:
        entries[written] = _with_kind(former, shape, kind, cell)
    elif item is not None:
        entries[written] = _with_item(former, shape, item, rest, cell)
    elif rest:
        entries[written] = _put(former, rest, cell)
    else:
        entries[written] = _value(owner, shape, cell)
    return replace(node, value=entries)


def _with_item(former: Node | None, shape: Shape, item: str, rest: Sequence[_Step], cell: Node) -> Node:
    """The list with the cell put into one of its items; an item of a kind that is not there yet is added."""
    assert shape.model is not None
    items = _items(former)
    key, position = item_key(shape.model), _position(item)
    found = [i for i, each in enumerate(items) if key is not None and _named(each, key) == item]
    if not found and position is not None and 1 <= position <= len(items):
        found = [position - 1]
    if not found:
        if key is None or position is not None or shape.model is Person:
            raise PathProblem(f"“{shape.title}”里没有 [{item[:40]}]")
        items.append(replace(cell, value=item))
        found = [len(items) - 1]
    if len(found) > 1:
        raise PathProblem(f"“{shape.title}”里有几项 [{item[:40]}]，请写第几项，如 {shape.title}[1]")
    chosen = items[found[0]]
    if key is not None and isinstance(chosen.value, str):  # written as one word
        chosen = replace(chosen, value={key.title: replace(chosen, key_place=None)})
    items[found[0]] = _put(chosen, rest, cell)
    return replace(former or cell, value=items)


def _with_kind(former: Node | None, shape: Shape, kind: str, cell: Node) -> Node:
    """The list with one item of a kind as the cell says, or with none."""
    assert shape.model is not None
    key, table = item_key(shape.model), shapes(shape.model)
    assert key is not None
    said = normal(cell.value) if isinstance(cell.value, str) else cell.value
    amount = next((table[name] for name in ("amount", "grade") if name in table), None)
    same = [each for each in _items(former) if _named(each, key) == kind]
    others = [each for each in _items(former) if _named(each, key) != kind]
    if _one_of(said, _ABSENT):
        return replace(former or cell, value=others)
    word = replace(cell, value=kind)
    if amount is not None:
        same = [replace(cell, value={key.title: word, amount.title: cell})]
    elif not _one_of(said, _PRESENT):
        raise PathProblem("应写 是 或 否")
    elif not same:
        same = [replace(cell, value={key.title: word})]
    return replace(former or cell, value=[*others, *same])


def _item(items: list[Node], shape: Shape, item: str) -> Node | None:
    """The first item of a list that goes by a name, or by its position."""
    assert shape.model is not None
    key, position = item_key(shape.model), _position(item)
    found = [each for each in items if key is not None and _named(each, key) == item]
    if not found and position is not None:
        found = items[max(0, position - 1) : position]
    return found[0] if found else None


def _items(node: Node | None) -> list[Node]:
    return list(node.value) if node is not None and isinstance(node.value, list) else []


def _named(item: Node, key: Shape) -> str | None:
    """The kind of an item, written in full or as one word."""
    value: Any = item.value
    if isinstance(value, dict):
        value = next((n.value for name, n in value.items() if normal(name) in (key.key, key.title)), None)
    return normal(value) if isinstance(value, str) else None


def _one_of(said: object, words: tuple[object, ...]) -> bool:
    return any(said is word if isinstance(word, bool) else said == word for word in words)


def _value(owner: type[Model], shape: Shape, cell: Node) -> Node:
    """What a cell says of a whole field: text stands for the words of a list, and for a whole number where one must be."""
    if not isinstance(cell.value, str):
        return cell
    text = normal(cell.value)
    if shape.many and text not in _UNKNOWN:
        words = [] if text == NONE else text.split(SEPARATOR)
        return replace(cell, value=[replace(cell, value=word.strip()) for word in words])
    if _whole(owner.model_fields[shape.attribute].annotation) and text.isascii() and text.isdigit():
        return replace(cell, value=int(text[:9]))
    return cell


def _whole(annotation: Any) -> bool:
    """Whether a field is a whole number, which text is not."""
    return annotation is int or any(map(_whole, get_args(annotation)))
