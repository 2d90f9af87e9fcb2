"""Golden cases: the `预期` (`expect`) block of a case file, and whether the engine gives what it says.

A case file may say for a month what must come out, and on which worked example or clause that rests. The case reader
passes over both blocks; they are read here, as strictly as a case: keys in two languages, every mistake with its place
and the nearest name. Names of the law (programmes, criteria, assumptions) are checked against the ruleset that the
case is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from ..case import Case, mask, parse_case
from ..case.fields import normal
from ..errors import EligibilityError, InputError, Problem, nearest
from ..quantities import Money, Month
from ..reading import Node, read_file
from ..ruleset.model import ProgrammeText, Ruleset
from ..values import Level, Truth
from .determine import determine
from .model import Determination, Outcome, Verdict
from .texts import OUTCOMES

T = TypeVar("T")

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})

Lay = Callable[[tuple[str, ...]], Ruleset]
"""Gives the ruleset with overlays of these names laid on it."""

NO_VERDICT: Final = "不适用"
"""The programme says nothing about this person: there is no verdict at all."""
_NONE, _UNKNOWN, _UNLIMITED = "无", "未知", "不封顶"

_OUTCOME_WORDS: Final[Mapping[str, Outcome | None]] = {
    **{text: outcome for outcome, text in OUTCOMES["zh"].items()},
    **{outcome.value: outcome for outcome in Outcome},
    NO_VERDICT: None,
    "no_verdict": None,
}
_TRUTH_TEXTS: Final[Mapping[Truth, str]] = {True: "符合", False: "不符合", None: "信息不足"}
_TRUTH_WORDS: Final[Mapping[str, Truth]] = {
    **{text: truth for truth, text in _TRUTH_TEXTS.items()},
    "met": True,
    "unmet": False,
    "unknown": None,
}
_AMOUNT_WORDS: Final = {"无": _NONE, "none": _NONE, "未知": _UNKNOWN, "unknown": _UNKNOWN}

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)

_FILE_KEYS: Final = {"预期": "expect", "依据": "rests_on"}
_ENTRY_KEYS: Final = {"月份": "month", "知悉日": "known_on", "叠加": "overlays"}
_VERDICT_KEYS: Final = {
    "认定": "outcome",
    "金额": "amount",
    "金额范围": "amount_range",
    "情形": "route",
    "缺少": "missing",
    "假设": "assumptions",
    "条件": "criteria",
}


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


class Difference(NamedTuple):
    """One thing that came out otherwise: what it is, what was expected, what was found."""

    aspect: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One expected verdict beside what was determined; `differences` is empty where they agree."""

    file: str
    location: str
    month: Month
    known_on: date | None
    programme: str
    subject: str | None
    expected: str
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


class Failure(NamedTuple):
    """A file that could not be used, and why."""

    file: str
    error: EligibilityError


@dataclass(frozen=True, slots=True)
class Report:
    """What checking several files came to; `silent` are the files that expect nothing."""

    comparisons: tuple[Comparison, ...]
    failures: tuple[Failure, ...]
    silent: tuple[str, ...]

    @property
    def differences(self) -> tuple[Comparison, ...]:
        return tuple(comparison for comparison in self.comparisons if not comparison.agrees)


def load_expectations(path: Path | str) -> tuple[Case, tuple[Expectation, ...]]:
    """A case file with what it expects (nothing, if it has no such block). Raises `InputError` with all problems."""
    node = read_file(Path(path))
    case = parse_case(node)
    return case, _Reader(case).file(node)


