"""The register file: written whole or not at all, private, read in batches, its digest that of the content."""

from __future__ import annotations

import os
import pickle
import stat
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import ipc

from eligibility.errors import InputError, OutputError
from eligibility.register.columns import COLUMNS, MEMBERS, Column
from eligibility.register.content import MAX_WORDS
from eligibility.register.flat import tables
from eligibility.register.sample import write_sample
from eligibility.register.schema import BATCH_HOUSEHOLDS, WORDS, conformed, schema_of
from eligibility.register.store import Register, RegisterWriter, open_register
from eligibility.ruleset import Ruleset

_TITLES = (
    "家庭编号",
    "地区",
    "声明",
    "货币财产",
    "住房面积",
    "成员编号",
    "身份证号",
    "出生日期",
    "本市户籍",
    "残疾",
    "刑期月数",
)
COLUMNS_USED: tuple[Column, ...] = tuple(column for column in COLUMNS if column.title in _TITLES)
SCHEMA = schema_of(COLUMNS_USED)
_WORDS = ("无", "肢体二级", "肢体二级、视力一级", "智力三级")


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Households with different cells, some of them unknown."""
    return [
        {
            "家庭编号": f"甲{n}",
            "地区": f"1101120{n % 7:05d}",
            "货币财产": None if n % 3 else n * 100,
            "住房面积": 5850 if n % 2 else None,
            MEMBERS: [
                {
                    "成员编号": str(m),
                    "身份证号": "110199199001010015" if m == 0 else None,
                    "出生日期": date(1990, 1, 1 + n % 28) if m else None,
                    "本市户籍": (True, False, None)[(n + m) % 3],
                    "残疾": None if m == 2 else _WORDS[(n + m) % 4],
                }
                for m in range(1 + n % 3)
            ],
        }
        for n in range(first, first + count)
    ]


def batch(data: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(data, schema=schema)


def write(path: Path, data: list[dict[str, Any]], cuts: tuple[int, ...] = ()) -> Register:
    bounds = [0, *sorted(cuts), len(data)]
    with RegisterWriter(path, SCHEMA) as writer:
        for start, end in pairwise(bounds):
            writer.append(batch(data[start:end]))
    return open_register(path)


def read(register: Register, start: int = 0) -> list[dict[str, Any]]:
    return [row for part in register.batches(start) for row in part.to_pylist()]


def full(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with every column of the schema."""
    found: list[dict[str, Any]] = batch(data).to_pylist()
    return found


def test_what_is_written_is_read(tmp_path: Path) -> None:
    data = rows(10)
    register = write(tmp_path / "台账.arrow", data, (4,))
    assert read(register) == full(data)
    assert read(register, 1) == full(data[4:])
    assert (register.households, register.persons) == (10, sum(len(row[MEMBERS]) for row in data))
    assert register.schema.equals(SCHEMA)
    assert all(part.schema.equals(SCHEMA) for part in register.batches())


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "台账.arrow"
    path.write_text("旧的")
    path.chmod(0o644)
    write(path, rows(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["台账.arrow"]


def test_after_an_error_the_old_file_stands_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "台账.arrow"
    write(path, rows(2))
    with pytest.raises(ZeroDivisionError), RegisterWriter(path, SCHEMA) as writer:
        _append_and_fail(writer)
    assert open_register(path).households == 2
    assert os.listdir(tmp_path) == ["台账.arrow"]


def _append_and_fail(writer: RegisterWriter) -> None:
    writer.append(batch(rows(3)))
    raise ZeroDivisionError


def test_nothing_stands_there_before_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "台账.arrow"
    writer = RegisterWriter(path, SCHEMA)
    writer.append(batch(rows(3)))
    assert not path.exists()
    assert writer.finish().households == 3


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / "没有" / "台账.arrow", tmp_path):
        with pytest.raises(OutputError):
            RegisterWriter(path, SCHEMA)
    assert os.listdir(tmp_path) == []


@given(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=3), st.booleans())
@settings(max_examples=30)
def test_the_digest_is_that_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, count: int, cuts: list[int], extra: bool
) -> None:
    folder = tmp_path_factory.mktemp("台账")
    data = rows(count)
    one = write(folder / "一.arrow", data)
    other = write(folder / "二.arrow", data, tuple(min(cut, count) for cut in cuts))
    pq.write_table(pa.Table.from_batches(list(one.batches()), SCHEMA), folder / "三.parquet")
    nested = open_register(folder / "三.parquet")
    assert one.digest == other.digest == nested.digest
    assert (nested.households, nested.persons) == (one.households, one.persons)
    assert read(nested) == read(one)
    narrow = schema_of(column for column in COLUMNS_USED if column.title not in ("声明", "刑期月数"))
    with RegisterWriter(folder / "四.arrow", narrow) as writer:
        writer.append(conformed_to(narrow, data))
    assert open_register(folder / "四.arrow").digest == one.digest


