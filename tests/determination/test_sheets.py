"""Test sheets: what a row means, what is refused and at which cell, and that the document and the shipped sheets are true."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eligibility.case import Case, canonical, parse_case
from eligibility.determination import Outcome
from eligibility.determination.columns import PathProblem, read_column
from eligibility.determination.expectations import (
    Comparison,
    case_files,
    check_case,
    check_files,
    golden_files,
)
from eligibility.determination.sheets import is_sheet, load_sheet
from eligibility.errors import InputError
from eligibility.quantities import Month
from eligibility.reading import Node, read_text
from eligibility.ruleset import Ruleset, load_ruleset

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "ruleset" / "tiny"

BASE = """\
底稿:
  声明: 未列事项均无
  家庭: {地区: "110199001001", 申请人: 母亲, 住房: [{面积: "50"}], 家庭情形: [单亲]}
  成员:
    - {编号: 母亲, 与户主关系: 户主, 出生日期: 1985-03-02, 本市户籍: 是, 共同生活: 是, 收入: [{种类: 工资性收入, 金额: 900, 周期: 年}, {种类: 奖学金, 金额: 5}]}
    - {编号: 孩子, 与户主关系: 子女, 出生日期: 2012-03-02, 本市户籍: 是, 共同生活: 是, 残疾证: {类别: 视力, 等级: 一级}, 残疾: [{类别: 视力, 等级: 一级}]}
