"""What lines and sums are put together from, column by column, against the same thing done one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.case import mask, mask_name
from eligibility.reevaluation.criteria import MatchedCriteria
from eligibility.reevaluation.outputs import ARREARS_COLUMNS, CHANGE_COLUMNS, list_schema
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.subjects import Subjects
from eligibility.reevaluation.totals import Cells

from .oracle import DrawnEvaluations

MOST = 2**56 + 1
"""More than doubles hold exactly."""


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(-MOST, MOST), st.integers(0, 3))))
def test_cells_are_sums_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[2])  # households stand together
    codes, amounts, households = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for code, amount, household in rows:
        wanted[code].append((amount, household))
    cells = Cells(codes)
    assert cells.codes == sorted(wanted)
    found = zip(
        cells.counts().tolist(), cells.sums(amounts).tolist(), cells.runs(households).tolist(), strict=True
    )
    assert list(found) == [
        (len(wanted[c]), sum(a for a, _ in wanted[c]), len({h for _, h in wanted[c]})) for c in cells.codes
    ]


def test_many_districts_are_many_cells() -> None:
    codes = np.array([70_000, 5, 70_000, 255, 256], np.int64)
    cells = Cells(codes)
    assert (cells.codes, cells.counts().tolist()) == ([5, 255, 256, 70_000], [1, 1, 1, 2])


NAMES = ["张三", "欧阳小明", "张三", None, " 李四 ", "王", "", "欧阳", "司马懿", "阿卜杜拉"]


def people(names: list[str | None]) -> Subjects:
    member = [("成员编号", pa.string()), ("姓名", pa.string()), ("身份证号", pa.string())]
    members = [
        {"成员编号": str(n), "姓名": name, "身份证号": None if name is None else f"11019919800101{n:03}X"}
        for n, name in enumerate(names)
    ]
    schema = pa.schema([("家庭编号", pa.string()), ("成员", pa.list_(pa.struct(member)))])
    return Subjects(pa.RecordBatch.from_pylist([{"家庭编号": "甲", "成员": members}], schema))


@pytest.mark.parametrize("names", [NAMES, [None, None]], ids=["各种姓名", "都没有姓名"])
def test_names_and_numbers_are_masked_as_one_by_one(names: list[str | None]) -> None:
    subjects = people(names)
    everybody = pa.array(np.arange(len(names), dtype=np.int32))
    masked = subjects.names(everybody, masked=True)
    masked.validate(full=True)
    assert masked.to_pylist() == [None if name is None else mask_name(name) for name in names]
    assert len(set(masked.dictionary.to_pylist())) == len(masked.dictionary)
    assert subjects.names(everybody, masked=False).to_pylist() == names
    numbers = subjects.members.field("身份证号").to_pylist()
    hidden = subjects.identity_numbers(everybody, masked=True).to_pylist()
    assert hidden == [None if number is None else mask(number) for number in numbers]


def test_an_office_that_numbers_by_identity_number() -> None:
    number, rows = "110199198001010018", pa.array([0], pa.int32())
    members = [{"成员编号": number}]
    for text in (number, "甲"):
        row = {"家庭编号": text, "成员": members}
        subjects = Subjects(pa.RecordBatch.from_pylist([row]))
        assert subjects.household_ids(rows, masked=True).to_pylist() == [mask(text)]
        assert subjects.household_ids(rows, masked=False).to_pylist() == [text]
        assert subjects.member_ids(rows, masked=True).to_pylist() == [mask(number)]


def test_open_criteria_are_those_of_routes_that_may_be_taken(plan: Plan, batch: pa.RecordBatch) -> None:
    edition = plan.edition_after
    verdicts = DrawnEvaluations(plan, batch).evaluate([edition])[0]
    for programme in edition.programmes:
        found = verdicts[programme.id]
        rows = np.arange(len(found.outcome))
        masks = MatchedCriteria(programme.id, plan.edition_before, edition).open(found, rows, after=True)
        for row, mask_ in enumerate(masks.tolist()):
            read = set(programme.exclusions)
            for index, route in enumerate(programme.routes):
                if int(found.routes[row]) >> index & 1:
                    read |= {condition.criterion for limb in route.when for condition in limb}
            positions = [i for i, criterion in enumerate(programme.criteria) if criterion.id in read]
            assert mask_ == sum(1 << i for i in positions if int(found.unknown[row]) >> i & 1)


@pytest.mark.parametrize("columns", [CHANGE_COLUMNS, ARREARS_COLUMNS], ids=["变动", "补发"])
def test_lists_say_what_is_never_blank(columns: Mapping[str, str]) -> None:
    given = {field.name for field in list_schema(columns) if not field.nullable}
    assert {"家庭编号", "区县", "项目"} < given
    assert not given & {"成员编号", "姓名", "差额", "待核原因", "假设"}
