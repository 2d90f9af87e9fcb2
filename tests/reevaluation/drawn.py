"""Runs whose verdicts are drawn: what a run does with them can be seen without waiting for the reference engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eligibility.reevaluation import runner
from eligibility.reevaluation.folder import Folder
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.runner import Report, Run
from eligibility.register.store import Register

from .oracle import DrawnEvaluations, nothing_missing


def run(plan: Plan, register: Register, out: Path, **options: Any) -> Report:
    """A whole run."""
    with pytest.MonkeyPatch.context() as patch, Folder(out) as folder:
        patch.setattr(runner, "missing_facts", nothing_missing)
        return Run(plan, register, folder, evaluating=DrawnEvaluations, **options).complete()


def content(out: Path) -> dict[str, bytes]:
    """The bytes of every file of a folder."""
    return {file.name: file.read_bytes() for file in out.iterdir()}