"""
HEAD = '测试表: 母亲与孩子\n项目: 救助\n依据: 云水市救助办法 第四条\n月份: "2020-08"\n'
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def tiny() -> Ruleset:
    return load_ruleset(TINY)


def table(columns: str, *rows: str) -> str:
    """Columns apart by blanks, rows as the inside of a list."""
    header = "".join(f"  - {name}\n" for name in columns.split())
    return f"列:\n{header}行:\n" + "".join(f"  - [{row}]\n" for row in rows)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(body: str, *, head: str = HEAD, base: str = BASE, name: str = "表.yaml") -> Path:
        path = tmp_path / name
        path.write_text(head + base + body, encoding="utf-8")
        return path

    return make


def differences(found: tuple[Comparison, ...]) -> list[tuple[str, str, str]]:
    return [tuple(difference) for comparison in found for difference in comparison.differences]


# —— rows ——


def test_a_row_is_the_base_with_its_cells_and_what_it_expects(write: Write) -> None:
    path = write(
        table(
            "编号 说明 知悉日 成员[母亲].收入.工资性收入 认定 金额 情形 缺少",
            '甲, 第一行, "2020-08-01", "1,200.00元", 符合, "800.00", 差额救助, 无',
            '乙, "", "", "", 不符合',
        )
    )
    (first, wanted), (second, other) = load_sheet(path)
    income = first.members[0].incomes
    assert income is not None
    assert [(item.kind, str(item.amount), item.period) for item in income] == [
        ("奖学金", "5.00", "月"),
        ("工资性收入", "1200.00", "月"),
    ]
    assert (wanted.month, wanted.known_on, wanted.overlays) == (Month("2020-08"), date(2020, 8, 1), ())
    (verdict,) = wanted.verdicts
    assert (verdict.programme.text, verdict.subject, verdict.outcome) == ("救助", None, Outcome.ELIGIBLE)
    assert (verdict.amount, verdict.route, verdict.missing) == ("800.00", "差额救助", frozenset())
    assert wanted.location == f"{path}:21:5（甲）"
    # empty cells say nothing
    assert canonical(second) == canonical(parse_case(read_text(base_text())))
    assert other.known_on is None
    (verdict,) = other.verdicts
    assert (verdict.amount, verdict.route, verdict.missing) == (None, None, None)


def base_text() -> str:
    return re.sub("^  ", "", BASE.removeprefix("底稿:\n"), flags=re.MULTILINE)


def after(column: str, cell: Any, base: str | None = None) -> Case:
    """The case with one cell in its place."""
    node = read_text(base or base_text())
    return parse_case(read_column(column, ["母亲", "孩子"]).put(node, Node(cell, "表", 1, 1)))


def test_the_base_is_left_as_it_is() -> None:
    node = read_text(base_text())
    before = node.data()
    for column, cell in (("家庭.车辆", "无"), ("成员[母亲].收入.奖学金", "无"), ("成员.孩子", "否")):
        read_column(column, ["母亲", "孩子"]).put(node, Node(cell, "表", 1, 1))
    assert node.data() == before


@pytest.mark.parametrize(
    ("column", "cell", "read"),
    [
        ("家庭.货币财产", "12.50", lambda c: str(c.household.monetary_assets) == "12.50"),
        ("household.monetary_assets", 12, lambda c: c.household.monetary_assets.fen == 1200),
        ("家庭.地区", "110199002001", lambda c: c.household.region == "110199002001"),
        ("家庭.地区", "未知", lambda c: c.household.region is None),
        ("家庭.车辆", "无", lambda c: c.household.vehicles == ()),
        ("家庭.家庭情形", "单亲、重大变故", lambda c: [s.kind for s in c.household.situations] == ["单亲", "重大变故"]),
        ("家庭.家庭情形.重大变故", "是", lambda c: [s.kind for s in c.household.situations] == ["单亲", "重大变故"]),
        ("家庭.家庭情形.单亲", "是", lambda c: [s.kind for s in c.household.situations] == ["单亲"]),
        ("家庭.家庭情形.单亲", False, lambda c: c.household.situations == ()),
        ("家庭.住房[1].面积", "60.5", lambda c: str(c.household.dwellings[0].area) == "60.50"),
        ("家庭.采暖.面积", "58", lambda c: str(c.household.heating.area) == "58.00"),
        ("家庭.采暖.同住他处领取人数", "2", lambda c: c.household.heating.drawing_elsewhere == 2),
        ("家庭.在享待遇.救助", "80", lambda c: [(b.programme, b.amount.fen) for b in c.household.benefits_in_payment] == [("救助", 8000)]),
        ("成员[母亲].出生日期", "1984-02-29", lambda c: c.members[0].birth_date == date(1984, 2, 29)),
        ("成员[母亲].共同生活", "否", lambda c: c.members[0].lives_with_household is False),
        ("成员[母亲].收入", "无", lambda c: c.members[0].incomes == ()),
        ("成员[母亲].收入[奖学金].金额", "6", lambda c: [i.amount.fen for i in c.members[0].incomes] == [90000, 600]),
        ("成员[母亲].收入[1].周期", "月", lambda c: [i.period for i in c.members[0].incomes] == ["月", "月"]),
        ("成员[母亲].收入.工资性收入", "未知", lambda c: [(i.kind, i.amount) for i in c.members[0].incomes][1] == ("工资性收入", None)),
        ("成员[母亲].收入.奖学金", "无", lambda c: [i.kind for i in c.members[0].incomes] == ["工资性收入"]),
        ("成员[孩子].残疾.肢体", "二级", lambda c: [(d.category, d.grade) for d in c.members[1].disabilities] == [("视力", "一级"), ("肢体", "二级")]),
        ("成员[孩子].残疾.视力", "一级", lambda c: len(c.members[1].disabilities) == 1),
        ("成员[孩子].儿童.弃婴", "是", lambda c: c.members[1].child.foundling is True),
        ("成员[孩子].不计入情形[服刑].期限月数", "36", lambda c: [(n.kind, n.term_months) for n in c.members[1].not_counted] == [("服刑", 36)]),
        ("成员.孩子", "否", lambda c: [m.id for m in c.members] == ["母亲"]),
        ("成员.孩子", "是", lambda c: [m.birth_date.year for m in c.members] == [1985, 2012]),
    ],
)  # fmt: skip
def test_what_a_cell_means(column: str, cell: Any, read: Callable[[Case], bool]) -> None:
    assert read(after(column, cell))


def test_an_item_written_as_one_word_can_be_said_more_of() -> None:
    case = after("家庭.家庭情形[单亲].生效日期", "2020-01-01")
    (situation,) = case.household.situations or ()
    assert (situation.kind, situation.from_) == ("单亲", date(2020, 1, 1))


def test_shorthand_takes_the_place_of_all_items_of_its_kind() -> None:
    """A base with two wages at different times: the cell is then the only one."""
    two = "{种类: 工资性收入, 金额: 900, 失效日期: 2020-01-01}, {种类: 工资性收入, 金额: 800, 生效日期: 2020-01-01}"
    base = base_text().replace("{种类: 工资性收入, 金额: 900, 周期: 年}", two)
    case = after("成员[母亲].收入.工资性收入", "7", base)
    assert [str(i.amount) for i in case.members[0].incomes or ()] == ["5.00", "7.00"]
    with pytest.raises(PathProblem, match="有几项"):
        after("成员[母亲].收入[工资性收入].金额", "7", base)


# —— what is refused ——


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("家庭.货币才产", "最接近的名称：货币财产"),
        ("家庭.货币财产.", "家庭.货币财产"),
        ("", "家庭.货币财产"),
        ("成员[母辛].出生日期", "最接近的名称：母亲"),
        ("成员[1].出生日期", "没有编号为“1”的成员"),
        ("成员.母亲.出生日期", "成员[母亲].…"),
        ("成员[母亲].收入.奖学金[1]", "收入[奖学金].…"),
        ("成员.甲", "没有编号为“甲”的成员"),
        ("成员[母亲]", "后面还要写"),
        ("成员[母亲].收入.金额", "收入[1].金额"),
        ("成员[孩子].残疾.指体", "最接近的名称：肢体"),
        ("成员[孩子].残疾[指体].等级", "最接近的名称：肢体"),
        ("家庭.车辆.用途", "车辆[1]"),
        ("家庭.车辆[甲].用途", "车辆[1]"),
        ("家庭.货币财产[1]", "不是列表"),
        ("家庭.货币财产.金额", "没有更细的项"),
    ],
)
def test_columns_that_name_no_place(column: str, says: str) -> None:
    with pytest.raises(PathProblem) as caught:
        read_column(column, ["母亲", "孩子"])
    assert says in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("columns", "row", "code", "place", "says"),
    [
        ("编号 成员[母亲].出生日期 认定", "甲, 1985-02-30, 符合", "case-date", "9", "“成员[母亲].出生日期”列：成员[1].出生日期：没有这一天"),
        ("编号 成员[母亲].收入.工资性收入 认定", "甲, 12.5, 符合", "case-money", "9", "“成员[母亲].收入.工资性收入”列："),
        ("编号 成员[孩子].残疾.肢体 认定", "甲, 五级, 符合", "case-choice-value", "9", "一级、二级"),
        ("编号 家庭.家庭情形.单亲 认定", "甲, 大概, 符合", "sheet-cell", "9", "“家庭.家庭情形.单亲”列：应写 是 或 否"),
        ("编号 家庭.住房[2].面积 认定", '甲, "9", 符合', "sheet-cell", "9", "没有 [2]"),
        ("编号 成员[孩子].身份证号 认定", '甲, "110199201203020015", 符合', "case-identity-number", "9", "身份证号"),
        ("编号 成员[母亲].出生日期 认定", "甲, 2013-01-01, 符合", "case-generation", "5（甲）", "“孩子”的出生日期应晚于"),
        ("编号 认定 金额", "甲, 符合, 八百", "expect-amount", "13", "“金额”列：金额写法"),
        ("编号 认定", "甲, 合格", "expect-outcome", "9", "“认定”列：应为"),
        ("编号 认定 金额", '甲, "", "1"', "expect-missing-key", "5（甲）", "缺少“认定”"),
        ("编号 月份 认定", "甲, 2020-13, 符合", "expect-month", "9", "“月份”列："),
        ("编号 知悉日 认定", "甲, 2020-02-30, 符合", "expect-date", "9", "“知悉日”列："),
        ("编号 对象 认定", "甲, {母亲: 1}, 符合", "expect-unknown-member", "9", "“对象”列：没有编号为“”的成员"),
        ("编号 对象 认定", "甲, 母辛, 符合", "expect-unknown-member", "9", "“对象”列：没有编号"),
        ("编号 认定", "甲, 符合, 多", "sheet-row", "5", "至多 2 格"),
        ("编号 认定", '"", 符合', "sheet-id", "5", "编号"),
    ],
)  # fmt: skip
def test_mistakes_are_reported_at_their_cell(
    write: Write, columns: str, row: str, code: str, place: str, says: str
) -> None:
    path = write(table(columns, row))
    with pytest.raises(InputError) as caught:
        load_sheet(path)
    (problem,) = caught.value.problems
    assert problem.location == f"{path}:{13 + len(columns.split())}:{place}"
    assert says in problem.message
    assert not code or problem.code == code
    assert "110199201203020015" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "base", "body", "code", "says"),
    [
        (HEAD.replace("项目", "项日"), BASE, table("编号 认定", "甲, 符合"), "sheet-unknown-key", "最接近的名称：项目"),
        (HEAD.replace("项目: 救助\n", ""), BASE, table("编号 认定", "甲, 符合"), "sheet-missing-key", "缺少“项目”"),
        (HEAD, "", table("编号 认定", "甲, 符合"), "sheet-missing-key", "缺少“底稿”"),
        (HEAD + "programme: aid\n", BASE, table("编号 认定", "甲, 符合"), "sheet-duplicate", "“项目”写了两次"),
        (HEAD.replace("依据", "# "), BASE, table("编号 认定", "甲, 符合"), "sheet-rests-on", "缺少“依据”"),
        (HEAD, BASE.replace("编号: 孩子", "编号: 母亲"), table("编号 认定", "甲, 符合"), "", "与 成员[1].编号 相同"),
        (HEAD, BASE + "  预期: []\n", table("编号 认定", "甲, 符合"), "sheet-base", "预期"),
        (HEAD, BASE, table("编号", "甲"), "sheet-missing-column", "认定"),
        (HEAD, BASE, table("认定", "符合"), "sheet-missing-column", "编号"),
        (HEAD, BASE, table("编号 认订", "甲, 符合"), "sheet-column", "最接近的名称：认定"),
        (HEAD, BASE, table("编号 认定 成员[母亲].出声日期", "甲, 符合"), "sheet-column", "最接近的名称：出生日期"),
        (HEAD, BASE, table("编号 认定 认定", "甲, 符合, 符合"), "sheet-column", "写了两次"),
        (HEAD, BASE, table("编号 认定 成员[母亲].incomes.奖学金 成员[母亲].收入.奖学金", "甲, 符合"), "sheet-column", "写了两次"),
        (HEAD, BASE, table("编号 认定", "甲, 符合", "甲, 符合"), "sheet-id", "已经用过"),
        (HEAD, BASE, table("编号 认定", '"", ""'), "sheet-rows", "一行也没有"),
        (HEAD, BASE, "列: [编号, 认定]\n", "sheet-rows", "“行”应为列表"),
        (HEAD, BASE, "列: [编号, 认定]\n行: [甲]\n", "sheet-row", "至多 2 格"),
        (HEAD, BASE, "", "sheet-rows", "表.csv"),
        (HEAD.replace("2020-08", "2020-8"), BASE, table("编号 认定", "甲, 符合", "乙, 符合"), "expect-month", "“月份”："),
    ],
)  # fmt: skip
def test_sheets_of_the_wrong_form_are_refused(
    write: Write, head: str, base: str, body: str, code: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_sheet(write(body, head=head, base=base))
    problem = caught.value.problems[0]
    assert says in f"{problem.message}{problem.hint}"
    assert not code or problem.code == code
    assert problem.location is not None
    if "“月份”" in says:
        assert len(caught.value.problems) == 1, "what the sheet says once is wrong once"


def test_all_mistakes_are_reported_together(write: Write, tiny: Ruleset) -> None:
    body = table("编号 家庭.月租金 认定", "甲, -1, 符合", "乙, 1, 合格", '丙, "", 符合')
    with pytest.raises(InputError) as caught:
        load_sheet(write(body))
    assert [problem.code for problem in caught.value.problems] == ["case-money", "expect-outcome"]


def test_what_the_law_does_not_know_is_reported_at_the_row(write: Write, tiny: Ruleset) -> None:
    path = write(table("编号 月份 成员[母亲].收入.房租 认定", '甲, "", 1, 符合', '乙, 2019-08, "", 符合'))
    with pytest.raises(InputError) as caught:
        check_case(path, tiny)
    kind, month = caught.value.problems
    assert (kind.code, month.code) == ("unknown-income-kind", "month-before-coverage")
    assert str(kind.location).startswith(f"{path}:17:5（甲） 成员[")
    assert month.location == f"{path}:18:5（乙）"
    with pytest.raises(InputError) as caught:
        check_case(write(table("编号 认定", "甲, 符合"), head=HEAD.replace("救助", "救住", 1)), tiny)
    assert caught.value.code == "expect-unknown-programme"


# —— checking ——


def test_rows_are_compared(write: Write, tiny: Ruleset) -> None:
    body = table(
        "编号 成员[母亲].收入.工资性收入 成员[孩子].残疾.视力 认定 金额 金额范围 假设 缺少",
        '甲, 1200, "", 符合, "880.00", "", A02',
        '乙, 1200, "", 符合, "881.00"',
        '丙, 未知, "", 信息不足, 未知, 0.00 至 2000.00, "", 收入.工资性收入',
    )
    found = check_case(write(body, base=BASE.replace(", 家庭情形: [单亲]", "")), tiny)
    assert [comparison.location[-3:] for comparison in found] == ["（甲）", "（乙）", "（丙）"]
    # the scholarship does not count; without the deduction for single parents 2000 − 1200
    assert differences(found) == [("金额", "880.00", "800.00"), ("金额", "881.00", "800.00")]


def test_programmes_of_persons_name_whom(write: Write, tiny: Ruleset) -> None:
    head = HEAD.replace("救助\n", "津贴\n", 1)
    body = table("编号 对象 认定 金额", "甲, 孩子, 符合, 400", "乙, 母亲, 不适用")
    assert differences(check_case(write(body, head=head), tiny)) == []
    whole = table("编号 认定 金额", "甲, 符合, 400")
    assert differences(check_case(write(whole, head=head + "对象: 孩子\n"), tiny)) == []
    with pytest.raises(InputError, match="按人认定"):
        check_case(write(whole, head=head), tiny)


def test_overlays_are_laid_on(write: Write, tiny: Ruleset) -> None:
    base = BASE.replace(", 家庭情形: [单亲]", "")
    body = table("编号 成员[母亲].收入.工资性收入 认定", "甲, 2000, 符合")
    path = write(body, head=HEAD + "叠加: [reading]\n", base=base)

    def lay(overlays: tuple[str, ...]) -> Ruleset:
        return load_ruleset(TINY, overlays=[TINY / "overlays" / name for name in overlays])

    assert differences(check_case(path, tiny, lay=lay)) == []
    with pytest.raises(InputError) as caught:
        check_case(path, tiny)
    assert caught.value.code == "expect-overlay"


# —— CSV ——

ROWS = '''\
编号,说明,成员[母亲].收入.工资性收入,家庭.家庭情形,认定,金额,缺少
甲,"逗号, 与 ""引号""","1,200.00元",无,符合,800.00,
,,,,,,

