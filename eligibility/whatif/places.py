"""Where a fact of the law stands in a case: from its name and value to the field that a what-if writes.

`Fact.field` says at which field or list a fact is read; a fact about one kind of item (`本人服刑`, `肢体等级`) names that
kind in its own name. Facts that several fields make together (住房套数 …) cannot be written and say where to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, get_args

from ..case import FACTS, Fact, income_fact, receipt_amount_fact, receipt_fact
from ..case.fields import Model, Shape, normal
from ..determination.columns import item_key, read_column
from ..errors import nearest
from ..language.nodes import decimal_text
from ..quantities import Money
from ..ruleset.model import Ruleset
from ..values import Kind, Level, Number, Value, date_key, key_date

UNKNOWN: Final = ("未知", "unknown")
NONE: Final = ("无", "[]")
_TRUTHS: Final = {"是": True, "有": True, "true": True, "否": False, "无": False, "false": False}
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,2})?\Z", re.ASCII)
_LISTED = re.compile(r"(?P<list>.+)\[(?P<kind>[^\[\]]+)\]\Z")
_HOLDERS: Final = {
    Level.HOUSEHOLD: "家庭.",
    Level.PERSON: '成员["{member}"].',
    Level.PARENT: '成员["{member}"].父母[{slot}].',
}

Content = str | list[dict[str, str]]
"""What is written at a place: text as a test sheet would hold it, or a whole list."""


class Refused(Exception):
    """A fact that cannot be set to a value; `hint` says what can be written instead."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class Written(NamedTuple):
    """A path as test sheets name it, with what stands there."""

    path: str
    content: Content


def fact_of(name: str, level: Level, rules: Ruleset) -> Fact | None:
    """The fact of a name at a level, also those whose names depend on the ruleset (`收入.养老金`, `在享.…`)."""
    fact = FACTS.get(name)
    if fact is not None:
        return fact if fact.level is level else None
    base, _, attribute = name.partition(".")
    if base == "收入" and level is Level.PERSON and attribute in rules.income_kinds:
        return income_fact(attribute, signed=rules.income_kinds[attribute].signed)
    programme = next((p for p in rules.programmes.values() if attribute in (p.name, p.id)), None)
    if base in ("在享", "在享月额") and programme is not None and programme.level is level:
        make = receipt_fact if base == "在享" else receipt_amount_fact
        return make(programme.id, programme.name, programme.level)
    return None


def fact_names(level: Level, rules: Ruleset) -> list[str]:
    """Every name `fact_of` knows at a level."""
    names = [name for name, fact in FACTS.items() if fact.level is level]
    if level is Level.PERSON:
        names += [f"收入.{kind}" for kind in rules.income_kinds]
    for programme in rules.programmes.values():
        if programme.level is level:
            names += [f"在享.{programme.name}", f"在享月额.{programme.name}"]
    return names


def spelled(fact: Fact, member: str | None, slot: int | None) -> str:
    """A fact as an override names it: `成员["母亲"].收入.工资性收入`."""
    holder = _HOLDERS[fact.level].format(member=member, slot=slot)
    return holder + fact.name


def value_of(fact: Fact, text: str) -> Value:
    """The value a text gives a fact (分 for money). Raises `Refused` with what was expected; text must not be 未知."""
    word = normal(text)
    try:
        value = _read(fact, word)
    except ValueError as problem:
        raise Refused("override-value", f"“{fact.name}”{problem}") from None
    if fact.kind is Kind.ENUM and fact.choices is not None and value not in fact.choices:
        expected = f"“{fact.name}”应为 {'、'.join(fact.choices)} 之一"
        raise Refused("override-value", expected, nearest(word[:40], fact.choices))
    numeric = isinstance(value, int | Fraction) and not isinstance(value, bool)
    if numeric and fact.low is not None and fact.high is not None:
        assert isinstance(value, int | Fraction)
        if not fact.low <= value <= fact.high:
            raise Refused("override-value", f"“{fact.name}”的值超出允许的范围")
    return value


def _read(fact: Fact, word: str) -> Value:
    if fact.kind is Kind.TRUTH:
        if word.lower() not in _TRUTHS:
            raise ValueError("应写 是 或 否")
        return _TRUTHS[word.lower()]
    if fact.kind is Kind.ENUM:
        return word
    if fact.kind is Kind.DATE:
        try:
            return date_key(date.fromisoformat(word))
        except ValueError:
            raise ValueError("应为日期，写法如 2025-07-01") from None
    if fact.kind is Kind.MONEY or fact.counts_money:
        try:
            return Money(word[:40]).fen
        except ValueError:
            raise ValueError("应为金额（元），如 1480.00，最多两位小数") from None
    if not _DECIMAL.match(word) or (fact.kind is Kind.INTEGER and "." in word):
        raise ValueError("应为整数" if fact.kind is Kind.INTEGER else "应为数，最多两位小数")
    exact = Fraction(Decimal(word))
    return exact.numerator if exact.denominator == 1 else exact


