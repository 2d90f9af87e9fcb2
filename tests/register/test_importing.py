"""Imports: rows become households, nothing is lost, and a household is refused if and only if it is no case."""

from __future__ import annotations

import stat
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.errors import InputError
from eligibility.quantities import Month
from eligibility.register.cases import case_of
from eligibility.register.checking import findings
from eligibility.register.columns import (
    IMPAIRMENTS,
    Column,
    ColumnKind,
    column_of,
    paid_column,
    register_columns,
)
from eligibility.register.flat import tables
from eligibility.register.importing import import_register
from eligibility.register.normal import normalised
from eligibility.register.problems import ImportReport
from eligibility.register.schema import register_schema, schema_of
from eligibility.register.store import open_register
from eligibility.ruleset import Ruleset
from eligibility.values import Level
from tests.register.office import (
    CHILD,
    HOUSEHOLDS,
    MOTHER,
    PERSONS,
    Rows,
    both,
    csv_folder,
    with_cell,
    write_csv,
    write_xlsx,
)
from tests.strategies import identity_number


def run(folder: Path, rules: Ruleset, households: Rows = HOUSEHOLDS, persons: Rows = PERSONS) -> ImportReport:
    return import_register(csv_folder(folder / "来", households, persons), folder / "r.arrow", rules)


def codes(report: ImportReport) -> list[tuple[int, int, str]]:
    return [(problem.level, problem.row, problem.code) for problem in report.problems]


def test_two_tables_become_households(tmp_path: Path, beijing: Ruleset) -> None:
    report = run(tmp_path, beijing)
    assert (report.households, report.persons, report.rows_in, report.rows_listed) == (2, 3, 5, 0)
    register = open_register(tmp_path / "r.arrow")
    row = register.find("0012")
    assert (row["货币财产"], row["住房套数"], row["地区"]) == (123_450, 1, "110199001001")
    assert [member["成员编号"] for member in row["成员"]] == ["1", "2"]
    assert row["成员"][0]["出生日期"] == date(1988, 4, 12)
    assert row["成员"][0]["收入.工资性收入"] == 240_000
    assert row["成员"][1]["收入.工资性收入"] is None
    other = register.find("12")
    assert (other["货币财产"], other["住房套数"]) == (None, 0)
    assert stat.S_IMODE((tmp_path / "r.arrow").stat().st_mode) == 0o600


def test_the_same_from_every_source(tmp_path: Path, beijing: Ruleset) -> None:
    run(tmp_path, beijing)
    digest = open_register(tmp_path / "r.arrow").digest
    for name, rows in both().items():
        columns = {title: [row[at] or None for row in rows[1:]] for at, title in enumerate(rows[0])}
        pq.write_table(
            pa.table({name: pa.array(c, pa.string()) for name, c in columns.items()}),
            tmp_path / f"{name}.parquet",
        )
    pair = (write_csv(tmp_path / "甲.csv", HOUSEHOLDS, "gb18030"), write_csv(tmp_path / "乙.csv", PERSONS))
    pq.write_table(
        pa.Table.from_batches(open_register(tmp_path / "r.arrow").batches()), tmp_path / "n.parquet"
    )
    sources = [write_xlsx(tmp_path / "a.xlsx", both()), pair, tmp_path / "n.parquet"]
    sources.append((tmp_path / "家庭.parquet", tmp_path / "成员.parquet"))
    for number, source in enumerate(sources):
        report = import_register(source, tmp_path / f"{number}.arrow", beijing)
        assert report.problems == ()
        assert open_register(tmp_path / f"{number}.arrow").digest == digest


def test_members_without_numbers_are_counted(tmp_path: Path, beijing: Ruleset) -> None:
    persons = [[cell for at, cell in enumerate(row) if at != 1] for row in PERSONS]
    assert run(tmp_path, beijing, HOUSEHOLDS, persons).problems == ()
    members = open_register(tmp_path / "r.arrow").find("0012")["成员"]
    assert [member["成员编号"] for member in members] == ["1", "2"]


OTHER = identity_number(date(1990, 1, 1), 11)
H, P = Level.HOUSEHOLD, Level.PERSON


