"""Whole registers determined twice: who enters, leaves, gains and loses, and what is owed for months already past."""

from ..errors import InputError, Problem

try:
    from .explaining import explain_household
    from .lines import LINE_SCHEMA, lines_of
    from .plan import Plan, Point
    from .runner import Report, reevaluate, reevaluate_tables
except ModuleNotFoundError as error:
    if (error.name or "").startswith("eligibility"):
        raise
    _MESSAGE = f"没有安装台账所需的组件 {error.name}"
    raise InputError(Problem("missing-extra", _MESSAGE, hint="pip install 'eligibility[register]'")) from None

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
