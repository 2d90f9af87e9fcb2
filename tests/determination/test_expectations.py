"""The `预期` block of case files: what it says, what it refuses and where, and what a comparison finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from eligibility.determination import Outcome
from eligibility.determination.expectations import (
    Comparison,
    case_files,
    check_case,
    check_folder,
    load_expectations,
)
from eligibility.errors import InputError
from eligibility.quantities import Month
from eligibility.ruleset import Ruleset, load_ruleset

TINY = Path(__file__).parents[1] / "ruleset" / "tiny"

CASE = """\
标题: 母亲与孩子
声明: 未列事项均无
家庭: {地区: "110199001001", 申请人: 母亲}
成员:
  - {编号: 母亲, 与户主关系: 户主, 出生日期: 1985-03-02, 本市户籍: 是, 共同生活: 是, 收入: [{种类: 工资性收入, 金额: 1200}]}
  - {编号: 孩子, 与户主关系: 子女, 出生日期: 2012-03-02, 本市户籍: 是, 共同生活: 是, 残疾证: {类别: 视力, 等级: 一级}, 残疾: [{类别: 视力, 等级: 一级}]}
"""
RESTS_ON = "依据: 云水市救助办法 第四条\n"
AGREEING = """\
预期:
  - 月份: "2020-08"
    救助: {认定: 符合, 金额: "800.00", 情形: 差额救助, 缺少: [], 假设: [A02], 条件: {AID-INCOME: 符合, AID-ILL: 不符合}}
    津贴: {孩子: {认定: 符合, 金额: 400}, 母亲: 不适用}
  - 月份: "2021-08"
    知悉日: "2021-08-01"
    救助: 符合
  - 月份: "2020-03"
    津贴: 当月无此项规定
"""
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def tiny() -> Ruleset:
    return load_ruleset(TINY)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(
        expected: str = AGREEING, *, rests_on: str = RESTS_ON, case: str = CASE, name: str = "案.yaml"
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(case + rests_on + expected, encoding="utf-8")
        return path

    return make


def one(month: str, body: str) -> str:
    return f'预期:\n  - 月份: "{month}"\n    {body}\n'


def differences(found: tuple[Comparison, ...]) -> list[tuple[str, str, str]]:
    return [tuple(difference) for comparison in found for difference in comparison.differences]


def test_what_a_file_says_is_read(write: Write) -> None:
    case, (first, second, third) = load_expectations(write())
    assert [member.id for member in case.members] == ["母亲", "孩子"]
    assert (first.month, first.known_on, second.known_on) == (Month("2020-08"), None, date(2021, 8, 1))
    aid, child, mother = first.verdicts
    assert (aid.programme.text, aid.subject, aid.outcome) == ("救助", None, Outcome.ELIGIBLE)
    assert (aid.amount, aid.route, aid.missing) == ("800.00", "差额救助", frozenset())
    assert [a.text for a in aid.assumptions] == ["A02"]
    assert [(c.text, truth) for c, truth in aid.criteria] == [("AID-INCOME", True), ("AID-ILL", False)]
    assert (child.subject, child.amount) == ("孩子", "400.00")
    assert (mother.subject, mother.outcome, mother.amount) == ("母亲", None, None)
    assert third.verdicts[0].outcome is Outcome.NOT_IN_FORCE


def test_a_case_that_expects_nothing(write: Write, tiny: Ruleset) -> None:
    path = write("", rests_on="")
    assert load_expectations(path)[1] == ()
    assert check_case(path, tiny) == ()


def test_what_agrees_agrees(write: Write, tiny: Ruleset) -> None:
    found = check_case(write(), tiny)
    assert len(found) == 5
    assert all(comparison.agrees for comparison in found), differences(found)


def test_english_keys_and_words_mean_the_same(write: Write, tiny: Ruleset) -> None:
    expected = """\
expect:
  - month: "2020-08"
    known_on: "2020-08-01"
    overlays: []
    aid: {outcome: eligible, amount: 800, route: 差额救助, missing: [], assumptions: [A02], criteria: {AID-INCOME: met, AID-ILL: unmet}}
    allowance: {孩子: {outcome: eligible, amount: "400"}, 母亲: no_verdict}
