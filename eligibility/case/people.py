"""The people of a case on the first day of a month: each member, and each listed parent of a child.

What follows from what was typed is derived here, once: dates and sex from identity numbers, relations, grades, sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from ..quantities import MAX_FEN
from ..values import EnumValue, Number, Range, Truth, Value, span
from .fields import Category, CertificateCategory, Grade, RelationToApplicant, RelationToHead, choices
from .identity import certificate_category, certificate_grade
from .items import Circumstance, Deduction, DisabilityCertificate, NotCounted, Parent, ParentStatus
from .models import PERSON_LISTS
from .person import NOBODY, Person, Sex
from .standing import (
    MONEY_DOMAIN,
    by_kind,
    date_value,
    monthly,
    once,
    quotient,
    shared,
    standing,
    total,
    twelfths,
)

if TYPE_CHECKING:
    from .context import Context

CATEGORIES: Final = choices(Category)
GRADES: Final = ("无", *choices(Grade))
BASIC_PENSION: Final = "城乡基础养老金"
"""The one income kind a fact knows by name: part of it is fixed by the central government."""
WORK_INJURY_CARE: Final = "工伤生活护理"
MULTIPLE: Final = "多重"
EMPLOYMENT_COST: Final = "必要就业成本"

_ANY_SEX: Final = frozenset(choices(Sex))
_ANY_GRADE: Final = frozenset(GRADES)
_ANY_CERTIFIED: Final = frozenset(choices(CertificateCategory))
_ANY_CERTIFIED_GRADE: Final = frozenset(choices(Grade))
_ANY_STATUS: Final = frozenset(choices(ParentStatus))
_ANY_TO_HEAD: Final = frozenset(choices(RelationToHead))
_ANY_TO_APPLICANT: Final = frozenset(choices(RelationToApplicant))
_UNKNOWN_GRADES: Final[Mapping[str, EnumValue]] = dict.fromkeys(CATEGORIES, _ANY_GRADE)
_NO_IMPAIRMENT: Final[Mapping[str, EnumValue]] = dict.fromkeys(CATEGORIES, "无")


class PersonView:
    """One member's values on the first day of the month."""

    def __init__(self, person: Person, context: Context) -> None:
        self.person = person
        self.context = context
        self._day = context.first_day
        declaration = context.case.declaration
        self._empty = declaration.person_lists(person.id) if declaration else frozenset()

    def _list(self, name: str) -> tuple[Any, ...] | None:
        return standing(getattr(self.person, name), name in self._empty, self._day)

    @once
    def sex(self) -> EnumValue:
        return self.person.known_sex or _ANY_SEX

    @once
    def birth_date(self) -> int | Range:
        return date_value(self.person.known_birth_date)

    @once
    def relation_to_head(self) -> EnumValue:
        """As typed; if somebody else is the head, anything but 户主."""
        if self.person.relation_to_head is not None:
            return self.person.relation_to_head
        return _ANY_TO_HEAD if self.context.head is None else _ANY_TO_HEAD - {"户主"}

    @once
    def relation_to_applicant(self) -> EnumValue:
        """As typed, or 本人 for the applicant, or the relation to the head where the head applies; else not 本人."""
        person, applicant = self.person, self.context.applicant
        if person.relation_to_applicant is not None:
            return person.relation_to_applicant
        if applicant is None:
            return _ANY_TO_APPLICANT
        if applicant == person.id:
            return "本人"
        if applicant == self.context.head and person.relation_to_head is not None:
            return person.relation_to_head
        return _ANY_TO_APPLICANT - {"本人"}

    @once
    def lives_with_household(self) -> Truth:
        """As typed, but not before the day it began; where only that day is known, it decides."""
        person = self.person
        if person.lives_with_until is not None and person.lives_with_until <= self._day:
            return False
        return self._since(person.lives_with_household, person.lives_with_since)

    @once
    def local_hukou(self) -> Truth:
        """As typed, but not before the day it was moved here; where only that day is known, it decides."""
        return self._since(self.person.local_hukou, self.person.hukou_since)

    def _since(self, stands: Truth, since: date | None) -> Truth:
        """A state that has a first day: where it is not denied, that day decides."""
        return stands if since is None or stands is False else since <= self._day

    @once
    def not_counted(self) -> Mapping[str, NotCounted] | None:
        """Reasons not to count, by kind; None if unknown."""
        return by_kind(self._list("not_counted"))

    @once
    def statuses(self) -> Mapping[str, Any] | None:
        return by_kind(self._list("statuses"))

    @once
    def seriously_ill(self) -> Truth:
        items = self._list("serious_illnesses")
        return None if items is None else bool(items)

    @once
    def incomes(self) -> Mapping[str, Number | Range] | None:
        """Monthly income by kind, in 分; None if the list is unknown. A kind with an unknown amount is a range."""
        items = self._list("incomes")
        if not items:
            return None if items is None else {}
        sums: dict[str, int] = {}
        unknown: set[str] = set()
        for item in items:
            amount = twelfths(item.amount, item.period)
            if amount is None:
                unknown.add(item.kind)
            sums[item.kind] = sums.get(item.kind, 0) + (amount or 0)
        values: dict[str, Number | Range] = {kind: quotient(amount, 12) for kind, amount in sums.items()}
        for kind in unknown:
            values[kind] = span(max(0, quotient(sums[kind], 12)), MAX_FEN)
        return values

    @once
    def central_pension(self) -> Value:
        """The central share of basic pensions a month; where it is not given, at most the pension itself."""
        items = self._list("incomes")
        if items is None:
            return MONEY_DOMAIN
        parts: list[tuple[int | None, bool]] = []
        for item in items:
            if item.kind != BASIC_PENSION:
                continue
            share = twelfths(item.central_share)
            at_most = twelfths(item.amount, item.period)
            parts.append((share, True) if share is not None else (at_most and max(0, at_most), False))
        return shared(total(parts, 12 * MAX_FEN), 12)

    @once
    def _deductions(self) -> tuple[Deduction, ...] | None:
        return self._list("deductions")

    @once
    def employment_cost(self) -> Value:
        """Necessary cost of employment a month."""
        return self._expenses(necessary=True)

    @once
    def transfers_paid(self) -> Value:
        """Contributions, tax and support paid a month."""
        return self._expenses(necessary=False)

    def _expenses(self, *, necessary: bool) -> Value:
        items = self._deductions
        if not items:
            return MONEY_DOMAIN if items is None else 0
        return monthly([item for item in items if (item.kind == EMPLOYMENT_COST) is necessary])

    @once
    def _certificate(self) -> DisabilityCertificate | None:
        """The disability certificate, if one is known to be in force."""
        certificate = self.person.disability_certificate
        return certificate if certificate is not None and certificate.in_force(self._day) else None

    @once
    def certificate_category(self) -> EnumValue:
        certificate = self._certificate
        if certificate is None:
            return _ANY_CERTIFIED
        if certificate.category is None and certificate.number is not None:
            return certificate_category(certificate.number)
        return certificate.category or _ANY_CERTIFIED

    @once
    def certificate_grade(self) -> EnumValue:
        certificate = self._certificate
        if certificate is None:
            return _ANY_CERTIFIED_GRADE
        if certificate.grade is None and certificate.number is not None:
            return certificate_grade(certificate.number)
        return certificate.grade or _ANY_CERTIFIED_GRADE

    @once
    def _impairments(self) -> tuple[Mapping[str, EnumValue], bool]:
        """The known impairments (category to grade), and whether there may be others.

        Without a list, a certificate of a single category still says what is impaired.
        """
        known: dict[str, EnumValue] = {}
        listed = standing(self.person.disabilities, False, self._day)
        if listed is not None:
            known = {item.category: item.grade for item in listed}
            others = False
        else:
            others = "disabilities" not in self._empty
            if self._certificate is not None:
                category = self.certificate_category
                if isinstance(category, str) and category != MULTIPLE:
                    known = {category: self.certificate_grade}
                else:
                    others = True
        return known, others or self.person.disability_list_complete is False

    @once
    def grades(self) -> Mapping[str, EnumValue]:
        """The grade of each category of impairment; 无 where there is none."""
        known, others = self._impairments
        rest = _UNKNOWN_GRADES if others else _NO_IMPAIRMENT
        return {**rest, **known} if known else rest

    @once
    def impaired_categories(self) -> Value:
        """How many categories are impaired."""
        known, others = self._impairments
        certificate = self._certificate
        several = certificate is not None and certificate.category == "多重"
        least = max(len(known), 2) if several else len(known)
        return span(least, len(CATEGORIES)) if others else len(known)

    @once
    def holds_certificate(self) -> Truth:
        """Whether a certificate is in force; without any impairment there can be none."""
        if self.person.disability_certificate is not None:
            return self._certificate is not None
        return False if self.impaired_categories == 0 else None

    @once
    def _other_benefits(self) -> tuple[Any, ...] | None:
        return self._list("other_benefits")

    @once
    def work_injury_care(self) -> Truth:
        items = self._other_benefits
        return None if items is None else any(item.kind == WORK_INJURY_CARE for item in items)

    def _sum_benefits(self, nature: str) -> Value:
        items = self._other_benefits
        if items is None:
            return MONEY_DOMAIN
        return total(
            [
                (None if item.amount is None else item.amount.fen, item.nature is not None)
                for item in items
                if item.nature in (None, nature) and not (nature == "护理" and item.kind == WORK_INJURY_CARE)
            ],
            MAX_FEN,
        )

    @once
    def living_benefits(self) -> Value:
        """Other benefits for living a month; one of unknown nature may count or not."""
        return self._sum_benefits("生活")

    @once
    def nursing_benefits(self) -> Value:
        """Other benefits for nursing a month, without work injury care; one of unknown nature may count or not."""
        return self._sum_benefits("护理")

    @once
    def has_carer(self) -> Truth:
        """Whether there is a carer: false only where the case says 无."""
        person = self.person
        if person.carer == NOBODY:
            return False
        return True if person.carer is not None or person.carer_birth_date is not None else None

    @once
    def carer_birth_date(self) -> int | Range:
        """Birth date of the carer: the member's, else the one typed for a carer outside the household."""
        carer = self.context.by_id.get(self.person.carer) if self.person.carer is not None else None
        born = carer.known_birth_date if carer is not None else None
        return date_value(born or self.person.carer_birth_date)

    @once
    def parents(self) -> tuple[ParentView | None, ParentView | None]:
        """The two parents; None for one who is not listed."""
        child = self.person.child
        listed = child.parents if child is not None and child.parents is not None else ()
        views = [ParentView(parent, self._empty, self.context) for parent in listed]
        first, second = (*views, None, None)[:2]
        return first, second


