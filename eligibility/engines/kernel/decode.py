"""Columns decoded, a few hundred rows at a time, into one small block of memory from which the rules read.

Column by column, so that each is read in one stroke and the block stays in the cache however many columns there are.
A truth becomes a byte (1 yes, 2 no, 0 unknown), an enum the mask of what it may be, a number its two bounds. This code
knows nothing of rules and is compiled once in a process:

    decode(fields, count, begin, end, block)

`fields` is an array of `FIELD_WORDS` words a column: form, values, validity, table, low, high, the place of the column
in the block, and the last entry of the table. Rows are decoded from the multiple of 8 at or below `begin`; row r stands at r minus that multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from llvmlite import ir

from .algebra import BIT, BYTE, IR, TRUE, WORD, word

FIELD_WORDS: Final = 8
FORM, VALUES, VALIDITY, TABLE, LOW, HIGH, PLACE, LAST = range(FIELD_WORDS)
CODED_WIDTHS: Final = (8, 16, 32, 64)
"""Forms 0 to 3: 16-bit codes that a table turns into values of so many bits; entry 0 of the table is what null means."""
CODED_NUMBER, DAY, PAIR, BITS = 4, 5, 6, 7
"""Codes for pairs of bounds; days since 1970; pairs of arrays of bounds; bitmaps of truths."""
WHOLE_WIDTHS: Final = {16: 8, 32: 9, 64: 10}
"""Forms of signed integers by their bits."""
DECODE: Final = "eligibility_decode"
"""The name under which other compiled code finds the function."""
_POINTER = ir.PointerType()
_GROUP = 8


def decode_type() -> ir.FunctionType:
    """The type of `decode`."""
    return ir.FunctionType(ir.VoidType(), [_POINTER, WORD, WORD, WORD, _POINTER])


def decoder_module() -> ir.Module:
    """The module with `decode`."""
    module = ir.Module(name="decoder")
    forms: list[Callable[[_Group], Callable[[IR, IR], None]]] = [
        *(_coded(width) for width in CODED_WIDTHS), _coded_number, _day, _pair, _bits,
        *(_whole(width) for width in WHOLE_WIDTHS),
    ]  # fmt: skip
    functions = [_form(module, number, make) for number, make in enumerate(forms)]
    function = ir.Function(module, decode_type(), DECODE)
    fields, count, begin, end, block = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    start = b.and_(begin, word(-_GROUP))
    with loop(b, word(0), count) as number:
        field = b.gep(fields, [b.mul(number, word(FIELD_WORDS))], source_etype=WORD)
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


class _Group:
    """The function of one form while it is emitted: its field's words, and reading and writing memory."""

    def __init__(self, b: ir.IRBuilder, field: IR, block: IR) -> None:
        self.b = b
        words = [b.load(b.gep(field, [word(i)], source_etype=WORD), typ=WORD) for i in range(FIELD_WORDS)]
        self.values, self.validity, self.table = (
            b.inttoptr(words[i], _POINTER) for i in (VALUES, VALIDITY, TABLE)
        )
        self.low, self.high, self.last = words[LOW], words[HIGH], words[LAST]
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


def _form(module: ir.Module, number: int, make: Callable[[_Group], Any]) -> ir.Function:
    """The function of one form: rows in groups of 8, for which one byte says what is null."""
    kind = ir.FunctionType(ir.VoidType(), [_POINTER, WORD, WORD, _POINTER])
    function = ir.Function(module, kind, f"form{number}")
    function.linkage = "internal"
    field, start, end, block = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    group = _Group(b, field, block)
    one = make(group)
    with loop(b, start, end, _GROUP) as first:
        byte = group.read(group.validity, b.lshr(first, word(3)), 8)
        after = b.add(first, word(_GROUP))
        last = b.select(b.icmp_signed("<", after, end), after, end)
        place = b.sub(first, start)
        whole = b.icmp_signed("<=", after, end)
        full = b.icmp_unsigned("==", byte, ir.Constant(BYTE, 255))
        with b.if_else(b.and_(full, whole)) as (straight, rest):
            with straight:
                for step in range(_GROUP):
                    one(b.add(place, word(step)), TRUE, b.add(first, word(step)))
            with rest:
                empty = b.icmp_unsigned("==", byte, ir.Constant(BYTE, 0))
                with b.if_else(empty) as (nothing, something):
                    with nothing:  # the block has room for a whole group
                        for step in range(_GROUP):
                            one(b.add(place, word(step)), None, first)
                    with something, loop(b, first, last) as row:
                        shift = b.trunc(b.and_(row, word(7)), BYTE)
                        one(b.sub(row, start), b.trunc(b.lshr(byte, shift), BIT), row)
    b.ret_void()
    return function


def _coded(width: int) -> Callable[[_Group], Any]:
    def make(group: _Group) -> Any:
        def one(place: IR, known: IR | None, row: IR) -> None:
            group.write(place, group.read(group.table, _entry(group, known, row), width))

        return one

    return make


def _entry(group: _Group, known: IR | None, row: IR) -> IR:
    """The entry of the table for a code."""
    if known is None:
        return word(0)
    b = group.b
    code = b.add(b.zext(group.read(group.values, row, 16), WORD), word(1))
    # A code beyond its dictionary is a broken file; it must not read beyond the table.
    code = b.select(b.icmp_unsigned("<=", code, group.last), code, word(0))
    return code if known is TRUE else b.select(known, code, word(0))


def _coded_number(group: _Group) -> Any:
    def one(place: IR, known: IR | None, row: IR) -> None:
        first = group.b.shl(_entry(group, known, row), word(1))
        second = group.b.add(first, word(1))
        group.write_bounds(place, group.read(group.table, first, 64), group.read(group.table, second, 64))

    return one


def _either(group: _Group, place: IR, known: IR | None, value: Callable[[], IR]) -> None:
    """A known value as both bounds, an unknown one as the whole domain."""
    if known is None:
        group.write_bounds(place, group.low, group.high)
        return
    b, found = group.b, value()
    if known is TRUE:
        group.write_bounds(place, found, found)
        return
    group.write_bounds(place, b.select(known, found, group.low), b.select(known, found, group.high))


def _whole(width: int) -> Callable[[_Group], Any]:
    def make(group: _Group) -> Any:
        def one(place: IR, known: IR | None, row: IR) -> None:
            def value() -> IR:
                found = group.read(group.values, row, width)
                return found if width == 64 else group.b.sext(found, WORD)

            _either(group, place, known, value)

        return one

    return make


def _day(group: _Group) -> Any:
    def one(place: IR, known: IR | None, row: IR) -> None:
        _either(group, place, known, lambda: _date_key(group.b, group.read(group.values, row, 32)))

    return one


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


def _pair(group: _Group) -> Any:
    def one(place: IR, known: IR | None, row: IR) -> None:
        # The upper bounds stand in the place of the table; nothing is null.
        low, high = group.read(group.values, row, 64), group.read(group.table, row, 64)
        group.write_bounds(place, low, high)

    return one


def _bits(group: _Group) -> Any:
    def one(place: IR, known: IR | None, row: IR) -> None:
        if known is None:
            group.write(place, ir.Constant(BYTE, 0))
            return
        b = group.b
        byte = group.read(group.values, b.lshr(row, word(3)), 8)
        value = b.trunc(b.lshr(byte, b.trunc(b.and_(row, word(7)), BYTE)), BIT)
        code = b.select(value, ir.Constant(BYTE, 1), ir.Constant(BYTE, 2))
        group.write(place, b.select(known, code, ir.Constant(BYTE, 0)))

    return one