@pytest.mark.parametrize(
    ("households", "persons", "expected"),
    [
        (with_cell(HOUSEHOLDS, 2, "货币财产", "/"), PERSONS, [(H, 2, "cell-unclear"), (P, 2, "same-household"), (P, 4, "same-household")]),
        (HOUSEHOLDS, with_cell(PERSONS, 4, "身份证号", CHILD[:-1]), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "cell-identity-number")]),
        ([*HOUSEHOLDS, HOUSEHOLDS[2]], PERSONS, [(H, 3, "household-twice"), (H, 4, "household-twice"), (P, 3, "same-household")]),
        ([*HOUSEHOLDS, ("7", "", "", "")], PERSONS, [(H, 4, "household-empty")]),
        (HOUSEHOLDS, [*PERSONS, ("9", "1", *[""] * 6)], [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "household-doubtful"), (P, 5, "member-no-household")]),
        (HOUSEHOLDS, [*PERSONS, ("", "1", *[""] * 6)], [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "household-doubtful"), (P, 5, "cell-required")]),
        (HOUSEHOLDS, with_cell(PERSONS, 3, "身份证号", MOTHER), [(H, 2, "same-household"), (H, 3, "same-household"), (P, 2, "person-twice"), (P, 3, "cell-x"), (P, 4, "same-household")]),
        (HOUSEHOLDS, with_cell(PERSONS, 4, "成员编号", "1"), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "case-duplicate-id")]),
        (HOUSEHOLDS, with_cell(PERSONS, 4, "与户主关系", "户主"), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "case-two-heads")]),
        (HOUSEHOLDS, with_cell(PERSONS, 4, "出生日期", "2015-03-02"), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "case-birth-date")]),
        (HOUSEHOLDS, with_cell(PERSONS, 4, "抚养人", "3"), [(H, 2, "same-household"), (P, 2, "same-household"), (P, 4, "case-unknown-member")]),
        (with_cell(HOUSEHOLDS, 3, "住房面积", "60"), PERSONS, [(H, 3, "register-row"), (P, 3, "same-household")]),
        (HOUSEHOLDS, with_cell(PERSONS, 3, "在享待遇", "生活补贴"), [(H, 3, "same-household"), (P, 3, "register-row")]),
        ([*HOUSEHOLDS, ("合计", "", "1234.5", "1"), ("", "备注：以上", "", "")], PERSONS, [(H, 4, "row-summary"), (H, 5, "row-summary")]),
        ([*HOUSEHOLDS, HOUSEHOLDS[0]], PERSONS, [(H, 4, "row-header")]),
        ([*HOUSEHOLDS, ("8", "1")], [*PERSONS, ("8", "1", *[""] * 6)], [(H, 4, "row-fields"), (P, 5, "same-household")]),
        (HOUSEHOLDS, [*PERSONS, *(("12", str(n), *[""] * 6) for n in range(2, 66))], [(H, 3, "household-too-large"), *((P, n, "same-household") for n in (3, *range(5, 69)))]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_listed_with_its_household(
    households: Rows, persons: Rows, expected: list[tuple[int, int, str]], tmp_path: Path, beijing: Ruleset
) -> None:
    if any(code == "cell-x" for _, _, code in expected):
        # The other person's birth date, typed beside the number, does not fit either; only the number is looked at.
        expected = [(level, row, code.replace("cell-x", "person-twice")) for level, row, code in expected]
    report = run(tmp_path, beijing, households, persons)
    assert codes(report) == expected
    listed = Counter(problem.level for problem in report.problems)
    for table in report.tables:
        assert table.rows_in == table.rows_stored + table.rows_listed
        assert table.rows_listed == listed[table.level]
    assert report.rows_in == len(households) + len(persons) - 2
    stored = {
        row["家庭编号"]
        for batch in open_register(tmp_path / "r.arrow").batches()
        for row in batch.to_pylist()
    }
    assert stored.isdisjoint(problem.household for problem in report.problems)
    assert len(stored) == report.households
    assert all(problem.remedy for problem in report.problems)


def test_nothing_to_store(tmp_path: Path, beijing: Ruleset) -> None:
    for households, persons, listed in (
        (HOUSEHOLDS[:1], PERSONS[:1], 0),
        (HOUSEHOLDS[:1], PERSONS, 3),
        (HOUSEHOLDS, PERSONS[:1], 2),
        (HOUSEHOLDS[:2], with_cell(PERSONS[:2], 2, "抚养人", "9"), 2),
    ):
        report = run(tmp_path, beijing, households, persons)
        assert (report.households, report.rows_listed) == (0, listed)
        assert open_register(tmp_path / "r.arrow").households == 0


def test_columns_under_a_group_are_named_with_it(tmp_path: Path, beijing: Ruleset) -> None:
    groups = ["", "", "父母1", "", "父母2", ""]
    titles = ["家庭编号", "成员编号", "成员编号", "状况", "成员编号", "状况"]
    persons = [groups, titles, ["12", "1", "", "已知", "", "在"], ["0012", "1", "", "", "", ""]]
    own = [one for one in run(tmp_path, beijing, HOUSEHOLDS, persons).problems if one.code == "cell-choice"]
    assert [(one.row, one.column) for one in own] == [(3, "父母2.状况")]


def test_progress_is_told(tmp_path: Path, beijing: Ruleset) -> None:
    told: list[tuple[int, int]] = []
    folder = csv_folder(tmp_path / "来")
    import_register(folder, tmp_path / "r.arrow", beijing, progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 2)]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("没有.csv", "source-missing"),
        ("家庭.csv", "source-one-table"),
        ("a.txt", "source-kind"),
        (".", "source-missing"),
    ],
)
def test_sources_that_are_none(source: str, code: str, tmp_path: Path, beijing: Ruleset) -> None:
    write_csv(tmp_path / "家庭.csv", HOUSEHOLDS)
    (tmp_path / "a.txt").touch()
    name = tmp_path / source
    if code == "source-missing" and source != ".":
        with pytest.raises(InputError):
            import_register(name, tmp_path / "r.arrow", beijing)
        return
    with pytest.raises(InputError) as caught:
        import_register(name, tmp_path / "r.arrow", beijing)
    assert caught.value.code == code
    assert not (tmp_path / "r.arrow").exists()


