"""Rows as stored: what follows from other cells is filled in, so that nothing later asks for declarations or numbers.

Normalising never changes what a row means: the facts of its case are the same in every month. It works on columns; only
references to other members are looked up row by row, for the rows that have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..case.identity import CERTIFICATE_CATEGORIES, CERTIFICATE_GRADES
from ..case.people import BASIC_PENSION, MULTIPLE
from ..case.person import NOBODY
from ..errors import InputError, Problem
from ..values import Level
from .arrays import known
from .columns import CENTRAL_SHARE, DEDUCTIONS, INCOME, MEMBER_ID, NONE, PARENTS, RECEIPTS, Column, column_of
from .flat import Tables, member_rows, tables
from .schema import WORDS, arrow_type

Mask = NDArray[np.bool_]
Columns = dict[str, pa.Array]

_DECLARATION: Final = "声明"
_HOUSEHOLD_LISTS: Final = ("家庭情形", "其他财产", "住房套数", "车辆", "赡养抚养费", RECEIPTS)
_PERSON_LISTS: Final = (
    "不计入情形",
    "身份",
    "患重大疾病",
    *DEDUCTIONS,
    "领取工伤生活护理费",
    "其他生活类补贴月额",
    "其他护理类补贴月额",
)
"""What a declaration fills with none; 残疾, incomes and the parents' lists follow rules of their own."""
_CERTIFICATE: Final = ("残疾证", "残疾证类别", "残疾证等级", "残疾证号")


def normalised(batch: pa.RecordBatch, kinds: Sequence[str]) -> pa.RecordBatch:
    """The batch as a register stores it; `kinds` are the income kinds of the ruleset.

    Declared lists that are blank become the explicit none; birth date and sex come from the identity number, category
    and grade from the certificate number, a carer's birth date and a parent's status and impairments from the member
    named; members without numbers get them; of two parents the first is the one given. The columns of the result are
    `normal_columns` of the batch's own. Raises `InputError` where a number cannot be read.
    """
    source = tables(batch)
    household, persons = dict(source.household), dict(source.persons)
    _number_members(source, persons)
    for title in _added_household(household):
        household[title] = _unknown(title, Level.HOUSEHOLD, source.households)
    for title in _added_person(set(household), list(persons), kinds):
        persons[title] = _unknown(title, Level.PERSON, int(source.offsets[-1]))
    try:
        _read_numbers(persons)
    except (pa.ArrowInvalid, ValueError):
        message = "有的身份证号或残疾证号不合规则，读不出出生日期、性别或类别等级"
        raise InputError(Problem("register-number", message)) from None
    sizes = np.diff(source.offsets)
    _shift_parents(persons)
    listed = {number: _listed(persons, number) for number in PARENTS}
    declared = np.zeros(source.households, bool)
    if _DECLARATION in household:
        declared = known(household[_DECLARATION])
        _fill_household(household, declared)
        _fill_persons(persons, np.repeat(declared, sizes))
    _refer(source.offsets, persons)
    for number in PARENTS:
        _fill_parent(persons, number, listed[number] & np.repeat(declared, sizes))
    if RECEIPTS in household and RECEIPTS in persons:
        listed_there = np.repeat(known(household[RECEIPTS]), sizes)
        persons[RECEIPTS] = _none(persons[RECEIPTS], listed_there)
    return Tables(household, source.offsets, persons).batch()


def check_normalised(batch: Tables) -> None:
    """Raises `InputError` where declared lists of a household or its members are blank: rows `normalised` never saw."""
    declaration = batch.household.get(_DECLARATION)
    if declaration is None or declaration.null_count == batch.households:
        return
    declared = known(declaration)
    sides = (
        (batch.household, declared, _HOUSEHOLD_LISTS),
        (batch.persons, np.repeat(declared, np.diff(batch.offsets)), _PERSON_LISTS),
    )
    for columns, concerned, titles in sides:
        for title in titles:
            listed = columns.get(title)
            if listed is None or (listed.null_count and (concerned & ~known(listed)).any()):
                message = f"有声明的家庭“{title}”空着：这些行没有经过导入"
                raise InputError(
                    Problem("register-not-normalised", message, hint="先用 register import 导入")
                )


def normal_columns(columns: Iterable[Column], kinds: Sequence[str]) -> tuple[Column, ...]:
    """The columns that households with these columns have once they are normalised."""
    columns = tuple(columns)
    household = [column.title for column in columns if column.level is Level.HOUSEHOLD]
    persons = [column.title for column in columns if column.level is Level.PERSON]
    more = list(_added_household(household))
    added = [column_of(title, Level.HOUSEHOLD) for title in more]
    first = [] if MEMBER_ID.title in persons else [MEMBER_ID]
    titles = [*persons, MEMBER_ID.title] if first else persons
    added += [column_of(title, Level.PERSON) for title in _added_person({*household, *more}, titles, kinds)]
    return (*columns, *first, *(column for column in added if column is not None))


