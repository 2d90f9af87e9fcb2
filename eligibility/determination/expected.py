"""What a golden case expects: the `预期` (`expect`) block of a case file, read as strictly as a case.

A case file may say for a month what must come out, and (`依据`, `rests_on`) on which worked example or clause that
rests. The case reader passes over both blocks; they are read here: keys in two languages, every mistake with its place
and the nearest name, all at once. What the names of the law mean only a ruleset knows: see `expectations`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from ..case import Case, mask, parse_case
from ..case.fields import normal
from ..errors import InputError, Problem, nearest
from ..quantities import Money, Month
from ..reading import Node, read_file
from ..values import Truth
from .model import Outcome
from .texts import OUTCOMES

T = TypeVar("T")

NO_VERDICT: Final = "不适用"
"""The programme says nothing about this person: there is no verdict at all."""
NONE: Final = "无"
UNKNOWN: Final = "未知"
UNLIMITED: Final = "不封顶"
TRUTHS: Final[Mapping[Truth, str]] = {True: "符合", False: "不符合", None: "信息不足"}
"""How a criterion came out, in words."""

_OUTCOME_WORDS: Final[Mapping[str, Outcome | None]] = {
    **{text: outcome for outcome, text in OUTCOMES["zh"].items()},
    **{outcome.value: outcome for outcome in Outcome},
    NO_VERDICT: None,
    "no_verdict": None,
}
_TRUTH_WORDS: Final[Mapping[str, Truth]] = {
    **{text: truth for truth, text in TRUTHS.items()},
    "met": True,
    "unmet": False,
    "unknown": None,
}
_AMOUNT_WORDS: Final = {NONE: NONE, "none": NONE, UNKNOWN: UNKNOWN, "unknown": UNKNOWN}

_FILE_KEYS: Final = {"预期": "expect", "依据": "rests_on"}
ENTRY_KEYS: Final = {"月份": "month", "知悉日": "known_on", "叠加": "overlays"}
VERDICT_KEYS: Final = {
    "认定": "outcome",
    "金额": "amount",
    "金额范围": "amount_range",
    "情形": "route",
    "缺少": "missing",
    "假设": "assumptions",
    "条件": "criteria",
}
_LIKE_A_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z", re.ASCII)


class Placed(NamedTuple):
    """A name of the law as written in an expectation, and where."""

    text: str
    location: str


@dataclass(frozen=True, slots=True)
class ExpectedVerdict:
    """What one programme must come to for one subject; what is None is not compared.

    `outcome` None means that there is no verdict at all. `amount` and `amount_range` are in words as compared:
    `600.00`, `无`, `未知`; `0.00 至 不封顶`. `missing` must be the exact set of missing facts, `assumptions` must
    be among those the verdict stands on.
    """

    programme: Placed
    subject: str | None
    outcome: Outcome | None
    amount: str | None = None
    amount_range: str | None = None
    route: str | None = None
    missing: frozenset[str] | None = None
    assumptions: tuple[Placed, ...] = ()
    criteria: tuple[tuple[Placed, Truth], ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come out for one month (as known on a day, with overlays)."""

    month: Month
    known_on: date | None
    overlays: tuple[str, ...]
    verdicts: tuple[ExpectedVerdict, ...]
    location: str


def load_expectations(path: Path | str) -> tuple[Case, tuple[Expectation, ...]]:
    """A case file with what it expects (nothing, if it has no such block). Raises `InputError` with all problems."""
    node = read_file(Path(path))
    case = parse_case(node)
    return case, _Reader(case).file(node)


def read_expectation(case: Case, node: Node) -> Expectation:
    """One entry of a `预期` block, of whatever file it was made. Raises `InputError` with all problems."""
    reader = _Reader(case)
    entry = reader.entry(node)
    if reader.problems or entry is None:
        raise InputError(reader.problems)
    return entry


def read_day(value: object) -> date:
    """A day of knowledge as written. Raises `ValueError` with what was expected."""
    match = _LIKE_A_DAY.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("知悉日应为日期，写法如 2025-08-15")
    year, month, day = match.groups()
    written = f"{year}-{month:0>2}-{day:0>2}"
    try:
        found = date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"没有 {written} 这一天") from None
    if written != value:
        raise ValueError(f"知悉日应写成 {written}")
    return found


