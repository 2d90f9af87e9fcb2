"""Registers (台账): the tables of offices as columns, a file that holds millions of households, and facts read from it."""

from ..errors import extra

with extra("register", "台账"):
    from .cases import case_of
    from .columns import COLUMNS, Column, ColumnKind, column_of, english, register_columns
    from .facts import FactReader
    from .normal import normalised
    from .schema import register_schema
    from .store import Register, RegisterWriter, open_register

__all__ = [
    "COLUMNS",
    "Column",
    "ColumnKind",
    "FactReader",
    "Register",
    "RegisterWriter",
    "case_of",
    "column_of",
    "english",
    "normalised",
    "open_register",
    "register_columns",
    "register_schema",
]
