"""One household of a finished re-evaluation in full: its row, determined again as by `determine`, for any month of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ..case import mask
from ..determination import Determination, determine
from ..errors import InputError, Problem
from ..quantities import Month
from ..register.store import Register, open_register
from ..ruleset import Edition, load_ruleset
from ..ruleset.resolve import read_month
from .folder import read_run
from .plan import Point
from .rows import case_under

SIDES: Final = ("before", "after")


def explain_household(
    out: Path, household_id: str, side: str = "after", month: Month | str | None = None
) -> Determination:
    """The determination of one household on one side of the re-evaluation in the folder `out`.

    `side` is `before` (as known then) or `after` (as known now). `month` is that side's own (None) or any that was
    settled: what every line of 补发 compares.

    Raises `InputError` if the folder has no finished run, none of its verdicts is of that month, the register is no
    longer where it was or as it was, the law has changed since, or there is no such household.
    """
    run = read_run(out)
    edition = _edition(out, run, side, read_month(month) if isinstance(month, str) else month)
    register = _register(out, run["register"])
    row = register.find(household_id)
    return determine(case_under(row, edition), edition)


def _edition(out: Path, run: dict[str, Any], side: str, month: Month | None) -> Edition:
    if side not in SIDES:
        raise InputError(Problem("side", f"应为 {' 或 '.join(SIDES)}"))
    plan, law = run["plan"], _law(run, side)
    point = Point.parse(plan[side])
    asked = Point(month or point.month, point.known_on)
    if str(asked.month) not in law:
        known = "；".join(f"{each}：{'、'.join(_law(run, each))}" for each in SIDES)
        message = f"这次复核在 {side} 一边没有认定 {asked.month}"
        raise InputError(Problem("run-month", message, mask(str(out)), f"认定过的月份，{known}"))
    rules = load_ruleset(plan["ruleset"], overlays=plan["overlays"])
    edition = rules.edition(asked.month, asked.known_on)
    if edition.edition_digest != law[str(asked.month)]:
        message = f"规则集“{plan['ruleset']}”在复核以后改过，{asked} 的规定与当时不同"
        raise InputError(Problem("run-law-changed", message, None, "请重新复核"))
    return edition


def _law(run: dict[str, Any], side: str) -> dict[str, str]:
    """The months determined on a side, in order, each with the digest of its law."""
    law = {month: {"before": then, "after": now}[side] for month, then, now in run["work"]["settled"]}
    law[str(Point.parse(run["plan"][side]).month)] = run["editions"][side]
    return dict(sorted(law.items()))


def _register(out: Path, known: dict[str, str]) -> Register:
    path = out / known["path"]  # an absolute path stays as it is
    if not path.is_file():
        message = "复核所用的台账不在原处"
        raise InputError(Problem("run-register-moved", message, mask(str(path)), "请放回原处，或重新复核"))
    register = open_register(path)
    if register.digest != known["digest"]:
        message = "台账在复核以后改过"
        raise InputError(Problem("run-register-changed", message, mask(str(path)), "请重新复核"))
    return register
