"""Impairments of members and of parents: what is listed, or else what a certificate says."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case import Fact
from ..values import Level
from .arrays import Rows, Values, column, known, worded
from .columns import CERTIFIED, MEMBER_ID
from .decoding import Cells, Decoder
from .derived import Reading
from .flat import Tables, member_rows

_LISTED: Final = "残疾"
_CERTIFICATE: Final = ("残疾证", "残疾证类别", "残疾证等级")


class BatchReading(Reading):
    """One batch, with the impairments of its people."""

    def __init__(self, tables: Tables, decoder: Decoder) -> None:
        super().__init__(tables, decoder)
        self._named: dict[str, NDArray[Any]] = {}

    def impairment(self, fact: Fact) -> Values:
        """A fact of a member's impairments."""
        if not len(self._unlisted):
            return self.words(fact, Level.PERSON, _LISTED)
        cells, rows = self._impairments
        return worded(cells, cells >= 0, self.decoder.entries(fact, rows))

    def holds_certificate(self, fact: Fact) -> Values:
        """True where the row gives a certificate; without impairments there is none."""
        if self.person(_LISTED) is not None:
            return self.words_but(fact, Level.PERSON, _LISTED, self._certified, True)
        if not len(self._certified):
            return None
        given = np.zeros(self.people, bool)
        given[self._certified] = True
        return column(np.ones(self.people, bool), given)

    @cached_property
    def _certified(self) -> Rows:
        """Who has a certificate."""
        given = np.zeros(self.people, bool)
        for title in (*_CERTIFICATE, "残疾证号"):
            array = self.person(title)
            if array is not None:
                given |= known(array)
        return np.flatnonzero(given)

    @cached_property
    def _unlisted(self) -> Rows:
        """Who has a certificate and no list of impairments."""
        rows = self._certified
        listed = self.person(_LISTED)
        return rows if listed is None else rows[~known(listed)[rows]]

    @cached_property
    def _impairments(self) -> tuple[NDArray[Any], tuple[Cells | None, ...]]:
        """For each member the number of some cells that say what is impaired (-1: nothing does), and those cells."""
        cells, words = self._listed(_LISTED)
        categories, category = self._words_at("残疾证类别", self._unlisted)
        grades, grade = self._words_at("残疾证等级", self._unlisted)
        cells[self._unlisted] = len(words) + category * len(grades) + grade
        certificates = (_certificate_cells(one, other) for one in categories for other in grades)
        return cells, (*(((_LISTED, word),) for word in words), *certificates)

    def _listed(self, title: str) -> tuple[NDArray[np.int32], list[str]]:
        """For each member the place of the word of a column, -1 for null, and the words."""
        array = self.person(title)
        if array is None:
            return np.full(self.people, -1, np.int32), []
        cells = np.where(known(array), self.codes(Level.PERSON, title), np.int32(-1))
        return cells, array.dictionary.to_pylist()

    def _words_at(self, title: str, rows: Rows) -> tuple[list[str | None], Rows]:
        """The words of a column, None first, and the place of the word of each of some rows."""
        cells, words = self._listed(title)
        return [None, *words], cells[rows].astype(np.int64) + 1

    def parent_impairment(self, fact: Fact, prefix: str) -> Values:
        """A grade of a parent, told by the same `fact` of a member: as listed, else that of the member who it is."""
        title = prefix + _LISTED
        array, cells = self.person(title), self._parents_as_members(prefix)
        if not len(cells):
            return self.words(fact, Level.PERSON, title, like=_LISTED)
        values = self.decoder.entries(fact, self._impairments[1])
        if array is not None:
            values = pa.concat_arrays([values, self.decoder.words(fact, title, array.dictionary, _LISTED)])
        return worded(cells, cells >= 0, values)

    def _parents_as_members(self, prefix: str) -> NDArray[Any]:
        """Of each member's parent the number of the member's impairments, or after all those of the parent's words.

        Empty if no parent is known by a member's alone: normalising copied what a member lists, so that only a
        certificate is left to be looked up.
        """
        if prefix not in self._named:
            self._named[prefix] = self._look_up_parents(prefix)
        return self._named[prefix]

    def _look_up_parents(self, prefix: str) -> NDArray[Any]:
        references = self.person(f"{prefix}成员编号")
        if references is None or not len(self._unlisted):
            return np.empty(0, np.int32)
        members, rows = self._impairments
        concerned = np.zeros(self.tables.households, bool)
        concerned[self.household[self._unlisted]] = True
        own, _ = self._listed(prefix + _LISTED)
        cells = np.where(own < 0, own, own + np.int32(len(rows)))
        blank = known(references) & (own < 0) & concerned[self.household]
        at = np.flatnonzero(blank)
        ids = self.tables.persons[MEMBER_ID.title]
        found = member_rows(ids, self.tables.offsets, at, references.take(column(at)))
        cells[at[found >= 0]] = members[found[found >= 0]]
        return cells


def _certificate_cells(category: str | None, grade: str | None) -> Cells | None:
    """The cells of a certificate; None where one of the two is missing, which no row may say."""
    if category is None and grade is None:
        return ((_CERTIFICATE[0], CERTIFIED),)
    if category is None or grade is None:
        return None
    return tuple(zip(_CERTIFICATE, (CERTIFIED, category, grade), strict=True))