def _added_household(titles: Iterable[str]) -> Iterator[str]:
    titles = set(titles)
    if _DECLARATION in titles:
        yield from (title for title in _HOUSEHOLD_LISTS if title not in titles)


def _added_person(household: set[str], titles: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The members' columns that normalising adds."""
    wanted: list[str] = []
    have = set(titles)
    if have & {"身份证号", "残疾证号"}:
        wanted += ["性别", "出生日期"]
    if "残疾证号" in have:
        wanted += ["残疾证类别", "残疾证等级"]
    if "抚养人" in have:
        wanted.append("抚养人出生日期")
    if RECEIPTS in household:
        wanted.append(RECEIPTS)
    if _DECLARATION in household:
        wanted += [*_PERSON_LISTS, "残疾", *(f"{INCOME}.{kind}" for kind in kinds)]
    # What is said of the second parent alone is stored as said of the first.
    second = f"父母{PARENTS[1]}."
    wanted += [
        f"父母{PARENTS[0]}.{title.removeprefix(second)}" for title in titles if title.startswith(second)
    ]
    for number in PARENTS:
        prefix = f"父母{number}."
        if f"{prefix}成员编号" in {*have, *wanted}:
            wanted += [f"{prefix}状况", f"{prefix}残疾"]
        if _DECLARATION in household and any(title.startswith(prefix) for title in (*titles, *wanted)):
            wanted += [f"{prefix}情形", f"{prefix}残疾"]
    return [title for title in dict.fromkeys(wanted) if title not in have]


def _unknown(title: str, level: Level, rows: int) -> pa.Array:
    column = column_of(title, level)
    assert column is not None
    return pa.nulls(rows, arrow_type(column))


def _fill(array: pa.Array, where: Mask, value: object) -> pa.Array:
    """The array with a value where it is null and `where`."""
    where = where & ~known(array)
    if not where.any():
        return array
    if not pa.types.is_dictionary(array.type):
        return pc.if_else(pa.array(where), pa.scalar(value, array.type), array)
    listed = array.dictionary.to_pylist()
    if value not in listed:
        listed.append(value)
    indices = array.indices.fill_null(-1).to_numpy().copy()
    indices[where] = listed.index(value)
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int16(), mask=indices < 0), pa.array(listed, pa.string())
    )


def _none(array: pa.Array, where: Mask) -> pa.Array:
    """The array with the explicit none of its type where it is null and `where`."""
    empty = NONE if array.type == WORDS else False if pa.types.is_boolean(array.type) else 0
    return _fill(array, where, empty)


def _fill_with(array: pa.Array, rows: NDArray[np.int64], values: pa.Array) -> pa.Array:
    """The array with `values` at `rows`, where it is null and they are not."""
    take = known(values) & ~known(array)[rows]
    if not take.any():
        return array
    rows, values = rows[take], values.filter(pa.array(take))
    where = np.zeros(len(array), bool)
    where[rows] = True
    if array.type != WORDS:
        return pc.replace_with_mask(array, pa.array(where), values)
    text = pc.replace_with_mask(array.cast(pa.string()), pa.array(where), values.cast(pa.string()))
    encoded = text.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.cast(pa.int16()), encoded.dictionary)


def _number_members(source: Tables, persons: Columns) -> None:
    positions = np.arange(source.offsets[-1]) - np.repeat(source.offsets[:-1], np.diff(source.offsets)) + 1
    numbers = pa.array(positions).cast(pa.string())
    typed = persons.get(MEMBER_ID.title)
    persons[MEMBER_ID.title] = numbers if typed is None else pc.coalesce(typed, numbers)


def _read_numbers(persons: Columns) -> None:
    """Birth date and sex from identity numbers, category and grade from certificate numbers."""
    identity, certificate = persons.get("身份证号"), persons.get("残疾证号")
    if certificate is not None:
        rows = np.flatnonzero(known(certificate))
        numbers = certificate.take(pa.array(rows))
        for title, listed, place in (
            ("残疾证类别", CERTIFICATE_CATEGORIES, 18),
            ("残疾证等级", CERTIFICATE_GRADES, 19),
        ):
            codes = pc.utf8_slice_codeunits(numbers, place, place + 1).cast(pa.int8())
            said = pa.DictionaryArray.from_arrays(pc.subtract(codes, 1).cast(pa.int16()), pa.array(listed))
            persons[title] = _fill_with(persons[title], rows, said)
        holder = pc.utf8_slice_codeunits(certificate, 0, 18)
        identity = holder if identity is None else pc.coalesce(identity, holder)
    if identity is None:
        return
    rows = np.flatnonzero(known(identity) & ~(known(persons["出生日期"]) & known(persons["性别"])))
    if not len(rows):
        return
    numbers = identity.take(pa.array(rows))
    parts = [pc.utf8_slice_codeunits(numbers, start, stop) for start, stop in ((6, 10), (10, 12), (12, 14))]
    born = pc.binary_join_element_wise(*parts, "-").cast(pa.date32())
    persons["出生日期"] = _fill_with(persons["出生日期"], rows, born)
    order = pc.utf8_slice_codeunits(numbers, 16, 17).cast(pa.int8()).to_numpy()
    sex = pa.DictionaryArray.from_arrays(pa.array(order % 2, pa.int16()), pa.array(["女", "男"]))
    persons["性别"] = _fill_with(persons["性别"], rows, sex)


