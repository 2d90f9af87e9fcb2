"""The law as data: loading a ruleset folder and resolving it to an edition; `lint`, `timeline` and `changes` check and show it."""

from .edition import Edition
from .load import available_rulesets, load_ruleset
from .model import Provenance, Ruleset
from .resolve import edition

__all__ = ["Edition", "Provenance", "Ruleset", "available_rulesets", "edition", "load_ruleset"]
