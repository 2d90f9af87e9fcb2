"""The summary of a re-evaluation as plain data: households, persons and money by programme, district and change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..engines.verdicts import NO_VERDICT, UNDETERMINED
from ..quantities import Money
from .arrears import KINDS, UNCERTAIN
from .changes import CHANGES, NO_CHANGE
from .districts import district_name
from .pieces import NOT_IN_FORCE, OUTCOME_WORDS
from .plan import Plan
from .totals import CHANGE_WIDTH, Totals

MONTHS_A_YEAR: Final = 12


def summary_of(plan: Plan, totals: Totals) -> dict[str, Any]:
    """The sums of all batches as the content of `summary.json`; money is text in yuan, `1480.00`."""
    return {
        "ruleset": {"id": plan.rules.id, "title": plan.rules.title, "overlays": list(plan.rules.overlays)},
        "before": str(plan.before),
        "after": str(plan.after),
        "through": str(plan.through),
        "settled_months": [str(month.month) for month in plan.retroactive],
        "households": totals.households,
        "persons": totals.persons,
        "change_lines": totals.change_lines,
        "arrears_lines": totals.arrears_lines,
        "programmes": [_programme(plan, totals, programme) for programme in plan.programmes],
        "districts": _districts(plan, totals),
        "assumptions": _assumptions(plan, totals),
    }


def yuan(fen: int) -> str:
    """分 as text in yuan."""
    return str(Money.from_fen(fen))


def _programme(plan: Plan, totals: Totals, programme: str) -> dict[str, Any]:
    text = plan.rules.programmes[programme]
    changes = {
        change: _row(row for (p, _, c), row in totals.changes.items() if (p, c) == (programme, change))
        for change in (*CHANGES, NO_CHANGE)
    }
    every = [sum(row[i] for row in changes.values()) for i in range(CHANGE_WIDTH)]
    covered = _row((row for (p, _), row in totals.covered.items() if p == programme), 4)
    monthly = text.period is None
    found: dict[str, Any] = {
        "id": programme,
        "name": text.name,
        "for": text.level.name.lower(),
        "kind": text.kind,
        "monthly": monthly,
        "subjects": every[0],
        "without_line": changes[NO_CHANGE][0],
        "changes": {c: _change(changes[c]) for c in CHANGES},
        "before": {"households": covered[0], "persons": covered[1], "amount_unsettled": every[5]},
        "after": {"households": covered[2], "persons": covered[3], "amount_unsettled": every[6]},
        "undetermined": _undetermined(totals, programme),
        "on_assumptions": _on_assumptions(plan, totals, programme),
        "arrears": {kind: _owed(totals, programme, kind) for kind in KINDS},
    }
    if text.kind != "status":
        for side, fen in (("before", every[3]), ("after", every[4])):
            found[side]["amount"] = yuan(fen)
            if monthly:
                found[side]["amount_per_year"] = yuan(fen * MONTHS_A_YEAR)
        found["difference"] = yuan(every[7] - every[8])
        if monthly:
            found["difference_per_year"] = yuan((every[7] - every[8]) * MONTHS_A_YEAR)
    return found


def _row(rows: Iterable[list[int]], width: int = CHANGE_WIDTH) -> list[int]:
    total = [0] * width
    for row in rows:
        total = [a + b for a, b in zip(total, row, strict=True)]
    return total


def _change(row: list[int]) -> dict[str, Any]:
    return {
        "subjects": row[0],
        "households": row[1],
        "persons": row[2],
        "before": yuan(row[3]),
        "after": yuan(row[4]),
        "difference": yuan(row[7] - row[8]),
    }


def _undetermined(totals: Totals, programme: str) -> dict[str, int]:
    word = OUTCOME_WORDS[UNDETERMINED]
    rows = [(before, after, row[0]) for (p, before, after), row in totals.outcomes.items() if p == programme]
    return {
        "before": sum(count for before, _, count in rows if before == word),
        "after": sum(count for _, after, count in rows if after == word),
    }


def _owed(totals: Totals, programme: str, kind: str) -> dict[str, Any]:
    rows = {(m, d): row for (p, d, m, k), row in totals.arrears.items() if (p, k) == (programme, kind)}
    months = sorted({month for month, _ in rows})
    by_month = {m: _row((row for (month, _), row in rows.items() if month == m), 2) for m in months}
    lines, amount = _row(by_month.values(), 2)
    found: dict[str, Any] = {
        "households": totals.owed.get((programme, kind), [0])[0],
        "lines": lines,
        "months": {month: {"lines": row[0]} for month, row in by_month.items()},
    }
    if kind != UNCERTAIN:
        found["amount"] = yuan(amount)
        for month, row in by_month.items():
            found["months"][month]["amount"] = yuan(row[1])
    return found


def _districts(plan: Plan, totals: Totals) -> list[dict[str, Any]]:
    """One entry per district, with every programme and change that occurs there."""
    codes = sorted({district for _, district, _ in totals.changes})
    return [
        {
            "code": code,
            "name": district_name(code),
            "programmes": {
                plan.rules.programmes[programme].name: {
                    change: _change(row)
                    for change in CHANGES
                    if (row := totals.changes.get((programme, code, change))) is not None
                }
                for programme in plan.programmes
            },
        }
        for code in codes
    ]


def _on_assumptions(plan: Plan, totals: Totals, programme: str) -> dict[str, Any]:
    """How many verdicts of the after side stand on assumptions, and on which."""
    edition = plan.edition_after
    in_force = edition.programme(programme) is not None
    ids = [assumption.id for assumption in edition.assumptions_of(programme)] if in_force else []
    none = {OUTCOME_WORDS[NO_VERDICT], OUTCOME_WORDS[NOT_IN_FORCE]}
    rows = [row[0] for (p, _, after), row in totals.outcomes.items() if p == programme and after not in none]
    return {"verdicts": sum(rows) if ids else 0, "assumptions": ids}


def _assumptions(plan: Plan, totals: Totals) -> list[dict[str, Any]]:
    """For each assumption, how many verdicts of the after side stand on it."""
    found: dict[str, int] = {}
    for programme in plan.programmes:
        standing = _on_assumptions(plan, totals, programme)
        for identifier in standing["assumptions"]:
            found[identifier] = found.get(identifier, 0) + standing["verdicts"]
    known = plan.rules.assumptions
    return [{"id": i, "question": known[i].question, "verdicts": found[i]} for i in known if i in found]
