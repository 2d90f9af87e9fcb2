"""The subjects of one batch of a register: where each household's persons stand, their district, and what lists call them."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case import mask, mask_name
from ..quantities import Month
from ..register.arrays import known
from ..register.columns import AMOUNT, MEMBERS, paid_column
from ..values import Level
from .districts import UNKNOWN_DISTRICT
from .pieces import coded
from .totals import counts

_SHORTEST_IDENTITY: Final = 15
"""Signs of the shortest text that may be an identity number."""


class Told(NamedTuple):
    """Amounts in 分 that a register tells of each subject, and where it does."""

    amount: NDArray[np.int64]
    given: NDArray[np.bool_]

    def at(self, rows: NDArray[np.intp]) -> Told:
        """The same of some subjects."""
        return Told(self.amount[rows], self.given[rows])


class Subjects:
    """A batch of a register (one row per household) by position: households, and persons in the batch's order."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        members = batch.column(MEMBERS)
        offsets = members.offsets.to_numpy().astype(np.int64)
        self.offsets: NDArray[np.int64] = offsets - offsets[0]
        self.members: pa.StructArray = members.flatten()
        self.households = batch.num_rows
        self.persons = len(self.members)

    def count(self, level: Level) -> int:
        """How many subjects of a level there are."""
        return self.persons if level is Level.PERSON else self.households

    @cached_property
    def household_of(self) -> NDArray[np.intp]:
        """The household of each person."""
        return np.repeat(np.arange(self.households), np.diff(self.offsets))

    @cached_property
    def _district(self) -> tuple[NDArray[np.int32], list[str]]:
        if "地区" not in self.batch.schema.names:
            return np.zeros(self.households, np.int32), [UNKNOWN_DISTRICT]
        column = _encoded(self.batch.column("地区"))
        names: dict[str, int] = {}
        table = [names.setdefault((word or "")[:6] or UNKNOWN_DISTRICT, len(names))
                 for word in [*column.dictionary.to_pylist(), None]]  # fmt: skip
        codes = pc.fill_null(column.indices, pa.scalar(len(table) - 1, column.indices.type)).to_numpy()
        return np.array(table, np.int32)[codes], list(names)

    def sizes(self, members: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many members each household has, of these persons."""
        running = np.zeros(self.persons + 1, np.int64)
        np.cumsum(members, out=running[1:])
        return running[self.offsets[1:]] - running[self.offsets[:-1]]

    @property
    def district(self) -> NDArray[np.int32]:
        """The district of each household, as a position in `districts`."""
        return self._district[0]

    @property
    def districts(self) -> list[str]:
        """District codes: the first six digits of the region, `UNKNOWN_DISTRICT` where it is blank."""
        return self._district[1]

    @cached_property
    def households_in(self) -> NDArray[np.int64]:
        """How many households each district has."""
        return counts(self.district, len(self.districts))

    @cached_property
    def persons_in(self) -> NDArray[np.int64]:
        """How many persons each district has."""
        return counts(self.district[self.household_of], len(self.districts))

    @cached_property
    def heads(self) -> NDArray[np.intp]:
        """The person whose name stands for each household: its head, else its applicant, else its first member."""
        shown = self.offsets[:-1].copy()
        for title, word in (("与申请人关系", "本人"), ("与户主关系", "户主")):
            column = self.person_column(title)
            if column is not None:
                found = _places_of(word, column)[::-1]  # of two, the first is written last
                shown[self.household_of[found]] = found
        return shown

    def person_column(self, title: str) -> pa.Array | None:
        """A column of the members, None if the register has none."""
        index = self.members.type.get_field_index(title)
        return None if index < 0 else self.members.field(index)

    def column(self, title: str, level: Level) -> pa.Array | None:
        """A column of households or of persons, None if the register has none."""
        if level is Level.PERSON:
            return self.person_column(title)
        return self.batch.column(title) if title in self.batch.schema.names else None

    def paid(self, programme: str, month: Month, level: Level) -> Told:
        """What was paid for a month."""
        return self._told(paid_column(programme, month, level).title, level)

    def received(self, programme: str, level: Level) -> Told:
        """What is in payment a month."""
        return self._told(f"{AMOUNT}.{programme}", level)

    def _told(self, title: str, level: Level) -> Told:
        column = self.column(title, level)
        if column is None or column.null_count == len(column):
            rows = self.count(level)
            return Told(np.zeros(rows, np.int64), np.zeros(rows, np.bool_))
        return Told(pc.fill_null(column, 0).to_numpy(), known(column))

    def household_ids(self, rows: pa.Array, *, masked: bool) -> pa.Array:
        numbers = self.batch.column("家庭编号").take(rows)
        return _without_identity(numbers) if masked else numbers

    def member_ids(self, persons: pa.Array, *, masked: bool) -> pa.Array:
        numbers = self._taken("成员编号", persons)
        return _without_identity(numbers) if masked else numbers

    def names(self, persons: pa.Array, *, masked: bool) -> pa.Array:
        names = self._taken("姓名", persons).dictionary_encode()  # many are the same: masked once
        return coded(names.indices, masked_names(names.dictionary)) if masked else names

    def identity_numbers(self, persons: pa.Array, *, masked: bool) -> pa.Array:
        numbers = self._taken("身份证号", persons)
        return masked_numbers(numbers) if masked else numbers

    def _taken(self, title: str, persons: pa.Array) -> pa.Array:
        column = self.person_column(title)
        return pa.nulls(len(persons), pa.string()) if column is None else column.take(persons)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _places_of(word: str, column: pa.Array) -> NDArray[np.intp]:
    """Where a column says a word."""
    encoded = _encoded(column)
    position = encoded.dictionary.index(word).as_py()
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    return np.flatnonzero(codes == position) if position >= 0 else np.zeros(0, np.intp)


def _without_identity(numbers: pa.Array) -> pa.Array:
    """An office's own numbers, masked where it used identity numbers."""
    if (pc.max(pc.utf8_length(numbers)).as_py() or 0) < _SHORTEST_IDENTITY:
        return numbers
    return pa.array([number and mask(number) for number in numbers.to_pylist()], pa.string())


def masked_numbers(numbers: pa.Array) -> pa.Array:
    """Identity numbers with only the first six and the last four signs left, as `mask` writes them."""
    return pc.binary_replace_slice(numbers.cast(pa.binary()), 6, -4, b"********").cast(pa.string())


def masked_names(names: pa.Array) -> pa.Array:
    """Names as `mask_name` writes them; how much of a surname is left depends on two signs and the length alone."""
    names = pc.utf8_trim_whitespace(names)
    lengths = pc.fill_null(pc.utf8_length(names), 0)
    first = pc.utf8_slice_codeunits(names, 0, 2).dictionary_encode()
    kept = pa.array([_kept(signs) for signs in first.dictionary.to_pylist()], pa.int32()).take(first.indices)
    kept = pc.if_else(pc.greater(lengths, 2), kept, pc.if_else(pc.equal(lengths, 2), 1, 0)).cast(pa.int32())
    short = pc.utf8_slice_codeunits(names, 0, 1)
    long = pc.utf8_slice_codeunits(names, 0, 2)
    left = pc.if_else(pc.equal(kept, 2), long, pc.if_else(pc.equal(kept, 1), short, ""))
    stars = pc.binary_repeat("*", pc.subtract(lengths, pc.fill_null(kept, 0)))
    return pc.if_else(names.is_valid(), pc.binary_join_element_wise(left, stars, ""), None)


@lru_cache(maxsize=65_536)
def _kept(signs: str) -> int:
    """How many signs are left of a name of three or more that begins so."""
    return 3 - mask_name(signs + "某").count("*") if len(signs) == 2 else 0
