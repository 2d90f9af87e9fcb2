"""A register's row as a case that `determine` accepts under one edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..case import Case
from ..register.cases import case_of
from ..register.columns import INCOME, MEMBERS
from ..ruleset import Edition


def case_under(row: Mapping[str, Any], edition: Edition) -> Case:
    """The case of a row; of income, only the kinds the edition lists.

    A register holds one set of columns for all months. What it says of an income kind that the law of this month does
    not know yet, no rule of the month reads; `determine` would refuse it in a case file.
    """
    kinds = tuple(edition.income_kinds)
    listed = {f"{INCOME}.{kind}" for kind in kinds}

    def kept(title: str) -> bool:
        return title in listed or not title.startswith(f"{INCOME}.")

    members = [{title: cell for title, cell in member.items() if kept(title)} for member in row[MEMBERS]]
    return case_of({**row, MEMBERS: members}, kinds)
