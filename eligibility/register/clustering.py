"""Two tables become households: each member's row joins its household once, and what cannot be joined is listed.

A row that cannot be used makes its household unusable, since who belongs to it or what it owns is then open; so every
row of that household is listed. Rows in are rows stored and rows listed, of each table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case.fields import MAX_MEMBERS
from ..errors import InputError, Problem
from ..values import Level
from .columns import HOUSEHOLD_ID, MEMBER_ID
from .conversion import NO_ROW, TypedTable
from .flat import Tables
from .headers import ROW_SHIFTED
from .problems import SAME_HOUSEHOLD, RowProblem, TableCount
from .schema import BATCH_HOUSEHOLDS
from .suspicion import known_identity

Rows = NDArray[np.int64]


class Listing:
    """All problems of an import by row, and the count of each table."""

    def __init__(self, tables: Mapping[Level, TypedTable]) -> None:
        self.tables = tables
        self.problems = {level: dict(table.problems) for level, table in tables.items()}

    def add(
        self, level: Level, row: int, code: str, message: str, remedy: str, column: str | None = None
    ) -> None:
        """A problem of a row, given by its index; `column` by its title in a register."""
        problem = self.tables[level].problem(row, code, message, remedy, column)
        self.problems[level].setdefault(row, []).append(problem)

    def add_rest(self, level: Level, rows: Iterable[int], because: RowProblem) -> None:
        """Lists those rows of an unusable household that have no problem of their own, with the place of the first."""
        message = f"{SAME_HOUSEHOLD}，见 {because.table} 第 {because.row} 行"
        for row in rows:
            if row not in self.problems[level]:
                self.add(level, row, "same-household", message, "改正同户的其他问题后一起导入")

    def found(self) -> Iterator[RowProblem]:
        """Every problem, households before members, each table from the top."""
        for level in sorted(self.problems):
            for row in self.rows(level):
                yield from self.problems[level][row]

    def rows(self, level: Level) -> list[int]:
        """The rows of a table that have problems, by index, from the top of the table."""
        numbers = self.tables[level].rows
        return sorted(self.problems[level], key=lambda index: int(numbers[index]))

    def counts(self, stored: Mapping[Level, int]) -> tuple[TableCount, ...]:
        """What became of the rows of each table. A row that is neither stored nor listed is a fault of this program."""
        counts = tuple(
            TableCount(level, table.place, len(table.rows), stored[level], len(self.problems[level]))
            for level, table in self.tables.items()
        )
        assert all(count.rows_in == count.rows_stored + count.rows_listed for count in counts), counts
        return counts


@dataclass(frozen=True, slots=True)
class Block:
    """Some households with all their members, and the index of each one's row in its table."""

    tables: Tables
    households: Rows
    persons: Rows


def blocks(listing: Listing) -> Iterator[Block]:
    """The households that can be put together, in the order of their table; lists the rows of all others first."""
    household, person = listing.tables[Level.HOUSEHOLD], listing.tables[Level.PERSON]
    join = _Join(listing, household, person)
    join.check()
    first = join.usable_households()
    rank = np.full(join.ids, -1)
    rank[join.household[first]] = np.arange(len(first))
    ranked = np.where(join.person < 0, -1, rank[join.person])
    order = np.argsort(ranked, kind="stable")
    order = order[np.searchsorted(ranked[order], 0) :]
    bounds = np.searchsorted(ranked[order], np.arange(len(first) + 1))
    for start in range(0, len(first), BATCH_HOUSEHOLDS):
        stop = min(start + BATCH_HOUSEHOLDS, len(first))
        rows, members = first[start:stop], order[bounds[start] : bounds[stop]]
        ids = {HOUSEHOLD_ID.title: household.ids.take(pa.array(rows))}
        columns = {title: column.take(pa.array(rows)) for title, column in household.columns.items()}
        people = {title: column.take(pa.array(members)) for title, column in person.columns.items()}
        offsets = (bounds[start : stop + 1] - bounds[start]).astype(np.int32)
        yield Block(Tables({**ids, **columns}, offsets, people), rows, members)


