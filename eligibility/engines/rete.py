"""The forward-chaining engine: durable_rules infers every verdict a second time, from the criteria alone.

Given whether each criterion is met, unmet or unknown, it derives routes, exclusions and verdicts, also where
a criterion is itself another programme's verdict. Criterion values, amounts and the choice among met routes
are not its business. The rules are dual-rail Horn rules: a verdict is derived as `+programme` or as
`-programme`, and where neither is derived it is unknown. That is exactly Kleene's logic, in whatever order
the rules fire.

durable_rules is sound only in a small part, so nothing else can be expressed here: its C module without the
host and its threads, integer tests on one wide fact per programme, derived facts by their kind alone,
explicit ids, facts asserted one by one with the return code checked, one session at a time, deleted after
use, and all limits of the engine (which hardly checks them) checked when a program is compiled.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import itertools
import json
import math
import re
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..errors import EngineError, Problem, nearest
from ..ruleset.resolved import Programme, Route
from ..values import Level, Truth

_engine: Any
try:
    _engine = importlib.import_module("durable_rules_engine")
except ImportError:  # it uses a C interface that Python 3.13 removed
    _engine = None

MAX_ALTERNATIVES: Final = 50  # ways through the `any` limbs of one route: each is a rule
MAX_ANTECEDENTS: Final = 14  # facts in one rule; the engine holds 16
MAX_PROPERTIES: Final = 240  # criteria in one fact; the engine holds 255 properties
MAX_MATCHES: Final = 60  # partial matches of one fact at a time; the engine's stack holds 64
MAX_SAME: Final = 250  # antecedents with one identical pattern; at 256 the engine writes past its list
MAX_BRANCHES: Final = 500  # different tests that follow one test; at 512 the engine searches for ever
MAX_RULES: Final = 4000  # the engine holds 4096

Statuses = Mapping[str, Mapping[str, Truth] | None]
"""Of one subject: programme id -> criterion id -> truth; None where the programme gives it no verdict."""


class Firing(NamedTuple):
    """One rule that fired, for the household (None) or the person of that index.

    `p/route+ …`: the route is met. `p/route- …`: it is not, for the criteria named. `p- …`: none is, for
    the criteria named, which all routes share, or an exclusion is met. `p-`: each route was found not met.
    """

    subject: int | None
    rule: str


@dataclass(frozen=True, slots=True)
class Inference:
    """Verdicts by programme id: True 符合, False 不符合, None unknown; absent where there is no verdict."""

    household: dict[str, Truth]
    persons: tuple[dict[str, Truth], ...]
    trail: tuple[Firing, ...]


def available() -> str | None:
    """The version of durable_rules, or None where it cannot be used (Python 3.13 and later)."""
    return None if _engine is None else importlib.metadata.version("durable_rules")


class Program:
    """The programmes of one edition, compiled once for any number of households; threads may share it.

    `name` says in errors which edition it is. A programme that criteria refer to but that is not among
    `programmes` has no verdict. Raises `EngineError` if the programmes are more than the engine can do, or if
    it cannot be used at all. Its memory is given back by `close`, or when the object is collected.
    """

    def __init__(self, name: str, programmes: Sequence[Programme]) -> None:
        if _engine is None:
            hint = "需要 Python 3.12 或更早"
            raise EngineError(Problem("rete-unavailable", "推理引擎 durable_rules 不可用", name, hint))
        _check_names(programmes)
        self.name = name
        self._lock = threading.Lock()
        self._closed = False
        read = {other for programme in programmes for other in _reads(programme)}
        self._absent = {_verdict(other, False) for other in read - {programme.id for programme in programmes}}
        self._household = [_Network(group) for group in _groups(programmes, Level.HOUSEHOLD)]
        self._person = [_Network(group) for group in _groups(programmes, Level.PERSON)]

    def close(self) -> None:
        """Gives the engine's memory back; nothing can be inferred afterwards."""
        with self._lock:
            self._closed = True
            for network in self._household + self._person:
                network.release()

    def infer(self, household: Statuses, persons: Sequence[Statuses]) -> Inference:
        """All verdicts of a household and of its persons, from the truths of their criteria.

        Every programme of the subject's level must be given; of its criteria those that are another
        programme's verdict are not. Raises `EngineError` if something is missing or the engine fails; the
        program stays usable.
        """
        trail: list[Firing] = []
        with self._lock:
            if self._closed:
                raise EngineError(Problem("rete-closed", "推理程序已经关闭", self.name))
            known = set(self._absent)
            ours = _infer(self._household, None, household, known, trail)
            theirs = [_infer(self._person, i, person, set(known), trail) for i, person in enumerate(persons)]
        return Inference(ours, tuple(theirs), tuple(trail))


