"""Strict YAML: what a file may not contain is refused with its place, before anything is built from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from eligibility.errors import InputError, RulesetError
from eligibility.reading import MAX_BYTES, read_file, read_text


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: no\nb: yes\nc: on", {"a": "no", "b": "yes", "c": "on"}),
        ("a: 0101\nb: 2025-07-01\nc: 1:30", {"a": "0101", "b": "2025-07-01", "c": "1:30"}),
        ("a: 12\nb: -3\nc: 1.5\nd: '12'", {"a": 12, "b": -3, "c": 1.5, "d": "12"}),
        ("a: true\nb: ~\nc:\nd: null", {"a": True, "b": None, "c": None, "d": None}),
        ("a: 110199198503010021", {"a": "110199198503010021"}),
        ('{"a": [1, {"b": "c"}], "d": null}', {"a": [1, {"b": "c"}], "d": None}),
        ("a: >-\n  甲\n  乙\n", {"a": "甲 乙"}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_scalars_follow_the_core_schema(text: str, data: Any) -> None:
    assert read_text(text.removeprefix("\ufeff")).data() == data


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\na: 2", "yaml-duplicate-key", "2:1"),
        ("家庭:\n  地区: 1\n  地区: 2", "yaml-duplicate-key", "3:3"),
        ("[" * 10_000, "yaml-depth", "1:52"),
        ("a: &x 1\nb: *x", "yaml-anchor", "1:4"),
        ("<<: {a: 1}", "yaml-anchor", "1:1"),
        ("a: !!python/object:os.system 1", "yaml-tag", "1:4"),
        ("a: [1, 2", "yaml-syntax", "1:9"),
        ("a: b: c", "yaml-syntax", "1:5"),
        ("---\na: 1\n---\nb: 2", "yaml-documents", "3:1"),
        ("? [a]\n: b", "yaml-key", "1:3"),
        ("", "file-empty", ""),
        ("# 只有注释", "file-empty", ""),
        ("a: \x00", "yaml-syntax", ""),
        ("\ta: 1", "yaml-syntax", "1:1"),
    ],
)
def test_refused_with_its_place(text: str, code: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        read_text(text, file="x.yaml")
    assert caught.value.code == code
    assert caught.value.location == (f"x.yaml:{place}" if place else "x.yaml")


def test_nesting_through_indentation_is_limited_too() -> None:
    with pytest.raises(InputError) as caught:
        read_text("\n".join(" " * depth + "a:" for depth in range(60)))
    assert caught.value.code == "yaml-depth"


def test_files_that_are_none(tmp_path: Path) -> None:
    big, other, folder = tmp_path / "big.yaml", tmp_path / "gbk.yaml", tmp_path / "folder"
    big.write_text("a" * (10 * MAX_BYTES))
    other.write_bytes("家庭: 1".encode("gb18030"))
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, code in (
        (big, "file-too-large"),
        (other, "file-encoding"),
        (folder, "file-unreadable"),
        (tmp_path / "pipe", "file-unreadable"),
        (tmp_path / "none.yaml", "file-unreadable"),
    ):
        with pytest.raises(RulesetError) as caught:
            read_file(path, error=RulesetError)
        assert caught.value.code == code
        assert str(path) in str(caught.value.location)


def test_places_of_values_and_keys() -> None:
    node = read_text("家庭:\n  地区: 甲\n成员:\n  - {编号: 乙}\n", file="f.yaml")
    assert node.find(("成员", 0, "编号")).location == "f.yaml:4:10"
    assert node.find(("成员", 0, "编号")).key_location == "f.yaml:4:6"
    assert node.find(("成员", 0)).flow
    assert node.find(("家庭", "没有")).location == "f.yaml:2:3"
