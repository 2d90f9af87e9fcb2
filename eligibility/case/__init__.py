"""What a household is: case files in, facts out. Knows the names of the law but no rule of it.

Read a case with `load_case`, `parse_case` or `case_from_data`; read its facts through `Context` and `FACTS`.
"""

from .context import Context
from .contradictions import Contradiction, contradictions
from .fact import Fact
from .facts import FACTS, income_fact, income_kinds, negative_income_kinds, receipt_amount_fact, receipt_fact
from .files import case_from_data, case_warnings, load_case, parse_case
from .household import Household
from .identity import mask, mask_name
from .models import Case, Declaration, canonical, json_schema
from .person import Person

__all__ = [
    "FACTS",
    "Case",
    "Context",
    "Contradiction",
    "Declaration",
    "Fact",
    "Household",
    "Person",
    "canonical",
    "case_from_data",
    "case_warnings",
    "contradictions",
    "income_fact",
    "income_kinds",
    "json_schema",
    "load_case",
    "mask",
    "mask_name",
    "negative_income_kinds",
    "parse_case",
    "receipt_amount_fact",
    "receipt_fact",
]
