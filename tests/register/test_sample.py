"""The sample register: nobody real, valid row by row, the same for the same seed, and lifelike where rules look."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from eligibility import determine
from eligibility.case.identity import check_certificate_number, check_identity_number
from eligibility.errors import InputError, OutputError
from eligibility.register.cases import case_of
from eligibility.register.columns import MEMBERS, RECEIPTS
from eligibility.register.flat import tables
from eligibility.register.importing import import_register
from eligibility.register.normal import normalised
from eligibility.register.sample import (
    MAX_SAMPLE,
    register_batch,
    sample_columns,
    sample_tables,
    write_sample,
    write_sample_csv,
)
from eligibility.register.sample_block import draw_block
from eligibility.register.sample_cells import Draw, signs
from eligibility.register.sample_people import BLOCK, DISTRICTS, MAX_BLOCKS, draw_people, identity_numbers
from eligibility.register.store import open_register
from eligibility.ruleset import Ruleset, load_ruleset

Row = dict[str, Any]
EARLY = frozenset({"收入.育儿补贴"})
"""Columns of income kinds that a ruleset does not yet have in 2020."""


@cache
def batch() -> pa.RecordBatch:
    rules = load_ruleset("beijing")
    return register_batch(draw_block(1, 0, rules), sample_columns(rules))


@cache
def rows() -> tuple[Row, ...]:
    return tuple(batch().slice(0, 3000).to_pylist())


def members(several: Sequence[Row]) -> Iterator[Row]:
    return (person for row in several for person in row[MEMBERS])


def numbers(block: pa.RecordBatch) -> pa.Array:
    return tables(block).persons["身份证号"].drop_null()


@settings(max_examples=8)
@given(st.integers(0, 2**63), st.sampled_from((0, 1, 77, MAX_BLOCKS - 1)), st.integers(0, BLOCK - 40))
def test_every_household_stands_for_a_case(beijing: Ruleset, seed: int, number: int, start: int) -> None:
    block = register_batch(draw_block(seed, number, beijing), sample_columns(beijing))
    for row in block.slice(start, 40).to_pylist():
        case = case_of(row, tuple(beijing.income_kinds))
        assert len(case.members) == len(row[MEMBERS])


def test_identity_numbers_belong_to_nobody_and_are_valid() -> None:
    drawn = numbers(batch())
    assert pc.all(pc.starts_with(drawn, "110199")).as_py()
    for number in drawn[:800].to_pylist():
        assert check_identity_number(number) == number
    held = [person for person in members(rows()) if person["残疾证号"] is not None]
    assert held
    for person in held:
        assert check_certificate_number(person["残疾证号"])[:18] == person["身份证号"]


def test_identity_numbers_are_unique_over_the_first_and_the_last_blocks() -> None:
    blocks = (0, 1, 2, 100, MAX_BLOCKS - 2, MAX_BLOCKS - 1)
    people = [draw_people(Draw(1, block), block) for block in blocks]
    drawn = pa.concat_arrays([signs(identity_numbers(some)) for some in people])
    assert len(drawn) > 100_000
    assert pc.count_distinct(drawn).as_py() == len(drawn)


def test_rows_are_as_an_import_would_store_them(beijing: Ruleset) -> None:
    before, after = tables(batch()), tables(normalised(batch(), tuple(beijing.income_kinds)))
    for one, other in ((before.household, after.household), (before.persons, after.persons)):
        assert set(one) == set(other)
        for title in one:
            assert plain(one[title]).equals(plain(other[title])), title


def plain(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def test_a_smaller_sample_begins_a_larger_one(tmp_path: Path, beijing: Ruleset) -> None:
    written = [
        write_sample(tmp_path / f"{count}.arrow", households=count, seed=3, rules=beijing)
        for count in (BLOCK + 5, BLOCK + 700)
    ]
    assert written[0].digest != written[1].digest
    for household in ("B00000001", f"B{BLOCK:08d}", f"B{BLOCK + 5:08d}"):
        small, large = (
            open_register(tmp_path / f"{one.households}.arrow").find(household) for one in written
        )
        assert small == large
    with pytest.raises(InputError):
        open_register(tmp_path / f"{BLOCK + 5}.arrow").find(f"B{BLOCK + 6:08d}")


def test_the_same_seed_gives_the_same_file_and_another_one_another(tmp_path: Path, beijing: Ruleset) -> None:
    told: list[int] = []
    first, second, other = (
        write_sample(tmp_path / name, households=900, seed=seed, rules=beijing, progress=told.append)
        for name, seed in (("a", 4), ("b", 4), ("c", 5))
    )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert first == second
    assert other.digest != first.digest
    assert told == [900, 900, 900]
    register = open_register(tmp_path / "a")
    assert (register.households, register.persons) == (first.households, first.persons)
    assert register.digest == first.digest
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_large_sample_is_written_in_batches(
    tmp_path: Path, beijing: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eligibility.register.sample.BATCH_HOUSEHOLDS", 2 * BLOCK)
    told: list[int] = []
    report = write_sample(
        tmp_path / "a", households=4 * BLOCK + 9, seed=1, rules=beijing, progress=told.append
    )
    assert told == [2 * BLOCK, 4 * BLOCK, 4 * BLOCK + 9]
    parts = list(open_register(tmp_path / "a").batches())
    assert [part.num_rows for part in parts] == [2 * BLOCK, 2 * BLOCK, 9]
    ids = [number for part in parts for number in part.column("家庭编号").to_pylist()]
    assert ids == [f"B{number:08d}" for number in range(1, 4 * BLOCK + 10)]
    assert report.persons == sum(len(part.column(MEMBERS).flatten()) for part in parts)


@pytest.mark.parametrize(("households", "seed"), [(0, 1), (MAX_SAMPLE + 1, 1), (5, -1)])
def test_impossible_samples_are_refused(tmp_path: Path, beijing: Ruleset, households: int, seed: int) -> None:
    with pytest.raises(InputError) as refused:
        write_sample(tmp_path / "a", households=households, seed=seed, rules=beijing)
    assert refused.value.problems[0].code in ("sample-households", "sample-seed")
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path, beijing: Ruleset) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError):
        write_sample_csv(tmp_path / "a", households=5, seed=1, rules=beijing)


# —— lifelike ——


def share(flags: Any) -> float:
    return float(np.mean(list(flags)))


def test_people_are_lifelike() -> None:
    split = tables(batch())
    sizes = Counter(np.diff(split.offsets).tolist())
    expected = {1: 0.27, 2: 0.28, 3: 0.23, 4: 0.13, 5: 0.06, 6: 0.03}
    assert set(sizes) == set(expected)
    for size, part in expected.items():
        assert sizes[size] / BLOCK == pytest.approx(part, abs=0.015)
    local = [value for value in split.persons["本市户籍"].to_pylist() if value is not None]
    assert share(local) == pytest.approx(0.93, abs=0.01)
    impaired = [text != "无" for text in split.persons["残疾"].to_pylist() if text is not None]
    assert share(impaired) == pytest.approx(0.12, abs=0.015)
    districts = Counter(code[:6] for code in split.household["地区"].to_pylist() if code is not None)
    assert set(districts) == set(DISTRICTS)
    assert len(DISTRICTS) == 16
    assert districts["110105"] > 5 * districts["110119"]


def test_a_few_children_are_in_difficulty_and_the_others_have_two_parents() -> None:
    children = [
        person for person in members(rows()) if person["弃婴"] is not None or person["已收养"] is not None
    ]
    hard = [
        child
        for child in children
        if all(
            child[f"父母{number}.情形"] not in (None, "无")
            or child[f"父母{number}.状况"] in ("未知", "查找不到")
            for number in (1, 2)
        )
    ]
    assert len(hard) / len(children) == pytest.approx(0.02, abs=0.01)
    assert {child["养育方式"] for child in hard} >= {"机构", "散居", "寄养"}
    kinds = {text for child in hard for number in (1, 2) if (text := child[f"父母{number}.情形"]) is not None}
    assert kinds >= {"死亡", "服刑", "失联", "重病"}
    usual = [
        child
        for child in children
        if child["父母1.成员编号"] is not None and child["父母2.成员编号"] is not None
    ]
    assert len(usual) > len(children) / 2
    assert share(child["父母1.状况"] == "已知" for child in usual) == 1.0


def test_gaps_are_few_and_clustered() -> None:
    """3 % of the cells that stand in complete files are blank, nearly all of them in one household in seven."""
    always = [
        title
        for title, array in tables(batch()).persons.items()
        if title.startswith("收入.") or title in ("与户主关系", "共同生活", "本市户籍", "就业状况", "身份")
    ]
    declared = [row for row in rows() if row["声明"] is not None]
    silent = [row for row in rows() if row["声明"] is None]
    assert len(declared) / 3000 == pytest.approx(0.4, abs=0.04)
    blanks = [[person[title] is None for title in always] for person in members(silent)]
    assert share(np.concatenate(blanks)) == pytest.approx(0.03, abs=0.006)
    assert share(any(line) for line in blanks) < 0.2
    for title in always:
        assert any(person[title] is None for person in members(silent)), title
    listed = [person[title] for person in members(declared) for title in always if title.startswith("收入.")]
    assert None not in listed


UNCOUNTED = (
    "优待抚恤金",
    "计划生育奖励扶助金",
    "奖学金",
    "见义勇为奖励",
    "社会救助款物",
    "残疾人两项补贴",
    "育儿补贴",
)
UNCOUNTED += ("困境儿童生活费", "高龄津贴")
TAKEN_OFF = ("城乡基础养老金中央部分", "必要就业成本", "社会保险费", "个人所得税", "赡养抚养支出")


def counted_income(row: Row) -> int | None:
    """What the law counts of a household of local people whose file is complete; else None."""
    total = row["赡养抚养费"]
    for person in row[MEMBERS]:
        sound = (
            person["本市户籍"]
            and person["共同生活"]
            and person["死亡日期"] is None
            and person["不计入情形"] == "无"
            and person["与户主关系"] in ("户主", "配偶", "子女", "父母")
        )
        incomes = {title[3:]: value for title, value in person.items() if title.startswith("收入.")}
        if not sound or total is None or None in incomes.values():
            return None
        total += sum(value for kind, value in incomes.items() if kind not in UNCOUNTED)
        total -= sum(person[title] or 0 for title in TAKEN_OFF)
    return int(total)


def test_incomes_crowd_around_the_lines() -> None:
    heads: list[float] = []
    at = Counter[tuple[int, int]]()
    for row in rows():
        total, people = counted_income(row), len(row[MEMBERS])
        if total is None:
            continue
        heads.append(total / people)
        for line in (145_000, 148_000, 232_000, 242_000):
            if abs(total - line * people) <= 1:
                at[line, total - line * people] += 1
    assert share(90_000 <= income <= 250_000 for income in heads) > 0.55
    assert {line for line, off in at if off == 0} == {145_000, 148_000, 232_000, 242_000}
    assert all(at[line, off] > 3 for line in (145_000, 148_000) for off in (-1, 0, 1))


def test_what_is_in_payment_is_what_the_standard_leaves() -> None:
    paid = due = 0
    for row in rows():
        total = counted_income(row)
        if total is not None and row["在享月额.低保"] is not None:
            paid += 1
            due += row["在享月额.低保"] == 145_000 * len(row[MEMBERS]) - total
    assert paid > 300
    assert 0.8 < due / paid < 1
    lists = {person[RECEIPTS] for person in members(rows())} - {None, "无"}
    words = {word for text in lists for word in text.split("、")}
    assert words >= {"生活补贴", "护理补贴", "困境儿童", "特困", "单人保", "重病补助"}


@pytest.mark.parametrize("month", ["2020-08", "2025-08"])
def test_most_households_come_out_determined(beijing: Ruleset, month: str) -> None:
    left_out = EARLY if month < "2025" else frozenset()
    kinds = tuple(kind for kind in beijing.income_kinds if f"收入.{kind}" not in left_out)
    outcomes = Counter[str]()
    for row in rows()[:120]:
        people = [
            {title: value for title, value in person.items() if title not in left_out}
            for person in row[MEMBERS]
        ]
        determination = determine(case_of({**row, MEMBERS: people}, kinds), beijing, month=month)
        outcomes[determination["dibao"].outcome.value] += 1
    assert outcomes["undetermined"] < 0.35 * 120
    assert min(outcomes["eligible"], outcomes["ineligible"]) > 0.2 * 120


# —— as an office types it ——


def test_importing_the_typed_tables_gives_the_register(tmp_path: Path, beijing: Ruleset) -> None:
    folder = tmp_path / "表"
    paths = write_sample_csv(folder, households=400, seed=6, rules=beijing, contradictions=False)
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o600]
    report = import_register(folder, tmp_path / "imported", beijing)
    assert report.problems == ()
    write_sample(tmp_path / "written", households=400, seed=6, rules=beijing)
    imported, written = (
        [row for part in open_register(tmp_path / name).batches() for row in part.to_pylist()]
        for name in ("imported", "written")
    )
    assert known(imported) == known(written)


def known(several: Sequence[Row]) -> list[Row]:
    """Rows without their blanks: a column that nobody fills may be left out."""
    return [
        {
            title: [drop(person) for person in value] if title == MEMBERS else value
            for title, value in drop(row).items()
        }
        for row in several
    ]


def drop(row: Row) -> Row:
    return {title: value for title, value in row.items() if value is not None}


def differing(one: pa.Table, other: pa.Table) -> pa.Array:
    """In which rows two tables of text differ."""
    return reduce(
        pc.or_,
        (pc.not_equal(one[title].fill_null(""), other[title].fill_null("")) for title in one.schema.names),
    )


def test_one_household_in_a_thousand_contradicts_itself(beijing: Ruleset) -> None:
    clean, dirty = (sample_tables(BLOCK, 7, beijing, contradictions=flag) for flag in (False, True))
    assert clean[0].equals(dirty[0])
    changed = set(dirty[1]["家庭编号"].filter(differing(clean[1], dirty[1])).to_pylist())
    assert 2 <= len(changed) <= 20


def test_households_that_contradict_themselves_are_listed_and_no_others(
    tmp_path: Path, beijing: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eligibility.register.sample_text.CONTRADICTORY", 0.08)
    clean, dirty = (sample_tables(600, 7, beijing, contradictions=flag) for flag in (False, True))
    changed = set(dirty[1]["家庭编号"].filter(differing(clean[1], dirty[1])).to_pylist())
    for title, table in zip(("家庭", "成员"), dirty, strict=True):
        csv.write_csv(table, tmp_path / f"{title}.csv")
    report = import_register(tmp_path, tmp_path / "imported", beijing)
    assert {problem.household for problem in report.problems} == changed
    assert report.households == 600 - len(changed)
    assert {problem.code for problem in report.problems} >= {
        "case-two-heads",
        "case-birth-date",
        "case-sex",
        "case-generation",
        "case-duplicate-id",
    }


def test_typed_tables_are_text_and_leave_out_the_obvious(beijing: Ruleset) -> None:
    household, person = sample_tables(300, 2, beijing)
    assert {str(field.type) for field in (*household.schema, *person.schema)} == {"string"}
    assert household.num_rows == 300
    assert person.schema.names[:2] == ["家庭编号", "成员编号"]
    declared = {row["家庭编号"] for row in household.to_pylist() if row["声明"] == "未列事项均无"}
    assert declared
    for row in person.to_pylist():
        assert row["家庭编号"] not in declared or row["收入.工资性收入"] != "0.00"
        assert row["父母1.成员编号"] is None or row["父母1.状况"] is None
