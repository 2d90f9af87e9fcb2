"""The forward-chaining engine against a Kleene evaluation written here, at its limits, and when it fails."""

from __future__ import annotations

import gc
import itertools
import random
import resource
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.engines import rete
from eligibility.engines.rete import Firing, Inference, Program, Statuses, available
from eligibility.errors import EngineError
from eligibility.values import Level, Truth

pytestmark = pytest.mark.skipif(available() is None, reason="durable_rules cannot be imported")

HOUSEHOLD, PERSON = Level.HOUSEHOLD, Level.PERSON


@dataclass(frozen=True)
class Condition:
    criterion: str
    holds: bool


@dataclass(frozen=True)
class Route:
    name: str
    when: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Criterion:
    id: str
    verdict_of: tuple[str, bool] | None


@dataclass(frozen=True)
class Programme:
    id: str
    level: Level
    criteria: tuple[Criterion, ...]
    routes: tuple[Route, ...]
    exclusions: tuple[str, ...]


def condition(text: str) -> Condition:
    return Condition(text.removeprefix("not "), not text.startswith("not "))


def programme(
    id: str,
    routes: Mapping[str, Sequence[str | Sequence[str]]],
    *,
    level: Level = HOUSEHOLD,
    exclude: Sequence[str] = (),
    verdicts: Mapping[str, tuple[str, bool]] | None = None,
) -> Programme:
    """A programme from names: a route is a list of conditions, `"not x"` or a list of alternatives among them."""
    bodies = tuple(
        Route(name, tuple(tuple(map(condition, [limb] if isinstance(limb, str) else limb)) for limb in when))
        for name, when in routes.items()
    )
    used = {c.criterion for route in bodies for limb in route.when for c in limb} | {*exclude}
    criteria = tuple(Criterion(name, (verdicts or {}).get(name)) for name in sorted(used))
    return Programme(id, level, criteria, bodies, tuple(exclude))


def household(program: Program, statuses: Statuses) -> dict[str, Truth]:
    return program.infer(statuses, []).household


# --- an independent evaluation: false 0, unknown 1, true 2; and = least, or = greatest, not = 2 minus -------


def evaluate(
    programmes: Sequence[Programme], statuses: Statuses, outer: Mapping[str, Truth], level: Level
) -> dict[str, Truth]:
    ours = {p.id: p for p in programmes if p.level == level}

    def grade(truth: Truth) -> int:
        return 1 if truth is None else 2 * truth

    def criterion(p: Programme, id: str) -> int:
        found = next(c for c in p.criteria if c.id == id)
        if found.verdict_of is not None:
            other, eligible = found.verdict_of
            return verdict(other) if eligible else 2 - verdict(other)
        truths = statuses[p.id]
        assert truths is not None
        return grade(truths[id])

    def verdict(id: str) -> int:
        if id not in ours:
            return grade(outer.get(id, False))
        if statuses[id] is None:
            return 0
        p = ours[id]
        routes = [
            min(
                (
                    max(
                        (
                            criterion(p, c.criterion) if c.holds else 2 - criterion(p, c.criterion)
                            for c in limb
                        ),
                        default=0,
                    )
                    for limb in route.when
                ),
                default=2,
            )
            for route in p.routes
        ]
        return min(max(routes, default=0), 2 - max((criterion(p, x) for x in p.exclusions), default=0))

    return {id: (False, None, True)[verdict(id)] for id in ours if statuses[id] is not None}


def expected(programmes: Sequence[Programme], home: Statuses, persons: Sequence[Statuses]) -> Inference:
    ours = evaluate(programmes, home, {}, HOUSEHOLD)
    return Inference(ours, tuple(evaluate(programmes, person, ours, PERSON) for person in persons), ())


# --- by hand ------------------------------------------------------------------------------------------------