def check_case(path: Path | str, rules: Ruleset, *, lay: Lay | None = None) -> tuple[Comparison, ...]:
    """Determines a case for every month it expects something for, and compares.

    `lay` is needed for cases that name overlays. Raises `InputError` for a file that is not usable or uses names the
    ruleset does not have, and whatever `determine` raises.
    """
    case, expectations = load_expectations(path)
    found: list[Comparison] = []
    for expectation in expectations:
        law = rules
        if expectation.overlays:
            if lay is None:
                raise InputError(Problem("expect-overlay", "这里不能换用叠加规则", expectation.location))
            law = lay(expectation.overlays)
        bound = _bind(expectation, law)
        determination = determine(case, law, month=expectation.month, known_on=expectation.known_on)
        found += [
            _compare(str(path), expectation, expected, programme, determination)
            for expected, programme in bound
        ]
    return tuple(found)


def check_files(paths: Iterable[Path | str], rules: Ruleset, *, lay: Lay | None = None) -> Report:
    """Checks many files; one that cannot be used does not keep the others from being checked."""
    comparisons: list[Comparison] = []
    failures, silent = [], []
    for path in paths:
        try:
            found = check_case(path, rules, lay=lay)
        except EligibilityError as error:
            failures.append(Failure(str(path), error))
            continue
        comparisons += found
        if not found:
            silent.append(str(path))
    return Report(tuple(comparisons), tuple(failures), tuple(silent))


def check_folder(path: Path | str, rules: Ruleset, *, lay: Lay | None = None) -> Report:
    """Checks every case file of a folder and its sub-folders."""
    return check_files(case_files(path), rules, lay=lay)