def test_nested_registers_are_checked_like_tables(tmp_path: Path, beijing: Ruleset) -> None:
    schema = register_schema(beijing)
    good = {"家庭编号": "1", "成员": [{"成员编号": "1", "身份证号": MOTHER}]}
    rows: list[dict[str, Any]] = [
        good,
        {"家庭编号": "2", "成员": [{"成员编号": "1"}, {"成员编号": "2", "身份证号": CHILD[:-1]}]},
        {"家庭编号": "3", "成员": [{"成员编号": "1"}]},
        {"家庭编号": "3", "成员": [{"成员编号": "1"}]},
        {"家庭编号": "4", "货币财产": -1, "成员": [{"成员编号": "1"}]},
        {
            "家庭编号": "5",
            "成员": [{"成员编号": "1", "与户主关系": "户主"}, {"成员编号": "2", "与户主关系": "户主"}],
        },
        {"家庭编号": "6", "成员": [{"成员编号": "1", "残疾": "肢体九级"}]},
        {"家庭编号": "7", "成员": [{"成员编号": "1", "身份证号": OTHER}]},
        {"家庭编号": "8", "成员": [{"成员编号": "1"}, {"成员编号": "2", "身份证号": OTHER}]},
    ]
    pq.write_table(
        pa.Table.from_batches([pa.RecordBatch.from_pylist(rows, schema=schema)]), tmp_path / "n.parquet"
    )
    report = import_register(tmp_path / "n.parquet", tmp_path / "r.arrow", beijing)
    assert [(one.row, one.column, one.code) for one in report.problems] == [
        (2, "成员[2].身份证号", "cell-identity-number"),
        (3, "家庭编号", "household-twice"),
        (4, "家庭编号", "household-twice"),
        (5, "货币财产", "cell-money-range"),
        (6, "成员[2].与户主关系", "case-two-heads"),
        (7, "成员[1].残疾", "cell-choice"),
        (8, "成员[1].身份证号", "person-twice"),
        (9, "成员[2].身份证号", "person-twice"),
    ]
    assert (report.households, report.rows_in, report.rows_listed) == (1, 9, 8)
    assert open_register(tmp_path / "r.arrow").find("1")["成员"][0]["出生日期"] == date(1988, 4, 12)


# Few values for each column, so that contradictions are common.
_BORN = (date(1960, 5, 1), date(1990, 1, 1), date(2015, 3, 1))
_NUMBERS = tuple(identity_number(born, order) for born in _BORN for order in (1, 2))
_KINDS: dict[ColumnKind, tuple[Any, ...]] = {
    ColumnKind.MONEY: (0, 1, 50_000, 10**11),
    ColumnKind.SIGNED_MONEY: (-(10**11), 0, 10**11),
    ColumnKind.AREA: (0, 5850),
    ColumnKind.COUNT: (0, 1, 3, 21),
    ColumnKind.TERM: (0, 36),
    ColumnKind.DATE: (*_BORN, date(2020, 2, 29)),
    ColumnKind.TRUTH: (True, False),
    ColumnKind.MEMBER: ("1", "2", "3", "无"),
}
_TEXTS: dict[str, tuple[str, ...]] = {
    "成员编号": ("1", "2", "3", "无"),
    "身份证号": _NUMBERS,
    "残疾证号": tuple(number + code for number in _NUMBERS[:4] for code in ("41", "42", "73")),
    "地区": ("110199001001",),
}
_IMPAIRED = ("无", "肢体一级", "肢体二级", "肢体一级、肢体二级", "视力一级、肢体一级")


def cells(column: Column) -> st.SearchStrategy[Any]:
    if column.title in _TEXTS:
        return st.sampled_from(_TEXTS[column.title])
    if column.kind is ColumnKind.LIST:
        if set(column.choices) == set(IMPAIRMENTS):
            return st.sampled_from(_IMPAIRED)
        some = st.lists(st.sampled_from(column.choices), min_size=1, max_size=2)
        return st.one_of(st.just("无"), some.map("、".join))
    if column.choices:
        return st.sampled_from(column.choices)
    return st.sampled_from(_KINDS.get(column.kind, ("甲",)))


