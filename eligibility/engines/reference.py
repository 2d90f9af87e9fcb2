"""The reference engine: the definition of correct. It computes every definition, criterion, verdict and amount.

An `Evaluator` is compiled once per edition and evaluates any number of cases. It keeps the value of every name, so
that reasons can be given for refusals as much as for grants, and can say which unknown facts an open criterion
rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..case import FACTS, Context, Fact, income_fact, receipt_amount_fact, receipt_fact
from ..errors import Problem, RulesetError
from ..language.nodes import Choose, Lift, Logic, Lookup, Node, Origin, Ref, Symbol, children, symbols
from ..quantities import MAX_FEN
from ..ruleset.edition import Edition
from ..ruleset.resolved import Criterion, Programme, Route
from ..values import Level, Range, Truth, Value, all_of, any_of, bounds, date_key, is_known, not_, span
from .ranges import Compiler, Function, Row

_NO_AMOUNT = Range(0, 64 * MAX_FEN)
_UNKNOWN_AMOUNT = Range(1, 64 * MAX_FEN)
_ABSENT: Final[Mapping[str, Value]] = {"符合": False, "不符合": True, "金额": 0, "应付": 0, "情形": ""}
"""What other programmes read where there is no verdict."""


class Place(NamedTuple):
    """A subject inside a household: nothing for the household, a person's index, a person's and a parent's index."""

    person: int | None = None
    parent: int | None = None


class Missing(NamedTuple):
    """An unknown leaf an open criterion rests on: a fact of `place`, or a parameter of the law."""

    origin: Origin
    name: str
    place: Place


@dataclass(slots=True)
class Result:
    """What one programme came to for one subject. `statuses` follow the criteria, `met` and `amounts` the routes.

    `verdict` is three-valued; `applies` is False where `who` is false and there is no verdict at all.
    `amount` is in 分: None where nothing is paid or the law's figure is unknown (`amount_unknown`).
    """

    programme: Programme
    person: int | None
    applies: bool
    statuses: tuple[Truth, ...] = ()
    met: tuple[Truth, ...] = ()
    excluded: Truth = False
    verdict: Truth = False
    amounts: tuple[Value, ...] = ()
    amount: Value = None
    amount_unknown: bool = False
    route: str | frozenset[str] = ""


@dataclass(slots=True)
class Evaluation:
    """All values of one case under one edition: a row of slots per subject, and a result per programme and subject."""

    evaluator: Evaluator
    context: Context
    household: Row
    results: list[Result]

    def value(self, name: str, place: Place) -> Value:
        """The value of a name as seen from a place."""
        return self.evaluator.read(name, self.rows(place))

    def rows(self, place: Place) -> tuple[Row, Row | None, Row | None]:
        household = self.household
        if place.person is None:
            return household, None, None
        person = household[0][place.person]
        return (household, person, None if place.parent is None else person[0][place.parent])


Step = Callable[[Row, list[Result]], None]
Given = Mapping[tuple[str, Place], Any]
"""Values by name and place: as in `eligibility.values`, or numbers that compute and compare like them."""


