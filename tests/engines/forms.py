"""The facts of a batch in every form in which Arrow may bring them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

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
