"""Cases as a batch of facts, and the verdicts the reference engine gives them in the shape the kernel gives its own."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from eligibility.case import Context
from eligibility.engines.kernel import SLOTS, Kernel
from eligibility.engines.reference import Evaluator, Result
from eligibility.engines.verdicts import (
    ELIGIBLE,
    INELIGIBLE,
    NO_VERDICT,
    UNDETERMINED,
    UNKNOWN_AMOUNT,
    ProgrammeVerdicts,
    Verdicts,
)
from eligibility.ruleset.edition import Edition
from eligibility.values import AnyText, Kind, Level, Range, Value, bounds, key_date

COLUMNS = ("outcome", "low", "high", "met", "unknown", "routes")


def facts_of(
    kernel: Kernel, contexts: Sequence[Context], evaluator: Evaluator, *, coded: bool = False
) -> pa.RecordBatch:
    """The facts of cases as the kernel reads them; `coded` puts every column into a dictionary."""
    offsets = np.cumsum([0, *(len(context.members) for context in contexts)])
    persons: dict[str, list[Value]] = {}
    households: dict[str, list[Value]] = {}
    for name in kernel.facts:
        fact, level = evaluator.fact_of[name], evaluator.levels[name]
        if level is Level.HOUSEHOLD:
            households[name] = [fact.read(None, context) for context in contexts]
        elif level is Level.PERSON:
            persons[name] = [fact.read(member, c) for c in contexts for member in c.members]
        else:
            for number, slot in enumerate(SLOTS):
                persons[slot + name] = [
                    fact.read(c.parents(m)[number], c) for c in contexts for m in c.members
                ]
    kinds = {
        path: evaluator.fact_of[path.removeprefix(SLOTS[0]).removeprefix(SLOTS[1])]
        for path in (*persons, *households)
    }
    arrays = {path: _array(kinds[path], values, coded) for path, values in {**persons, **households}.items()}
    inner = [arrays[path] for path in persons]
    struct = (
        pa.StructArray.from_arrays(inner, list(persons))
        if inner
        else pa.array([{}] * int(offsets[-1]), pa.struct([]))
    )
    members = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)
    return pa.RecordBatch.from_arrays(
        [*(arrays[name] for name in households), members], [*households, "成员"]
    )


def _array(fact: Any, values: Sequence[Value], coded: bool) -> pa.Array:
    if fact.kind is Kind.TRUTH:
        array = pa.array(values, pa.bool_())
    elif fact.kind is Kind.ENUM:
        array = pa.array([_words(value) for value in values], pa.string())
    elif fact.kind is Kind.DATE:
        array = pa.array([None if isinstance(v, Range) else key_date(int(v)) for v in values], pa.date32())  # type: ignore[arg-type]
    else:
        pairs = [bounds(value) for value in values]  # type: ignore[arg-type]
        rows = [{"lo": _parts(lo, fact.denominator), "hi": _parts(hi, fact.denominator)} for lo, hi in pairs]
        array = pa.array(rows, pa.struct([("lo", pa.int64()), ("hi", pa.int64())]))
        if coded:
            indices = pa.array(range(len(array)), pa.int16())
            return pa.DictionaryArray.from_arrays(indices, array)
    return array.dictionary_encode() if coded else array


def _words(value: Value) -> str | None:
    if isinstance(value, AnyText):
        return None
    return value if isinstance(value, str) else "|".join(sorted(value))  # type: ignore[arg-type]


def _parts(value: int | Fraction, denominator: int) -> int:
    whole = Fraction(value) * denominator
    assert whole.denominator == 1
    return int(whole)


def reference_verdicts(edition: Edition, contexts: Sequence[Context], evaluator: Evaluator) -> Verdicts:
    """What the reference engine gives, household after household."""
    offsets = np.cumsum([0, *(len(context.members) for context in contexts)]).astype(np.int64)
    columns = {
        p.id: {
            name: [0] * (len(contexts) if p.level is Level.HOUSEHOLD else int(offsets[-1]))
            for name in COLUMNS
        }
        for p in edition.programmes
    }
    for number, context in enumerate(contexts):
        for result in evaluator.evaluate(context).results:
            row = number if result.person is None else int(offsets[number]) + result.person
            for name, value in zip(COLUMNS, _cells(result), strict=True):
                columns[result.programme.id][name][row] = value
    programmes = {}
    for p in edition.programmes:
        own = columns[p.id]
        programmes[p.id] = ProgrammeVerdicts(
            p,
            np.array(own["outcome"], np.uint8),
            np.array(own["low"], np.int64),
            np.array(own["high"], np.int64),
            *(np.array(own[name], np.uint64) for name in ("met", "unknown", "routes")),
        )
    return Verdicts(edition, offsets, programmes)


def _cells(result: Result) -> tuple[int, ...]:
    if not result.applies:
        return (NO_VERDICT, 0, 0, 0, 0, 0)
    met = sum(1 << i for i, status in enumerate(result.statuses) if status is True)
    unknown = sum(1 << i for i, status in enumerate(result.statuses) if status is None)
    if result.verdict is False:
        return (INELIGIBLE, 0, 0, met, unknown, 0)
    names = [*(route.name for route in result.programme.routes), ""]
    taken = {result.route} if isinstance(result.route, str) else result.route
    routes = sum(1 << names.index(name) for name in taken)
    low, high = (0, 0) if result.amount is None else bounds(result.amount)  # type: ignore[arg-type]
    if result.amount_unknown:
        low = high = UNKNOWN_AMOUNT
    outcome = ELIGIBLE if result.verdict else UNDETERMINED
    return (outcome, int(low), int(high), met, unknown, routes)


def assert_same(kernel: Verdicts, reference: Verdicts) -> None:
    """Every cell of two results is the same."""
    assert kernel.programmes.keys() == reference.programmes.keys()
    for identifier, expected in reference.programmes.items():
        for name in COLUMNS:
            got, wanted = getattr(kernel[identifier], name), getattr(expected, name)
            assert got.dtype.kind == wanted.dtype.kind
            assert got.shape == wanted.shape
            wrong = np.flatnonzero(got != wanted)
            assert not wrong.size, (
                identifier,
                name,
                int(wrong[0]),
                kernel.of(identifier, wrong[0]),
                reference.of(identifier, wrong[0]),
            )
