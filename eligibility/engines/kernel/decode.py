"""Columns decoded, a few hundred rows at a time, into one small block of memory from which the rules read.

Column by column, so that each is read in one stroke and the block stays in the cache however many columns there are.
A truth becomes a byte (1 yes, 2 no, 0 unknown), an enum the mask of what it may be, a number its two bounds. This code
knows nothing of rules and is compiled once in a process:

    decode(fields, begin, end, block)

`fields` is the number of fields, then `FIELD_WORDS` words for each: form, values, validity, table, low, high, the place of
the column in the block, and the last entry of the table. Columns that are coded alike share one field that reads their
codes into the beginning of the block; each has a field of its own that looks these up in its table. Rows are decoded from
the multiple of 8 at or below `begin`; row r stands at r minus that multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from llvmlite import ir

from .algebra import BIT, BYTE, IR, TRUE, WORD, word

FIELD_WORDS: Final = 8
FORM, VALUES, VALIDITY, TABLE, LOW, HIGH, PLACE, LAST = range(FIELD_WORDS)
CODED_WIDTHS: Final = (8, 16, 32, 64)
"""Forms 0 to 3: a table turns codes into values of so many bits; entry 0 of the table is what null means."""
CODED_NUMBER, DAY, PAIR, BITS = 4, 5, 6, 7
"""Codes for pairs of bounds; days since 1970; pairs of arrays of bounds; bitmaps of truths."""
WHOLE_WIDTHS: Final = {16: 8, 32: 9, 64: 10}
"""Forms of signed integers by their bits."""
CODES: Final = 11
"""The form that reads 16-bit codes for the fields that follow, as entries of their tables."""
CODE_BITS: Final = 16
DECODE: Final = "eligibility_decode"
"""The name under which other compiled code finds the function."""
_POINTER = ir.PointerType()
_GROUP = 8


def decode_type() -> ir.FunctionType:
    """The type of `decode`."""
    return ir.FunctionType(ir.VoidType(), [_POINTER, WORD, WORD, _POINTER])


def decoder_module() -> ir.Module:
    """The module with `decode`."""
    module = ir.Module(name="decoder")
    forms: list[Emitted] = [
        *(_looked_up(_coded(width)) for width in CODED_WIDTHS), _looked_up(_coded_number),
        _grouped(_day), _grouped(_pair), _spread, *(_grouped(_whole(width)) for width in WHOLE_WIDTHS),
        _grouped(_code),
    ]  # fmt: skip
    functions = [_form(module, number, emit) for number, emit in enumerate(forms)]
    function = ir.Function(module, decode_type(), DECODE)
    fields, begin, end, block = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    start = b.and_(begin, word(-_GROUP))
    with loop(b, word(0), b.load(fields, typ=WORD)) as number:
        place = b.add(b.mul(number, word(FIELD_WORDS)), word(1))
        field = b.gep(fields, [place], source_etype=WORD)
        done = b.append_basic_block("done")
        switch = b.switch(b.load(field, typ=WORD), done)
        for form, decode in enumerate(functions):
            target = b.append_basic_block(f"form{form}")
            switch.add_case(word(form), target)
            b.position_at_end(target)
            b.call(decode, [field, start, end, block])
            b.branch(done)
        b.position_at_end(done)
    b.ret_void()
    return module


@contextmanager
def loop(b: ir.IRBuilder, begin: IR, end: IR, step: int = 1) -> Iterator[IR]:
    """Runs what is emitted inside for begin ≤ i < end."""
    before = b.block
    head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
    b.branch(head)
    b.position_at_end(head)
    index = b.phi(WORD)
    index.add_incoming(begin, before)
    b.cbranch(b.icmp_signed("<", index, end), body, after)
    b.position_at_end(body)
    yield index
    index.add_incoming(b.add(index, word(step)), b.block)
    b.branch(head)
    b.position_at_end(after)


class _Field:
    """The function of one form while it is emitted: its field's words, and reading and writing memory."""

    def __init__(self, b: ir.IRBuilder, field: IR, block: IR) -> None:
        self.b = b
        words = [b.load(b.gep(field, [word(i)], source_etype=WORD), typ=WORD) for i in range(FIELD_WORDS)]
        self.values, self.validity, self.table = (
            b.inttoptr(words[i], _POINTER) for i in (VALUES, VALIDITY, TABLE)
        )
        self.low, self.high, self.last = words[LOW], words[HIGH], words[LAST]
        self.codes = block
        self.out = b.gep(block, [words[PLACE]], source_etype=BYTE)

    def read(self, base: IR, position: IR, width: int) -> IR:
        kind = ir.IntType(width)
        value = self.b.load(self.b.gep(base, [position], source_etype=kind), typ=kind)
        value.align = 1
        return value

    def write(self, position: IR, value: IR) -> None:
        pointer = self.b.gep(self.out, [position], source_etype=value.type)
        self.b.store(value, pointer, align=1)

    def write_bounds(self, position: IR, low: IR, high: IR) -> None:
        first = self.b.shl(position, word(1))
        self.write(first, low)
        self.write(self.b.add(first, word(1)), high)


