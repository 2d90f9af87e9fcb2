"""The documents are true: their examples run, their steps work, and every field and command is in them."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path

import pytest

from eligibility import case_from_data, determine, load_case, load_ruleset
from eligibility.case.fields import Model, shapes
from eligibility.case.files import parse_case
from eligibility.case.models import Case
from eligibility.reading import read_text
from eligibility.ruleset.changes import changes
from eligibility.ruleset.lint import lint
from eligibility.ruleset.load import shipped_folder

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "ruleset-guide.md").read_text("utf-8")
CASE_FILES = (ROOT / "docs" / "case-files.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_readme_example_runs_and_prints_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = "\n".join(blocks(README, "python"))
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    output = printed.getvalue()
    assert "eligible 560.00" in output
    assert "DB-INCOME True 家庭月人均收入低于低保标准" in output
    assert "\nineligible\n" in output
    assert output.rstrip().endswith("500.00")
    for comment in re.findall(r"# ([a-z]+(?: \d+\.\d\d)?|\d+\.\d\d)\n", code):
        assert comment in output


def test_readme_table_names_every_programme() -> None:
    rules = load_ruleset("beijing")
    for programme in rules.programmes.values():
        row = next(
            line for line in README.splitlines() if f"`{programme.id}`" in line and line.startswith("|")
        )
        assert str(programme.start) in row
        assert str(programme.checked_through) in row
    timeline = [v.content.value for v in rules.parameters["低保标准"].dated.versions]
    for fen in timeline:
        assert isinstance(fen, int)
        assert re.search(rf"\b{fen // 100}\b", README)


def test_readme_commands_exist() -> None:
    from eligibility.cli import main

    assert callable(main)
    for command in ("determine", "explain", "check", "rulesets", "replay", "schema"):
        assert f"eligibility {command}" in README


def guide_block(marker: str) -> str:
    found = next(block for block in blocks(GUIDE, "yaml") if block.startswith(f"# {marker}"))
    return found.split("\n", 1)[1]


def test_the_guide_adds_next_years_standard(tmp_path: Path) -> None:
    folder = tmp_path / "beijing"
    shutil.copytree(shipped_folder() / "beijing", folder)
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text("utf-8") + "\n" + guide_block("加在 sources.yaml"), "utf-8")
    parameters = folder / "parameters.yaml"
    text = parameters.read_text("utf-8")
    end = re.search(r"^低保标准:.*?(?=\n+^\S)", text, re.MULTILINE | re.DOTALL)
    assert end
    new = guide_block("加在 parameters.yaml").rstrip("\n")
    parameters.write_text(f"{text[: end.end()]}\n{new}{text[end.end() :]}", "utf-8")
    checked = re.search(r'checked_through: "[^"]*"', guide_block("改 checked_through"))
    assert checked
    for file in (folder / "ruleset.yaml", *(folder / "programmes").glob("*.yaml")):
        text = file.read_text("utf-8")
        file.write_text(re.sub(r'checked_through: "[^"]*"', checked[0], text), "utf-8")

    rules = load_ruleset(folder)
    case = load_case(ROOT / "cases" / "单亲母亲与学童.yaml")
    amounts = re.findall(r"＝\*\*(\d+\.\d\d)\*\*", GUIDE)
    now = determine(case, rules, month="2026-08")
    assert str(now["dibao"].amount) == amounts[0] == "640.00"
    assert not any("只核对到" in warning for warning in now.warnings)
    known = determine(case, rules, month="2026-08", known_on=date(2026, 8, 1))
    assert str(known["dibao"].amount) == amounts[1] == "560.00"
    words = [str(change) for change in changes(rules.edition("2026-06"), rules.edition("2026-07"))]
    assert any("低保标准 1480.00 → 1520.00 元/人月" in word for word in words)
    from eligibility.quantities import Month

    before = {finding.code for finding in lint(load_ruleset("beijing"), as_of=Month("2026-09"))}
    after = {finding.code for finding in lint(rules, as_of=Month("2026-09"))}
    assert before - after, "the month that was not checked is checked now"
    assert not after - before


def test_every_field_of_a_case_is_documented() -> None:
    seen: set[type[Model]] = set()

    def visit(model: type[Model]) -> None:
        if model in seen:
            return
        seen.add(model)
        for shape in shapes(model).values():
            assert f"| `{shape.title}` | `{shape.key}` |" in CASE_FILES
            if shape.model is not None:
                visit(shape.model)

    visit(Case)
    assert len(seen) > 10


def test_every_income_kind_is_documented() -> None:
    for kind in load_ruleset("beijing").income_kinds:
        assert kind in CASE_FILES


def test_the_example_case_files_work() -> None:
    for text in (blocks(CASE_FILES, "yaml")[0], blocks(README, "yaml")[0]):
        case = parse_case(read_text(text, file="doc"))
        assert determine(case, load_ruleset("beijing"), month="2025-08")["dibao"].outcome
    assert case_from_data({"成员": [{"编号": "甲"}]}).members[0].id == "甲"


def test_the_guide_s_overlay_works(tmp_path: Path) -> None:
    overlay = next(block for block in blocks(GUIDE, "yaml") if block.startswith("overlay:"))
    (tmp_path / "overlay.yaml").write_text(overlay, "utf-8")
    rules = load_ruleset("beijing", overlays=[tmp_path])
    assert rules.overlays == ("my-reading",)
    assert rules.assumptions["A16"].value is False
    assert (
        rules.edition("2025-08").edition_digest != load_ruleset("beijing").edition("2025-08").edition_digest
    )


def test_links_between_documents_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
