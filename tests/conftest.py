"""Shared fixtures: the Beijing ruleset, loaded once for the whole run."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings

from eligibility.ruleset import Ruleset, load_ruleset

# Shrinking a whole household takes minutes; HYPOTHESIS_PROFILE=shrink asks for it where a failure needs it.
settings.register_profile("quick", deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
settings.register_profile("shrink", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def beijing() -> Ruleset:
    return load_ruleset("beijing")
