"""Lines in the making: columns of numbers, with words as positions in a vocabulary per column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..engines.verdicts import ELIGIBLE, INELIGIBLE, NO_VERDICT, UNDETERMINED, ProgrammeVerdicts
from ..quantities import MAX_FEN

NOTHING: Final = -1
"""Stands for no word, no person, and a truth that is unknown."""
NOT_IN_FORCE: Final = 4
"""Beside the outcomes of the kernel: the programme does not exist on that side."""
OUTCOME_WORDS: Final = {
    NO_VERDICT: "不属于对象",
    ELIGIBLE: "符合",
    INELIGIBLE: "不符合",
    UNDETERMINED: "信息不足",
    NOT_IN_FORCE: "当月无此项规定",
}
BY_CONDITION: Final = "追回出自追溯改变的条件"
"""Why an officer looks at it: money would be claimed back because of a condition that changed, not only a figure."""
UNLIMITED: Final = MAX_FEN // 2
"""An amount that may reach this far is not limited by anything known."""


class Vocabulary:
    """The words of one column, each with its position."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        """The position of a word, which is added if it is new; of no text, `NOTHING`."""
        if not text:
            return NOTHING
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return found


class Vocabularies(defaultdict[str, Vocabulary]):
    """The vocabularies of a batch, by column."""

    def __init__(self) -> None:
        super().__init__(Vocabulary)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines: the positions of household and person (`NOTHING`: the household itself), and the other columns.

    Each of `values` is an array as long as these, or one value for all. Amounts are in 分 or `NO_AMOUNT`; words are
    positions in their vocabulary.
    """

    NO_AMOUNT: ClassVar[int] = int(np.iinfo(np.int64).min)

    household: NDArray[np.intp]
    person: NDArray[np.intp]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One programme's verdicts on one side for chosen subjects; `low` and `high` are 0 where nothing is due."""

    outcome: NDArray[np.uint8]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    exact: NDArray[np.bool_]

    @classmethod
    def of(cls, verdicts: ProgrammeVerdicts | None, rows: NDArray[np.intp]) -> Side:
        """The side at some positions; without the programme, not in force and nothing due."""
        if verdicts is None:
            nothing = np.zeros(len(rows), np.int64)
            return cls(
                np.full(len(rows), NOT_IN_FORCE, np.uint8), nothing, nothing, np.ones(len(rows), np.bool_)
            )
        low, high = verdicts.low[rows], verdicts.high[rows]
        outcome = verdicts.outcome[rows]
        exact = (low == high) & (low >= 0) & (outcome != UNDETERMINED)
        return cls(outcome, low, high, exact)

    @property
    def eligible(self) -> NDArray[np.bool_]:
        return np.equal(self.outcome, ELIGIBLE)

    @property
    def undetermined(self) -> NDArray[np.bool_]:
        return np.equal(self.outcome, UNDETERMINED)

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Where the verdict is, or may yet be, eligible."""
        return self.eligible | self.undetermined

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Where there is a verdict, open or not."""
        return np.not_equal(self.outcome, NO_VERDICT) & np.not_equal(self.outcome, NOT_IN_FORCE)

    def bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What lists show as least and most: no amount where the law's figure is unknown or nothing limits it."""
        unlimited = (self.high < 0) | (self.high >= UNLIMITED)
        high = np.where(unlimited, Piece.NO_AMOUNT, self.high)
        low = np.where((self.low < 0) | unlimited & (self.low == 0), Piece.NO_AMOUNT, self.low)
        return low, high


def coded(indices: pa.Array, words: pa.Array) -> pa.DictionaryArray:
    """Words at positions in a list, coded with a dictionary in which each stands once and none is null.

    A writer of Parquet takes a dictionary as it is and must not be given the same word twice.
    """
    once = words.dictionary_encode()
    return pa.DictionaryArray.from_arrays(once.indices.take(indices), once.dictionary, safe=False)
