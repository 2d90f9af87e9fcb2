"""Why not, and what would: the smallest change of one fact that turns a refusal into a grant.

What is tried: every fact that a route's unmet conditions have in common, of everybody it concerns. Numbers are swept
exactly, in both directions, to the nearest value that suffices; of words every alternative is tried, of truths the
other one; from a list of the household that facts are derived from (住房, 车辆) each item is taken away, then all. Not
tried: what has happened or says who somebody is (dates, sex, relations, being a foundling), misfortunes that would have
to begin, anything sensitive; an override can still ask for these. Facts that are unknown do not change: a refusal holds
whatever they are. Every answer is written into the case as an override and determined again by both engines before it
is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Final

from ..case import Case, Context, Fact
from ..determination import Determination, Outcome, Verdict, determine
from ..determination.columns import read_column
from ..engines.reference import Evaluation, Evaluator, Place, Result
from ..errors import InputError, Problem, nearest
from ..language.nodes import decimal_text
from ..quantities import Month
from ..ruleset.edition import Edition
from ..ruleset.model import Ruleset
from ..values import Kind, Level, Number, Range, Truth, Value, is_known
from .levers import levers
from .overrides import CaseOverride, apply_to_case, parse_override
from .places import Refused, money_text, quoted, spelled, text_of, written
from .sweep import sweep_fact

FIXED: Final = frozenset({"性别", "与户主关系", "与申请人关系", "弃婴"})
"""Facts that say who somebody is, besides all dates: never proposed to be otherwise."""

MISFORTUNES: Final = ("不计入情形", "父母情形")
"""Lists of what nobody wishes for: that it ends may be proposed, never that it begins."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that suffices: `override` as it can be given to a scenario, and the determination under it.

    `fact` is None for an item taken off a list, or a list that is emptied. `before` and `after` are values of the fact
    (分 for money); `difference` is after − before for numbers.
    """

    override: CaseOverride
    fact: Fact | None
    before: Value
    after: Value
    difference: Number | None
    determination: Determination
    verdict: Verdict

    @property
    def text(self) -> str:
        """The change in words: `母亲 的 工资性收入 每月少 43.20 元（3000.00 → 2956.80）即符合`."""
        if self.fact is None:
            item = "" if self.override.removed is None else f"[{self.override.removed}]"
            return f"{quoted(self.override.path)}{item} 改为没有，即符合"
        whose = self.override.member or "家庭"
        parent = f" 的 父母[{self.override.slot}]" if self.override.slot is not None else ""
        name = f"{whose}{parent} 的 {self.fact.name.removeprefix('收入.')}"
        before, after = text_of(self.fact, self.before), text_of(self.fact, self.after)
        if self.difference is None:
            return f"{name} 由 {before} 改为 {after}，即符合"
        monthly = "每月" if self.fact.denominator == 12 or "月" in self.fact.name else ""
        amount = text_of(self.fact, _size_of(self.difference)) + (" 元" if _is_money(self.fact) else "")
        return f"{name} {monthly}{'少' if self.difference < 0 else '多'} {amount}（{before} → {after}）即符合"


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A verdict with every single change that would make it a grant (only where it is a refusal).

    `applies` is False where the programme says nothing about the subject; `verdict` is then None. `tried` names the
    facts that were tried, once each.
    """

    determination: Determination
    programme: str
    subject: str | None
    verdict: Verdict | None
    changes: tuple[Change, ...]
    tried: tuple[str, ...]


def what_would(
    case: Case,
    rules: Ruleset | Edition,
    programme: str,
    subject: str | None = None,
    *,
    month: Month | str | None = None,
    known_on: date | None = None,
) -> list[Change]:
    """The single changes that turn a refusal into a grant, the smallest amounts of money first; see `why_not`."""
    return list(why_not(case, rules, programme, subject, month=month, known_on=known_on).changes)


def why_not(
    case: Case,
    rules: Ruleset | Edition,
    programme: str,
    subject: str | None = None,
    *,
    month: Month | str | None = None,
    known_on: date | None = None,
) -> WhyNot:
    """The verdict of one programme for one subject, and which single changes would turn a refusal into a grant.

    Changes of amounts of money come first, by size; then other numbers, words and truths in reading order. Raises
    `InputError` for a programme or subject that does not exist or is not in force, and as `determine` does.
    """
    determination = determine(case, rules, month=month, known_on=known_on)
    result = _result(determination, programme, subject)
    key = (result.programme.id, subject)
    verdict = next((v for v in determination if (v.programme.id, v.subject) == key), None)
    if result.applies and result.verdict is not False:
        return WhyNot(determination, result.programme.name, subject, verdict, (), ())
    search = _Search(determination, result)
    changes = sorted(search.changes(), key=_size)
    return WhyNot(determination, result.programme.name, subject, verdict, tuple(changes), tuple(search.tried))