def test_one_route_with_an_exclusion() -> None:
    p = Program("t", [programme("dibao", {"一般": ["income", "not assets"]}, exclude=["jail"])])
    for income, assets, jail, verdict in [
        (True, False, False, True),
        (False, False, False, False),
        (True, True, False, False),
        (True, False, True, False),
        (None, True, None, False),
        (True, False, None, None),
        (None, False, True, False),
        (None, False, False, None),
        (None, None, None, None),
    ]:
        truths = {"dibao": {"income": income, "assets": assets, "jail": jail}}
        assert household(p, truths) == {"dibao": verdict}


def test_alternatives_and_several_routes() -> None:
    p = Program("t", [programme("p", {"甲": ["a", ["b", "not c"]], "乙": ["a", "d"]})])

    def verdict(a: Truth, b: Truth, c: Truth, d: Truth) -> Truth:
        return household(p, {"p": {"a": a, "b": b, "c": c, "d": d}})["p"]

    assert verdict(True, None, False, None) is True
    assert verdict(True, False, True, False) is False
    assert verdict(False, None, None, None) is False
    assert verdict(True, None, True, False) is None
    assert verdict(None, True, True, True) is None


def test_verdicts_chain_through_levels_in_any_order_of_listing() -> None:
    programmes = [
        programme("care", {"护理": ["poor", "disabled"]}, level=PERSON, verdicts={"poor": ("low", True)}),
        programme("low", {"一般": ["not dibao", "income"]}, verdicts={"dibao": ("dibao", True)}),
        programme("dibao", {"一般": ["income"]}),
        programme(
            "living", {"甲": ["refused", "no_care"]}, level=PERSON,
            verdicts={"refused": ("dibao", False), "no_care": ("care", False)},
        ),
    ]  # fmt: skip
    home = {"dibao": {"income": False}, "low": {"income": True}}
    persons: list[Statuses] = [
        {"care": {"disabled": True}, "living": {}},
        {"care": {"disabled": None}, "living": {}},
        {"care": None, "living": {}},
        {"care": {"disabled": False}, "living": None},
    ]
    for order in itertools.permutations(programmes):
        inference = Program("t", order).infer(home, persons)
        assert inference.household == {"dibao": False, "low": True}
        assert inference.persons == (
            {"care": True, "living": False},
            {"care": None, "living": None},
            {"living": True},
            {"care": False},
        )


def test_a_programme_without_a_verdict_reads_as_not_eligible() -> None:
    readers = [
        programme("yes", {"r": ["c"]}, verdicts={"c": ("gone", True)}),
        programme("no", {"r": ["c"]}, verdicts={"c": ("gone", False)}),
    ]
    gone = programme("gone", {"r": ["a"]})
    assert household(Program("t", [*readers, gone]), {"yes": {}, "no": {}, "gone": None}) == {
        "yes": False,
        "no": True,
    }
    assert household(Program("t", readers), {"yes": {}, "no": {}}) == {"yes": False, "no": True}


def test_trail_names_subjects_routes_and_criteria() -> None:
    p = Program(
        "t",
        [
            programme("dibao", {"甲": ["a", "b"], "乙": ["a", "c"]}, exclude=["x"]),
            programme("care", {"护理": ["d", ["e", "f"]]}, level=PERSON),
        ],
    )
    facts = {"a": True, "b": False, "c": False, "x": False}
    persons = [{"care": {"d": True, "e": True, "f": True}}, {"care": {"d": False, "e": None, "f": None}}]
    assert set(p.infer({"dibao": facts}, persons).trail) == {
        Firing(None, "dibao/甲- b"),
        Firing(None, "dibao/乙- c"),
        Firing(None, "dibao-"),
        Firing(0, "care/护理+ e"),
        Firing(0, "care/护理+ f"),
        Firing(1, "care- d"),
    }
    assert p.infer({"dibao": facts | {"a": False, "x": True}}, []).trail == (Firing(None, "dibao- a"),)
    assert p.infer({"dibao": facts | {"b": True, "c": True}}, []).trail == (
        Firing(None, "dibao/甲+"),
        Firing(None, "dibao/乙+"),
    )


