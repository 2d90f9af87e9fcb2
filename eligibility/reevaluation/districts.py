"""Districts by their codes: the first six digits of a region, and what the county is called today."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stdnum import numdb

UNKNOWN_DISTRICT: Final = "未知"
"""Stands for the district of a household whose region is blank."""


@lru_cache(maxsize=512)
def district_name(code: str) -> str:
    """What a district is called today; a code that is in no table stays as it is."""
    if code == UNKNOWN_DISTRICT:
        return code
    names = [
        properties["county"] for _, properties in numdb.get("cn/loc").info(code) if "county" in properties
    ]
    current = [name.rpartition("]")[2] for name in names if "-]" in name or "[" not in name]
    return current[-1] if current else code
