"""The pages on what-ifs are true: every command and block of Python in them runs and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eligibility import InputError
from tests.walkthroughs import PAGES, ROOT, as_run, pictures


def drawn_here() -> bool:
    """Whether this machine has a font with Chinese signs."""
    from eligibility.whatif.pictures import chinese_font

    try:
        chinese_font()
    except InputError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    if "--picture" in text and not drawn_here():
        pytest.skip("no font with Chinese signs")
    assert as_run(text, tmp_path) == text
    for name in pictures(text):
        assert (page.parent / name).is_file()
        numbers = Path(name).with_suffix(".csv")  # outlines of signs differ between fonts, numbers do not
        assert (page.parent / numbers).read_bytes() == (tmp_path / numbers).read_bytes()


def test_the_pages_are_all_there() -> None:
    assert {page.name for page in PAGES} == {
        "what-if.md", "single-mother-job.md", "standard-1520.md", "single-person-or-allowance.md",
    }  # fmt: skip
    for page in PAGES:
        text = page.read_text("utf-8")
        assert "## English" in text
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_a_page_that_says_otherwise_is_noticed(tmp_path: Path) -> None:
    text = (
        "```yaml\n# 情景.yaml\n情景: [{名称: 甲, 覆盖: [低保标准 = 1520]}]\n```\n"
        "```python\nfrom pathlib import Path\nprint(Path('情景.yaml').exists())\n```\n\n```text\nFalse\n```\n"
    )
    assert as_run(text, tmp_path) == text.replace("False", "True")


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"没有\.yaml"):
        as_run("```console\n$ eligibility determine 没有.yaml --month 2025-09\n```\n", tmp_path)
