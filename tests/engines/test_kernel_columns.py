"""However a column of facts comes in Arrow, the verdicts are the same; what cannot be a fact is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from eligibility import EngineError, Month, RulesetError, case_from_data
from eligibility.engines.kernel import ENROLLED, Kernel, kernel_of
from eligibility.engines.reference import Evaluator
from eligibility.engines.verdicts import NO_VERDICT, Verdicts
from eligibility.ruleset import Edition, Ruleset

from .batches import COLUMNS, assert_same, facts_of, reference_verdicts
from .small_law import HOUSEHOLD_FACTS, MONTH, PERSON_FACTS, contexts, population, write_law

MEMBERS = "成员"
KINDS = {
    "truth": ("单亲", "本市户籍"),
    "number": ("货币财产", "住房套数", "赡养抚养费", "稳定收入月额", "必要就业成本"),
    "date": ("采暖核准日期", "出生日期"),
    "enum": ("区县", "视力等级", "父母1.父母状况", "父母2.父母状况"),
}
INDEX_TYPES = (
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.uint8(),
    pa.uint16(),
    pa.uint32(),
    pa.uint64(),
)
WHOLE_TYPES = INDEX_TYPES
RANGE = pa.struct([("lo", pa.int64()), ("hi", pa.int64())])

Form = Callable[[pa.Array], pa.Array]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return write_law(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def edition(rules: Ruleset) -> Edition:
    return rules.edition(MONTH)


@pytest.fixture(scope="module")
def evaluator(edition: Edition) -> Evaluator:
    return Evaluator(edition)


@pytest.fixture(scope="module")
def kernel(edition: Edition) -> Kernel:
    return kernel_of(edition)


@pytest.fixture(scope="module")
def facts(edition: Edition, evaluator: Evaluator, kernel: Kernel) -> pa.RecordBatch:
    """The population in the plainest form: integers, days, truths, words; null where a fact is unknown."""
    given = facts_of(kernel, contexts(edition, population()), evaluator)
    return recast(given, lambda name, array: plain(array))


@pytest.fixture(scope="module")
def expected(edition: Edition, evaluator: Evaluator) -> Verdicts:
    return reference_verdicts(edition, contexts(edition, population()), evaluator)


def plain(array: pa.Array) -> pa.Array:
    """One number or one word as it is; several possible ones are the whole domain here."""
    if array.type == RANGE:
        low, high = (array.field(place).to_numpy() for place in (0, 1))
        return pa.array(low, pa.int64(), mask=low != high)
    if array.type == pa.string():
        return pa.array([word if word and "|" not in word else None for word in array.to_pylist()])
    return array


def columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """All facts of a batch by name, those of the members among them."""
    members = batch.column(MEMBERS)
    people = members.flatten()
    persons = {people.type.field(i).name: people.field(i) for i in range(people.type.num_fields)}
    return {**{name: batch.column(name) for name in batch.schema.names if name != MEMBERS}, **persons}


def assembled(
    household: dict[str, pa.Array], persons: dict[str, pa.Array], offsets: np.ndarray
) -> pa.RecordBatch:
    if persons:
        people = pa.StructArray.from_arrays(list(persons.values()), list(persons))
    else:
        people = pa.array([{}] * int(offsets[-1]), pa.struct([]))
    members = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), people)
    return pa.RecordBatch.from_arrays([*household.values(), members], [*household, MEMBERS])


def recast(batch: pa.RecordBatch, change: Callable[[str, pa.Array], pa.Array | None]) -> pa.RecordBatch:
    """The batch with every fact in another form; a fact that becomes None is left out."""
    offsets = batch.column(MEMBERS).offsets.to_numpy()
    new = {name: change(name, array) for name, array in columns(batch).items()}
    kept = {name: array for name, array in new.items() if array is not None}
    household = {name: array for name, array in kept.items() if name in batch.schema.names}
    persons = {name: array for name, array in kept.items() if name not in household}
    return assembled(household, persons, offsets - offsets[0])


def only(names: tuple[str, ...], form: Form) -> Callable[[str, pa.Array], pa.Array]:
    return lambda name, array: form(array) if name in names else array


def repeated(batch: pa.RecordBatch, before: int, after: int) -> pa.RecordBatch:
    """A slice that holds the batch, in a batch with other households before and after it."""
    count = batch.num_rows
    places = [*range(count - before, count), *range(count), *range(after)]
    return batch.take(pa.array(places)).slice(before, count)


# Forms of columns


def coded(index: pa.DataType) -> Form:
    """Words once each, and indices into them; null stays a null index."""

    def form(array: pa.Array) -> pa.Array:
        once = array.dictionary_encode()
        return pa.DictionaryArray.from_arrays(once.indices.cast(index), once.dictionary)

    return form


def coded_null(array: pa.Array) -> pa.Array:
    """A dictionary in which null is a word, and words stand that nobody uses, or twice."""
    once = array.dictionary_encode(null_encoding="encode")
    words = pa.concat_arrays([once.dictionary, once.dictionary.slice(0, 1)])
    return pa.DictionaryArray.from_arrays(once.indices.cast(pa.int16()), words)


def paired(array: pa.Array) -> pa.Array:
    """Two bounds; null where unknown."""
    return pa.StructArray.from_arrays([array, array], ["lo", "hi"])


def paired_null(array: pa.Array) -> pa.Array:
    """Pairs that are null as a whole, whatever stands in them."""
    filled = array.fill_null(-5)
    mask = array.is_null()
    return pa.StructArray.from_arrays([filled, filled], ["lo", "hi"], mask=mask)


def paired_narrow(array: pa.Array) -> pa.Array:
    narrow = array.cast(pa.int16())
    return pa.StructArray.from_arrays([narrow, narrow], ["lo", "hi"])


def coded_pairs(array: pa.Array) -> pa.Array:
    once = array.dictionary_encode()
    pairs = pa.array([{"lo": n, "hi": n} for n in once.dictionary.to_pylist()], RANGE)
    return pa.DictionaryArray.from_arrays(once.indices, pairs)


def with_rubbish(array: pa.Array) -> pa.Array:
    """Values far outside the domain under every null."""
    values = array.fill_null(-(2**62)).to_numpy()
    return pa.array(
        np.where(array.is_valid(), values, -(2**62)), array.type, mask=np.asarray(array.is_null())
    )


FORMS: list[tuple[str, str, Form]] = [
    *((kind, f"dictionary[{index}]", coded(index)) for kind in KINDS for index in INDEX_TYPES),
    *((kind, "dictionary with null and spare words", coded_null) for kind in KINDS),
    *(("number", str(kind), lambda array, kind=kind: array.cast(kind)) for kind in WHOLE_TYPES),
    ("number", "pair", paired),
    ("number", "pair, itself null", paired_null),
    ("number", "pair of int16", paired_narrow),
    ("number", "dictionary of pairs", coded_pairs),
    ("number", "rubbish under null", with_rubbish),
    ("enum", "large_string", lambda array: array.cast(pa.large_string())),
    ("enum", "dictionary of large_string", lambda array: coded(pa.int8())(array.cast(pa.large_string()))),
]


def test_the_population_tries_everything(facts: pa.RecordBatch, expected: Verdicts) -> None:
    """Every fact is known to some and unknown to some, every outcome occurs, every criterion turns both ways."""
    wanted = {*HOUSEHOLD_FACTS, *PERSON_FACTS, "父母1.父母状况", "父母2.父母状况"} - {"父母状况"}
    given = columns(facts)
    assert given.keys() == wanted == {name for names in KINDS.values() for name in names}
    for name, array in given.items():
        assert 0 < array.null_count < len(array), name
    for programme in expected.programmes.values():
        assert {1, 2, 3} <= set(programme.outcome.tolist())
        for bit, criterion in enumerate(programme.programme.criteria):
            if not criterion.id.startswith(("H-", "P-")):
                continue  # whom it is for: others get no verdict
            for mask in (programme.met, programme.unknown, ~(programme.met | programme.unknown)):
                assert (mask[programme.outcome > 0] >> np.uint64(bit) & np.uint64(1)).any()
    sizes = np.diff(expected.offsets)
    assert sizes.min() == 0, "a household whose only member is not born yet"
    assert sizes.max() == 5


def test_plain(kernel: Kernel, edition: Edition, facts: pa.RecordBatch, expected: Verdicts) -> None:
    assert_same(kernel.evaluate(edition, facts), expected)


@pytest.mark.parametrize("before", [0, 1, 3, 11], ids=lambda n: f"{n} before")
@pytest.mark.parametrize(("kind", "form"), [pytest.param(k, f, id=f"{k} {name}") for k, name, f in FORMS])
def test_forms(
    kernel: Kernel,
    edition: Edition,
    facts: pa.RecordBatch,
    expected: Verdicts,
    kind: str,
    form: Form,
    before: int,
) -> None:
    """All columns of a kind in another form, the batch whole or a slice that begins anywhere in a byte."""
    batch = recast(facts, only(KINDS[kind], form))
    if before:
        batch = repeated(batch, before, 2)
        starts = {batch.column(MEMBERS).offsets[0].as_py() % 8, batch.column(0).offset % 8}
        assert starts != {0}
    assert_same(kernel.evaluate(edition, batch), expected)


@pytest.mark.parametrize("before", range(1, 10))
def test_slices(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch, expected: Verdicts, before: int
) -> None:
    """Bitmaps that begin at any bit: of values, of what is null, and of the list of members."""
    assert_same(kernel.evaluate(edition, repeated(facts, before, 1)), expected)


def test_slices_of_persons(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch, expected: Verdicts
) -> None:
    """The struct of the persons and its fields have offsets of their own."""
    offsets = facts.column(MEMBERS).offsets.to_numpy()
    persons = {n: a for n, a in columns(facts).items() if n not in facts.schema.names}
    shifted = {n: pa.concat_arrays([a.slice(0, 5), a]).slice(5) for n, a in persons.items()}
    people = pa.StructArray.from_arrays(list(shifted.values()), list(shifted))
    people = pa.concat_arrays([people.slice(0, 3), people]).slice(3)
    members = pa.ListArray.from_arrays(pa.array(offsets), people)
    household = {n: facts.column(n) for n in facts.schema.names if n != MEMBERS}
    batch = pa.RecordBatch.from_arrays([*household.values(), members], [*household, MEMBERS])
    assert_same(kernel.evaluate(edition, batch), expected)


@pytest.mark.parametrize("form", ["null type", "absent", "all null", "empty dictionary"])
@pytest.mark.parametrize("fact", [*HOUSEHOLD_FACTS, *PERSON_FACTS])
def test_unknown_everywhere(
    kernel: Kernel, edition: Edition, evaluator: Evaluator, facts: pa.RecordBatch, fact: str, form: str
) -> None:
    names = ("父母1.父母状况", "父母2.父母状况") if fact == "父母状况" else (fact,)
    if fact == "出生日期":  # who is not born yet is no member, and that is known by the day of birth alone
        cases = [c for c in population() if all(p.birth_date != date(2026, 1, 1) for p in c.members)]
        lacking = [
            c
            for c, whole_case in zip(population(lacking=fact), population(), strict=True)
            if all(p.birth_date != date(2026, 1, 1) for p in whole_case.members)
        ]
        batch = facts_of(kernel, contexts(edition, cases), evaluator)
    else:
        lacking, batch = population(lacking=fact), facts
    forms: dict[str, Callable[[pa.Array], pa.Array | None]] = {
        "null type": lambda array: pa.nulls(len(array)),
        "absent": lambda array: None,
        "all null": lambda array: pa.nulls(len(array), array.type),
        "empty dictionary": lambda array: pa.DictionaryArray.from_arrays(
            pa.nulls(len(array), pa.int8()), pa.array([], array.type)
        ),
    }
    batch = recast(batch, only(names, forms[form]))  # type: ignore[arg-type]
    wanted = reference_verdicts(edition, contexts(edition, lacking), evaluator)
    assert_same(kernel.evaluate(edition, batch), wanted)


def test_nothing_is_known(kernel: Kernel, edition: Edition, evaluator: Evaluator) -> None:
    """A batch with no facts at all, only members."""
    cases = [case_from_data({"成员": [{"编号": str(n)} for n in range(size)]}) for size in (1, 2, 3)]
    batch = assembled({}, {}, np.array([0, 1, 3, 6], np.int32))
    assert_same(
        kernel.evaluate(edition, batch), reference_verdicts(edition, contexts(edition, cases), evaluator)
    )


@pytest.mark.parametrize("start", [0, 5])
def test_empty_batches(kernel: Kernel, edition: Edition, facts: pa.RecordBatch, start: int) -> None:
    for batch in (facts.slice(start, 0), pa.RecordBatch.from_pylist([], schema=facts.schema)):
        verdicts = kernel.evaluate(edition, batch)
        assert (verdicts.households, verdicts.persons) == (0, 0)
        assert all(len(getattr(p, name)) == 0 for p in verdicts.programmes.values() for name in COLUMNS)


def test_only_households_without_persons(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch, expected: Verdicts
) -> None:
    alone = np.flatnonzero(np.diff(expected.offsets) == 0)
    verdicts = kernel.evaluate(edition, facts.take(pa.array(alone)))
    assert (verdicts.households, verdicts.persons) == (len(alone), 0)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(verdicts["help"], name), getattr(expected["help"], name)[alone])


def test_several_possible_words(kernel: Kernel, edition: Edition) -> None:
    """`二级|三级` may be either; the whole list is as good as unknown."""
    words = ["一级", "一级|二级", "二级|三级", "三级|四级", "一级|二级|三级|四级|无", None]
    persons = {"视力等级": pa.array(words), "本市户籍": pa.array([True] * len(words))}
    offsets = np.arange(len(words) + 1, dtype=np.int32)
    result = kernel.evaluate(edition, assembled({}, persons, offsets))["grant"]
    bit = np.uint64(1)
    assert (result.met & bit).tolist() == [1, 1, 0, 0, 0, 0]
    assert (result.unknown & bit).tolist() == [0, 0, 1, 0, 1, 1]


def test_words_beyond_the_list_of_an_open_fact(kernel: Kernel, edition: Edition) -> None:
    """A district no rule names is simply another one."""
    district = pa.array(["110112", "350203", "110112|350203", None])
    household = {"区县": district}
    result = kernel.evaluate(edition, assembled(household, {}, np.zeros(5, np.int32)))["help"]
    bit = np.uint64(1 << 3)
    assert ((result.met & bit) > 0).tolist() == [True, False, False, False]
    assert ((result.unknown & bit) > 0).tolist() == [False, False, True, True]


def test_a_range_within_the_domain(kernel: Kernel, edition: Edition) -> None:
    pairs = [{"lo": 0, "hi": 99}, {"lo": 0, "hi": 100}, {"lo": 100, "hi": 500}, {"lo": None, "hi": 99}]
    pairs += [{"lo": 100, "hi": None}]
    household = {"货币财产": pa.array(pairs, RANGE)}
    result = kernel.evaluate(edition, assembled(household, {}, np.zeros(6, np.int32)))["help"]
    bit = np.uint64(1)
    assert (result.met & bit).tolist() == [1, 0, 0, 1, 0]
    assert (result.unknown & bit).tolist() == [0, 1, 0, 0, 0]


# Who is a member


def test_not_a_member_no_verdict(kernel: Kernel, edition: Edition, expected: Verdicts) -> None:
    """Persons who are not in the household in the month change nothing and get no verdict."""
    everybody = facts_of(kernel, contexts(edition, population()), Evaluator(edition))
    offsets = everybody.column(MEMBERS).offsets.to_numpy()
    persons = {n: a for n, a in columns(everybody).items() if n not in everybody.schema.names}
    # Before the persons of every household stand two others, copies of anybody.
    places, here = [], []
    for household in range(everybody.num_rows):
        own = range(offsets[household], offsets[household + 1])
        places += [household, 0, *own]
        here += [False, False, *(True for _ in own)]
    taken = {name: array.take(pa.array(places)) for name, array in persons.items()}
    wider = offsets + 2 * np.arange(len(offsets), dtype=np.int32)
    household_columns = {n: everybody.column(n) for n in everybody.schema.names if n != MEMBERS}
    for column in (pa.array(here), pa.array(here).dictionary_encode()):
        batch = assembled(household_columns, {**taken, ENROLLED: column}, wider)
        got = kernel.evaluate(edition, batch)
        kept = np.flatnonzero(here)
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(got["help"], name), getattr(expected["help"], name))
            of_persons = getattr(got["grant"], name)
            np.testing.assert_array_equal(of_persons[kept], getattr(expected["grant"], name))
            assert not of_persons[~np.array(here)].any()
        assert (got["grant"].outcome[~np.array(here)] == NO_VERDICT).all()


@pytest.mark.parametrize(("size", "refused"), [(64, False), (65, True)])
def test_at_most_64_members(kernel: Kernel, edition: Edition, size: int, refused: bool) -> None:
    persons = {"本市户籍": pa.array([True] * (size + 1))}
    batch = assembled({"货币财产": pa.array([0, 0])}, persons, np.array([0, 1, size + 1], np.int32))
    if not refused:
        assert kernel.evaluate(edition, batch).persons == size + 1
        return
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(edition, batch)
    assert caught.value.code == "kernel-members"


# Many households, several threads, other figures and months


@pytest.fixture(scope="module")
def many(facts: pa.RecordBatch) -> tuple[pa.RecordBatch, np.ndarray]:
    places = np.random.default_rng(3).integers(0, facts.num_rows, 20_000)
    return facts.take(pa.array(places)), places


@pytest.mark.parametrize("threads", [1, 2, 3, None])
def test_threads(
    kernel: Kernel,
    edition: Edition,
    many: tuple[pa.RecordBatch, np.ndarray],
    expected: Verdicts,
    threads: int | None,
) -> None:
    """More households than one thread takes at a time; each has the verdicts it has among few."""
    batch, places = many
    got = kernel.evaluate(edition, batch, threads=threads)
    persons = np.concatenate([np.arange(*expected.offsets[place : place + 2]) for place in places])
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(got["help"], name), getattr(expected["help"], name)[places])
        np.testing.assert_array_equal(getattr(got["grant"], name), getattr(expected["grant"], name)[persons])


def other_editions(rules: Ruleset) -> Iterator[Edition]:
    yield rules.edition(Month("2020-03"))
    yield rules.edition(MONTH).with_values({"线": "1.01"})
    yield rules.edition(MONTH).with_values({"线": "0.00", "小线": "0.06"})


def test_one_kernel_for_all_figures_and_months(rules: Ruleset, kernel: Kernel, edition: Edition) -> None:
    """What differs between editions with the same rules are arguments."""
    outcomes = set()
    for other in other_editions(rules):
        assert kernel_of(other) is kernel
        assert other.edition_digest != edition.edition_digest or other.month != edition.month
        evaluator, drawn = Evaluator(other), contexts(other, population())
        got = kernel.evaluate(other, facts_of(kernel, drawn, evaluator))
        assert_same(got, reference_verdicts(other, drawn, evaluator))
        outcomes.add(got["help"].outcome.tobytes())
    assert len(outcomes) == 3, "the figures and the month matter"


def test_beijing_years_share_a_kernel(beijing: Ruleset) -> None:
    before, after = (beijing.edition(Month(month)) for month in ("2023-08", "2024-08"))
    assert before.rules_digest == after.rules_digest
    assert before.edition_digest != after.edition_digest
    assert kernel_of(before) is kernel_of(after)


def test_an_edition_with_other_rules_is_refused(
    beijing: Ruleset, kernel: Kernel, facts: pa.RecordBatch
) -> None:
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(beijing.edition(MONTH), facts)
    assert caught.value.code == "kernel-edition"


# Refusals


def constant(value: object, kind: pa.DataType) -> Form:
    return lambda array: pa.array([value] * len(array), kind)


def coded_constant(value: object, kind: pa.DataType) -> Form:
    return lambda array: pa.DictionaryArray.from_arrays(
        pa.array([0] * len(array), pa.int16()), pa.array([value], kind)
    )


TEXT_PAIR = pa.struct([("lo", pa.string()), ("hi", pa.string())])
OTHER_PAIR = pa.struct([("from", pa.int64()), ("to", pa.int64())])
WRONG_TYPES: list[tuple[str, str, Form]] = [
    ("本市户籍", "int for truth", constant(1, pa.int64())),
    ("单亲", "text for truth", constant("是", pa.string())),
    ("本市户籍", "dictionary of text for truth", coded_constant("是", pa.string())),
    ("单亲", "dictionary of int for truth", coded_constant(1, pa.int64())),
    ("货币财产", "text for number", constant("1", pa.string())),
    ("货币财产", "float for number", constant(1.0, pa.float64())),
    ("货币财产", "decimal for number", constant(1, pa.decimal128(10, 2))),
    ("住房套数", "truth for number", constant(True, pa.bool_())),
    ("稳定收入月额", "date for number", constant(date(2020, 1, 1), pa.date32())),
    ("货币财产", "pair of other names", constant({"from": 1, "to": 1}, OTHER_PAIR)),
    ("货币财产", "pair of texts", constant({"lo": "1", "hi": "1"}, TEXT_PAIR)),
    ("货币财产", "pair of floats", constant({"lo": 1.5, "hi": 1.5}, pa.struct([("lo", pa.float64()), ("hi", pa.float64())]))),
    ("货币财产", "dictionary of text for number", coded_constant("1", pa.string())),
    ("货币财产", "dictionary of float for number", coded_constant(1.5, pa.float64())),
    ("住房套数", "dictionary of truths for number", coded_constant(True, pa.bool_())),
    ("稳定收入月额", "dictionary of dates for number", coded_constant(date(2020, 1, 1), pa.date32())),
    ("货币财产", "dictionary of other pairs", coded_constant({"from": 1, "to": 1}, OTHER_PAIR)),
    ("货币财产", "dictionary of pairs of texts", coded_constant({"lo": "1", "hi": "1"}, TEXT_PAIR)),
    ("出生日期", "text for date", constant("2020-01-01", pa.string())),
    ("出生日期", "int for date", constant(18000, pa.int32())),
    ("采暖核准日期", "time for date", constant(0, pa.timestamp("s"))),
    ("采暖核准日期", "date64 for date", constant(date(2020, 1, 1), pa.date64())),
    ("出生日期", "dictionary of text for date", coded_constant("2020-01-01", pa.string())),
    ("出生日期", "dictionary of int for date", coded_constant(18000, pa.int32())),
    ("视力等级", "int for enum", constant(1, pa.int8())),
    ("区县", "bytes for enum", constant(b"110112", pa.binary())),
    ("视力等级", "dictionary of int for enum", coded_constant(1, pa.int64())),
    ("父母2.父母状况", "truth for enum", constant(True, pa.bool_())),
]  # fmt: skip
WRONG_VALUES: list[tuple[str, str, str, Form]] = [
    ("货币财产", "kernel-domain", "below the domain", constant(-1, pa.int64())),
    ("货币财产", "kernel-domain", "above the domain", constant(10**11 + 1, pa.int64())),
    ("货币财产", "kernel-domain", "beyond int64", constant(2**64 - 1, pa.uint64())),
    ("住房套数", "kernel-domain", "int8 below", constant(-1, pa.int8())),
    ("稳定收入月额", "kernel-domain", "pair upside down", constant({"lo": 5, "hi": 4}, RANGE)),
    ("稳定收入月额", "kernel-domain", "pair below", constant({"lo": -1, "hi": 4}, RANGE)),
    ("必要就业成本", "kernel-domain", "pair above", constant({"lo": 0, "hi": 2**62}, RANGE)),
    ("货币财产", "kernel-domain", "dictionary below", coded_constant(-1, pa.int64())),
    ("货币财产", "kernel-domain", "dictionary pair upside down", coded_constant({"lo": 5, "hi": 4}, RANGE)),
    ("出生日期", "kernel-domain", "day too early", constant(date(1000, 1, 1), pa.date32())),
    ("采暖核准日期", "kernel-domain", "dictionary day too early", coded_constant(date(1000, 1, 1), pa.date32())),
    ("视力等级", "kernel-word", "no such word", constant("五级", pa.string())),
    ("视力等级", "kernel-word", "one of two words", constant("一级|五级", pa.string())),
    ("父母1.父母状况", "kernel-word", "dictionary word", coded_constant("健在", pa.string())),
    ("视力等级", "kernel-word", "empty word", constant("", pa.string())),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "code", "form"),
    [
        *(pytest.param(p, "kernel-column", f, id=n) for p, n, f in WRONG_TYPES),
        *(pytest.param(p, c, f, id=n) for p, c, n, f in WRONG_VALUES),
    ],
)
def test_refused_by_name(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch, path: str, code: str, form: Form
) -> None:
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(edition, recast(facts, only((path,), form)))
    assert (caught.value.code, caught.value.location) == (code, path)


@pytest.mark.parametrize("path", ["货币财产", "出生日期", "视力等级", "父母2.父母状况"])
def test_words_nobody_uses_do_no_harm(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch, expected: Verdicts, path: str
) -> None:
    """A dictionary is the whole register's: a word that is wrong is only wrong where a row has it."""
    wrong = {"货币财产": -1, "出生日期": date(1000, 1, 1)}.get(path, "五级")

    def spoilt(array: pa.Array, used: bool = False) -> pa.Array:
        once = array.dictionary_encode()
        words = pa.concat_arrays([once.dictionary, pa.array([wrong], array.type)])
        indices = once.indices.to_numpy(zero_copy_only=False)
        # Under a null any index may stand, even that of the wrong word.
        cells = np.where(np.isnan(indices), len(words) - 1, indices).astype(np.int16)
        mask = np.zeros(len(cells), bool) if used else np.isnan(indices)
        return pa.DictionaryArray.from_arrays(pa.array(cells, mask=mask), words)

    batch = recast(facts, only((path,), spoilt))
    assert_same(kernel.evaluate(edition, batch), expected)
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(edition, recast(facts, only((path,), lambda array: spoilt(array, used=True))))
    assert caught.value.location == path


