"""`explain`: a determination as text, for an officer or a resident, in Chinese or English.

The officer sees every criterion with its values, sources and assumptions; the resident sees the outcome, what decided
it and what to bring. Sensitive facts are never spelled out: where one decided, only that the situation applies is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..language.nodes import Origin
from ..ruleset.resolved import Programme
from ..ruleset.words import PAYABLE, PROVENANCES
from ..values import Truth
from .model import Determination, MissingFact, Operand, Outcome, Reason, Verdict
from .texts import MARKS, OUTCOMES, Language, cite, show, yuan
from .totals import totals

Audience = Literal["officer", "resident"]


def explain(
    determination: Determination, *, audience: Audience = "officer", language: Language = "zh"
) -> str:
    """The determination in words. `audience`: `officer` (everything) or `resident` (what matters to the family)."""
    writer = _Officer if audience == "officer" else _Resident
    return "\n".join(writer(determination, language).lines()) + "\n"


def leading_reasons(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that decided: for a refusal those that block every route, otherwise those still open, or all met."""
    by_id = {reason.id: reason for reason in verdict.reasons}
    if verdict.outcome is Outcome.INELIGIBLE:
        met = tuple(r for r in verdict.reasons if r.excludes and r.verdict)
        return met or tuple(by_id[name] for name in _blocking(verdict.programme, by_id))
    if verdict.outcome is Outcome.UNDETERMINED:
        return tuple(reason for reason in verdict.reasons if reason.verdict is None)
    taken = [route for route in verdict.programme.routes if verdict.route in (None, route.name)]
    asked_for = {c.criterion for route in taken for limb in route.when for c in limb if c.holds}
    return tuple(reason for reason in verdict.reasons if reason.id in asked_for and reason.verdict)


def _blocking(programme: Programme, reasons: dict[str, Reason]) -> list[str]:
    """Criteria that make a route fail, over all routes, in the order of the rules."""
    found = []
    for route in programme.routes:
        for limb in route.when:
            truths = [_holds(reasons[c.criterion].verdict, c.holds) for c in limb]
            if truths and all(truth is False for truth in truths):
                found += [c.criterion for c in limb]
    return list(dict.fromkeys(found))


def _holds(truth: Truth, wanted: bool) -> Truth:
    return truth if wanted or truth is None else not truth


def amount_text(verdict: Verdict, language: Language) -> str:
    """What a verdict pays: `每月 560.00元`, bounds, or that the law's figure is unknown; empty where nothing is paid."""
    zh = language == "zh"
    per_month = (
        ("每月 " if zh else "per month ")
        if verdict.programme.period is None
        else ("每季 " if zh else "per season ")
    )
    if verdict.amount is not None:
        return per_month + yuan(verdict.amount, language)
    if verdict.amount_range is not None:
        lower, upper = verdict.amount_range
        top = ("不封顶" if zh else "no upper bound") if upper is None else yuan(upper, language)
        return f"{per_month}{yuan(lower, language)} {'至' if zh else 'to'} {top}"
    if not verdict.amount_unknown:
        return ""
    unknown = "金额未知" if zh else "amount unknown"
    if not verdict.last_known:
        return unknown
    last = yuan(verdict.last_known, language)
    return unknown + (f"（上一次已知 {last}，仅供参考）" if zh else f" (last known: {last})")


def asked(missing: tuple[MissingFact, ...]) -> list[MissingFact]:
    """What to ask for: one question per place of the case file, however many facts stand there."""
    return list({item.path: item for item in reversed(missing)}.values())[::-1]


