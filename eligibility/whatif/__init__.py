"""What if: scenarios beside a case as it is, sweeps of one quantity, and the smallest change that would suffice.

`matrix` (scenarios over many households) needs the extra `[register]`, `pictures` the extra `[pictures]`; they are
imported by their own names.
"""

from .compare import Comparison, compare
from .needed import still_needed
from .overrides import apply_to_case, apply_to_edition, parse_override
from .pieces import Sweep
from .scenario import Scenario, load_scenarios, run_scenario
from .sufficient import what_would, why_not
from .sweep import sweep, sweep_fact

__all__ = [
    "Comparison",
    "Scenario",
    "Sweep",
    "apply_to_case",
    "apply_to_edition",
    "compare",
    "load_scenarios",
    "parse_override",
    "run_scenario",
    "still_needed",
    "sweep",
    "sweep_fact",
    "what_would",
    "why_not",
]