class ParentView:
    """One listed parent's values on the first day of the month."""

    def __init__(self, parent: Parent, declared_empty: frozenset[str], context: Context) -> None:
        self.parent = parent
        self._empty = declared_empty
        self._context = context

    @once
    def status(self) -> EnumValue:
        """As typed; a parent who is a member of the household is 已知."""
        if self.parent.status is None and self.parent.reference is not None:
            return "已知"
        return self.parent.status or _ANY_STATUS

    @once
    def circumstances(self) -> Mapping[str, Circumstance] | None:
        """Circumstances by kind; None if unknown."""
        declared = "circumstances" in self._empty
        return by_kind(standing(self.parent.circumstances, declared, self._context.first_day))

    @once
    def grades(self) -> Mapping[str, EnumValue]:
        """The grade of each category of impairment: the slot's own list, else the member's it refers to."""
        reference = self.parent.reference
        if self.parent.disabilities is None and reference is not None:
            member = self._context.people.get(reference)
            return _UNKNOWN_GRADES if member is None else member.grades
        # A declaration that names 残疾 speaks of the child; only one for all lists speaks of the parents' as well.
        declared = len(self._empty) == len(PERSON_LISTS)
        items = standing(self.parent.disabilities, declared, self._context.first_day)
        if items is None:
            return _UNKNOWN_GRADES
        return {**_NO_IMPAIRMENT, **{item.category: item.grade for item in items}}
