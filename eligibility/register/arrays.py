"""Arrow arrays as NumPy sees them and back, by their buffers: what is known, the numbers, the places of words.

Kernels that return masks or fill nulls cost several times what the buffers themselves do, and a batch has a hundred
columns. Numbers under a null are whatever stands there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import InputError, Problem

_NUMBERS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def known(array: pa.Array) -> NDArray[np.bool_]:
    """Which cells are not null."""
    bits = array.buffers()[0]
    if array.null_count == 0 or bits is None:
        return np.full(len(array), array.null_count == 0)
    return _bits(bits, array)


def _bits(buffer: pa.Buffer, array: pa.Array) -> NDArray[np.bool_]:
    end = array.offset + len(array)
    packed = np.frombuffer(buffer, np.uint8, count=(end + 7) // 8)
    return np.unpackbits(packed, count=end, bitorder="little").view(np.bool_)[array.offset :]


def truths(array: pa.Array) -> NDArray[np.bool_]:
    """The cells of a column of truths, anything under a null."""
    return _bits(array.buffers()[1], array)


def numbers(array: pa.Array) -> NDArray[Any]:
    """The cells of a column of whole numbers or days (since 1970-01-01), anything under a null; not a copy."""
    kind = _NUMBERS[array.type.bit_width // 8]
    cells: NDArray[Any] = np.frombuffer(array.buffers()[1], kind, count=array.offset + len(array))
    return cells[array.offset :]


def places(array: pa.DictionaryArray) -> NDArray[Any]:
    """For each cell of a column of words the place of its word, -1 for null.

    Raises `InputError` if a word is not in the dictionary: other functions trust these places.
    """
    indices = numbers(array.indices)
    if array.null_count:
        indices = np.where(known(array.indices), indices, indices.dtype.type(-1))
    if len(indices) and not -1 <= indices.min() <= indices.max() < len(array.dictionary):
        raise InputError(Problem("register-broken", "台账文件已损坏：有的词不在词表里", hint="请重新导入"))
    return indices


def column(cells: NDArray[Any], given: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column of numbers or truths, null where not `given`."""
    data = np.packbits(cells, bitorder="little") if cells.dtype == np.bool_ else np.ascontiguousarray(cells)
    bits = None if given is None else pa.py_buffer(np.packbits(given, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(cells.dtype), len(cells), [bits, pa.py_buffer(data)])


def worded(cells: NDArray[Any], dictionary: pa.Array) -> pa.DictionaryArray:
    """A column of words from their places in a dictionary (within it), null where one is negative."""
    given = cells >= 0
    indices = column(cells, None if given.all() else given)
    return pa.DictionaryArray.from_arrays(indices, dictionary, safe=False)
