"""What merged cells of a sheet mean: a household's number over several rows of members is that of each of them.

Any other merged cell could mean the first row alone or all of them, so the rows it spans are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..errors import InputError, Problem
from ..values import Level
from .cells import CellRefused
from .columns import HOUSEHOLD_ID
from .headers import FoundHeaders, compact, is_summary, letter

_REMEDY: Final = "取消合并，逐行填写"


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells: the first and last row and column, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def cells(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def __str__(self) -> str:
        return f"{letter(self.left)}{self.top + 1}:{letter(self.right)}{self.bottom + 1}"


@dataclass
class Merged:
    """What merged cells say of the rows below the headers of a sheet, by row from 0.

    `households`: the number that a row below the first of its area has from that; `refused`: by number of header, why.
    """

    households: dict[int, Any] = field(default_factory=dict)
    refused: dict[int, dict[int, CellRefused]] = field(default_factory=dict)


def areas(sheet: Any, height: int, width: int) -> Iterator[Area]:
    """The merged cells of a sheet as calamine gives it, inside its first `height` rows and `width` columns.

    Raises `InputError` where they lie over each other so often that no spreadsheet can have written them.
    """
    spanned = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        area = Area(top, left, min(bottom, height - 1), min(right, width - 1))
        if area.top <= area.bottom and area.left <= area.right and area.cells > 1:
            spanned += area.cells
            if spanned > height * width:
                problem = "合并的单元格互相重叠"
                raise InputError(Problem("workbook-broken", problem, sheet.name, "用表格软件打开后另存"))
            yield area


def merged_cells(sheet: Any, rows: Sequence[Sequence[Any]], found: FoundHeaders, level: Level) -> Merged:
    """What the merged cells of a sheet with these rows mean; those outside the columns read mean nothing."""
    merged = Merged()
    for area in areas(sheet, len(rows), len(rows[0]) if rows else 0):
        inside = [
            number
            for number, header in enumerate(found.headers)
            if area.left <= header.position <= area.right
        ]
        if area.bottom <= found.row or not inside:
            continue
        below = range(max(area.top, found.row + 1), area.bottom + 1)
        if level is Level.PERSON and _one_number(area, rows, found, inside):
            number = rows[area.top][area.left]
            merged.households |= dict.fromkeys(below[1:], number)
            continue
        why = CellRefused("cell-merged", f"合并单元格 {area}", _REMEDY)
        for row in below:
            merged.refused.setdefault(row, {}).update(dict.fromkeys(inside, why))
    return merged


def household_of(number: Any, cells: Sequence[Any], found: FoundHeaders) -> Any:
    """What a row has for its household under a merged `number`; `cells` as typed, nothing in place of the number.

    Totals and notes have none, and headers written again have their title, as where nothing is merged. Nor has a row
    that says nothing of anybody.
    """
    title = next(header.title for header in found.headers if header.column.title == HOUSEHOLD_ID.title)
    typed = [(compact(cells[header.position]).strip("*"), header.title) for header in found.headers]
    said = [(text, header) for text, header in typed if text]
    if not said or is_summary(text for text, _ in said):
        return ""
    # Under a group the title that is known has the name of the group before it.
    return title if all(f".{header}".endswith(f".{text}") for text, header in said) else number


def _one_number(
    area: Area, rows: Sequence[Sequence[Any]], found: FoundHeaders, inside: Sequence[int]
) -> bool:
    """Whether an area below the headers is one household number, with nothing else hidden under it."""
    if area.left != area.right or found.headers[inside[0]].column.title != HOUSEHOLD_ID.title:
        return False
    number = rows[area.top][area.left]
    hidden = (rows[row][area.left] for row in range(area.top + 1, area.bottom + 1))
    return area.top > found.row and all(cell in ("", number) for cell in hidden)
