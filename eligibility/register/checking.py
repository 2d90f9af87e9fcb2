"""Which households contradict themselves, and where: the words are those of `case_of`, the places those of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..case.identity import mask
from ..errors import InputError, Problem
from ..values import Level
from .cases import case_of
from .columns import HOUSEHOLD_ID, MEMBER_ID, MEMBERS, column_of
from .flat import Tables
from .suspicion import suspicious

_MEMBER: Final = re.compile(r"成员\[(\d+)\](?:\.([^：]*))?：(.*)\Z", re.DOTALL)
_NAMED: Final = re.compile(r"“[^”]*”| ?成员\[(\d+)\](?:\.[^\s，；（）]*)? ?")
"""What somebody typed, which stands in quotes and may look like anything; or a member by position."""
_HOUSEHOLD: Final = re.compile(r"家庭(?:\.([^：]*))?：(.*)\Z", re.DOTALL)
_QUOTED: Final = re.compile(r"“([^”]*)”", re.DOTALL)
_PARENT: Final = re.compile(r"(?:儿童\.)?父母\[(\d)\]")
_REMEDY: Final = "核对后改正"


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit in a household: about a member (position from 0) or the household (None), in which column."""

    member: int | None
    column: str | None
    code: str
    message: str
    remedy: str


def findings(tables: Tables, kinds: Sequence[str]) -> Mapping[int, list[Finding]]:
    """All households that `case_of` refuses, by position, with everything it says. `kinds` as for `case_of`."""
    found: dict[int, list[Finding]] = {}
    doubtful = np.flatnonzero(suspicious(tables, kinds))
    if not len(doubtful):
        return found
    batch = tables.batch()
    for position in map(int, doubtful):
        row = batch.slice(position, 1).to_pylist()[0]
        try:
            case_of(row, kinds)
        except InputError as error:
            found[position] = [_finding(problem, row) for problem in error.problems]
    return found


def in_rows(message: str, rows: Sequence[int]) -> str:
    """A message that names members by their position, naming them by the rows they stand in instead.

    What stands in quotes was typed by somebody and is left as it is.
    """

    def named(match: re.Match[str]) -> str:
        known = match[1] is not None and 1 <= int(match[1]) <= len(rows)
        return f"第 {rows[int(match[1]) - 1]} 行" if known else match[0]

    return _NAMED.sub(named, message)


def _finding(problem: Problem, row: Mapping[str, Any]) -> Finding:
    """A problem of a case, in terms of the row."""
    remedy = problem.hint or _REMEDY
    member = _MEMBER.match(problem.message)
    if member is not None:
        return Finding(int(member[1]) - 1, _column(member[2], Level.PERSON), problem.code, member[3], remedy)
    household = _HOUSEHOLD.match(problem.message)
    if household is not None:
        return Finding(None, _column(household[1], Level.HOUSEHOLD), problem.code, household[2], remedy)
    quoted = _QUOTED.match(problem.message)
    column = quoted[1] if quoted is not None else None
    return Finding(_member_at(problem.location, row), column, problem.code, problem.message, remedy)


def _member_at(location: str | None, row: Mapping[str, Any]) -> int | None:
    """The member whom the place of a problem of the row names."""
    for position, member in enumerate(row[MEMBERS]):
        id_ = member.get(MEMBER_ID.title) or str(position + 1)
        if location == mask(f"家庭 {row[HOUSEHOLD_ID.title]} 成员 {id_}"):
            return position
    return None


def _column(path: str | None, level: Level) -> str | None:
    """The path of a field inside a case -> the column it came from, or the path itself where several may have."""
    if not path:
        return None
    path = _PARENT.sub(lambda match: f"父母{match[1]}", path).removeprefix("儿童.")
    path = re.sub(r"\[\d+\]", "", path).replace(".父母", ".")
    parts = path.split(".")
    # A certificate's fields stand in columns of their own; items of a list stand in the column of the list.
    names = (path, "".join(parts), f"成员{path}", ".".join(parts[:2]), parts[-1], parts[0])
    return next((name for name in names if column_of(name, level) is not None), path)
