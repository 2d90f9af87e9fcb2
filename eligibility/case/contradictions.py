"""What cannot all be true in one case: every contradiction, each with its place, reported together.

Run after the case was read and each value is fine by itself. A contradiction is refused rather than resolved: choosing
the identity number over the typed birth date, or the reverse, would be a guess. Only what is known is compared;
messages name places and labels, never dates or numbers of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Final

from ..errors import nearest
from ..quantities import MAX_FEN
from . import identity
from .fields import MAX_AREA, PERIOD_MONTHS, Dated, Model
from .items import Disability, DisabilityCertificate, SeriousIllness, Spell
from .models import HOUSEHOLD_LISTS, PERSON_LISTS, Case, Path, list_title, path_text
from .people import BASIC_PENSION, MULTIPLE
from .person import NOBODY, Person


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One contradiction: a stable code, the place, and what does not fit."""

    code: str
    path: Path
    message: str
    hint: str | None = None


def contradictions(case: Case) -> tuple[Contradiction, ...]:
    """All contradictions inside a case; empty if there are none."""
    return tuple(found for check in _CHECKS for found in check(case))


def _suggest(name: str, known: Sequence[str]) -> str:
    """The nearest known name, or all of them."""
    return nearest(name, known) or "可用：" + "、".join(known)


def _people(case: Case) -> Iterator[tuple[Path, Person]]:
    for number, person in enumerate(case.members):
        yield ("members", number), person


def _identity(case: Case) -> Iterator[Contradiction]:
    for path, person in _people(case):
        certificate = person.disability_certificate
        number = person.identity_number
        held = certificate.number if certificate is not None else None
        if number is not None and held is not None and identity.certificate_holder(held) != number:
            place = (*path, "disability_certificate", "number")
            yield Contradiction("case-certificate-holder", place, "残疾证号的前 18 位与身份证号不一致")
        known = person.known_identity
        if known is None:
            continue
        source = "身份证号" if number is not None else "残疾证号"
        if person.birth_date is not None and person.birth_date != identity.birth_date(known):
            yield Contradiction("case-birth-date", (*path, "birth_date"), f"与{source}中的出生日期不一致")
        if person.sex is not None and person.sex != identity.sex(known):
            yield Contradiction("case-sex", (*path, "sex"), f"与{source}第 17 位表示的性别不一致")


def _certificate(case: Case) -> Iterator[Contradiction]:
    for path, person in _people(case):
        certificate = person.disability_certificate
        if certificate is None:
            continue
        place = (*path, "disability_certificate")
        category, grade = certificate.category, certificate.grade
        if certificate.number is not None:
            if category is not None and category != identity.certificate_category(certificate.number):
                yield Contradiction(
                    "case-certificate-category", (*place, "category"), "与残疾证号第 19 位表示的类别不一致"
                )
            if grade is not None and grade != identity.certificate_grade(certificate.number):
                yield Contradiction(
                    "case-certificate-grade", (*place, "grade"), "与残疾证号第 20 位表示的等级不一致"
                )
        elif (category is None) != (grade is None):
            given, absent = ("类别", "等级") if grade is None else ("等级", "类别")
            yield Contradiction(
                "case-certificate-incomplete", place, f"有{given}而没有{absent}：两者要写都写"
            )
        yield from _listed(path, person, certificate)


def _listed(path: Path, person: Person, certificate: DisabilityCertificate) -> Iterator[Contradiction]:
    """The certificate against the list of impairments, for the time in which both stand."""
    listed, number = person.disabilities, certificate.number
    category = certificate.category or (identity.certificate_category(number) if number else None)
    grade = certificate.grade or (identity.certificate_grade(number) if number else None)
    if listed is None or person.disability_list_complete is False:
        return
    together = [(i, item) for i, item in enumerate(listed) if _overlap(item, certificate)]
    if not together:
        yield Contradiction(
            "case-certificate-list", (*path, "disabilities"), "有残疾证，残疾列表中却没有同期的残疾"
        )
    elif category is not None and category != MULTIPLE:
        same = [(i, item) for i, item in together if item.category == category]
        if not same:
            yield Contradiction(
                "case-certificate-list", (*path, "disabilities"), "残疾列表中没有残疾证上的类别"
            )
        for i, item in same:
            if grade is not None and item.grade != grade:
                place = (*path, "disabilities", i, "grade")
                yield Contradiction("case-certificate-list", place, "与残疾证上的等级不一致")


