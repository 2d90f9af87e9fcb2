"""The typed, frozen nodes every expression of a ruleset becomes; what all engines compile.

A node knows its type, the level it belongs to, and static bounds that hold for every value of its declared
domain. `render` writes a node back as text, `canonical` as plain data for digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from ..values import Kind, Level, Number, Value


@dataclass(frozen=True, slots=True)
class Type:
    """What kind of value: `money` tells an exact that counts money; `choices` lists an enum (None: open list)."""

    kind: Kind
    money: bool = False
    choices: frozenset[str] | None = None

    @property
    def numeric(self) -> bool:
        return self.kind in (Kind.MONEY, Kind.EXACT, Kind.INTEGER, Kind.RATE)

    @property
    def counts_money(self) -> bool:
        return self.kind is Kind.MONEY or (self.kind is Kind.EXACT and self.money)

    def __str__(self) -> str:
        return {
            Kind.MONEY: "金额",
            Kind.EXACT: "金额的商" if self.money else "数量的商",
            Kind.INTEGER: "整数",
            Kind.RATE: "比率",
            Kind.TRUTH: "是非",
            Kind.ENUM: "选项",
            Kind.DATE: "日期",
        }[self.kind]


MONEY = Type(Kind.MONEY)
EXACT_MONEY = Type(Kind.EXACT, money=True)
EXACT_COUNT = Type(Kind.EXACT)
INTEGER = Type(Kind.INTEGER)
RATE = Type(Kind.RATE)
TRUTH = Type(Kind.TRUTH)
DATE = Type(Kind.DATE)


class Origin(Enum):
    """Where the value of a name comes from."""

    FACT = "fact"
    PARAMETER = "parameter"
    DEFINITION = "definition"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Static bounds of a number: lo ≤ value ≤ hi, and value × denominator × divisor is an integer.

    `divisor` is the one divisor that varies (None if there is none), `divisor_hi` its greatest value.
    """

    lo: Number
    hi: Number
    denominator: int = 1
    divisor: Node | None = None
    divisor_hi: int = 1

    @property
    def magnitude(self) -> Number:
        """Largest absolute value the numerator can reach."""
        largest: Number = max(-self.lo, self.hi)
        return largest * self.denominator * self.divisor_hi


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name an expression may use. `lo`, `hi` and `denominator` bound a number."""

    name: str
    origin: Origin
    level: Level
    type: Type
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: a count, a rate or a quoted text."""

    value: Value
    type: Type
    level: Level = Level.HOUSEHOLD
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """A name: fact, parameter, definition or verdict."""

    symbol: Symbol
    type: Type
    level: Level
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` of two numbers; unary minus is `0 - x`."""

    operator: str
    left: Node
    right: Node
    type: Type
    level: Level
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Extreme:
    """`min` or `max` of two or more numbers."""

    operator: str
    items: tuple[Node, ...]
    type: Type
    level: Level
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`years(d)`, `months(d)` up to the first day of the benefit month; `months(a, b)` between two days."""

    unit: str
    start: Node
    end: Node | None
    type: Type
    level: Level
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Rounding:
    """`round_down`, `round_half_up`, `round_up` to 分, 角 or 元; turns an exact into money."""

    name: str
    unit: str
    item: Node
    type: Type
    level: Level
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Compare:
    """`< <= > >=` of two numbers or dates, `== !=` of any two values of one type."""

    operator: str
    left: Node
    right: Node
    level: Level
    type: Type = TRUTH
    bounds: None = None


@dataclass(frozen=True, slots=True)
class Contains:
    """`x in ("…", "…")`."""

    item: Node
    choices: tuple[str, ...]
    level: Level
    type: Type = TRUTH
    bounds: None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or` of two or more truths, `not` of one."""

    operator: str
    items: tuple[Node, ...]
    level: Level
    type: Type = TRUTH
    bounds: None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """`x if c else y`."""

    condition: Node
    then: Node
    otherwise: Node
    type: Type
    level: Level
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class Lift:
    """`any all count sum max min` over a collection: what leads from an inner level out to the next."""

    operator: str
    collection: Level
    body: Node
    type: Type
    level: Level
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A cell of a table parameter: `表[键, …]`."""

    symbol: Symbol
    keys: tuple[Node, ...]
    type: Type
    level: Level
    bounds: Bounds | None


Node = (
    Constant | Ref | Arithmetic | Extreme | Elapsed | Rounding | Compare | Contains | Logic | Choose | Lift | Lookup
)  # fmt: skip

