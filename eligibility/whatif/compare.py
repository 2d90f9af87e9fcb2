"""Determinations side by side: what comes out for whom, by how much it differs, and which criteria turned on what.

The first determination is the baseline: differences a month are against it. Nothing is evaluated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..determination import Determination, Operand, Outcome, Reason, Verdict
from ..determination.explain import amount_text
from ..determination.record import value_json
from ..determination.texts import MARKS, OUTCOMES, Language, show, yuan
from ..determination.totals import Option, Totals, totals
from ..quantities import Money
from ..ruleset.resolved import Programme
from ..values import Truth

SEPARATOR: Final = " ｜ "
"""Between what stands side by side in a text."""

_STATUS: Final = {True: "met", False: "unmet", None: "unknown"}


class Turned(NamedTuple):
    """A criterion that did not come out the same everywhere; None stands where it was not asked at all."""

    id: str
    reasons: tuple[Reason | None, ...]

    @property
    def first(self) -> Reason:
        return next(reason for reason in self.reasons if reason is not None)

    @property
    def sensitive(self) -> bool:
        """Whether it looked at a fact that is never spelled out."""
        return any(reason.sensitive for reason in self.reasons if reason is not None)


@dataclass(frozen=True, slots=True)
class ComparedVerdict:
    """One programme for one subject (None: the household) in every determination; None where there is no verdict.

    `differences` are a month (a season, for seasonal programmes) against the first; None where either is not one
    known figure, or the programme pays nothing.
    """

    programme: Programme
    subject: str | None
    verdicts: tuple[Verdict | None, ...]
    differences: tuple[Money | None, ...]
    turned: tuple[Turned, ...]

    @property
    def outcomes(self) -> tuple[Outcome | None, ...]:
        return tuple(None if verdict is None else verdict.outcome for verdict in self.verdicts)

    @property
    def changed(self) -> bool:
        """Whether the outcome, the amount or a criterion differs anywhere."""
        amounts = {_amount_key(verdict) for verdict in self.verdicts}
        return len(set(self.outcomes)) > 1 or len(amounts) > 1 or bool(self.turned)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more determinations side by side; `names` are the scenarios' (现状 where there is none)."""

    determinations: tuple[Determination, ...]
    verdicts: tuple[ComparedVerdict, ...]
    totals: tuple[Totals, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(_name(determination, "zh") for determination in self.determinations)

    def total_differences(self) -> tuple[Money | None, ...]:
        """The monthly total of each against the first; None where a choice is open or an amount is not known."""
        known = [None if total.open else total.per_month for total in self.totals]
        first = known[0]
        return tuple(None if each is None or first is None else each - first for each in known)

    def text(self, language: Language = "zh", *, everything: bool = False) -> str:
        """The comparison in words: what differs, or with `everything` all verdicts."""
        return "\n".join(_Writer(self, language).lines(everything)) + "\n"

    def data(self) -> dict[str, Any]:
        """The comparison as JSON-able data; sensitive facts are left out. Lists run in the order of the determinations."""
        return {
            "determinations": [
                {
                    "scenario": d.scenario,
                    "month": str(d.month),
                    "known_on": None if d.known_on is None else d.known_on.isoformat(),
                    "edition_digest": d.edition.edition_digest,
                }
                for d in self.determinations
            ],
            "verdicts": [_verdict_data(compared) for compared in self.verdicts],
            "totals": [_totals_data(total) for total in self.totals],
            "total_differences": [_money(difference) for difference in self.total_differences()],
        }


def compare(*determinations: Determination) -> Comparison:
    """Puts two or more determinations side by side: programme by programme and subject by subject.

    Raises `ValueError` for fewer than two.
    """
    if len(determinations) < 2:
        raise ValueError("a comparison needs at least two determinations")
    found: dict[tuple[str, str | None], list[Verdict | None]] = {}
    for position, determination in enumerate(determinations):
        for verdict in determination:
            row = found.setdefault((verdict.programme.id, verdict.subject), [None] * len(determinations))
            row[position] = verdict
    rows = [_compared(row) for row in found.values() if not _same_absence(row)]
    order = {key: index for index, key in enumerate(dict.fromkeys(programme for programme, _ in found))}
    rows.sort(key=lambda row: order[row.programme.id])
    return Comparison(determinations, tuple(rows), tuple(totals(d.verdicts, d.case) for d in determinations))


def _same_absence(row: Sequence[Verdict | None]) -> bool:
    """Whether a programme that is not in force here has verdicts of persons there: then those stand for it."""
    present = [verdict for verdict in row if verdict is not None]
    absent = [verdict for verdict in present if verdict.outcome is Outcome.NOT_IN_FORCE]
    return len(absent) == len(present) < len(row)


def _compared(row: Sequence[Verdict | None]) -> ComparedVerdict:
    first = next(verdict for verdict in row if verdict is not None)
    amounts = [_known_amount(verdict) for verdict in row]
    pays = first.programme.kind != "status"
    return ComparedVerdict(
        programme=first.programme,
        subject=first.subject,
        verdicts=tuple(row),
        differences=tuple(
            each - amounts[0] if pays and each is not None and amounts[0] is not None else None
            for each in amounts
        ),
        turned=_turned(row),
    )


def _known_amount(verdict: Verdict | None) -> Money | None:
    """What is paid, as one known figure: nothing where there is no verdict or a refusal."""
    if verdict is None or verdict.outcome in (Outcome.INELIGIBLE, Outcome.NOT_IN_FORCE):
        return Money(0)
    return verdict.amount


def _amount_key(verdict: Verdict | None) -> Any:
    return verdict and (verdict.amount, verdict.amount_range, verdict.amount_unknown)


def _turned(row: Sequence[Verdict | None]) -> tuple[Turned, ...]:
    """The criteria that did not come out the same in all verdicts, in the order of the rules."""
    reasons = [{reason.id: reason for reason in (verdict.reasons if verdict else ())} for verdict in row]
    found = []
    for name in dict.fromkeys(name for each in reasons for name in each):
        turned = Turned(name, tuple(each.get(name) for each in reasons))
        statuses: set[Truth | str] = {
            reason.verdict if reason else "absent"
            for reason, verdict in zip(turned.reasons, row, strict=True)
            if verdict is not None and verdict.outcome is not Outcome.NOT_IN_FORCE
        }
        if len(statuses) > 1:
            found.append(turned)
    return tuple(found)


def _name(determination: Determination, language: Language) -> str:
    if determination.scenario is not None:
        return determination.scenario
    return "现状" if language == "zh" else "as it is"


class _Writer:
    """A comparison as text."""

    def __init__(self, comparison: Comparison, language: Language) -> None:
        self.comparison, self.language = comparison, language
        self.zh = language == "zh"

    def say(self, chinese: str, english: str) -> str:
        return chinese if self.zh else english

    def lines(self, everything: bool) -> Iterator[str]:
        yield self.say("比较（第一个为基准）", "Comparison (against the first)")
        for number, determination in enumerate(self.comparison.determinations, 1):
            known = "" if determination.known_on is None else self.say(
                f"，按 {determination.known_on} 已公布的规定", f", as known on {determination.known_on}"
            )  # fmt: skip
            name = _name(determination, self.language)
            yield f"  {number}. {name}{self.say('　', '  ')}{determination.month}{known}"
        if any(d.scenario is not None for d in self.comparison.determinations):
            yield self.say(
                "假设情景的结果不作认定依据。", "Hypothetical results are no basis for any decision."
            )
        shown = [v for v in self.comparison.verdicts if everything or v.changed]
        for compared in shown:
            yield ""
            yield from self.verdict(compared)
        if not shown:
            yield ""
            yield self.say("各项认定没有不同。", "No verdict differs.")
        yield ""
        yield from self.totals()

    def verdict(self, compared: ComparedVerdict) -> Iterator[str]:
        programme = compared.programme
        name = programme.name if self.zh else programme.english or programme.title
        whose = compared.subject or self.say("家庭", "household")
        sides = SEPARATOR.join(self.outcome(verdict) for verdict in compared.verdicts)
        head = f"【{name}】{whose}：{sides}" if self.zh else f"[{name}] {whose}: {sides}"
        unit = self.say(*(("每季", "per season") if programme.period else ("每月", "per month")))
        yield head + self.difference(compared.differences, unit)
        for turned in compared.turned:
            yield from self.turned(turned)

    def outcome(self, verdict: Verdict | None) -> str:
        if verdict is None:
            return self.say("不适用", "does not apply")
        parts = [OUTCOMES[self.language][verdict.outcome], amount_text(verdict, self.language)]
        return " ".join(part for part in parts if part)

    def difference(self, differences: Sequence[Money | None], unit: str) -> str:
        """The differences against the first, where there are any."""
        if not any(differences[1:]):
            return ""
        shown = [
            "—" if each is None else ("+" if each > Money(0) else "") + yuan(each, self.language)
            for each in differences[1:]
        ]
        return self.say(f"　{unit}差 ", f"   difference {unit} ") + SEPARATOR.join(shown)

    def turned(self, turned: Turned) -> Iterator[str]:
        marks = SEPARATOR.join("—" if reason is None else MARKS[reason.verdict] for reason in turned.reasons)
        title = turned.first.title if self.zh else turned.first.criterion.english or turned.first.title
        yield f"  {marks}  {turned.id} {title}"
        if turned.sensitive:
            yield f"      {self.say('（不公开）', '(not shown)')}"
            return
        for name, values in _values(turned).items():
            shown = [
                "—" if operand is None else show(operand.value, operand.type, self.language)
                for operand in values
            ]
            same = len(set(shown)) == 1
            yield f"      {name} {shown[0] if same else SEPARATOR.join(shown)}"

    def totals(self) -> Iterator[str]:
        label = self.say("每月合计", "In all per month")
        differences = self.difference(self.comparison.total_differences(), self.say("每月", "per month"))
        sides = SEPARATOR.join(self.total(total) for total in self.comparison.totals)
        yield f"{label}{self.say('：', ': ')}{sides}{differences}"
        if any(total.seasonal for total in self.comparison.totals):
            season = [sum((s.amount for s in t.seasonal), Money(0)) for t in self.comparison.totals]
            sides = SEPARATOR.join(yuan(each, self.language) for each in season)
            yield f"{self.say('另按季合计：', 'Besides per season: ')}{sides}"

    def total(self, total: Totals) -> str:
        either = self.say(" 或 ", " or ").join(yuan(o.per_month, self.language) for o in total.options)
        return either + (self.say("（另有金额未定的）", " (and amounts that are open)") if total.open else "")


def _values(turned: Turned) -> dict[str, list[Operand | None]]:
    """What a criterion looked at on every side, by name and (where it looked at several) by whose it is."""
    table: dict[str, list[Operand | None]] = {}
    for position, reason in enumerate(turned.reasons):
        for operand in reason.operands if reason is not None else ():
            whose = f"{operand.subject} " if reason and operand.subject not in (None, reason.subject) else ""
            row = table.setdefault(whose + operand.name, [None] * len(turned.reasons))
            row[position] = operand
    return table


def _money(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)


def _verdict_data(compared: ComparedVerdict) -> dict[str, Any]:
    return {
        "programme": compared.programme.id,
        "name": compared.programme.name,
        "subject": compared.subject,
        "changed": compared.changed,
        "outcomes": [None if outcome is None else outcome.value for outcome in compared.outcomes],
        "amounts": [None if verdict is None else _money(verdict.amount) for verdict in compared.verdicts],
        "routes": [None if verdict is None else verdict.route for verdict in compared.verdicts],
        "differences": [_money(difference) for difference in compared.differences],
        "turned": [_turned_data(turned) for turned in compared.turned],
    }


def _turned_data(turned: Turned) -> dict[str, Any]:
    data: dict[str, Any] = {
        "criterion": turned.id,
        "title": turned.first.title,
        "statuses": [None if reason is None else _STATUS[reason.verdict] for reason in turned.reasons],
    }
    if turned.first.threshold is not None:
        data["threshold"] = turned.first.threshold
    if not turned.sensitive:
        data["values"] = {
            name: [None if o is None else value_json(o.value, o.type) for o in operands]
            for name, operands in _values(turned).items()
        }
    return data


def _totals_data(total: Totals) -> dict[str, Any]:
    return {
        "per_month": _money(total.per_month),
        "options": [_option_data(option) for option in total.options],
        "per_season": [[s.programme, s.subject, str(s.amount)] for s in total.seasonal],
        "open": [list(payment) for payment in total.open],
    }


def _option_data(option: Option) -> dict[str, Any]:
    return {"forgoes": [list(p) for p in option.forgoes], "per_month": str(option.per_month)}
