"""Which households may contradict themselves: quick tests over columns, so that few need to be built as cases.

`case_of` decides, and says what is wrong; it takes a millisecond for a household. Every test here is a necessary
condition of something `case_of` refuses: a household that no test marks is never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case.fields import MAX_ITEMS, MAX_MEMBERS
from ..case.identity import CERTIFICATE_CATEGORIES, CERTIFICATE_GRADES
from ..case.people import BASIC_PENSION, MULTIPLE
from ..case.person import NOBODY
from ..quantities import MAX_FEN
from .columns import (
    AMOUNT,
    CENTRAL_SHARE,
    DEDUCTIONS,
    IMPAIRMENTS,
    INCOME,
    MEMBER_ID,
    OWN_DETAILS,
    PAID,
    PARENT_DETAILS,
    PARENTS,
    RECEIPTS,
    SINCE,
    words,
)
from .flat import Tables, member_rows

Mask = NDArray[np.bool_]
Days = NDArray[np.int64]
NO_DAY: Final = np.iinfo(np.int64).min
_LARGE: Final = MAX_FEN // MAX_MEMBERS
"""A list has at most 64 items, so a sum beyond the limit has an item beyond this."""
_DESCENDANTS: Final = ("子女", "孙子女")
_ANCESTORS: Final = ("父母", "祖父母")


def suspicious(tables: Tables, kinds: Collection[str]) -> Mask:
    """Of each household whether `case_of` might refuse it. `kinds` are the income kinds of the ruleset."""
    view = _View(tables)
    persons = np.zeros(len(view.home), bool)
    for test in _PERSON_TESTS:
        for mask in test(view):
            persons |= mask
    households = np.zeros(tables.households, bool)
    households[view.home[persons]] = True
    for mask in _household_tests(view):
        households |= mask
    listed = {title.partition(".")[2] for title in tables.persons if title.startswith(f"{INCOME}.")}
    if len({*kinds, *listed, BASIC_PENSION}) > MAX_ITEMS:
        households[:] = True
    return households


def known_identity(persons: Mapping[str, pa.Array], count: int) -> pa.Array:
    """The identity number of each person, typed or standing in the certificate number."""
    typed = _column(persons, "身份证号", count)
    held = pc.utf8_slice_codeunits(_column(persons, "残疾证号", count), 0, 18)
    return pc.coalesce(typed, held)


def _column(table: Mapping[str, pa.Array], title: str, count: int) -> pa.Array:
    """A column of texts; one that is absent is null everywhere."""
    column = table.get(title)
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(count, pa.string())
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _mask(truths: pa.Array) -> Mask:
    mask: Mask = truths.to_numpy(zero_copy_only=False)
    return mask


def _true(truths: pa.Array) -> Mask:
    return _mask(truths.fill_null(False))


def _numbers(array: pa.Array) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = array.to_numpy(zero_copy_only=False)
    return numbers


class _View:
    """The two tables with what several tests need: each person's household, birth, sex, and where members are named."""

    def __init__(self, tables: Tables) -> None:
        self.household, self.persons = tables.household, tables.persons
        self.households = tables.households
        self.offsets = tables.offsets
        sizes = np.diff(tables.offsets)
        self.home = np.repeat(np.arange(self.households), sizes)
        self.count = len(self.home)
        self.declared = self.given(self.household, "声明")[self.home]

    def given(self, table: Mapping[str, pa.Array], title: str) -> Mask:
        """Where a column has a value."""
        column = table.get(title)
        if column is None:
            return np.zeros(self.households if table is self.household else self.count, bool)
        return _mask(column.is_valid())

    def has(self, table: Mapping[str, pa.Array], title: str, says: Callable[[str], bool]) -> Mask:
        """Where a column of words says something; each word is asked once."""
        column = table.get(title)
        if column is None or pa.types.is_null(column.type):
            return np.zeros(self.households if table is self.household else self.count, bool)
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        asked = np.array(
            [word is not None and says(word) for word in encoded.dictionary.to_pylist()] + [False]
        )
        codes = encoded.indices.fill_null(len(asked) - 1).to_numpy(zero_copy_only=False)
        said: Mask = asked[codes]
        return said

    def person(self, title: str) -> Mask:
        return self.given(self.persons, title)

    def says(self, title: str, *listed: str) -> Mask:
        return self.has(self.persons, title, lambda word: word in listed)

    def number(self, table: Mapping[str, pa.Array], title: str, absent: int) -> NDArray[np.int64]:
        """A column of numbers, with `absent` where it has none."""
        column = table.get(title)
        size = self.households if table is self.household else self.count
        if column is None or pa.types.is_null(column.type):
            return np.full(size, absent, np.int64)
        return _numbers(column.cast(pa.int64()).fill_null(absent))

    def days(self, title: str) -> Days:
        column = self.persons.get(title)
        if column is None or pa.types.is_null(column.type):
            return np.full(self.count, NO_DAY)
        return _numbers(column.cast(pa.int32()).cast(pa.int64()).fill_null(int(NO_DAY)))

    def texts(self, title: str) -> pa.Array:
        return _column(self.persons, title, self.count)

    @cached_property
    def identity(self) -> pa.Array:
        return known_identity(self.persons, self.count)

    @cached_property
    def identity_birth(self) -> Days:
        digits = pc.utf8_slice_codeunits(self.identity, 6, 14).cast(pa.int64()).fill_null(0)
        day = digits.to_numpy(zero_copy_only=False)
        months = (day // 10_000 - 1970) * 12 + day // 100 % 100 - 1
        days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day % 100 - 1
        return np.where(day == 0, NO_DAY, days)

    @cached_property
    def birth(self) -> Days:
        """The known birth date: typed, or from the identity number."""
        typed = self.days("出生日期")
        return np.where(typed == NO_DAY, self.identity_birth, typed)

    @cached_property
    def ids(self) -> pa.Array:
        """Member ids; where there is none, the position in the household."""
        positions = np.arange(self.count) - self.offsets[self.home] + 1
        return pc.coalesce(self.texts(MEMBER_ID.title), pa.array(positions).cast(pa.string()))

    @cached_property
    def id_twice(self) -> Mask:
        """Whose id another member of the household has."""
        codes = self.ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        keys = self.home * (self.count + 1) + codes
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return counts[inverse] > 1

    def named(self, title: str) -> NDArray[np.int64]:
        """The member whom a column names, as a row; -1 if it names none, -2 if there is no such member."""
        names = self.texts(title)
        found = np.full(self.count, -1)
        rows = np.flatnonzero(_true(pc.not_equal(names, NOBODY)))
        members = member_rows(self.ids, self.offsets, rows, names.take(pa.array(rows)))
        found[rows] = np.where(members < 0, -2, members)
        return found

    def first(self, mask: Mask) -> NDArray[np.int64]:
        """The first member of each household for whom something holds, as a row; -1 if there is none."""
        rows = np.flatnonzero(mask)[::-1]
        found = np.full(self.households, -1)
        found[self.home[rows]] = rows
        return found


_REFERENCES: Final = tuple(f"父母{number}.成员编号" for number in PARENTS)


def _both(one: Days, other: Days) -> Mask:
    """Where two days are both known."""
    both: Mask = (one != NO_DAY) & (other != NO_DAY)
    return both


def _younger(view: _View, elder: NDArray[np.int64], younger: NDArray[np.int64]) -> Mask:
    """Where the elder of two rows is no older; rows below 0 are nobody."""
    first, second = view.birth[np.maximum(elder, 0)], view.birth[np.maximum(younger, 0)]
    pair: Mask = (elder >= 0) & (younger >= 0) & (elder != younger)
    return pair & _both(first, second) & (first >= second)


def _identities(view: _View) -> Iterator[Mask]:
    yield view.id_twice
    known = view.identity.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    keys = np.where(known < 0, -1 - np.arange(view.count), view.home * (view.count + 1) + known)
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    yield counts[inverse] > 1
    holder = pc.utf8_slice_codeunits(view.texts("残疾证号"), 0, 18)
    yield _true(pc.not_equal(holder, view.texts("身份证号")))
    typed = view.days("出生日期")
    yield _both(typed, view.identity_birth) & (typed != view.identity_birth)
    odd = pc.is_in(pc.utf8_slice_codeunits(view.identity, 16, 17), pa.array(list("13579")))
    male = odd.to_numpy(zero_copy_only=False)
    known_sex = view.identity.is_valid().to_numpy(zero_copy_only=False)
    yield known_sex & (view.says("性别", "男") & ~male | view.says("性别", "女") & male)
    died = view.days("死亡日期")
    yield _both(died, view.birth) & (died < view.birth)
    yield _true(pc.equal(view.ids, NOBODY))


def _impairments(view: _View) -> Iterator[Mask]:
    for title in ("残疾", *(f"父母{number}.残疾" for number in PARENTS)):
        yield view.has(view.persons, title, _category_twice)
    number = view.texts("残疾证号")
    parts = [view.texts("残疾"), view.texts("残疾证类别"), view.texts("残疾证等级")]
    parts.append(pc.utf8_slice_codeunits(number, 18, 20))
    held = view.person("残疾证") | np.logical_or.reduce([part.is_valid() for part in parts[1:]])
    rows = np.flatnonzero(held)
    joined = pc.binary_join_element_wise(
        *(part.fill_null("").take(pa.array(rows)) for part in parts), "|"
    ).dictionary_encode()
    odd = np.array([_odd_certificate(*text.split("|")) for text in joined.dictionary.to_pylist()], bool)
    mask = np.zeros(view.count, bool)
    mask[rows] = odd[joined.indices.to_numpy(zero_copy_only=False)]
    yield mask


def _category_twice(text: str) -> bool:
    categories = [IMPAIRMENTS[word][0] for word in dict.fromkeys(words(text)) if word in IMPAIRMENTS]
    return len(set(categories)) < len(categories)


def _odd_certificate(listed: str, category: str, grade: str, digits: str) -> bool:
    """Whether a certificate disagrees with its number or with the impairments listed."""
    if digits:
        stated = CERTIFICATE_CATEGORIES[int(digits[0]) - 1], CERTIFICATE_GRADES[int(digits[1]) - 1]
        if category not in ("", stated[0]) or grade not in ("", stated[1]):
            return True
        category, grade = stated
    elif bool(category) != bool(grade):
        return True
    if not listed:
        return False
    impairments = [IMPAIRMENTS[word] for word in words(listed) if word in IMPAIRMENTS]
    if not category or category == MULTIPLE:
        return not impairments
    return [held for held in impairments if held[0] == category] != [(category, grade)]


def _roles(view: _View) -> Iterator[Mask]:
    centres: dict[str, NDArray[np.int64]] = {}
    rows = np.arange(view.count)
    for title, word in (("与户主关系", "户主"), ("与申请人关系", "本人")):
        is_centre = view.says(title, word)
        centres[title] = centre = view.first(is_centre)[view.home]
        yield is_centre & (centre != rows)
        yield view.says(title, *_DESCENDANTS) & _younger(view, centre, rows)
        yield view.says(title, *_ANCESTORS) & _younger(view, rows, centre)
    head, applicant = centres["与户主关系"], centres["与申请人关系"]
    to_head, to_applicant = view.texts("与户主关系"), view.texts("与申请人关系")
    yield (head >= 0) & (head == applicant) & (head != rows) & _true(pc.not_equal(to_head, to_applicant))


def _references(view: _View) -> Iterator[Mask]:
    rows = np.arange(view.count)
    nobody = view.says("抚养人", NOBODY)
    carer = view.named("抚养人")
    born = view.days("抚养人出生日期")
    yield (carer == -2) | (carer == rows) | (nobody & (born != NO_DAY))
    carer_birth = view.birth[np.maximum(carer, 0)]
    yield (carer >= 0) & _both(carer_birth, born) & (carer_birth != born)
    for stands, since in (("共同生活", "共同生活起始"), ("本市户籍", "户籍迁入日期")):
        column = view.persons.get(stands)
        if column is not None:
            yield _true(pc.invert(column.cast(pa.bool_()))) & view.person(since)
    first, second = (view.named(title) for title in _REFERENCES)
    yield (first != -1) & (first == second)
    for number, parent in zip(PARENTS, (first, second), strict=True):
        yield (parent == -2) | (parent == rows) | _younger(view, parent, rows)
        yield view.says(f"父母{number}.成员编号", NOBODY)
        yield (parent != -1) & view.person(f"父母{number}.状况") & ~view.says(f"父母{number}.状况", "已知")


def _details(view: _View) -> Iterator[Mask]:
    """What a column says about an item that its list does not have."""
    for prefix, title, details in (
        ("", "不计入情形", OWN_DETAILS),
        *((f"父母{number}.", f"父母{number}.情形", PARENT_DETAILS) for number in PARENTS),
    ):
        for detail in details:
            given = view.person(prefix + detail.title)
            if given.any():
                yield given & ~view.has(view.persons, title, _lists(detail.kind))


def _lists(word: str) -> Callable[[str], bool]:
    return lambda text: word in words(text)


def _amounts(view: _View) -> Iterator[Mask]:
    share = view.number(view.persons, CENTRAL_SHARE, -1)
    pension = view.number(view.persons, f"{INCOME}.{BASIC_PENSION}", MAX_FEN + 1)
    yield share > pension
    others = ("其他生活类补贴月额", "其他护理类补贴月额")
    for title in others:
        yield view.person(title) & ~view.person("领取工伤生活护理费") & ~view.declared
    summed = [title for title in view.persons if title.partition(".")[0] in (INCOME, AMOUNT)]
    for title in (*summed, *DEDUCTIONS, *others):
        column = view.persons.get(title)
        if column is not None and not pa.types.is_null(column.type):
            yield np.abs(view.number(view.persons, title, 0)) > _LARGE


def _receipts(view: _View) -> Iterator[Mask]:
    known = view.given(view.household, RECEIPTS)[view.home] | view.declared
    yield view.person(RECEIPTS) & ~known
    yield from _unlisted(view, view.persons)


def _unlisted(view: _View, table: Mapping[str, pa.Array]) -> Iterator[Mask]:
    """What is said of a programme that the row does not list."""
    for title in table:
        base, _, rest = title.partition(".")
        if base in (AMOUNT, SINCE, PAID):
            programme = rest.rpartition(".")[0] if base == PAID else rest
            yield view.given(table, title) & ~view.has(table, RECEIPTS, _lists(programme))


def _household_tests(view: _View) -> Iterator[Mask]:
    table = view.household
    count, area = view.number(table, "住房套数", -1), view.number(table, "住房面积", -1)
    yield (area >= 0) & (count <= 0)
    yield count > MAX_ITEMS
    yield from _unlisted(view, table)
    for title in table:
        if title.startswith(f"{AMOUNT}."):
            yield view.number(table, title, 0) > _LARGE
    listed = np.zeros(view.households, np.int64)
    for number in range(1, MAX_ITEMS + 1):
        more = _at_least(number)
        people = view.has(view.persons, RECEIPTS, more)
        own = view.has(table, RECEIPTS, more)
        if not people.any() and not own.any():
            break
        listed += own + np.bincount(view.home[people], minlength=view.households)
    yield listed > MAX_ITEMS


def _at_least(number: int) -> Callable[[str], bool]:
    return lambda text: len(set(words(text))) >= number


_PERSON_TESTS: Final[tuple[Callable[[Any], Iterator[Mask]], ...]] = (
    _identities,
    _impairments,
    _roles,
    _references,
    _details,
    _amounts,
    _receipts,
)