def test_empty_conjunctions() -> None:
    nothing = programme("nothing", {})
    always = programme("always", {"r": []}, exclude=["x"])
    p = Program("t", [nothing, always])
    assert household(p, {"nothing": {}, "always": {"x": False}}) == {"nothing": False, "always": True}
    assert household(p, {"nothing": {}, "always": {"x": None}}) == {"nothing": False, "always": None}
    assert Program("t", []).infer({}, [{}]) == Inference({}, ({},), ())


def test_one_verdict_read_twice_in_a_rule() -> None:
    twice = programme("twice", {"r": ["c", "not d", "c"]}, verdicts={"c": ("p", True), "d": ("p", False)})
    p = Program("t", [twice, programme("p", {"r": ["a"]})])
    for truth in (True, False, None):
        assert household(p, {"twice": {}, "p": {"a": truth}}) == {"twice": truth, "p": truth}


# --- at random ----------------------------------------------------------------------------------------------

NUMBER = st.integers(0, 5)
LIMBS = st.lists(st.tuples(NUMBER, st.booleans()), min_size=1, max_size=3)
SHAPES = st.lists(
    st.tuples(
        st.sampled_from([HOUSEHOLD, PERSON]),
        st.lists(st.none() | st.tuples(NUMBER, st.booleans()), min_size=1, max_size=6),  # criteria
        st.lists(st.lists(LIMBS, max_size=3), max_size=4),  # routes
        st.lists(NUMBER, max_size=2),  # exclusions
    ),
    min_size=1,
    max_size=6,
)
LAWS = st.builds(lambda shapes, order: law(shapes, order), SHAPES, st.randoms(use_true_random=False))
RANDOM = settings(max_examples=120, deadline=None)


def law(shapes: Sequence[Any], order: random.Random) -> list[Programme]:
    """Programmes that read only verdicts of earlier ones (or of one not in force), listed in any order."""
    result: list[Programme] = []
    for number, (level, reads, routes, exclusions) in enumerate(shapes):
        readable = ["absent", *(p.id for p in result if p.level <= level)]
        criteria = tuple(
            Criterion(f"c{i}", read and (readable[read[0] % len(readable)], read[1]))
            for i, read in enumerate(reads)
        )
        bodies = tuple(
            Route(
                f"情形{i}",
                tuple(tuple(Condition(f"c{c % len(reads)}", holds) for c, holds in limb) for limb in when),
            )
            for i, when in enumerate(routes)
        )
        excluded = tuple(f"c{c % len(reads)}" for c in exclusions)
        result.append(Programme(f"p{number}", level, criteria, bodies, excluded))
    order.shuffle(result)
    return result


def any_statuses(programmes: Sequence[Programme], level: Level, rng: random.Random) -> dict[str, Any]:
    weights = rng.choice([(1, 1, 1), (4, 4, 1), (8, 1, 1), (1, 8, 1)])
    return {
        p.id: None
        if rng.random() < 0.1
        else {c.id: rng.choices([True, False, None], weights)[0] for c in p.criteria if c.verdict_of is None}
        for p in programmes
        if p.level == level
    }


@RANDOM
@given(LAWS, st.integers(0, 2**32))
def test_equals_kleene_evaluation(programmes: list[Programme], seed: int) -> None:
    rng = random.Random(seed)
    program = Program("t", programmes)
    for _ in range(8):
        home = any_statuses(programmes, HOUSEHOLD, rng)
        persons = [any_statuses(programmes, PERSON, rng) for _ in range(rng.randrange(4))]
        result = program.infer(home, persons)
        assert replace(result, trail=()) == expected(programmes, home, persons)
        assert {firing.subject for firing in result.trail} <= {None, *range(len(persons))}


