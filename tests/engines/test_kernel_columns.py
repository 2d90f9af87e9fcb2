"""However a column of facts comes in Arrow, whoever else is in the batch, and by however many threads: the verdicts are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from eligibility import EngineError, Month, case_from_data
from eligibility.engines.kernel import ENROLLED, Kernel, kernel_of
from eligibility.engines.reference import Evaluator
from eligibility.engines.verdicts import NO_VERDICT, Verdicts
from eligibility.ruleset import Edition, Ruleset

from .batches import COLUMNS, assert_same, facts_of, reference_verdicts
from .forms import FORMS, KINDS, MEMBERS, RANGE, Form, assembled, columns, only, recast, repeated
from .small_law import HOUSEHOLD_FACTS, MONTH, PERSON_FACTS, contexts, population, write_law


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


def backwards(array: pa.Array) -> pa.Array:
    return array.take(pa.array(range(len(array) - 1, -1, -1)))


def other_words(array: pa.Array) -> pa.Array:
    """The very same indices over words in another order."""
    words = array.dictionary
    turned = words.take(pa.array([*range(1, len(words)), 0]))
    return pa.DictionaryArray.from_arrays(array.indices, turned)


@pytest.mark.parametrize(
    "change",
    [lambda array: pa.nulls(len(array), array.type), lambda array: None, backwards, other_words],
    ids=["all null", "absent", "backwards", "other words"],
)
@pytest.mark.parametrize("fact", [name for names in KINDS.values() for name in names])
def test_together(
    kernel: Kernel,
    edition: Edition,
    facts: pa.RecordBatch,
    fact: str,
    change: Callable[[pa.Array], pa.Array | None],
) -> None:
    """Editions with facts of which all but one are the same arrays give what each gives by itself."""
    dictionaries = change is other_words
    given = recast(facts, lambda name, array: array.dictionary_encode() if dictionaries else array)
    changed = recast(given, only((fact,), change))
    together = kernel.evaluate_together([(edition, given), (edition, changed), (edition, given)], threads=1)
    for verdicts, batch in zip(together, (given, changed, given), strict=True):
        assert_same(verdicts, kernel.evaluate(edition, batch))


def test_together_takes_the_same_households_only(
    kernel: Kernel, edition: Edition, facts: pa.RecordBatch
) -> None:
    with pytest.raises(EngineError, match="同一批家庭"):
        kernel.evaluate_together([(edition, facts), (edition, facts.slice(1))])


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


READING = """
programme: {identifier}
name: {name}
kind: cash
for: {level}
choose: first
coverage: {{from: "2015-01"}}
uses: [{uses}]
criteria:
  {identifier}-A:
    title: 甲
    test: {test}
routes:
  一:
    when: [{identifier}-A]
    amount: {amount}
"""
STAGE = """
档:
  for: 家庭
  title: 档
  versions:
    - from: "2015-01"
      value: '"高" if 先.符合 else "低"'
"""


@pytest.mark.parametrize("level", ["家庭", "成员"])
def test_a_definition_that_reads_a_verdict(tmp_path: Path, level: str) -> None:
    """A definition of the household may rest on a verdict, and verdicts on the definition and on that verdict."""
    programmes = [
        READING.format(identifier="a", name="先", level="家庭", uses="", test="货币财产 < 线", amount="线"),
        READING.format(identifier="b", name="后", level=level, uses="先.符合", test="not 先.符合", amount="小线"),
        READING.format(identifier="c", name="末", level=level, uses="先.符合", test='档 == "高"', amount="线 - 小线"),
    ]  # fmt: skip
    edition = write_law(tmp_path, programmes, definitions=STAGE).edition(MONTH)
    evaluator, drawn = Evaluator(edition), contexts(edition, population())
    kernel = kernel_of(edition)
    got = kernel.evaluate(edition, facts_of(kernel, drawn, evaluator))
    assert_same(got, reference_verdicts(edition, drawn, evaluator))