def conformed_to(schema: pa.Schema, data: list[dict[str, Any]]) -> pa.RecordBatch:
    return conformed(batch(data, schema), schema).batch()


@pytest.mark.parametrize(
    ("title", "value"), [("货币财产", 1), ("家庭编号", "乙"), ("地区", "110101001000"), ("住房面积", None)]
)
def test_another_cell_makes_another_digest(tmp_path: Path, title: str, value: object) -> None:
    data = rows(4)
    before = write(tmp_path / "一.arrow", data).digest
    data[1] = {**data[1], title: value}
    assert write(tmp_path / "二.arrow", data).digest != before


def test_another_member_makes_another_digest(tmp_path: Path) -> None:
    data = rows(4)
    before = write(tmp_path / "一.arrow", data).digest
    moved = [{**row} for row in data]
    moved[1][MEMBERS], moved[2][MEMBERS] = data[1][MEMBERS][:-1], [data[1][MEMBERS][-1], *data[2][MEMBERS]]
    assert write(tmp_path / "二.arrow", moved).digest != before


_HIDDEN: dict[str, tuple[pa.Array, int]] = {
    "货币财产": (pa.array([1, 7_000_003, 3], pa.int64()), 0),
    "住房面积": (pa.array([1, 70_003, 3], pa.int32()), 0),
    "出生日期": (pa.array([date(1990, 1, 1), date(1991, 2, 3), date(1992, 3, 4)]), 1),
    "本市户籍": (pa.array([True, True, False]), 1),
    "残疾": (pa.array(["无", "肢体二级", "无"]).dictionary_encode().cast(WORDS), 1),
    "身份证号": (pa.array(["110199199001010015", "110199199102030017", "110199199203040019"]), 1),
}


def _struck_out(array: pa.Array, second: pa.Array) -> pa.Array:
    """The same cells under a validity in which the second is null."""
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(_struck_out(array.indices, second), array.dictionary)
    return pa.Array.from_buffers(array.type, 3, [second.buffers()[0], *array.buffers()[1:]])


@pytest.mark.parametrize("title", list(_HIDDEN))
def test_what_lies_under_a_null_is_not_written(tmp_path: Path, title: str) -> None:
    array, level = _HIDDEN[title]
    hidden = _struck_out(array, pa.array([1, None, 3]))
    plain = pa.array(hidden.to_pylist(), pa.string() if pa.types.is_dictionary(array.type) else array.type)
    files = []
    for n, column in enumerate((hidden, plain)):
        part = tables(batch([{**row, MEMBERS: row[MEMBERS][:1]} for row in rows(3)]))
        cells = (part.household, part.persons)[level]
        changed = {**cells, title: column}
        part = replace(part, **{"persons" if level else "household": changed})
        with RegisterWriter(tmp_path / f"{n}.arrow", SCHEMA) as writer:
            writer.append(part.batch())
        files.append(tmp_path / f"{n}.arrow")
    assert open_register(files[0]).digest == open_register(files[1]).digest
    assert files[0].read_bytes() == files[1].read_bytes()


