"""From a case file to a `Case`: keys in two languages, places for every error, all problems at once.

Three steps: keys are translated to those of the models and what is unknown is left out; the models check every value;
the case as a whole is checked for contradictions. Errors say where (file, line, column and the field's Chinese path),
what was expected, and the nearest name. They never repeat what was typed, except names of fields and member ids, and
everything passes through the mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..errors import InputError, Problem, nearest
from ..reading import Node, read_file
from .contradictions import contradictions
from .fields import Model, Shape, normal, shapes
from .identity import area_known, mask
from .models import (
    HOUSEHOLD_LISTS,
    NOTHING_ELSE,
    PERSON_LISTS,
    Case,
    Declaration,
    Path,
    declares_all,
    path_text,
)

MAX_PROBLEMS: Final = 50
"""Most problems one error lists; a file with more is not a case file with mistakes but something else."""

_ELSEWHERE: Final = frozenset({"expect", "预期", "rests_on", "依据"})
"""Top-level blocks of golden cases, which other readers read."""

_UNKNOWN: Final = frozenset({"unknown", "未知"})

_EXPECTED: Final[Mapping[str, tuple[str, str]]] = {
    "tuple_type": ("list", "应为列表，每项一行，以 - 开头；没有就写 []"),
    "model_type": ("mapping", "应为“名称: 值”的形式"),
    "model_attributes_type": ("mapping", "应为“名称: 值”的形式"),
    "dict_type": ("mapping", "应为“名称: 值”的形式"),
    "too_long": ("list-length", "最多 {max_length} 项"),
    "too_short": ("list-length", "至少 {min_length} 项"),
}


def load_case(path: FilePath | str) -> Case:
    """Reads one case file (YAML or JSON, UTF-8). Raises `InputError` with all problems and their places."""
    try:
        node = read_file(FilePath(path))
    except InputError as error:
        # Even the name of a file may hold an identity number.
        problems = [replace(problem, location=mask(problem.location or "")) for problem in error.problems]
        raise InputError(problems) from None
    return parse_case(node)


def parse_case(node: Node) -> Case:
    """A case from a file already read. Raises `InputError` with all problems and their places."""
    return _Reader(node).build(node.data())


def case_from_data(data: Mapping[str, Any]) -> Case:
    """A case from plain data with English or Chinese keys, as in a file. Raises `InputError` with all problems."""
    return _Reader(None).build(data)


def case_warnings(case: Case) -> tuple[str, ...]:
    """What is odd about a case but no error: identity numbers whose area code no table knows."""
    return tuple(
        f"{path_text(('members', number, 'identity_number'))}：前 6 位不是已知的行政区划代码，请核对"
        for number, person in enumerate(case.members)
        if person.identity_number is not None and not area_known(person.identity_number)
    )


_ABSENCE_SAYS: Final = {
    "period": "月",
    "from": "一向有效",
    "until": "一直有效",
    "certified": "已经诊断",
    "death_date": "在世",
    "lives_with_until": "仍共同生活",
}
"""Fields that say something definite by not being there; `unknown` in their place would be read as that."""


class _Reader:
    """Builds one case and collects what is wrong on the way; `node` gives places where there is a file."""

    def __init__(self, node: Node | None) -> None:
        self.node = node
        self.found: list[tuple[tuple[int, int], Problem]] = []
        self.unknown_lists: list[Path] = []

    def build(self, data: Any) -> Case:
        if not isinstance(data, Mapping):
            self.report("case-mapping", (), "个案应为“名称: 值”的形式")
        self.stop_if_any()
        data = {key: value for key, value in data.items() if key not in _ELSEWHERE}
        translated = self.translate(data, Case, ())
        case: Case | None = None
        try:
            case = Case.model_validate(translated)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=True):
                self.explain(detail)
        self.stop_if_any()
        assert case is not None
        for wrong in contradictions(case):
            self.report(wrong.code, wrong.path, wrong.message, wrong.hint)
        self.stop_if_any()
        return self.narrowed(case)

    def narrowed(self, case: Case) -> Case:
        """A declaration speaks of what is not listed; a list written as unknown is listed, so it stays unknown."""
        declaration = case.declaration
        if declaration is None or not self.unknown_lists:
            return case
        household = declaration.household_lists()
        members = {person.id: declaration.person_lists(person.id) for person in case.members}
        for path in self.unknown_lists:
            if path[0] == "household":
                household -= {str(path[-1])}
            elif isinstance(path[1], int):
                members[case.members[path[1]].id] -= {str(path[-1])}
        narrower = Declaration(
            household=tuple(name for name in HOUSEHOLD_LISTS if name in household) or None,
            members={
                member: True
                if len(names) == len(PERSON_LISTS)
                else tuple(n for n in PERSON_LISTS if n in names)
                for member, names in members.items()
                if names
            }
            or None,
        )
        return case.model_copy(update={"declaration": narrower})

    def translate(self, value: Any, model: type[Model], path: Path) -> Any:
        """Data with the keys of files -> data with the keys of `model`, without what is unknown."""
        if isinstance(value, str) and model.bare is not None:
            return {model.bare: value}
        if model is Declaration and not isinstance(value, Mapping):
            if declares_all(value):
                return {"household": True, "members": True}
            self.report("case-declaration", path, f"应写“{NOTHING_ELSE}”，或分家庭、成员说明")
            return None
        if not isinstance(value, Mapping):
            return value
        table, translated = shapes(model), {}
        for key, inner in value.items():
            shape = table.get(normal(key)) if isinstance(key, str) else None
            if shape is None:
                self.unknown_key(str(key), model, path)
            elif shape.key in translated:
                twice = f"“{shape.key}”和“{shape.title}”是同一个字段，只能写一个"
                self.report("case-both-languages", (*path, shape.key), twice, at=(*path, key))
            else:
                translated[shape.key] = self.inner(inner, shape, (*path, shape.key))
        return {key: inner for key, inner in translated.items() if inner is not None}

    def inner(self, value: Any, shape: Shape, path: Path) -> Any:
        """The value of one field; None if it is unknown."""
        if isinstance(value, str):
            typed = normal(value)
            if typed in _UNKNOWN and typed not in shape.choices:
                if shape.many and shape.key in (*HOUSEHOLD_LISTS, *PERSON_LISTS):
                    self.unknown_lists.append(path)
                if shape.key in _ABSENCE_SAYS:
                    says = f"不写“{shape.title}”就是“{_ABSENCE_SAYS[shape.key]}”，所以不能写成未知"
                    self.report(
                        "case-unknown-meaning",
                        path,
                        says,
                        "查明后再写；这一项整个说不清的，把它所在的列表写成未知",
                    )
                return False if shape.key == "disability_list_complete" else None
        if shape.many and isinstance(value, list | tuple):
            model = shape.model
            if model is None:
                return tuple(value)
            return tuple([self.translate(item, model, (*path, i)) for i, item in enumerate(value)])
        if shape.model is not None and not shape.many:
            return self.translate(value, shape.model, path)
        if isinstance(value, Mapping):
            return {key: item for key, item in value.items() if not _is_unknown(item)}
        return value

    def unknown_key(self, key: str, model: type[Model], path: Path) -> None:
        if len(self.found) > MAX_PROBLEMS:
            return
        hint = nearest(key, shapes(model))
        self.report("case-unknown-field", path, f"没有“{key[:40]}”这个字段", hint, at=(*path, key))

    def explain(self, detail: ErrorDetails) -> None:
        """What a model found wrong, in Chinese."""
        kind, context = detail["type"], detail.get("ctx", {})
        path = tuple(step for step in detail["loc"] if step != "[key]")
        shape = _shape_at(path)
        if kind == "missing":
            title = shape.title if shape is not None else str(path[-1])
            self.report("case-missing-field", path[:-1], f"缺少“{title}”")
        elif kind == "literal_error" and shape is not None:
            typed = detail.get("input")
            hint = nearest(typed, shape.choices) if isinstance(typed, str) and len(typed) <= 40 else None
            self.report("case-choice-value", path, f"应为 {'、'.join(shape.choices)} 之一", hint)
        elif kind == "too_short" and detail.get("input"):
            pass  # Items that were refused are reported one by one; the list itself is not short.
        elif kind in _EXPECTED:
            code, expected = _EXPECTED[kind]
            self.report(f"case-{code}", path, expected.format_map(context))
        else:
            # Our own types carry their expectation as the message.
            self.report(f"case-{kind.replace('_', '-')}", path, detail["msg"])

    def report(
        self, code: str, path: Path, message: str, hint: str | None = None, at: Path | None = None
    ) -> None:
        """Records a problem of the field at `path`, placed there or at `at`."""
        field, node = path_text(path), self.locate(at or path)
        text = mask(f"{field}：{message}" if field else message)
        location = mask(node.location) if node is not None else None
        order = (node.line, node.column) if node is not None else (0, 0)
        self.found.append((order, Problem(code, text, location, mask(hint) if hint else None)))

    def locate(self, path: Path) -> Node | None:
        """The node at a path, or the deepest one on the way there that exists."""
        node = self.node
        current: type[Model] | None = Case
        for step in path:
            if node is None:
                return None
            shape = shapes(current).get(step) if current is not None and isinstance(step, str) else None
            inner = node.value
            if isinstance(inner, dict):
                names = (step,) if shape is None else (step, shape.key, shape.title)
                typed = sorted((key for key in inner if normal(key) in names), key=lambda key: key != step)
                below = inner[typed[0]] if typed else None
            elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
                below = inner[step]
            else:
                below = None
            if below is None:
                return node
            node = below
            if shape is not None:
                current = shape.model
        return node

    def stop_if_any(self) -> None:
        if not self.found:
            return
        problems = [problem for _, problem in sorted(self.found, key=lambda found: found[0])]
        if len(problems) > MAX_PROBLEMS:
            problems = [
                *problems[:MAX_PROBLEMS],
                Problem("case-more", f"问题太多，只列出前 {MAX_PROBLEMS} 处"),
            ]
        raise InputError(problems)


def _is_unknown(value: Any) -> bool:
    return value is None or (isinstance(value, str) and normal(value) in _UNKNOWN)


def _shape_at(path: Path) -> Shape | None:
    """The field at the end of a path, passing over list positions."""
    current: type[Model] | None = Case
    shape: Shape | None = None
    for step in path:
        if isinstance(step, str):
            shape = shapes(current).get(step) if current is not None else None
            current = shape.model if shape is not None else None
    return shape
