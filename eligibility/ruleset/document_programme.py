"""The generated page of a programme: who gets it, by which criteria, how much, since when, on what ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..language import Node
from ..language.words import Clause, in_words
from ..values import Level
from .document_book import Book, alternatives, entries, settled
from .document_reference import matrices, short_timeline
from .markdown import bullets, code, escape, link, page
from .model import Assumption, Condition, CriterionText, ProgrammeText, RouteBody
from .timeline import UNKNOWN
from .words import CHOICES, KINDS, LEVELS, PERIODS, months_text, timing_text


def programme_page(book: Book, programme: ProgrammeText, head: str) -> str:
    """One page; `head` is the mark that it is generated."""
    writer = _Page(book, programme)
    return page(head, *(block for section in writer.sections() for block in section))


class _Page:
    def __init__(self, book: Book, programme: ProgrammeText) -> None:
        self.book, self.programme = book, programme

    def sections(self) -> Iterator[Iterable[str]]:
        yield self.heading()
        yield self.routes()
        yield self.exclusions()
        yield self.criteria()
        yield self.figures()
        yield self.payment()
        yield self.assumptions()
        yield self.unknowns()
        yield self.notes()

    def heading(self) -> Iterable[str]:
        own = self.programme
        name = "" if own.name == own.title else f"（{own.name}）"
        through = f"核对到 {own.checked_through}" if own.checked_through else "没有写核对到哪个月"
        whose = "每户一个结论" if own.level is Level.HOUSEHOLD else "每人一个结论"
        items = [
            Clause(f"编号：{code(own.id)}" + (f"　{escape(own.english)}" if own.english else "")),
            Clause(f"性质：{KINDS[own.kind]}"),
            Clause(f"对象：{LEVELS[own.level]}（{whose}）"),
        ]
        if own.who is not None:
            parts = tuple(self.book.expression(own.who, "算式"))
            items.append(Clause("只对符合以下条件的作出结论，其他的没有结论，不是“不符合”", parts))
        items.append(Clause(f"施行：{months_text(own.start, own.until)}，{through}"))
        if own.uses:
            items.append(Clause(f"读取其他项目的结论：{'、'.join(map(self.use, own.uses))}"))
        if own.assumes:
            items.append(Clause(f"假设：{self.book.assumptions(own.assumes)}"))
        return f"# {escape(own.title)}{escape(name)}", bullets(items)

    def use(self, name: str) -> str:
        base, _, attribute = name.partition(".")
        other = self.book.by_name.get(base)
        return f"{self.book.programme(other) if other else escape(base)}的{escape(attribute)}"

    # —— Routes ——

    def routes(self) -> Iterator[str]:
        yield "## 怎样算符合"
        several = len(self.programme.routes) > 1
        excluded = "，并且没有“不符合的情形”" if self.programme.exclusions else ""
        if several:
            choice = CHOICES[self.programme.choose]
            yield f"符合下列 {len(self.programme.routes)} 个情形之一{excluded}的，符合本项目；{choice}。"
        else:
            yield f"符合下列情形{excluded}的，符合本项目。"
        for route in self.programme.routes:
            yield f"### 情形：{escape(route.name)}"
            yield bullets(self.book.versions(route.dated, self.route))

    def route(self, body: RouteBody) -> list[Clause]:
        limbs = tuple(self.limb(limb) for limb in body.when)
        conditions = [Clause("全部符合：", limbs)] if len(limbs) > 1 else list(limbs)
        if body.amount is not None:
            return [*conditions, *self.book.expression(body.amount, "金额")]
        return [
            *conditions,
            Clause("金额：没有查到（未知）" if body.amount_unknown else "金额：没有，只认定身份"),
        ]

    def limb(self, limb: tuple[Condition, ...]) -> Clause:
        if len(limb) == 1:
            return Clause(self.condition(limb[0]))
        return Clause("任一符合：", tuple(Clause(self.condition(condition)) for condition in limb))

    def condition(self, condition: Condition) -> str:
        criterion = self.programme.criteria[condition.criterion]
        mention = f"{link(criterion.id, '', criterion.id)} {escape(criterion.title)}"
        return mention if condition.holds else f"**不符合**：{mention}"

    # —— Criteria ——

    def exclusions(self) -> Iterator[str]:
        if not self.programme.exclusions:
            return
        yield "## 不符合的情形"
        yield "有下列任一情形的，不符合本项目。"
        criteria = [self.programme.criteria[identifier] for identifier in self.programme.exclusions]
        yield bullets(
            Clause(
                f"{link(c.id, '', c.id)} {escape(c.title)}" + (f"：{escape(c.because)}" if c.because else "")
            )
            for c in criteria
        )

    def criteria(self) -> Iterator[str]:
        yield "## 条件"
        for criterion in self.programme.criteria.values():
            yield f"### {criterion.id}"
            yield f"**{escape(criterion.title)}**" + self.excluding(criterion)
            yield bullets(self.criterion(criterion))

    def criterion(self, criterion: CriterionText) -> list[Clause]:
        def told(test: Node) -> list[Clause]:
            return self.book.expression(test, "算式", criterion.title)

        return self.book.versions(criterion.dated, told)

    def excluding(self, criterion: CriterionText) -> str:
        if criterion.id not in self.programme.exclusions:
            return ""
        return f"（符合这一条的，不符合本项目：{escape(criterion.because or criterion.title)}）"

    # —— Figures and payment ——

    def figures(self) -> Iterator[str]:
        own = self.book.own_figures(self.programme)
        others = [name for name in self.book.figures(self.programme) if name not in own]
        if not own and not others:
            return
        yield "## 标准"
        rules = self.book.rules
        for name in own:
            parameter = rules.parameters[name]
            yield f"**{self.book.figure(name)}**（{escape(parameter.unit)}）"
            if parameter.keys:
                yield from matrices(self.book, parameter)
            else:
                yield short_timeline(self.book, parameter)
        if others:
            yield "经由定义或者其他标准用到的：" if own else "经由定义用到的："
            yield bullets(Clause(self.latest(name)) for name in others)

    def latest(self, name: str) -> str:
        months, entry = entries(self.book.rules, name)[-1]
        if entry.cells is not None:
            return f"{self.book.figure(name)}：{months}，{len(entry.cells)} 格"
        unit = "" if entry.value.startswith(UNKNOWN) else f" {self.book.rules.parameters[name].unit}"
        return f"{self.book.figure(name)}：{months}，{escape(entry.value + unit)}"

    def payment(self) -> Iterator[str]:
        own, items = self.programme, []
        for label, timing in (("起止", own.payable), ("补发", own.arrears), ("周期", own.period)):
            if timing is not None:
                grounds = f"（{self.book.assumptions(timing.assumes)}）" if timing.assumes else ""
                items.append(Clause(f"{label}：{timing_text(timing) or PERIODS['season']}{grounds}"))
        if own.yields is not None:
            received = escape(in_words(own.yields))
            exclusion = link(own.exclusions[-1], "", own.exclusions[-1])
            items.append(Clause(f"就高：另有{received}的，只发高出的差额；已领取的不低于本项目应付额的，不再发放（{exclusion}）"))  # fmt: skip
        if own.alternative_to:
            others = "、".join(map(self.alternative, own.alternative_to))
            items.append(Clause(f"择一：与{others}只能选一种，由家庭选择；两种都列出，合计按选法分开"))
        if items:
            yield "## 发放"
            yield bullets(items)

    def alternative(self, target: str) -> str:
        name, _, route = target.partition(".")
        other = self.book.by_name.get(name)
        shown = self.book.programme(other) if other is not None else escape(name)
        return f"{shown}的“{escape(route)}”" if route else shown

    # —— What is open ——

    def assumptions(self) -> Iterator[str]:
        own = self.book.own_assumptions[self.programme.id]
        others = [a.id for a in self.book.stands_on[self.programme.id] if a not in own]
        if not own and not others:
            return
        yield "## 假设"
        if own:
            yield "法规没有写明，按下列理解认定；包括所用的定义和标准依据的假设。"
            yield bullets(map(self.assumption, own))
        if others:
            yield f"经由其他项目的结论，还依据：{self.book.assumptions(others)}。"

    def assumption(self, assumption: Assumption) -> Clause:
        taken = f"：取 **{escape(settled(assumption))}**" if settled(assumption) else ""
        parts = [Clause(f"理由：{self.book.text(assumption.basis)}")]
        if assumption.alternatives:
            parts.insert(0, Clause(f"其他读法：{escape(alternatives(assumption))}"))
        question = self.book.text(assumption.question)
        return Clause(f"{self.book.assumption(assumption.id)} {question}{taken}", tuple(parts))

    def unknowns(self) -> Iterator[str]:
        yield "## 没有查到的"
        unknowns = self.book.unknowns(self.programme)
        if not unknowns:
            yield "没有。"
            return
        yield "结果取决于它们的，一律信息不足；金额取决于它们的，金额未知。"
        yield bullets(
            Clause(f"{item.reading} {item.name}" if item.reading else f"{item.name}：{item.months}")
            for item in unknowns
        )

    def notes(self) -> Iterator[str]:
        if self.programme.notes:
            yield "## 说明"
            yield bullets(Clause(self.book.text(note)) for note in self.programme.notes)