def _infer(
    networks: Iterable[_Network],
    subject: int | None,
    statuses: Statuses,
    known: set[str],
    trail: list[Firing],
) -> dict[str, Truth]:
    """The verdicts of one subject; adds the kinds of the facts derived to `known`, the firings to `trail`."""
    verdicts: dict[str, Truth] = {}
    for network in networks:
        for programme in network.run(subject, statuses, known, trail):
            eligible, ineligible = (_verdict(programme, True) in known, _verdict(programme, False) in known)
            if eligible and ineligible:
                raise EngineError(Problem("rete-contradiction", "推理引擎得出了相反的结论", programme))
            verdicts[programme] = eligible if eligible or ineligible else None
    return verdicts


def _check_names(programmes: Sequence[Programme]) -> None:
    """Ids must be unique and safe inside the engine's JSON; a household cannot read its persons' verdicts."""
    levels: dict[str, Level] = {}
    for programme in programmes:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", programme.id):
            message = f"项目代号应以 ASCII 字母开头，由字母、数字、下划线组成：{programme.id!r}"
            raise EngineError(Problem("rete-name", message))
        if programme.id in levels:
            raise EngineError(Problem("rete-name", "项目代号重复", programme.id))
        if programme.level not in (Level.HOUSEHOLD, Level.PERSON):
            raise EngineError(Problem("rete-level", "项目只能属于家庭或成员", programme.id))
        levels[programme.id] = programme.level
    for programme in programmes:
        for other in _reads(programme):
            if levels.get(other, Level.HOUSEHOLD) > programme.level:
                message = f"家庭项目不能读取成员项目 {other} 的结论"
                raise EngineError(Problem("rete-reference", message, programme.id))


def _reads(programme: Programme) -> set[str]:
    """The programmes whose verdicts are criteria of this one."""
    return {criterion.verdict_of[0] for criterion in programme.criteria if criterion.verdict_of is not None}


def _groups(programmes: Sequence[Programme], level: Level) -> list[list[Programme]]:
    """The programmes of a level, together if one reads the other.

    A session costs in proportion to the rules it might fire, so each group has its own: a person needs few.
    """
    ours = {programme.id: programme for programme in programmes if programme.level == level}
    groups: list[set[str]] = []
    for programme in ours.values():
        linked = {programme.id} | (_reads(programme) & ours.keys())
        for group in [group for group in groups if group & linked]:
            groups.remove(group)
            linked |= group
        groups.append(linked)
    return [[programme for programme in ours.values() if programme.id in group] for group in groups]


# --- rules --------------------------------------------------------------------------------------------------

_CODES: Final = {True: 1, False: 0, None: 2}  # how a truth stands in a fact


class _Test(NamedTuple):
    """Whether a property of the programme's own fact has a code (if not `equal`: has another)."""

    property: str
    code: int
    equal: bool = True


_Literal = _Test | str
"""What shows a criterion to be met or unmet: a test of the programme's own fact, or the kind of another."""

_Limb = tuple[tuple[str, bool], ...]
"""Criteria, each of them met (True) or unmet, that together show a route or a programme to be lost."""


class _Pattern(NamedTuple):
    """The facts of one kind that pass all tests."""

    kind: str
    tests: tuple[_Test, ...] = ()


class _Rule(NamedTuple):
    """If there is a fact for every pattern, there is one of the kind `derives`. The label is for the trail."""

    label: str
    patterns: tuple[_Pattern, ...]
    derives: str


def _own(programme: str) -> str:
    """The kind of the fact with the truths of a programme's criteria."""
    return f"={programme}"


