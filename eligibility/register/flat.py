"""A batch of households seen as its two tables: the households' columns, and the members' with where each family begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .columns import MEMBERS


@dataclass(frozen=True, slots=True)
class Tables:
    """The columns of some households and of their members, by title.

    `offsets` (int32, households + 1, from 0) bound each household's rows among the members.
    """

    household: Mapping[str, pa.Array]
    offsets: NDArray[np.int32]
    persons: Mapping[str, pa.Array]

    @property
    def households(self) -> int:
        return len(self.offsets) - 1

    def batch(self) -> pa.RecordBatch:
        """The same as one batch, a row for each household."""
        people = pa.StructArray.from_arrays(list(self.persons.values()), list(self.persons))
        members = pa.ListArray.from_arrays(pa.array(self.offsets, pa.int32()), people)
        columns = [*self.household.values(), members]
        return pa.RecordBatch.from_arrays(columns, [*self.household, MEMBERS])


def tables(batch: pa.RecordBatch) -> Tables:
    """The two tables of a batch, without copying its columns.

    Raises `ValueError` where a household has no list of members, or the list holds a null.
    """
    members = batch.column(MEMBERS)
    people = members.flatten()
    if members.null_count or people.null_count:
        raise ValueError("有的家庭没有成员列表，或者列表里有空的成员")
    offsets = members.offsets.to_numpy().astype(np.int32)
    household = {name: batch.column(i) for i, name in enumerate(batch.schema.names) if name != MEMBERS}
    persons = {field.name: people.field(i) for i, field in enumerate(people.type)}
    return Tables(household, offsets - offsets[0], persons)


def member_rows(
    ids: pa.Array, offsets: NDArray[np.int32], rows: NDArray[np.int64], named: pa.Array
) -> NDArray[np.int64]:
    """For each of some members' rows, the row of the member of the same household with the id `named`, or -1.

    `ids` are the ids of all members; `rows` and `named` run side by side.
    """
    found = np.full(len(rows), -1, np.int64)
    household = np.searchsorted(offsets, rows, side="right") - 1
    first, end = offsets[household], offsets[household + 1]
    open_ = np.arange(len(rows))
    place = 0
    while len(open_):
        candidates = first[open_] + place
        inside = candidates < end[open_]
        open_, candidates = open_[inside], candidates[inside]
        same = pc.equal(ids.take(pa.array(candidates)), named.take(pa.array(open_)))
        hit = same.fill_null(False).to_numpy(zero_copy_only=False)
        found[open_[hit]] = candidates[hit]
        open_ = open_[~hit]
        place += 1
    return found