class _Reader:
    """Reads the expectations of one file and collects what is wrong on the way."""

    def __init__(self, case: Case) -> None:
        self.members = [member.id for member in case.members]
        self.problems: list[Problem] = []

    def file(self, root: Node) -> tuple[Expectation, ...]:
        entries: list[Expectation] = []
        assert isinstance(root.value, dict)  # a case was read from it
        # Other keys are the case's own, which has been read by now.
        fields = self.keys(root, _FILE_KEYS, ours=False)
        block = fields.get("expect")
        if block is not None:
            self.basis(root, fields.get("rests_on"))
            items = block.value if isinstance(block.value, list) else None
            if not items:
                self.report(block, "expect-list", "“预期”应为列表，每个月份一项，以 - 开头")
            for item in items or ():
                if (entry := self.entry(item)) is not None:
                    entries.append(entry)
        if self.problems:
            raise InputError(self.problems)
        return tuple(entries)

    def basis(self, root: Node, node: Node | None) -> None:
        """A golden case that rests on nothing proves nothing."""
        if node is None:
            self.report(root, "expect-rests-on", "写了“预期”就要写“依据”：算例编号或者文件条款")
        elif not isinstance(node.value, str) or not node.value.strip():
            self.report(node, "expect-rests-on", "“依据”应为文字")

    def entry(self, node: Node) -> Expectation | None:
        if not isinstance(node.value, dict):
            self.report(node, "expect-mapping", "应为“月份: …”加上各项目的认定")
            return None
        fields = self.keys(node, ENTRY_KEYS, ours=False)
        month = self.month(node, fields.pop("month", None))
        known_on = self.day(fields.pop("known_on", None))
        overlays = tuple(word.text for word in self.words(fields.pop("overlays", None), "叠加"))
        verdicts = [expected for name, inner in fields.items() for expected in self.programme(name, inner)]
        if not fields:
            self.report(node, "expect-empty", "没有写任何项目的认定")
        return (
            None if month is None else Expectation(month, known_on, overlays, tuple(verdicts), node.location)
        )

    def programme(self, name: str, node: Node) -> Iterator[ExpectedVerdict]:
        """The verdicts expected of one programme: one for the household, or one for each member named."""
        placed = Placed(name, node.key_location)
        entries = node.value if isinstance(node.value, dict) else None
        keys = {normal(key) for key in entries or ()}
        known = {*VERDICT_KEYS, *VERDICT_KEYS.values()}
        if entries is None or (keys & known and not keys & set(self.members)):
            if (expected := self.verdict(placed, None, node)) is not None:
                yield expected
            return
        if not entries:
            self.report(node, "expect-empty", f"“{name}”没有写认定")
        for key, inner in entries.items():
            member = normal(key)
            if member not in self.members:
                place = Placed(member, inner.key_location)
                self.unknown("expect-unknown-member", place, f"没有编号为“{member}”的成员", self.members)
            elif (expected := self.verdict(placed, member, inner)) is not None:
                yield expected

    def verdict(self, programme: Placed, subject: str | None, node: Node) -> ExpectedVerdict | None:
        """The short form is the outcome alone, the long form a mapping."""
        if not isinstance(node.value, dict):
            outcome = self.choice(node, _OUTCOME_WORDS, "expect-outcome")
            return None if outcome is None else ExpectedVerdict(programme, subject, *outcome)
        fields = self.keys(node, VERDICT_KEYS)
        if "outcome" not in fields:
            self.report(node, "expect-missing-key", f"“{programme.text}”缺少“认定”")
            return None
        outcome = self.choice(fields["outcome"], _OUTCOME_WORDS, "expect-outcome")
        amount, bounds = fields.get("amount"), fields.get("amount_range")
        route = fields.get("route")
        missing = fields.get("missing")
        expected = ExpectedVerdict(
            programme,
            subject,
            None if outcome is None else outcome[0],
            amount=None if amount is None else self.amount(amount),
            amount_range=None if bounds is None else self.bounds(bounds),
            route=None if route is None else self.text(route, "情形"),
            missing=None if missing is None else frozenset(w.text for w in self.words(missing, "缺少")),
            assumptions=tuple(self.words(fields.get("assumptions"), "假设")),
            criteria=tuple(self.criteria(fields.get("criteria"))),
        )
        return None if outcome is None else expected

    def criteria(self, node: Node | None) -> Iterator[tuple[Placed, Truth]]:
        if node is None:
            return
        if not isinstance(node.value, dict):
            self.report(node, "expect-mapping", "“条件”应为“条件编号: 符合”的形式")
            return
        for key, inner in node.value.items():
            if (truth := self.choice(inner, _TRUTH_WORDS, "expect-criterion")) is not None:
                yield Placed(normal(key), inner.key_location), truth[0]

    def amount(self, node: Node) -> str | None:
        value = node.value
        if isinstance(value, str) and (word := _AMOUNT_WORDS.get(normal(value))) is not None:
            return word
        try:
            return str(Money(value))  # type: ignore[arg-type]
        except (TypeError, ValueError) as problem:
            self.report(node, "expect-amount", f"{problem}；没有金额写“{NONE}”，数额不定写“{UNKNOWN}”")
            return None

    def bounds(self, node: Node) -> str | None:
        ends = node.value if isinstance(node.value, list) else []
        if len(ends) != 2:
            self.report(node, "expect-amount", '“金额范围”应为两个数，如 ["0.00", "600.00"]；不封顶写 null')
            return None
        texts = [UNLIMITED if i and end.value is None else self.amount(end) for i, end in enumerate(ends)]
        return " 至 ".join(text or "" for text in texts)

    def month(self, entry: Node, node: Node | None) -> Month | None:
        if node is None:
            self.report(entry, "expect-missing-key", "缺少“月份”")
            return None
        try:
            return Month(node.value)  # type: ignore[arg-type]
        except ValueError as problem:
            self.report(node, "expect-month", str(problem))
            return None

    def day(self, node: Node | None) -> date | None:
        if node is None:
            return None
        try:
            return read_day(node.value)
        except ValueError as problem:
            self.report(node, "expect-date", str(problem))
            return None

    def text(self, node: Node, title: str) -> str | None:
        if isinstance(node.value, str) and node.value.strip():
            return normal(node.value)
        self.report(node, "expect-text", f"“{title}”应为文字")
        return None

    def words(self, node: Node | None, title: str) -> Iterator[Placed]:
        """A list of names; absent is empty."""
        if node is None:
            return
        if not isinstance(node.value, list):
            self.report(node, "expect-list", f"“{title}”应为列表，如 [A03]；没有就写 []")
            return
        for item in node.value:
            if (word := self.text(item, title)) is not None:
                yield Placed(word, item.location)

    def choice(self, node: Node, words: Mapping[str, T], code: str) -> tuple[T] | None:
        """The meaning of a word, in a tuple because it may be None; None if the word is not known."""
        typed = normal(node.value) if isinstance(node.value, str) else None
        if typed is not None and typed in words:
            return (words[typed],)
        chinese = [word for word in words if not word.isascii()]
        hint = nearest(typed, words) if typed is not None and len(typed) <= 40 else None
        self.report(node, code, f"应为 {'、'.join(chinese)} 之一", hint)
        return None

    def keys(self, node: Node, table: Mapping[str, str], *, ours: bool = True) -> dict[str, Node]:
        """The entries of a mapping under their English keys; `ours`: there are no other keys than these."""
        assert isinstance(node.value, dict)
        found: dict[str, Node] = {}
        for key, inner in node.value.items():
            typed = normal(key)
            name = table.get(typed, typed)
            if ours and name not in table.values():
                place = Placed(typed, inner.key_location)
                self.unknown(
                    "expect-unknown-key", place, f"没有“{typed[:40]}”这一项", (*table, *table.values())
                )
            elif name in found:
                place = Placed(typed, inner.key_location)
                self.unknown("expect-duplicate", place, f"“{typed[:40]}”写了两次", ())
            else:
                found[name] = inner
        return found

    def report(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(code, mask(message), mask(node.location), hint and mask(hint)))

    def unknown(self, code: str, place: Placed, message: str, known: Iterable[str]) -> None:
        hint = nearest(place.text, known) if len(place.text) <= 40 else None
        self.problems.append(Problem(code, mask(message), mask(place.location), hint and mask(hint)))
