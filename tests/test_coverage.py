"""Coverage: what counts as touched, what `check` says of it, and that `cases/` leaves no rule of the shipped law untouched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eligibility import cli
from eligibility.case import case_from_data
from eligibility.determination import determine
from eligibility.determination.coverage import (
    CRITERION,
    KINDS,
    MET,
    PARAMETER,
    ROUTE,
    UNMET,
    Coverage,
    Target,
)
from eligibility.determination.expectations import check_files, golden_files
from eligibility.ruleset import Ruleset, load_ruleset

ROOT = Path(__file__).parents[1]
TINY = Path(__file__).parent / "ruleset" / "tiny"

MOTHER = {"编号": "母亲", "与户主关系": "户主", "出生日期": "1985-03-02", "本市户籍": "是", "共同生活": "是"}
CHILD = {"编号": "孩子", "与户主关系": "子女", "出生日期": "2012-03-02", "本市户籍": "是", "共同生活": "是"}
IMPAIRED = {"残疾证": {"类别": "视力", "等级": "一级"}, "残疾": [{"类别": "视力", "等级": "一级"}]}


@pytest.fixture(scope="module")
def tiny() -> Ruleset:
    return load_ruleset(TINY)


def household(income: str | None = "1200", *, impaired: bool = False, **more: object) -> dict[str, object]:
    wages = [] if income is None else [{"种类": "工资性收入", "金额": income}]
    return {
        "声明": "未列事项均无",
        "家庭": {"地区": "110199001001", "申请人": "母亲", **more},
        "成员": [{**MOTHER, "收入": wages}, {**CHILD, **(IMPAIRED if impaired else {})}],
    }


Touch = Callable[..., Coverage]


@pytest.fixture
def touch(tiny: Ruleset) -> Touch:
    """The coverage of one household in one month."""

    def make(data: dict[str, object], month: str = "2020-08", **options: object) -> Coverage:
        coverage = Coverage(tiny)
        coverage.add(determine(case_from_data(data), tiny, month=month), **options)  # type: ignore[arg-type]
        return coverage

    return make


def touched(coverage: Coverage, kind: str, programme: str) -> set[str]:
    """The names of a kind that are no gaps."""
    everything = set(Coverage(coverage.rules).untouched())
    return {
        target.name
        for target in everything - set(coverage.untouched())
        if (target.kind, target.programme) == (kind, programme)
    }


def test_nothing_is_touched_before_anything_is_determined(tiny: Ruleset) -> None:
    coverage = Coverage(tiny)
    shares = {share.kind: (share.touched, share.total) for share in coverage.shares()}
    assert shares == {
        CRITERION: (0, 9),
        MET: (0, 9),
        UNMET: (0, 9),
        ROUTE: (0, 5),
        PARAMETER: (0, len([t for t in coverage.untouched() if t.kind == PARAMETER])),
    }
    assert set(shares) == set(KINDS)
    assert coverage.percent == 0
    assert Target(UNMET, "救助", "AID-X-CAR") in coverage.untouched()


def test_what_there_is_of_figures(tiny: Ruleset) -> None:
    """Every version a programme may read, links followed to what they take their value from, tables cell by cell."""
    figures = [t for t in Coverage(tiny).untouched() if t.kind == PARAMETER]
    assert {t.name for t in figures if t.programme == "救助"} == {
        "救助标准 2020-01",
        "救助标准 2021-07",
        "宽限标准 2020-01",
        "最低工资 2019-07",
        "最低工资 2021-01",
        "过渡补助 2020-01",
        "过渡补助 2021-01",
    }
    # 乙类低档 is read by no route; 甲类低档 is always the standard of 救助.
    assert {t.name for t in figures if t.programme == "津贴"} == {
        "津贴标准[甲类, 高档] 2020-01",
        "津贴标准[甲类, 低档] 2020-01",
        "津贴标准[乙类, 高档] 2020-01",
        "救助标准 2020-01",
        "救助标准 2021-07",
    }


def test_criteria_are_touched_on_the_side_they_came_out(touch: Touch) -> None:
    coverage = touch(household("1200"))
    assert touched(coverage, MET, "救助") == {"AID-HUKOU", "AID-MEMBERS", "AID-INCOME", "AID-NEAR"}
    assert touched(coverage, UNMET, "救助") == {"AID-SINGLE", "AID-ILL", "AID-X-CAR"}
    assert touched(coverage, ROUTE, "救助") == {"差额救助"}
    unknown = touch({**household("1200"), "声明": {"成员": "未列事项均无"}})
    assert "AID-SINGLE" not in touched(unknown, MET, "救助") | touched(unknown, UNMET, "救助")


def test_a_route_is_touched_only_where_somebody_is_eligible_by_it(touch: Touch) -> None:
    """With two cars the income would do, but the exclusion holds."""
    coverage = touch(household("1200", 车辆=[{"车辆种类": "机动车", "用途": "其他"}] * 2))
    assert "AID-X-CAR" in touched(coverage, MET, "救助")
    assert touched(coverage, ROUTE, "救助") == set()


def test_both_sides_make_a_criterion(tiny: Ruleset) -> None:
    coverage = Coverage(tiny)
    for income in ("1200", "3000"):
        coverage.add(determine(case_from_data(household(income)), tiny, month="2020-08"))
    both = next(share for share in coverage.shares() if share.kind == CRITERION)
    assert both.touched == 1, "AID-INCOME alone came out both ways"
    routes = next(share for share in coverage.shares() if share.kind == ROUTE)
    assert coverage.percent == pytest.approx(100 * (both.touched + routes.touched) / (9 + 5))


def test_figures_are_touched_only_where_they_were_read(touch: Touch) -> None:
    # no row of the deduction holds: neither its figures nor those of the other route were read
    assert touched(touch(household("1200")), PARAMETER, "救助") == {
        "救助标准 2020-01",
        "宽限标准 2020-01",
        "最低工资 2019-07",
    }
    single = touched(touch(household("1200", 家庭情形=["单亲"])), PARAMETER, "救助")
    assert "过渡补助 2020-01" in single
    later = touched(touch(household("1200"), "2021-08"), PARAMETER, "救助")
    assert later == {"救助标准 2021-07", "宽限标准 2020-01", "最低工资 2021-01"}


def test_cells_are_touched_one_by_one(touch: Touch) -> None:
    assert touched(touch(household("1200", impaired=True)), PARAMETER, "津贴") == {
        "津贴标准[甲类, 高档] 2020-01"
    }
    assert touched(touch(household("9000", impaired=True)), PARAMETER, "津贴") == {
        "津贴标准[乙类, 高档] 2020-01"
    }


def test_an_amount_that_is_not_determined_touches_no_cell(touch: Touch) -> None:
    data = household(None, impaired=True)
    data["声明"] = {"家庭": True, "成员": {"孩子": True}}  # nothing is said of the mother's incomes
    data["成员"][0].pop("收入")  # type: ignore[index]
    assert touched(touch(data), PARAMETER, "津贴") == set()


def test_only_what_was_expected_counts(touch: Touch) -> None:
    coverage = touch(household("1200", impaired=True), verdicts=[("allowance", "孩子")])
    assert touched(coverage, MET, "救助") == set()
    assert touched(coverage, MET, "津贴") == {"AL-AID", "AL-HIGH"}
    assert touched(touch(household("1200"), "2020-03", verdicts=[("allowance", None)]), MET, "津贴") == set()


def test_a_figure_of_a_scenario_is_no_version(tiny: Ruleset) -> None:
    coverage = Coverage(tiny)
    edition = tiny.edition("2020-08").with_values({"救助标准": "900.00"})
    coverage.add(determine(case_from_data(household("1200")), edition))
    assert "救助标准 2020-01" not in touched(coverage, PARAMETER, "救助")


def test_under_an_overlay_figures_count_only_for_what_it_adds(tiny: Ruleset) -> None:
    coverage = Coverage(tiny)
    before = [target for target in coverage.untouched() if target.kind == PARAMETER]
    law = load_ruleset(TINY, overlays=[TINY / "overlays" / "district"])
    coverage.add(determine(case_from_data(household("1200")), law, month="2020-08"))
    after = coverage.untouched()
    assert [t for t in after if t.programme != "采暖" and t.kind == PARAMETER] == before
    assert Target(ROUTE, "救助", "差额救助") not in after
    assert [t for t in coverage.untouched() if t.programme == "采暖"] == [
        Target(UNMET, "采暖", "HT-AID"),
        Target(UNMET, "采暖", "tiny-district-APPLIES"),
    ]


def test_a_correction_is_a_version_of_its_own(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "tiny"
    shutil.copytree(TINY, folder)
    parameters = folder / "parameters.yaml"
    line = '    - {from: "2020-01", value: "1010.00", published: "2020-06-01", source: 云民发〔2020〕1号, provenance: document, corrects: 误写}\n'
    text = parameters.read_text("utf-8")
    mark = "    - from: 起月_1100\n"
    parameters.write_text(text.replace(mark, line + mark), "utf-8")
    names = {t.name for t in Coverage(load_ruleset(folder)).untouched() if t.programme == "救助"}
    assert {"救助标准 2020-01（2019-12-25 公布）", "救助标准 2020-01（2020-06-01 公布）"} <= names


# —— the command line ——

CASE = """\
标题: 母亲与孩子
声明: 未列事项均无
家庭: {地区: "110199001001", 申请人: 母亲}
成员:
  - {编号: 母亲, 与户主关系: 户主, 出生日期: 1985-03-02, 本市户籍: 是, 共同生活: 是, 收入: [{种类: 工资性收入, 金额: 1200}]}
  - {编号: 孩子, 与户主关系: 子女, 出生日期: 2012-03-02, 本市户籍: 是, 共同生活: 是}