def _verdict(programme: str, eligible: bool) -> str:
    """The kind of the fact that a programme's verdict has been derived."""
    return f"+{programme}" if eligible else f"-{programme}"


class _Writer:
    """Writes the rules of one programme; `columns` are the criteria in its fact, in the order of first use."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.columns: dict[str, int] = {}
        self._criteria = {criterion.id: criterion for criterion in programme.criteria}

    def rules(self) -> Iterator[_Rule]:
        programme, lost = self.programme, _verdict(self.programme.id, False)
        fails = [
            [tuple((c.criterion, not c.holds) for c in limb) for limb in r.when] for r in programme.routes
        ]
        shared = [limb for limb in next(iter(fails), []) if all(limb in limbs for limbs in fails)]
        fatal = [*shared, *(((exclusion, True),) for exclusion in programme.exclusions)]
        yield from self._any(f"{programme.id}-", fatal, lost, unless=())
        losses = []
        for number, (route, limbs) in enumerate(zip(programme.routes, fails, strict=True)):
            yield from self._met(route)
            if special := [limb for limb in limbs if limb not in shared]:
                losses.append(f"{lost}/{number}")
                yield from self._any(f"{programme.id}/{route.name}-", special, losses[-1], unless=fatal)
        if len(losses) == len(fails):
            yield from self._all(losses, lost)

    def _met(self, route: Route) -> Iterator[_Rule]:
        """The route is met and every exclusion unmet: one rule for each way through its alternatives."""
        place = f"{self.programme.id}/{route.name}"
        _limit("any 的组合", math.prod(map(len, route.when)), MAX_ALTERNATIVES, place)
        unhindered = [self._shows(exclusion, False) for exclusion in self.programme.exclusions]
        for way in itertools.product(*route.when):
            chosen = [c.criterion for c, limb in zip(way, route.when, strict=True) if len(limb) > 1]
            met = [self._shows(c.criterion, c.holds) for c in way]
            yield self._rule([f"{place}+", *chosen], [*met, *unhindered], _verdict(self.programme.id, True))

    def _any(
        self, label: str, limbs: Sequence[_Limb], derives: str, unless: Sequence[_Limb]
    ) -> Iterator[_Rule]:
        """One rule for each limb. As one is enough, further firings would be waste: a limb that is a single
        test of the own fact fires only if no such limb before it does, nor one of `unless`, and the others
        only if none of these does.
        """
        passed = [test._replace(equal=False) for test in map(self._single, unless) if test]
        for limb in sorted(limbs, key=lambda limb: self._single(limb) is None):
            literals = [self._shows(*part) for part in limb]
            yield self._rule([label, *(criterion for criterion, _ in limb)], [*passed, *literals], derives)
            if test := self._single(limb):
                passed.append(test._replace(equal=False))

    def _all(self, losses: Sequence[str], lost: str) -> Iterator[_Rule]:
        """All routes are lost, in a chain where one rule cannot hold them; without routes, always."""
        pending = [_Pattern(kind) for kind in losses] or [_Pattern(_own(self.programme.id))]
        while len(pending) > MAX_ANTECEDENTS:
            link = f"{lost}/all{len(pending)}"
            yield _Rule(f"{self.programme.id}-", tuple(pending[:MAX_ANTECEDENTS]), link)
            pending = [_Pattern(link), *pending[MAX_ANTECEDENTS:]]
        yield _Rule(f"{self.programme.id}-", tuple(pending), lost)

    def _single(self, limb: _Limb) -> _Test | None:
        """The limb, if it is a single test of the own fact."""
        literal = self._shows(*limb[0]) if len(limb) == 1 else None
        return literal if isinstance(literal, _Test) else None

    def _shows(self, name: str, met: bool) -> _Literal:
        criterion = self._criteria.get(name)
        if criterion is None:
            hint = nearest(name, self._criteria)
            raise EngineError(Problem("rete-reference", f"没有名为 {name} 的条件", self.programme.id, hint))
        if criterion.verdict_of is not None:
            other, eligible = criterion.verdict_of
            return _verdict(other, eligible is met)
        return _Test(f"c{self.columns.setdefault(name, len(self.columns))}", _CODES[met])

    def _rule(self, label: Iterable[str], literals: Iterable[_Literal], derives: str) -> _Rule:
        distinct = dict.fromkeys(literals)  # a fact cannot fill two places of a rule
        tests = tuple(literal for literal in distinct if isinstance(literal, _Test))
        others = (_Pattern(kind) for kind in distinct if isinstance(kind, str))
        return _Rule(" ".join(label), (_Pattern(_own(self.programme.id), tests), *others), derives)


# --- limits -------------------------------------------------------------------------------------------------


class _Node(dict[_Test, "_Node"]):
    """The tests that may follow one test: in the engine, rules share the tests with which they begin alike."""

    def widest(self) -> int:
        """Upper bound of the nodes that wait on the engine's stack while one fact goes through this node."""
        waiting: Counter[tuple[str, int]] = Counter()
        for test, node in self.items():
            inner = node.widest()
            for code in _CODES.values():
                if (code == test.code) is test.equal:
                    waiting[test.property, code] += inner
        most: dict[str, int] = {}
        for (name, _), count in waiting.items():
            most[name] = max(count, most.get(name, 0))
        return max(1, sum(most.values()))

    def branches(self) -> int:
        return max(len(self), *(node.branches() for node in self.values()), 0)


