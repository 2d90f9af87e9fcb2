"""docs/reevaluation.md tells every column of the lists and every kind of change, and its Python runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from eligibility.reevaluation.changes import CHANGES
from eligibility.reevaluation.outputs import ARREARS_COLUMNS, CHANGE_COLUMNS, PAYMENTS
from eligibility.register.sample import write_sample
from eligibility.ruleset import Ruleset

PAGE = (Path(__file__).parents[2] / "docs" / "reevaluation.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("变动", CHANGE_COLUMNS.values()),
        ("补发", ARREARS_COLUMNS.values()),
        ("发放汇总", [title for title, _ in PAYMENTS]),
    ],
)
def test_every_column_is_told(name: str, columns: Iterable[str]) -> None:
    assert f"`{name}` 的列：{'、'.join(columns)}。" in PAGE


def test_every_change_is_told() -> None:
    told = set(re.findall(r"^\| ([^|]+) \| [^|]+ \|$", PAGE.partition("## 变动")[2], re.MULTILINE))
    assert set(CHANGES) <= {word for cell in told for word in cell.split("、")}


def test_the_python_runs(
    tmp_path: Path, beijing: Ruleset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_sample(Path("台账.arrow"), households=50, seed=1, rules=beijing)
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    exec(compile(block[1], "docs/reevaluation.md", "exec"), {})
    households, outcome = capsys.readouterr().out.split()
    assert households == "50"
    assert outcome in ("eligible", "ineligible", "undetermined")