def test_one_dictionary_for_the_whole_file(tmp_path: Path) -> None:
    register = write(tmp_path / "台账.arrow", rows(12), (2, 5))
    found = [part.column("地区").dictionary.to_pylist() for part in register.batches()]
    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == len(found[0]) == 7


def test_large_batches_are_divided(tmp_path: Path) -> None:
    count = BATCH_HOUSEHOLDS + 3
    ids = pa.array([str(n) for n in range(count)])
    people = pa.StructArray.from_arrays([pa.array(["1"] * count)], ["成员编号"])
    members = pa.ListArray.from_arrays(pa.array(range(count + 1), pa.int32()), people)
    part = pa.RecordBatch.from_arrays([ids, members], ["家庭编号", MEMBERS])
    with RegisterWriter(tmp_path / "台账.arrow", part.schema) as writer:
        writer.append(part)
    register = open_register(tmp_path / "台账.arrow")
    assert [len(part) for part in register.batches()] == [BATCH_HOUSEHOLDS, 3]
    assert register.find(str(count - 1))["家庭编号"] == str(count - 1)


def test_batches_are_counted_as_they_come(tmp_path: Path) -> None:
    """Somebody else's batches may be larger, or empty."""
    count = 2 * BATCH_HOUSEHOLDS + 3
    ids = pa.array([str(n) for n in range(count)])
    people = pa.StructArray.from_arrays([pa.array(["1"] * count)], ["成员编号"])
    members = pa.ListArray.from_arrays(pa.array(range(count + 1), pa.int32()), people)
    part = pa.RecordBatch.from_arrays([ids, members], ["家庭编号", MEMBERS])
    with pa.ipc.new_file(str(tmp_path / "台账.arrow"), part.schema) as writer:
        for stored in (part.slice(0, 0), part.slice(0, 10), part.slice(10)):
            writer.write_batch(stored)
    register = open_register(tmp_path / "台账.arrow")
    firsts = [[p.column("家庭编号")[0].as_py() for p in register.batches(start)] for start in range(5)]
    assert firsts[0] == ["0", "10", str(BATCH_HOUSEHOLDS + 10)]
    assert firsts == [firsts[0][start:] for start in range(5)]


def test_an_empty_register(tmp_path: Path) -> None:
    with RegisterWriter(tmp_path / "台账.arrow", SCHEMA):
        pass
    register = open_register(tmp_path / "台账.arrow")
    assert (register.households, register.persons, read(register)) == (0, 0, [])


def test_finding_one_household(tmp_path: Path) -> None:
    data = rows(9)
    register = write(tmp_path / "台账.arrow", data, (3, 6))
    assert register.find("甲7") == full(data)[7]
    with pytest.raises(InputError) as refused:
        register.find("110199199001010015")
    assert refused.value.code == "register-unknown-household"
    assert "110199199001010015" not in str(refused.value)


def test_a_register_goes_to_other_processes(tmp_path: Path) -> None:
    register = write(tmp_path / "台账.arrow", rows(3))
    assert read(pickle.loads(pickle.dumps(register))) == read(register)


def test_files_of_others_are_counted_and_converted(tmp_path: Path) -> None:
    data = rows(5)
    people = pa.struct([("成员编号", pa.string()), ("残疾", pa.string()), ("本市户籍", pa.bool_())])
    schema = pa.schema(
        [("家庭编号", pa.large_string()), ("货币财产", pa.int32()), (MEMBERS, pa.list_(people))]
    )
    with ipc.new_file(tmp_path / "别家.arrow", schema) as writer:
        writer.write_batch(batch(data, schema))
    register = open_register(tmp_path / "别家.arrow")
    assert (register.households, register.persons) == (5, sum(len(row[MEMBERS]) for row in data))
    assert [row["货币财产"] for row in read(register)] == [row["货币财产"] for row in data]
    assert register.find("甲3")[MEMBERS][0]["残疾"] == data[3][MEMBERS][0]["残疾"]


