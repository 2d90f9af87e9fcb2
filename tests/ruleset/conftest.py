"""A tiny complete ruleset of a fictional city, and ways to spoil a copy of it at one place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eligibility.reading import Node, read_file
from eligibility.ruleset import Ruleset, load, load_ruleset

TINY = Path(__file__).parent / "tiny"
Edit = tuple[str, str, str]
Altered = Callable[..., Path]


def _copied(node: Node, file: str) -> Node:
    value = node.value
    if isinstance(value, dict):
        value = {key: _copied(inner, file) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [_copied(inner, file) for inner in value]
    return Node(value, file, node.line, node.column, node.flow, node.key_place)


@pytest.fixture(scope="package", autouse=True)
def _parse_each_text_once() -> Iterator[None]:
    """Most tests spoil one file of a ruleset: the others are copied from the tree of their first reading."""
    trees: dict[bytes, Node] = {}

    def read(path: Path, **options: Any) -> Node:
        text = path.read_bytes() if path.is_file() else b""
        if text not in trees:
            trees[text] = read_file(path, **options)
        return _copied(trees[text], str(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "read_file", read)
        yield


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
