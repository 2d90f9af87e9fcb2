"""Columns of facts as the kernel reads them: what each may be in Arrow, and the addresses of what it holds.

A fact may come plain (integers, dates, truths), as a pair of bounds, or as words and whatever words stand for, coded in
a dictionary: then a small table says what each code means. A column is checked against the fact it is to give, and
refused by name if it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import EngineError, Problem
from ...language.nodes import Symbol
from ...values import DATE_DOMAIN, FIRST_DATE, LAST_DATE, Kind, Number, date_key
from . import decode

MEMBERS: Final = "成员"
"""The column of a household's persons."""
ENROLLED: Final = "在册"
"""The column of a person that says whether they are a member in the month; absent, everybody is."""
SLOTS: Final = ("父母1.", "父母2.")
"""What stands before a parent's fact among the columns of the person."""

_FIRST_DAY, _LAST_DAY = ((day - date(1970, 1, 1)).days for day in (FIRST_DATE, LAST_DATE))
Buffer = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Domain:
    """What the kernel must know of a fact: `low` and `high` count parts of 1/`denominator`; `words` of an enum."""

    name: str
    kind: Kind
    low: int = 0
    high: int = 0
    denominator: int = 1
    words: tuple[str | None, ...] = ()

    @classmethod
    def of(cls, symbol: Symbol, words: tuple[str | None, ...]) -> Domain:
        """The domain of a fact; `words` of an enum in the order of their bits, None for any text not listed."""
        kind, bounds = symbol.type.kind, symbol.bounds
        if kind is Kind.DATE:
            return cls(symbol.name, kind, int(DATE_DOMAIN.lo), int(DATE_DOMAIN.hi))
        if bounds is None:
            return cls(symbol.name, kind, words=words)
        ends = [int(end * bounds.denominator) for end in (bounds.lo, bounds.hi)]
        return cls(symbol.name, kind, ends[0], ends[1], bounds.denominator)

    @property
    def width(self) -> int:
        """Bits of one decoded cell: a byte for a truth, the mask of an enum, two words for a number."""
        if self.kind is Kind.TRUTH:
            return 8
        if self.kind is Kind.ENUM:
            return next(width for width in decode.CODED_WIDTHS if width >= len(self.words))
        return 128


@dataclass(slots=True)
class Source:
    """A column as `decode` reads it. The arrays must stay alive while their addresses are in use."""

    form: int
    values: Buffer
    validity: Buffer
    table: Buffer = field(default_factory=lambda: np.zeros(2, np.uint64))

    @property
    def coded(self) -> bool:
        """Whether a table turns codes into its values."""
        return self.form <= decode.CODED_NUMBER


Tables = dict[str, tuple[pa.Array, Buffer]]
"""By column its last dictionary and what the codes of that stand for."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a batch's households, those of their persons, and the offsets that bound a household's persons."""

    household: Mapping[str, pa.Array]
    person: Mapping[str, pa.Array]
    offsets: NDArray[np.int64]


