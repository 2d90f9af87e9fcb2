"""The law as data: loading a ruleset folder, resolving it to an edition, and checking it."""

from .changes import Change, changes
from .edition import Edition, edition
from .lint import Finding, lint
from .load import available_rulesets, load_ruleset
from .model import Provenance, Ruleset
from .timeline import Entry, timeline

__all__ = [
    "Change",
    "Edition",
    "Entry",
    "Finding",
    "Provenance",
    "Ruleset",
    "available_rulesets",
    "changes",
    "edition",
    "lint",
    "load_ruleset",
    "timeline",
]