def test_more_words_than_indices_can_tell(kernel: Kernel, edition: Edition) -> None:
    """More than 32,767 words: refused by name, not cut off."""
    many_words = pa.array(range(40_000), pa.int64())
    column = pa.DictionaryArray.from_arrays(pa.array(range(40_000), pa.int32()), many_words)
    batch = assembled({"货币财产": column}, {}, np.zeros(40_001, np.int32))
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(edition, batch)
    assert caught.value.location == "货币财产"


def test_many_texts_of_an_open_fact(kernel: Kernel, edition: Edition) -> None:
    """Texts that come plain are coded here; however many different ones there are, they are read."""
    texts = [f"{number:06d}" for number in range(40_000)]
    batch = assembled({"区县": pa.array(texts)}, {}, np.zeros(40_001, np.int32))
    result = kernel.evaluate(edition, batch)["help"]
    assert np.flatnonzero(result.met & np.uint64(1 << 3)).tolist() == []
    batch = assembled({"区县": pa.array([*texts, "110112"])}, {}, np.zeros(40_002, np.int32))
    result = kernel.evaluate(edition, batch)["help"]
    assert np.flatnonzero(result.met & np.uint64(1 << 3)).tolist() == [40_000]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(None, id="absent"),
        pytest.param(pa.array([1, 2]), id="numbers"),
        pytest.param(pa.array([[1], [2]]), id="lists of numbers"),
        pytest.param(pa.array([[{"本市户籍": True}], None]), id="a null list"),
    ],
)
def test_members_are_lists_of_structs(kernel: Kernel, edition: Edition, members: pa.Array | None) -> None:
    columns_ = {"货币财产": pa.array([0, 0])}
    if members is not None:
        columns_[MEMBERS] = members
    with pytest.raises(EngineError) as caught:
        kernel.evaluate(edition, pa.RecordBatch.from_pydict(columns_))
    assert (caught.value.code, caught.value.location) == ("kernel-column", MEMBERS)