class _Join:
    """The households of two tables by number: which rows each has, and which are unusable."""

    def __init__(self, listing: Listing, household: TypedTable, person: TypedTable) -> None:
        self.listing = listing
        self.tables = {Level.HOUSEHOLD: household, Level.PERSON: person}
        encoded = pa.concat_arrays([household.ids, person.ids]).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        self.ids = len(encoded.dictionary)
        self.household, self.person = np.split(codes, [len(household.ids)])
        lost = listing.problems[Level.PERSON].items()
        self.shifted = np.zeros(len(self.person), bool)
        self.shifted[[row for row, found in lost if found[0].code == ROW_SHIFTED]] = True
        self.bad = np.zeros(self.ids + 1, bool)  # the last stands for rows without a number

    def check(self) -> None:
        """Finds unusable households and lists all their rows."""
        self._counts()
        self._identities()
        self._unsure()
        because: dict[int, RowProblem] = {}
        for level, codes in self._codes():
            for row in self.listing.rows(level):
                because.setdefault(int(codes[row]), self.listing.problems[level][row][0])
        because.pop(-1, None)  # rows without a number are no household
        self.bad[list(because)] = True
        for level, codes in self._codes():
            for row in map(int, np.flatnonzero(self.bad[codes])):
                self.listing.add_rest(level, (row,), because[int(codes[row])])

    def _codes(self) -> Iterator[tuple[Level, Rows]]:
        yield Level.HOUSEHOLD, self.household
        yield Level.PERSON, self.person

    def usable_households(self) -> Rows:
        """The rows of households that can be stored."""
        return np.flatnonzero((self.household >= 0) & ~self.bad[self.household])

    def _counts(self) -> None:
        """Households that stand twice, have no members or too many, and members without a household."""
        add, column = self.listing.add, HOUSEHOLD_ID.title
        rows = np.bincount(self.household[self.household >= 0], minlength=self.ids)
        members = np.bincount(self.person[self.person >= 0], minlength=self.ids)
        for row in map(int, np.flatnonzero((self.household >= 0) & (rows[self.household] > 1))):
            add(Level.HOUSEHOLD, row, "household-twice", "家庭编号重复", "每户一行，编号各不相同", column)
        for row in map(int, np.flatnonzero((self.household >= 0) & (members[self.household] == 0))):
            add(
                Level.HOUSEHOLD,
                row,
                "household-empty",
                "成员表里没有这一户的成员",
                "补上成员，或核对家庭编号",
                column,
            )
        for row in map(int, np.flatnonzero((self.household >= 0) & (members[self.household] > MAX_MEMBERS))):
            add(
                Level.HOUSEHOLD,
                row,
                "household-too-large",
                f"成员超过 {MAX_MEMBERS} 人",
                "核对家庭编号",
                column,
            )
        for row in map(int, np.flatnonzero(self._orphans())):
            add(
                Level.PERSON,
                row,
                "member-no-household",
                "家庭表里没有这个家庭编号",
                "补上家庭，或核对家庭编号",
                column,
            )

    def _identities(self) -> None:
        """People who stand in two households, by identity number or by that of their certificate."""
        person = self.tables[Level.PERSON]
        count = len(person.columns[MEMBER_ID.title])
        known = known_identity(person.columns, count)
        for row, other in in_two_households(known, self.person[:count]):
            message = f"同一身份证号也在另一户（第 {int(person.rows[other])} 行）"
            self.listing.add(Level.PERSON, row, "person-twice", message, "一人只能在一户", "身份证号")

    def _unsure(self) -> None:
        """Members who may belong to the household above them (at the top of the table, to that below).

        They are those whose household nothing names, and those who alone have a number that no household has: it may be
        a slip. Several rows with such a number are a household of their own that is not in the table, and so is a
        single one below them. Raises `InputError` where rows have no order and a household is not named: then any
        household may be theirs; a slip is then listed by itself.
        """
        person = self.tables[Level.PERSON]
        homeless = self._homeless_rows()
        if not person.ordered:
            if homeless.any():
                message = f"有 {homeless.sum()} 行没有可用的家庭编号；这里的行没有次序，任何一户都可能少了人"
                raise InputError(Problem("member-household-unknown", message, person.place, "补上家庭编号"))
            return
        orphan = self._orphans()
        members = np.bincount(self.person[~self.shifted] + 1, minlength=self.ids + 1)
        lone = orphan & (members[self.person + 1] == 1)
        order = np.argsort(person.rows, kind="stable")
        named = order[((self.person >= 0) & ~self.shifted & ~lone)[order]]
        unsure = order[(homeless | lone)[order]]
        if not len(named):
            return
        place = np.searchsorted(person.rows[named], person.rows[unsure])
        near: dict[int, int] = {}
        for row, neighbour in zip(unsure, named[np.maximum(place - 1, 0)], strict=True):
            if homeless[row] or not orphan[neighbour]:
                near.setdefault(int(neighbour), int(row))
        for neighbour, row in near.items():
            why = "没有可用的家庭编号" if homeless[row] else "的家庭编号在家庭表里没有"
            message = f"第 {int(person.rows[row])} 行{why}，可能是这户的成员"
            remedy = f"{'补上' if homeless[row] else '核对'}那一行的家庭编号，一起导入"
            self.listing.add(Level.PERSON, neighbour, "household-doubtful", message, remedy)

    def _orphans(self) -> NDArray[np.bool_]:
        """The members' rows with a number that no household has."""
        rows = np.bincount(self.household + 1, minlength=self.ids + 1)
        found: NDArray[np.bool_] = (self.person >= 0) & ~self.shifted & (rows[self.person + 1] == 0)
        return found

    def _homeless_rows(self) -> NDArray[np.bool_]:
        """The members' rows whose household is not known; a total or a note is no member."""
        homeless = (self.person < 0) | self.shifted
        problems = self.listing.problems[Level.PERSON]
        for row in map(int, np.flatnonzero(homeless)):
            homeless[row] = not any(one.code in NO_ROW for one in problems.get(row, ()))
        return homeless


def in_two_households(identities: pa.Array, households: Rows) -> Iterator[tuple[int, int]]:
    """Rows whose identity number also stands in another household, each with such a row. Households below 0 do not
    count."""
    encoded = identities.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero((codes >= 0) & (households >= 0))
    order = rows[np.lexsort((rows, households[rows], codes[rows]))]
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    # Sorted by household within a number: it stands in two if the first household is not the last.
    shared = households[order[starts]] != households[order[ends - 1]] if len(order) else starts > 0
    for start, end in zip(starts[shared], ends[shared], strict=True):
        group = order[start:end]
        for row in group:
            other = group[0] if households[row] != households[group[0]] else group[-1]
            yield int(row), int(other)