@RANDOM
@given(LAWS, st.integers(0, 2**32))
def test_order_of_criteria_routes_and_programmes_does_not_matter(
    programmes: list[Programme], seed: int
) -> None:
    rng = random.Random(seed)

    def mixed(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(rng.sample(items, len(items)))

    other = [
        replace(
            p,
            criteria=mixed(p.criteria),
            routes=mixed([replace(r, when=mixed([mixed(limb) for limb in r.when])) for r in p.routes]),
            exclusions=mixed(p.exclusions),
        )
        for p in mixed(programmes)
    ]
    one, two = Program("t", programmes), Program("t", other)
    for _ in range(4):
        home, person = (any_statuses(programmes, level, rng) for level in (HOUSEHOLD, PERSON))
        inferred = [replace(p.infer(home, [person]), trail=()) for p in (one, two)]
        assert inferred[0] == inferred[1]


# --- limits -------------------------------------------------------------------------------------------------


def refused(programmes: Sequence[Programme]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        Program("t", programmes)
    return caught.value


def names(count: int, prefix: str = "c") -> list[str]:
    return [f"{prefix}{i}" for i in range(count)]


def test_alternatives_are_limited() -> None:
    def two_limbs(first: int, second: int) -> Programme:
        return programme("p", {"情形": [names(first, "a"), names(second, "b")]})

    wide = two_limbs(5, 10)
    truths = {c.id: True for c in wide.criteria}
    inference = Program("t", [wide]).infer({"p": truths}, [])
    assert inference.household == {"p": True}
    assert len(inference.trail) == 50
    error = refused([two_limbs(3, 17)])
    assert (error.code, error.location) == ("rete-limit", "p/情形")
    assert "51" in str(error)


def test_properties_are_limited() -> None:
    large = programme("p", {"r": names(rete.MAX_PROPERTIES)})
    truths: dict[str, Truth] = {c.id: True for c in large.criteria}
    program = Program("t", [large])
    assert household(program, {"p": truths}) == {"p": True}
    assert household(program, {"p": truths | {"c239": False}}) == {"p": False}
    assert household(program, {"p": truths | {"c0": None}}) == {"p": None}
    assert refused([programme("p", {"r": names(rete.MAX_PROPERTIES + 1)})]).code == "rete-limit"


def test_antecedents_are_limited() -> None:
    def reader(count: int) -> list[Programme]:
        others = names(count, "q")
        reads = programme("p", {"r": others}, verdicts={q: (q, True) for q in others})
        return [reads, *(programme(q, {"r": ["a"]}) for q in others)]

    statuses = {"p": {}} | {q: {"a": True} for q in names(13, "q")}
    program = Program("t", reader(13))
    assert household(program, statuses)["p"] is True
    assert household(program, statuses | {"q12": {"a": None}})["p"] is None
    assert refused(reader(14)).location == "p/r+"


@pytest.mark.parametrize("count", [1, 13, 14, 15, 27, 28, 40])
def test_many_routes_are_lost_in_a_chain(count: int) -> None:
    program = Program("t", [programme("p", {c: [c] for c in names(count)})])
    lost: dict[str, Truth] = dict.fromkeys(names(count), False)
    assert household(program, {"p": lost}) == {"p": False}
    for route in lost:
        assert household(program, {"p": lost | {route: None}}) == {"p": None}
        assert household(program, {"p": lost | {route: True}}) == {"p": True}


def test_matches_of_one_fact_are_limited() -> None:
    fits = programme("p", {c: [c] for c in names(rete.MAX_MATCHES)})
    inference = Program("t", [fits]).infer({"p": {c.id: True for c in fits.criteria}}, [])
    assert len(inference.trail) == rete.MAX_MATCHES
    assert refused([programme("p", {c: [c] for c in names(rete.MAX_MATCHES + 1)})]).location == "p"


def test_identical_patterns_are_limited() -> None:
    def read_by(count: int) -> list[Programme]:
        readers = [programme(q, {"r": ["c"]}, verdicts={"c": ("p", True)}) for q in names(count, "q")]
        return [programme("p", {"r": ["a"]}), *readers]

    home: dict[str, Any] = {"p": {"a": True}} | {q: {} for q in names(rete.MAX_SAME, "q")}
    assert set(household(Program("t", read_by(rete.MAX_SAME)), home).values()) == {True}
    error = refused(read_by(rete.MAX_SAME + 1))
    assert (error.code, error.location) == ("rete-limit", "p")


def test_kinds_of_facts_are_limited() -> None:
    chain = [programme("p0", {"r": ["a"]})]
    chain += [programme(f"p{i}", {"r": ["c"]}, verdicts={"c": (f"p{i - 1}", True)}) for i in range(1, 180)]
    assert refused(chain).code == "rete-limit"
    apart = [programme(f"p{i}", {"r": ["a"]}) for i in range(180)]
    assert set(household(Program("t", apart), {p.id: {"a": True} for p in apart}).values()) == {True}


def test_property_names_have_different_hashes() -> None:
    def fnv(text: str) -> int:
        value = 2166136261
        for byte in text.encode():
            value = (value ^ byte) * 16777619 % 2**32
        return value

    words = [
        "id",
        "sid",
        "k",
        "$s",
        "$and",
        "$or",
        "$neq",
        "$eq",
        "$m",
        "$ex",
        "$nex",
        *names(rete.MAX_PROPERTIES),
    ]
    ids = ["sid-s", *names(2 * rete.MAX_BRANCHES, "f")]
    assert len({fnv(word) for word in words}) == len(words)
    assert len({fnv(id) for id in ids}) == len(ids)


@pytest.mark.parametrize(
    ("programmes", "code"),
    [
        ([programme('p"', {})], "rete-name"),
        ([programme("低保", {})], "rete-name"),
        ([programme("p\n", {})], "rete-name"),
        ([programme("p", {}), programme("p", {}, level=PERSON)], "rete-name"),
        ([programme("p", {}, level=Level.PARENT)], "rete-level"),
        ([replace(programme("p", {"r": ["a"]}), criteria=())], "rete-reference"),
        (
            [programme("p", {"r": ["c"]}, verdicts={"c": ("q", True)}), programme("q", {}, level=PERSON)],
            "rete-reference",
        ),
    ],
)
def test_impossible_programmes_are_refused(programmes: list[Programme], code: str) -> None:
    assert refused(programmes).code == code


# --- failures -----------------------------------------------------------------------------------------------

LAW = [
    programme("dibao", {"甲": ["a", "b"], "乙": ["a", "c"]}, exclude=["x"]),
    programme("low", {"一般": ["not dibao", "d"]}, verdicts={"dibao": ("dibao", True)}),
    programme("care", {"护理": ["low", ["e", "f"]]}, level=PERSON, verdicts={"low": ("low", True)}),
]
HOME: dict[str, dict[str, Truth]] = {
    "dibao": {"a": True, "b": False, "c": False, "x": False},
    "low": {"d": True},
}
PERSONS: list[dict[str, dict[str, Truth]]] = [
    {"care": {"e": True, "f": None}},
    {"care": {"e": False, "f": False}},
]


class Spy:
    """The engine with something else in place of some of its functions, and a count of calls."""

    def __init__(self, engine: Any, **replaced: Callable[..., Any]) -> None:
        self._engine, self._replaced = engine, replaced
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._engine, name)
        if not callable(original) or isinstance(original, type):
            return original

        def call(*arguments: Any) -> Any:
            result = self._replaced.get(name, original)(*arguments)
            self.calls.append((name, result if name == "create_ruleset" else arguments[0]))
            return result

        return call


def faulty(
    engine: Any, function: str, at: int, failure: type[BaseException], late: bool
) -> Callable[..., Any]:
    """The engine's function, but call number `at` fails: before it does anything, or (`late`) after."""
    calls = itertools.count()

    def call(*arguments: Any) -> Any:
        fails = next(calls) == at
        result = None if fails and not late else getattr(engine, function)(*arguments)
        if fails:
            raise failure("injected")
        return result

    return call


@pytest.mark.parametrize("function", ["assert_fact", "start_action_for_state", "complete_and_start_action"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, None])
@pytest.mark.parametrize("late", [False, True])
def test_a_fault_at_any_call_leaves_the_engine_usable(
    monkeypatch: pytest.MonkeyPatch, function: str, failure: type[BaseException] | None, late: bool
) -> None:
    right = Program("t", LAW).infer(HOME, PERSONS)
    engine = rete._engine
    seen = failure or EngineError
    faults = 0
    for at in itertools.count():
        double = faulty(engine, function, at, failure or engine.error, late)
        program = Program("t", LAW)  # a new one: the first session is the one that can crash
        spy = Spy(engine, **{function: double})
        with monkeypatch.context() as patch:
            patch.setattr(rete, "_engine", spy)
            try:
                assert program.infer(HOME, PERSONS) == right
                break
            except seen:
                faults += 1
        if function == "complete_and_start_action":
            assert "abandon_action" in [name for name, _ in spy.calls]
        assert program.infer(HOME, PERSONS) == right
    assert faults == at >= 3


def test_an_engine_that_refuses_or_never_stops_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program("t", LAW)
    right = program.infer(HOME, PERSONS)
    engine = rete._engine
    doubles: list[dict[str, Callable[..., Any]]] = [
        {"assert_fact": lambda handle, fact: (2, 1)},
        {"complete_and_start_action": lambda handle, state: '{"r0":{}}'},
    ]
    for double in doubles:
        with monkeypatch.context() as patch:
            patch.setattr(rete, "_engine", Spy(engine, **double))
            with pytest.raises(EngineError) as caught:
                program.infer(HOME, PERSONS)
            assert caught.value.code == "rete-failed"
        assert program.infer(HOME, PERSONS) == right


def test_opposite_conclusions_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program("t", [programme("p", {"r": ["a"]})])
    (network,) = program._household
    rules = {name: rule._replace(derives="-p") for name, rule in network._rules.items()}
    monkeypatch.setattr(program, "_absent", {"+p"})
    monkeypatch.setattr(network, "_rules", rules)
    with pytest.raises(EngineError) as caught:
        household(program, {"p": {"a": True}})
    assert caught.value.code == "rete-contradiction"


@pytest.mark.parametrize(
    "home", [{}, {"dibao": HOME["dibao"]}, HOME | {"low": {}}, HOME | {"low": {"d": "yes"}}]
)
def test_missing_input_is_refused(home: Any) -> None:
    program = Program("t", LAW)
    with pytest.raises(EngineError) as caught:
        program.infer(home, [])
    assert caught.value.code == "rete-input"
    assert household(program, HOME) == {"dibao": False, "low": True}


def test_a_closed_program_infers_nothing() -> None:
    program = Program("t", LAW)
    program.close()
    program.close()
    with pytest.raises(EngineError) as caught:
        program.infer(HOME, PERSONS)
    assert caught.value.code == "rete-closed"


def test_without_durable_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rete, "_engine", None)
    assert available() is None
    assert refused(LAW).code == "rete-unavailable"


