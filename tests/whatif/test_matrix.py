"""The matrix: equal to adding up determinations one by one, over a register and over case files."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from eligibility import (
    Determination,
    InputError,
    Money,
    Month,
    Outcome,
    Ruleset,
    cli,
    determine,
    load_case,
    load_ruleset,
)
from eligibility.reevaluation.rows import case_under
from eligibility.register import Register, open_register
from eligibility.register.sample import write_sample
from eligibility.values import Level
from eligibility.whatif.matrix import Matrix, matrix_of_cases, matrix_of_register
from eligibility.whatif.overrides import apply_to_case, parse_override
from eligibility.whatif.scenario import Scenario, load_scenarios, scenario_of, supposed_edition

HOUSEHOLDS = 200
CASES = sorted(Path("cases").glob("*.yaml"))
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Path:
        path = tmp_path / "情景.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, beijing: Ruleset) -> Register:
    path = tmp_path_factory.mktemp("sample") / "样例.arrow"
    write_sample(path, households=HOUSEHOLDS, seed=5, rules=beijing)
    return open_register(path)


def figures(rules: Ruleset, *texts: str) -> Scenario:
    return scenario_of(tuple(parse_override(text, rules) for text in texts))


# —— The same by adding up determinations, without a column anywhere ——


def amount(determination: Determination, key: tuple[str, str | None]) -> tuple[Outcome | None, Money | None]:
    """The outcome of a verdict, and what is due as one known figure (None: there is none)."""
    for verdict in determination:
        if (verdict.programme.id, verdict.subject) == key and verdict.outcome is not Outcome.NOT_IN_FORCE:
            status = verdict.programme.kind == "status"
            due = verdict.outcome is not Outcome.INELIGIBLE and not status
            return verdict.outcome, verdict.amount if due else Money(0)
    return None, Money(0)


def change(old: tuple[Outcome | None, Money | None], new: tuple[Outcome | None, Money | None]) -> str | None:
    if Outcome.UNDETERMINED in (old[0], new[0]):
        return "review"
    was, is_ = old[0] is Outcome.ELIGIBLE, new[0] is Outcome.ELIGIBLE
    if was and not is_:
        return "leaves"
    if old[1] is None or new[1] is None:
        return "review"
    if is_ and not was:
        return "enters"
    if not is_:
        return None
    return "keeps" if old[1] == new[1] else "gains" if new[1] > old[1] else "loses"


def added_up(columns: Sequence[Sequence[Determination]]) -> list[dict[str, dict[str, Any]]]:
    """For every scenario and programme id the numbers of a matrix; `columns[0]` is the baseline."""
    result = []
    for column in columns:
        found: dict[str, dict[str, Any]] = {}
        for household, (before, after) in enumerate(zip(columns[0], column, strict=True)):
            programmes = {p.id: p for d in (before, after) for p in d.edition.programmes}
            for name, programme in programmes.items():
                row = found.setdefault(name, defaultdict(int) | {"households": defaultdict(set)})
                subjects: list[str | None] = [None]
                if programme.level is Level.PERSON:
                    ids = [*(m.id for m in before.case.members), *(m.id for m in after.case.members)]
                    subjects = list(dict.fromkeys(ids))
                for subject in subjects:
                    old, new = (amount(d, (name, subject)) for d in (before, after))
                    size = 1 if subject is not None else len(after.evaluation.context.members)
                    kinds = [change(old, new)]
                    kinds += ["eligible"] if new[0] is Outcome.ELIGIBLE else []
                    kinds += ["undetermined"] if new[0] is Outcome.UNDETERMINED else []
                    for kind in filter(None, kinds):
                        row["households"][kind].add(household)
                        row[f"{kind}_persons"] += size
                    if new[0] is Outcome.ELIGIBLE:
                        row["unsettled"] += new[1] is None
                        row["settled"] += new[1] is not None
                        row["cost"] += 0 if new[1] is None else new[1].fen
                    if kinds[0] != "review" and None not in (old[1], new[1]):
                        row["difference"] += new[1].fen - old[1].fen
        result.append(found)
    return result


def open_households(column: Sequence[Determination]) -> int:
    def is_open(d: Determination) -> bool:
        return any(
            v.outcome is Outcome.UNDETERMINED
            or (v.outcome is Outcome.ELIGIBLE and v.programme.kind != "status" and v.amount is None)
            for v in d
        )

    return sum(map(is_open, column))


def assert_equal(found: Matrix, columns: Sequence[Sequence[Determination]]) -> None:
    assert found.households == len(columns[0])
    assert found.persons == sum(len(d.evaluation.context.members) for d in columns[0])
    data = found.data()
    for column, scenario, expected in zip(columns, data["scenarios"], added_up(columns), strict=True):
        assert scenario["open"] == open_households(column)
        assert scenario["determined"] == len(column) - scenario["open"]
        for programme, row in zip(found.programmes, scenario["programmes"], strict=True):
            own = expected[programme.id]
            for kind in ("enters", "leaves", "gains", "loses", "keeps", "review", "eligible", "undetermined"):
                place = (scenario["name"], programme.name, kind)
                assert row[f"{kind}_households"] == len(own["households"][kind]), place
                assert row[f"{kind}_persons"] == own[f"{kind}_persons"], place
            assert row["unsettled"] == own["unsettled"], (scenario["name"], programme.name)
            for key in ("cost", "difference"):
                yuan = Money.from_fen(own[key])
                unknown = own["unsettled"] > 0 == own["settled"]
                if programme.kind == "status" or unknown:
                    assert row[key] is row[f"{key}_per_year"] is None
                    continue
                assert row[key] == str(yuan), (scenario["name"], programme.name, key)
                year = None if programme.period else str(Money.from_fen(own[key] * 12))
                assert row[f"{key}_per_year"] == year


def test_a_register_equals_its_determinations_added_up(sample: Register, beijing: Ruleset) -> None:
    scenarios = [
        figures(beijing, "低保标准 = 1520"),
        replace(figures(beijing, "低保标准 = 1300"), known_on=date(2025, 8, 15)),
        Scenario("2024年从宽的读法", month=Month("2024-03"), overlays=("beijing-reading-wide",)),
    ]

    @cache
    def lay(overlays: tuple[str, ...]) -> Ruleset:
        return load_ruleset("beijing", overlays=overlays)

    found = matrix_of_register(sample, beijing, scenarios, month="2025-08", lay=lay)
    rows = [row for batch in sample.batches() for row in batch.to_pylist()]
    laws = [supposed_edition(beijing, s, month="2025-08", lay=lay) for s in (Scenario("现状"), *scenarios)]
    cases = {
        kinds: [case_under(row, law) for row in rows]
        for kinds, law in {tuple(law.income_kinds): law for law in laws}.items()
    }
    columns = [[determine(case, law) for case in cases[tuple(law.income_kinds)]] for law in laws]
    assert_equal(found, columns)
    raised, lowered = (column.effects["dibao"] for column in found.columns[1:3])
    assert raised.changes["增发"].households > 50  # the sample has something to tell
    assert raised.changes["新增"].households
    assert raised.difference > 0 > lowered.difference
    assert lowered.changes["退出"].households
    assert lowered.changes["减发"].households
    assert found.columns[3].determined > found.columns[0].determined


def test_case_files_equal_their_determinations_added_up(beijing: Ruleset) -> None:
    files = [*CASES, *sorted(Path("cases/单人保").glob("*.yaml"))]
    scenarios = [
        figures(beijing, "低保标准 = 1520"),
        figures(beijing, "家庭.货币财产 = 0", "低收入标准 = 1600"),
        Scenario("2020年", month=Month("2020-09")),
    ]
    found = matrix_of_cases(files, beijing, scenarios, month="2025-08")
    assert not found.failures
    columns = []
    for scenario in (Scenario("现状"), *scenarios):
        law = supposed_edition(beijing, scenario, month="2025-08")
        cases = [apply_to_case(load_case(file), scenario.overrides) for file in files]
        columns.append([determine(case, law) for case in cases])
    assert_equal(found, columns)


def test_a_season_is_never_multiplied_into_a_year(beijing: Ruleset) -> None:
    heated = Scenario("通州", overlays=("beijing-tongzhou",))
    found = matrix_of_cases([Path("cases/采暖")], beijing, [heated], month="2024-12")
    heating = next(programme for programme in found.programmes if programme.period)
    assert found.columns[0].effects[heating.id].cost == 0  # not in force without the overlay
    assert found.columns[1].effects[heating.id].changes["新增"].households > 0
    row = next(r for r in found.rows() if r["scenario"] == "通州" and r["programme"] == heating.name)
    assert Money(row["cost"]) > Money(0)
    assert row["cost_per_year"] is None


# —— What cannot be done ——


def test_facts_are_not_supposed_for_a_register(sample: Register, beijing: Ruleset) -> None:
    scenario = scenario_of((parse_override("货币财产 = 0", beijing, location="情景.yaml:3:5"),))
    with pytest.raises(InputError) as error:
        matrix_of_register(sample, beijing, [scenario], month="2025-08")
    assert (error.value.code, error.value.location) == ("matrix-fact", "情景.yaml:3:5")
    assert "货币财产" in str(error.value)


def test_files_that_cannot_be_used_are_left_out_everywhere(tmp_path: Path, beijing: Ruleset) -> None:
    shutil.copy("cases/单亲母亲与学童.yaml", tmp_path / "甲.yaml")
    shutil.copy("cases/残疾人独居.yaml", tmp_path / "乙.yaml")  # has nobody called 母亲
    (tmp_path / "丙.yaml").write_text("家庭: [", encoding="utf-8")
    scenarios = [figures(beijing, '成员["母亲"].收入.工资性收入 = 3000'), figures(beijing, "低保标准 = 1520")]
    found = matrix_of_cases([tmp_path], beijing, scenarios, month="2025-08")
    assert [Path(failure.file).name for failure in found.failures] == ["丙.yaml", "乙.yaml"]
    assert (found.households, found.persons) == (1, 2)
    assert [column.determined + column.open for column in found.columns] == [1, 1, 1]
    assert [c.effects["dibao"].difference for c in found.columns] == [0, -56000, 8000]


# —— Scenario files with lists of alternatives ——


def test_alternatives_make_a_scenario_for_each_combination(write: Write, beijing: Ruleset) -> None:
    path = write(
        "情景:\n  - 名称: 原样\n"
        "矩阵:\n  - [低保标准 = 1480, 低保标准 = 1500, 低保标准 = 1520]\n  - [低收入标准 = 2420, 低收入标准 = 2540]\n"
    )
    names = [scenario.name for scenario in load_scenarios(path, beijing)]
    assert len(names) == 7
    assert names[:3] == ["原样", "低保标准 = 1480；低收入标准 = 2420", "低保标准 = 1480；低收入标准 = 2540"]
    path = write("matrix: [[低保标准 = 1500], 低收入标准 = 2540]\n")
    (only,) = load_scenarios(path, beijing)
    assert [o.name for o in only.overrides] == ["低保标准", "低收入标准"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("矩阵: []\n", "scenario-list"),
        ("矩阵: [[低保标准 = 1500], []]\n", "scenario-list"),
        (f"矩阵: [[{', '.join(f'低保标准 = {n}' for n in range(1000, 1201))}]]\n", "scenario-list"),
        ("矩阵: [[低保标准 = 1500], [低保标准 = 1520]]\n", "scenario-axis"),
        ("矩阵: [[低保标准 = 1500, 低保标准 = 1500]]\n", "scenario-name"),
        ("矩阵: [[低保标淮 = 1500]]\n", "unknown-name"),
        ("矩阵: [[{低保标准: 1500}]]\n", "override-syntax"),
        ("{}\n", "scenario-file"),
    ],
)
def test_what_is_wrong_with_alternatives_has_a_place(
    write: Write, beijing: Ruleset, text: str, code: str
) -> None:
    path = write(text)
    with pytest.raises(InputError) as error:
        load_scenarios(path, beijing)
    (problem,) = error.value.problems
    assert problem.code == code
    assert (problem.location or "").startswith(f"{path}:1:")


# —— The command ——


def test_nothing_personal_in_the_names_of_scenarios(beijing: Ruleset) -> None:
    scenario = Scenario("给110199198804120120试算")
    found = matrix_of_cases([Path("cases/残疾人独居.yaml")], beijing, [scenario], month="2025-08")
    text = json.dumps([found.data(), list(found.rows())], ensure_ascii=False)
    assert "110199198804120120" not in text
    assert "试算" in text


def test_the_command(
    sample: Register, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("矩阵: [[低保标准 = 1520, 低保标准 = 1480]]\n")
    table = tmp_path / "表.csv"
    arguments = ["matrix", str(sample.path), "--scenario", str(path), "--month", "2025-08"]
    assert cli.main([*arguments, "--csv", str(table)]) == 0
    ran = capsys.readouterr()
    assert f"样例.arrow：{HOUSEHOLDS} 户" in ran.out
    assert "【低保】按户，户/人\n" in ran.out
    assert "\n各情景都没有变动：\n" in ran.out
    assert "\n【护理补贴】按人，户/人：符合 " in ran.out
    assert "不作认定依据" in ran.err
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert len(rows) == 3 * len({row["项目"] for row in rows})
    assert cli.main([*arguments, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    dibao = data["scenarios"][1]["programmes"][0]
    assert (dibao["id"], dibao["programme"]) == ("dibao", "低保")
    assert dibao["cost"] == rows[len(rows) // 3]["金额（元/月或季）"]
    assert data["scenarios"][2]["programmes"][0]["difference"] == "0.00"


def test_exit_codes_of_the_command(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("矩阵: [['成员[\"母亲\"].收入.工资性收入 = 3000']]\n")
    mother, alone = "cases/单亲母亲与学童.yaml", "cases/残疾人独居.yaml"
    rest = ["--scenario", str(path), "--month", "2025-08"]
    assert cli.main(["matrix", mother, alone, *rest]) == 4
    ran = capsys.readouterr()
    assert "1 户，当月 2 人；另有 1 个文件不能用，没有计入" in ran.out
    assert alone in ran.err
    table = tmp_path / "表.csv"
    assert cli.main(["matrix", alone, *rest, "--csv", str(table)]) == 3
    assert "没有一户可以用" in capsys.readouterr().err
    assert not table.exists()
    assert cli.main(["matrix", "甲.arrow", mother, *rest]) == 2
    assert cli.main(["matrix", mother, *rest, "--csv", mother]) == 2
    assert cli.main(["matrix", mother, "--scenario", str(path), "--month", "2026-08"]) == 0
    assert "只核对到 2025-09" in capsys.readouterr().err


def test_without_the_extra_one_clear_error(write: Write) -> None:
    path = write("矩阵: [[低保标准 = 1520]]\n")
    arguments = ["matrix", "cases/残疾人独居.yaml", "--scenario", str(path), "--month", "2025-08"]
    code = f"import sys; sys.modules['llvmlite'] = None\nfrom eligibility.cli import main\nsys.exit(main({arguments!r}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert ran.stderr.strip().endswith("（pip install 'eligibility[register]'） [missing-extra]")