Emitted = Callable[[_Field, IR, IR], None]
"""Emits the loop of one form over the rows from `start`, a multiple of 8, to `end`."""
One = Callable[[_Field, IR, IR | None, IR], None]
"""Emits one row: its place in the block, whether it is known (`TRUE`: surely; None: surely not), its position."""


def _form(module: ir.Module, number: int, emit: Emitted) -> ir.Function:
    """The function of one form."""
    kind = ir.FunctionType(ir.VoidType(), [_POINTER, WORD, WORD, _POINTER])
    function = ir.Function(module, kind, f"form{number}")
    function.linkage = "internal"
    field, start, end, block = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    emit(_Field(b, field, block), start, end)
    b.ret_void()
    return function


def _grouped(one: One) -> Emitted:
    """Rows in groups of 8, for which one byte says what is null."""

    def emit(field: _Field, start: IR, end: IR) -> None:
        b = field.b
        with loop(b, start, end, _GROUP) as first:
            byte = field.read(field.validity, b.lshr(first, word(3)), 8)
            after = b.add(first, word(_GROUP))
            last = b.select(b.icmp_signed("<", after, end), after, end)
            place = b.sub(first, start)
            whole = b.icmp_signed("<=", after, end)
            full = b.icmp_unsigned("==", byte, ir.Constant(BYTE, 255))
            with b.if_else(b.and_(full, whole)) as (straight, rest):
                with straight:
                    for step in range(_GROUP):
                        one(field, b.add(place, word(step)), TRUE, b.add(first, word(step)))
                with rest:
                    empty = b.icmp_unsigned("==", byte, ir.Constant(BYTE, 0))
                    with b.if_else(empty) as (nothing, something):
                        with nothing:  # the block has room for a whole group
                            for step in range(_GROUP):
                                one(field, b.add(place, word(step)), None, first)
                        with something, loop(b, first, last) as row:
                            shift = b.trunc(b.and_(row, word(7)), BYTE)
                            one(field, b.sub(row, start), b.trunc(b.lshr(byte, shift), BIT), row)

    return emit


def _code(field: _Field, place: IR, known: IR | None, row: IR) -> None:
    """The entry that a code stands for in every table it is looked up in."""
    b, kind = field.b, ir.IntType(CODE_BITS)
    if known is None:
        field.write(place, ir.Constant(kind, 0))
        return
    code = b.add(b.zext(field.read(field.values, row, CODE_BITS), WORD), word(1))
    # A code beyond its dictionary is a broken file; it must not read beyond the table.
    code = b.select(b.icmp_unsigned("<=", code, field.last), code, word(0))
    field.write(place, b.trunc(code if known is TRUE else b.select(known, code, word(0)), kind))


def _looked_up(one: Callable[[_Field, IR, IR], None]) -> Emitted:
    """The entries at the beginning of the block, each looked up by `one`, which is given its place and the entry."""

    def emit(field: _Field, start: IR, end: IR) -> None:
        b = field.b
        rows = b.sub(end, start)
        straight = b.and_(rows, word(-_GROUP))

        def look_up(place: IR) -> None:
            one(field, place, b.zext(field.read(field.codes, place, CODE_BITS), WORD))

        with loop(b, word(0), straight, _GROUP) as first:
            for step in range(_GROUP):
                look_up(b.add(first, word(step)))
        with loop(b, straight, rows) as place:
            look_up(place)

    return emit