# Errors of the rules

PAYING = """
programme: pay
name: 发放
kind: cash
for: {level}
choose: {choose}
coverage: {{from: "2015-01"}}
uses: []
criteria:
  A:
    title: 甲
    test: {first}
  B:
    title: 乙
    test: {second}
routes:
  一:
    when: [A]
    amount: {amount}
  二:
    when: [B]
    amount: 小线
"""
NEGATIVE = {
    "家庭": {"choose": "highest", "first": "单亲", "second": "住房套数 > 1", "amount": "线 - 货币财产"},
    "成员": {"choose": "first", "first": "本市户籍", "second": "years(出生日期) < 18", "amount": "线 - 稳定收入月额"},
}  # fmt: skip
OVERLAP = {
    "家庭": {"choose": "unique", "first": "单亲", "second": "住房套数 > 1", "amount": "线"},
    "成员": {"choose": "unique", "first": "本市户籍", "second": "years(出生日期) < 18", "amount": "线"},
}


@pytest.mark.parametrize(
    ("level", "code", "parts"),
    [
        *(pytest.param(level, "negative-amount", parts, id=f"negative {level}") for level, parts in NEGATIVE.items()),
        *(pytest.param(level, "routes-overlap", parts, id=f"overlap {level}") for level, parts in OVERLAP.items()),
    ],
)  # fmt: skip
def test_errors_of_the_rules(tmp_path: Path, level: str, code: str, parts: dict[str, str]) -> None:
    """The same error as the reference engine's for the same household, and none for households it finds nothing in."""
    edition = write_law(tmp_path, [PAYING.format(level=level, **parts)]).edition(MONTH)
    evaluator, kernel = Evaluator(edition), kernel_of(edition)
    innocent, guilty = [], []
    for context in contexts(edition, population()):
        try:
            evaluator.evaluate(context)
        except RulesetError as error:
            guilty.append((context, error))
        else:
            innocent.append(context)
    assert len(guilty) > 2 < len(innocent)
    facts = facts_of(kernel, innocent, evaluator)
    assert_same(kernel.evaluate(edition, facts), reference_verdicts(edition, innocent, evaluator))
    for context, error in guilty:
        assert error.code == code
        with pytest.raises(RulesetError) as caught:
            kernel.evaluate(edition, facts_of(kernel, [*innocent, context, *innocent], evaluator))
        if code == "negative-amount":
            assert caught.value.problems == error.problems
        assert caught.value.code == code
