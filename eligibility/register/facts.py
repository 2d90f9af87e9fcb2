"""Facts of whole batches: what the rules read, one column per fact, without a step per row.

A fact that is a column is that column; one made of words keeps the column's indices over decoded values (`decoding`);
the few that follow from several cells, from the month or from other members are derived (`derived`). For every row and
month they equal the facts of the case that the row stands for; rows are as a register stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..case import FACTS, Fact, income_fact, receipt_amount_fact, receipt_fact
from ..case.fields import choices
from ..case.items import CircumstanceKind
from ..case.people import CATEGORIES
from ..errors import InputError, Problem, nearest
from ..quantities import Month
from ..ruleset import Ruleset
from ..values import Kind, Level
from .columns import AMOUNT, INCOME, OWN_DETAILS, PARENT_DETAILS, PARENTS, SINCE, Detail, column_of
from .decoding import Decoder
from .flat import Tables, tables
from .impairments import BatchReading
from .normal import check_normalised
from .spells import Answer, Dated

Read = Callable[[BatchReading], Answer]

PRESENT: Final = "在册"
"""The person column that says who is a member of the household in the month."""

_VEHICLES: Final = ("机动车数", "治病用车数", "大型农机具数")
_SITUATIONS: Final = ("单亲", "重大变故")
_STATUSES: Final = ("特困人员", "困补人员")
_IMPAIRMENTS: Final = frozenset({"残疾类别数", *(f"{category}等级" for category in CATEGORIES)})
_OWN_KINDS: Final = {f"本人{kind}": kind for kind in ("宗教教职", "服刑", "强制隔离戒毒", "宣告失踪")}
_OWN: Final = {
    "宗教教职离家起始": OWN_DETAILS[0],
    "本人服刑起始": OWN_DETAILS[1],
    "本人刑期月数": OWN_DETAILS[2],
}


class FactReader:
    """Reads the facts with these names from batches of a register of a ruleset's households.

    Names are those of `FACTS`, `收入.‹种类›`, `在享.‹项目›` and `在享月额.‹项目›`. Raises `InputError` for any other.
    """

    def __init__(self, names: Iterable[str], rules: Ruleset) -> None:
        self._decoder = Decoder()
        self._household: dict[str, Read] = {}
        self._persons: dict[str, Read] = {}
        for name in dict.fromkeys(names):
            fact = _fact(name, rules)
            if fact.level is Level.HOUSEHOLD:
                self._household[name] = _reader(fact, rules)
            elif fact.level is Level.PERSON:
                self._persons[name] = _reader(fact, rules)
            else:
                for number in PARENTS:
                    self._persons[f"父母{number}.{name}"] = _parent_reader(fact, f"父母{number}.")

    def over(self, batch: pa.RecordBatch) -> BatchFacts:
        """The facts of a batch in any month.

        Raises `InputError` for a word that no case could hold, and for rows that are not as a register stores them.
        """
        split = tables(batch)
        check_normalised(split)
        reading = BatchReading(split, self._decoder)
        household = {name: read(reading) for name, read in self._household.items()}
        persons = {
            PRESENT: reading.present(),
            **{name: read(reading) for name, read in self._persons.items()},
        }
        return BatchFacts(household, reading.tables.offsets, persons)

    def read(self, batch: pa.RecordBatch, month: Month) -> pa.RecordBatch:
        """The facts of a batch in one month, as `BatchFacts.read` gives them. Raises `InputError` as `over` does."""
        return self.over(batch).read(month)


class BatchFacts:
    """The facts of one batch, month by month. Columns that two months share are the very same arrays."""

    def __init__(
        self, household: dict[str, Answer], offsets: NDArray[np.int32], persons: dict[str, Answer]
    ) -> None:
        self._household = household
        self._offsets = offsets
        self._persons = persons

    def read(self, month: Month) -> pa.RecordBatch:
        """The facts on the first day of a month: a row per household, `成员` a list of structs with a field per fact.

        A parent's facts are `父母1.‹fact›` and `父母2.‹fact›` of the child, and `在册` says who is a member. Money is in
        分, exact numbers in parts of the fact's denominator, a range a struct of `lo` and `hi`; null, or no column, is
        unknown.
        """
        household = dict(_on(month, self._household))
        return Tables(household, self._offsets, dict(_on(month, self._persons))).batch()


def _on(month: Month, facts: dict[str, Answer]) -> Iterator[tuple[str, pa.Array]]:
    for name, answer in facts.items():
        values = answer.on(month) if isinstance(answer, Dated) else answer
        if values is not None:
            yield name, values


def _fact(name: str, rules: Ruleset) -> Fact:
    if name in FACTS:
        return FACTS[name]
    base, _, rest = name.partition(".")
    if base == INCOME and rest in rules.income_kinds:
        return income_fact(rest, signed=rules.income_kinds[rest].signed)
    programme = next((text for text in rules.programmes.values() if text.name == rest), None)
    if programme is None or base not in _RECEIPT_FACTS:
        raise InputError(Problem("unknown-name", f"没有叫“{name}”的事实", hint=nearest(name, FACTS)))
    return _RECEIPT_FACTS[base](programme.id, programme.name, programme.level)


_RECEIPT_FACTS: Final = {"在享": receipt_fact, AMOUNT: receipt_amount_fact}


def _reader(fact: Fact, rules: Ruleset) -> Read:
    """How a fact of a household or a person is read."""
    base, _, rest = fact.name.partition(".")
    if base in _RECEIPT_FACTS:
        return _receipt(_fact(f"在享.{rest}", rules), rest, amount=base == AMOUNT)
    special = _SPECIAL.get(fact.name)
    if special is not None:
        return special
    if fact.name in _VEHICLES:
        return lambda reading: reading.words(fact, Level.HOUSEHOLD, "车辆")
    if fact.name in _SITUATIONS:
        return lambda reading: reading.words(fact, Level.HOUSEHOLD, "家庭情形")
    if fact.name in _STATUSES:
        return lambda reading: reading.words(fact, Level.PERSON, "身份")
    if fact.name in _OWN_KINDS:
        return _listed(fact, "不计入情形", _OWN_KINDS[fact.name], OWN_DETAILS)
    if fact.name in _IMPAIRMENTS:
        return lambda reading: reading.impairment(fact)
    if fact.name == "持有残疾人证":
        return lambda reading: reading.holds_certificate(fact)
    return _stored(fact)


def _stored(fact: Fact) -> Read:
    """A fact that is the column of the same name; monthly amounts are facts in twelfths."""
    assert column_of(fact.name, fact.level) is not None, fact.name
    scale = fact.denominator if fact.counts_money and fact.kind is Kind.EXACT else 1
    return lambda reading: reading.stored(fact.level, fact.name, scale)


def _listed(fact: Fact, title: str, kind: str, details: tuple[Detail, ...], prefix: str = "") -> Read:
    return lambda reading: reading.listed(fact, prefix + title, kind, details, prefix)


def _detail(detail: Detail, details: tuple[Detail, ...], prefix: str) -> Read:
    return lambda reading: reading.detail(detail, details, prefix)


def _receipt(flag: Fact, programme: str, *, amount: bool) -> Read:
    """Whether a programme is in payment, or how much of it."""
    since, title = f"{SINCE}.{programme}", f"{AMOUNT}.{programme}"
    if amount:
        return lambda reading: reading.amount_in_payment(flag, title, since)
    return lambda reading: reading.in_payment(flag, since)


_SPECIAL: Final[dict[str, Read]] = {
    "区县": BatchReading.district,
    "住房面积": BatchReading.dwelling_area,
    "与户主关系": BatchReading.relation_to_head,
    "与申请人关系": BatchReading.relation_to_applicant,
    "本市户籍": lambda reading: reading.since("本市户籍", "户籍迁入日期"),
    "共同生活": lambda reading: reading.since("共同生活", "共同生活起始", "共同生活截止"),
    "转移性支出": BatchReading.transfers_paid,
    "城乡基础养老金中央部分": BatchReading.central_pension,
    "有抚养人": BatchReading.has_carer,
    **{name: _detail(detail, OWN_DETAILS, "") for name, detail in _OWN.items()},
}


def _parent_reader(fact: Fact, prefix: str) -> Read:
    """How a fact of one of the two parents is read."""
    if fact.name == "父母状况":
        return lambda reading: reading.stored(Level.PERSON, f"{prefix}状况")
    if fact.name in choices(CircumstanceKind):
        return _listed(fact, "情形", fact.name, PARENT_DETAILS, prefix)
    detail = next((detail for detail in PARENT_DETAILS if detail.title == fact.name), None)
    if detail is not None:
        return _detail(detail, PARENT_DETAILS, prefix)
    member_fact = FACTS[fact.name.removeprefix("父母")]
    return lambda reading: reading.parent_impairment(member_fact, prefix)