def _overlap(one: Dated, other: Dated) -> bool:
    """Whether two items are ever in force on the same day."""
    starts = [day for day in (one.from_, other.from_) if day is not None]
    ends = [day for day in (one.until, other.until) if day is not None]
    return not starts or not ends or max(starts) < min(ends)


def _impairments(case: Case) -> Iterator[Contradiction]:
    """The same category twice at one time, of a person or of a listed parent."""
    for path, person in _people(case):
        yield from _twice((*path, "disabilities"), person.disabilities or ())
        if person.child is not None:
            for number, parent in enumerate(person.child.parents or ()):
                place = (*path, "child", "parents", number, "disabilities")
                yield from _twice(place, parent.disabilities or ())


def _twice(path: Path, items: tuple[Disability, ...]) -> Iterator[Contradiction]:
    for (_, one), (number, other) in combinations(enumerate(items), 2):
        if one.category == other.category and _overlap(one, other):
            yield Contradiction(
                "case-category-twice", (*path, number, "category"), "同一时间同一类别写了两次"
            )


def _spells(case: Case) -> Iterator[Contradiction]:
    """Items that end before they begin, wherever they stand."""
    for path, model in _walk((), case):
        if not isinstance(model, Dated) or model.until is None:
            continue
        starts: list[tuple[str, date | None]] = [("生效日期", model.from_)]
        if isinstance(model, Spell):
            starts.append(("起始日期", model.since))
        if isinstance(model, SeriousIllness):
            starts.append(("诊断日期", model.certified))
        for title, day in starts:
            if day is not None and model.until <= day:
                yield Contradiction("case-until", (*path, "until"), f"失效日期应晚于{title}")


def _walk(path: Path, value: Any) -> Iterator[tuple[Path, Model]]:
    if isinstance(value, Model):
        yield path, value
        for name, info in type(value).model_fields.items():
            inner = getattr(value, name)
            if isinstance(inner, Model | tuple):
                yield from _walk((*path, info.alias or name), inner)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            if isinstance(item, Model):
                yield from _walk((*path, number), item)


def _duplicates(case: Case) -> Iterator[Contradiction]:
    """Two members with one id, or with one identity number."""
    for key, code in (("id", "case-duplicate-id"), ("identity_number", "case-duplicate-identity-number")):
        first: dict[str, Path] = {}
        for path, person in _people(case):
            value = person.known_identity if key == "identity_number" else person.id
            if value is None:
                continue
            if value in first:
                yield Contradiction(code, (*path, key), f"与 {path_text((*first[value], key))} 相同")
            first.setdefault(value, path)


def _roles(case: Case) -> Iterator[Contradiction]:
    """One head, one applicant, and relations to the applicant that fit."""
    heads = [(path, person) for path, person in _people(case) if person.relation_to_head == "户主"]
    for path, _ in heads[1:]:
        first = path_text((*heads[0][0], "relation_to_head"))
        yield Contradiction(
            "case-two-heads", (*path, "relation_to_head"), f"户主只能有一位，{first} 已经是户主"
        )
    selves = [(path, person) for path, person in _people(case) if person.relation_to_applicant == "本人"]
    for path, _ in selves[1:]:
        yield Contradiction("case-two-applicants", (*path, "relation_to_applicant"), "申请人本人只能有一位")
    applicant = case.household.applicant or (selves[0][1].id if selves else None)
    head = heads[0][1].id if heads else None
    for path, person in _people(case):
        typed, place = person.relation_to_applicant, (*path, "relation_to_applicant")
        if typed is None or applicant is None:
            continue
        if (typed == "本人") != (person.id == applicant):
            if case.household.applicant is None:
                continue  # Two people say 本人, which was reported above.
            yield Contradiction("case-applicant", place, "与家庭的申请人不一致：申请人是“本人”，其他人不是")
        elif applicant == head != person.id and person.relation_to_head not in (None, typed):
            yield Contradiction("case-relation", place, "申请人就是户主，与申请人关系应同与户主关系")