class _Writer:
    def __init__(self, determination: Determination, language: Language) -> None:
        self.determination, self.language = determination, language
        self.edition = determination.edition
        self.zh = language == "zh"

    def say(self, chinese: str, english: str) -> str:
        return chinese if self.zh else english

    def title(self, reason: Reason) -> str:
        return reason.title if self.zh else reason.criterion.english or reason.title

    def name(self, programme: Programme) -> str:
        if not self.zh:
            return programme.english or programme.title
        return (
            programme.name if programme.name == programme.title else f"{programme.name}（{programme.title}）"
        )

    def who(self, subject: str | None) -> str:
        return subject if subject is not None else self.say("家庭", "household")

    def supposed(self) -> Iterator[str]:
        """That the determination is hypothetical, and what was supposed."""
        if (scenario := self.determination.scenario) is not None:
            yield self.say(
                f"假设情景：{scenario}。本结果不作认定依据。",
                f"Hypothetical: {scenario}. Not a basis for any decision.",
            )

    def amount(self, verdict: Verdict) -> str:
        return amount_text(verdict, self.language)

    def operands(self, reason: Reason) -> str:
        shown = [
            f"{self.whose(operand, reason)}{self.operand(operand)}"
            for operand in reason.operands
            if not operand.sensitive
        ]
        if reason.sensitive:
            shown.append(
                self.say("符合该情形", "applies") if reason.verdict else self.say("（不公开）", "(not shown)")
            )
        return self.say("；", "; ").join(shown)

    def source(self, reason: Reason) -> str:
        """The citation of a reason; the title of a document may itself give a sensitive fact away."""
        if reason.sensitive:
            return self.say("（不公开）", "(not shown)")
        if self.guards(reason):
            return self.say("适用范围，条文见各情形", "scope; for the articles see the routes")
        return cite(reason.citation, self.edition.ruleset, self.language)

    def guards(self, reason: Reason) -> bool:
        """Whether a reason only says whom the rules are for, which has no article of its own."""
        return reason.citation is None and reason.id in self.edition.ruleset.guards

    @staticmethod
    def whose(operand: Operand, reason: Reason) -> str:
        """Whose value it is, where a criterion looks at several people."""
        return f"{operand.subject} " if operand.subject not in (None, reason.subject) else ""

    def operand(self, operand: Operand) -> str:
        """One value with its name; a definition may carry an English name of its own."""
        return f"{self.label(operand)} {show(operand.value, operand.type, self.language)}"

    def label(self, operand: Operand) -> str:
        if self.zh:
            return operand.name
        if operand.origin is Origin.DEFINITION:
            return self.edition.definitions[operand.name].english or operand.name
        if operand.origin is Origin.PARAMETER and operand.name in self.edition.ruleset.parameters:
            return self.edition.ruleset.parameters[operand.name].english or operand.name
        return operand.name


