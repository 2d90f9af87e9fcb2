"""Checks a register that comes as nested Parquet: one row per household with its members inside, in stored units.

Households are read twice, batch by batch: first for what only all of them together show (numbers and people that stand
twice), then each by itself. A row of the file is a household; a problem of a member names it by its position.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case.fields import MAX_AREA
from ..case.identity import mask
from ..errors import InputError, Problem
from ..quantities import MAX_FEN
from ..values import Level
from .cells import CellRefused, cell_value
from .checking import Finding
from .clustering import in_two_households
from .columns import HOUSEHOLD_ID, Column, ColumnKind
from .flat import Tables, tables
from .headers import Titles
from .store import Register
from .suspicion import known_identity

_BOUNDS = {
    ColumnKind.MONEY: (0, MAX_FEN, "金额应在 0 至 10 亿元之间"),
    ColumnKind.SIGNED_MONEY: (-MAX_FEN, MAX_FEN, "金额应在正负 10 亿元之间"),
    ColumnKind.AREA: (0, MAX_AREA * 100, f"面积应在 0 至 {MAX_AREA} 平方米之间"),
}


class NestedChecks:
    """The columns of a nested register, and what is wrong with its households taken together."""

    def __init__(self, register: Register, titles: Mapping[Level, Titles]) -> None:
        self.register = register
        self.titles = titles
        ids: list[pa.Array] = []
        identities: list[pa.Array] = []
        homes: list[NDArray[np.int64]] = []
        start = 0
        for batch in register.batches():
            split = tables(batch)
            sizes = np.diff(split.offsets)
            ids.append(split.household[HOUSEHOLD_ID.title])
            identities.append(known_identity(split.persons, int(split.offsets[-1])))
            homes.append(start + np.repeat(np.arange(split.households), sizes))
            start += split.households
        self.ids = pa.concat_arrays([pa.array([], pa.string()), *ids])
        self.shared = self._shared(identities, homes)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the register. Raises `InputError` with those that the ruleset does not have."""
        first = tables(pa.RecordBatch.from_pylist([], schema=self.register.schema))
        columns: list[Column] = []
        unknown: list[str] = []
        for level, named in ((Level.HOUSEHOLD, first.household), (Level.PERSON, first.persons)):
            for title in named:
                column = self.titles[level].find(title)
                columns += [] if column is None else [column]
                unknown += [title] if column is None else []
        if unknown:
            message = f"规则集没有这些列：{'、'.join(unknown[:10])}"
            raise InputError(Problem("table-unknown-column", message, mask(self.register.path.name)))
        return tuple(columns)

    def _shared(
        self, identities: list[pa.Array], homes: list[NDArray[np.int64]]
    ) -> Mapping[int, list[Finding]]:
        """Households whose number stands twice, or one of whose members stands in another."""
        found: dict[int, list[Finding]] = {}
        title = HOUSEHOLD_ID.title
        encoded = self.ids.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        _, inverse, counts = np.unique(encoded, return_inverse=True, return_counts=True)
        for row in map(int, np.flatnonzero((counts[inverse] > 1) & (encoded >= 0))):
            found[row] = [Finding(None, title, "household-twice", "家庭编号重复", "每户一行，编号各不相同")]
        home = np.concatenate([np.array([], np.int64), *homes])
        first = np.searchsorted(home, home)
        people = pa.concat_arrays([pa.array([], pa.string()), *identities])
        for row, other in in_two_households(people, home):
            message = f"同一身份证号也在另一户（第 {int(home[other]) + 1} 行）"
            finding = Finding(int(row - first[row]), "身份证号", "person-twice", message, "一人只能在一户")
            found.setdefault(int(home[row]), []).append(finding)
        return found

    def cells(self, split: Tables, columns: tuple[Column, ...]) -> Mapping[int, list[Finding]]:
        """Households with cells that cannot stand in their columns, or that are not written as a register writes them."""
        found: dict[int, list[Finding]] = {}
        home = np.repeat(np.arange(split.households), np.diff(split.offsets))
        for column in columns:
            if column.level is Level.HOUSEHOLD:
                for row, why in _bad_cells(column, split.household[column.title]):
                    found.setdefault(row, []).append(_finding(None, column, why))
            else:
                for row, why in _bad_cells(column, split.persons[column.title]):
                    position = row - int(split.offsets[home[row]])
                    found.setdefault(int(home[row]), []).append(_finding(position, column, why))
        return found


def _finding(member: int | None, column: Column, why: CellRefused) -> Finding:
    return Finding(member, column.title, why.code, why.message, why.remedy)


def _bad_cells(column: Column, array: Any) -> Iterator[tuple[int, CellRefused]]:
    """The rows of a stored column whose cells are refused."""
    if column.kind in _BOUNDS:
        low, high, message = _BOUNDS[column.kind]
        outside = pc.or_(pc.less(array, low), pc.greater(array, high)).fill_null(False)
        for row in np.flatnonzero(outside.to_numpy(zero_copy_only=False)):
            yield (
                int(row),
                CellRefused(f"cell-{column.kind.value}-range", message, "请核对；单位是分或百分之一平方米"),
            )
        return
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    refused: dict[int, CellRefused] = {}
    for code, stored in enumerate(encoded.dictionary.to_pylist()):
        try:
            value = cell_value(column, stored)
            if value != stored:
                refused[code] = CellRefused(
                    "cell-form", "不是台账的写法", f"写成 {'标准形式' if column.sensitive else value}"
                )
        except CellRefused as why:
            refused[code] = why
    if refused or (column.required and array.null_count):
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        if column.required:
            refused[-1] = CellRefused("cell-required", f"缺少{column.title}", "每一行都要填写")
        for row in np.flatnonzero(np.isin(codes, np.array(list(refused), int))):
            yield int(row), refused[int(codes[row])]
