"""Impairments of members and of parents: what is listed, or else what a certificate says."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case import Fact
from ..quantities import Month
from ..values import Level
from .arrays import column, known, worded
from .columns import CERTIFIED, MEMBER_ID
from .decoding import Cells, Decoder
from .derived import Mask, Reading, Rows, Values
from .flat import Tables, member_rows

_CERTIFICATE: Final = ("残疾证", "残疾证类别", "残疾证等级")


class BatchReading(Reading):
    """One batch in one month, with the impairments of its people."""

    def __init__(self, tables: Tables, month: Month, decoder: Decoder) -> None:
        super().__init__(tables, month, decoder)
        self._named: dict[str, NDArray[Any]] = {}

    def impairment(self, fact: Fact) -> Values:
        """A fact of a member's impairments."""
        cells, rows = self._impairments
        return worded(cells, self.decoder.entries(fact, rows)) if rows else None

    def holds_certificate(self, fact: Fact) -> Values:
        """True where the row gives a certificate; without impairments there is none."""
        certified = np.flatnonzero(self._certified)
        if self.person("残疾") is not None:
            return self.words_but(fact, Level.PERSON, "残疾", certified, True)
        return column(np.ones(self.people, bool), self._certified) if len(certified) else None

    @cached_property
    def _certified(self) -> Mask:
        """Who has a certificate."""
        given = np.zeros(self.people, bool)
        for title in (*_CERTIFICATE, "残疾证号"):
            array = self.person(title)
            if array is not None:
                given |= known(array)
        return given

    @cached_property
    def _impairments(self) -> tuple[NDArray[Any], tuple[Cells | None, ...]]:
        """For each member the number of some cells that say what is impaired (-1: nothing does), and those cells."""
        array = self.person("残疾")
        rows: list[Cells | None] = []
        cells = np.full(self.people, -1, np.int16)
        if array is not None:
            rows = [(("残疾", word),) for word in array.dictionary.to_pylist()]
            cells = self.places(Level.PERSON, "残疾")
        blank = np.flatnonzero(self._certified & (cells < 0))
        if len(blank):
            categories, category = self._words_at("残疾证类别", blank)
            grades, grade = self._words_at("残疾证等级", blank)
            cells = cells.astype(np.int32)
            cells[blank] = len(rows) + category * len(grades) + grade
            rows += [_certificate_cells(one, other) for one in categories for other in grades]
        return cells, tuple(rows)

    def _words_at(self, title: str, rows: Rows) -> tuple[list[str | None], NDArray[np.int64]]:
        """The words of a column, None first, and the place of the word of each of some rows."""
        array = self.person(title)
        if array is None:
            return [None], np.zeros(len(rows), np.int64)
        return [None, *array.dictionary.to_pylist()], self.places(Level.PERSON, title)[rows].astype(
            np.int64
        ) + 1

    def parent_impairment(self, fact: Fact, member_fact: Fact, prefix: str) -> Values:
        """A grade of a parent: as listed, else that of the member who is the parent."""
        title = f"{prefix}残疾"
        array, cells = self.person(title), self._parents_as_members(prefix)
        if not len(cells):
            return self.words(fact, Level.PERSON, title)
        values = self.decoder.entries(member_fact, self._impairments[1])
        if array is not None:
            values = pa.concat_arrays([values, self.decoder.words(fact, title, array.dictionary)])
        return worded(cells, values)

    def _parents_as_members(self, prefix: str) -> NDArray[Any]:
        """Of each member's parent the number of the member's impairments, or after all those of the parent's words.

        Empty if no parent is known by a member's alone: normalising copied what a member lists, so that only a
        certificate is left to be looked up.
        """
        if prefix not in self._named:
            self._named[prefix] = self._look_up_parents(prefix)
        return self._named[prefix]

    def _look_up_parents(self, prefix: str) -> NDArray[Any]:
        array, references = self.person(f"{prefix}残疾"), self.person(f"{prefix}成员编号")
        members, rows = self._impairments
        listed = self.person("残疾")
        alone = self._certified if listed is None else self._certified & ~known(listed)
        if references is None or not alone.any():
            return np.empty(0, np.int32)
        concerned = np.zeros(self.tables.households, bool)
        concerned[self.household[alone]] = True
        blank = known(references) & concerned[self.household]
        cells = np.full(self.people, -1, np.int32)
        if array is not None:
            own = self.places(Level.PERSON, f"{prefix}残疾")
            cells = np.where(own < 0, -1, own + np.int32(len(rows)))
            blank &= own < 0
        at = np.flatnonzero(blank)
        ids = self.tables.persons[MEMBER_ID.title]
        found = member_rows(ids, self.tables.offsets, at, references.take(pa.array(at)))
        cells[at[found >= 0]] = members[found[found >= 0]]
        return cells


def _certificate_cells(category: str | None, grade: str | None) -> Cells | None:
    """The cells of a certificate; None where one of the two is missing, which no row may say."""
    if category is None and grade is None:
        return ((_CERTIFICATE[0], CERTIFIED),)
    if category is None or grade is None:
        return None
    return tuple(zip(_CERTIFICATE, (CERTIFIED, category, grade), strict=True))