class _Officer(_Writer):
    """Everything: criteria, values, sources, workings, missing facts, assumptions."""

    def lines(self) -> Iterator[str]:
        yield from self.heading()
        for verdict in self.determination.verdicts:
            yield ""
            yield from self.verdict(verdict)
        yield from self.totals()
        yield from self.workings()
        yield from self.assumptions()
        if self.determination.warnings:
            yield ""
            yield self.say("注意", "Warnings")
            yield from (f"  {warning}" for warning in self.determination.warnings)

    def heading(self) -> Iterator[str]:
        edition = self.edition
        known = (
            self.say("按现有全部文件", "everything on file")
            if edition.known_on is None
            else self.say(f"按 {edition.known_on} 已公布的规定", f"as known on {edition.known_on}")
        )
        overlays = "".join(f" + {overlay}" for overlay in edition.ruleset.overlays)
        version = edition.edition_digest[:12]
        yield self.say(
            f"待遇月份 {edition.month}（{known}）　规则集 {edition.ruleset.id}{overlays}　版本 {version}",
            f"Benefit month {edition.month} ({known})   ruleset {edition.ruleset.id}{overlays}   edition {version}",
        )
        yield self.say("系统试算，须经办人确认。", "Computed proposal; an officer decides.")
        yield from self.supposed()

    def verdict(self, verdict: Verdict) -> Iterator[str]:
        head = f"【{self.name(verdict.programme)}】" if self.zh else f"[{self.name(verdict.programme)}] "
        outcome = OUTCOMES[self.language][verdict.outcome]
        parts = [f"{head}{self.who(verdict.subject)}{self.say('：', ': ')}{outcome}", self.amount(verdict)]
        yield self.say("　", "  ").join(part for part in parts if part)
        if verdict.exact is not None:
            yield f"  {self.say('取整前', 'before rounding')} {verdict.exact} {self.say('元', 'yuan')}"
        taken = next((r for r in verdict.routes if r.name == verdict.route), None)
        if taken is not None and verdict.outcome is not Outcome.INELIGIBLE:
            source = cite(taken.citation, self.edition.ruleset, self.language)
            title = f"（{taken.title}）" if taken.title and self.zh else ""
            yield f"  {self.say('情形', 'Route')} {taken.name}{title}　{self.say('依据', 'source')} {source}"
        if verdict.payable_rule is not None and verdict.outcome is not Outcome.INELIGIBLE:
            month = f"{self.say('，即 ', ', i.e. ')}{verdict.payable_from}" if verdict.payable_from else ""
            yield f"  {self.say('发放', 'Paid')} {PAYABLE[self.language][verdict.payable_rule]}{month}"
        for reason in verdict.reasons:
            yield from self.reason(reason)
        yield from self.missing(verdict.missing)
        if verdict.outcome is not Outcome.NOT_IN_FORCE:
            yield from (f"  {self.say('说明', 'Note')} {note}" for note in verdict.programme.notes)
        if verdict.assumptions:
            yield f"  {self.say('依假设', 'Assumptions')} {'、'.join(a.id for a in verdict.assumptions)}"

    def reason(self, reason: Reason) -> Iterator[str]:
        exclusion = self.say("（排除）", " (excludes)") if reason.excludes else ""
        because = (
            f"{self.say('：', ': ')}{reason.criterion.because}"
            if reason.verdict and reason.criterion.because
            else ""
        )
        yield f"  {MARKS[reason.verdict]} {reason.id} {self.title(reason)}{exclusion}{because}"
        if values := self.operands(reason):
            yield f"      {values}"
        for operand in reason.operands:
            if operand.origin is Origin.PARAMETER and (line := self.figure(operand.name)):
                yield f"      {line}"
        yield f"      {self.say('依据', 'Source')} {self.source(reason)}"

    def figure(self, name: str) -> str | None:
        """Where a figure of the law comes from."""
        parameter = self.edition.parameters[name]
        if parameter.start is None:
            return None
        provenance = PROVENANCES[self.language][parameter.provenance]
        via = f" = {parameter.via[0]}" if parameter.via else ""
        source = cite(parameter.cite, self.edition.ruleset, self.language)
        since = self.say(f"{parameter.start} 起", f"since {parameter.start}")
        return f"{name}{via}{self.say('：', ': ')}{since}{self.say('，', ', ')}{source}{self.say('，', ', ')}{provenance}"

    def missing(self, missing: tuple[MissingFact, ...]) -> Iterator[str]:
        if not missing:
            return
        yield f"  {self.say('缺少的信息（可能改变结果）', 'Missing (may change the outcome)')}"
        for item in asked(missing):
            paper = f"{self.say('　凭证：', '  paper: ')}{item.paper}" if item.paper else ""
            yield f"    {item.path}{self.say('：', ': ')}{item.question}{paper}"

    def totals(self) -> Iterator[str]:
        """What is due in all, where more than one programme pays."""
        total = totals(self.determination.verdicts, self.determination.case)
        if len(total.shares) + len(total.seasonal) < 2:
            return
        names = {v.programme.id: v.programme.name for v in self.determination.verdicts}
        yield ""
        yield self.say("合计", "In all")
        for share in total.shares:
            yield f"  {names[share.programme]} {self.who(share.subject)} {yuan(share.amount, self.language)}"
        for option in total.options:
            without = "、".join(f"{names[p]} {self.who(s)}" for p, s in option.forgoes)
            chosen = self.say(f"（不领 {without}）", f" (without {without})") if without else ""
            yield f"  {self.say('每月合计', 'per month')}{chosen} {yuan(option.per_month, self.language)}"
        if len(total.options) > 1:
            yield f"  {self.say('以上几种只能选一种，由家庭选择', 'The family chooses one of these')}"
        for share in total.seasonal:
            amount = yuan(share.amount, self.language)
            yield f"  {self.say('另按季', 'per season')} {names[share.programme]} {self.who(share.subject)} {amount}"

    def workings(self) -> Iterator[str]:
        """Defined quantities: one line each, members side by side."""
        grouped: dict[str, list[str]] = {}
        expressions: dict[str, str] = {}
        for working in self.determination.workings():
            whose = f"{working.subject} " if working.subject else ""
            grouped.setdefault(working.name, []).append(
                whose + show(working.value, working.type, self.language)
            )
            expressions[working.name] = working.expression
        if not grouped:
            return
        yield ""
        yield self.say("计算过程", "Workings")
        for name, values in grouped.items():
            yield f"  {name} = {expressions[name]}"
            yield f"      {self.say('得 ', '= ')}{self.say('；', '; ').join(values)}"

    def assumptions(self) -> Iterator[str]:
        stood_on = self.determination.assumptions
        if not stood_on:
            return
        yield ""
        yield self.say(
            "所依假设（法规没有写明，按下列理解；可用叠加规则更改）", "Assumptions (not settled by the law)"
        )
        for assumption in stood_on.values():
            chosen = f"{self.say('：取 ', ': ')}{assumption.text}" if assumption.text else ""
            yield f"  {assumption.id} {assumption.question}{chosen}"
            yield f"      {self.say('理由 ', 'Basis ')}{assumption.basis}"


