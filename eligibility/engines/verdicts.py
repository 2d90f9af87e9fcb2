"""Verdicts of many households as columns: what the kernel gives and what re-evaluation reads.

Arrays run over households for a programme of the household, over all persons of the batch (in its order) for one of
persons. Bit i of a mask stands for the i-th criterion (or route) of the programme in its edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..ruleset.edition import Edition
from ..ruleset.resolved import Programme
from ..values import Level

NO_VERDICT: Final = 0
"""No verdict at all: `who` is false, or the person is not a member in this month."""
ELIGIBLE: Final = 1
INELIGIBLE: Final = 2
UNDETERMINED: Final = 3

UNKNOWN_AMOUNT: Final = -1
"""Stands in `low` and `high` where something is (or may be) due and the law's own figure is unknown."""


@dataclass(frozen=True, slots=True)
class ProgrammeVerdicts:
    """One programme's verdicts over all its subjects.

    `outcome` is one of the four codes (uint8). `low` and `high` bound the amount a month in 分 (int64; equal where it
    is known; 0 where nothing is due or the programme pays nothing; `UNKNOWN_AMOUNT` where the law's figure is
    unknown). `met` and `unknown` are masks over `programme.criteria`; a criterion in neither is unmet. `routes` is a
    mask of the routes that may be the one taken, with bit `len(programme.routes)` for none. Masks are unsigned, of the
    fewest bits that hold them. Where there is no verdict, all of them are 0.
    """

    programme: Programme
    outcome: NDArray[np.uint8]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    met: NDArray[np.unsignedinteger[Any]]
    unknown: NDArray[np.unsignedinteger[Any]]
    routes: NDArray[np.unsignedinteger[Any]]

    @property
    def level(self) -> Level:
        return self.programme.level


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts of a batch under one edition, by programme id; `offsets` (int64, households + 1) bound its persons."""

    edition: Edition
    offsets: NDArray[np.int64]
    programmes: Mapping[str, ProgrammeVerdicts]

    def __getitem__(self, programme: str) -> ProgrammeVerdicts:
        return self.programmes[programme]

    @property
    def households(self) -> int:
        return len(self.offsets) - 1

    @property
    def persons(self) -> int:
        return int(self.offsets[-1])

    def rows(self, household: int) -> range:
        """The positions of a household's persons."""
        return range(int(self.offsets[household]), int(self.offsets[household + 1]))

    def of(self, programme: str, position: int) -> dict[str, Any]:
        """One subject's verdict as plain numbers (for comparisons in tests and for looking at a row)."""
        columns = self.programmes[programme]
        return {
            name: int(getattr(columns, name)[position])
            for name in ("outcome", "low", "high", "met", "unknown", "routes")
        }