# --- resources ----------------------------------------------------------------------------------------------


def test_rulesets_are_freed_when_closed_or_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(rete._engine)
    monkeypatch.setattr(rete, "_engine", spy)

    def handles(function: str) -> list[int]:
        return [handle for name, handle in spy.calls if name == function]

    closed, dropped = Program("t", LAW), Program("t", LAW)
    created = handles("create_ruleset")
    closed.close()
    del dropped
    gc.collect()
    assert len(created) == 4
    assert handles("delete_ruleset") == created


def test_memory_stays_flat() -> None:
    program = Program("t", LAW)

    def peak_after(runs: int) -> int:
        for index in range(runs):
            program.infer(HOME, [PERSONS[index % 2]])
            if index % 100 == 0:
                with pytest.raises(EngineError):
                    program.infer(HOME, [{}])
                Program("t", LAW)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak_after(2_000)
    assert peak_after(20_000) - before < 3_000  # KiB; a session holds over 200


def test_threads_share_a_program() -> None:
    program = Program("t", LAW)
    wrong: list[object] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(150):
            home = {p: {c: rng.choice([True, False, None]) for c in truths} for p, truths in HOME.items()}
            persons = [{"care": {c: rng.choice([True, False, None]) for c in "ef"}} for _ in range(2)]
            result = replace(program.infer(home, persons), trail=())
            if result != expected(LAW, home, persons):
                wrong.append((home, persons, result))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