def _coded(width: int) -> Callable[[_Field, IR, IR], None]:
    def one(field: _Field, place: IR, entry: IR) -> None:
        field.write(place, field.read(field.table, entry, width))

    return one


def _coded_number(field: _Field, place: IR, entry: IR) -> None:
    first = field.b.shl(entry, word(1))
    second = field.b.add(first, word(1))
    field.write_bounds(place, field.read(field.table, first, 64), field.read(field.table, second, 64))


def _either(field: _Field, place: IR, known: IR | None, value: Callable[[], IR]) -> None:
    """A known value as both bounds, an unknown one as the whole domain."""
    if known is None:
        field.write_bounds(place, field.low, field.high)
        return
    b, found = field.b, value()
    if known is TRUE:
        field.write_bounds(place, found, found)
        return
    field.write_bounds(place, b.select(known, found, field.low), b.select(known, found, field.high))


def _whole(width: int) -> One:
    def one(field: _Field, place: IR, known: IR | None, row: IR) -> None:
        def value() -> IR:
            found = field.read(field.values, row, width)
            return found if width == 64 else field.b.sext(found, WORD)

        _either(field, place, known, value)

    return one


def _day(field: _Field, place: IR, known: IR | None, row: IR) -> None:
    _either(field, place, known, lambda: _date_key(field.b, field.read(field.values, row, 32)))


def _date_key(b: ir.IRBuilder, days: IR) -> IR:
    """`values.date_key` of a day counted from 1970: the civil calendar in eras of 400 years from 1 March."""

    def divided(value: IR, by: int) -> IR:
        return b.udiv(value, word(by))

    z = b.add(b.sext(days, WORD), word(719468))
    era = divided(z, 146097)
    day = b.sub(z, b.mul(era, word(146097)))
    leap = b.sub(b.add(b.sub(day, divided(day, 1460)), divided(day, 36524)), divided(day, 146096))
    year = divided(leap, 365)
    of_year = b.sub(day, b.add(b.mul(year, word(365)), b.sub(divided(year, 4), divided(year, 100))))
    shifted = divided(b.add(b.mul(of_year, word(5)), word(2)), 153)
    of_month = b.sub(of_year, divided(b.add(b.mul(shifted, word(153)), word(2)), 5))
    late = b.icmp_unsigned(">=", shifted, word(10))
    month = b.select(late, b.sub(shifted, word(10)), b.add(shifted, word(2)))
    full = b.add(b.add(year, b.mul(era, word(400))), b.zext(late, WORD))
    return b.add(b.add(b.mul(full, word(372)), b.mul(month, word(31))), of_month)


def _pair(field: _Field, place: IR, known: IR | None, row: IR) -> None:
    # The upper bounds stand in the place of the table; nothing is null.
    field.write_bounds(place, field.read(field.values, row, 64), field.read(field.table, row, 64))


def _spread(field: _Field, start: IR, end: IR) -> None:
    """Bitmaps of truths, 8 rows at once; the block has room for a whole group."""
    b = field.b

    def bytes_of(bits: IR) -> IR:
        """Eight bits as eight bytes of 0 or 1: each byte keeps its own bit, which then carries into the highest."""
        own = b.and_(b.mul(b.zext(bits, WORD), word(0x0101010101010101)), word(0x8040201008040201))
        carried = b.add(own, word(0x7F7F7F7F7F7F7F7F))
        return b.and_(b.lshr(carried, word(7)), word(0x0101010101010101))

    with loop(b, start, end, _GROUP) as first:
        position = b.lshr(first, word(3))
        values, known = (field.read(base, position, 8) for base in (field.values, field.validity))
        yes, no = b.and_(values, known), b.and_(b.not_(values), known)
        group = b.lshr(b.sub(first, start), word(3))
        field.write(group, b.or_(bytes_of(yes), b.shl(bytes_of(no), word(1))))
