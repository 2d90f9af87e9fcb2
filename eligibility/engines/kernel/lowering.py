"""Expressions lowered to machine values: one walk over the nodes.

A `Scope` is where a value is seen from: the household, one of its persons, one of that person's two parent slots. What
was computed in a scope is kept there and seen from every scope inside it; definitions are computed where they are
first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product
from typing import Protocol

from ...errors import EngineError, Problem
from ...language.nodes import (
    Arithmetic,
    Choose,
    Compare,
    Constant,
    Contains,
    Elapsed,
    Extreme,
    Lift,
    Logic,
    Lookup,
    Node,
    Ref,
    Rounding,
    Symbol,
    render,
)
from ...quantities import ROUNDING_UNITS
from ...values import Kind, Level
from .algebra import IR, Algebra, Choices, MachineValue, Number, Truth, constant_truth, word
from .columns import SLOTS


@dataclass(slots=True)
class Scope:
    """One place values are seen from, with what is known there.

    `row` is the row of its subject in the output columns, `place` that of its decoded facts in the block.
    """

    level: Level
    row: IR
    place: IR
    outer: Scope | None = None
    slot: str = ""
    values: dict[object, MachineValue] = field(default_factory=dict)

    def inside(self, level: Level | None = None, row: IR = None, place: IR = None, slot: str = "") -> Scope:
        """A scope inside this one: of another level, or of the same subject in a block that may be skipped."""
        return Scope(
            self.level if level is None else level,
            self.row if row is None else row,
            self.place if place is None else place,
            self,
            slot or self.slot,
        )

    def at(self, level: Level) -> Scope:
        """The innermost scope of a level around this one."""
        scope: Scope | None = self
        while scope is not None and scope.level != level:
            scope = scope.outer
        assert scope is not None
        return scope

    def find(self, key: object) -> MachineValue | None:
        scope: Scope | None = self
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.outer
        return None


class Reader(Protocol):
    """Where names that are no definitions come from."""

    def fact(self, symbol: Symbol, scope: Scope) -> MachineValue:
        """A fact of the subject of a scope."""

    def today(self) -> Number:
        """The first day of the month."""

    def parameter(self, symbol: Symbol) -> MachineValue:
        """A parameter of the edition."""

    def cell(self, symbol: Symbol, position: IR) -> MachineValue:
        """A cell of a table parameter."""

    def verdict(self, symbol: Symbol, scope: Scope) -> MachineValue:
        """What a programme came to, read by another."""


class Lowering:
    """Lowers nodes. `tables` gives the texts of each key of a table parameter, in the order of its cells."""

    def __init__(
        self,
        algebra: Algebra,
        reader: Reader,
        definitions: Mapping[str, Node],
        tables: Mapping[str, tuple[tuple[str, ...], ...]],
    ) -> None:
        self.algebra, self.reader, self.definitions = algebra, reader, definitions
        self.tables = tables

    def truth(self, node: Node, scope: Scope) -> Truth:
        value = self.lower(node, scope)
        assert isinstance(value, Truth)
        return value

    def number(self, node: Node, scope: Scope) -> Number:
        value = self.lower(node, scope)
        assert isinstance(value, Number)
        return value

    def choices(self, node: Node, scope: Scope) -> Choices:
        value = self.lower(node, scope)
        assert isinstance(value, Choices)
        return value

    def lower(self, node: Node, scope: Scope) -> MachineValue:
        """The value of a node as seen from a scope, computed at most once there."""
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, Ref):
            return self.name(node.symbol, scope)
        found = scope.find(id(node))
        if found is None:
            found = scope.values[id(node)] = self._compute(node, scope)
        return found

    def _constant(self, node: Constant) -> MachineValue:
        if isinstance(node.value, str):
            return Choices(word(1), (node.value,))
        return self.algebra.number(node.value)  # type: ignore[arg-type]

    def name(self, symbol: Symbol, scope: Scope) -> MachineValue:
        """The value of a name as seen from a scope."""
        found = scope.find(symbol.name)
        if found is None:
            found = scope.values[symbol.name] = self._read(symbol, scope)
        return found

    def _read(self, symbol: Symbol, scope: Scope) -> MachineValue:
        match symbol.origin.value:
            case "fact":
                return self.reader.fact(symbol, scope)
            case "parameter":
                return self.reader.parameter(symbol)
            case "verdict":
                return self.reader.verdict(symbol, scope)
            case _:
                return self.lower(self.definitions[symbol.name], scope)

    def _compute(self, node: Node, scope: Scope) -> MachineValue:
        algebra = self.algebra
        match node:
            case Arithmetic():
                return self._arithmetic(node, scope)
            case Compare():
                return self._compare(node, scope)
            case Logic(operator="not", items=(item,)):
                truth = self.truth(item, scope)
                return Truth(truth.no, truth.yes)
            case Logic(operator=operator, items=items):
                join = algebra.both if operator == "and" else algebra.either
                return reduce(join, [self.truth(item, scope) for item in items])
            case Contains(item=item, choices=choices):
                return algebra.contains(self.choices(item, scope), choices)
            case Choose():
                return self._choose(node, scope)
            case Extreme(operator=operator, items=items):
                return algebra.extreme(operator == "min", [self.number(item, scope) for item in items])
            case Elapsed():
                end = self.number(node.end, scope) if node.end is not None else self.reader.today()
                return algebra.elapsed(
                    self.number(node.start, scope), end, 372 if node.unit == "years" else 31
                )
            case Rounding():
                return algebra.rounded(
                    self.number(node.item, scope), node.name, ROUNDING_UNITS[node.unit].value
                )
            case Lookup():
                return self._lookup(node, scope)
            case Lift(collection=Level.PARENT):
                return self._over_parents(node, scope)
            case _:
                raise EngineError(Problem("kernel-expression", f"列引擎不会算：{render(node)}"))

    def _arithmetic(self, node: Arithmetic, scope: Scope) -> Number:
        left, right = self.number(node.left, scope), self.number(node.right, scope)
        match node.operator:
            case "+":
                return self.algebra.add(left, right)
            case "-":
                return self.algebra.subtract(left, right)
            case "*":
                return self.algebra.multiply(left, right)
            case _ if isinstance(node.right, Constant):
                divided = left.denominator * int(node.right.value)  # type: ignore[arg-type]
                return replace(left, denominator=divided)
            case _:
                return self.algebra.quotient(left, right, node.bounds)

    def _compare(self, node: Compare, scope: Scope) -> Truth:
        if node.left.type.kind is Kind.ENUM:
            same = self.algebra.same_word(self.choices(node.left, scope), self.choices(node.right, scope))
            return same if node.operator == "==" else Truth(same.no, same.yes)
        left, right = self.number(node.left, scope), self.number(node.right, scope)
        match node.operator:
            case "==" | "!=":
                same = self.algebra.equal(left, right)
                return same if node.operator == "==" else Truth(same.no, same.yes)
            case "<" | "<=":
                return self.algebra.compare(node.operator == "<", left, right)
            case _:
                return self.algebra.compare(node.operator == ">", right, left)

    def _choose(self, node: Choose, scope: Scope) -> MachineValue:
        condition = self.truth(node.condition, scope)
        then, otherwise = self.lower(node.then, scope), self.lower(node.otherwise, scope)
        if isinstance(then, Truth) and isinstance(otherwise, Truth):
            return self.algebra.choose_truth(condition, then, otherwise)
        if isinstance(then, Choices) and isinstance(otherwise, Choices):
            return self.algebra.choose_word(condition, then, otherwise)
        assert isinstance(then, Number)
        assert isinstance(otherwise, Number)
        return self.algebra.choose(condition, then, otherwise)

    def _lookup(self, node: Lookup, scope: Scope) -> Number:
        """A cell of a table: over all keys that are possible, the hull of their cells."""
        algebra, b = self.algebra, self.algebra.b
        keys, sizes = [self.choices(key, scope) for key in node.keys], self.tables[node.symbol.name]
        result: Number | None = None
        for position, way in enumerate(product(*sizes)):
            possible = constant_truth(True).yes
            for key, text in zip(keys, way, strict=True):
                possible = b.and_(
                    possible,
                    algebra.has(key, key.words.index(text))
                    if text in key.words
                    else constant_truth(False).yes,
                )
            cell = self.reader.cell(node.symbol, word(position))
            assert isinstance(cell, Number)
            result = self._joined(result, cell, possible)
        assert result is not None
        return result

    def _joined(self, result: Number | None, cell: Number, possible: IR) -> Number:
        algebra, b = self.algebra, self.algebra.b
        if result is None:
            greatest, least = word(2**63 - 1), word(-(2**63) + 1)
            result = Number(greatest, least, cell.denominator)
        low = b.select(possible, algebra.pick(True, result.low, cell.low), result.low)
        high = b.select(possible, algebra.pick(False, result.high, cell.high), result.high)
        return Number(low, high, cell.denominator)

    def _over_parents(self, node: Lift, scope: Scope) -> MachineValue:
        """The two parent slots of a person, one after the other."""
        person = scope.at(Level.PERSON)
        bodies = []
        for slot in SLOTS:
            inner = scope.inside(Level.PARENT, person.row, person.place, slot)
            bodies.append(self.lower(node.body, inner))
        return self.collected(node.operator, bodies)

    def collected(self, operator: str, values: list[MachineValue]) -> MachineValue:
        """`any all count sum max min` of at least one value."""
        algebra = self.algebra
        if operator in ("any", "all"):
            join = algebra.either if operator == "any" else algebra.both
            return reduce(join, values)  # type: ignore[arg-type]
        if operator == "count":
            return reduce(algebra.add, [algebra.counted(value) for value in values])  # type: ignore[arg-type]
        if operator == "sum":
            return reduce(algebra.add, values)  # type: ignore[arg-type]
        return algebra.extreme(operator == "min", values)  # type: ignore[arg-type]
