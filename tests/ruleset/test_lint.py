"""Lint: a good ruleset has nothing to report, and each finding has a small mistake that brings it out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from eligibility.quantities import Month
from eligibility.ruleset import Ruleset, load_ruleset
from eligibility.ruleset.lint import lint

from .conftest import Altered, Edit

HOUSEHOLD, AID, ALLOWANCE = "household.yaml", "programmes/aid.yaml", "programmes/allowance.yaml"
PARAMETERS, SOURCES, ASSUMPTIONS = "parameters.yaml", "sources.yaml", "assumptions.yaml"
CITE = "    cite: {source: 云民发〔2020〕1号}\n"
MEMBERS = f"    test: 计入人数 > 0\n{CITE}"
LOW_WAGE = '{from: "2019-07", value: "2000.00", published: null'
HIGH_WAGE = '{from: "2021-01", value: "2100.00", published: "2021-01-15"'
WAGE_SOURCE = ", source: 云水市最低工资, provenance: repost}\n"
ROUNDED = 'round_half_up(救助标准 * 计入人数 - 家庭月收入, "分")'


@dataclass(frozen=True)
class Doubt:
    """A mistake, the finding it must bring, what that says, and the file it points into."""

    name: str
    code: str
    says: str
    edit: Edit
    file: str

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


def doubt(
    name: str, code: str, says: str, file: str, old: str, new: str, found_in: str | None = None
) -> Doubt:
    return Doubt(name, code, says, (file, old, new), found_in or file)


DOUBTS = [
    # citations
    doubt("criterion", "uncited", "条件 AID-MEMBERS没有写依据", AID, MEMBERS, "    test: 计入人数 > 0\n"),
    doubt("route", "uncited", "情形“过渡救助”没有写依据", AID, f"    amount: 过渡补助\n{CITE}", "    amount: 过渡补助\n"),
    doubt("definition", "uncited", "定义“计入人数”没有写依据", HOUSEHOLD, "        value: count(成员, 共同生活)\n        cite: {source: 云民发〔2020〕1号, article: 第三条}\n", "        value: count(成员, 共同生活)\n"),
    doubt("one version", "uncited", "定义“家庭月收入”自 2021-01 起的版本没有写依据", HOUSEHOLD, "+ 赡养抚养费 - 收入核减)\n        cite: {source: 云民发〔2021〕2号}\n", "+ 赡养抚养费 - 收入核减)\n"),
    doubt("income kind", "uncited", "收入种类“奖学金”没有写依据", HOUSEHOLD, "counts: none, cite: {source: 云民发〔2020〕1号}}", "counts: none}"),
    doubt("figure", "uncited", "标准“最低工资”自 2019-07 起的版本没有写依据", PARAMETERS, LOW_WAGE + WAGE_SOURCE, LOW_WAGE + ", provenance: repost}\n"),
    doubt("document nobody saw", "document-unseen", "云水市津贴办法", SOURCES, "  link: https://example.org/allowance\n", "", PARAMETERS),
    doubt("quotation", "quote-not-in-source", "标准为每人每月九百元", PARAMETERS, "quote: 标准为每人每月1000元", "quote: 标准为每人每月九百元"),
    # unused
    doubt("source", "unused-source", "文件“空文件”", SOURCES, "云水市最低工资:\n", "空文件:\n  title: 空文件\n云水市最低工资:\n"),
    doubt("assumption", "unused-assumption", "假设 A06 ", ASSUMPTIONS, "A05:\n", "A06:\n  question: 问\n  basis: 答\nA05:\n"),
    doubt("assumption of a note", "unused-assumption", "假设 A05 ", "ruleset.yaml", "（A05）", "（A051）", ASSUMPTIONS),
    doubt("figure", "unused-parameter", "标准“旧标准”", PARAMETERS, "过渡补助:\n", f"旧标准:\n  unit: 元/月\n  values:\n    - {LOW_WAGE}{WAGE_SOURCE}过渡补助:\n"),
    doubt("definition", "unused-definition", "定义“视力高档”", ALLOWANCE, "test: 视力高档", 'test: 视力等级 in ("一级", "二级")', HOUSEHOLD),
    doubt("definition of a definition", "unused-definition", "定义“无人用”", HOUSEHOLD, "  视力高档:\n", '  无人用:\n    for: 家庭\n    versions:\n      - from: "2020-01"\n        value: 人均收入 / 2\n        cite: {source: 云民发〔2020〕1号}\n  视力高档:\n'),
    doubt("criterion", "unused-criterion", "条件 AID-ILL 不在项目“aid”的任何情形里", AID, "{any: [AID-SINGLE, AID-ILL]}", "AID-SINGLE"),
    doubt("use", "unused-use", "项目“aid”的 uses 写了“津贴.符合”，但没有读它", AID, "uses: []", "uses: [津贴.符合]"),
    # time
    doubt("gap", "version-gap", "定义“视力高档”从 2020-03 起至 2020-05 前没有版本", HOUSEHOLD, '      - from: "2020-01"\n        value: 视力等级 in ("一级", "二级")\n', '      - from: "2020-01"\n        until: "2020-03"\n        value: 视力等级 in ("一级", "二级")\n        cite: {source: 云水市津贴办法}\n      - from: "2020-05"\n        value: 视力等级 in ("一级", "二级")\n'),
    doubt("overlap", "version-overlap", "写到 2021-03，但 2021-01 起已有后一个版本", PARAMETERS, LOW_WAGE, LOW_WAGE.replace("value", 'until: "2021-03", value')),
    doubt("version before coverage", "version-unreachable", "标准“最低工资”自 2018-07 起的版本", PARAMETERS, f"    - {LOW_WAGE}", f"    - {LOW_WAGE.replace('2019-07', '2018-07')}{WAGE_SOURCE}    - {LOW_WAGE}"),
    # division, rounding
    doubt("division", "division-unguarded", "情形“差额救助”除以“计入人数”", AID, "[AID-HUKOU, AID-MEMBERS, AID-INCOME]", "[AID-HUKOU, AID-INCOME]"),
    doubt("normalised name", "name-normalised", "“２”按“2”理解", AID, "test: 机动车数 > 1", "test: 机动车数 > ２"),
]  # fmt: skip


def test_the_tiny_ruleset_has_nothing_to_report(tiny: Ruleset) -> None:
    assert lint(tiny) == ()
    assert lint(tiny, as_of=Month("2021-12")) == ()


@pytest.mark.parametrize("case", DOUBTS, ids=str)
def test_each_mistake_brings_its_finding(case: Doubt, altered: Altered) -> None:
    findings = [f for f in lint(load_ruleset(altered(case.edit))) if f.code == case.code]
    assert any(case.says in finding.message for finding in findings), findings
    for finding in findings:
        assert finding.location is not None
        assert f"/{case.file}:" in finding.location


def test_findings_stand_in_the_order_of_the_files_at_their_lines(altered: Altered) -> None:
    folder = altered(
        (AID, MEMBERS, "    test: 计入人数 > 0\n"),
        (HOUSEHOLD, "counts: none, cite: {source: 云民发〔2020〕1号}}", "counts: none}"),
        (AID, "uses: []", "uses: [津贴.符合]"),
        (SOURCES, "云水市最低工资:\n", "空文件:\n  title: 空文件\n云水市最低工资:\n"),
    )
    findings = lint(load_ruleset(folder))
    assert [f.code for f in findings] == ["unused-source", "uncited", "unused-use", "uncited"]
    place = str(findings[0].location)
    file, line, column = place.rsplit(":", 2)
    assert (folder / SOURCES).read_text(encoding="utf-8").splitlines()[int(line) - 1] == "空文件:"
    assert (file, column) == (str(folder / SOURCES), "1")
    assert str(findings[0]) == f"{place}: 文件“空文件”没有被任何规则引用 [unused-source]"


def test_a_rounding_needs_a_ground(altered: Altered) -> None:
    bare = f"    amount: {ROUNDED}\n"
    ground = f"{CITE}    assumes: [A03]\n"
    assert not codes(altered, (AID, bare + ground, f"{bare}    assumes: [A03]\n")) & {"rounding-unfounded"}


def test_a_rounding_without_a_ground_is_found(altered: Altered) -> None:
    bare = f"    amount: {ROUNDED}\n"
    assert "rounding-unfounded" in codes(altered, (AID, f"{bare}{CITE}    assumes: [A03]\n", bare))


def codes(altered: Altered, *edits: Edit) -> set[str]:
    return {finding.code for finding in lint(load_ruleset(altered(*edits)))}


@pytest.mark.parametrize("test", ["计入人数 > 0", "计入人数 >= 1", "0 < 计入人数", "计入人数 != 0", "not 计入人数 == 0", "not 计入人数 < 1", "计入人数 == 2", "单亲 and 计入人数 > 0", "not (计入人数 < 1 or 单亲)", "3 > 计入人数 > 0"])  # fmt: skip
def test_a_criterion_that_says_the_divisor_is_positive_suffices(altered: Altered, test: str) -> None:
    assert not codes(altered, (AID, "test: 计入人数 > 0", f"test: {test}"))


@pytest.mark.parametrize("test", ["计入人数 >= 0", "计入人数 < 5", "0 <= 计入人数", "单亲 or 计入人数 > 0", "not 计入人数 > 0", "count(成员, 本市户籍) > 0", "计入人数 != 1"])  # fmt: skip
def test_a_criterion_that_leaves_zero_open_does_not(altered: Altered, test: str) -> None:
    assert codes(altered, (AID, "test: 计入人数 > 0", f"test: {test}")) == {"division-unguarded"}


@pytest.mark.parametrize(
    "guarded",
    [
        "家庭月收入 / 计入人数 if 计入人数 > 0 else 家庭月收入",
        "家庭月收入 if 计入人数 == 0 else 家庭月收入 / 计入人数",
    ],
)
def test_a_condition_around_the_quotient_suffices(altered: Altered, guarded: str) -> None:
    edits = (
        (AID, "test: 计入人数 > 0", "test: 单亲"),
        (HOUSEHOLD, "value: 家庭月收入 / 计入人数", f"value: {guarded}"),
    )
    assert not codes(altered, *edits) & {"division-unguarded"}


def test_a_negated_criterion_guards_as_well(altered: Altered) -> None:
    edits = (AID, "test: 计入人数 > 0", "test: 计入人数 == 0"), (AID, "[AID-HUKOU, AID-MEMBERS, AID-INCOME]", "[AID-HUKOU, {not: AID-MEMBERS}, AID-INCOME]")  # fmt: skip
    findings = [f for f in lint(load_ruleset(altered(*edits))) if f.code == "division-unguarded"]
    assert ["过渡救助" in f.message for f in findings] == [True]  # where it stands without `not`


def test_an_alternative_guards_nothing(altered: Altered) -> None:
    edit = (
        AID,
        "[AID-HUKOU, AID-MEMBERS, AID-INCOME]",
        "[AID-HUKOU, {any: [AID-MEMBERS, AID-SINGLE]}, AID-INCOME]",
    )
    assert codes(altered, edit) == {"division-unguarded"}


def test_a_corrected_version_is_not_unreachable(altered: Altered) -> None:
    corrected = f"    - {HIGH_WAGE.replace('01-15', '03-15')}, corrects: 错字{WAGE_SOURCE}    - {HIGH_WAGE}"
    assert not codes(altered, (PARAMETERS, f"    - {HIGH_WAGE}", corrected))


def test_an_unknown_figure_may_rest_on_an_assumption_alone(altered: Altered) -> None:
    old = 'last_known: "80.00", source: 云民发〔2020〕1号, assumes: [A04]}'
    assert not codes(altered, (PARAMETERS, old, 'last_known: "80.00", assumes: [A04]}'))


@pytest.mark.parametrize(
    ("as_of", "edits", "says"),
    [
        ("2022-01", (), ["规则集只核对到 2021-12，未核对到 2022-01", "项目“aid”只核对到 2021-12，未核对到 2022-01", "项目“allowance”只核对到 2021-12，未核对到 2022-01"]),
        ("2021-12", ((AID, 'checked_through: "2021-12"', 'checked_through: "2021-06"'),), ["项目“aid”只核对到 2021-06，未核对到 2021-12"]),
        ("2021-12", ((AID, ', checked_through: "2021-12"', ""),), ["项目“aid”没有写核对到哪个月（checked_through），未核对到 2021-12"]),
        ("2021-12", ((AID, 'checked_through: "2021-12"', 'until: "2021-07", checked_through: "2021-06"'),), []),
    ],
)  # fmt: skip
def test_what_was_not_checked_through_the_month_is_stale(
    altered: Altered, as_of: str, edits: tuple[Edit, ...], says: list[str]
) -> None:
    rules = load_ruleset(altered(*edits))
    assert [f.message for f in lint(rules, as_of=Month(as_of)) if f.code == "stale"] == says
    assert not [f for f in lint(rules) if f.code == "stale"]