def _references(case: Case) -> Iterator[Contradiction]:
    """Ids that no member has, and people who would stand in a relation to themselves."""
    ids = [person.id for person in case.members]
    for path, id_ in _named(case):
        if id_ not in ids:
            yield Contradiction("case-unknown-member", path, f"没有编号为“{id_}”的成员", _suggest(id_, ids))
    for path, person in _people(case):
        for key in ("spouse", "guardian", "carer"):
            if getattr(person, key) == person.id:
                yield Contradiction("case-self", (*path, key), "不能是本人")
        other = next((one for one in case.members if one.id == person.spouse), None)
        if other is not None and other.spouse not in (None, person.id):
            yield Contradiction("case-spouse", (*path, "spouse"), "对方的配偶写的是另一个人")
        if person.carer == NOBODY and person.carer_birth_date is not None:
            yield Contradiction("case-carer", (*path, "carer"), "写了没有抚养人，又写了抚养人出生日期")
        for stands, since, name in (
            (person.lives_with_household, person.lives_with_since, "lives_with_since"),
            (person.local_hukou, person.hukou_since, "hukou_since"),
        ):
            if stands is False and since is not None:
                yield Contradiction("case-denied", (*path, name), "前面写了否，就不能再写起始日期")
        born, died = person.known_birth_date, person.death_date
        if born is not None and died is not None and died < born:
            yield Contradiction("case-death-date", (*path, "death_date"), "早于出生日期")
        carer = next((one for one in case.members if one.id == person.carer), None)
        born = carer.known_birth_date if carer is not None else None
        if born is not None and person.carer_birth_date not in (None, born):
            yield Contradiction(
                "case-carer-birth-date", (*path, "carer_birth_date"), "与抚养人自己的出生日期不一致"
            )


def _named(case: Case) -> Iterator[tuple[Path, str]]:
    """Every place that names a member."""
    household: Path = ("household",)
    if case.household.applicant is not None:
        yield (*household, "applicant"), case.household.applicant
    for number, benefit in enumerate(case.household.benefits_in_payment or ()):
        for position, id_ in enumerate(benefit.persons or ()):
            yield (*household, "benefits_in_payment", number, "persons", position), id_
    for path, person in _people(case):
        for key in ("spouse", "guardian", "carer"):
            if (id_ := getattr(person, key)) is not None and not (key == "carer" and id_ == NOBODY):
                yield (*path, key), id_
        for number, parent in enumerate((person.child.parents or ()) if person.child else ()):
            if parent.reference is not None:
                yield (*path, "child", "parents", number, "reference"), parent.reference


def _parents(case: Case) -> Iterator[Contradiction]:
    """Parents named twice, a parent of oneself, and a member of the household who cannot be found."""
    for path, person in _people(case):
        listed = (person.child.parents or ()) if person.child is not None else ()
        references = [parent.reference for parent in listed if parent.reference is not None]
        place = (*path, "child", "parents")
        if len(references) == 2 and references[0] == references[1]:
            yield Contradiction("case-same-parent", (*place, 1, "reference"), "父母两位写成了同一个人")
        for number, parent in enumerate(listed):
            if parent.reference == person.id:
                yield Contradiction("case-self", (*place, number, "reference"), "不能是本人")
            if parent.reference is not None and parent.status not in (None, "已知"):
                yield Contradiction(
                    "case-parent-status", (*place, number, "status"), "父或母是家庭成员，状况只能是“已知”"
                )


def _ages(case: Case) -> Iterator[Contradiction]:
    """Children as old as a parent or older, by reference and by their relations to the head and the applicant."""
    seen: set[tuple[str, str]] = set()
    for older, younger, path in _descents(case):
        if older.id == younger.id or (older.id, younger.id) in seen:
            continue
        first, second = older.known_birth_date, younger.known_birth_date
        if first is not None and second is not None and first >= second:
            seen.add((older.id, younger.id))
            yield Contradiction(
                "case-generation", path, f"“{younger.id}”的出生日期应晚于长辈“{older.id}”的出生日期"
            )