def case_files(path: Path | str) -> tuple[Path, ...]:
    """The case files of a folder and its sub-folders in order of their names; a file stands for itself."""
    path = Path(path)
    if not path.is_dir():
        return (path,)
    files = (file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return tuple(sorted(file for file in files if not file.name.startswith(".")))


def read_day(value: object) -> date:
    """A day of knowledge as written. Raises `ValueError` with what was expected."""
    try:
        if isinstance(value, str) and _DAY.match(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # no such day
    raise ValueError("知悉日应为日期，写法如 2025-08-15")


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
        fields = self.keys(node, _ENTRY_KEYS, ours=False)
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
        known = {*_VERDICT_KEYS, *_VERDICT_KEYS.values()}
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
        fields = self.keys(node, _VERDICT_KEYS)
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
            self.report(node, "expect-amount", f"{problem}；没有金额写“{_NONE}”，数额不定写“{_UNKNOWN}”")
            return None

    def bounds(self, node: Node) -> str | None:
        ends = node.value if isinstance(node.value, list) else []
        if len(ends) != 2:
            self.report(node, "expect-amount", '“金额范围”应为两个数，如 ["0.00", "600.00"]；不封顶写 null')
            return None
        texts = [_UNLIMITED if i and end.value is None else self.amount(end) for i, end in enumerate(ends)]
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


def _bind(expectation: Expectation, rules: Ruleset) -> list[tuple[ExpectedVerdict, ProgrammeText]]:
    """Each expected verdict with its programme. Raises `InputError` for names the ruleset does not have."""
    by_name = {**{p.name: p for p in rules.programmes.values()}, **rules.programmes}
    problems: list[Problem] = []
    bound: list[tuple[ExpectedVerdict, ProgrammeText]] = []
    taken: set[tuple[str, str | None]] = set()

    def refuse(code: str, place: Placed, message: str, known: Iterable[str] = ()) -> None:
        hint = nearest(place.text, known)
        problem = Problem(code, mask(message), mask(place.location), hint)
        if problem not in problems:  # one programme may be named for many members
            problems.append(problem)

    for expected in expectation.verdicts:
        place = expected.programme
        programme = by_name.get(place.text)
        if programme is None:
            message = f"规则集没有项目“{place.text[:40]}”"
            refuse(
                "expect-unknown-programme", place, message, (*by_name, *_ENTRY_KEYS, *_ENTRY_KEYS.values())
            )
            continue
        by_household = programme.level is Level.HOUSEHOLD
        if by_household and expected.subject is not None:
            refuse("expect-subject", place, f"“{programme.name}”按家庭认定，不能写成员")
        if not by_household and expected.subject is None and expected.outcome is not Outcome.NOT_IN_FORCE:
            refuse("expect-subject", place, f"“{programme.name}”按人认定，应写 {{成员编号: 认定}}")
        if (programme.id, expected.subject) in taken:
            refuse("expect-duplicate", place, f"“{programme.name}”写了两次")
        taken.add((programme.id, expected.subject))
        for criterion, _ in expected.criteria:
            if criterion.text not in programme.criteria:
                message = f"“{programme.name}”没有条件“{criterion.text[:40]}”"
                refuse("expect-unknown-criterion", criterion, message, programme.criteria)
        for assumption in expected.assumptions:
            if assumption.text not in rules.assumptions:
                message = f"规则集没有假设“{assumption.text[:40]}”"
                refuse("expect-unknown-assumption", assumption, message, rules.assumptions)
        bound.append((expected, programme))
    if problems:
        raise InputError(problems)
    return bound


def _compare(
    file: str,
    expectation: Expectation,
    expected: ExpectedVerdict,
    programme: ProgrammeText,
    determination: Determination,
) -> Comparison:
    verdict = _verdict(determination, programme.id, expected.subject)
    outcome = NO_VERDICT if expected.outcome is None else OUTCOMES["zh"][expected.outcome]
    return Comparison(
        file=file,
        location=expected.programme.location,
        month=expectation.month,
        known_on=expectation.known_on,
        programme=programme.name,
        subject=expected.subject,
        expected=" ".join([outcome, *filter(None, [expected.amount, expected.amount_range])]),
        differences=tuple(
            Difference(aspect, wanted, found)
            for aspect, wanted, found in _aspects(expected, outcome, verdict)
            if wanted != found
        ),
    )


def _verdict(determination: Determination, programme: str, subject: str | None) -> Verdict | None:
    """The verdict for a subject; a programme that is not in force has one for everybody."""
    for verdict in determination:
        for_subject = verdict.subject == subject or verdict.outcome is Outcome.NOT_IN_FORCE
        if verdict.programme.id == programme and for_subject:
            return verdict
    return None


def _aspects(
    expected: ExpectedVerdict, outcome: str, verdict: Verdict | None
) -> Iterator[tuple[str, str, str]]:
    """What is compared: the aspect, in words what was expected, in words what was found."""
    yield "认定", outcome, NO_VERDICT if verdict is None else OUTCOMES["zh"][verdict.outcome]
    if expected.amount is not None:
        yield "金额", expected.amount, _amount(verdict)
    if expected.amount_range is not None:
        yield "金额范围", expected.amount_range, _bounds(verdict)
    if expected.route is not None:
        yield "情形", expected.route, (verdict and verdict.route) or _NONE
    if expected.missing is not None:
        found = frozenset(item.name for item in verdict.missing) if verdict else frozenset()
        yield "缺少", _listed(expected.missing), _listed(found)
    if expected.assumptions:
        stood_on = {assumption.id for assumption in verdict.assumptions} if verdict else set()
        wanted = {assumption.text for assumption in expected.assumptions}
        yield "假设", _listed(wanted), _listed(wanted & stood_on)
    came_out = {reason.id: _TRUTH_TEXTS[reason.verdict] for reason in verdict.reasons} if verdict else {}
    for criterion, truth in expected.criteria:
        yield f"条件 {criterion.text}", _TRUTH_TEXTS[truth], came_out.get(criterion.text, "当月没有这一条件")


def _amount(verdict: Verdict | None) -> str:
    if verdict is None:
        return _NONE
    if verdict.amount is not None:
        return str(verdict.amount)
    return _UNKNOWN if verdict.amount_unknown or verdict.amount_range is not None else _NONE


def _bounds(verdict: Verdict | None) -> str:
    if verdict is None or verdict.amount_range is None:
        return _amount(verdict)
    lower, upper = verdict.amount_range
    return f"{lower} 至 {_UNLIMITED if upper is None else upper}"


def _listed(names: Iterable[str]) -> str:
    return "、".join(sorted(names)) or _NONE