"""
    found = check_case(write(expected, rests_on="rests_on: 第四条\n"), tiny)
    assert len(found) == 3
    assert differences(found) == []


@pytest.mark.parametrize(
    ("body", "difference"),
    [
        ("救助: 不符合", ("认定", "不符合", "符合")),
        ('救助: {认定: 符合, 金额: "800.01"}', ("金额", "800.01", "800.00")),
        ("救助: {认定: 符合, 金额: 未知}", ("金额", "未知", "800.00")),
        ('救助: {认定: 符合, 金额范围: ["0.00", null]}', ("金额范围", "0.00 至 不封顶", "800.00")),
        ("救助: {认定: 符合, 情形: 过渡救助}", ("情形", "过渡救助", "差额救助")),
        ("救助: {认定: 符合, 缺少: [月租金]}", ("缺少", "月租金", "无")),
        ("救助: {认定: 符合, 假设: [A02, A05]}", ("假设", "A02、A05", "A02")),
        ("救助: {认定: 符合, 条件: {AID-INCOME: 不符合}}", ("条件 AID-INCOME", "不符合", "符合")),
        ("津贴: {母亲: 符合}", ("认定", "符合", "不适用")),
        ("津贴: {孩子: 不适用}", ("认定", "不适用", "符合")),
    ],
)
def test_what_differs_is_said(
    write: Write, tiny: Ruleset, body: str, difference: tuple[str, str, str]
) -> None:
    (found,) = check_case(write(one("2020-08", body)), tiny)
    assert not found.agrees
    assert differences((found,)) == [difference]
    assert found.location.endswith("案.yaml:10:5")


def test_unknown_facts_and_bounds(write: Write, tiny: Ruleset) -> None:
    open_case = CASE.replace("金额: 1200", "种类: 工资性收入").replace("{种类: 工资性收入, 种类", "{种类")
    body = '救助: {认定: 信息不足, 金额: 未知, 金额范围: ["0.00", "2000.00"], 缺少: [收入.工资性收入], 条件: {AID-INCOME: 信息不足}}'
    assert differences(check_case(write(one("2020-08", body), case=open_case), tiny)) == []
    wrong = body.replace("[收入.工资性收入]", "[]")
    (difference,) = differences(check_case(write(one("2020-08", wrong), case=open_case), tiny))
    assert difference == ("缺少", "无", "收入.工资性收入")


def test_the_day_of_knowledge_counts(write: Write, tiny: Ruleset) -> None:
    """The standard of 2021-07 became public only in September."""
    early = one("2021-08", '知悉日: "2021-08-01"\n    救助: {认定: 符合, 金额: "800.00"}')
    late = one("2021-08", '救助: {认定: 符合, 金额: "1000.00"}')
    assert differences(check_case(write(early), tiny)) == []
    assert differences(check_case(write(late), tiny)) == []


@pytest.mark.parametrize(
    ("body", "code", "place", "says"),
    [
        ("救住: 符合", "expect-unknown-programme", "10:5", "救助"),
        ("津贴: {孩仔: 符合}", "expect-unknown-member", "10:10", "孩子"),
        ("救助: {认定: 符合, 条件: {AID-INCOMES: 符合}}", "expect-unknown-criterion", "10:23", "AID-INCOME"),
        ("救助: {认定: 符合, 假设: [A2]}", "expect-unknown-assumption", "10:23", "A0"),
        ("救助: 符台", "expect-outcome", "10:9", "符合"),
        ("救助: 是", "expect-outcome", "10:9", "符合、不符合、信息不足"),
        ("救助: true", "expect-outcome", "10:9", "符合、不符合"),
        ("救助: {认定: 合格}", "expect-outcome", "10:14", "不符合"),
        ("救助: {金额: 800}", "expect-missing-key", "10:9", "认定"),
        ("救助: {认定: 符合, 金颔: 800}", "expect-unknown-key", "10:18", "金额"),
        ("救助: {认定: 符合, 金额: 800.5}", "expect-amount", "10:22", "浮点数"),
        ("救助: {认定: 符合, 金额: 八百}", "expect-amount", "10:22", "1480.00"),
        ('救助: {认定: 符合, 金额范围: "0"}', "expect-amount", "10:24", "两个数"),
        ("救助: {认定: 符合, 条件: {AID-ILL: 是}}", "expect-criterion", "10:32", "符合、不符合"),
        ("救助: {认定: 符合, 缺少: 收入}", "expect-list", "10:22", "列表"),
        ("救助: {认定: 符合, 情形: 1}", "expect-text", "10:22", "文字"),
        ("救助: {母亲: 符合}", "expect-subject", "10:5", "按家庭"),
        ("津贴: 符合", "expect-subject", "10:5", "按人"),
        ("津贴: {}", "expect-empty", "10:9", "没有写认定"),
        ("救助: 符合\n    aid: 符合", "expect-duplicate", "11:5", "两次"),
        ("叠加: reading\n    救助: 符合", "expect-list", "10:9", "列表"),
        ("知悉日: 2021-02-30\n    救助: 符合", "expect-date", "10:10", "没有 2021-02-30 这一天"),
        ("知悉日: 20210801\n    救助: 符合", "expect-date", "10:10", "2025-08-15"),
    ],
)
def test_mistakes_are_refused_where_they_stand(
    write: Write, tiny: Ruleset, body: str, code: str, place: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_case(write(one("2020-08", body)), tiny)
    (problem,) = caught.value.problems
    assert (problem.code, problem.location) == (code, f"{write(one('2020-08', body))}:{place}")
    assert says in f"{problem.message}{problem.hint}"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("预期:\n", "expect-list"),
        ("预期: []\n", "expect-list"),
        ("预期: {}\n", "expect-list"),
        ("预期: [符合]\n", "expect-mapping"),
        ("预期: [{救助: 符合}]\n", "expect-missing-key"),
        ('预期: [{月份: "2020-08"}]\n', "expect-empty"),
        ('预期: [{月份: "2020-13", 救助: 符合}]\n', "expect-month"),
        ("预期: [{月份: 202008, 救助: 符合}]\n", "expect-month"),
        (AGREEING + AGREEING.replace("预期", "expect"), "expect-duplicate"),
    ],
)
def test_blocks_of_the_wrong_form_are_refused(write: Write, expected: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        load_expectations(write(expected))
    assert caught.value.problems[0].code == code
    assert ":" in str(caught.value.location)


@pytest.mark.parametrize("rests_on", ["", "依据:\n", "依据: 1\n", "依据: ' '\n"])
def test_an_expectation_must_rest_on_something(write: Write, rests_on: str) -> None:
    with pytest.raises(InputError) as caught:
        load_expectations(write(rests_on=rests_on))
    assert [problem.code for problem in caught.value.problems] == ["expect-rests-on"]


def test_all_mistakes_are_reported_together(write: Write) -> None:
    with pytest.raises(InputError) as caught:
        load_expectations(write(one("2020-8", "救助: 合格\n    津贴: {孩仔: 符合}"), rests_on=""))
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"expect-rests-on", "expect-month", "expect-outcome", "expect-unknown-member"}


def test_an_identity_number_is_never_repeated(write: Write, tiny: Ruleset) -> None:
    number = "110199198503020023"
    with pytest.raises(InputError) as caught:
        check_case(write(one("2020-08", f'津贴: {{"{number}": 符合}}\n    "{number}": 符合')), tiny)
    assert number not in str(caught.value)


def test_overlays_are_laid_on_where_the_caller_can(write: Write, tiny: Ruleset) -> None:
    """The office's reading counts 'exactly the standard' as below it."""
    on_the_line = CASE.replace("金额: 1200", "金额: 2000")
    expected = one("2020-08", "救助: 不符合") + (
        '  - 月份: "2020-08"\n    叠加: [reading]\n    救助: {认定: 符合, 金额: "0.00"}\n'
    )
    path = write(expected, case=on_the_line)

    def lay(overlays: tuple[str, ...]) -> Ruleset:
        return load_ruleset(TINY, overlays=[TINY / "overlays" / name for name in overlays])

    assert differences(check_case(path, tiny, lay=lay)) == []
    with pytest.raises(InputError) as caught:
        check_case(path, tiny)
    assert caught.value.code == "expect-overlay"


def test_a_folder_is_checked_through_whatever_is_broken(write: Write, tiny: Ruleset, tmp_path: Path) -> None:
    good = write(name="乙/案.yaml")
    different = write(one("2020-08", "救助: 不符合"), name="甲.yaml")
    broken = write(one("2020-08", "救助: 合格"), name="丙.yml")
    silent = write("", rests_on="", name="丁.yaml")
    write(name=".隐藏.yaml")
    (tmp_path / "说明.txt").write_text("不是个案", encoding="utf-8")
    assert set(case_files(tmp_path)) == {good, different, broken, silent}
    assert case_files(good) == (good,)
    report = check_folder(tmp_path, tiny)
    assert [(f.file, f.error.code) for f in report.failures] == [(str(broken), "expect-outcome")]
    assert report.silent == (str(silent),)
    assert [c.file for c in report.differences] == [str(different)]
    assert len(report.comparisons) == 6
