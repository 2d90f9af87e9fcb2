"""Shared fixtures: the Beijing ruleset, loaded once for the whole run."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings

from eligibility.ruleset import Ruleset, load_ruleset

# The same examples in every run, so that a change is judged by itself; HYPOTHESIS_PROFILE=explore looks for new ones.
# Shrinking a whole household takes minutes; HYPOTHESIS_PROFILE=shrink asks for it where a failure needs it.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
settings.register_profile("quick", deadline=None, phases=_PHASES, derandomize=True)
settings.register_profile("explore", deadline=None, phases=_PHASES)
settings.register_profile("shrink", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def beijing() -> Ruleset:
    return load_ruleset("beijing")
