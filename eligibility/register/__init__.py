"""Registers (台账): the tables of offices as columns, a file that holds millions of households, and facts read from it."""

from ..errors import InputError, Problem

try:
    from .cases import case_of
    from .columns import COLUMNS, Column, ColumnKind, column_of, english, register_columns
    from .facts import FactReader
    from .normal import normalised
    from .schema import register_schema
    from .store import Register, RegisterWriter, open_register
except ModuleNotFoundError as error:
    if (error.name or "").startswith("eligibility"):
        raise
    _MESSAGE = f"没有安装台账所需的组件 {error.name}"
    raise InputError(Problem("missing-extra", _MESSAGE, hint="pip install 'eligibility[register]'")) from None

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
