"""A tiny complete ruleset of a fictional city, and ways to spoil a copy of it at one place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eligibility.ruleset import Ruleset, load_ruleset

TINY = Path(__file__).parent / "tiny"
Edit = tuple[str, str, str]
Altered = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    return TINY


@pytest.fixture(scope="session")
def tiny() -> Ruleset:
    return load_ruleset(TINY)


@pytest.fixture(scope="session")
def beijing() -> Ruleset:
    return load_ruleset("beijing")


@pytest.fixture
def altered(tmp_path: Path) -> Altered:
    """A copy of the tiny ruleset with edits: (file, text that stands there once, what to put instead)."""

    def make(*edits: Edit) -> Path:
        folder = tmp_path / "tiny"
        shutil.copytree(TINY, folder)
        for file, old, new in edits:
            text = (folder / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return make
