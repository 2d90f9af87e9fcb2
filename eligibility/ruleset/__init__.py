"""The law as data: loading a ruleset folder, resolving it to an edition, and checking it."""

from .edition import Edition, edition
from .load import available_rulesets, load_ruleset
from .model import Provenance, Ruleset

__all__ = [
    "Edition",
    "Provenance",
    "Ruleset",
    "available_rulesets",
    "edition",
    "load_ruleset",
]