def _size(change: Change) -> tuple[int, Number, bool]:
    """Amounts of money by size (those that are not zero now before those that are), then other numbers, then the rest."""
    if change.difference is None or change.fact is None:
        return 2, 0, False
    return 0 if _is_money(change.fact) else 1, _size_of(change.difference), change.before == 0


def _size_of(number: Number) -> Number:
    return -number if number < 0 else number


def _is_money(fact: Fact) -> bool:
    return fact.kind is Kind.MONEY or fact.counts_money


def _result(determination: Determination, programme: str, subject: str | None) -> Result:
    """What the engine came to for a programme (id or name) and a subject."""
    edition = determination.edition
    texts = edition.ruleset.programmes.values()
    named = next((text for text in texts if programme in (text.id, text.name)), None)
    if named is None:
        hint = nearest(programme, [name for text in texts for name in (text.id, text.name)])
        raise InputError(Problem("unknown-name", f"没有项目“{programme[:40]}”", None, hint))
    if edition.programme(named.id) is None:
        raise InputError(Problem("not-in-force", f"{edition.month} 没有“{named.name}”这一项规定"))
    members = [member.id for member in determination.evaluation.context.members]
    if named.level is Level.HOUSEHOLD and subject is not None:
        raise InputError(
            Problem("subject", f"“{named.name}”按家庭认定，不写成员", None, f"写作 {named.name}")
        )
    if named.level is not Level.HOUSEHOLD and subject not in members:
        if subject is None:
            raise InputError(
                Problem(
                    "subject", f"“{named.name}”按人认定，要写成员", None, f"写作 {named.name}:{members[0]}"
                )
            )
        message = f"{edition.month} 没有编号为“{subject[:40]}”的成员"
        raise InputError(Problem("unknown-member", message, None, nearest(subject, members)))
    person = None if subject is None else members.index(subject)
    results = determination.evaluation.results
    return next(r for r in results if r.programme.id == named.id and r.person == person)


