"""What a re-evaluation compares: two months of law as known on two days, and the past months that need settling.

A `Plan` is plain data beside the ruleset, so that any worker can make it again: it pickles as the ruleset's folder, its
overlays and the two points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from ..determination.expected import read_day
from ..errors import InputError, Problem, RulesetError
from ..quantities import Month
from ..ruleset import Edition, Ruleset, load_ruleset
from ..ruleset.model import Timing
from ..ruleset.resolve import read_month
from ..ruleset.resolved import Programme
from .retroactive import Retroactive, retroactive_months

ARREARS_RULE: Final = {"for": "in_payment", "new_entrants": "none"}
"""The one rule of arrears that is computed: to those in payment, not to those who would only enter now."""


@dataclass(frozen=True, slots=True)
class Point:
    """A benefit month and the day whose knowledge of the law is used (None: everything on file)."""

    month: Month
    known_on: date | None = None

    @classmethod
    def parse(cls, text: str) -> Point:
        """A point as written: `2025-06@2025-06-30`, or `2025-06`. Raises `InputError`."""
        month, at, day = text.partition("@")
        try:
            return cls(read_month(month), read_day(day) if at else None)
        except ValueError as problem:
            raise InputError(Problem("known-on", f"“{text}”的知悉日不合用：{problem}")) from None

    def __str__(self) -> str:
        return str(self.month) if self.known_on is None else f"{self.month}@{self.known_on}"


@dataclass(frozen=True)
class Plan:
    """Two points of one ruleset, and through which month arrears are computed.

    `name` and `overlays` are those the ruleset was loaded with, by which a worker or a later explanation loads it again. `identity_numbers` leaves names and identity numbers unmasked in the lists.
    """

    rules: Ruleset = field(compare=False, repr=False)
    before: Point
    after: Point
    through: Month
    name: str = ""
    overlays: tuple[str, ...] = ()
    identity_numbers: bool = False

    @classmethod
    def of(
        cls,
        rules: Ruleset,
        before: Point | str,
        after: Point | str,
        through: Month | str | None = None,
        *,
        name: str | Path | None = None,
        overlays: Sequence[str | Path] | None = None,
        identity_numbers: bool = False,
    ) -> Plan:
        """A plan with everything about the law checked. Raises `InputError` or `RulesetError`.

        `before` must not lie behind `after`, in its month or in what was known. `through` may end before the month
        of `after` (which may not have been paid yet), but not before the first month to settle.

        `name` and `overlays` need to be given where the ruleset was not loaded from its folder with overlays by name.
        """
        first = before if isinstance(before, Point) else Point.parse(before)
        second = after if isinstance(after, Point) else Point.parse(after)
        last = read_month(through) if isinstance(through, str) else through or second.month
        named = rules.overlays if overlays is None else tuple(map(str, overlays))
        _check_order(first, second)
        plan = cls(rules, first, second, last, str(name or rules.folder), named, identity_numbers)
        # What the law refuses is refused here, not in a worker.
        _ = plan.edition_before, plan.edition_after
        _check_through(plan)
        return plan

    @cached_property
    def edition_before(self) -> Edition:
        return self.rules.edition(self.before.month, self.before.known_on)

    @cached_property
    def edition_after(self) -> Edition:
        return self.rules.edition(self.after.month, self.after.known_on)

    @cached_property
    def programmes(self) -> tuple[str, ...]:
        """The ids of the programmes in force on either side, in the order of the ruleset."""
        present = {p.id for e in (self.edition_before, self.edition_after) for p in e.programmes}
        return tuple(identifier for identifier in self.rules.programmes if identifier in present)

    @cached_property
    def retroactive(self) -> tuple[Retroactive, ...]:
        """The months to settle, from the first whose law is known differently now, through `through`."""
        months = retroactive_months(self.rules, self.before.known_on, self.after.known_on, self.through)
        for month in months:
            for programme in (*month.then.programmes, *month.now.programmes):
                _check_rule(programme)
        return months

    def settled(self, month: Retroactive) -> tuple[str, ...]:
        """The ids of the programmes whose arrears are computed for a month: those with a rule that pay money monthly."""
        texts = self.rules.programmes
        present = {p.id for e in (month.then, month.now) for p in e.programmes}
        return tuple(i for i, t in texts.items() if i in present and t.arrears and t.kind != "status")

    def data(self) -> dict[str, Any]:
        """The plan as plain data."""
        return {
            "ruleset": self.name,
            "overlays": list(self.overlays),
            "before": str(self.before),
            "after": str(self.after),
            "through": str(self.through),
            "identity_numbers": self.identity_numbers,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (
            self.name,
            self.overlays,
            self.before,
            self.after,
            self.through,
            self.identity_numbers,
        )


@lru_cache(maxsize=4)
def _again(
    name: str, overlays: tuple[str, ...], before: Point, after: Point, through: Month, numbers: bool
) -> Plan:
    """The plan in another process; loaded once, however often it is sent."""
    rules = load_ruleset(name, overlays=overlays)
    return Plan.of(rules, before, after, through, name=name, overlays=overlays, identity_numbers=numbers)


def _check_order(before: Point, after: Point) -> None:
    """The other way round, what is owed and what is claimed back would change places, or not be found at all."""
    told = None
    if before.month > after.month:
        told = f"原来的月份（--before {before.month}）晚于现在的（--after {after.month}）"
    elif after.known_on is not None and before.known_on is None:
        told = f"--before 没有写知悉日，按现在所知的全部；--after 却只按 {after.known_on} 已知的规定"
    elif before.known_on and after.known_on and before.known_on > after.known_on:
        told = f"原来的知悉日（--before {before}）晚于现在的（--after {after}）"
    if told is not None:
        raise InputError(
            Problem("plan-order", told, None, "如 --before 2025-06@2025-06-30 --after 2025-07@2025-09-30")
        )


def _check_through(plan: Plan) -> None:
    """A last month before everything that is owed is a mistake, not a wish for nothing."""
    if plan.retroactive or plan.through >= plan.after.month:
        return
    to_after = retroactive_months(plan.rules, plan.before.known_on, plan.after.known_on, plan.after.month)
    if to_after:
        message = f"补发算到 {plan.through}（--through），而第一个要补算的月份是 {to_after[0].month}"
        hint = f"写 {to_after[0].month} 或更晚；不写即 {plan.after.month}"
        raise InputError(Problem("plan-through", message, None, hint))


def _check_rule(programme: Programme) -> None:
    timing: Timing | None = programme.arrears
    if timing is None:
        return
    strange = [f"{key}: {word}" for key, word in timing.rules.items() if ARREARS_RULE.get(key) != word]
    strange += [f"缺少 {key}" for key in ARREARS_RULE if key not in timing.rules]
    strange += ["按季发放的项目没有逐月补发"] if programme.period is not None else []
    if strange:
        message = f"项目“{programme.name}”的补发规则（arrears）不会计算：{'；'.join(strange)}"
        hint = "会计算的是 " + "、".join(f"{key}: {word}" for key, word in ARREARS_RULE.items())
        raise RulesetError(Problem("arrears-rule", message, None, hint))
