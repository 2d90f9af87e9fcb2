"""docs/registers.md lists every column of a register, with its English name, what its cells hold and what it means."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eligibility.quantities import Month
from eligibility.register.cells import DATE_FORMS, cell_value
from eligibility.register.column import KIND_TITLES
from eligibility.register.columns import (
    HOUSEHOLD_COLUMNS,
    HOUSEHOLD_ID,
    PERSON_COLUMNS,
    RECEIPTS,
    Column,
    column_of,
    income_column,
    paid_column,
    receipt_columns,
)
from eligibility.register.sample import MAX_SAMPLE
from eligibility.register.sample_gaps import BLANK, DECLARED, INCOMPLETE
from eligibility.ruleset import Ruleset
from eligibility.ruleset.markdown import escape, table
from eligibility.values import Level

PAGE = (Path(__file__).parents[2] / "docs" / "registers.md").read_text("utf-8")
IMPAIRMENTS = "残疾类别加等级，如 肢体二级"


def lines(columns: tuple[Column, ...]) -> str:
    """The table of some columns as it stands on the page."""
    return table(("列", "英文名", "写什么", "说明"), map(cells, columns))


def cells(column: Column) -> tuple[str, str, str, str]:
    title = column.title + (" \\*" if column.required else "")
    words = "、".join(column.choices)
    if "肢体二级" in column.choices:
        words = IMPAIRMENTS
    elif column.title == RECEIPTS:
        words = "规则集的项目"
    kind = (
        KIND_TITLES[column.kind] + ("：" if words else "") + words + ("（敏感）" if column.sensitive else "")
    )
    return title, f"`{column.key}`", kind, escape(column.description)


def repeated() -> tuple[Column, ...]:
    """The columns that repeat for income kinds, programmes and months."""
    amount, since = receipt_columns("‹项目›")
    paid = paid_column("‹项目›", Month("2025-07"))
    return income_column("‹种类›", False), amount, since, paid


@pytest.mark.parametrize(
    "columns", [HOUSEHOLD_COLUMNS, (HOUSEHOLD_ID, *PERSON_COLUMNS), repeated()], ids=["家庭", "成员", "重复"]
)
def test_the_page_has_the_table_of_columns(columns: tuple[Column, ...]) -> None:
    assert lines(columns) in PAGE


def test_every_example_of_a_column_exists() -> None:
    named = re.findall(r"`((?:收入|在享月额|在享起始|已发|父母\d)\.[^`‹]+)`", PAGE)
    assert named
    for title in named:
        assert any(column_of(title, level) is not None for level in (Level.HOUSEHOLD, Level.PERSON)), title


def test_the_page_says_how_days_are_typed() -> None:
    assert "、".join(f"`{form}`" for form in DATE_FORMS.split("、")) in PAGE
    birth = column_of("出生日期", Level.PERSON)
    assert birth is not None
    assert {cell_value(birth, form) for form in DATE_FORMS.split("、")} == {date(2025, 7, 1)}


def test_the_page_names_the_incomes_that_may_be_losses(beijing: Ruleset) -> None:
    losses = "、".join(f"`收入.{kind.name}`" for kind in beijing.income_kinds.values() if kind.signed)
    assert f"只有 {losses} 可以为负" in PAGE


def test_the_page_says_how_the_sample_is() -> None:
    assert f"{INCOMPLETE:.0%}".replace("%", " %") in PAGE
    assert f"{DECLARED:.0%}".replace("%", " %") in PAGE
    assert f"{INCOMPLETE * BLANK:.0%}".replace("%", " %") in PAGE
    assert f"{MAX_SAMPLE:,}" in PAGE


def test_the_examples_run_and_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    names: dict[str, Any] = {}
    with redirect_stdout(printed):
        exec(compile(code, "registers.md", "exec"), names)
    same, counts = printed.getvalue().splitlines()
    assert same == "True"
    report, row = names["report"], names["row"]
    assert counts == f"{report.households} {report.persons}"
    assert row["家庭编号"] == "B00000001"
    assert row["成员"]


if __name__ == "__main__":  # prints the tables, to be pasted into the page
    for part in (HOUSEHOLD_COLUMNS, (HOUSEHOLD_ID, *PERSON_COLUMNS), repeated()):
        print(lines(part), end="\n\n")
