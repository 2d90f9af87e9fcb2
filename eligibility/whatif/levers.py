"""Which facts stand behind a refusal: all that a node reads, and those that alone might turn it.

A fact is a lever only where everything in the way on some route reads it: one change can then be enough.
"""

from __future__ import annotations

from ..engines.reference import Evaluation, Place, Result
from ..language.nodes import Lift, Node, Origin, Ref, Symbol, children
from ..values import Level, any_of, not_

Target = tuple[str, Place]
"""A fact by name, and whose it is."""


def levers(refused: Result, evaluation: Evaluation) -> dict[Target, None]:
    """The facts that alone might turn a refusal: those that everything in the way on some route has in common."""
    place = Place(refused.person)
    programme = refused.programme
    if not refused.applies:
        assert programme.who is not None
        return facts_behind([programme.who], evaluation, place)
    status = {c.id: s for c, s in zip(programme.criteria, refused.statuses, strict=True)}
    test = {c.id: c.test for c in programme.criteria}
    excluding = [
        facts_behind([test[i]], evaluation, place) for i in programme.exclusions if status[i] is not False
    ]
    found: dict[Target, None] = {}
    for route in programme.routes:
        in_the_way = list(excluding)
        for limb in route.when:
            held = any_of(status[c.criterion] if c.holds else not_(status[c.criterion]) for c in limb)
            if held is not True:
                in_the_way.append(facts_behind([test[c.criterion] for c in limb], evaluation, place))
        if in_the_way:
            common = set(in_the_way[0]).intersection(*in_the_way[1:])
            found |= {target: None for target in in_the_way[0] if target in common}
    return found


def facts_behind(nodes: list[Node], evaluation: Evaluation, place: Place) -> dict[Target, None]:
    """Every fact that some nodes read, through definitions and other programmes, in reading order."""
    reading = _Reading(evaluation)
    for node in nodes:
        reading.node(node, place)
    return reading.found


class _Reading:
    """Collects the facts behind nodes, each with whose it is."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.definitions = evaluation.evaluator.edition.definitions
        self.found: dict[Target, None] = {}
        self.seen: set[Target] = set()

    def node(self, node: Node, place: Place) -> None:
        if isinstance(node, Ref):
            self.name(node.symbol, place)
        elif isinstance(node, Lift):
            over_members = node.collection is Level.PERSON
            for index in range(len(self.evaluation.context.members) if over_members else 2):
                self.node(node.body, Place(index) if over_members else Place(place.person, index))
        else:
            for child in children(node):
                self.node(child, place)

    def name(self, symbol: Symbol, place: Place) -> None:
        own = (Place(), Place(place.person), place)[symbol.level]
        if symbol.origin is Origin.FACT:
            self.found[symbol.name, own] = None
        if (symbol.name, own) in self.seen or symbol.origin in (Origin.FACT, Origin.PARAMETER):
            return
        self.seen.add((symbol.name, own))
        if symbol.origin is Origin.DEFINITION:
            self.node(self.definitions[symbol.name].node, own)
            return
        programme = self.evaluation.evaluator.edition.programme(symbol.name.partition(".")[0])
        if programme is not None:
            tests = [criterion.test for criterion in programme.criteria]
            amounts = [route.amount for route in programme.routes]
            for inner in (programme.who, *tests, *amounts):
                if inner is not None:
                    self.node(inner, own)
