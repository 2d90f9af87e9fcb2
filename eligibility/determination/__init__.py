"""What comes out: determinations with reasons, their explanations and records."""

from .determine import determine
from .explain import explain, leading_reasons
from .model import Determination, MissingFact, Operand, Outcome, Reason, Verdict
from .record import Replay, record, replay

__all__ = [
    "Determination",
    "MissingFact",
    "Operand",
    "Outcome",
    "Reason",
    "Replay",
    "Verdict",
    "determine",
    "explain",
    "leading_reasons",
    "record",
    "replay",
]
