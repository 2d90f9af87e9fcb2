"""Facts that follow from several cells of a batch: days against the month, sums, relations, impairments, carers.

The same derivations as in `eligibility.case.people`, over columns instead of one person. Where a column is absent or
wholly unknown most of the work falls away, and where few rows have a cell only those are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case import Fact
from ..case.fields import RelationToApplicant, RelationToHead, choices
from ..case.people import BASIC_PENSION, EMPLOYMENT_COST
from ..case.person import NOBODY
from ..quantities import MAX_FEN
from ..values import Level
from .arrays import Mask, Rows, Values, codes, column, known, numbers, scaled, truths, without, worded
from .columns import CENTRAL_SHARE, DEDUCTIONS, INCOME, RECEIPTS, Detail
from .decoding import Decoder
from .flat import Tables
from .spells import Answer, Dated, Days, Spells, dated, days_of, terms

_TWELFTHS: Final = 12
_MOST: Final = _TWELFTHS * MAX_FEN
"""What is unknown is at most this: a range up to it is all there is to say."""
_TRANSFERS: Final = tuple(kind for kind in DEDUCTIONS if kind != EMPLOYMENT_COST)
_HEAD, _APPLICANT = "户主", "本人"


class Reading:
    """One batch: its columns, and what facts share on the way."""

    def __init__(self, tables: Tables, decoder: Decoder) -> None:
        self.tables = tables
        self.decoder = decoder
        self.people = int(tables.offsets[-1])
        self._spells: dict[tuple[Level, str], Spells | None] = {}
        self._codes: dict[tuple[Level, str], NDArray[Any]] = {}

    def column(self, level: Level, title: str) -> Values:
        """A column; None if it is absent or wholly unknown."""
        table = self.tables.household if level is Level.HOUSEHOLD else self.tables.persons
        array = table.get(title)
        return None if array is None or array.null_count == len(array) else array

    def person(self, title: str) -> Values:
        """A column of the members' table."""
        return self.column(Level.PERSON, title)

    def codes(self, level: Level, title: str) -> NDArray[Any]:
        """The places of the words of a column that is there, anything under a null; checked once."""
        key = (level, title)
        if key not in self._codes:
            self._codes[key] = codes(self.column(level, title))
        return self._codes[key]

    def stored(self, level: Level, title: str, scale: int = 1) -> Values:
        """A column as stored; a number in `scale`-ths of what it counts."""
        array = self.column(level, title)
        return array if array is None or scale == 1 else scaled(array, scale)

    def words(self, fact: Fact, level: Level, title: str, like: str | None = None) -> Values:
        """A fact that a column of words says; `like` names the column whose words mean the same."""
        array = self.column(level, title)
        if array is None:
            return None
        self.codes(level, title)  # Checks them.
        values = self.decoder.words(fact, title, array.dictionary, like)
        return pa.DictionaryArray.from_arrays(array.indices, values, safe=False)

    def words_but(self, fact: Fact, level: Level, title: str, rows: Rows, value: bool) -> Values:
        """A truth that a column of words says, but another in some rows."""
        array = self.column(level, title)
        if array is None or not len(rows):
            return self.words(fact, level, title)
        values = self.decoder.words(fact, title, array.dictionary)
        cells, given = self.codes(level, title).copy(), known(array)
        cells[rows] = len(values)
        given[rows] = True
        return worded(cells, given, pa.concat_arrays([values, pa.array([value])]))

    def district(self) -> Values:
        """The first six digits of the region."""
        array = self.column(Level.HOUSEHOLD, "地区")
        if array is None:
            return None
        self.codes(Level.HOUSEHOLD, "地区")
        districts = pc.utf8_slice_codeunits(array.dictionary, 0, 6)
        return pa.DictionaryArray.from_arrays(array.indices, districts, safe=False)

    def dwelling_area(self) -> Values:
        """As stored; where there is no dwelling, none."""
        count, area = (self.column(Level.HOUSEHOLD, title) for title in ("住房套数", "住房面积"))
        if count is None:
            return None
        none = np.flatnonzero((numbers(count) == 0) & known(count))
        if not len(none):
            return area
        areas = np.zeros(len(count), np.int32) if area is None else numbers(area).copy()
        given = np.zeros(len(count), bool) if area is None else known(area)
        areas[none] = 0
        given[none] = True
        return column(areas, given)

    # Days against the month.

    def present(self) -> Answer:
        """Who is a member on the first day: born by then and not dead before it, as far as is known."""
        born, died = self.person("出生日期"), self.person("死亡日期")
        begins = [] if born is None else [days_of(born)]
        ends = [] if died is None else [Days(rows, days + 1) for rows, days in [days_of(died)]]

        def make(rows: Rows) -> pa.Array:
            here = np.ones(self.people, bool)
            here[rows] = False
            return column(here)

        return Dated(Spells(begins, ends), make)

    def since(self, title: str, since_title: str, until_title: str | None = None) -> Answer:
        """A state with a first day: where it is not denied, that day decides; over from the day `until_title`."""
        array, since = self.person(title), self.person(since_title)
        until = None if until_title is None else self.person(until_title)
        if since is None and until is None:
            return array
        stands = np.zeros(self.people, bool) if array is None else truths(array)
        given = np.zeros(self.people, bool) if array is None else known(array)
        begins = []
        if since is not None:
            rows = np.flatnonzero(known(since) & ~(given & ~stands))
            begins.append(Days(rows, numbers(since)[rows]))
            stands[rows] = given[rows] = True

        def make(rows: Rows) -> pa.Array:
            standing, said = stands.copy(), given.copy()
            standing[rows] = False
            said[rows] = True
            return column(standing, said)

        return Dated(Spells(begins, [] if until is None else [days_of(until)]), make)

    def listed(self, fact: Fact, title: str, kind: str, details: Sequence[Detail], prefix: str) -> Answer:
        """Whether a member's list holds a kind; not while its item has not begun or once it is over."""
        return dated(
            self._in_force(kind, details, prefix),
            lambda rows: self.words_but(fact, Level.PERSON, title, rows, False),
        )

    def detail(self, detail: Detail, details: Sequence[Detail], prefix: str) -> Answer:
        """What is said of the item of one kind; nothing while it is not in force."""
        array = self.person(prefix + detail.title)
        if array is None:
            return None
        return dated(self._in_force(detail.kind, details, prefix), lambda rows: without(array, rows))

    def _in_force(self, kind: str, details: Sequence[Detail], prefix: str) -> Spells | None:
        """When the items of a kind are in force; None where no days are given."""
        titles = {item.attribute: prefix + item.title for item in details if item.kind == kind}
        if "since" not in titles:
            return None
        since = self.person(titles["since"])
        key = (Level.PERSON, titles["since"])
        if key not in self._spells:
            months = self.person(titles["term_months"]) if "term_months" in titles else None
            self._spells[key] = None if since is None else terms(since, months)
        return self._spells[key]

    # Benefits in payment.

    def in_payment(self, fact: Fact, since_title: str) -> Answer:
        """Whether a programme is listed and has begun."""
        return dated(
            self._begun(fact.level, since_title),
            lambda rows: self.words_but(fact, fact.level, RECEIPTS, rows, False),
        )

    def amount_in_payment(self, flag: Fact, title: str, since_title: str) -> Answer:
        """What is paid a month; nothing where the programme that `flag` tells of is not in payment."""
        array, amount = self.column(flag.level, RECEIPTS), self.column(flag.level, title)
        if array is None:
            return None
        said = self.decoder.words(flag, RECEIPTS, array.dictionary).to_pylist()
        listed = np.array([{None: 0, False: 1, True: 2}[value] for value in said], np.int8)
        states = listed.take(self.codes(flag.level, RECEIPTS), mode="clip") * known(array)
        paying = np.flatnonzero(states == 2)
        given = states == 1
        amounts = np.zeros(len(paying), np.int64)
        if amount is not None:
            amounts = numbers(amount)[paying]
            given[paying] = known(amount)[paying]

        def make(rows: Rows) -> pa.Array:
            fen, told = np.zeros(len(states), np.int64), given.copy()
            fen[paying] = amounts
            fen[rows] = 0
            told[rows] = True
            return column(fen, told)

        return dated(self._begun(flag.level, since_title), make)

    def _begun(self, level: Level, title: str) -> Spells | None:
        """When what began on the days of a column is in force; None where no days are given."""
        key = (level, title)
        if key not in self._spells:
            since = self.column(level, title)
            self._spells[key] = None if since is None else Spells([days_of(since)])
        return self._spells[key]

    # Sums of which a part may be unknown, in twelfths of a 分.

    def transfers_paid(self) -> Values:
        """Contributions, tax and support paid; if one is unknown, at least the others."""
        columns = [array for kind in _TRANSFERS if (array := self.person(kind)) is not None]
        if not columns:
            return None
        low = np.zeros(self.people, np.int64)
        some = np.zeros(self.people, bool)
        every = np.full(self.people, len(columns) == len(_TRANSFERS))
        for array in columns:
            given = known(array)
            rows, amounts = _amounts(array, given)
            low[rows] += amounts
            some |= given
            every &= given
        if (some == every).all():
            return column(low, some)
        high = low.copy()
        np.putmask(high, ~every, _MOST)
        return _ranges(low, high)

    def central_pension(self) -> Values:
        """The central share as stored; where it is blank, at most the pension itself."""
        share, pension = self.person(CENTRAL_SHARE), self.person(f"{INCOME}.{BASIC_PENSION}")
        if share is None and pension is None:
            return None
        low, given = np.zeros(self.people, np.int64), np.zeros(self.people, bool)
        stated = given if share is None else known(share)
        if share is not None:
            rows, amounts = _amounts(share, stated)
            low[rows] = amounts
        if pension is None:
            return column(low, stated)
        given = known(pension)
        rows, amounts = _amounts(pension, given & ~stated)
        given |= stated
        if not len(rows):
            return column(low, given)
        high = low.copy()
        high[rows] = np.maximum(amounts, 0)
        np.putmask(high, ~given, _MOST)
        return _ranges(low, high)

    # Other members of the household.

    def relation_to_head(self) -> Values:
        """As typed; blank beside a head it is anything else."""
        array = self.person("与户主关系")
        if array is None or not array.null_count:
            return array
        listed, given = array.dictionary.to_pylist(), known(array)
        blank = np.flatnonzero(~given)
        led = blank[self._first_of("与户主关系", _HEAD)[self.household[blank]] >= 0]
        cells = self.codes(Level.PERSON, "与户主关系").copy()
        cells[led] = len(listed)
        given[led] = True
        listed.append(_any_but(_HEAD, choices(RelationToHead)))
        return worded(cells, given, pa.array(listed, pa.string()))

    def relation_to_applicant(self) -> Values:
        """As typed; blank beside an applicant it is the relation to the head who applies, else anything but 本人."""
        array = self.person("与申请人关系")
        if array is None or not array.null_count:
            return array
        listed, given = array.dictionary.to_pylist(), known(array)
        blank = np.flatnonzero(~given)
        applicant = self._first_of("与申请人关系", _APPLICANT)
        blank = blank[applicant[self.household[blank]] >= 0]
        cells = self.codes(Level.PERSON, "与申请人关系").copy()
        cells[blank] = len(listed)
        given[blank] = True
        listed.append(_any_but(_APPLICANT, choices(RelationToApplicant)))
        to_head = self.person("与户主关系")
        if to_head is not None:
            same = applicant == self._first_of("与户主关系", _HEAD)
            told = blank[same[self.household[blank]] & known(to_head)[blank]]
            cells[told] = self.codes(Level.PERSON, "与户主关系")[told] + len(listed)
            listed += to_head.dictionary.to_pylist()
        return worded(cells, given, pa.array(listed, pa.string()))

    def _first_of(self, title: str, word: str) -> Rows:
        """For each household the row of the first member with a word, or -1."""
        array = self.person(title)
        assert array is not None
        listed = array.dictionary.to_pylist()
        rows = np.full(self.tables.households, -1, np.int64)
        if word in listed:
            said = (self.codes(Level.PERSON, title) == listed.index(word)) & known(array)
            found = np.flatnonzero(said)[::-1]
            rows[self.household[found]] = found
        return rows

    @cached_property
    def household(self) -> NDArray[np.int32]:
        """The household of each member."""
        return np.repeat(np.arange(self.tables.households, dtype=np.int32), np.diff(self.tables.offsets))

    def has_carer(self) -> Values:
        """False only where the row says 无."""
        carer, born = self.person("抚养人"), self.person("抚养人出生日期")
        if carer is None and born is None:
            return None
        given = np.zeros(self.people, bool) if born is None else known(born)
        cared = np.ones(self.people, bool)
        if carer is not None:
            named = known(carer)
            rows = np.flatnonzero(named)
            cared[rows] = pc.not_equal(carer.take(pa.array(rows)), NOBODY).to_numpy(zero_copy_only=False)
            given = given | named
        return column(cared, given)


def _amounts(array: pa.Array, given: Mask) -> tuple[Rows, NDArray[np.int64]]:
    """The rows with an amount that is not nothing, and these amounts in twelfths of a 分."""
    cells = numbers(array)
    rows = np.flatnonzero(given & (cells != 0))
    return rows, cells[rows] * _TWELFTHS


def _ranges(low: NDArray[np.int64], high: NDArray[np.int64]) -> pa.Array:
    """Numbers between two bounds."""
    return pa.StructArray.from_arrays([column(low), column(high)], ["lo", "hi"])


def _any_but(word: str, words: Sequence[str]) -> str:
    """Any of some words but one, as the engine reads it."""
    return "|".join(other for other in words if other != word)
