"""Runs a re-evaluation in processes that are killed again and again; `python -m tests.reevaluation.stopped REGISTER OUT SEED`.

Prints how often it was killed. Each attempt is a fork, so that the law is loaded once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from eligibility.reevaluation import runner
from eligibility.reevaluation.folder import Folder
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.runner import Run
from eligibility.register.store import open_register
from eligibility.ruleset import load_ruleset

from .oracle import DrawnEvaluations, nothing_missing

MOST_KILLS = 7


def attempt(plan: Plan, register: Path, out: Path) -> int:
    """Starts one attempt in another process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with Folder(out) as folder:
                Run(plan, open_register(register), folder, evaluating=DrawnEvaluations).complete()
            code = 0
        finally:
            os._exit(code)
    return child


def main(register: Path, out: Path, seed: int) -> int:
    plan = Plan.of(
        load_ruleset("beijing"), "2025-06@2025-06-30", "2025-07@2025-09-30", "2025-09", name="beijing"
    )
    runner.missing_facts = nothing_missing  # type: ignore[assignment]
    draw, kills = random.Random(seed), 0
    while True:
        child = attempt(plan, register, out)
        if kills < MOST_KILLS:
            time.sleep(draw.uniform(0.0, 0.5))
            os.kill(child, signal.SIGKILL)  # one that has ended is not reaped yet, so this hits nobody else
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(kills)
            return os.waitstatus_to_exitcode(status)
        kills += 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
