"""Which divisors of a route nothing guards: a step of `lint`.

A quotient whose divisor may be zero is an unspecified number, so a route that divides needs a criterion (or a
condition around the quotient itself) that says the divisor is positive. The walk follows names into definitions and
carries along what is known to be positive on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..language import Node, canonical
from ..language.nodes import Arithmetic, Choose, Compare, Constant, Logic, Ref, children
from .model import Definition, ProgrammeText, RouteBody


def unguarded_divisors(
    programme: ProgrammeText, body: RouteBody, definitions: Mapping[str, Definition]
) -> Iterator[Node]:
    """The divisors read by a version of a route that none of its single criteria says are positive."""
    tests = {
        name: [v.content for v in criterion.dated.versions] for name, criterion in programme.criteria.items()
    }
    certain = [limb[0] for limb in body.when if len(limb) == 1]
    known = frozenset[str]().union(*(_guaranteed(tests[c.criterion], c.holds) for c in certain))
    read = {c.criterion for limb in body.when for c in limb} | set(programme.exclusions)
    nodes = [node for name in programme.criteria if name in read for node in tests[name]]
    walker = _Divisors(definitions)
    for node in (*nodes, *([body.amount] if body.amount is not None else [])):
        yield from walker.unguarded(node, known)


def _guaranteed(versions: list[Node], holds: bool) -> frozenset[str]:
    """What is positive if a criterion holds (or does not), whichever of its versions is in force."""
    return frozenset.intersection(*(_positive(node, holds) for node in versions))


def _positive(node: Node, holds: bool = True) -> frozenset[str]:
    """The expressions (as canonical text) that are positive whole numbers if `node` is true (or is false)."""
    match node:
        case Logic(operator="not", items=(item,)):
            return _positive(item, not holds)
        case Logic(operator=operator, items=items) if operator == ("and" if holds else "or"):
            return frozenset[str]().union(*(_positive(item, holds) for item in items))
        case Compare(operator=operator, left=left, right=Constant(value=int(figure))):
            return frozenset([_key(left)]) if _exceeds_zero(operator, figure, holds) else frozenset()
        case Compare(operator=operator, left=Constant(value=int(figure)), right=right):
            turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
            return frozenset([_key(right)]) if _exceeds_zero(turned, figure, holds) else frozenset()
        case _:
            return frozenset()


def _exceeds_zero(operator: str, figure: int, holds: bool) -> bool:
    """Whether `x operator figure`, being true or false as `holds` says, makes a count x positive (it is never below 0)."""
    if not holds:
        operator = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}[operator]
    return (operator == ">" and figure >= 0) or (operator in (">=", "==") and figure >= 1) or (
        operator == "!=" and figure == 0
    )  # fmt: skip


def _key(node: Node) -> str:
    return repr(canonical(node))


class _Divisors:
    """Walks expressions into the definitions they read, carrying what is known to be positive on the way."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.definitions = definitions
        self.seen: set[tuple[str, frozenset[str]]] = set()

    def unguarded(self, node: Node, known: frozenset[str]) -> Iterator[Node]:
        match node:
            case Ref(symbol=symbol) if symbol.name in self.definitions:
                if (symbol.name, known) not in self.seen:
                    self.seen.add((symbol.name, known))
                    for version in self.definitions[symbol.name].dated.versions:
                        yield from self.unguarded(version.content, known)
                return
            case Choose():
                yield from self.unguarded(node.condition, known)
                yield from self.unguarded(node.then, known | _positive(node.condition))
                yield from self.unguarded(node.otherwise, known | _positive(node.condition, holds=False))
                return
            case Logic(operator="and" | "or" as operator, items=items):
                # the limbs that guard decide the whole where they fail, whatever the quotient is then
                known = known.union(*(_positive(item, operator == "and") for item in items))
            case Arithmetic(operator="/", right=right):
                certain = isinstance(right, Constant) or (right.bounds is not None and right.bounds.lo > 0)
                if not certain and _key(right) not in known:
                    yield right
        for child in children(node):
            yield from self.unguarded(child, known)
