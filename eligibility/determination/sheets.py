"""Test sheets (测试表): many small variations of one case, a row each, with what must come out beside it.

A sheet names a programme and a base case (底稿); its columns are fields of the case and what is expected. The rows stand
in the YAML file itself or in a CSV file of the same name beside it, so that they can be kept with a spreadsheet. Every
row becomes a case with one expectation, read as strictly as those of case files; mistakes are reported at their cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..case import Case, mask, parse_case
from ..case.fields import normal
from ..case.files import MAX_PROBLEMS
from ..errors import InputError, Problem, nearest
from ..reading import Node, file_text, read_file
from .columns import NONE, SEPARATOR, Column, PathProblem, read_column
from .expected import ENTRY_KEYS, UNLIMITED, VERDICT_KEYS, Expectation, read_expectation

CSV: Final = ".csv"

_SHEET_KEYS: Final = {
    "测试表": "sheet",
    "项目": "programme",
    "底稿": "base",
    "列": "columns",
    "行": "rows",
    "叠加": "overlays",
}
_EITHER_KEYS: Final = {
    "月份": ENTRY_KEYS["月份"],
    "知悉日": ENTRY_KEYS["知悉日"],
    "对象": "subject",
    "依据": "rests_on",
}
"""What may be said once for the whole sheet, or in a column."""
_EXPECTED_KEYS: Final = {title: key for title, key in VERDICT_KEYS.items() if key != "criteria"}
_ROW_KEYS: Final = {"编号": "id", "说明": "note", **_EITHER_KEYS, **_EXPECTED_KEYS}
_SIGNATURE = re.compile(r"""(?:\s*(?:#.*)?\n)*\s*\{?\s*["']?(?:测试表|sheet)["']?\s*:""")

Row = tuple[Case, Expectation]


def is_sheet(path: Path | str) -> bool:
    """Whether a file is a test sheet: a CSV file, or one that begins with `测试表:`."""
    path = Path(path)
    if path.suffix == CSV:
        return True
    try:
        if not path.is_file():
            return False
        with path.open(encoding="utf-8-sig") as file:
            return _SIGNATURE.match(file.read(4096)) is not None
    except (OSError, UnicodeDecodeError):
        return False  # whoever reads it will say why it cannot be read


def load_sheet(path: Path | str) -> tuple[Row, ...]:
    """The rows of a sheet as cases, each with what it expects. Raises `InputError` with all problems and their places.

    A CSV file brings only the rows; everything else stands in the YAML file of the same name beside it.
    """
    settings = Path(path).with_suffix(".yaml") if Path(path).suffix == CSV else Path(path)
    if not settings.is_file() and settings != Path(path):
        file_text(Path(path))  # says so if that is not there either
        message = f"旁边没有同名的 {settings.name}：项目和底稿写在那里"
        raise InputError(Problem("sheet-settings", mask(message), mask(str(path))))
    reader = _Reader(read_file(settings))
    rows = reader.read(settings)
    reader.stop_if_any()
    return rows


class _Reader:
    """Reads one sheet and collects what is wrong on the way."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.fields = self.keys(root, {**_SHEET_KEYS, **_EITHER_KEYS})
        for key in ("sheet", "programme", "base"):
            if key not in self.fields:
                self.report("sheet-missing-key", root, f"缺少“{_title(key)}”")
        for key in ("sheet", "programme"):
            if (node := self.fields.get(key)) is not None and not isinstance(node.value, str):
                self.report("sheet-text", node, f"“{_title(key)}”应为文字")
        self.stop_if_any()
        self.base = self.fields["base"]
        self.programme = normal(str(self.fields["programme"].value))
        self.members = self.check_base()

    def check_base(self) -> list[str]:
        """The ids of the members. The base must be a case by itself, or every row would repeat what is wrong with it."""
        case = parse_case(self.base)
        assert isinstance(self.base.value, dict)
        for key in self.base.value:
            if normal(key) in ("预期", "expect", "依据", "rests_on"):
                self.report(
                    "sheet-base", self.base, f"底稿里不能写“{key}”：预期写在各行，依据写在表上或者各行"
                )
        return [member.id for member in case.members]

    def read(self, settings: Path) -> tuple[Row, ...]:
        header, lines = self.table(settings)
        columns = self.columns(header)
        self.stop_if_any()
        taken: set[str] = set()
        rows = []
        for line in lines:
            cells = line.value if isinstance(line.value, list) else None
            if cells is None or len(cells) > len(columns):
                self.report("sheet-row", line, f"一行应为至多 {len(columns)} 格的列表，与“列”相对")
            elif (row := self.row(line, columns, cells, taken)) is not None:
                rows.append(row)
        if not rows and not self.problems:
            self.report("sheet-rows", header, "一行也没有")
        return tuple(rows)

    def table(self, settings: Path) -> tuple[Node, list[Node]]:
        """The list of columns, and the rows: from the sheet itself or from the CSV file beside it."""
        header, rows = self.fields.get("columns"), self.fields.get("rows")
        beside = settings.with_suffix(CSV)
        if header is None and rows is None:
            if not beside.is_file():
                message = f"没有“列”和“行”，旁边也没有 {beside.name}"
                raise InputError(Problem("sheet-rows", mask(message), mask(self.root.location)))
            first, *others = _read_csv(beside)
            return first, others
        if beside.is_file():
            self.report("sheet-rows", self.root, f"行写在这里，就不能又有 {beside.name}")
        for key, node in (("columns", header), ("rows", rows)):
            if node is None or not isinstance(node.value, list) or not node.value:
                self.report("sheet-rows", node or self.root, f"“{_title(key)}”应为列表，至少一项")
        self.stop_if_any()
        assert header is not None
        assert rows is not None
        assert isinstance(rows.value, list)
        return header, rows.value

    def columns(self, header: Node) -> list[str | Column]:
        """What each column means: a key of the row, or a place in the case."""
        assert isinstance(header.value, list)
        found: list[str | Column] = []
        taken: set[object] = set()
        for node in header.value:
            name = normal(node.value) if isinstance(node.value, str) else ""
            key = _ROW_KEYS.get(name, name)
            try:
                column = key if key in _ROW_KEYS.values() else read_column(name, self.members)
            except PathProblem as problem:
                hint = problem.hint or nearest(name[:40], _ROW_KEYS)
                self.report("sheet-column", node, problem.message, hint, column=name)
                continue
            meant = column.steps if isinstance(column, Column) else column
            if meant in taken:
                self.report("sheet-column", node, "这一列写了两次", column=name)
            taken.add(meant)
            found.append(column)
        for key in ("id", "outcome"):
            if key not in found and not self.problems:
                self.report("sheet-missing-column", header, f"缺少“{_title(key)}”列")
        return found

    def row(
        self, line: Node, columns: Sequence[str | Column], cells: Sequence[Node], taken: set[str]
    ) -> Row | None:
        """A row as a case with its expectation; None, with the problems reported, if it cannot be one."""
        filled = [(column, cell) for column, cell in zip(columns, cells, strict=False) if not _empty(cell)]
        if not filled:
            return None
        known = len(self.problems)
        shared = {key: node for key, node in self.fields.items() if key in _EITHER_KEYS.values()}
        own = shared | {column: cell for column, cell in filled if isinstance(column, str)}
        names = {mask(node.location): f"“{_title(key)}”：" for key, node in shared.items()}
        names |= {mask(cell.location): f"“{mask(_name(column))[:40]}”列：" for column, cell in filled}
        name = self.name(line, own.get("id"), taken)
        place = mask(f"{line.location}（{name}）")
        rests_on = own.get("rests_on")
        if rests_on is None or not isinstance(rests_on.value, str) or not rests_on.value.strip():
            self.report("sheet-rests-on", line, "缺少“依据”：写在表上，或者写在这一行")
        data = self.base
        for column, cell in filled:
            if isinstance(column, Column):
                try:
                    data = column.put(data, cell)
                except PathProblem as problem:
                    self.report("sheet-cell", cell, problem.message, problem.hint, column=column.name)
        if len(self.problems) > known:
            return None
        try:
            case = parse_case(data)
            return case, _placed(read_expectation(case, self.entry(line, own)), place)
        except InputError as error:
            self.problems += [_explained(problem, names, place) for problem in error.problems]
            return None

    def name(self, line: Node, node: Node | None, taken: set[str]) -> str:
        """What the row is called; no two rows may be called the same."""
        name = None if node is None else _word(node)
        if node is None or name is None:
            self.report("sheet-id", node or line, "每一行都要有编号，应为文字")
            return ""
        if name in taken:
            self.report("sheet-id", node, f"编号“{name[:40]}”已经用过", column="编号")
        taken.add(name)
        return name

    def entry(self, line: Node, own: Mapping[str, Node]) -> Node:
        """What the row expects, in the form of an entry of `预期`."""
        expected = {key: _listed(key, cell) for key, cell in own.items() if key in _EXPECTED_KEYS.values()}
        verdict = replace(line, value=expected, key_place=(line.line, line.column))
        if (subject := own.get("subject")) is not None:
            member = _word(subject) or ""
            inner = replace(verdict, key_place=(subject.line, subject.column))
            verdict = replace(verdict, value={member: inner})
        shared = {"month": own.get("month"), "known_on": own.get("known_on")}
        shared["overlays"] = self.fields.get("overlays")
        fields = {key: node for key, node in shared.items() if node is not None}
        return replace(line, value={**fields, self.programme: verdict})

    def keys(self, node: Node, table: Mapping[str, str]) -> dict[str, Node]:
        """The entries of the sheet under their English keys."""
        if not isinstance(node.value, dict):
            raise InputError(Problem("sheet-mapping", "测试表应为“名称: 值”的形式", mask(node.location)))
        found: dict[str, Node] = {}
        for typed, inner in node.value.items():
            key = table.get(normal(typed), normal(typed))
            place = replace(inner, line=(inner.key_place or (inner.line, 0))[0], column=1)
            if key not in table.values():
                hint = nearest(key, (*table, *table.values())) if len(key) <= 40 else None
                self.report("sheet-unknown-key", place, f"测试表没有“{key[:40]}”这一项", hint)
            elif key in found:
                self.report("sheet-duplicate", place, f"“{_title(key)}”写了两次")
            elif inner.value is not None:
                found[key] = inner
        return found

    def report(
        self, code: str, node: Node, message: str, hint: str | None = None, *, column: str | None = None
    ) -> None:
        said = message if column is None else f"“{mask(column)[:40]}”列：{message}"
        self.problems.append(Problem(code, mask(said), mask(node.location), hint and mask(hint)))

    def stop_if_any(self) -> None:
        problems = list(dict.fromkeys(self.problems))  # what the sheet says once is wrong once
        if len(problems) > MAX_PROBLEMS:
            more = Problem("sheet-more", f"问题太多，只列出前 {MAX_PROBLEMS} 处")
            problems = [*problems[:MAX_PROBLEMS], more]
        if problems:
            raise InputError(problems)


def _read_csv(path: Path) -> list[Node]:
    """The rows of a CSV file as lists of cells; a place is row and column as a spreadsheet counts them."""
    name, rows = str(path), []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(file_text(path), newline=""), strict=True), 1):
            nodes = [Node(cell.strip(), name, number, column) for column, cell in enumerate(cells, 1)]
            while nodes and _empty(nodes[-1]):  # spreadsheets fill up short rows
                nodes.pop()
            rows.append(Node(nodes, name, number, 1))
    except csv.Error:
        place = mask(f"{name}:{len(rows) + 1}")
        raise InputError(Problem("sheet-csv", "这一行不是合法的 CSV", place, "请检查引号")) from None
    if not rows:
        raise InputError(Problem("file-empty", "文件是空的", mask(name)))
    return rows


def _empty(cell: Node) -> bool:
    return cell.value is None or (isinstance(cell.value, str) and not cell.value.strip())


def _word(cell: Node) -> str | None:
    """A name as written; a number stands for its digits."""
    if isinstance(cell.value, bool) or not isinstance(cell.value, str | int):
        return None
    return normal(str(cell.value))


def _listed(key: str, cell: Node) -> Node:
    """A cell that stands for a list: names apart by 、, or the two ends of a range apart by 至."""
    if not isinstance(cell.value, str):
        return cell
    text = normal(cell.value)
    if key in ("missing", "assumptions"):
        words = [] if text == NONE else text.split(SEPARATOR)
        return replace(cell, value=[replace(cell, value=word.strip()) for word in words])
    if key == "amount_range":
        ends = [end.strip() for end in text.split("至")]
        return replace(cell, value=[replace(cell, value=None if e == UNLIMITED else e) for e in ends])
    return cell


def _explained(problem: Problem, names: Mapping[str, str], place: str) -> Problem:
    """A problem of a row with the column it comes from; one that no cell has by itself is the row's."""
    if (name := names.get(problem.location or "")) is not None:
        return replace(problem, message=name + problem.message)
    return replace(problem, location=place)


def _placed(expectation: Expectation, place: str) -> Expectation:
    verdicts = [replace(v, programme=v.programme._replace(location=place)) for v in expectation.verdicts]
    return replace(expectation, location=place, verdicts=tuple(verdicts))


def _name(column: str | Column) -> str:
    return column.name if isinstance(column, Column) else _title(column)


def _title(key: str) -> str:
    """The Chinese name of a key."""
    return next(title for title, each in {**_SHEET_KEYS, **_ROW_KEYS}.items() if each == key)
