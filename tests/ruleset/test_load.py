"""Loading: a good ruleset is read whole; each way of spoiling it gives one clear error at its place."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility.errors import RulesetError
from eligibility.quantities import Month
from eligibility.ruleset import Ruleset, available_rulesets, load_ruleset

from .conftest import TINY, Altered, Edit

HOUSEHOLD, AID, ALLOWANCE = "household.yaml", "programmes/aid.yaml", "programmes/allowance.yaml"
PARAMETERS, RULESET = "parameters.yaml", "ruleset.yaml"
SINGLE = "    title: 单亲\n    test: 单亲\n"


@dataclass(frozen=True)
class Broken:
    """One way to spoil the tiny ruleset. `at`: the text at which the error must point, in the file of the first edit
    unless `file` names another; `says`: what message or hint must contain."""

    name: str
    edits: tuple[Edit, ...]
    code: str
    at: str
    says: str
    file: str | None = None

    def __str__(self) -> str:
        return self.name


def broken(name: str, file: str, old: str, new: str, code: str, at: str, says: str) -> Broken:
    return Broken(name, ((file, old, new),), code, at, says)


def test_of_single(expression: str, code: str, says: str, name: str) -> Broken:
    """A criterion with another test; the error points at the expression."""
    new = SINGLE.replace("test: 单亲", f"test: {expression}")
    return broken(name, AID, SINGLE, new, code, f"{expression}\n", says)


test_of_single.__test__ = False  # type: ignore[attr-defined]

CATALOGUE = [
    # names
    broken("unknown name", HOUSEHOLD, "count(成员, 共同生活)", "count(成员, 共同生话)", "unknown-name", "count(成员, 共同生话)", "共同生活"),
    broken("unknown source", ALLOWANCE, "    test: 救助.符合\n    cite: {source: 云水市津贴办法}", "    test: 救助.符合\n    cite: {source: 云水市津帖办法}", "unknown-source", "云水市津帖办法", "云水市津贴办法"),
    broken("unknown assumption", AID, "assumes: [A03]", "assumes: [A033]", "unknown-assumption", "[A033]", "A03"),
    broken("unknown criterion", AID, "[AID-HUKOU, AID-MEMBERS, AID-INCOME]", "[AID-HUKOU, AID-MEMBERS, AID-INCOMES]", "unknown-criterion", "AID-INCOMES]", "AID-INCOME"),
    broken("unknown month name", PARAMETERS, "from: 起月_1100", "from: 起月_1101", "ruleset-month", "起月_1101", "起月_1100"),
    broken("unknown link", PARAMETERS, "equals: 最低工资", "equals: 最低工姿", "unknown-name", '{from: "2020-01", equals', "最低工资"),
    broken("unknown file", RULESET, "programmes/aid.yaml", "programmes/aids.yaml", "ruleset-file", "programmes/aids.yaml", "programmes/aid.yaml"),
    broken("unknown key", AID, "because: 有机动车", "becuase: 有机动车", "ruleset-unknown-key", "becuase", "because"),
    broken("unknown section", HOUSEHOLD, "income_kinds:", "income_kind:", "ruleset-unknown-key", "income_kind:", "income_kinds"),
    broken("unknown unit", PARAMETERS, "unit: 元/户月", "unit: 吨", "ruleset-unit", "吨", "平方米"),
    broken("unknown choice", AID, "choose: first", "choose: fist", "ruleset-choice", "fist", "first"),
    broken("unknown table key", ALLOWANCE, '津贴标准["乙类", "高档"]', '津贴标准["丁类", "高档"]', "expression-table", '津贴标准["丁类"', "丁类"),
    broken("unknown enum value", HOUSEHOLD, '("一级", "二级")', '("一级", "五级")', "expression-choice", '视力等级 in ("一级", "五级")', "四级"),
    # one name, one meaning
    broken("duplicate key", AID, SINGLE, SINGLE.replace("    test", "    title: 单亲家庭\n    test"), "yaml-duplicate-key", "title: 单亲家庭", "title"),
    broken("definition called like a fact", HOUSEHOLD, "  视力高档:\n", "  视力等级:\n", "duplicate-name", "视力等级:\n", "视力等级"),
    broken("figure called like a fact", PARAMETERS, "过渡补助:", "月租金:", "duplicate-name", "月租金:", "月租金"),
    broken("two programmes of one name", ALLOWANCE, "name: 津贴", "name: 救助", "duplicate-name", "救助\ntitle", "救助"),
    broken("figure called like an assumption", PARAMETERS, "过渡补助:", "恰等于算低于:", "duplicate-name", "恰等于算低于:", "恰等于算低于"),
    # circles
    broken("circle of definitions", HOUSEHOLD, "count(成员, 共同生活)", "count(成员, 共同生活) if 人均收入 > 0 else 0", "definition-cycle", "计入人数:\n", "计入人数 → 人均收入 → 计入人数"),
    Broken("circle of programmes", ((AID, "uses: []", "uses: [津贴.符合]"), (AID, SINGLE, SINGLE.replace("test: 单亲", "test: any(成员, 津贴.符合)"))), "definition-cycle", "programme: aid", "救助.符合 → 津贴.符合 → 救助.符合"),
    broken("circle of links", PARAMETERS, '{from: "2021-01", value: "2100.00", published: "2021-01-15"', '{from: "2021-01", equals: 宽限标准, published: "2021-01-15"', "definition-cycle", "最低工资:\n", "最低工资 → 宽限标准 → 最低工资"),
    # versions
    broken("gap", PARAMETERS, '{from: "2019-07", value', '{from: "2019-07", until: "2020-06", value', "version-gap", "最低工资:\n", "2020-06 起至 2021-01 前"),
    broken("ambiguous versions", PARAMETERS, '{from: "2021-01", value: "2100.00", published: "2021-01-15"', '{from: "2019-07", value: "2100.00", published: null', "version-ambiguous", '{from: "2019-07", value: "2100.00"', "corrects"),
    broken("period backwards", PARAMETERS, '{from: "2019-07", value', '{from: "2019-07", until: "2019-07", value', "ruleset-period", '"2019-07", value', "until"),
    broken("versions inside and outside", AID, "    because: 有机动车的家庭不予救助\n", '    because: 有机动车的家庭不予救助\n    from: "2020-01"\n', "ruleset-versions", '"2020-01"\n    versions', "from"),
    broken("bad month", PARAMETERS, '{from: "2021-01", value: "2100.00"', '{from: "2021-13", value: "2100.00"', "ruleset-month", '"2021-13"', "2025-07"),
    broken("bad day", PARAMETERS, 'published: "2021-01-15"', 'published: "2021-01-32"', "ruleset-date", '"2021-01-32"', "2025-09-20"),
    # values
    broken("amount as a float", PARAMETERS, 'value: "1000.00"', "value: 1000.00", "ruleset-text", "1000.00\n", "加引号"),
    broken("amount in words", PARAMETERS, 'value: "1000.00"', 'value: "一千"', "ruleset-value", '"一千"', "一千"),
    broken("amount below zero", PARAMETERS, 'value: "1000.00"', 'value: "-1000.00"', "ruleset-value", '"-1000.00"', "范围"),
    broken("table without a cell", PARAMETERS, '{高档: "200.00", 低档: unknown}', '{高档: "200.00"}', "ruleset-table", 'from: "2020-01"\n      source: 云水市津贴办法', "乙类、低档"),
    broken("otherwise something", HOUSEHOLD, "otherwise: none", "otherwise: some", "ruleset-value", "some", "none"),
    broken("income kind without exemption", HOUSEHOLD, "        exempt: 城乡基础养老金中央部分\n", "", "ruleset-value", 'from: "2021-01"\n        counts', "exempt"),
    # programmes
    broken("amount that is a count", AID, "amount: 过渡补助", "amount: 计入人数", "ruleset-amount", "计入人数\n    cite", "整数"),
    broken("amount not rounded", AID, 'round_half_up(救助标准 * 计入人数 - 家庭月收入, "分")', "救助标准 * 计入人数 - 家庭月收入", "ruleset-amount", "救助标准 * 计入人数 - 家庭月收入", "round_half_up"),
    broken("test that is a count", AID, "test: 计入人数 > 0", "test: 计入人数", "expression-type", "计入人数\n", "是非"),
    broken("no amount", AID, "    amount: 过渡补助\n", "", "ruleset-amount", "when: [AID-HUKOU, AID-MEMBERS, {not", "amount"),
    broken("use not declared", ALLOWANCE, "uses: [救助.符合]", "uses: []", "undeclared-use", "programme: allowance", "救助.符合"),
    Broken("use through a definition", ((ALLOWANCE, "uses: [救助.符合]", "uses: []"), (ALLOWANCE, "test: 救助.符合", "test: 视力高档"), (HOUSEHOLD, '视力等级 in ("一级", "二级")', '视力等级 in ("一级", "二级") and 救助.符合')), "undeclared-use", "programme: allowance", "救助.符合"),
    broken("missing title", AID, "    title: 单亲\n", "", "ruleset-missing-key", "test: 单亲", "title"),
    # expressions
    broken("one-line form", AID, "AID-SINGLE:\n" + SINGLE + "    cite: {source: 云民发〔2020〕1号}\n", "AID-SINGLE: {title: 单亲, test: 单亲, cite: {source: 云民发〔2020〕1号}}\n", "ruleset-flow", "{title: 单亲", "多行"),
    test_of_single("计入人数 ＞ 0", "expression-full-width", "半角 >", "full-width operator"),
    test_of_single("单亲 or " * 4000 + "单亲", "expression-length", "2000", "twenty thousand signs"),
    test_of_single("not " * 60 + "单亲", "expression-depth", "50", "nested too deep"),
    test_of_single("(" * 900 + "单亲" + ")" * 900, "expression-syntax", "算式", "nine hundred parentheses"),
    test_of_single("-" * 200 + "1 > 0", "expression-depth", "50", "two hundred signs"),
    test_of_single("救助标准 * 99999999 * 计入人数 > 0", "expression-overflow", "64 位", "overflow"),
    test_of_single("单亲 and", "expression-syntax", "读不成", "half an expression"),
    test_of_single("视力高档", "expression-level", "any", "person inside household"),
    test_of_single("单亲.__class__", "unknown-name", "单亲", "attribute of a fact"),
    test_of_single("__import__(单亲)", "expression-function", "__import__", "call"),
    test_of_single("人均收入 / 救助标准 > 1", "expression-type", "整数", "division by money"),
    # the file itself
    broken("anchor", AID, "title: 单亲\n", "title: &one 单亲\n", "yaml-anchor", "&one", "锚点"),
    broken("tag", AID, "title: 单亲\n", "title: !text 单亲\n", "yaml-tag", "!text", "标签"),
    broken("file outside the folder", RULESET, "  - programmes/aid.yaml", "  - ../aid.yaml", "ruleset-file", "../aid.yaml", "文件夹"),
    broken("file nested too deep", AID, "uses: []", "uses: " + "[" * 60 + "]" * 60, "yaml-depth", "[" * 9 + "]", "50"),
]  # fmt: skip


def place(folder: Path, file: str, at: str) -> str:
    """The end of a location that points at the one occurrence of `at`."""
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(at) == 1, f"{at!r} stands {text.count(at)} times in {file}"
    before = text[: text.index(at)]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize("case", CATALOGUE, ids=str)
def test_a_spoilt_ruleset_gives_one_clear_error(case: Broken, altered: Altered) -> None:
    folder = altered(*case.edits)
    with pytest.raises(RulesetError) as caught:
        load_ruleset(folder)
    (problem,) = caught.value.problems
    assert problem.code == case.code, str(problem)
    assert case.says in f"{problem.message}（{problem.hint}）", str(problem)
    assert problem.location is not None
    if case.name == "file nested too deep":  # the place is the level that is one too many
        assert f"{AID}:" in problem.location
    else:
        expected = place(folder, case.file or case.edits[0][0], case.at)
        assert problem.location.endswith("/" + expected), f"{problem.location} instead of {expected}"


def test_the_place_inside_an_expression_is_counted_in_characters(altered: Altered) -> None:
    folder = altered((HOUSEHOLD, "count(成员, 共同生活)", "count(成员, 共同生话)"))
    with pytest.raises(RulesetError, match=r"第 11 个字：没有“共同生话”这个名称"):
        load_ruleset(folder)


def test_the_tiny_ruleset_is_read_whole(tiny: Ruleset) -> None:
    assert (tiny.id, str(tiny.start), str(tiny.checked_through)) == ("tiny", "2020-01", "2021-12")
    assert list(tiny.programmes) == ["aid", "allowance"]
    assert list(tiny.programmes["aid"].criteria)[-1] == "AID-X-CAR"
    assert tiny.programmes["aid"].exclusions == ("AID-X-CAR",)
    assert tiny.parameters["津贴标准"].keys == (
        ("类别", frozenset({"甲类", "乙类"})),
        ("档次", frozenset({"高档", "低档"})),
    )
    assert [str(v.start) for v in tiny.parameters["救助标准"].dated.versions] == ["2020-01", "2021-07"]
    assert tiny.parameters["救助标准"].dated.versions[1].assumes == ("A01",)
    over = tiny.programmes["aid"].routes[1].dated.versions[0].content.when
    assert [[(c.criterion, c.holds) for c in limb] for limb in over][2:] == [
        [("AID-INCOME", False)],
        [("AID-NEAR", True)],
        [("AID-SINGLE", True), ("AID-ILL", True)],
    ]


def test_a_name_that_normalisation_changes_is_read_and_said(altered: Altered) -> None:
    rules = load_ruleset(altered((AID, "test: 单亲\n", "test: 单亲 or 计入人数 > ２\n")))
    (notice,) = rules.notices
    assert "“２”按“2”理解" in notice


def test_a_source_with_full_width_brackets_can_be_cited(altered: Altered) -> None:
    name = "云水市津贴办法（试行）"
    edits = [
        ("sources.yaml", "云水市津贴办法:\n", f"{name}:\n"),
        (HOUSEHOLD, "{source: 云水市津贴办法}", f"{{source: {name}}}"),
    ]
    folder = altered(*edits, (PARAMETERS, "source: 云水市津贴办法", f"source: {name}"))
    text = (folder / ALLOWANCE).read_text(encoding="utf-8")
    (folder / ALLOWANCE).write_text(
        text.replace("{source: 云水市津贴办法}", f"{{source: {name}}}"), encoding="utf-8"
    )
    cite = load_ruleset(folder).programmes["allowance"].criteria["AL-AID"].dated.versions[0].cite
    assert cite is not None
    assert cite.source == name


@pytest.mark.parametrize(("name", "nearest"), [("beijng", "beijing"), ("/no/such/folder", "可用")])
def test_an_unknown_ruleset_is_refused(name: str, nearest: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(name)
    assert caught.value.code == "unknown-ruleset"
    assert nearest in str(caught.value.hint)


def test_rulesets_that_ship_are_listed() -> None:
    assert "beijing" in available_rulesets()


def _files() -> list[Path]:
    return sorted(path.relative_to(TINY) for path in TINY.rglob("*.yaml") if "overlays" not in path.parts)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_line_is_lost_doubled_or_shifted_the_error_is_a_clear_one(data: st.DataObject) -> None:
    """Any spoilt line either still makes sense or is refused with a place; nothing else ever comes out."""
    file = data.draw(st.sampled_from(_files()))
    lines = (TINY / file).read_text(encoding="utf-8").splitlines(keepends=True)
    index = data.draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    lines[index] = data.draw(
        st.sampled_from(
            ["", line * 2, "  " + line, line[2:] or "\n", line.replace('"', ""), line.replace(": ", ": [")]
        )
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tiny"
        shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("overlays"))
        (folder / file).write_text("".join(lines), encoding="utf-8")
        try:
            rules = load_ruleset(folder)
        except RulesetError as error:
            for problem in error.problems:
                assert re.match(r"[a-z-]+\Z", problem.code)
                assert problem.location is not None
                assert problem.location.startswith(str(folder))
        else:
            assert rules.edition(Month("2021-12")).month == Month("2021-12")
