"""What the commands of registers say when something is amiss: in Chinese, with what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eligibility.cli import main
from eligibility.register.column import KIND_TITLES, ColumnKind


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sample", "--households", "三千", "--out", "{out}/a.arrow"], 2, "--households：应为不小于 1 的整数"),
        (["sample", "--households", "-3", "--out", "{out}/a.arrow"], 2, "--households：应为不小于 1 的整数"),
        (["sample", "--households", "0", "--out", "{out}/a.arrow"], 2, "--households：应为不小于 1 的整数"),
        (["sample", "--households", "3000000", "--out", "{out}/a.arrow"], 3, "1 至 2097152"),
        (["sample", "--households", "3", "--seed", "1.5", "--out", "{out}/a.arrow"], 2, "--seed：应为不小于 0 的整数"),
        (["sample", "--households", "3", "--out", "{out}/无/a.arrow"], 8, "没有这个文件或文件夹"),
        (["show", "{out}/无.arrow"], 3, "没有这个文件或文件夹"),
        (["show", "{out}"], 3, "是文件夹，应是文件"),
        (["import", "{out}/无.xlsx", "--out", "{out}/a.arrow"], 3, "没有这个文件或文件夹"),
        (["import", "{out}/无", "--out", "{out}/a.arrow"], 3, "没有这个文件或文件夹"),
        (["check", "{out}/无.xlsx", "--out", "{out}/b.xlsx"], 3, "没有这个文件或文件夹"),
        (["check", "{out}", "--out", "{out}/b.xlsx"], 3, "没有家庭、成员表"),
        (["template", "--out", "{out}/无/b.xlsx"], 8, "没有这个文件或文件夹"),
        (["template", "--out", "{out}"], 8, "不是普通文件"),
    ],
)  # fmt: skip
def test_errors_are_in_chinese(
    arguments: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("{out}", str(tmp_path)) for argument in arguments]
    assert main(["register", *given]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert not re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+ [A-Za-z]", shown.err.partition("\n用 ")[0])
    assert list(tmp_path.iterdir()) == []


def test_kinds_of_columns_are_shown_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "样例.arrow")
    assert main(["register", "sample", "--households", "3", "--out", target]) == 0
    assert main(["register", "show", target]) == 0
    shown = capsys.readouterr().out
    assert "元，可以为负" in shown
    assert not re.search(r"\b(signed-money|truth|choice)\b", shown)
    assert set(KIND_TITLES) == set(ColumnKind)
