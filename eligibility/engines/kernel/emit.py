"""One edition's rules as one loop in LLVM's intermediate representation, over the columns of a batch.

kernel(begin, end, sets, count): a few hundred rows are decoded, then each of their households is computed; again for
every further set of arguments, of which only the columns that differ are decoded
"""

from __future__ import annotations

from llvmlite import ir

from .algebra import IR, WIDE, WORD, word
from .body import Body
from .decode import DECODE, decode_type, loop
from .memory import POINTER, Arguments, read
from .rules import HOUSEHOLD_ROWS, PERSON_ROWS, Rules

KERNEL = "kernel"
"""The name of the compiled function."""


class Emitter:
    """Emits the module for one edition's rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.arguments = Arguments(rules.edition.programmes)
        self.module = ir.Module(name="eligibility")
        ir.Function(self.module, decode_type(), DECODE)
        self._emit_wide_floor_divide()
        self._emit_kernel(Body(self.module, rules, self.arguments).function)

    def _emit_kernel(self, body: ir.Function) -> None:
        """Takes households as long as their rows fit the block, decodes them, and computes each."""
        kind = ir.FunctionType(ir.VoidType(), [WORD, WORD, POINTER, WORD])
        function = ir.Function(self.module, kind, KERNEL)
        begin, end, sets, count = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        offsets = self.arguments.address(b, b.load(sets, typ=POINTER), "offsets")
        position = b.alloca(WORD)
        b.store(begin, position)
        head, chunk, after = (b.append_basic_block(name) for name in ("rows", "chunk", "end"))
        b.branch(head)
        b.position_at_end(head)
        first = b.load(position, typ=WORD)
        b.cbranch(b.icmp_signed("<", first, end), chunk, after)
        b.position_at_end(chunk)
        person = read(b, offsets, first, 64)
        last, stop = self._fitting(b, offsets, first, end, person)
        start, member = b.and_(first, word(-8)), b.and_(person, word(-8))
        with loop(b, word(0), count) as number:
            arguments = b.load(b.gep(sets, [number], source_etype=POINTER), typ=POINTER)
            for level, rows in (("household", (first, last)), ("person", (person, stop))):
                self._emit_decoding(b, arguments, level, *rows)
            with loop(b, first, last) as household:
                b.call(body, [household, start, member, arguments])
        b.store(last, position)
        b.branch(head)
        b.position_at_end(after)
        b.ret_void()

    @staticmethod
    def _fitting(b: ir.IRBuilder, offsets: IR, first: IR, end: IR, person: IR) -> tuple[IR, IR]:
        """After which household the block is full, and at which person."""
        last = b.alloca(WORD)
        b.store(b.add(first, word(1)), last)
        head, more, after = (b.append_basic_block(name) for name in ("fit", "more", "full"))
        b.branch(head)
        b.position_at_end(head)
        candidate = b.load(last, typ=WORD)
        inside = b.and_(
            b.icmp_signed("<", candidate, end),
            b.icmp_signed("<", b.sub(candidate, first), word(HOUSEHOLD_ROWS - 8)),
        )
        b.cbranch(inside, more, after)
        b.position_at_end(more)
        following = b.add(candidate, word(1))
        rows = b.sub(read(b, offsets, following, 64), person)
        fits = b.icmp_signed("<=", rows, word(PERSON_ROWS - 8))
        b.store(b.select(fits, following, candidate), last)
        b.cbranch(fits, head, after)
        b.position_at_end(after)
        final = b.load(last, typ=WORD)
        return final, read(b, offsets, final, 64)

    def _emit_decoding(self, b: ir.IRBuilder, arguments: IR, level: str, first: IR, last: IR) -> None:
        decode = self.module.globals[DECODE]
        fields = self.arguments.address(b, arguments, f"{level}_fields")
        block = self.arguments.address(b, arguments, "block")
        b.call(decode, [fields, first, last, block])

    def _emit_wide_floor_divide(self) -> None:
        """Floor division of 128 bits by something positive: by 64 bits where both fit, else digit by digit.

        No library has to be there at run time.
        """
        function = ir.Function(self.module, ir.FunctionType(WIDE, [WIDE, WIDE]), "wide_floor_divide")
        function.linkage = "internal"
        function.attributes.add("noinline")
        a, c = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        zero, one = ir.Constant(WIDE, 0), ir.Constant(WIDE, 1)
        negative = b.icmp_signed("<", a, zero)
        # floor(a / c) of a negative a is -ceil(-a / c) = -floor((-a + c - 1) / c)
        positive = b.select(negative, b.sub(b.add(b.neg(a), c), one), a)
        narrow = b.icmp_unsigned("==", b.lshr(b.or_(positive, c), ir.Constant(WIDE, 63)), zero)
        with b.if_then(narrow, likely=True):
            short = b.zext(b.udiv(b.trunc(positive, WORD), b.trunc(c, WORD)), WIDE)
            b.ret(b.select(negative, b.neg(short), short))
        quotient, rest = b.alloca(WIDE), b.alloca(WIDE)
        b.store(zero, quotient)
        b.store(zero, rest)
        with loop(b, word(0), word(127)) as step:
            shift = b.sub(ir.Constant(WIDE, 126), b.zext(step, WIDE))
            digit = b.and_(b.lshr(positive, shift), one)
            left = b.or_(b.shl(b.load(rest), one), digit)
            fits = b.icmp_signed(">=", left, c)
            b.store(b.select(fits, b.sub(left, c), left), rest)
            b.store(b.or_(b.shl(b.load(quotient), one), b.zext(fits, WIDE)), quotient)
        result = b.load(quotient)
        b.ret(b.select(negative, b.neg(result), result))