class Sources:
    """Lays out the columns of one batch; `tables` keeps those of dictionaries seen before.

    Of what `before` laid out of the same households, columns that are the very same arrays are taken over.
    """

    def __init__(self, tables: Tables, columns: Columns, before: Sources | None = None) -> None:
        self._tables = tables
        self._columns = columns
        self._before = {} if before is None else before._laid_out
        self._laid_out: dict[tuple[str, str], tuple[Any, Source]] = {}
        self.rows = max(len(columns.offsets) - 1, int(columns.offsets[-1]))
        self._ones = np.full(self.rows // 8 + 8, 255, np.uint8)
        self._zeros = np.zeros(self.rows // 8 + 8, np.uint8)
        self._codes = np.zeros(self.rows + 8, np.int16)

    def fields(self, level: str, wanted: Mapping[str, tuple[Domain, int]]) -> NDArray[np.int64]:
        """What `decode` is told of the columns of a level, each with its domain and place; not of those taken over."""
        columns = self._columns.household if level == "household" else self._columns.person
        plain: list[tuple[int, ...]] = []
        coded: dict[tuple[int, int, int], list[tuple[int, ...]]] = {}
        for path, (domain, place) in wanted.items():
            column, key = columns.get(path), (level, path)
            where = None if column is None else _addresses(column)
            known = self._before.get(key)
            if known is not None and known[0] == where:
                self._laid_out[key] = known
                continue
            source = self.source(domain, column, path)
            self._laid_out[key] = where, source
            values, validity, table = (_address(a) for a in (source.values, source.validity, source.table))
            last = len(source.table) - 1
            field = (source.form, values, validity, table, domain.low, domain.high, place, last)
            (coded.setdefault((values, validity, last), []) if source.coded else plain).append(field)
        for (values, validity, last), fields in coded.items():
            plain += [(decode.CODES, values, validity, 0, 0, 0, 0, last), *fields]
        return np.array([len(plain), *chain.from_iterable(plain)], np.int64)

    def source(self, domain: Domain, column: pa.Array | None, path: str) -> Source:
        """One column, or one in which everything is unknown.

        Raises `EngineError` naming the column if its type or a value cannot be that of the fact.
        """
        if column is None and path == ENROLLED:
            return Source(decode.BITS, self._ones, self._ones)
        if column is None or pa.types.is_null(column.type):
            return Source(self._coded_form(domain), self._codes, self._zeros, _table(domain, [], path))
        coded = pa.types.is_dictionary(column.type)
        kind = column.type.value_type if coded else column.type
        if not _fits(domain, kind):
            raise EngineError(
                Problem("kernel-column", f"列的类型是 {column.type}，应为{_EXPECTED[domain.kind]}", path)
            )
        if coded or domain.kind is Kind.ENUM:
            return self._coded(domain, column if coded else column.dictionary_encode(), path)
        if domain.kind is Kind.TRUTH:
            return Source(decode.BITS, _bits(column, 1), self._validity(column))
        if domain.kind is Kind.DATE:
            _within(column, _FIRST_DAY, _LAST_DAY, path)
            return Source(decode.DAY, _values(column, np.int32), self._validity(column))
        if pa.types.is_struct(kind):
            return self._pair(domain, column, path)
        _within(column, domain.low, domain.high, path)
        wanted = _SIGNED.get(kind.bit_width if pa.types.is_signed_integer(kind) else 64, pa.int64())
        whole = column if kind == wanted else column.cast(wanted)
        form = decode.WHOLE_WIDTHS[whole.type.bit_width]
        values = _values(whole, np.dtype(f"i{whole.type.bit_width // 8}"))
        return Source(form, values, self._validity(whole))

    def _validity(self, column: pa.Array) -> Buffer:
        return self._ones if column.buffers()[0] is None else _bits(column, 0)

    def _pair(self, domain: Domain, column: pa.Array, path: str) -> Source:
        ends = []
        for position, default in enumerate((domain.low, domain.high)):
            end = pc.struct_field(column, [position]) if column.null_count else column.field(position)
            end = end if end.type == pa.int64() else end.cast(pa.int64())
            end = end.fill_null(default) if end.null_count else end
            ends.append(np.ascontiguousarray(end.to_numpy(zero_copy_only=False)))
        low, high = ends
        if len(low) and (low.min() < domain.low or high.max() > domain.high or (low > high).any()):
            raise _outside(path)
        return Source(decode.PAIR, low, self._ones, high)

    @staticmethod
    def _coded_form(domain: Domain) -> int:
        return decode.CODED_NUMBER if domain.width == 128 else decode.CODED_WIDTHS.index(domain.width)

    def _coded(self, domain: Domain, column: pa.Array, path: str) -> Source:
        indices, words = column.indices, column.dictionary
        try:
            table = self._known_table(domain, words, path)
        except EngineError:  # a word that no row uses does no harm
            used = set(indices.unique().drop_null().to_pylist())
            listed = [word if i in used else None for i, word in enumerate(words.to_pylist())]
            table = _table(domain, listed, path)
        if len(table) > _MOST_CODES:  # what the words stand for repeats, unlike the words
            table, places = np.unique(table, axis=0, return_inverse=True)
            entries = indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) + 1
            if domain.width == 128:
                low, high = (np.ascontiguousarray(table[places[entries], end]) for end in (0, 1))
                return Source(decode.PAIR, low, self._ones, high)
            table = np.concatenate((table[:1], table))  # entry 0 is for nulls, of which none are left
            return Source(self._coded_form(domain), places[entries].astype(np.int16), self._ones, table)
        codes = indices if indices.type == pa.int16() else indices.cast(pa.int16())
        return Source(self._coded_form(domain), _values(codes, np.int16), self._validity(codes), table)

    def _known_table(self, domain: Domain, words: pa.Array, path: str) -> Buffer:
        """The table of a dictionary; the batches of a register mostly share theirs."""
        known = self._tables.get(path)
        if known is None or not _same(known[0], words):
            known = self._tables[path] = words, _table(domain, words.to_pylist(), path)
        return known[1]


_MOST_CODES: Final = 2**15
_SIGNED: Final = {16: pa.int16(), 32: pa.int32()}
_EXPECTED: Final = {
    Kind.TRUTH: "是非 bool",
    Kind.ENUM: "文字（选项）",
    Kind.DATE: "日期 date32",
    **dict.fromkeys((Kind.MONEY, Kind.EXACT, Kind.INTEGER, Kind.RATE), "整数，或 lo、hi 两个整数"),
}


def _fits(domain: Domain, kind: pa.DataType) -> bool:
    """Whether values of an Arrow type can be those of a fact."""
    if domain.kind is Kind.TRUTH:
        return bool(pa.types.is_boolean(kind))
    if domain.kind is Kind.ENUM:
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    if domain.kind is Kind.DATE:
        return bool(pa.types.is_date32(kind))
    if pa.types.is_struct(kind):
        return [field.name for field in kind] == ["lo", "hi"] and all(
            pa.types.is_integer(field.type) for field in kind
        )
    return bool(pa.types.is_integer(kind))


def _outside(path: str) -> EngineError:
    return EngineError(Problem("kernel-domain", "有数值超出这一事项的范围", path))


def _within(column: pa.Array, low: int, high: int, path: str) -> None:
    """Refuses values outside the declared domain: the arithmetic is only safe inside it."""
    if pa.types.is_date32(column.type):
        column = column.view(pa.int32())
    ends = pc.min_max(column).as_py()
    if ends["min"] is not None and (ends["min"] < low or ends["max"] > high):
        raise _outside(path)


def _address(array: Buffer) -> int:
    return int(array.__array_interface__["data"][0])


def _same(one: pa.Array, other: pa.Array) -> bool:
    """Whether two arrays are the same, which they mostly are down to their place in memory."""
    return _addresses(one) == _addresses(other) or bool(one.equals(other))


def _addresses(array: pa.Array) -> list[Any]:
    found = [array.type, len(array), array.offset, *(b and b.address for b in array.buffers())]
    return [*found, *_addresses(array.dictionary)] if pa.types.is_dictionary(array.type) else found


def _values(column: pa.Array, kind: Any) -> Buffer:
    """The values as they lie in memory; what stands under a null is anything."""
    buffer = column.buffers()[1]
    if buffer is None:
        return np.zeros(len(column) + 1, kind)
    values: Buffer = np.frombuffer(buffer, kind)[column.offset : column.offset + len(column)]
    return values


def _bits(column: pa.Array, position: int) -> Buffer:
    """A bitmap of a column that begins on a byte."""
    buffer = column.buffers()[position]
    if buffer is None:
        return np.zeros(len(column) // 8 + 1, np.uint8)
    bitmap: Buffer = np.frombuffer(buffer, np.uint8)
    start, shift = divmod(column.offset, 8)
    if shift:
        bits = np.unpackbits(bitmap[start:], bitorder="little")[shift : shift + len(column)]
        return np.packbits(bits, bitorder="little")
    return bitmap[start:]


def _table(domain: Domain, values: list[Any], path: str) -> Buffer:
    """What each code stands for; entry 0 is what null means."""
    meanings = [meaning(domain, value, path) for value in (None, *values)]
    width = 64 if domain.width == 128 else domain.width
    return np.ascontiguousarray(meanings, np.int64 if domain.width == 128 else np.dtype(f"u{width // 8}"))


def meaning(domain: Domain, value: Any, path: str) -> Any:
    """What a value stands for: the bits of an enum, 1 (yes), 2 (no) or 0, or a pair of bounds."""
    if domain.kind is Kind.ENUM:
        return word_bits(domain, value, path)
    if domain.kind is Kind.TRUTH:
        return {None: 0, True: 1, False: 2}[value]
    if value is None:
        return (domain.low, domain.high)
    if isinstance(value, Mapping):
        low, high = value["lo"], value["hi"]
    elif domain.kind is Kind.DATE:
        low = high = date_key(value)
    else:
        low = high = value
    if not domain.low <= low <= high <= domain.high:
        raise _outside(path)
    return (low, high)


def word_bits(domain: Domain, value: str | None, path: str) -> int:
    """The bits of an enum's words: `二级|三级` are two of them, None is any."""
    if value is None:
        return (1 << len(domain.words)) - 1
    bits = 0
    for text in value.split("|"):
        if text in domain.words:
            bits |= 1 << domain.words.index(text)
        elif None in domain.words:
            bits |= 1 << domain.words.index(None)
        else:
            raise EngineError(Problem("kernel-word", "有不在选项之中的词", path))
    return bits


def parts(value: Number, denominator: int) -> int:
    """A number in parts of 1/denominator."""
    whole = Fraction(value) * denominator
    if whole.denominator != 1:
        raise EngineError(Problem("kernel-value", f"数值不是 1/{denominator} 的整数倍"))
    return int(whole)


def columns_of(batch: pa.RecordBatch) -> Columns:
    """The columns of a batch. Raises `EngineError` where it has no list of persons."""
    households = {name: batch.column(name) for name in batch.schema.names}
    listed = households.pop(MEMBERS, None)
    if listed is None or not (pa.types.is_list(listed.type) and pa.types.is_struct(listed.type.value_type)):
        raise EngineError(Problem("kernel-column", "应有成员的列表，每人一个结构", MEMBERS))
    if listed.null_count:
        raise EngineError(Problem("kernel-column", "成员列表不能为空值", MEMBERS))
    offsets = listed.offsets.to_numpy().astype(np.int64)
    if not len(offsets):
        offsets = np.zeros(1, np.int64)
    values = listed.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    persons = {
        field.name: pc.struct_field(values, [i]) if values.null_count else values.field(i)
        for i, field in enumerate(values.type)
    }
    return Columns(households, persons, offsets - offsets[0])
