"""What makes two re-evaluations the same one: the points, the law they come to, and the register; and what differs.

How results are shown besides (workbooks) is no part of it: the same re-evaluation may be asked for them later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..register.store import Register
from .plan import Plan

_FORMAT: Final = 2
"""Counts up when what a finished batch or a result means changes."""


def identity_of(plan: Plan, register: Register) -> dict[str, Any]:
    """A re-evaluation as plain data. Folders and names of files play no part, only what is in them."""
    return {
        "format": _FORMAT,
        "plan": {k: v for k, v in plan.data().items() if k not in ("ruleset", "overlays")},
        "editions": [plan.edition_before.edition_digest, plan.edition_after.edition_digest],
        "settled": [[str(m.month), m.then.edition_digest, m.now.edition_digest] for m in plan.retroactive],
        "register": register.digest,
    }


def differences(found: Any, asked: dict[str, Any]) -> list[str]:
    """In what the re-evaluation that is there differs from the one asked for, in words; none if they are the same."""
    if found == asked:
        return []
    if not isinstance(found, dict) or found.get("format") != asked["format"] or found.keys() != asked.keys():
        return ["由另一版本的程序写成"]
    told = list(_of_plan(found["plan"], asked["plan"]))
    same_points = all(found["plan"][key] == asked["plan"][key] for key in ("before", "after", "through"))
    if same_points and any(found[key] != asked[key] for key in ("editions", "settled")):
        told.append("规则不同（规则集、叠加规则换过或改过）")
    if found["register"] != asked["register"]:
        told.append("台账的内容不同")
    return told


def _of_plan(found: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    for key, option in (("before", "--before"), ("after", "--after"), ("through", "--through")):
        if found[key] != asked[key]:
            yield f"那次的 {option} 是 {found[key]}，这次是 {asked[key]}"
    if found["identity_numbers"] != asked["identity_numbers"]:
        words = {True: "不遮盖", False: "遮盖"}
        yield (
            f"那次{words[found['identity_numbers']]}姓名和证件号，这次{words[asked['identity_numbers']]}"
            "（--identity-numbers）"
        )