class Evaluator:
    """One edition, compiled. `evaluate` is pure and may be called from several threads."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.levels: dict[str, Level] = {}
        self.slots: dict[str, int] = {}
        self.facts: dict[Level, list[tuple[int, Callable[[Any, Context], Value]]]] = {
            level: [] for level in Level
        }
        self.fact_of: dict[str, Fact] = {}
        self.widths = dict.fromkeys(Level, 1)
        self.widths[Level.PARENT] = 0
        for symbol in self._symbols():
            self._place(symbol)
        self.compiler = Compiler(
            self.slots,
            {name: p.value for name, p in edition.parameters.items() if p.cells is None},
            {name: p.cells for name, p in edition.parameters.items() if p.cells is not None},
            date_key(edition.month.first_day),
        )
        # By the identity of nodes, since hashing one walks all of it; each is kept, so that no other gets its identity.
        self.functions: dict[int, tuple[Function, Node]] = {}
        self.initial: dict[Level, Row] = {level: [None] * width for level, width in self.widths.items()}
        self._absent_verdicts()
        self.steps = {name: step for name in edition.order if (step := self._step(name)) is not None}

    def _symbols(self) -> Iterator[Symbol]:
        nodes: list[Node] = [d.node for d in self.edition.definitions.values()]
        for programme in self.edition.programmes:
            nodes += [c.test for c in programme.criteria]
            nodes += [r.amount for r in programme.routes if r.amount is not None]
            nodes += [programme.who] if programme.who is not None else []
        for node in nodes:
            yield from symbols(node).values()
        for definition in self.edition.definitions.values():
            yield definition.symbol

    def _place(self, symbol: Symbol) -> None:
        """Gives a name its slot; a fact also its reader."""
        if symbol.name in self.slots or symbol.origin is Origin.PARAMETER:
            return
        level = symbol.level
        self.levels[symbol.name] = level
        self.slots[symbol.name] = self.widths[level]
        self.widths[level] += 1
        if symbol.origin is Origin.FACT:
            fact = self._fact(symbol.name)
            self.fact_of[symbol.name] = fact
            self.facts[level].append((self.slots[symbol.name], fact.read))

    def _fact(self, name: str) -> Fact:
        if name in FACTS:
            return FACTS[name]
        base, _, attribute = name.partition(".")
        if base == "收入":
            return income_fact(attribute, signed=self.edition.ruleset.income_kinds[attribute].signed)
        programme = next(p for p in self.edition.ruleset.programmes.values() if p.name == attribute)
        make = receipt_fact if base == "在享" else receipt_amount_fact
        return make(programme.id, programme.name, programme.level)

    def _absent_verdicts(self) -> None:
        """Read from another programme, no verdict means 符合 false, 不符合 true, 金额 zero."""
        for name, slot in self.slots.items():
            attribute = name.partition(".")[2]
            if name not in self.fact_of and attribute in _ABSENT:
                absent = _ABSENT[attribute]
                self.initial[self.levels[name]][slot] = absent

    def evaluate(self, context: Context, given: Given | None = None) -> Evaluation:
        """Computes everything for one case. Raises `RulesetError` if two routes of a `unique` programme are met.

        `given` are values in place of facts as read or definitions as computed; names nobody reads are passed over.
        """
        household = self.initial[Level.HOUSEHOLD].copy()
        for slot, read in self.facts[Level.HOUSEHOLD]:
            household[slot] = read(None, context)
        household[0] = [self._person(member, context) for member in context.members]
        results: list[Result] = []
        evaluation = Evaluation(self, context, household, results)
        if given:
            self._put(given, evaluation, self.fact_of)
        for name, step in self.steps.items():
            step(household, results)
            if given:
                self._put(given, evaluation, (name,))
        return evaluation

    def _put(self, given: Given, evaluation: Evaluation, names: Container[str]) -> None:
        """Writes those of the given values that stand for one of some names."""
        for (name, place), value in given.items():
            if name in names:
                row = evaluation.rows(place)[self.levels[name]]
                assert row is not None
                row[self.slots[name]] = value

    def _person(self, member: Any, context: Context) -> Row:
        row = self.initial[Level.PERSON].copy()
        for slot, read in self.facts[Level.PERSON]:
            row[slot] = read(member, context)
        if self.widths[Level.PARENT]:
            row[0] = [self._parent(parent, context) for parent in context.parents(member)]
        return row

    def _parent(self, parent: Any, context: Context) -> Row:
        row = self.initial[Level.PARENT].copy()
        for slot, read in self.facts[Level.PARENT]:
            row[slot] = read(parent, context)
        return row

    def read(self, name: str, rows: tuple[Row, Row | None, Row | None]) -> Value:
        """The value of any name of the edition in given rows."""
        if name not in self.slots:
            value: Value = self.edition.parameters[name].value
            return value
        row = rows[self.levels[name]]
        assert row is not None
        found: Value = row[self.slots[name]]
        return found

    def _step(self, name: str) -> Step | None:
        if name in self.edition.definitions:
            return self._definition_step(name)
        base, _, attribute = name.partition(".")
        programme = next((p for p in self.edition.programmes if p.name == base), None)
        if programme is None or attribute == "情形":
            return None
        compiled = _CompiledProgramme(self, programme)
        return compiled.decide if attribute == "符合" else compiled.pay

    def _definition_step(self, name: str) -> Step:
        definition = self.edition.definitions[name]
        slot, function = self.slots[name], self.compiler.compile(definition.node)

        def for_household(household: Row, results: list[Result]) -> None:
            household[slot] = function(household, None, None)

        def for_persons(household: Row, results: list[Result]) -> None:
            for person in household[0]:
                person[slot] = function(household, person, None)

        def for_parents(household: Row, results: list[Result]) -> None:
            for person in household[0]:
                for parent in person[0]:
                    parent[slot] = function(household, person, parent)

        return (for_household, for_persons, for_parents)[definition.symbol.level]

    def missing(self, node: Node, evaluation: Evaluation, place: Place) -> dict[Missing, None]:
        """The unknown leaves that may decide an open node, in reading order."""
        found: dict[Missing, None] = {}
        self._collect(node, evaluation, place, found)
        return found

    def _known(self, node: Node, evaluation: Evaluation, place: Place) -> bool:
        return is_known(self.value(node, evaluation, place))

    def value(self, node: Node, evaluation: Evaluation, place: Place) -> Value:
        """The value of any node of the edition as seen from a place."""
        if id(node) not in self.functions:
            self.functions[id(node)] = self.compiler.compile(node), node
        value: Value = self.functions[id(node)][0](*evaluation.rows(place))
        return value

    def _collect(self, node: Node, evaluation: Evaluation, place: Place, found: dict[Missing, None]) -> None:
        if self._known(node, evaluation, place):
            return
        match node:
            case Ref(symbol=symbol):
                self._collect_name(symbol, evaluation, place, found)
            case Choose(condition=condition):
                decided = self.value(condition, evaluation, place)
                if decided is None:
                    self._collect(condition, evaluation, place, found)
                if decided is not False:
                    self._collect(node.then, evaluation, place, found)
                if decided is not True:
                    self._collect(node.otherwise, evaluation, place, found)
            case Lift(collection=collection, body=body):
                rows = evaluation.rows(place)
                inner = rows[0][0] if collection is Level.PERSON else rows[1][0]  # type: ignore[index]
                for index in range(len(inner)):
                    below = Place(index) if collection is Level.PERSON else Place(place.person, index)
                    self._collect(body, evaluation, below, found)
            case Logic(items=items):
                for item in items:
                    self._collect(item, evaluation, place, found)
            case Lookup(symbol=symbol):
                for child in children(node):
                    self._collect(child, evaluation, place, found)
                if all(self._known(child, evaluation, place) for child in children(node)):
                    found[Missing(Origin.PARAMETER, symbol.name, Place())] = None
            case _:
                for child in children(node):
                    self._collect(child, evaluation, place, found)

    def _collect_name(
        self, symbol: Symbol, evaluation: Evaluation, place: Place, found: dict[Missing, None]
    ) -> None:
        """An open name: a leaf is reported, a definition or a verdict is opened up."""
        own = (Place(), Place(place.person), place)[symbol.level]
        if symbol.origin is Origin.DEFINITION:
            self._collect(self.edition.definitions[symbol.name].node, evaluation, own, found)
        elif symbol.origin is Origin.VERDICT:
            name, _, attribute = symbol.name.partition(".")
            for result in evaluation.results:
                if result.programme.name != name or result.person != own.person:
                    continue
                criteria = [] if attribute == "应付" else [c.test for c in open_criteria(result)]
                amounts = open_amounts(result) if attribute in ("应付", "金额") else []
                for node in (*criteria, *amounts):
                    self._collect(node, evaluation, own, found)
        else:
            where = own if symbol.origin is Origin.FACT else Place()
            found[Missing(symbol.origin, symbol.name, where)] = None


def open_criteria(result: Result) -> list[Criterion]:
    """The unknown criteria on routes that may be taken, and the unknown exclusions."""
    programme = result.programme
    if not result.applies or (result.excluded is True):
        return []
    named: dict[str, None] = dict.fromkeys(programme.exclusions)
    for route in possible_routes(result):
        named.update(dict.fromkeys(c.criterion for limb in route.when for c in limb))
    return [
        c
        for c, status in zip(programme.criteria, result.statuses, strict=True)
        if status is None and c.id in named
    ]


def open_amounts(result: Result) -> list[Node]:
    """The amounts of the routes that may be taken."""
    return [route.amount for route in possible_routes(result) if route.amount is not None]


def possible_routes(result: Result) -> list[Route]:
    """The routes that are not false; where the verdict is certain, only those that may be the one taken."""
    taken = {result.route} if isinstance(result.route, str) else result.route
    certain = result.verdict is True and taken != {""}
    return [
        route
        for route, met in zip(result.programme.routes, result.met, strict=True)
        if met is not False and (not certain or route.name in taken)
    ]


class _CompiledProgramme:
    """The two steps of a programme, `decide` and `pay`, over all its subjects."""

    def __init__(self, evaluator: Evaluator, programme: Programme) -> None:
        compile_, slots = evaluator.compiler.compile, evaluator.slots
        self.programme = programme
        self.who = compile_(programme.who) if programme.who is not None else None
        self.tests = [compile_(criterion.test) for criterion in programme.criteria]
        position = {criterion.id: index for index, criterion in enumerate(programme.criteria)}
        self.exclusions = [position[identifier] for identifier in programme.exclusions]
        self.routes = [
            [[(position[c.criterion], c.holds) for c in limb] for limb in route.when]
            for route in programme.routes
        ]
        self.amounts = [compile_(r.amount) if r.amount is not None else None for r in programme.routes]
        self.yields = compile_(programme.yields) if programme.yields is not None else None
        name = programme.name
        self.gross_slot = slots.get(f"{name}.应付")
        self.met_slot, self.unmet_slot = slots.get(f"{name}.符合"), slots.get(f"{name}.不符合")
        self.amount_slot, self.route_slot = slots.get(f"{name}.金额"), slots.get(f"{name}.情形")

    def decide(self, household: Row, results: list[Result]) -> None:
        """Verdicts of the programme for all its subjects."""
        if self.programme.level is Level.HOUSEHOLD:
            results.append(self._decide(household, None, None))
            return
        for index, person in enumerate(household[0]):
            results.append(self._decide(household, person, index))

    def _decide(self, household: Row, person: Row | None, index: int | None) -> Result:
        if self.who is not None and self.who(household, person, None) is False:
            return Result(self.programme, index, applies=False)
        if self.yields is None:
            statuses = tuple([test(household, person, None) for test in self.tests])
            met = tuple([_route_truth(route, statuses) for route in self.routes])
        else:
            statuses, met = self._statuses_with_yield(household, person)
        excluded = any_of([statuses[position] for position in self.exclusions])
        verdict = all_of((any_of(met), not_(excluded)))
        row = household if person is None else person
        if self.met_slot is not None:
            row[self.met_slot] = verdict
        if self.unmet_slot is not None:
            row[self.unmet_slot] = not_(verdict)
        return Result(self.programme, index, True, statuses, met, excluded, verdict)

    def _statuses_with_yield(
        self, household: Row, person: Row | None
    ) -> tuple[tuple[Truth, ...], tuple[Truth, ...]]:
        """The last criterion compares what is received elsewhere with what the routes would pay."""
        statuses = tuple([test(household, person, None) for test in self.tests[:-1]])
        met = tuple([_route_truth(route, (*statuses, None)) for route in self.routes])
        if not any(truth is not False for truth in met):
            return (*statuses, False), met
        gross = Result(self.programme, None, True, statuses, met, verdict=True)
        self._pay(gross, household, person)
        row = household if person is None else person
        assert self.gross_slot is not None
        row[self.gross_slot] = _UNKNOWN_AMOUNT if gross.amount_unknown else gross.amount
        return (*statuses, self.tests[-1](household, person, None)), met

    def pay(self, household: Row, results: list[Result]) -> None:
        """Amounts and the route taken, for all subjects of the programme."""
        for result in results:
            if result.programme is not self.programme or not result.applies:
                continue
            person = None if result.person is None else household[0][result.person]
            if result.verdict is not False:
                self._pay(result, household, person)
                self._yield(result, household, person)
            row = household if person is None else person
            if self.amount_slot is not None:
                row[self.amount_slot] = self._amount_read(result)
            if self.route_slot is not None:
                row[self.route_slot] = result.route

    def _yield(self, result: Result, household: Row, person: Row | None) -> None:
        """Takes off what is received elsewhere for the same purpose."""
        if self.yields is None or result.amount is None:
            return
        (lo, hi), (low, high) = bounds(result.amount), bounds(self.yields(household, person, None))  # type: ignore[arg-type]
        result.amount = span(max(0, lo - high), max(0, hi - low))

    @staticmethod
    def _amount_read(result: Result) -> Value:
        """What other programmes read as 金额: zero where nothing is due, open where the law's figure is unknown."""
        if result.verdict is False:
            return 0
        if result.amount_unknown:
            return _NO_AMOUNT
        return 0 if result.amount is None else result.amount

    def _pay(self, result: Result, household: Row, person: Row | None) -> None:
        programme = self.programme
        amounts: list[Value] = []
        for route, met, amount in zip(programme.routes, result.met, self.amounts, strict=True):
            if amount is None or met is False:
                amounts.append(None)
                continue
            amounts.append(self._clipped(route, met, amount(household, person, None)))
        result.amounts = tuple(amounts)
        candidates = self._candidates(result)
        names = [programme.routes[i].name for i in candidates]
        if result.verdict is None:
            names.append("")
        result.route = names[0] if len(names) == 1 else frozenset(names)
        if programme.kind == "status":
            return
        if any(programme.routes[i].amount_unknown for i in candidates):
            result.amount_unknown = True
            return
        result.amount = self._total(result, candidates)

    def _clipped(self, route: Route, met: Truth, value: Value) -> Value:
        lo, hi = bounds(value)  # type: ignore[arg-type]
        if met is True and lo == hi and lo < 0:
            where = f"项目“{self.programme.name}”的情形“{route.name}”"
            raise RulesetError(Problem("negative-amount", f"{where}符合条件而金额为负，规则有误"))
        return span(max(0, lo), max(0, hi))

    def _candidates(self, result: Result) -> list[int]:
        """The routes that may be the one taken."""
        open_routes = [i for i, met in enumerate(result.met) if met is not False]
        certain = [i for i in open_routes if result.met[i] is True]
        if self.programme.choose == "unique" and len(certain) > 1:
            names = "、".join(self.programme.routes[i].name for i in certain)
            message = f"项目“{self.programme.name}”的情形同时符合，规则没说取哪个：{names}"
            raise RulesetError(Problem("routes-overlap", message))
        if self.programme.choose == "highest" or not certain:
            return open_routes
        if self.programme.choose == "unique":
            return certain
        return [i for i in open_routes if i <= certain[0]]

    def _total(self, result: Result, candidates: list[int]) -> Value:
        pairs = [(i, bounds(result.amounts[i])) for i in candidates]  # type: ignore[arg-type]
        if result.verdict is None:
            return span(0, max(hi for _, (_, hi) in pairs))
        if self.programme.choose == "highest":
            lo = max((lo for i, (lo, _) in pairs if result.met[i] is True), default=0)
            if lo == max(hi for _, (_, hi) in pairs):
                best = [self.programme.routes[i].name for i, (low, _) in pairs if low == lo and result.met[i]]
                result.route = best[0] if best else result.route  # none is certain yet where it yields
            return span(lo, max(hi for _, (_, hi) in pairs))
        return span(min(lo for _, (lo, _) in pairs), max(hi for _, (_, hi) in pairs))


def _route_truth(route: list[list[tuple[int, bool]]], statuses: tuple[Truth, ...]) -> Truth:
    result: Truth = True
    for limb in route:
        truth: Truth
        if len(limb) == 1:
            position, holds = limb[0]
            status = statuses[position]
            truth = status if holds or status is None else not status
        else:
            truth = any_of(s if h else not_(s) for s, h in ((statuses[i], h) for i, h in limb))
        if truth is False:
            return False
        if truth is None:
            result = None
    return result
