"""How compiled code finds its arrays: one array of addresses, in an order both sides know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .algebra import IR, word

POINTER: Final = ir.PointerType()
OUTPUT_WIDTHS: Final = {"outcome": 8, "low": 64, "high": 64, "met": 64, "unknown": 64, "routes": 64}
"""The output columns of a programme and their bits."""
_FIXED: Final = ("offsets", "errors", "figures", "household_fields", "person_fields", "block")


class Arguments:
    """The order of the addresses: fixed ones, then the output columns of every programme."""

    def __init__(self, programmes: Sequence[str]) -> None:
        outputs = (f"{programme}.{column}" for programme in programmes for column in OUTPUT_WIDTHS)
        self.slots: tuple[str, ...] = (*_FIXED, *outputs)
        self._positions = {name: position for position, name in enumerate(self.slots)}

    def address(self, b: ir.IRBuilder, arguments: IR, slot: str) -> IR:
        """One of the addresses."""
        pointer = b.gep(arguments, [word(self._positions[slot])], source_etype=POINTER)
        return b.load(pointer, typ=POINTER)


def read(b: ir.IRBuilder, base: IR, position: IR, width: int) -> IR:
    """An element of an array of integers."""
    kind = ir.IntType(width)
    value = b.load(b.gep(base, [position], source_etype=kind), typ=kind)
    value.align = 1
    return value