COLLECTIONS = {"成员": Level.PERSON, "父母": Level.PARENT}
COLLECTION_NAMES = {level: name for name, level in COLLECTIONS.items()}


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, in reading order."""
    match node:
        case Constant() | Ref():
            return ()
        case Arithmetic(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Extreme(items=items) | Logic(items=items):
            return items
        case Elapsed(start=start, end=end):
            return (start,) if end is None else (start, end)
        case Rounding(item=item) | Contains(item=item):
            return (item,)
        case Choose():
            return (node.condition, node.then, node.otherwise)
        case Lift(body=body):
            return (body,)
        case Lookup(keys=keys):
            return keys


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, outermost first."""
    yield node
    for child in children(node):
        yield from walk(child)


def symbols(node: Node) -> dict[str, Symbol]:
    """Every name a node reads, in reading order, without repetition."""
    return {inner.symbol.name: inner.symbol for inner in walk(node) if isinstance(inner, Ref | Lookup)}


_BINDING = {"or": 1, "and": 2, "not": 3, "<": 4, "+": 5, "-": 5, "*": 6, "/": 6}


def render(node: Node, outer: int = 0) -> str:
    """The node as text of the expression language, with the fewest parentheses that keep its meaning."""
    text, binding = _render(node)
    return f"({text})" if binding < outer else text


def _render(node: Node) -> tuple[str, int]:
    match node:
        case Constant(value=value):
            return (f'"{value}"' if isinstance(value, str) else decimal_text(value)), 9
        case Ref(symbol=symbol):
            return symbol.name, 9
        case Arithmetic(operator=operator):
            rank = _BINDING[operator]
            return (f"{render(node.left, rank)} {operator} {render(node.right, rank + 1)}", rank)
        case Extreme(operator=operator, items=items):
            return f"{operator}({', '.join(map(render, items))})", 9
        case Elapsed():
            return f"{node.unit}({', '.join(map(render, children(node)))})", 9
        case Rounding():
            return f'{node.name}({render(node.item)}, "{node.unit}")', 9
        case Compare(operator=operator):
            return f"{render(node.left, 5)} {operator} {render(node.right, 5)}", 4
        case Contains(item=item, choices=choices):
            listed = ", ".join(f'"{choice}"' for choice in choices) + ("," if len(choices) == 1 else "")
            return f"{render(item, 5)} in ({listed})", 4
        case Logic(operator="not", items=(item,)):
            return f"not {render(item, 3)}", 3
        case Logic(operator=operator, items=items):
            rank = _BINDING[operator]
            return f" {operator} ".join(render(item, rank + 1) for item in items), rank
        case Choose():
            return (f"{render(node.then, 1)} if {render(node.condition, 1)} else {render(node.otherwise)}", 0)
        case Lift():
            return (f"{node.operator}({COLLECTION_NAMES[node.collection]}, {render(node.body)})", 9)
        case Lookup():
            return f"{node.symbol.name}[{', '.join(map(render, node.keys))}]", 9


def decimal_text(value: object) -> str:
    """A count or a rate as plain decimal text; a rate that has no finite decimal stays a quotient."""
    if not isinstance(value, Fraction) or value.denominator == 1:
        return str(value)
    for places in range(1, 10):
        scaled = value * 10**places
        if scaled.denominator == 1:
            sign = "-" if scaled < 0 else ""
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            return f"{sign}{digits[:-places]}.{digits[-places:]}"
    return str(value)


def canonical(node: Node) -> list[object]:
    """The node as nested lists of text and numbers: what digests are made of."""
    match node:
        case Constant(value=value):
            return ["constant", node.type.kind.value, value if isinstance(value, str) else str(value)]
        case Ref(symbol=symbol):
            return ["name", symbol.origin.value, symbol.name]
        case Elapsed(unit=unit):
            return [unit, *map(canonical, children(node))]
        case Rounding(name=name, unit=unit):
            return [name, unit, canonical(node.item)]
        case Contains(item=item, choices=choices):
            return ["in", canonical(item), *choices]
        case Choose():
            return ["if", *map(canonical, children(node))]
        case Lift(operator=operator, collection=collection, body=body):
            return [operator, COLLECTION_NAMES[collection], canonical(body)]
        case Lookup(symbol=symbol, keys=keys):
            return ["table", symbol.name, *map(canonical, keys)]
        case Arithmetic(operator=operator) | Compare(operator=operator) | Extreme(operator=operator):
            return [operator, *map(canonical, children(node))]
        case Logic(operator=operator, items=items):
            return [operator, *map(canonical, items)]
