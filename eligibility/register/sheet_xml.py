"""What a workbook says beside its values: hidden rows and columns, filters, formulas without a result, and its true size.

Readers of values do not tell these. A workbook comes from outside, so everything is measured before it is opened: how
much it unpacks to, how far its cells reach; a document type, the way to entity bombs, is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from ..case.identity import mask
from ..errors import InputError, Problem

MAX_UNPACKED: Final = 1 << 30
"""Most bytes a workbook may unpack to."""
MAX_PARTS: Final = 10_000
MAX_CELLS: Final = 50_000_000
"""Most cells of the rectangle that a sheet spans, used or not."""
_BLOCK: Final = 1 << 20
_DIGITS: Final = "0123456789"
_TRUE: Final = ("1", "true")

Attributes = Mapping[str, str]


@dataclass
class SheetFacts:
    """What one sheet says of its rows, columns and cells; positions count from 0.

    `formulas`: cells computed by a formula whose result is not text; `errors`: cells that show an error.
    """

    hidden_rows: int = 0
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    filtered: bool = False
    formulas: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)
    height: int = 0
    width: int = 0

    def add_row(self, row: int, attributes: Attributes) -> None:
        self.height = max(self.height, row + 1)
        self.hidden_rows += attributes.get("hidden") in _TRUE

    def add_other(self, tag: str, given: list[str]) -> None:
        """An element that is no row, cell or part of one."""
        if tag == "autoFilter":
            self.filtered = True
        elif tag == "col":
            attributes = _attributes(given)
            if attributes.get("hidden") in _TRUE:
                self.hidden_columns.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))

    def refuse_size(self, place: str) -> None:
        """Raises `InputError` if the sheet spans more cells than anybody fills."""
        if self.height * self.width > MAX_CELLS:
            message = f"有 {self.height} 行 {self.width} 列，超过 {MAX_CELLS} 格"
            hint = "删去数据以外的行列，或另存为 CSV"
            raise InputError(Problem("sheet-too-large", message, place, hint))


@dataclass(frozen=True)
class WorkbookFacts:
    """The sheets of a workbook by name; `uncomputed`: results of formulas are to be computed when it is opened."""

    sheets: Mapping[str, SheetFacts]
    uncomputed: bool


def workbook_facts(path: Path, wanted: Callable[[str], bool]) -> WorkbookFacts:
    """Inspects the sheets of an .xlsx whose name is wanted. Raises `InputError` for what no office made."""
    try:
        with zipfile.ZipFile(path) as archive:
            _measure(archive, path)
            return _inspect(archive, path, wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, NotImplementedError, RuntimeError):
        raise InputError(
            Problem("workbook-broken", "工作簿已损坏", mask(path.name), "用表格软件打开后另存")
        ) from None


def _measure(archive: zipfile.ZipFile, path: Path) -> None:
    """Unpacks every part once, counting: declared sizes may lie, and a part that is longer breaks its checksum."""
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large(path)
    for part in parts:
        with archive.open(part) as file:
            while file.read(_BLOCK):
                pass


def _too_large(path: Path) -> InputError:
    return InputError(
        Problem("workbook-too-large", "工作簿展开后太大", mask(path.name), "拆分，或另存为 CSV")
    )


def _inspect(archive: zipfile.ZipFile, path: Path, wanted: Callable[[str], bool]) -> WorkbookFacts:
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}
    calculation: dict[str, str] = {}

    def in_workbook(tag: str, given: list[str]) -> None:
        name, attributes = tag.rpartition(":")[2], _attributes(given)
        if name == "sheet":
            key = next((key for key in attributes if key == "id" or key.endswith(":id")), "")
            ids[attributes["name"]] = attributes.get(key, "")
        elif name == "calcPr":
            calculation.update(attributes)

    def in_relations(tag: str, given: list[str]) -> None:
        attributes = _attributes(given)
        if tag.rpartition(":")[2] == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    _parse(archive, "xl/workbook.xml", in_workbook, path)
    _parse(archive, "xl/_rels/workbook.xml.rels", in_relations, path)
    sheets = {}
    for name, id_ in ids.items():
        if wanted(name):
            target = targets[id_]
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            sheets[name] = _sheet(archive, part, path)
            sheets[name].refuse_size(f"{mask(path.name)} {name}")
    return WorkbookFacts(sheets, calculation.get("fullCalcOnLoad") in _TRUE)


def _sheet(archive: zipfile.ZipFile, part: str, path: Path) -> SheetFacts:
    facts = SheetFacts()
    letters: dict[str, int] = {}
    row = column = -1
    number = ""  # of the row, as its element says
    text = False

    # Called for every cell and its parts, millions of times: what is common comes first.
    def start(tag: str, given: list[str]) -> None:
        nonlocal row, column, number, text
        if tag == "v":
            return
        if tag == "c":
            column, text = column + 1, False
            if given and given[0] == "r":
                sign = given[1].rstrip(_DIGITS)
                if sign not in letters:
                    letters[sign] = _position(sign)
                column = letters[sign]
                if given[1][len(sign) :] != number:  # a cell may stand in another row than its element
                    row = int(given[1][len(sign) :]) - 1
                    facts.height = max(facts.height, row + 1)
            if "t" in given[::2]:
                kind = given[given.index("t") + 1]
                text = kind == "str"
                if kind == "e":
                    facts.errors.add((row, column))
            if column >= facts.width:
                facts.width = column + 1
        elif tag == "row":
            number = _attributes(given).get("r", "")
            row, column = int(number) - 1 if number else row + 1, -1
            facts.add_row(row, _attributes(given))
        elif tag == "f" and not text:
            facts.formulas.add((row, column))
        elif ":" in tag:
            start(tag.rpartition(":")[2], given)
        else:
            facts.add_other(tag, given)

    _parse(archive, part, start, path)
    return facts


def _attributes(given: list[str]) -> Attributes:
    return dict(zip(given[::2], given[1::2], strict=True))


def _position(letters: str) -> int:
    """The position of a column from 0 by its letters."""
    position = 0
    for sign in letters:
        position = position * 26 + ord(sign) - ord("A") + 1
    return position - 1


def _parse(archive: zipfile.ZipFile, part: str, start: Callable[[str, list[str]], None], path: Path) -> None:
    """Calls `start` for every element of a part with its name and its attributes: name, value, name, value, …"""
    parser = expat.ParserCreate()
    parser.ordered_attributes = True

    def refused(*_: object) -> None:
        raise InputError(
            Problem("workbook-broken", "工作簿里有文档类型声明", mask(path.name), "用表格软件打开后另存")
        )

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refused
    try:
        with archive.open(part) as file:
            while block := file.read(_BLOCK):
                parser.Parse(block)
            parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise InputError(
            Problem("workbook-broken", "工作簿已损坏", mask(path.name), "用表格软件打开后另存")
        ) from None