def _descents(case: Case) -> Iterator[tuple[Person, Person, Path]]:
    """All pairs of an elder and a descendant, with the place that says so."""
    by_id: Mapping[str, Person] = {person.id: person for person in case.members}
    for path, person in _people(case):
        for number, parent in enumerate((person.child.parents or ()) if person.child else ()):
            if parent.reference is not None and parent.reference in by_id:
                yield (by_id[parent.reference], person, (*path, "child", "parents", number, "reference"))
    for key, self_word in (("relation_to_head", "户主"), ("relation_to_applicant", "本人")):
        centre = next((person for person in case.members if getattr(person, key) == self_word), None)
        if key == "relation_to_applicant" and case.household.applicant is not None:
            centre = by_id.get(case.household.applicant)
        if centre is None:
            continue
        for path, person in _people(case):
            relation = getattr(person, key)
            if relation in ("子女", "孙子女"):
                yield centre, person, (*path, key)
            elif relation in ("父母", "祖父母"):
                yield person, centre, (*path, key)


def _pensions(case: Case) -> Iterator[Contradiction]:
    """A central share belongs to the basic pension and is a part of it."""
    for path, person in _people(case):
        for number, income in enumerate(person.incomes or ()):
            if income.central_share is None:
                continue
            place = (*path, "incomes", number, "central_share")
            if income.kind != BASIC_PENSION:
                yield Contradiction("case-central-share", place, f"只有{BASIC_PENSION}有中央部分")
            elif (
                income.amount is not None
                and income.central_share.fen * PERIOD_MONTHS[income.period] > income.amount.fen
            ):
                yield Contradiction("case-central-share", place, "每月的中央部分不能多于养老金本身")


def _choices(case: Case) -> Iterator[Contradiction]:
    for number, choice in enumerate(case.household.choices or ()):
        if choice.chosen not in choice.between:
            place = ("household", "choices", number, "chosen")
            yield Contradiction(
                "case-choice", place, "不在可选项目之中", _suggest(choice.chosen, choice.between)
            )


def _declaration(case: Case) -> Iterator[Contradiction]:
    """Lists and members a declaration names must exist."""
    declaration = case.declaration
    if declaration is None:
        return
    if declaration.household is not None and declaration.household is not True:
        yield from _declared(("declaration", "household"), declaration.household, HOUSEHOLD_LISTS)
    if declaration.members is None or declaration.members is True:
        return
    ids = [person.id for person in case.members]
    for member, names in declaration.members.items():
        path: Path = ("declaration", "members", member)
        if member not in ids:
            yield Contradiction(
                "case-unknown-member", path, f"没有编号为“{member}”的成员", _suggest(member, ids)
            )
        if names is not True:
            yield from _declared(path, names, PERSON_LISTS)


def _declared(path: Path, names: tuple[str, ...], known: tuple[str, ...]) -> Iterator[Contradiction]:
    titles = [list_title(name) for name in known]
    for position, name in enumerate(names):
        if name not in known:
            hint = _suggest(name, titles)
            yield Contradiction("case-unknown-list", (*path, position), f"没有叫“{name}”的列表", hint)


def _sums(case: Case) -> Iterator[Contradiction]:
    """Lists whose amounts or areas together leave the domain of the facts they make."""
    household = case.household
    for key in ("other_property", "supporters", "benefits_in_payment"):
        yield from _too_much(("household", key), getattr(household, key))
    areas = [dwelling.area for dwelling in household.dwellings or () if dwelling.area is not None]
    if sum(areas) > MAX_AREA:
        yield Contradiction("case-sum", ("household", "dwellings"), f"面积合计超过 {MAX_AREA} 平方米")
    for path, person in _people(case):
        for key in ("incomes", "deductions", "other_benefits"):
            yield from _too_much((*path, key), getattr(person, key))


def _too_much(path: Path, items: Iterable[Any] | None) -> Iterator[Contradiction]:
    if sum(abs(item.amount.fen) for item in items or () if item.amount is not None) > MAX_FEN:
        yield Contradiction("case-sum", path, "各项金额合计超过 10 亿元")


_CHECKS: Final[tuple[Callable[[Case], Iterator[Contradiction]], ...]] = (
    _duplicates,
    _identity,
    _certificate,
    _impairments,
    _roles,
    _references,
    _parents,
    _ages,
    _spells,
    _pensions,
    _choices,
    _declaration,
    _sums,
)
