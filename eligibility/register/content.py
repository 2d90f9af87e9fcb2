"""What a register holds, independent of how its file is laid out: one dictionary for each column, and a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError, Problem
from .arrays import known, numbers, truths
from .flat import Tables

MAX_WORDS = 2**15
"""Most different words (or lists of words) of one column: what a 16-bit index can tell apart."""


class Dictionaries:
    """One growing dictionary for each column of words, over all batches of a register."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, int]] = {}
        self._arrays: dict[str, pa.Array] = {}

    def unified(self, batch: Tables) -> Tables:
        """The same batch with the indices of the register's dictionaries.

        Raises `InputError` for a column with more than `MAX_WORDS` different words.
        """
        household = {title: self._unify(title, array) for title, array in batch.household.items()}
        persons = {
            title: self._unify(f"成员.{title}", array, title) for title, array in batch.persons.items()
        }
        return Tables(household, batch.offsets, persons)

    def _unify(self, name: str, array: pa.Array, title: str | None = None) -> pa.Array:
        if not pa.types.is_dictionary(array.type):
            return array
        words = self._words.setdefault(name, {})
        current = self._arrays.get(name)
        if current is not None and array.dictionary.equals(current):
            return array
        local = array.dictionary.to_pylist()
        # In the order in which rows first use them, so that equal content makes equal dictionaries.
        for index in pc.unique(array.indices).to_pylist():
            if index is not None and local[index] is not None:
                words.setdefault(local[index], len(words))
        if len(words) > MAX_WORDS:
            problem = Problem("register-words", f"不同的写法超过 {MAX_WORDS} 种", title or name)
            raise InputError(problem)
        if current is None or len(current) < len(words):
            current = self._arrays[name] = pa.array(list(words), pa.string())
        places = pa.array([words.get(word) for word in local], pa.int16())
        return pa.DictionaryArray.from_arrays(pc.take(places, array.indices), current)

    def words(self) -> dict[str, list[str]]:
        """The words of every column that has any, in order of their indices."""
        return {name: list(words) for name, words in self._words.items() if words}


class Content:
    """Counts and digests households as they come; their words are those of one `Dictionaries`.

    The digest depends on the rows alone: not on how they were divided into batches, not on what lies under a null, and
    not on columns that are wholly null.
    """

    def __init__(self) -> None:
        self.households = 0
        self.persons = 0
        self._columns: dict[str, _ColumnDigest] = {}
        self._sizes = hashlib.sha256()

    def add(self, batch: Tables) -> None:
        """Takes in some households."""
        self._add("家庭", batch.household, self.households)
        self._add("成员", batch.persons, self.persons)
        self.households += batch.households
        self.persons += int(batch.offsets[-1])
        self._sizes.update(np.diff(batch.offsets).tobytes())

    def _add(self, table: str, columns: Mapping[str, pa.Array], before: int) -> None:
        for title, array in columns.items():
            if array.null_count < len(array):
                digest = self._columns.setdefault(f"{table}.{title}", _ColumnDigest())
                digest.add(array, before)

    def summary(self, dictionaries: Dictionaries) -> dict[str, str]:
        """Households, persons and the digest of the content so far (64 hexadecimal digits), as text."""
        rows = {"家庭": self.households, "成员": self.persons}
        columns = {
            title: digest.text(rows[title.partition(".")[0]])
            for title, digest in sorted(self._columns.items())
        }
        content = [self._sizes.hexdigest(), columns, dict(sorted(dictionaries.words().items()))]
        text = json.dumps(content, ensure_ascii=False).encode()
        return {
            "households": str(self.households),
            "persons": str(self.persons),
            "digest": hashlib.sha256(text).hexdigest(),
        }


class _ColumnDigest:
    """The digest of one column: of which rows are known, and of their values."""

    def __init__(self) -> None:
        self._known = hashlib.sha256()
        self._values = hashlib.sha256()
        self._lengths = hashlib.sha256()
        self._rows = 0

    def add(self, array: pa.Array, before: int) -> None:
        """Takes in the next rows; since the last ones there were only nulls, up to row `before`."""
        self._known.update(bytes(before - self._rows))
        self._rows = before + len(array)
        if pa.types.is_dictionary(array.type):
            array = array.indices
        given = known(array)
        self._known.update(given.tobytes())
        if pa.types.is_string(array.type):
            array = array.drop_null() if array.null_count else array
            ends = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
            self._lengths.update(np.diff(ends).tobytes())
            self._values.update(array.buffers()[2][int(ends[0]) : int(ends[-1])])
        else:
            values = truths(array) if pa.types.is_boolean(array.type) else numbers(array)
            self._values.update((values[given] if array.null_count else values).tobytes())

    def text(self, rows: int) -> str:
        """The digest as text, of a column that has so many rows; those not taken in are nulls."""
        known = self._known.copy()
        known.update(bytes(rows - self._rows))
        return " ".join(part.hexdigest() for part in (known, self._lengths, self._values))
