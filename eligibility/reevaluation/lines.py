"""The unit of work of a re-evaluation: one batch of a register in, one batch of lines out, and its partial sums.

A line tells what changes for one subject and programme (变动), or what is owed or claimed back for one past month (补发,
追回, or 待核 where that is not certain). Subjects that are not eligible on either side give no line but are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .arrears import arrears_of
from .changes import changes_of
from .evaluation import Evaluations
from .pieces import NOTHING, Piece, Vocabularies, coded
from .plan import Plan
from .subjects import Subjects
from .totals import Totals

WORDS: Final = pa.dictionary(pa.int32(), pa.string())
LINE_SCHEMA: Final = pa.schema(
    [
        pa.field("household_id", WORDS, nullable=False),
        pa.field("member_id", WORDS),
        pa.field("name", WORDS),
        pa.field("identity_number", WORDS),
        pa.field("district", WORDS),
        pa.field("programme", WORDS),
        pa.field("kind", WORDS),
        pa.field("month", WORDS),
        pa.field("change", WORDS),
        pa.field("outcome_before", WORDS),
        pa.field("outcome_after", WORDS),
        pa.field("before_low", pa.int64()),
        pa.field("before_high", pa.int64()),
        pa.field("after_low", pa.int64()),
        pa.field("after_high", pa.int64()),
        pa.field("paid", pa.int64()),
        pa.field("difference", pa.int64()),
        pa.field("criteria", WORDS),
        pa.field("clauses", WORDS),
        pa.field("note", WORDS),
        pa.field("in_payment", pa.bool_()),
        pa.field("assumptions", WORDS),
    ]
)
"""A line. Amounts are in 分 a month, null where there is none, it is unknown or unlimited; words are Chinese.

`name` and `identity_number` are the member's, or those of the household's head, masked unless the plan says otherwise.
`month` is that of the plan's after side, or the past month settled. For 变动, before and after are the two sides and
`difference` is set where both are one figure; for the other kinds, before is what was determined then, after what is
due now, `paid` what was paid where the register says so, and `difference` what is owed (+) or claimed back (−), set
only where it is certain.
"""
PLAIN_SCHEMA: Final = pa.schema(
    [pa.field(f.name, pa.string() if f.type == WORDS else f.type, f.nullable) for f in LINE_SCHEMA]
)
"""The same without dictionaries, for engines that know none: `lines.cast(PLAIN_SCHEMA)`."""

Evaluating = Callable[[Plan, pa.RecordBatch], Evaluations]


class Work(NamedTuple):
    """What one batch came to: its lines, the first `changes` of which are 变动, and its partial sums."""

    lines: pa.RecordBatch
    totals: Totals

    @property
    def changes(self) -> pa.RecordBatch:
        return self.lines.slice(0, self.totals.change_lines)

    @property
    def arrears(self) -> pa.RecordBatch:
        return self.lines.slice(self.totals.change_lines)


def lines_of(plan: Plan, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The lines of a batch of a register: one row per household in, `LINE_SCHEMA` out."""
    return work_of(plan, batch).lines


def work_of(
    plan: Plan, batch: pa.RecordBatch, number: int = 0, *, evaluating: Evaluating = Evaluations
) -> Work:
    """The lines and partial sums of batch `number` of a register."""
    subjects, evaluations = Subjects(batch), evaluating(plan, batch)
    words, totals = Vocabularies(), Totals(households=subjects.households, persons=subjects.persons)
    settled = arrears_of(plan, subjects, evaluations, words, totals)
    changes = changes_of(plan, subjects, evaluations, words, totals, settled.held, number)
    totals.change_lines = sum(len(piece.household) for piece in changes)
    return Work(_batch(plan, subjects, [*changes, *settled.pieces], words), totals)


def _batch(plan: Plan, subjects: Subjects, pieces: list[Piece], words: Vocabularies) -> pa.RecordBatch:
    """The pieces of a batch put together."""
    if not pieces:
        return pa.RecordBatch.from_pylist([], schema=LINE_SCHEMA)
    household = np.concatenate([piece.household for piece in pieces])
    person = np.concatenate([piece.person for piece in pieces])
    columns: dict[str, Any] = {
        **_people(plan, subjects, household, person),
        "district": pa.DictionaryArray.from_arrays(
            pa.array(subjects.district[household]), subjects.districts, safe=False
        ),
        "in_payment": _nullable(_joined(pieces, "in_payment", np.int8), NOTHING).cast(pa.bool_()),
    }
    for field in LINE_SCHEMA:
        if field.name in columns:
            continue
        if field.type == WORDS:
            codes = _nullable(_joined(pieces, field.name, np.int32), NOTHING)
            texts = pa.array(words[field.name].texts, pa.string())
            columns[field.name] = pa.DictionaryArray.from_arrays(codes, texts, safe=False)
        else:
            columns[field.name] = _nullable(_joined(pieces, field.name, np.int64), Piece.NO_AMOUNT)
    return pa.RecordBatch.from_arrays([columns[name] for name in LINE_SCHEMA.names], schema=LINE_SCHEMA)


def _people(
    plan: Plan, subjects: Subjects, household: NDArray[np.intp], person: NDArray[np.intp]
) -> dict[str, pa.Array]:
    """Who the lines are about: each household and person is taken (and masked) once, however many lines it has."""
    nobody = person == NOTHING
    shown = np.where(nobody, subjects.heads[household], person)
    codes, persons = _places(shown, subjects.persons)
    indices, members = pa.array(codes), _nullable(np.where(nobody, np.int32(NOTHING), codes), NOTHING)
    masked = not plan.identity_numbers
    homes, households = _places(household, subjects.households)
    return {
        "household_id": coded(pa.array(homes), subjects.household_ids(households, masked=masked)),
        "member_id": coded(members, subjects.member_ids(persons, masked=masked)),
        "name": coded(indices, subjects.names(persons, masked=masked)),
        "identity_number": coded(indices, subjects.identity_numbers(persons, masked=masked)),
    }


def _places(rows: NDArray[np.intp], size: int) -> tuple[NDArray[np.int32], pa.Array]:
    """Positions as codes, and the different positions in order."""
    occurs = np.zeros(size, np.bool_)
    occurs[rows] = True
    codes = np.cumsum(occurs, dtype=np.int32)
    return codes[rows] - np.int32(1), pa.array(np.flatnonzero(occurs))


def _joined(pieces: list[Piece], name: str, kind: Any) -> NDArray[Any]:
    """One column of all pieces; a piece may give one value for all its lines."""
    total = sum(len(piece.household) for piece in pieces)
    column, start = np.empty(total, kind), 0
    for piece in pieces:
        end = start + len(piece.household)
        column[start:end] = piece.values[name]
        start = end
    return column


def _nullable(values: NDArray[Any], nothing: int) -> pa.Array:
    """Numbers as a column that is null where they are `nothing`; they are not copied."""
    given = values != nothing
    validity = None if given.all() else pa.py_buffer(np.packbits(given, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(values)])
