"""In which order a household is computed: passes over its persons, and what can be said of the household between them.

Time runs in steps: at even times a pass over the persons, at odd times the household, beginning with -1 for what needs
no person. A value of the household that collects something of its persons comes after the pass in which it is
collected; a value of a person that reads the household comes in the next pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...language.nodes import Lift, Node, Origin, Ref, children
from ...ruleset.edition import Edition
from ...ruleset.graph import step_of
from ...ruleset.resolved import Programme
from ...values import Level

BEFORE = -1
"""The time of what is known before any person is looked at."""


@dataclass(slots=True)
class Step:
    """What happens at one time: what is collected of the persons, definitions, verdicts and payments."""

    lifts: list[Lift] = field(default_factory=list)
    entries: list[str | tuple[Programme, bool]] = field(default_factory=list)
    """Definitions of the household, and programmes to decide (False) or to pay (True), each after all it reads."""

    @property
    def verdicts(self) -> list[tuple[Programme, bool]]:
        """The programmes among the entries."""
        return [entry for entry in self.entries if not isinstance(entry, str)]


class Schedule:
    """The steps of an edition by time."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.by_name = {programme.name: programme for programme in edition.programmes}
        self.times: dict[str, int] = {}
        self.steps: dict[int, Step] = {}
        self._lifts: set[int] = set()
        for name in edition.order:
            self._place(name)

    def ordered(self) -> list[tuple[int, Step]]:
        """All steps, in order of time."""
        return sorted(self.steps.items())

    def _step(self, time: int) -> Step:
        return self.steps.setdefault(time, Step())

    def _place(self, name: str) -> None:
        base, _, attribute = name.partition(".")
        if name in self.edition.definitions:
            definition = self.edition.definitions[name]
            time = self.times[name] = self._time([definition.node], definition.symbol.level)
            if definition.symbol.level is Level.HOUSEHOLD:
                self._step(time).entries.append(name)
        elif base in self.by_name and attribute in ("符合", "金额"):
            programme = self.by_name[base]
            pays = attribute == "金额"
            nodes = paid_nodes(programme) if pays else tested_nodes(programme)
            earliest = self.times[f"{base}.符合"] if pays else BEFORE
            time = self.times[name] = max(self._time(nodes, programme.level), earliest)
            self._step(time).entries.append((programme, pays))

    def _time(self, nodes: Iterable[Node], level: Level) -> int:
        earliest = max((self._ready(node) for node in nodes), default=BEFORE)
        odd = level is Level.HOUSEHOLD
        return earliest if (earliest % 2 == 1) == odd else earliest + 1

    def _ready(self, node: Node) -> int:
        """The earliest time at which everything a node reads is there."""
        if isinstance(node, Ref):
            name = step_of(node.symbol.name)
            if node.symbol.origin is Origin.VERDICT:
                base, _, attribute = name.partition(".")
                # An amount before what it yields to is computed together with the verdict that reads it.
                name = f"{base}.金额" if attribute in ("金额", "情形") else name
                return BEFORE if attribute == "应付" else self.times.get(name, BEFORE)
            return self.times.get(name, BEFORE) if node.symbol.origin is Origin.DEFINITION else BEFORE
        earliest = max((self._ready(child) for child in children(node)), default=BEFORE)
        if isinstance(node, Lift) and node.collection is Level.PERSON:
            collected = earliest if earliest % 2 == 0 else earliest + 1
            if id(node) not in self._lifts:
                self._lifts.add(id(node))
                self._step(collected).lifts.append(node)
            return collected + 1
        return earliest


def tested_nodes(programme: Programme) -> list[Node]:
    """What a verdict reads; where a programme yields to others, also what its amounts read."""
    nodes = [criterion.test for criterion in programme.criteria]
    nodes += [programme.who] if programme.who is not None else []
    return nodes + paid_nodes(programme) if programme.yields is not None else nodes


def paid_nodes(programme: Programme) -> list[Node]:
    """What an amount reads."""
    nodes = [route.amount for route in programme.routes if route.amount is not None]
    return [*nodes, programme.yields] if programme.yields is not None else nodes
