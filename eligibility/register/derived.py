"""Facts that follow from several cells of a batch: days against the month, sums, relations, impairments, carers.

The same derivations as in `eligibility.case.people`, over columns instead of one person. Where a column is absent or
wholly unknown most of the work falls away, and where few rows have a cell only those are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case import Fact
from ..case.fields import RelationToApplicant, RelationToHead, choices
from ..case.people import BASIC_PENSION, EMPLOYMENT_COST
from ..case.person import NOBODY
from ..quantities import MAX_FEN, Month
from ..values import Level
from .arrays import column, known, numbers, places, truths, worded
from .columns import CENTRAL_SHARE, DEDUCTIONS, INCOME, Detail
from .decoding import Decoder
from .flat import Tables

Values: TypeAlias = pa.Array | None
"""A fact's values, or None where the fact is unknown for all."""
Rows: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_TWELFTHS: Final = 12
_EPOCH: Final = date(1970, 1, 1)
_TRANSFERS: Final = tuple(kind for kind in DEDUCTIONS if kind != EMPLOYMENT_COST)
_HEAD, _APPLICANT = "户主", "本人"


class Reading:
    """One batch in one month: its columns, and what facts share on the way."""

    def __init__(self, tables: Tables, month: Month, decoder: Decoder) -> None:
        self.tables = tables
        self.decoder = decoder
        self._day = (month.first_day - _EPOCH).days
        self._month = (month.year - _EPOCH.year) * 12 + month.month - 1
        self.people = int(tables.offsets[-1])
        self._over: dict[tuple[str, str], Rows] = {}
        self._places: dict[tuple[Level, str], NDArray[Any]] = {}
        self._flags: dict[str, Values] = {}

    def column(self, level: Level, title: str) -> Values:
        """A column; None if it is absent or wholly unknown."""
        table = self.tables.household if level is Level.HOUSEHOLD else self.tables.persons
        array = table.get(title)
        return None if array is None or array.null_count == len(array) else array

    def person(self, title: str) -> Values:
        """A column of the members' table."""
        return self.column(Level.PERSON, title)

    def places(self, level: Level, title: str) -> NDArray[Any]:
        """The places of the words of a column that is there, -1 for null; looked up once."""
        key = (level, title)
        if key not in self._places:
            self._places[key] = places(self.column(level, title))
        return self._places[key]

    def stored(self, level: Level, title: str, scale: int = 1) -> Values:
        """A column as stored; a number in `scale`-ths of what it counts."""
        array = self.column(level, title)
        if array is None or scale == 1:
            return array
        return pc.multiply(array, pa.scalar(scale, pa.int64()))

    def words(self, fact: Fact, level: Level, title: str) -> Values:
        """A fact that a column of words says."""
        array = self.column(level, title)
        if array is None:
            return None
        self.places(level, title)  # Checks them.
        values = self.decoder.words(fact, title, array.dictionary)
        return pa.DictionaryArray.from_arrays(array.indices, values, safe=False)

    def words_but(self, fact: Fact, level: Level, title: str, rows: Rows, value: bool) -> Values:
        """A truth that a column of words says, but another in some rows."""
        array = self.column(level, title)
        if array is None or not len(rows):
            return self.words(fact, level, title)
        values = self.decoder.words(fact, title, array.dictionary)
        indices = self.places(level, title).copy()
        indices[rows] = len(values)
        return worded(indices, pa.concat_arrays([values, pa.array([value])]))

    def district(self) -> Values:
        """The first six digits of the region."""
        array = self.column(Level.HOUSEHOLD, "地区")
        if array is None:
            return None
        self.places(Level.HOUSEHOLD, "地区")
        districts = pc.utf8_slice_codeunits(array.dictionary, 0, 6)
        return pa.DictionaryArray.from_arrays(array.indices, districts, safe=False)

    def dwelling_area(self) -> Values:
        """As stored; where there is no dwelling, none."""
        count, area = (self.column(Level.HOUSEHOLD, title) for title in ("住房套数", "住房面积"))
        if count is None:
            return None
        area = pa.nulls(len(count), pa.int32()) if area is None else area
        return pc.if_else(pc.equal(count, 0).fill_null(False), pa.scalar(0, area.type), area)

    # Days against the month.

    def present(self) -> pa.Array:
        """Who is a member on the first day: born by then and not dead before it, as far as is known."""
        here = np.ones(self.people, bool)
        born, died = self.person("出生日期"), self.person("死亡日期")
        if born is not None:
            here[self._days(born, lambda days: days > self._day)] = False
        if died is not None:
            here[self._days(died, lambda days: days < self._day)] = False
        return column(here)

    def _days(self, array: pa.Array, test: Any) -> Rows:
        """The rows whose day passes a test."""
        if array.null_count > len(array) // 2:
            rows: Rows = np.flatnonzero(known(array))
            found: Rows = rows[test(numbers(array)[rows])]
            return found
        passed = test(numbers(array))
        return np.flatnonzero(passed & known(array) if array.null_count else passed)

    def since(self, title: str, since_title: str, until_title: str | None = None) -> Values:
        """A state with a first day: where it is not denied, that day decides; over from the day `until_title`."""
        array, since = self.person(title), self.person(since_title)
        until = None if until_title is None else self.person(until_title)
        if since is None and until is None:
            return array
        stands = np.zeros(self.people, bool) if array is None else truths(array).copy()
        given = np.zeros(self.people, bool) if array is None else known(array)
        if since is not None:
            rows = np.flatnonzero(known(since) & ~(given & ~stands))
            stands[rows] = numbers(since)[rows] <= self._day
            given[rows] = True
        if until is not None:
            rows = self._days(until, lambda days: days <= self._day)
            stands[rows] = False
            given[rows] = True
        return column(stands, given)

    def listed(self, fact: Fact, title: str, kind: str, details: Sequence[Detail], prefix: str) -> Values:
        """Whether a member's list holds a kind; not while its item has not begun or once it is over."""
        over = self._not_in_force(kind, details, prefix)
        return self.words_but(fact, Level.PERSON, title, over, False)

    def detail(self, detail: Detail, details: Sequence[Detail], prefix: str) -> Values:
        """What is said of the item of one kind; nothing while it is not in force."""
        array = self.person(prefix + detail.title)
        over = self._not_in_force(detail.kind, details, prefix)
        if array is None or not len(over):
            return array
        hidden = np.zeros(self.people, bool)
        hidden[over] = True
        return pc.if_else(column(hidden), pa.scalar(None, array.type), array)

    def _not_in_force(self, kind: str, details: Sequence[Detail], prefix: str) -> Rows:
        """The members of whom the item of a kind has not begun or is over."""
        key = (prefix, kind)
        if key not in self._over:
            titles = {item.attribute: prefix + item.title for item in details if item.kind == kind}
            since = self.person(titles["since"]) if "since" in titles else None
            term = self.person(titles["term_months"]) if "term_months" in titles else None
            self._over[key] = np.empty(0, np.int64) if since is None else self._outside(since, term)
        return self._over[key]

    def _outside(self, since: pa.Array, term: Values) -> Rows:
        rows: Rows = np.flatnonzero(known(since))
        days = numbers(since)[rows]
        outside: Mask = days > self._day
        if term is not None:
            dates = days.astype("datetime64[D]")
            months = dates.astype("datetime64[M]")
            # Counted on by months the day stays, or is the last of a shorter month; the first stays the first.
            end = months.astype(np.int64) + numbers(term)[rows]
            over = (end < self._month) | ((end == self._month) & (dates == months.astype("datetime64[D]")))
            outside |= over & known(term)[rows]
        return rows[outside]

    # Benefits in payment.

    def in_payment(self, fact: Fact, title: str, since_title: str) -> Values:
        """Whether a programme is listed and has begun."""
        if fact.name not in self._flags:
            since = self.column(fact.level, since_title)
            later = np.empty(0, np.int64)
            if since is not None:
                later = self._days(since, lambda days: days > self._day)
            self._flags[fact.name] = self.words_but(fact, fact.level, title, later, False)
        return self._flags[fact.name]

    def amount_in_payment(self, flag: Values, level: Level, title: str) -> Values:
        """What is paid a month; nothing where the programme is not in payment."""
        if flag is None:
            return None
        said = flag.dictionary.to_pylist()
        cells = places(flag)
        # A place of -1 finds the last entry: whether it is in payment is unknown.
        given = np.array([value is False for value in (*said, None)])[cells]
        rows = np.flatnonzero(np.array([value is True for value in (*said, None)])[cells])
        paid = np.zeros(len(cells), np.int64)
        amount = self.column(level, title)
        if amount is not None:
            paid[rows] = numbers(amount)[rows]
            given[rows] = known(amount)[rows]
        return column(paid, given)

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
        np.putmask(high, ~every, _TWELFTHS * MAX_FEN)
        return _ranges(low, high, some)

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
        if not len(rows):
            return column(low, given | stated)
        high = low.copy()
        high[rows] = np.maximum(amounts, 0)
        return _ranges(low, high, given | stated)

    # Other members of the household.

    def relation_to_head(self) -> Values:
        """As typed; blank beside a head it is anything else."""
        array = self.person("与户主关系")
        if array is None or not array.null_count:
            return array
        cells = self.places(Level.PERSON, "与户主关系").copy()
        led = self._first_of("与户主关系", _HEAD) >= 0
        others = [word for word in choices(RelationToHead) if word != _HEAD]
        listed = [*array.dictionary.to_pylist(), "|".join(others)]
        cells[(cells < 0) & led[self.household]] = len(listed) - 1
        return worded(cells, pa.array(listed, pa.string()))

    def relation_to_applicant(self) -> Values:
        """As typed; blank beside an applicant it is the relation to the head who applies, else anything but 本人."""
        array = self.person("与申请人关系")
        if array is None or not array.null_count:
            return array
        cells = self.places(Level.PERSON, "与申请人关系").astype(np.int16)
        applicant = self._first_of("与申请人关系", _APPLICANT)
        blank = np.flatnonzero(cells < 0)
        blank = blank[(applicant >= 0)[self.household[blank]]]
        others = [word for word in choices(RelationToApplicant) if word != _APPLICANT]
        listed = [*array.dictionary.to_pylist(), "|".join(others)]
        cells[blank] = len(listed) - 1
        to_head = self.person("与户主关系")
        if to_head is not None:
            same = applicant == self._first_of("与户主关系", _HEAD)
            typed = self.places(Level.PERSON, "与户主关系")[blank]
            told = same[self.household[blank]] & (typed >= 0)
            cells[blank[told]] = typed[told] + len(listed)
            listed += to_head.dictionary.to_pylist()
        return worded(cells, pa.array(listed, pa.string()))

    def _first_of(self, title: str, word: str) -> Rows:
        """For each household the row of the first member with a word, or -1."""
        array = self.person(title)
        assert array is not None
        listed = array.dictionary.to_pylist()
        rows = np.full(self.tables.households, -1, np.int64)
        if word in listed:
            found = np.flatnonzero(self.places(Level.PERSON, title) == listed.index(word))[::-1]
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


def _ranges(low: NDArray[np.int64], high: NDArray[np.int64], given: Mask) -> pa.Array:
    """Numbers between two bounds, null where not even those are `given`."""
    ends = [column(low), column(high)]
    return pa.StructArray.from_arrays(ends, ["lo", "hi"], mask=column(~given))
