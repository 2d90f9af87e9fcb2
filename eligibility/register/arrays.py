"""Arrow arrays as NumPy sees them and back, by their buffers: what is known, the numbers, the codes of words.

Kernels that return masks or fill nulls cost several times what the buffers themselves do, and a batch has a hundred
columns. Numbers under a null are whatever stands there.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import InputError, Problem

Values: TypeAlias = pa.Array | None
"""A fact's values, or None where the fact is unknown for all."""
Rows: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_NUMBERS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def known(array: pa.Array) -> Mask:
    """Which cells are not null."""
    bits = array.buffers()[0]
    if array.null_count == 0 or bits is None:
        return np.full(len(array), array.null_count == 0)
    return _bits(bits, array)


def _bits(buffer: pa.Buffer, array: pa.Array) -> Mask:
    end = array.offset + len(array)
    packed = np.frombuffer(buffer, np.uint8, count=(end + 7) // 8)
    return np.unpackbits(packed, count=end, bitorder="little").view(np.bool_)[array.offset :]


def truths(array: pa.Array) -> Mask:
    """The cells of a column of truths, anything under a null."""
    return _bits(array.buffers()[1], array)


def numbers(array: pa.Array) -> NDArray[Any]:
    """The cells of a column of whole numbers or days (since 1970-01-01), anything under a null; not a copy."""
    kind = _NUMBERS[array.type.bit_width // 8]
    cells: NDArray[Any] = np.frombuffer(array.buffers()[1], kind, count=array.offset + len(array))
    return cells[array.offset :]


def codes(array: pa.DictionaryArray) -> NDArray[Any]:
    """For each cell of a column of words the place of its word in the dictionary, anything under a null; not a copy.

    Raises `InputError` if a word is not in the dictionary: other functions trust these places.
    """
    cells = numbers(array.indices)
    places = cells.view(f"u{cells.itemsize}")  # What is negative is too large.
    most = len(array.dictionary)
    if places.max(initial=0) >= most and (places[known(array.indices)] >= most).any():
        raise InputError(Problem("register-broken", "台账文件已损坏：有的词不在词表里", hint="请重新导入"))
    return cells


def column(cells: NDArray[Any], given: Mask | None = None, kind: pa.DataType | None = None) -> pa.Array:
    """A column of numbers, truths, or another `kind` whose cells are numbers; null where not `given`."""
    data = np.packbits(cells, bitorder="little") if cells.dtype == np.bool_ else np.ascontiguousarray(cells)
    bits = None if given is None else pa.py_buffer(np.packbits(given, bitorder="little"))
    kind = pa.from_numpy_dtype(cells.dtype) if kind is None else kind
    return pa.Array.from_buffers(kind, len(cells), [bits, pa.py_buffer(data)])


def without(array: pa.Array, rows: Rows) -> pa.Array:
    """A column of numbers, days or truths, but null in some rows."""
    if not len(rows):
        return array
    given = known(array)
    given[rows] = False
    cells = truths(array) if pa.types.is_boolean(array.type) else numbers(array)
    return column(cells, given, array.type)


def cleared(array: pa.Array) -> pa.Array:
    """The same cells with nothing under a null: what was struck out is not passed on."""
    if not array.null_count:
        return array
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(cleared(array.indices), array.dictionary, safe=False)
    given = known(array)
    if pa.types.is_string(array.type):
        text = array.fill_null("")
        bits = pa.py_buffer(np.packbits(given, bitorder="little"))
        return pa.Array.from_buffers(array.type, len(array), [bits, *text.buffers()[1:]])
    if pa.types.is_boolean(array.type):
        return column(truths(array) & given, given, array.type)
    return column(numbers(array) * given, given, array.type)


def scaled(array: pa.Array, factor: int) -> pa.Array:
    """A column of whole numbers, each times a factor."""
    return column(numbers(array) * factor, known(array) if array.null_count else None)


def worded(cells: NDArray[Any], given: Mask, dictionary: pa.Array) -> pa.DictionaryArray:
    """A column of words from their places in a dictionary (within it), null where not `given`."""
    return pa.DictionaryArray.from_arrays(column(cells, given), dictionary, safe=False)
