"""Words for people: values and outcomes in Chinese and English. The engine's own values never change here.

What the keywords of a ruleset mean is in `ruleset.words`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

from ..language import Type
from ..language.nodes import decimal_text
from ..quantities import MAX_FEN, Money, round_half_up
from ..ruleset.model import Citation, Ruleset
from ..values import AnyText, Kind, Number, Range, Truth, Value, key_date
from .model import Outcome

Language = Literal["zh", "en"]

OUTCOMES: Final = {
    "zh": {
        Outcome.ELIGIBLE: "符合",
        Outcome.INELIGIBLE: "不符合",
        Outcome.UNDETERMINED: "信息不足",
        Outcome.NOT_IN_FORCE: "当月无此项规定",
    },
    "en": {
        Outcome.ELIGIBLE: "eligible",
        Outcome.INELIGIBLE: "not eligible",
        Outcome.UNDETERMINED: "undetermined",
        Outcome.NOT_IN_FORCE: "not in force that month",
    },
}
MARKS: Final = {True: "✓", False: "✗", None: "?"}
_TRUTHS: Final = {
    "zh": {True: "是", False: "否", None: "未知"},
    "en": {True: "yes", False: "no", None: "unknown"},
}


def show_truth(truth: Truth, language: Language) -> str:
    """是, 否 or 未知."""
    return _TRUTHS[language][truth]


def show(value: Value, kind: Type, language: Language) -> str:
    """A value for people: `1,480.00元`, `3`, `是`, `0.00元 至 不封顶`."""
    if isinstance(value, bool) or value is None:
        return show_truth(value, language)
    if isinstance(value, str):
        return value or "—"
    if isinstance(value, AnyText):
        return _TRUTHS[language][None]
    if isinstance(value, frozenset):
        return "/".join(sorted(value - {""}))
    if isinstance(value, Range):
        whole = kind.counts_money and value.hi >= MAX_FEN
        if kind.kind is Kind.DATE or (whole and value.lo <= 0):
            return _TRUTHS[language][None]
        upper = (
            {"zh": "不封顶", "en": "no upper bound"}[language] if whole else _number(value.hi, kind, language)
        )
        return f"{_number(value.lo, kind, language)}{' 至 ' if language == 'zh' else ' to '}{upper}"
    return _number(value, kind, language)


def _number(value: Number, kind: Type, language: Language) -> str:
    if kind.kind is Kind.DATE:
        return key_date(int(value)).isoformat()
    if not kind.counts_money:
        return decimal_text(value)
    unit = "元" if language == "zh" else " yuan"
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{Money.from_fen(round_half_up(value)):,}{unit}（{decimal_text(value / 100)}）"
    return f"{Money.from_fen(int(value)):,}{unit}"


def yuan(money: Money, language: Language) -> str:
    """An amount for people: `560.00元`."""
    return f"{money:,}{'元' if language == 'zh' else ' yuan'}"


def cite(citation: Citation | None, rules: Ruleset, language: Language) -> str:
    """A citation for people: the document's title with its number, and the article."""
    if citation is None:
        return "规则集没有写明" if language == "zh" else "not given by the ruleset"
    source = rules.sources[citation.source]
    title = f"《{source.title}》" + (f"（{source.number}）" if source.number else "")
    return title + (citation.article or "")
