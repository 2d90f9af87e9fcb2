"""One household of a finished re-evaluation in full: its row, determined again as by `determine`, on either side."""

from __future__ import annotations

from pathlib import Path

from ..case import mask
from ..determination import Determination, determine
from ..errors import InputError, Problem
from ..register.store import Register, open_register
from ..ruleset import Edition, load_ruleset
from .folder import read_run
from .plan import Point
from .rows import case_under


def explain_household(out: Path, household_id: str, side: str = "after") -> Determination:
    """The determination of one household on one side (`before` or `after`) of the re-evaluation in the folder `out`.

    Raises `InputError` if the folder has no finished run, the register is no longer where it was or as it was, the law
    has changed since, or there is no such household.
    """
    run = read_run(out)
    edition = _edition(run["plan"], run["editions"], side)
    register = _register(out, run["register"])
    row = register.find(household_id)
    return determine(case_under(row, edition), edition)


def _edition(plan: dict[str, str], digests: dict[str, str], side: str) -> Edition:
    if side not in ("before", "after"):
        raise InputError(Problem("side", "应为 before 或 after"))
    rules = load_ruleset(plan["ruleset"], overlays=plan["overlays"])
    point = Point.parse(plan[side])
    edition = rules.edition(point.month, point.known_on)
    if edition.edition_digest != digests[side]:
        message = f"规则集“{plan['ruleset']}”在复核以后改过，{point} 的规定与当时不同"
        raise InputError(Problem("run-law-changed", message, None, "请重新复核"))
    return edition


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