class _Search:
    """Tries the facts of one refusal one by one."""

    def __init__(self, determination: Determination, refused: Result) -> None:
        self.determination, self.refused = determination, refused
        self.evaluation = determination.evaluation
        self.evaluator: Evaluator = self.evaluation.evaluator
        self.edition, self.case = determination.edition, determination.case
        self.members = [member.id for member in self.evaluation.context.members]
        self.subject = None if refused.person is None else self.members[refused.person]
        self.tried: dict[str, None] = {}

    def changes(self) -> Iterator[Change]:
        for name, place in levers(self.refused, self.evaluation):
            fact = self.evaluator.fact_of[name]
            before = self.evaluation.value(name, place)
            if fact.sensitive or fact.kind is Kind.DATE or name in FIXED or not is_known(before):
                continue
            try:
                written(fact, self.member(place), _slot(place), text_of(fact, before))
            except Refused:
                yield from self.shorter_list(fact)
                continue
            self.tried[name] = None
            for after in self.alternatives(fact, place, before):
                change = self.verified(fact, place, before, after)
                if change is not None:
                    yield change

    def member(self, place: Place) -> str | None:
        return None if place.person is None else self.members[place.person]

    def alternatives(self, fact: Fact, place: Place, before: Value) -> Iterator[Value]:
        """The other values of a fact that are worth trying."""
        if isinstance(before, bool):
            if before or not any(f".{name}" in fact.field for name in MISFORTUNES):
                yield not before
        elif isinstance(before, str):
            yield from (word for word in fact.choices or () if word != before)
        else:
            assert isinstance(before, int | Fraction)
            found = self.nearest_number(fact, place, before)
            if found is not None:
                yield found

    def nearest_number(self, fact: Fact, place: Place, before: Number) -> Number | None:
        """The value nearest to what it is at which the verdict is a grant, exact to the 分 (hundredth, unit).

        The engine's ranges rule out, soundly, the surroundings in which nothing changes; the nearest window that they
        do not rule out is swept, and if nothing is granted there, the whole domain.
        """
        assert fact.low is not None
        assert fact.high is not None
        unit = Fraction(1) if _is_money(fact) or fact.kind is Kind.INTEGER else Fraction(1, 100)
        low, high, here = ceil(fact.low / unit), floor(fact.high / unit), before / unit
        if not self.possible(fact, place, Range(low * unit, high * unit)):
            return None
        reach = 1
        first, last = max(low, floor(here) - 1), min(high, ceil(here) + 1)
        while not self.possible(fact, place, Range(first * unit, last * unit)):
            reach *= 4
            first, last = max(low, floor(here) - reach), min(high, ceil(here) + reach)
        for window in ((first, last), (low, high)):
            granted = self.granted(fact, place, unit, *window)
            if granted:
                nearest_step = min(
                    (_near(*piece, here) for piece in granted), key=lambda x: _size_of(x - here)
                )
                best = nearest_step * unit
                return best.numerator if best.denominator == 1 else best
        return None

    def granted(
        self, fact: Fact, place: Place, unit: Fraction, first: int, last: int
    ) -> list[tuple[int, int]]:
        """The stretches of a range (both in steps of `unit`) in which the verdict is a grant."""
        ends = [_amount(fact, step * unit) for step in (first, last)]
        swept = sweep_fact(self.case, self.edition, fact.name, place, *ends)
        programme = self.refused.programme.id
        found = ((piece, piece.entitlement(programme, self.subject)) for piece in swept.pieces)
        return [(p.low, p.high) for p, e in found if e is not None and e.outcome is Outcome.ELIGIBLE]

    def possible(self, fact: Fact, place: Place, values: Value) -> bool:
        """Whether a grant is possible for some of the values; no is certain."""
        evaluation = self.evaluator.evaluate(self.evaluation.context, {(fact.name, place): values})
        return self.outcome(evaluation) is not False

    def outcome(self, evaluation: Evaluation) -> Truth:
        for result in evaluation.results:
            if result.programme is self.refused.programme and result.person == self.refused.person:
                return result.verdict if result.applies else False
        return False

    def verified(self, fact: Fact, place: Place, before: Value, after: Value) -> Change | None:
        """The change, if the case with it can be and is granted when it is determined again."""
        text = f"{spelled(fact, self.member(place), _slot(place))} = {text_of(fact, after)}"
        difference: Number | None = None
        if not isinstance(before, bool) and isinstance(before, int | Fraction):
            assert isinstance(after, int | Fraction)
            difference = after - before
        return self.tried_out(text, fact, before, after, difference)

    def shorter_list(self, fact: Fact) -> Iterator[Change]:
        """The list of the household a fact is derived from without one item, or if that does not do, with nothing on it."""
        if fact.level is not Level.HOUSEHOLD or fact.field in self.tried:
            return
        column = read_column(fact.field, ())
        if not column.steps[-1].shape.many:
            return
        self.tried[fact.field] = None
        items = len(getattr(self.case.household, column.steps[-1].shape.attribute) or ())
        single = [f"{fact.field}[{number}] = 无" for number in range(1, items + 1)]
        found = [change for text in single if (change := self.tried_out(text, None, None, None, None))]
        if (
            not found
            and items > 1
            and (change := self.tried_out(f"{fact.field} = 无", None, None, None, None))
        ):
            found.append(change)
        yield from found

    def tried_out(
        self, text: str, fact: Fact | None, before: Value, after: Value, difference: Number | None
    ) -> Change | None:
        """Applies an override and determines again; None unless the verdict is a grant."""
        try:
            override = parse_override(text, self.edition.ruleset)
            changed = apply_to_case(self.case, [override], month=self.edition.month)
            context = Context(changed, self.edition.month)
            if self.outcome(self.evaluator.evaluate(context)) is not True:
                return None
            determination = determine(changed, self.edition)
        except InputError:  # the case would contradict itself: not a change that can happen by itself
            return None
        determination = replace(determination, scenario=override.shown)
        programme = self.refused.programme.id
        for verdict in determination:
            if (verdict.programme.id, verdict.subject) == (programme, self.subject):
                assert isinstance(override, CaseOverride)
                return Change(override, fact, before, after, difference, determination, verdict)
        return None


def _near(low: int, high: int, here: Number) -> int:
    """The whole number between two that is nearest to another number."""
    return min((min(max(low, x), high) for x in (floor(here), ceil(here))), key=lambda x: _size_of(x - here))


def _amount(fact: Fact, value: Fraction) -> str:
    return money_text(value) if _is_money(fact) else decimal_text(value)


def _slot(place: Place) -> int | None:
    return None if place.parent is None else place.parent + 1
