"""Whole registers determined twice: who enters, leaves, gains and loses, and what is owed for months already past."""

from ..errors import extra

with extra("register", "台账"):
    from .explaining import explain_household
    from .lines import LINE_SCHEMA, lines_of
    from .plan import Plan, Point
    from .runner import Report, reevaluate, reevaluate_tables

__all__ = [
    "LINE_SCHEMA",
    "Plan",
    "Point",
    "Report",
    "explain_household",
    "lines_of",
    "reevaluate",
    "reevaluate_tables",
]
