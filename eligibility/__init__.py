"""Social-assistance eligibility: versioned rulesets, exact evaluation, determinations with reasons.

The whole public surface is listed here. A determination in five lines:

    from eligibility import determine, explain, load_case, load_ruleset

    rules = load_ruleset("beijing")
    case = load_case("cases/单亲母亲与学童.yaml")
    determination = determine(case, rules, month="2025-08")
    print(explain(determination))

Models are frozen, options are keywords, nothing reads a clock. Errors are `EligibilityError`s with a stable `code`, a
`location` and a `hint`; whether somebody is eligible is a value, never an exception.
"""

from .case import Case, case_from_data, json_schema, load_case
from .determination import (
    Determination,
    MissingFact,
    Operand,
    Outcome,
    Reason,
    Replay,
    Verdict,
    determine,
    explain,
    replay,
)
from .errors import (
    EligibilityError,
    EngineDisagreement,
    EngineError,
    InputError,
    OutputError,
    Problem,
    RulesetError,
)
from .quantities import Money, Month
from .ruleset import Edition, Provenance, Ruleset, available_rulesets, load_ruleset

__version__ = "0.1.0"

__all__ = [
    "Case",
    "Determination",
    "Edition",
    "EligibilityError",
    "EngineDisagreement",
    "EngineError",
    "InputError",
    "MissingFact",
    "Money",
    "Month",
    "Operand",
    "Outcome",
    "OutputError",
    "Problem",
    "Provenance",
    "Reason",
    "Replay",
    "Ruleset",
    "RulesetError",
    "Verdict",
    "available_rulesets",
    "case_from_data",
    "determine",
    "explain",
    "json_schema",
    "load_case",
    "load_ruleset",
    "replay",
]
