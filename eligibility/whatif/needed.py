"""What is still needed: the questions whose answers settle most of what is open, the best one first.

How much a question settles is measured by trying its answers. A verdict is *settled for certain* by a question if
every answer settles it (outcome and amount), and *settled perhaps* if some answer does. Of truths and words all answers
are tried, of open lists of words those that the rules compare with and one other, numbers are swept exactly, of dates
some are tried (`YEARS_BACK`), which settles nothing for certain unless nothing else is waited for. Where one place of the case file answers several facts at once (a list), it is tried
with nothing on it, and with each fact alone at its ends; that settles for certain only what waits for nothing else.
Questions are ordered by how many verdicts they settle for certain, then perhaps, then as they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from ..case import Fact
from ..determination import Determination, MissingFact, Outcome, Verdict
from ..determination.columns import read_column
from ..determination.totals import Payment
from ..engines.reference import Evaluation, Place
from ..language.nodes import Compare, Constant, Contains, Node, Origin, decimal_text, walk
from ..quantities import Money
from ..ruleset.edition import Edition
from ..values import AnyText, Kind, Level, Range, Value, date_key
from .pieces import Piece
from .sweep import sweep_fact

YEARS_BACK: Final = (0, 1, 2, 4, 8, 12, 17, 25, 40, 58, 65, 80, 100)
"""Before the benefit month: the days tried of an unknown date."""
_NOTHING: Final = "无"


@dataclass(frozen=True, slots=True)
class Need:
    """One question: the place in the case file, what to ask, which paper shows it, and the facts it answers.

    `settles` are the verdicts settled for certain, `may_settle` those settled by some answer (the former among them), each
    as programme id and subject (None: the household).
    """

    path: str
    question: str
    paper: str
    subject: str | None
    facts: tuple[str, ...]
    settles: tuple[Payment, ...]
    may_settle: tuple[Payment, ...]


def still_needed(determination: Determination) -> list[Need]:
    """The facts still needed, in the order in which they settle most open verdicts; empty where nothing is open.

    Open is a verdict that is undetermined, or that leaves an amount between bounds. What only the law leaves open is not
    asked of anybody and not listed.
    """
    waiting = [verdict for verdict in determination if _is_open(verdict)]
    asked: dict[str, list[MissingFact]] = {}
    for item in (item for verdict in waiting for item in verdict.missing if item.origin is Origin.FACT):
        if item not in asked.setdefault(_asked_at(item.path), []):
            asked[_asked_at(item.path)].append(item)
    trial = _Trial(determination, waiting)
    needs = [trial.need(place, items) for place, items in asked.items()]
    return sorted(needs, key=lambda need: (-len(need.settles), -len(need.may_settle)))


def _is_open(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.UNDETERMINED or verdict.amount_range is not None


def _asked_at(path: str) -> str:
    """The place a question is about: one kind on a list is asked for with the list."""
    return path.rpartition("[")[0] if path.endswith("]") else path


def _key(verdict: Verdict) -> Payment:
    return verdict.programme.id, verdict.subject


class _Trial:
    """Tries answers on the open verdicts of one determination."""

    def __init__(self, determination: Determination, waiting: list[Verdict]) -> None:
        self.determination = determination
        self.evaluation = determination.evaluation
        self.evaluator = self.evaluation.evaluator
        self.members = [member.id for member in self.evaluation.context.members]
        self.waits_for = {_key(v): frozenset(_asked_at(item.path) for item in v.missing) for v in waiting}

    def need(self, asked_at: str, items: list[MissingFact]) -> Need:
        first, single = items[0], len(items) == 1
        listed = read_column(asked_at, self.members).steps[-1].shape
        question = first.question if single else listed.question or first.question
        open_now = frozenset(self.waits_for)
        targets = [(self.evaluator.fact_of[item.name], self.place(item)) for item in items]
        settled = list(self.one(*targets[0]) if single else self.several(targets))
        every_answer = single and targets[0][0].kind is not Kind.DATE
        everywhere = frozenset.intersection(open_now, *settled) if every_answer else frozenset()
        alone = {key for key, places in self.waits_for.items() if places == {asked_at}}
        certain = everywhere | alone
        perhaps = certain.union(*settled)
        return Need(
            first.path if single else asked_at,
            question,
            first.paper,
            first.subject,
            tuple(item.name for item in items),
            tuple(key for key in self.waits_for if key in certain),
            tuple(key for key in self.waits_for if key in perhaps),
        )

    def place(self, item: MissingFact) -> Place:
        """Whose a missing fact is."""
        if item.subject is None:
            return Place()
        person = self.members.index(item.subject)
        fact = self.evaluator.fact_of[item.name]
        if fact.level is not Level.PARENT:
            return Place(person)
        return Place(person, next(slot for slot in (0, 1) if fact.place(item.subject, slot + 1) == item.path))

    def one(self, fact: Fact, place: Place) -> Iterator[frozenset[Payment]]:
        """What each answer to a single fact settles."""
        value = self.evaluation.value(fact.name, place)
        if isinstance(value, Range) and fact.kind is not Kind.DATE:
            low, high = _bound(fact, value.lo), _bound(fact, value.hi)
            case, edition = self.determination.case, self.determination.edition
            for piece in sweep_fact(case, edition, fact.name, place, low, high).pieces:
                yield self.settled_in(piece)
            return
        for answer in self.answers(fact, value):
            yield self.settled({(fact.name, place): answer})

    def answers(self, fact: Fact, value: Value) -> Iterator[Value]:
        """The answers to a fact that is no number."""
        if fact.kind is Kind.TRUTH:
            yield from (True, False)
        elif isinstance(value, frozenset):
            yield from (word for word in fact.choices or () if word in value)
        elif isinstance(value, AnyText):
            yield from (*_words(self.determination.edition), "")
        else:
            month = self.determination.month
            yield from (date_key((month + -12 * years).first_day) for years in YEARS_BACK)

    def several(self, targets: list[tuple[Fact, Place]]) -> Iterator[frozenset[Payment]]:
        """What a list settles that is empty, or that holds one fact alone at either end."""
        nothing = {(fact.name, place): _none(fact) for fact, place in targets if _none(fact) is not None}
        yield self.settled(nothing)
        for fact, place in targets:
            value = self.evaluation.value(fact.name, place)
            if isinstance(value, Range) and fact.kind is not Kind.DATE:
                yield self.settled({**nothing, (fact.name, place): value.hi})
            elif not isinstance(value, Range):
                for answer in self.answers(fact, value):
                    yield self.settled({**nothing, (fact.name, place): answer})

    def settled(self, given: dict[tuple[str, Place], Any]) -> frozenset[Payment]:
        """The open verdicts that are settled with some facts given."""
        return self.decided(self.evaluator.evaluate(self.evaluation.context, given))

    def decided(self, evaluation: Evaluation) -> frozenset[Payment]:
        still_open = {
            (r.programme.id, None if r.person is None else self.members[r.person])
            for r in evaluation.results
            if r.applies and (r.verdict is None or isinstance(r.amount, Range))
        }
        return frozenset(self.waits_for) - still_open

    def settled_in(self, piece: Piece) -> frozenset[Payment]:
        """The open verdicts that are settled throughout a piece of a sweep."""
        still_open = {
            e.key
            for e in piece.entitlements
            if e.outcome is Outcome.UNDETERMINED or (e.amount is not None and e.amount.low != e.amount.high)
        }
        return frozenset(self.waits_for) - still_open


def _none(fact: Fact) -> Value:
    """What a fact is where its list is empty; None where that leaves it unknown."""
    if fact.kind is Kind.TRUTH:
        return False
    if fact.kind is Kind.ENUM:
        return _NOTHING if _NOTHING in (fact.choices or ()) else None
    return None if fact.kind is Kind.DATE else 0


def _bound(fact: Fact, value: int | Fraction) -> Money | str:
    """The end of a range as a sweep takes it."""
    if fact.kind is Kind.MONEY or fact.counts_money:
        return Money.from_fen(int(value))
    return decimal_text(value)


def _words(edition: Edition) -> tuple[str, ...]:
    """Every text the rules of an edition compare with."""
    nodes: list[Node] = [definition.node for definition in edition.definitions.values()]
    nodes += [criterion.test for programme in edition.programmes for criterion in programme.criteria]
    found: dict[str, None] = {}
    for node in nodes:
        for inner in walk(node):
            if isinstance(inner, Contains):
                found |= dict.fromkeys(inner.choices)
            elif isinstance(inner, Compare):
                sides = (inner.left, inner.right)
                texts = [side.value for side in sides if isinstance(side, Constant)]
                found |= {text: None for text in texts if isinstance(text, str)}
    return tuple(found)
