"""The lists of a re-evaluation as offices read them: columns with Chinese headings, money in yuan, Parquet or Excel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..ruleset import Ruleset
from .districts import district_name
from .lines import WORDS
from .pieces import coded
from .totals import Totals

YUAN: Final = pa.decimal64(18, 2)
"""Money in lists; the number behind it is the 分 of the lines."""

CHANGE_COLUMNS: Final[Mapping[str, str]] = {
    "household_id": "家庭编号",
    "member_id": "成员编号",
    "name": "姓名",
    "identity_number": "身份证号",
    "district": "区县",
    "programme": "项目",
    "change": "变动",
    "outcome_before": "原结论",
    "outcome_after": "新结论",
    "before": "原金额",
    "after": "新金额",
    "difference": "差额",
    "after_low": "新金额下限",
    "after_high": "新金额上限",
    "criteria": "条件",
    "clauses": "依据",
    "note": "待核原因",
    "in_payment": "在享",
    "assumptions": "假设",
}
"""The list of changes: columns of the lines and their headings. 新金额下限 and 上限 are set where it is not one figure."""

ARREARS_COLUMNS: Final[Mapping[str, str]] = {
    "household_id": "家庭编号",
    "member_id": "成员编号",
    "name": "姓名",
    "identity_number": "身份证号",
    "district": "区县",
    "programme": "项目",
    "month": "月份",
    "kind": "类别",
    "outcome_before": "当时结论",
    "outcome_after": "现在结论",
    "before": "当时应发",
    "after": "现在应发",
    "paid": "已发",
    "difference": "差额",
    "note": "待核原因",
    "in_payment": "在享",
    "assumptions": "假设",
}
"""The list of arrears, one line a month; 差额 is what is owed (+) or claimed back (−), empty where it is 待核."""

_DICTIONARY_BYTES: Final = 16 * 1024**2
"""Room for the household numbers of a batch, so that they stay coded."""
_ROWS_AT_ONCE: Final = 16_384
"""How many values of a column the writer of Parquet looks at before it asks whether a page is full."""
_GIVEN: Final = (
    "household_id",
    "district",
    "programme",
    "change",
    "month",
    "kind",
    "outcome_before",
    "outcome_after",
)
"""Never blank in a list that has them; the others cost a bit a line that says whether there is something."""
_MONEY: Final = ("before", "after", "paid", "difference", "after_low", "after_high")


def listed(lines: pa.RecordBatch, columns: Mapping[str, str]) -> pa.RecordBatch:
    """Lines as a list of offices."""
    arrays = [_column(lines, name) for name in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=list_schema(columns))


def list_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The columns of a list: money in yuan, words as dictionaries."""

    def kind(name: str) -> pa.DataType:
        if name in _MONEY:
            return YUAN
        return pa.bool_() if name == "in_payment" else WORDS

    return pa.schema([pa.field(title, kind(name), name not in _GIVEN) for name, title in columns.items()])


def _column(lines: pa.RecordBatch, name: str) -> pa.Array:
    if name == "district":
        codes = lines.column(name)
        names = [district_name(code) for code in codes.dictionary.to_pylist()]
        return coded(codes.indices, pa.array(names, pa.string()))
    if name in ("before", "after"):
        low, high = lines.column(f"{name}_low"), lines.column(f"{name}_high")
        return _yuan(pc.if_else(pc.equal(low, high), low, None))
    if name in ("after_low", "after_high"):
        low, high = lines.column("after_low"), lines.column("after_high")
        exact = pc.fill_null(pc.equal(low, high), False)
        return _yuan(pc.if_else(exact, None, lines.column(name)))
    return _yuan(lines.column(name)) if name in _MONEY else lines.column(name)


def _yuan(fen: pa.Array) -> pa.Array:
    """分 as yuan with two places: the same numbers, read differently."""
    whole = pa.concat_arrays([fen]) if fen.offset else fen  # a slice would bring all of its buffer
    return pa.Array.from_buffers(YUAN, len(whole), whole.buffers(), whole.null_count)


def write_parquet(path: Path, columns: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> None:
    """Writes a list as Parquet, one row group per batch of lines."""
    schema = list_schema(columns)
    words = [field.name for field in schema if field.type == WORDS]
    with pq.ParquetWriter(
        path,
        schema,
        compression="snappy",
        write_batch_size=_ROWS_AT_ONCE,
        use_dictionary=words,
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        write_statistics=False,
        store_decimal_as_integer=True,
    ) as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(listed(batch, columns), row_group_size=batch.num_rows)


PAYMENTS: Final = (
    ("区县", pa.string()),
    ("项目", pa.string()),
    ("原户数", pa.int64()),
    ("原人数", pa.int64()),
    ("原月发放额", YUAN),
    ("新户数", pa.int64()),
    ("新人数", pa.int64()),
    ("新月发放额", YUAN),
    ("月差额", YUAN),
    ("金额未定数", pa.int64()),
    ("补发额", YUAN),
    ("追回额", YUAN),
)
"""The summary of payments, one line per district and programme; 金额未定数 counts subjects whose amount is in no sum.

月差额 is that of subjects whose amounts are known on both sides."""


def payments(rules: Ruleset, totals: Totals) -> pa.Table:
    """What is paid before and after, and what is owed, by district and programme."""
    rows: dict[tuple[str, str], dict[str, int]] = {}

    def row(programme: str, district: str) -> dict[str, int]:
        return rows.setdefault((programme, district), dict.fromkeys((name for name, _ in PAYMENTS[2:]), 0))

    for (programme, district), covered in totals.covered.items():
        names = ("原户数", "原人数", "新户数", "新人数")
        row(programme, district).update(zip(names, covered, strict=True))
    for (programme, district, change), found in totals.changes.items():
        if change:
            target = row(programme, district)
            target["原月发放额"] += found[3]
            target["新月发放额"] += found[4]
            target["月差额"] += found[7] - found[8]
            target["金额未定数"] += found[6]
    for (programme, district, _, kind), (_, amount) in totals.arrears.items():
        if f"{kind}额" in row(programme, district):
            row(programme, district)[f"{kind}额"] += amount
    order = list(rules.programmes)
    keys = sorted(rows, key=lambda key: (key[1], order.index(key[0])))
    columns: list[Any] = [
        [district_name(district) for _, district in keys],
        [rules.programmes[p].name for p, _ in keys],
    ]
    columns += [[rows[key][name] for key in keys] for name, _ in PAYMENTS[2:]]
    arrays = [
        _yuan(pa.array(np.array(column, np.int64))) if kind == YUAN else pa.array(column, kind)
        for column, (_, kind) in zip(columns, PAYMENTS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema([pa.field(*item) for item in PAYMENTS]))


def parts(
    part: Callable[[int], Path], change_lines: Iterable[int], *, changes: bool
) -> Iterator[pa.RecordBatch]:
    """The lines of finished parts in order: the changes, of which there are so many in each, or the arrears."""
    for number, count in enumerate(change_lines):
        with pa.memory_map(os.fspath(part(number))) as source:
            lines = pa.ipc.open_file(source).get_batch(0)
        yield lines.slice(0, count) if changes else lines.slice(count)