def _limit(what: str, count: int, most: int, place: str | None = None) -> None:
    if count > most:
        raise EngineError(Problem("rete-limit", f"{what}有 {count} 个，推理引擎最多容许 {most} 个", place))


def _check_limits(rules: Sequence[_Rule]) -> None:
    """Refuses what the engine would not: beyond these limits it crashes, hangs, or stops halfway."""
    _limit("规则", len(rules), MAX_RULES)
    kinds: dict[str, _Node] = {}
    same: Counter[_Pattern] = Counter()
    for rule in rules:
        _limit("前件", len(rule.patterns), MAX_ANTECEDENTS, rule.label)
        for pattern in rule.patterns:
            same[pattern] += 1
            _limit("相同的前件", same[pattern], MAX_SAME, pattern.kind[1:])
            node = kinds.setdefault(pattern.kind, _Node())
            for test in pattern.tests:
                node = node.setdefault(test, _Node())
    _limit("事实种类", len(kinds), MAX_BRANCHES)
    for kind, node in kinds.items():
        _limit("并列的检验", node.branches(), MAX_BRANCHES, kind[1:])
        _limit("同时匹配的规则", node.widest(), MAX_MATCHES, kind[1:])


# --- sessions -----------------------------------------------------------------------------------------------

_SESSION: Final = "s"
_HANDLED: Final = 0
_UNUSED: Final = 1  # no rule wants the fact: right for a programme of which nothing can be derived
_numbers = itertools.count()


def _fact(number: int, kind: str, columns: int = 0) -> str:
    """A fact as JSON, with a `%d` for each column. Ids are compared by hash: to 10^5 such numbers never meet."""
    cells = "".join(f',"c{column}":%d' for column in range(columns))
    return f'{{"sid":"{_SESSION}","id":"f{number}","k":"{kind}"{cells}}}'


_BOOT: Final = "boot"
_BOOT_FACT: Final = _fact(0, _BOOT)


