"""What the sample register is drawn with: one block's random numbers, and its columns before they are Arrow's.

A block is drawn by itself from (seed, its number), so that a household of the sample is the same whatever is drawn
besides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .columns import list_text

Flags = NDArray[np.bool_]
Numbers = NDArray[Any]

EPOCH_YEAR: Final = 1970
_FIRST_YEAR: Final = 1900
_MONTHS: Final = np.arange(f"{_FIRST_YEAR}-01", "2051-01", dtype="M8[M]").astype("M8[D]").astype(np.int64)
"""The first day of every month, as days since 1970."""


class Draw:
    """The random numbers of one block, in one fixed order."""

    def __init__(self, seed: int, block: int) -> None:
        self._generator = np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(block,)))
        )

    def uniform(self, size: int) -> Numbers:
        """Numbers from 0 up to 1."""
        return self._generator.random(size)

    def normal(self, size: int) -> Numbers:
        """Numbers of the standard normal distribution."""
        return self._generator.standard_normal(size)

    def chance(self, probability: float | Numbers, size: int) -> Flags:
        """True with a probability, the same for all or each its own."""
        return self._generator.random(size) < probability

    def between(self, low: int | Numbers, high: int | Numbers, size: int) -> Numbers:
        """Whole numbers from `low` to `high`, both included."""
        return (self._generator.random(size) * (np.asarray(high) - low + 1)).astype(np.int64) + low

    def pick(self, weights: Sequence[float], size: int) -> Numbers:
        """Positions in a list of weights."""
        bounds = np.cumsum(weights)
        return np.searchsorted(bounds / bounds[-1], self._generator.random(size), side="right")


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: which cells are known, and their values: 分, days since 1970, codes of `words`, rows of ASCII signs."""

    values: Numbers
    known: Flags
    words: tuple[str, ...] | None = None

    def blanked(self, blank: Flags) -> Cells:
        """The same column with more cells unknown."""
        return replace(self, known=self.known & ~blank)

    def cut(self, rows: int) -> Cells:
        """Its first rows."""
        return replace(self, values=self.values[:rows], known=self.known[:rows])

    def arrow(self, type_: pa.DataType) -> pa.Array:
        """The column as an Arrow array of a type."""
        unknown = ~self.known
        if self.words is not None:
            codes = pa.array(self.values.astype(np.int16), mask=unknown)
            words = pa.DictionaryArray.from_arrays(codes, pa.array(self.words, pa.string()))
            return words if words.type == type_ else words.cast(type_)
        if self.values.ndim == 2:
            return pc.if_else(pa.array(self.known), signs(self.values), pa.scalar(None, pa.string()))
        if pa.types.is_date32(type_):
            return pa.array(self.values.astype(np.int32), mask=unknown).cast(type_)
        kind = np.bool_ if pa.types.is_boolean(type_) else np.dtype(f"i{type_.bit_width // 8}")
        return pa.array(self.values.astype(kind, copy=False), type_, mask=unknown)


Table = dict[str, Cells]
"""The columns of one level by their Chinese titles."""


def signs(matrix: Numbers) -> pa.Array:
    """Rows of ASCII signs of one width -> texts."""
    rows, width = matrix.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(matrix, dtype=np.uint8)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def write_digits(matrix: Numbers, column: int, width: int, numbers: Numbers) -> None:
    """Numbers into `width` columns of a matrix of signs, filled with zeros on the left."""
    for place in range(width):
        matrix[:, column + width - 1 - place] = ord("0") + numbers // 10**place % 10


def every(values: Numbers, words: tuple[str, ...] | None = None) -> Cells:
    """A column without blanks."""
    return Cells(values, np.ones(len(values), np.bool_), words)


def some(values: Numbers, known: Flags, words: tuple[str, ...] | None = None) -> Cells:
    """A column with a value only where `known`."""
    return Cells(values, known, words)


def subsets(listed: Sequence[str], most: int) -> tuple[str, ...]:
    """Texts of all lists of up to `most` of these words, by the bits of the words: `subsets(…)[0b101]` is first、third.

    A combination of more words than `most` stands as 无, and is not to be used.
    """
    texts = [list_text(())] * (1 << len(listed))
    for many in range(1, most + 1):
        for chosen in combinations(range(len(listed)), many):
            texts[sum(1 << number for number in chosen)] = list_text(listed[number] for number in chosen)
    return tuple(texts)


def among(values: Numbers, codes: Iterable[int]) -> Flags:
    """Which values are one of a few codes."""
    found = np.zeros(len(values), np.bool_)
    for code in codes:
        found |= values == code
    return found


def days(year: int | Numbers, month: int | Numbers = 1, day: int = 1) -> Numbers:
    """Dates as days since 1970; a month past December is one of a later year."""
    return np.asarray(_MONTHS[(np.asarray(year) - _FIRST_YEAR) * 12 + month - 1] + (day - 1))


@cache
def day(year: int, month: int = 1, day: int = 1) -> int:
    """One date as days since 1970."""
    return int(days(year, month, day))
