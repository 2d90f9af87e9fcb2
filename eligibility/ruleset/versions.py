"""What every part of a ruleset file needs: sources and assumptions by name, version lists, expressions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from ..errors import Problem, RulesetError, nearest
from ..language import Node as Expression
from ..language import parse_expression
from ..language.parse import changed_names
from ..quantities import Month
from ..reading import Node
from ..values import Level
from . import names as naming
from .fields import Fields, day, fail, raw_text, read_name
from .model import Assumption, Citation, Dated, Source, Version

T = TypeVar("T")
VERSION_KEYS = ("from", "until", "issued", "published", "corrects", "assumes", "cite")


_NONE: tuple[str, ...] = ()


class Common:
    """What every part of a ruleset file needs: sources, assumptions, versions, expressions."""

    def __init__(self, sources: Mapping[str, Source], assumptions: Mapping[str, Assumption]) -> None:
        self.sources, self.assumptions = sources, assumptions
        self.months = {a.name: a for a in assumptions.values() if a.name and a.month}
        self.named = {a.name: a for a in assumptions.values() if a.name}
        self.notices: list[str] = []

    def assumes(self, fields: Fields) -> tuple[str, ...]:
        for name in (listed := fields.texts("assumes")):
            if name not in self.assumptions:
                hint = nearest(name, self.assumptions)
                raise fail(fields.need("assumes"), "unknown-assumption", f"没有假设“{name}”", hint)
        return listed

    def citation(self, node: Node | None, what: str) -> Citation | None:
        if node is None:
            return None
        fields = Fields(node, f"{what}的依据", ("source", "article", "quote"))
        return self.cited(fields)

    def cited(self, fields: Fields) -> Citation | None:
        source = fields.text_or_none("source")
        if source is None:
            return None
        if source not in self.sources:
            raise fail(
                fields.need("source"), "unknown-source", f"没有文件“{source}”", nearest(source, self.sources)
            )
        quote = fields.get("quote")
        return Citation(source, fields.text_or_none("article"), raw_text(quote, "引文") if quote else None)

    def month(self, node: Node, what: str) -> tuple[Month, tuple[str, ...]]:
        """A month, or the assumption that settles it (then its id too)."""
        text = read_name(node, what)
        if (assumption := self.months.get(text)) is not None and assumption.month is not None:
            return assumption.month, (assumption.id,)
        try:
            return Month(text), ()
        except ValueError:
            hint = nearest(text, self.months)
            raise fail(
                node, "ruleset-month", f'{what}应是月份（如 "2025-07"）或一个月份假设的名称', hint
            ) from None

    def version(
        self, fields: Fields, content: T, *, start: Month | None, cite: Citation | None
    ) -> Version[T]:
        """One version from its fields; `start` stands in for an absent `from`."""
        begin, begin_assumes = start, _NONE
        if "from" in fields or begin is None:
            begin, begin_assumes = self.month(fields.need("from"), f"{fields.what}的 from")
        until, until_assumes = None, _NONE
        if (node := fields.get("until")) is not None and node.value is not None:
            until, until_assumes = self.month(node, f"{fields.what}的 until")
            if until <= begin:
                raise fail(node, "ruleset-period", f"{fields.what}：until 不晚于 from")
        published, assumed = self._published(fields, begin)
        issued = fields.get("issued")
        assumes = dict.fromkeys((*self.assumes(fields), *begin_assumes, *until_assumes))
        return Version(
            start=begin,
            until=until,
            published=published,
            publication_assumed=assumed,
            issued=day(issued, "issued") if issued and issued.value is not None else None,
            corrects=fields.text_or_none("corrects"),
            cite=cite,
            assumes=tuple(assumes),
            location=fields.node.location,
            content=content,
        )

    @staticmethod
    def _published(fields: Fields, start: Month) -> tuple[date, bool]:
        node = fields.get("published")
        if node is None or node.value is None:
            return start.first_day, True
        if isinstance(node.value, dict):
            return day(Fields(node, "published", ("assumed",)).need("assumed"), "published.assumed"), True
        return day(node, "published"), False

    def dated(self, versions: list[Version[T]], node: Node, what: str) -> Dated[T]:
        """A version list, refusing two versions between which nothing decides."""
        seen: dict[tuple[Month, date], Version[T]] = {}
        for version in versions:
            key = (version.start, version.published)
            if key in seen:
                raise RulesetError(
                    Problem(
                        "version-ambiguous",
                        f"{what}有两个版本都从 {version.start} 起、同日公布，分不出先后",
                        version.location,
                        "更正要写 corrects 和更晚的 published",
                    )
                )
            seen[key] = version
        for version in versions:
            earlier = [v for v in versions if v.start == version.start and v.published < version.published]
            if earlier and version.corrects is None:
                message = f"{what}有更早公布的版本也从 {version.start} 起；更正要写明 corrects（更正了什么）"
                raise RulesetError(Problem("version-correction", message, version.location))
        if not versions:
            raise fail(node, "ruleset-versions", f"{what}没有任何版本")
        return Dated(tuple(versions))

    def expression(self, node: Node, scope: naming.Names, level: Level, what: str) -> Expression:
        """A checked expression; `what` names the place for the reader."""
        text = raw_text(node, what)
        for written, read in changed_names(text):
            self.notices.append(f"{node.location}: “{written}”按“{read}”理解")
        return parse_expression(text, scope, location=node.location, level=level)


def refuse_flow(node: Node, what: str) -> None:
    """Refuses one-line form around an expression: there, a comma would silently cut it."""
    if node.flow:
        raise fail(node, "ruleset-flow", f"{what}含有算式，不能写成一行的 {{…}}", "请改写成多行，每项一行")