class _Network:
    """The rules of some programmes of one level, compiled, and sessions over them, one at a time."""

    def __init__(self, programmes: Sequence[Programme]) -> None:
        writers = [_Writer(programme) for programme in programmes]
        rules = [rule for writer in writers for rule in writer.rules()]
        for writer in writers:
            _limit("条件", len(writer.columns), MAX_PROPERTIES, writer.programme.id)
        _check_limits(rules)
        kinds = dict.fromkeys(pattern.kind for rule in rules for pattern in rule.patterns)
        numbers = {kind: number for number, kind in enumerate(kinds, 1)}
        self._derived = {kind: _fact(number, kind) for kind, number in numbers.items() if kind[0] != "="}
        self._wide = {}
        for writer in writers:
            kind, columns = _own(writer.programme.id), tuple(writer.columns)
            self._wide[writer.programme.id] = (_fact(numbers[kind], kind, len(columns)), columns)
        self._rules = {f"r{number}": rule for number, rule in enumerate(rules)}
        self._handle = _create(self._rules)
        self.release = weakref.finalize(self, _engine.delete_ruleset, self._handle)
        # The engine can only delete a session in whose place an action has run. Each session runs one, and the
        # place is used again; so after this one it is true whenever a session may be interrupted.
        self._session(None, [], set(), [])

    def run(self, subject: int | None, statuses: Statuses, known: set[str], trail: list[Firing]) -> list[str]:
        """Infers from the truths and from what is known of other networks' verdicts.

        Adds to `known` the kinds of all facts derived, to `trail` the firings; returns the programmes that have
        a verdict for the subject.
        """
        ruled, facts, programme = [], [], ""
        try:
            for programme, (fact, columns) in self._wide.items():
                truths = statuses[programme]
                if truths is None:
                    known.add(_verdict(programme, False))
                else:
                    ruled.append(programme)
                    facts.append(fact % tuple([_CODES[truths[column]] for column in columns]))
        except KeyError as missing:
            message = f"没有给出，或不是真值：{missing.args[0]}"
            raise EngineError(Problem("rete-input", message, programme)) from None
        if facts:
            facts += [fact for kind, fact in self._derived.items() if kind in known]
            self._session(subject, facts, known, trail)
        return ruled

    def _session(
        self, subject: int | None, facts: Sequence[str], known: set[str], trail: list[Firing]
    ) -> None:
        """Asserts facts and fires rules until none is left."""
        try:
            for fact in [_BOOT_FACT, *facts]:
                state = self._assert(fact)
            self._fire(state, subject, known, trail)
        except _engine.error as failure:
            raise EngineError(Problem("rete-failed", f"推理引擎出错：{failure}")) from failure
        finally:
            # It fails only where there is no session; one that was left would make the next boot fact fail.
            with contextlib.suppress(_engine.error):
                _engine.delete_state(self._handle, _SESSION)

    def _assert(self, fact: str) -> int:
        """Asserts one fact; returns where the engine keeps the session."""
        code, state = _engine.assert_fact(self._handle, fact)
        if code not in (_HANDLED, _UNUSED):
            raise EngineError(Problem("rete-failed", f"推理引擎没有接受一项事实（{code}）"))
        return int(state)

    def _fire(self, state: int, subject: int | None, known: set[str], trail: list[Firing]) -> None:
        started = _engine.start_action_for_state(self._handle, state)
        message = started and started[1]
        try:
            for _ in range(
                len(self._rules) + 2
            ):  # boot, each rule once as there is one fact of a kind, the end
                if not message:
                    return
                # {"rule":{…facts…}}: the names of rules are ours and plain, and of the facts nothing is needed.
                rule = self._rules.get(message[2 : message.index('"', 2)])
                if rule is not None:
                    trail.append(Firing(subject, rule.label))
                    if rule.derives not in known:
                        known.add(rule.derives)
                        if rule.derives in self._derived:
                            self._assert(self._derived[rule.derives])
                message = _engine.complete_and_start_action(self._handle, state)
        except BaseException:
            _engine.abandon_action(self._handle, state)
            raise
        raise EngineError(Problem("rete-failed", "推理引擎停不下来"))


def _create(rules: Mapping[str, _Rule]) -> int:
    """Hands the rules to the engine; returns its handle."""
    definition: dict[str, Any] = {_BOOT: {"all": [{"m": {"$and": [{"k": _BOOT}]}}]}}
    for name, rule in rules.items():
        patterns = []
        for number, (kind, tests) in enumerate(rule.patterns):
            parts = [{name: code} if equal else {"$neq": {name: code}} for name, code, equal in tests]
            patterns.append({f"m{number}": {"$and": [{"k": kind}, *parts]}})
        definition[name] = {"all": patterns}
    # A session takes some 10 KB a rule. glibc returns freed memory to the system at once, and getting it again
    # costs several times what a session computes; but not after it has once freed a block larger than that.
    bytes(4 << 20)
    try:
        return int(_engine.create_ruleset(f"eligibility-{next(_numbers)}", json.dumps(definition)))
    except _engine.error as failure:
        raise EngineError(Problem("rete-failed", f"推理引擎不能编译规则：{failure}")) from failure