def text_of(fact: Fact, value: Value) -> str:
    """A known value of a fact as an override writes it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return value
    assert isinstance(value, int | Fraction)
    if fact.kind is Kind.DATE:
        return key_date(int(value)).isoformat()
    return money_text(value) if fact.kind is Kind.MONEY or fact.counts_money else decimal_text(value)


def money_text(fen: Number) -> str:
    """An amount in 分 as yuan; one that is no whole number of 分 stays exact."""
    return str(Money.from_fen(int(fen))) if fen == int(fen) else decimal_text(Fraction(fen) / 100)


def written(fact: Fact, member: str | None, slot: int | None, text: str) -> Written:
    """What to write where, so that the fact has the value of `text`. Raises `Refused` where that is not clear."""
    unknown = normal(text) in UNKNOWN
    place = fact.place(member or "", slot or 1)
    if (listed := _LISTED.match(place)) is not None:
        return _of_kind(fact, listed["list"], listed["kind"], text, unknown)
    shape = _field(place, member)
    if not (shape.many and shape.model is not None):
        owner_unfit = shape.model is not None or not _fits(fact, shape, place, member)
        if owner_unfit:
            raise _elsewhere(fact, place)
        return Written(place, text)
    key = item_key(shape.model)
    if key is None:
        return _whole_list(fact, shape.model, place, text, unknown)
    numeric = fact.kind not in (Kind.TRUTH, Kind.ENUM)
    named = [kind for kind in key.choices if (kind == fact.name if numeric else kind in fact.name)]
    if not named:
        raise _elsewhere(fact, place)
    return _of_kind(fact, place, max(named, key=len), text, unknown)


def _of_kind(fact: Fact, place: str, kind: str, text: str, unknown: bool) -> Written:
    """The item of one kind in a list: its amount or grade, or whether it stands there at all."""
    if fact.kind not in (Kind.TRUTH, Kind.ENUM):
        if fact.name.startswith("在享月额.") and fact.level is not Level.HOUSEHOLD:
            raise _elsewhere(fact, place)
        return Written(f"{place}.{kind}", text)
    if unknown:
        hint = f"把整个列表写成未知：{quoted(place)} = 未知"
        raise Refused("override-value", f"“{fact.name}”不能单独写成未知", hint)
    if fact.kind is Kind.ENUM:
        return Written(f"{place}.{kind}", text)
    if fact.name.startswith("在享.") and fact.level is not Level.HOUSEHOLD:
        raise _elsewhere(fact, place)
    if value_of(fact, text) is False:
        return Written(f"{place}.{kind}", "否")
    model = _field(place, "").model
    key = None if model is None else item_key(model)
    assert key is not None
    return Written(f"{place}[{kind}].{key.title}", kind)


def _whole_list(fact: Fact, model: type[Model], place: str, text: str, unknown: bool) -> Written:
    """A fact that a whole list makes: whether there is anything on it, or the sum of its amounts."""
    amount = next((info.title for name, info in model.model_fields.items() if name == "amount"), None)
    if unknown and (fact.kind is Kind.TRUTH or amount is not None):
        return Written(place, text)
    if fact.kind is Kind.TRUTH:
        return Written(place, [{}] if value_of(fact, text) else "无")
    if amount is None or fact.kind not in (Kind.MONEY, Kind.EXACT):
        raise _elsewhere(fact, place)
    return Written(place, [{amount: text}])


def _elsewhere(fact: Fact, place: str) -> Refused:
    message = f"“{fact.name}”由个案的几项得出，不能直接改"
    return Refused("override-derived", message, f"请改个案里的 {quoted(place)}")


def quoted(path: str) -> str:
    """A path with member ids in quotation marks, as overrides name them."""
    return re.sub(r"\[([^\[\]\"]*[^\d\[\]\"][^\[\]\"]*)\]", r'["\1"]', path)


def _field(place: str, member: str | None) -> Shape:
    """The field at the end of a place."""
    return read_column(place, _members(place, member)).steps[-1].shape


def _members(place: str, member: str | None) -> Iterable[str]:
    found = re.match(r"成员\[([^\[\]]*)\]", place)
    return (found[1] if found else member or "",)


def _fits(fact: Fact, shape: Shape, place: str, member: str | None) -> bool:
    """Whether a plain field holds what the fact is, and not something the fact is derived from."""
    owner = read_column(place, _members(place, member)).steps[-1].owner
    if fact.kind is Kind.TRUTH:
        return _mentions(owner.model_fields[shape.attribute].annotation, bool)
    return not (fact.kind is Kind.ENUM and fact.choices is None and shape.title != fact.name)


def _mentions(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_mentions(part, wanted) for part in get_args(annotation))