class _Resident(_Writer):
    """What the family needs: outcome, what decided, what to bring."""

    def lines(self) -> Iterator[str]:
        month = self.edition.month
        yield self.say(
            f"{month.year}年{month.month}月的试算结果，以审核确认的决定为准。",
            f"Computed for {month}; the decision of the office counts.",
        )
        yield from self.supposed()
        for verdict in self.determination.verdicts:
            yield ""
            yield from self.verdict(verdict)

    def verdict(self, verdict: Verdict) -> Iterator[str]:
        outcome = OUTCOMES[self.language][verdict.outcome]
        amount = self.amount(verdict)
        subject = "" if verdict.subject is None else f"（{verdict.subject}）"
        comma = self.say("，", ", ")
        yield (
            f"{self.name(verdict.programme)}{subject}{self.say('：', ': ')}{outcome}"
            + (f"{comma}{amount}" if amount else "")
        )
        if verdict.outcome is Outcome.ELIGIBLE and verdict.payable_rule:
            yield f"  {PAYABLE[self.language][verdict.payable_rule]}{self.say('发放。', '.')}"
        for reason in leading_reasons(verdict) if verdict.outcome is not Outcome.UNDETERMINED else ():
            yield f"  {self.plain(reason)}"
        facts = tuple(item for item in verdict.missing if item.origin is Origin.FACT)
        if len(facts) < len(verdict.missing):
            yield f"  {self.say('有的规定还没有查明，由经办机构核定。', 'Part of the law is not settled; the office decides.')}"
        if facts:
            yield f"  {self.say('请补充：', 'Please bring:')}"
            for number, item in enumerate(asked(facts), 1):
                whose = f"{item.subject}{self.say('：', ': ')}" if item.subject else ""
                paper = f"（{item.paper}）" if item.paper else ""
                yield f"    {number}. {whose}{item.question}{paper}"

    def plain(self, reason: Reason) -> str:
        """One reason in a sentence: the criterion, whether it holds, and the figures beside it."""
        values = self.operands(reason) if self.tells(reason) else ""
        shown = f"（{values}）" if values else ""
        if reason.criterion.because and reason.verdict is reason.excludes:
            return f"{reason.criterion.because}{self.say('。', '.')}"
        state = self.say("满足" if reason.verdict else "不满足", "Met" if reason.verdict else "Not met")
        source = self.source(reason)
        law = "" if reason.verdict or self.guards(reason) else self.say(f"依据{source}。", f" {source}.")
        title = self.say(f"“{self.title(reason)}”", f": {self.title(reason)}")
        return f"{state}{title}{shown}{self.say('。', '.')}{law}"

    @staticmethod
    def tells(reason: Reason) -> bool:
        """Whether figures help: a comparison of two quantities, not a bare yes or no."""
        return any(o.type.numeric for o in reason.operands) or reason.sensitive
