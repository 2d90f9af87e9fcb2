"""What cannot be a fact is refused by name; errors of the rules are those of the reference engine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from eligibility import EngineError, RulesetError
from eligibility.engines.kernel import Kernel, kernel_of
from eligibility.engines.reference import Evaluator
from eligibility.engines.verdicts import Verdicts
from eligibility.ruleset import Edition

from .batches import assert_same, facts_of, reference_verdicts
from .forms import MEMBERS, RANGE, Form, assembled, only, recast
from .small_law import MONTH, contexts, population, write_law


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


def test_more_words_than_short_codes_can_tell(kernel: Kernel, edition: Edition) -> None:
    """A dictionary of more than 32,767 words is read like the plain column, nulls and unused words included."""
    words = pa.array(range(40_000), pa.int64())
    codes = pa.array([*range(39_990), None], pa.int32())
    members = np.zeros(len(codes) + 1, np.int32)
    coded = assembled({"货币财产": pa.DictionaryArray.from_arrays(codes, words)}, {}, members)
    plain = assembled({"货币财产": words.take(codes)}, {}, members)
    assert_same(kernel.evaluate(edition, coded), kernel.evaluate(edition, plain))


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
