"""A sweep: how long it takes to find every exact breakpoint of one quantity, and what a grid to the 分 would cost.

    python benchmarks/sweep.py                       # table
    python benchmarks/sweep.py --json                # as JSON

Each sweep is timed with a warm edition and a case already read, best and median of several. The grid is not run: its
cost is the time of one evaluation of the same engine (measured here too) times the number of 分 in the range. What a
sweep says is compared with the engine at every breakpoint and on both sides of it before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eligibility import load_case, load_ruleset
from eligibility.case import Context
from eligibility.engines.reference import Evaluation, Evaluator
from eligibility.language.nodes import Origin
from eligibility.ruleset import Provenance
from eligibility.ruleset.resolve import resolve
from eligibility.whatif.pieces import Sweep
from eligibility.whatif.sweep import sweep

CASE = Path(__file__).resolve().parent / "household-four.yaml"
MONTH = "2024-08"
SWEEPS = {
    '成员["母亲"].收入.工资性收入': "20000",
    "家庭月收入": "20000",
    "货币财产": "1000000",
    "低保标准": "20000",
}


def timed(run: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def check(found: Sweep) -> int:
    """Compares a sweep with the engine around every breakpoint; how many steps were compared."""
    edition, over = found.edition, found.quantity
    context = Context(found.case, edition.month)

    def at(x: int) -> Evaluation:
        if over.origin is not Origin.PARAMETER:
            return Evaluator(edition).evaluate(context, {(over.name, over.place): x})
        overrides = {over.name: (x, Provenance.SCENARIO)}
        return Evaluator(resolve(edition.ruleset, edition.month, None, overrides)).evaluate(context)

    ends = {end + d for piece in found.pieces for end in (piece.low, piece.high) for d in (-1, 0, 1)}
    steps = [x for x in sorted(ends) if found.low <= x <= found.high]
    for x in steps:
        paid = {
            (r.programme.id, None if r.person is None else context.members[r.person].id): r.amount
            for r in at(x).results
            if r.verdict is True and isinstance(r.amount, int)
        }
        said = {
            e.key: e.amount.figure(x)
            for e in found.at(x).entitlements
            if e.outcome.value == "eligible" and e.amount is not None
        }
        if paid != said:
            raise SystemExit(f"differs at {over.text(x)}: {paid} {said}")
    return len(steps)


def report(rounds: int) -> dict[str, Any]:
    """The whole run as data."""
    rules, case = load_ruleset("beijing"), load_case(CASE)
    edition = rules.edition(MONTH)
    evaluator = Evaluator(edition)
    one = min(timed(lambda: evaluator.evaluate(Context(case, edition.month)), 200))
    sweeps = []
    for over, high in SWEEPS.items():
        found = sweep(case, rules, over, 0, high, month=MONTH)
        compared = check(found)
        times = timed(lambda over=over, high=high: sweep(case, rules, over, 0, high, month=MONTH), rounds)  # type: ignore[misc]
        sweeps.append(
            {
                "over": over,
                "to": high,
                "pieces": len(found.pieces),
                "compared": compared,
                "best_ms": round(min(times), 2),
                "p50_ms": round(statistics.median(times), 2),
                "grid_s": round(one * (found.high - found.low + 1) / 1e3),
            }
        )
    return {"python": platform.python_version(), "evaluation_ms": round(one, 3), "sweeps": sweeps}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = report(arguments.rounds)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    print(f"household of four, {MONTH}, Python {found['python']}; best and median of {arguments.rounds}")
    print(f"one evaluation by the reference engine: {found['evaluation_ms']} ms\n")
    print(f"{'from 0 to':>12}{'pieces':>8}{'best ms':>9}{'p50 ms':>9}{'grid s':>9}  quantity")
    for row in found["sweeps"]:
        figures = f"{row['pieces']:>8}{row['best_ms']:>9}{row['p50_ms']:>9}{row['grid_s']:>9}"
        print(f"{row['to']:>12}{figures}  {row['over']}")


if __name__ == "__main__":
    main()