依据: 云水市救助办法 第四条
预期:
  - 月份: "2020-08"
    救助: 符合
"""


def test_check_says_what_is_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "案.yaml"
    path.write_text(CASE, encoding="utf-8")
    command = ["check", str(path), "--rules", str(TINY)]
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert "测到 7.1%：条件 0/9（符合 4/9，不符合 3/9），情形 1/5，标准的版本 3/12" in out
    assert "AID-ILL" not in out
    assert cli.main([*command, "--coverage"]) == 0
    out = capsys.readouterr().out
    assert "条件符合" in out
    assert "AID-ILL" in out
    assert "津贴标准[甲类, 高档] 2020-01" in out
    assert cli.main([*command, "--coverage", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["coverage"]["route"] == {"touched": 1, "total": 5}
    assert {"kind": "route", "programme": "救助", "name": "过渡救助"} in data["untouched"]


@pytest.mark.parametrize(
    ("least", "code"), [("0", 0), ("7.1", 0), ("7.2", 6), ("100", 6), ("101", 2), ("x", 2)]
)
def test_check_fails_under(tmp_path: Path, capsys: pytest.CaptureFixture[str], least: str, code: int) -> None:
    path = tmp_path / "案.yaml"
    path.write_text(CASE, encoding="utf-8")
    assert cli.main(["check", str(path), "--rules", str(TINY), "--fail-under", least]) == code
    err = capsys.readouterr().err
    assert ("低于要求的" in err) == (code == 6)
    assert ("应为 0 至 100 的数" in err) == (code == 2)


# —— the shipped law ——


@pytest.fixture(scope="module")
def shipped(beijing: Ruleset) -> Coverage:
    coverage = Coverage(beijing)
    report = check_files(
        golden_files(ROOT / "cases"),
        beijing,
        lay=lambda overlays: load_ruleset("beijing", overlays=overlays),
        coverage=coverage,
    )
    assert not report.failures
    return coverage


def test_no_criterion_and_no_route_is_untouched(shipped: Coverage) -> None:
    """Every criterion comes out both ways in some golden case, and every route is taken by somebody."""
    gaps = [
        f"{gap.programme} {KINDS[gap.kind]} {gap.name}"
        for gap in shipped.untouched()
        if gap.kind in (MET, UNMET, ROUTE)
    ]
    assert not gaps, "cases/ 没有测到：\n" + "\n".join(gaps)
    assert shipped.percent == 100