def _listed(persons: Columns, number: int) -> Mask:
    """Of which members this parent is listed: any of its columns is given."""
    rows = len(persons[MEMBER_ID.title])
    listed = np.zeros(rows, bool)
    for title, array in persons.items():
        if title.startswith(f"父母{number}.") and array.null_count < rows:
            listed |= known(array)
    return listed


def _shift_parents(persons: Columns) -> None:
    """Where only the second parent is listed, it becomes the first."""
    first, second = PARENTS
    shifted = _listed(persons, second) & ~_listed(persons, first)
    if not shifted.any():
        return
    rows = np.flatnonzero(shifted)
    nothing = pa.array(shifted)
    for title in [title for title in persons if title.startswith(f"父母{second}.")]:
        array = persons[title]
        target = f"父母{first}.{title.removeprefix(f'父母{second}.')}"
        persons[target] = _fill_with(persons[target], rows, array.take(pa.array(rows)))
        if array.type == WORDS:
            emptied = pc.if_else(nothing, pa.scalar(None, pa.int16()), array.indices)
            persons[title] = pa.DictionaryArray.from_arrays(emptied, array.dictionary)
        else:
            persons[title] = pc.if_else(nothing, pa.scalar(None, array.type), array)


def _fill_household(household: Columns, declared: Mask) -> None:
    for title in _HOUSEHOLD_LISTS:
        household[title] = _none(household[title], declared)


def _fill_persons(persons: Columns, declared: Mask) -> None:
    """The explicit none in every list of a member that a declaration speaks of."""
    for title in _PERSON_LISTS:
        persons[title] = _none(persons[title], declared)
    share = persons.get(CENTRAL_SHARE)
    for title in [title for title in persons if title.startswith(f"{INCOME}.")]:
        where = declared
        if title == f"{INCOME}.{BASIC_PENSION}" and share is not None:
            where = declared & ~known(share)  # a pension of which only a part is known
        persons[title] = _none(persons[title], where)
    certified = np.zeros(len(declared), bool)
    for title in _CERTIFICATE:
        if title in persons:
            certified |= known(persons[title])
    persons["残疾"] = _none(persons["残疾"], declared & ~certified)
    if "残疾证类别" in persons and "残疾证等级" in persons:
        # Where nothing else is impaired, a certificate of one category says all.
        category, grade = (persons[title].cast(pa.string()) for title in _CERTIFICATE[1:3])
        single = declared & pc.not_equal(category, MULTIPLE).fill_null(False).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(single)
        words = pc.binary_join_element_wise(category, grade, "").take(pa.array(rows))
        persons["残疾"] = _fill_with(persons["残疾"], rows, words)


def _refer(offsets: NDArray[np.int32], persons: Columns) -> None:
    """What a member named as carer or parent says of itself."""
    ids = persons[MEMBER_ID.title]
    for title, filled in (
        ("抚养人", {"抚养人出生日期": "出生日期"}),
        *((f"父母{number}.成员编号", {f"父母{number}.残疾": "残疾"}) for number in PARENTS),
    ):
        references = persons.get(title)
        if references is None or references.null_count == len(references):
            continue
        named = np.flatnonzero(
            pc.not_equal(references, NOBODY).fill_null(False).to_numpy(zero_copy_only=False)
        )
        found = member_rows(ids, offsets, named, references.take(pa.array(named)))
        named, found = named[found >= 0], found[found >= 0]
        for target, origin in filled.items():
            if origin in persons:
                persons[target] = _fill_with(persons[target], named, persons[origin].take(pa.array(found)))


def _fill_parent(persons: Columns, number: int, declared: Mask) -> None:
    """A parent who is a member is known; the lists of one who is declared and not a member are empty."""
    references = persons.get(f"父母{number}.成员编号")
    named = np.zeros(len(declared), bool) if references is None else known(references)
    if named.any():
        persons[f"父母{number}.状况"] = _fill(persons[f"父母{number}.状况"], named, "已知")
    if declared.any():
        persons[f"父母{number}.情形"] = _none(persons[f"父母{number}.情形"], declared)
        persons[f"父母{number}.残疾"] = _none(persons[f"父母{number}.残疾"], declared & ~named)
