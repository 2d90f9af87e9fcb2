"""The generated pages: true to the ruleset, the same every time, links that lead somewhere, tables that are tables."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from eligibility import cli, writing
from eligibility.ruleset import Ruleset, load_ruleset
from eligibility.ruleset.document import MARK, document
from eligibility.ruleset.markdown import escape, slug, table

from .conftest import TINY, Altered

ROOT = Path(__file__).parent.parent.parent
COMMITTED = ROOT / "docs" / "rulesets" / "beijing"
REMAKE = "重新生成：eligibility rulesets document beijing --out docs/rulesets/beijing"
LINK = re.compile(r"(?<!\\)\[(?:\\.|[^\]\\])*\]\(([^()#]*)(?:#([^()]*))?\)")
AID, ALLOWANCE, PARAMETERS = "programmes/aid.yaml", "programmes/allowance.yaml", "parameters.yaml"


@pytest.fixture(scope="session")
def pages(tiny: Ruleset) -> dict[str, str]:
    return document(tiny)


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of the same rank or higher."""
    rank = heading.index(" ")
    return re.split(rf"^#{{1,{rank}}} ", page.split(f"{heading}\n", 1)[1], flags=re.MULTILINE)[0]


# —— The pages in the repository ——


def test_the_committed_pages_are_those_of_the_ruleset(beijing: Ruleset) -> None:
    made = document(beijing)
    there = {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*")}
    assert sorted(there) == sorted(made), REMAKE
    different = [name for name, text in made.items() if there[name] != text]
    assert not different, f"{'、'.join(different)} 与规则集不符。{REMAKE}"


# —— Form ——


def test_the_same_ruleset_gives_the_same_bytes_in_any_process(pages: dict[str, str]) -> None:
    code = (
        "import sys; sys.stdout.reconfigure(encoding='utf-8', newline='')\n"
        "from eligibility.ruleset import load_ruleset\n"
        "from eligibility.ruleset.document import document\n"
        f"sys.stdout.write('\\0'.join(document(load_ruleset({str(TINY)!r})).values()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, env=environment
    )
    assert ran.stdout.decode().split("\0") == list(pages.values())


@pytest.mark.parametrize("name", ["tiny", "beijing"])
def test_every_link_leads_to_a_page_and_a_heading(name: str, request: pytest.FixtureRequest) -> None:
    made = document(request.getfixturevalue(name))
    anchors = {}
    for page, text in made.items():
        headings = [slug(found) for found in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
        assert len(headings) == len(set(headings)), f"{page}: two headings share an anchor"
        anchors[page] = set(headings)
    seen = 0
    for page, text in made.items():
        for target, anchor in LINK.findall(text):
            assert (target or page) in made, f"{page}: {target}"
            assert not anchor or anchor in anchors[target or page], f"{page}: {target}#{anchor}"
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("name", ["tiny", "beijing"])
def test_every_row_of_a_table_has_as_many_cells_as_its_heading(
    name: str, request: pytest.FixtureRequest
) -> None:
    for page, text in document(request.getfixturevalue(name)).items():
        for block in text.split("\n\n"):
            rows = [re.findall(r"(?<!\\)\|", line) for line in block.splitlines() if line.startswith("|")]
            assert len({len(row) for row in rows}) <= 1, f"{page}: {block[:80]}"
            assert not rows or len(rows) == len(block.splitlines()), f"{page}: {block[:80]}"


def test_pages_begin_with_the_mark_and_end_with_one_line_break(pages: dict[str, str]) -> None:
    for text in pages.values():
        assert text.startswith(f"{MARK} tiny 生成")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text


def test_text_stays_text() -> None:
    assert escape("甲|乙 *丙* <丁>\n [戊](x) `己` 核减_倍数 ~15%~") == (
        r"甲\|乙 \*丙\* \<丁\> \[戊\](x) \`己\` 核减_倍数 \~15%\~"
    )
    assert table(["甲", "乙"], [["一\n二", ""]]) == "| 甲 | 乙 |\n| --- | --- |\n| 一<br>二 | — |"
    assert slug("京民发〔2025〕50号") == "京民发202550号"
    assert slug("DB-INCOME") == "db-income"


def test_marks_in_a_title_do_not_break_a_page(altered: Altered) -> None:
    made = document(
        load_ruleset(altered((AID, "title: 有共同生活的成员", "title: '有 *共同* 生活 | 的 <成员>'")))
    )
    assert r"[AID-MEMBERS](#aid-members) 有 \*共同\* 生活 \| 的 \<成员\>" in made["aid.md"]


# —— What a programme's page says ——


def test_routes_in_words(pages: dict[str, str]) -> None:
    page = pages["aid.md"]
    assert "取最先列出的" in page
    route = section(page, "### 情形：过渡救助")
    assert "- 全部符合：\n  - [AID-HUKOU](#aid-hukou) 申请人有本市户籍\n" in route
    assert "  - **不符合**：[AID-INCOME](#aid-income) 人均收入低于标准\n" in route
    assert (
        "  - 任一符合：\n    - [AID-SINGLE](#aid-single) 单亲\n    - [AID-ILL](#aid-ill) 有重病成员\n"
        in route
    )
    gap = section(page, "### 情形：差额救助")
    assert '- 金额：`round_half_up(救助标准 * 计入人数 - 家庭月收入, "分")`\n' in gap
    assert "- 读作：救助标准 × 计入人数 − 家庭月收入，四舍五入到分\n" in gap
    assert "[救助标准](标准沿革.md#救助标准)、[计入人数](定义.md#计入人数)" in gap
    assert "- 假设：[A03](假设.md#a03)" in gap


def test_a_criterion_has_title_expression_and_citation(pages: dict[str, str]) -> None:
    text = section(pages["aid.md"], "### AID-INCOME")
    assert "**人均收入低于标准**" in text
    assert "- 算式：`人均收入 <= 救助标准 if 恰等于算低于 else 人均收入 < 救助标准`" in text
    assert "恰等于算低于（[A02](假设.md#a02)）" in text
    assert "- 依据：[《云水市救助办法》（云民发〔2020〕1号）](文件.md#云民发20201号)第四条" in text


def test_versions_of_a_criterion_stand_under_their_months(pages: dict[str, str]) -> None:
    page = pages["aid.md"]
    text = section(page, "### AID-X-CAR")
    assert "- **2020-01 至 2020-12**\n  - 算式：`机动车数 > 1`\n  - 读作：机动车数超过1\n" in text
    assert "- **2021-01 起**\n  - 算式：`机动车数 > 0`\n" in text
    assert "- [AID-X-CAR](#aid-x-car) 有机动车：有机动车的家庭不予救助" in section(page, "## 不符合的情形")


def test_figures_by_date_and_what_is_not_known(pages: dict[str, str]) -> None:
    page = pages["aid.md"]
    assert "| 2020-01 至 2021-06 | 1000.00 | [云民发〔2020〕1号](文件.md#云民发20201号) | 文件所载 |" in page
    assert "- [最低工资](标准沿革.md#最低工资)：2021-01 起，2100.00 元/月" in section(page, "## 标准")
    assert "- [过渡补助](标准沿革.md#过渡补助)：2021-01 起" in section(page, "## 没有查到的")
    assert "- 起止：自审核确认的次月起发放" in section(page, "## 发放")
    cells = section(pages["allowance.md"], "## 没有查到的")
    assert "- [津贴标准](标准沿革.md#津贴标准)（乙类、低档）：2020-01 起" in cells


def test_assumptions_with_value_alternatives_and_basis(pages: dict[str, str]) -> None:
    own = section(pages["aid.md"], "## 假设")
    assert (
        "- [A01](假设.md#a01) 1100元标准自哪个月起执行：取 **2021-07**\n"
        "  - 其他读法：2021-01\n  - 理由：通知没有写月份\n" in own
    )
    assert "- [A02](假设.md#a02) 恰等于标准的是否算低于：取 **否**\n  - 其他读法：是\n" in own
    assert "A05" not in own
    others = section(pages["allowance.md"], "## 假设")
    assert "经由其他项目的结论，还依据：[A02](假设.md#a02)、[A03](假设.md#a03)。" in others


def test_who_and_uses(pages: dict[str, str]) -> None:
    text = pages["allowance.md"]
    assert "- 只对符合以下条件的作出结论，其他的没有结论，不是“不符合”\n  - 算式：`持有残疾人证`\n" in text
    assert "- 读取其他项目的结论：[救助](aid.md)的符合\n" in text
    assert "取金额最高的" in text


def test_an_amount_nobody_found(altered: Altered) -> None:
    page = document(load_ruleset(altered((AID, "amount: 过渡补助", "amount: unknown"))))["aid.md"]
    assert "- 金额：没有查到（未知）" in section(page, "### 情形：过渡救助")
    assert "- 情形“过渡救助”的金额：2020-01 起" in section(page, "## 没有查到的")


def test_higher_of_alternatives_and_seasons(altered: Altered) -> None:
    yields = (
        "yields:\n  id: AL-YIELD\n  to: 其他生活类补贴月额\n  title: 已领同类补贴不低于本津贴\n"
        "  because: 已领同类补贴不低于本津贴，不再发放\n  cite: {source: 云水市津贴办法}\n"
        "alternative_to: [救助.过渡救助]\nperiod: {unit: season, once_per: 成员, assumes: [A05]}\n"
    )
    page = document(load_ruleset(altered((ALLOWANCE, "choose: highest\n", f"choose: highest\n{yields}"))))[
        "allowance.md"
    ]
    paid = section(page, "## 发放")
    assert "- 周期：按季发放，不计入每月合计，每人每季一次（[A05](假设.md#a05)）" in paid
    assert "- 就高：另有其他生活类补贴月额的，只发高出的差额" in paid
    assert "（[AL-YIELD](#al-yield)）" in paid
    assert "- 择一：与[救助](aid.md)的“过渡救助”只能选一种" in paid
    assert "- 读作：其他生活类补贴月额高于0，并且其他生活类补贴月额不低于津贴的应付额" in section(
        page, "### AL-YIELD"
    )
    assert "[A05](假设.md#a05)" in section(page, "## 假设")


# —— The shared pages ——


def test_the_history_of_a_figure(pages: dict[str, str]) -> None:
    history = section(pages["标准沿革.md"], "## 救助标准")
    assert "单位：元/人月　用于：[救助](aid.md)、[津贴](allowance.md)" in history
    assert (
        "| 2021-07 起 | 1100.00 | 2021-09-10（假定） | — | [云民发〔2021〕2号](文件.md#云民发20212号) "
        "| 文件所载 | [A01](假设.md#a01) |" in history
    )
    assert "- 2021-07 起：原文“由每人每月1000元调整为1100元”" in history


def test_a_table_by_date_has_a_grid_for_each_first_key(pages: dict[str, str]) -> None:
    grid = section(pages["标准沿革.md"], "## 津贴标准")
    assert (
        "类别：甲类\n\n| 执行月份 | 高档 | 低档 |\n| --- | --- | --- |\n"
        "| 2020-01 至 2021-06 | 400.00 | = 救助标准 1000.00 |\n| 2021-07 起 | 400.00 | = 救助标准 1100.00 |\n"
        in grid
    )
    assert (
        "类别：乙类\n\n| 执行月份 | 高档 | 低档 |\n| --- | --- | --- |\n| 2020-01 起 | 200.00 | 未知 |\n"
        in grid
    )


def test_rows_that_agree_share_a_grid(altered: Altered) -> None:
    grid = document(load_ruleset(altered((PARAMETERS, '乙类: {高档: "200.00", 低档: unknown}',
                                          '乙类: {高档: "400.00", 低档: 救助标准}'))))["标准沿革.md"]  # fmt: skip
    assert "类别：甲类、乙类\n\n" in grid


def test_a_correction_is_told_apart(altered: Altered) -> None:
    right = (
        '    - {from: "2021-01", value: "2150.00", published: "2021-02-15", corrects: 数字有误, '
        "source: 云水市最低工资, provenance: repost}\n\n宽限标准:"
    )
    history = document(load_ruleset(altered((PARAMETERS, "\n宽限标准:", right))))["标准沿革.md"]
    assert "执行月份相同的几行，以公布较晚的为准。" in section(history, "## 最低工资")
    assert "执行月份相同" not in section(history, "## 救助标准")


def test_definitions_and_income_kinds(pages: dict[str, str]) -> None:
    page = pages["定义.md"]
    assert "- **2020-01 起**\n  - 算式：`count(成员, 共同生活)`\n  - 读作：符合“共同生活”的成员人数\n" in page
    assert (
        "| 奖学金 | 2020-01 起 | 不计入 | [《云水市救助办法》（云民发〔2020〕1号）](文件.md#云民发20201号) |"
        in page
    )
    assert "| 城乡基础养老金 | 2021-01 起 | 超过所列数额的部分计入：城乡基础养老金中央部分 |" in page


def test_who_stands_on_an_assumption(pages: dict[str, str]) -> None:
    page = pages["假设.md"]
    assert "- 名称：`起月_1100`（月份）\n- 用到它的项目：[救助](aid.md)、[津贴](allowance.md)" in section(
        page, "## A01"
    )
    assert "- 没有项目依它认定，只作说明" in section(page, "## A05")


def test_documents_with_grade_place_and_quotation(pages: dict[str, str]) -> None:
    text = section(pages["文件.md"], "## 云民发〔2020〕1号")
    assert (
        "- 等级：doc（所附材料）\n- 材料：`notice-1.txt`\n- 引文：\n  - “标准为每人每月1000元，自2020年1月起执行”"
        in text
    )
    assert "[救助 AID-INCOME](aid.md#aid-income)" in text
    assert "- 链接：<https://example.org/allowance>" in section(pages["文件.md"], "## 云水市津贴办法")


def test_the_index_has_a_row_for_every_programme(pages: dict[str, str]) -> None:
    row = next(line for line in pages["README.md"].splitlines() if "`aid`" in line)
    assert row.startswith("| [救助](aid.md)（家庭生活救助） | `aid` | 2020-01 起 | 2021-12 | ")
    assert "[云民发〔2020〕1号](文件.md#云民发20201号)<br>[云民发〔2021〕2号](文件.md#云民发20212号)" in row
    assert "| 文件所载 4<br>据转载 2<br>未知 1 | [过渡补助](标准沿革.md#过渡补助) |" in row
    assert "- 渐退期不自动给予（[A05](假设.md#a05)）" in pages["README.md"]


# —— The command ——


def made(folder: Path, *options: object) -> int:
    return cli.main(["rulesets", "document", str(TINY), "--out", str(folder), *map(str, options)])


def test_the_command_writes_and_lists_the_pages(
    tmp_path: Path, pages: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "pages"
    assert made(folder) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / name) for name in pages]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: text.encode() for name, text in pages.items()
    }
    mode = stat.S_IMODE((folder / "aid.md").stat().st_mode)
    plain = tmp_path / "plain"
    plain.touch()
    assert mode == stat.S_IMODE(plain.stat().st_mode)


def test_the_command_replaces_its_own_pages_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(tmp_path) == 0
    (tmp_path / "gone.md").write_bytes((tmp_path / "aid.md").read_bytes())
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    capsys.readouterr()
    assert made(tmp_path, "--overlay", TINY / "overlays" / "district") == 0
    ran = capsys.readouterr()
    assert "gone.md 不再属于这个规则集" in ran.err
    assert (tmp_path / "heating.md").is_file()
    assert (tmp_path / "README.md").read_text("utf-8").startswith(f"{MARK} tiny --overlay tiny-district 生成")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "aid.md").write_text("# 别人写的\n", "utf-8")
    assert made(tmp_path) == 8
    assert "不覆盖：aid.md" in capsys.readouterr().err
    after = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path for path in before if before[path] != after[path]} == {tmp_path / "aid.md"}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert made(tmp_path / "file") == 8
    assert "[output-unwritable]" in capsys.readouterr().err


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(tmp_path) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "replace", full)
    assert made(tmp_path, "--overlay", TINY / "overlays" / "district") == 8
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
