"""One household: the function that computes all its verdicts, pass after pass.

It reads decoded facts from the block, figures from their array, and verdicts back from the output columns.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from llvmlite import ir

from ...language.nodes import Lift, Symbol
from ...ruleset.resolved import Programme
from ...values import Kind, Level
from .algebra import BIT, BYTE, FALSE, IR, WORD, Algebra, Choices, MachineValue, Number, Truth, word
from .columns import ENROLLED
from .decode import loop
from .lowering import Lowering, Scope
from .memory import POINTER, Arguments, output_widths, read
from .programmes import Programmes, absent, read_back
from .rules import Figure, Rules
from .schedule import Step


class Body:
    """One household: a function of its row."""

    def __init__(self, module: ir.Module, rules: Rules, arguments: Arguments) -> None:
        self.rules, self._slots = rules, arguments
        kind = ir.FunctionType(ir.VoidType(), [WORD, WORD, WORD, POINTER])
        self.function = ir.Function(module, kind, "household")
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.household, self.first_household, self.first_person, self.arguments = self.function.args
        self.entry = self.function.append_basic_block("entry")
        start = self.function.append_basic_block("start")
        self.b = ir.IRBuilder(start)
        self._block, self._figures = self._address("block"), self._address("figures")
        self.algebra = Algebra(self.b)
        edition = self.rules.edition
        tables = {name: figure.keys for name, figure in self.rules.figures.items() if figure.keys}
        definitions = {name: d.node for name, d in edition.definitions.items()}
        self.lowering = Lowering(self.algebra, self, definitions, tables)
        self.programmes = Programmes(self.lowering, self, edition.programmes)
        place = self.b.sub(self.household, self.first_household)
        self.scope = Scope(Level.HOUSEHOLD, self.household, place)
        for time, step in self.rules.schedule.ordered():
            self._pass(step) if time % 2 == 0 else self._household(step)
        self.b.ret_void()
        ir.IRBuilder(self.entry).branch(start)

    def _household(self, step: Step) -> None:
        for entry in step.entries:
            if isinstance(entry, str):
                node = self.rules.edition.definitions[entry].node
                self.scope.values[entry] = self.lowering.lower(node, self.scope)
            else:
                self._programme(*entry, self.scope)

    def _programme(self, programme: Programme, pays: bool, scope: Scope) -> None:
        (self.programmes.settle if pays else self.programmes.decide)(programme, scope)

    def _programmes(self, step: Step, scope: Scope) -> None:
        """The programmes of persons; persons whom none of them concerns are passed over together."""
        decided = [programme for programme, pays in step.verdicts if not pays]
        audiences = [programme.who for programme in decided if programme.who is not None]
        earlier = any(pays and programme not in decided for programme, pays in step.verdicts)
        if earlier or len(audiences) < len(decided) or any(map(self.rules.reads_verdict, audiences)):
            for entry in step.verdicts:
                self._programme(*entry, scope)
        elif decided:
            concerned = reduce(self.b.or_, [self.programmes.applies(p, scope) for p in decided])
            with self.b.if_then(concerned, likely=False):
                inner = scope.inside()
                for name in self.rules.shared_names(decided):
                    self.lowering.name(self.rules.symbol(name), inner)
                for entry in step.verdicts:
                    self._programme(*entry, inner)

    def _pass(self, step: Step) -> None:
        """One pass over the persons: what is collected of them, and the verdicts that are due."""
        early = [Collection(self, lift) for lift in step.lifts if not self.rules.reads_verdict(lift.body)]
        late = [Collection(self, lift) for lift in step.lifts if self.rules.reads_verdict(lift.body)]
        begin = self._element("offsets", self.household, 64)
        end = self._element("offsets", self.b.add(self.household, word(1)), 64)
        with loop(self.b, begin, end) as person:
            place = self.b.sub(person, self.first_person)
            with self.b.if_then(self._truth(ENROLLED, place).yes, likely=True):
                self._person(step, early, late, self.scope.inside(Level.PERSON, person, place))
        for collection in (*early, *late):
            self.scope.values[id(collection.lift)] = collection.result()

    def _person(self, step: Step, early: list[Collection], late: list[Collection], scope: Scope) -> None:
        for collection in early:
            collection.collect(self.lowering.lower(collection.lift.body, scope))
        self._programmes(step, scope)
        for collection in late:
            collection.collect(self.lowering.lower(collection.lift.body, scope))

    # Memory

    def allocated(self, initial: IR) -> IR:
        """A variable of the whole function, set here."""
        builder = ir.IRBuilder(self.entry)
        builder.position_at_start(self.entry)
        variable = builder.alloca(initial.type)
        self.b.store(initial, variable)
        return variable

    def _address(self, slot: str) -> IR:
        return self._slots.address(self.b, self.arguments, slot)

    def _element(self, slot: str, position: IR, width: int) -> IR:
        return read(self.b, self._address(slot), position, width)

    def _decoded(self, path: str, level: str, place: IR, width: int) -> IR:
        """A decoded cell of the block."""
        block = self._block
        column = self.b.gep(block, [word(self.rules.places[level][path])], source_etype=BYTE)
        return read(self.b, column, place, width)

    # What programmes write

    def store(self, programme: Programme, column: str, row: IR, value: IR) -> None:
        base = self._address(f"{programme.id}.{column}")
        if output_widths(programme)[column] < 64:
            value = self.b.trunc(value, ir.IntType(output_widths(programme)[column]))
        self.b.store(value, self.b.gep(base, [row], source_etype=value.type), align=1)

    def load(self, programme: Programme, column: str, row: IR) -> IR:
        width = output_widths(programme)[column]
        value = self._element(f"{programme.id}.{column}", row, width)
        return value if width == 64 else self.b.zext(value, WORD)

    def fail(self, code: int, when: IR) -> None:
        kind = ir.IntType(32)
        base = self._address("errors")
        pointer = self.b.gep(base, [self.household], source_etype=kind)
        before = self.b.load(pointer, typ=kind)
        self.b.store(self.b.select(when, ir.Constant(kind, code), before), pointer)

    # What expressions read

    def today(self) -> Number:
        day = read(self.b, self._figures, word(0), 64)
        return Number(day, day)

    def parameter(self, symbol: Symbol) -> MachineValue:
        return self._figure(self.rules.figures[symbol.name], word(self.rules.figures[symbol.name].start))

    def cell(self, symbol: Symbol, position: IR) -> MachineValue:
        figure = self.rules.figures[symbol.name]
        start = self.b.add(word(figure.start), self.b.mul(position, word(figure.words)))
        return self._figure(figure, start)

    def _figure(self, figure: Figure, start: IR) -> MachineValue:
        first = read(self.b, self._figures, start, 64)
        kind = figure.symbol.type
        if kind.kind is Kind.TRUTH:
            return self._coded_truth(first)
        if kind.kind is Kind.ENUM:
            return Choices(first, tuple(sorted(kind.choices or ())))
        second = read(self.b, self._figures, self.b.add(start, word(1)), 64)
        denominator = 1 if figure.symbol.bounds is None else figure.symbol.bounds.denominator
        return Number(first, second, denominator)

    def _coded_truth(self, code: IR) -> Truth:
        b = self.b
        return Truth(b.icmp_signed("==", code, word(1)), b.icmp_signed("==", code, word(2)))

    def verdict(self, symbol: Symbol, scope: Scope) -> MachineValue:
        base, _, attribute = symbol.name.partition(".")
        programme = self.rules.schedule.by_name.get(base)
        if programme is None:
            return absent(self.algebra, attribute)
        return read_back(self.algebra, self, programme, attribute, scope.at(symbol.level).row)

    def fact(self, symbol: Symbol, scope: Scope) -> MachineValue:
        inner = scope.at(symbol.level)
        path = inner.slot + symbol.name if symbol.level is Level.PARENT else symbol.name
        level = "person" if symbol.level else "household"
        domain = self.rules.domains[symbol.name]
        if domain.kind is Kind.TRUTH:
            return self._truth(path, inner.place, level)
        if domain.kind is Kind.ENUM:
            mask = self._decoded(path, level, inner.place, domain.width)
            return Choices(mask if domain.width == 64 else self.b.zext(mask, WORD), domain.words)
        first = self.b.shl(inner.place, word(1))
        second = self.b.or_(first, word(1))
        low, high = (self._decoded(path, level, position, 64) for position in (first, second))
        return Number(low, high, domain.denominator)

    def _truth(self, path: str, place: IR, level: str = "person") -> Truth:
        b, code = self.b, self._decoded(path, level, place, 8)
        return Truth(b.trunc(code, BIT), b.trunc(b.lshr(code, ir.Constant(BYTE, 1)), BIT))


class Collection:
    """What a pass collects of the persons: `any all count sum max min` of one expression."""

    def __init__(self, body: Body, lift: Lift) -> None:
        self.body, self.lift = body, lift
        self.like: MachineValue | None = None
        self.variables: list[IR] = []
        self.divisor: IR = None
        self.seen = body.allocated(FALSE)

    def collect(self, value: MachineValue) -> None:
        """Adds one person's value; the first of a maximum or minimum is taken as it is."""
        lowering, b = self.body.lowering, self.body.b
        if self.lift.operator == "count":
            assert isinstance(value, Truth)
            value = self.body.algebra.counted(value)
        if self.like is None:
            self.like = value
            self.variables = [self._variable(part, 0) for part in self._parts(value)]
        before = self._value(value)
        operator = "sum" if self.lift.operator == "count" else self.lift.operator
        joined = self._parts(lowering.collected(operator, [before, value]))
        if operator in ("max", "min"):
            seen = b.load(self.seen)
            joined = [b.select(seen, one, own) for one, own in zip(joined, self._parts(value), strict=True)]
        for variable, part in zip(self.variables, joined, strict=True):
            b.store(part, variable)
        if isinstance(value, Number) and value.divisor is not None:  # the same for all: it is the household's
            self.divisor = self._variable(value.divisor, 1)
            b.store(value.divisor, self.divisor)
        b.store(ir.Constant(BIT, 1), self.seen)

    def _variable(self, part: IR, initial: int) -> IR:
        """A variable that begins, before the first person, with what collecting nothing gives."""
        entry = ir.IRBuilder(self.body.entry)
        variable = entry.alloca(part.type)
        entry.store(ir.Constant(part.type, initial), variable)
        return variable

    def _parts(self, value: MachineValue) -> list[IR]:
        if isinstance(value, Truth):
            # any begins with "surely false", all with "surely true": kept negated, both begin with zeros.
            b, every = self.body.b, self.lift.operator == "all"
            return [b.not_(value.yes), value.no] if every else [value.yes, b.not_(value.no)]
        assert isinstance(value, Number)
        return [value.low, value.high]

    def _value(self, like: MachineValue) -> MachineValue:
        """What the variables hold, over the divisor of a value like it."""
        b = self.body.b
        parts = [b.load(variable) for variable in self.variables]
        if isinstance(like, Truth):
            every = self.lift.operator == "all"
            return Truth(b.not_(parts[0]), parts[1]) if every else Truth(parts[0], b.not_(parts[1]))
        assert isinstance(like, Number)
        return Number(parts[0], parts[1], like.denominator, like.divisor)

    def result(self) -> MachineValue:
        """What was collected of all persons; a maximum of nobody is unspecified."""
        assert self.like is not None
        like = self.like
        if isinstance(like, Number) and self.divisor is not None:
            like = replace(like, divisor=self.body.b.load(self.divisor))
        value = self._value(like)
        if self.lift.operator not in ("max", "min") or not isinstance(value, Number):
            return value
        b, algebra, bounds = self.body.b, self.body.algebra, self.lift.bounds
        assert bounds is not None
        ends = [word(int(end * value.denominator)) for end in (bounds.lo, bounds.hi)]
        whole = Number(ends[0], ends[1], value.denominator)
        seen = b.load(self.seen)
        return algebra.choose(Truth(seen, b.not_(seen)), value, whole)