乙,,未知,无,信息不足,,收入.工资性收入,,,
'''


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_rows_from_csv(write: Write, tiny: Ruleset, encoding: str, newline: str) -> None:
    settings = write("")
    rows = settings.with_suffix(".csv")
    rows.write_bytes(ROWS.replace("\n", newline).encode(encoding))
    for path in (settings, rows):
        found = check_case(path, tiny)
        assert differences(found) == []
        assert [(c.file, c.location) for c in found] == [
            (str(path), f"{rows}:2:1（甲）"),
            (str(path), f"{rows}:5:1（乙）"),
        ]
    assert golden_files(settings.parent) == (settings,)


def test_csv_places_are_those_of_a_spreadsheet(write: Write) -> None:
    rows = write("").with_suffix(".csv")
    rows.write_text('编号,说明,家庭.月租金,认定\n甲,"两\n行",1,符合\n乙,,一元,符合\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_sheet(rows)
    assert caught.value.location == f"{rows}:3:3"
    assert "“家庭.月租金”列：" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (ROWS.encode("gb18030"), "file-encoding"),
        ('编号,认定\n甲,"符合'.encode(), "sheet-csv"),
        ("编号,认定\n".encode(), "sheet-rows"),
        ("编号,认丁\n甲,符合\n".encode(), "sheet-column"),
        (",\n甲,符合\n".encode(), "sheet-missing-column"),
    ],
)
def test_csv_that_cannot_be_used(write: Write, content: bytes, code: str) -> None:
    rows = write("").with_suffix(".csv")
    rows.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_sheet(rows)
    assert caught.value.code == code
    assert str(caught.value.location).startswith(str(rows))


def test_csv_needs_its_settings_and_rows_stand_in_one_place(write: Write, tmp_path: Path) -> None:
    lonely = tmp_path / "单.csv"
    lonely.write_text(ROWS, encoding="utf-8")
    assert golden_files(tmp_path) == (lonely,)
    with pytest.raises(InputError) as caught:
        load_sheet(lonely)
    assert (caught.value.code, caught.value.location) == ("sheet-settings", str(lonely))
    with pytest.raises(InputError) as caught:
        load_sheet(tmp_path / "没有.csv")
    assert caught.value.code == "file-unreadable"
    both = write(table("编号 认定", "甲, 符合"))
    both.with_suffix(".csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_sheet(both)
    assert caught.value.code == "sheet-rows"


# —— which files are sheets ——


@pytest.mark.parametrize(
    ("text", "sheet"),
    [
        (HEAD, True),
        ("# 说明\n\n  # 又一行\n" + HEAD, True),
        ('{"测试表": "甲"}', True),
        ("﻿sheet: 甲\n", True),
        ("标题: 测试表\n测试表: 甲\n", False),
        ("标题: 测试表的样子\n", False),
        ("", False),
    ],
)
def test_a_sheet_is_known_by_how_it_begins(tmp_path: Path, text: str, sheet: bool) -> None:
    path = tmp_path / "甲.yaml"
    path.write_text(text, encoding="utf-8")
    assert is_sheet(path) is sheet
    assert case_files(tmp_path) == (() if sheet else (path,))
    assert not is_sheet(tmp_path / "没有.yaml")
    assert not is_sheet(tmp_path)


# —— what is shipped ——


def test_shipped_sheets_agree(beijing: Ruleset) -> None:
    sheets = [file for file in golden_files(ROOT / "cases") if is_sheet(file)]
    assert {"低保.yaml", "低收入.yaml"} <= {file.name for file in sheets}
    report = check_files(sheets, beijing, lay=lambda overlays: load_ruleset("beijing", overlays=overlays))
    assert not report.failures
    assert differences(report.differences) == []
    assert len(report.comparisons) >= 20


def test_the_document_is_true(tmp_path: Path, beijing: Ruleset) -> None:
    text = (ROOT / "docs" / "test-sheets.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "表.yaml"
    path.write_text(example, encoding="utf-8")
    found = check_case(path, beijing)
    assert len(found) == 4
    assert differences(found) == []
    members = ["母亲", "孩子"]
    written = re.findall(r"`((?:家庭|成员)[.\[][^`]*)`", text.partition("## 格子")[0])
    assert len(written) > 10
    for name in written:
        assert read_column(name, members)