def test_a_value_too_large_is_refused_by_name(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            ("家庭编号", pa.string()),
            ("住房面积", pa.int64()),
            (MEMBERS, pa.list_(pa.struct([("成员编号", pa.string())]))),
        ]
    )
    path = tmp_path / "别家.parquet"
    row = {"家庭编号": "甲", "住房面积": 2**40, MEMBERS: [{"成员编号": "1"}]}
    pq.write_table(pa.Table.from_pylist([row], schema), path)
    with pytest.raises(InputError, match="住房面积"):
        read(open_register(path))


@pytest.mark.parametrize("length", [0, 5, 40, -30])
@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_a_broken_file(tmp_path: Path, length: int, form: str) -> None:
    register = write(tmp_path / "台账.arrow", rows(50), (20,))
    if form == "parquet":
        pq.write_table(pa.Table.from_batches(list(register.batches())), tmp_path / "台账.parquet")
    path = tmp_path / f"台账.{form}"
    path.write_bytes(path.read_bytes()[: length or None] if length else b"")
    with pytest.raises(InputError) as refused:
        read(open_register(path))
    assert refused.value.code in ("register-format", "register-broken")


def test_damage_in_the_middle_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "台账.arrow"
    write(path, rows(400))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle - 600 : middle + 600] = bytes(1200)
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read(open_register(path))
    assert refused.value.code == "register-broken"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        open_register(tmp_path / "没有.arrow")
    assert refused.value.code == "file-unreadable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"家庭编号": None}, "register-household"),
        ({MEMBERS: [{"成员编号": None}]}, "register-member"),
        ({MEMBERS: []}, "register-members"),
        ({MEMBERS: None}, "register-members"),
        ({MEMBERS: [None]}, "register-members"),
        ({MEMBERS: [{"成员编号": str(n)} for n in range(65)]}, "register-members"),
    ],
)
def test_households_that_no_register_holds(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused, RegisterWriter(tmp_path / "台账.arrow", SCHEMA) as writer:
        writer.append(batch([*rows(1), {**rows(1)[0], **change}]))
    assert refused.value.code == code
    assert os.listdir(tmp_path) == []


def test_a_column_that_the_schema_does_not_have(tmp_path: Path) -> None:
    narrow = schema_of(column for column in COLUMNS_USED if column.title != "货币财产")
    with RegisterWriter(tmp_path / "台账.arrow", narrow) as writer:
        writer.append(batch([{**row, "货币财产": None} for row in rows(2)]))
        with pytest.raises(InputError, match="货币财产"):
            writer.append(batch(rows(2)))


def test_more_words_than_a_dictionary_holds(tmp_path: Path) -> None:
    data = [
        {"家庭编号": str(n), "地区": f"{n:012d}", MEMBERS: [{"成员编号": "1"}]} for n in range(MAX_WORDS + 1)
    ]
    schema = pa.schema(
        [
            ("家庭编号", pa.string()),
            ("地区", pa.string()),
            (MEMBERS, pa.list_(pa.struct([("成员编号", pa.string())]))),
        ]
    )
    with RegisterWriter(tmp_path / "台账.arrow", schema) as writer:
        writer.append(batch(data[: MAX_WORDS // 2], schema))
        with pytest.raises(InputError) as refused:
            writer.append(batch(data[MAX_WORDS // 2 :], schema))
    assert refused.value.code == "register-words"


def test_parquet_in_several_row_groups(tmp_path: Path, beijing: Ruleset) -> None:
    """Dictionaries of nested columns are read group by group, since Arrow cannot join them."""
    write_sample(tmp_path / "台账.arrow", households=400, seed=5, rules=beijing)
    register = open_register(tmp_path / "台账.arrow")
    with pq.ParquetWriter(tmp_path / "台账.parquet", register.schema) as writer:
        for batch in register.batches():
            writer.write_batch(batch, row_group_size=150)
    nested = open_register(tmp_path / "台账.parquet")
    assert [batch.num_rows for batch in nested.batches()] == [150, 150, 100]
    assert nested.digest == register.digest