@st.composite
def registers(draw: st.DrawFn, rules: Ruleset) -> list[dict[str, Any]]:
    """Rows of households with a few arbitrary cells each: about half of them contradict themselves."""
    extra = (paid_column("低保", Month("2025-07")), paid_column("生活补贴", Month("2025-07"), Level.PERSON))
    columns = {
        level: [
            column
            for column in (*register_columns(rules, level), *extra)
            if column.level is level and column.title != "家庭编号"
        ]
        for level in (Level.HOUSEHOLD, Level.PERSON)
    }

    def some(level: Level, most: int) -> dict[str, Any]:
        chosen = draw(
            st.lists(st.sampled_from(columns[level]), max_size=most, unique_by=lambda column: column.title)
        )
        return {column.title: draw(cells(column)) for column in chosen}

    rows = []
    for number in range(draw(st.integers(1, 8))):
        members = [
            {"成员编号": str(place), **some(Level.PERSON, 6)}
            for place in range(1, draw(st.integers(1, 3)) + 1)
        ]
        rows.append({"家庭编号": str(number), **some(Level.HOUSEHOLD, 4), "成员": members})
    return rows


def check_rows(rows: list[dict[str, Any]], rules: Ruleset) -> int:
    """Compares what an import refuses with what `case_of` refuses; gives the number refused."""
    kinds = tuple(rules.income_kinds)
    used = {title for row in rows for cells in (row, *row["成员"]) for title in cells}
    extra = (paid_column("低保", Month("2025-07")), paid_column("生活补贴", Month("2025-07"), Level.PERSON))
    known = [column for column in (*register_columns(rules), *extra) if column.title in used]
    batch = pa.RecordBatch.from_pylist(rows, schema=schema_of(known))
    refused = set()
    for number, row in enumerate(batch.to_pylist()):
        try:
            case_of(row, kinds)
        except InputError:
            refused.add(number)
    found = findings(tables(batch), kinds)
    assert set(found) == refused
    kept = [row for number, row in enumerate(rows) if number not in refused]
    if kept:
        normalised(pa.RecordBatch.from_pylist(kept, schema=batch.schema), kinds)
    return len(refused)


@settings(max_examples=40)
@given(data=st.data())
def test_a_household_is_refused_if_it_is_no_case(data: st.DataObject, beijing: Ruleset) -> None:
    check_rows(data.draw(registers(beijing)), beijing)


_FOCUSED = {
    "证": ("残疾", "残疾证", "残疾证类别", "残疾证等级", "残疾证号", "身份证号", "出生日期", "性别"),
    "亲": ("与户主关系", "与申请人关系", "出生日期", "父母1.成员编号", "父母2.成员编号", "父母1.状况", "身份证号"),
    "人": ("抚养人", "抚养人出生日期", "共同生活", "共同生活起始", "本市户籍", "户籍迁入日期", "死亡日期", "出生日期"),
    "情": ("不计入情形", "服刑起始", "父母1.情形", "父母1.服刑起始", "父母2.情形", "父母2.失联报警回执", "父母2.残疾"),
    "钱": ("收入.城乡基础养老金", "城乡基础养老金中央部分", "收入.养老金", "必要就业成本", "个人所得税", "其他生活类补贴月额", "领取工伤生活护理费"),
    "领": ("在享待遇", "在享月额.生活补贴", "在享起始.生活补贴", "已发.生活补贴.2025-07"),
}  # fmt: skip


@pytest.mark.parametrize("focus", _FOCUSED)
def test_columns_that_contradict_each_other(focus: str, beijing: Ruleset) -> None:
    columns = {column.title: column for column in register_columns(beijing, Level.PERSON)}
    wanted = [columns.get(title) or column_of(title, Level.PERSON) for title in _FOCUSED[focus]]
    seen = Counter[bool]()

    @settings(max_examples=25)
    @given(data=st.data())
    def run_one(data: st.DataObject) -> None:
        def member(place: int) -> dict[str, Any]:
            chosen = {
                column.title: data.draw(st.one_of(st.none(), cells(column))) for column in wanted if column
            }
            return {"成员编号": str(place), **chosen}

        rows = []
        for number in range(4):
            outside = {"声明": data.draw(st.sampled_from([None, "未列事项均无"]))}
            if focus == "领":
                outside["在享待遇"] = data.draw(st.sampled_from([None, "无", "低保"]))
            members = [member(place) for place in range(1, data.draw(st.integers(1, 3)) + 1)]
            rows.append({"家庭编号": str(number), **outside, "成员": members})
        refused = check_rows(rows, beijing)
        seen.update({True: refused, False: len(rows) - refused})

    run_one()
    assert seen[True] > 5
    assert seen[False] > 2
