"""A whole run as the public function does it: facts from columns, the kernel, and the reference engine for what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from eligibility.errors import InputError
from eligibility.reevaluation.plan import Plan
from eligibility.reevaluation.runner import reevaluate
from eligibility.register.store import Register


def test_a_whole_run(sample: Register, plan: Plan, tmp_path: Path) -> None:
    options = {"before": "2025-06@2025-06-30", "after": "2025-07@2025-09-30", "through": "2025-09"}
    report = reevaluate(sample, plan.rules, out=tmp_path / "out", **options)  # type: ignore[arg-type]
    assert report.summary["households"] == sample.households
    assert not report.already_finished
    missing = report.summary["missing"]
    assert 0 < missing["examined"]["subjects"] <= missing["undetermined"]
    assert {"name", "subjects", "alone"} == set(missing["facts"][0])
    assert all(fact["alone"] <= fact["subjects"] for fact in missing["facts"])
    assert reevaluate(sample, plan.rules, out=tmp_path / "out", **options).already_finished  # type: ignore[arg-type]


def test_what_cannot_be_is_refused_before_anything_is_written(
    sample: Register, plan: Plan, tmp_path: Path
) -> None:
    with pytest.raises(InputError):
        reevaluate(sample, plan.rules, before="2025-13", after="2025-07", out=tmp_path / "never")
    assert not (tmp_path / "never").exists()
