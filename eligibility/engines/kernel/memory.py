"""How compiled code finds its arrays: one array of addresses, in an order both sides know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from ...ruleset.resolved import Programme
from .algebra import IR, word

POINTER: Final = ir.PointerType()
_WIDTHS: Final = (8, 16, 32, 64)
_FIXED: Final = ("offsets", "errors", "figures", "household_fields", "person_fields", "block")


def output_widths(programme: Programme) -> dict[str, int]:
    """The output columns of a programme and their bits: masks as narrow as they can be, amounts where it pays any."""
    criteria, routes = (
        next(width for width in _WIDTHS if width >= bits)
        for bits in (len(programme.criteria), len(programme.routes) + 1)
    )
    amounts = {} if programme.kind == "status" else {"low": 64, "high": 64}
    return {"outcome": 8, "met": criteria, "unknown": criteria, "routes": routes, **amounts}


class Arguments:
    """The order of the addresses: fixed ones, then the output columns of every programme."""

    def __init__(self, programmes: Sequence[Programme]) -> None:
        outputs = (
            f"{programme.id}.{column}" for programme in programmes for column in output_widths(programme)
        )
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
