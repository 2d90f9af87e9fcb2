"""What a row of a register means: the case it stands for.

This is the definition; facts read from columns must equal those of the case, cell for cell. Null is unknown. The case
is built by the library like one from a file, so a row that no case file could say is refused in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..case import Case, case_from_data
from ..case.fields import MAX_ITEMS
from ..case.identity import certificate_category, certificate_grade, check_certificate_number, mask
from ..case.items import Child
from ..case.models import NOTHING_ELSE
from ..case.people import BASIC_PENSION, WORK_INJURY_CARE
from ..case.person import NOBODY, Person
from ..errors import InputError, Problem
from ..quantities import Money, Month
from .columns import (
    AMOUNT,
    CENTRAL_SHARE,
    DEDUCTIONS,
    HOUSEHOLD_COLUMNS,
    HOUSEHOLD_ID,
    IMPAIRMENTS,
    INCOME,
    MEMBER_ID,
    MEMBERS,
    OWN_DETAILS,
    PAID,
    PARENT_DETAILS,
    PARENTS,
    PERSON_COLUMNS,
    RECEIPTS,
    SINCE,
    VEHICLES,
    Column,
    ColumnKind,
    Detail,
    words,
)

Row = Mapping[str, Any]
Data = dict[str, Any]

_PLAIN: Final = frozenset(ColumnKind) - {ColumnKind.LIST}
_PERSON_FIELDS: Final = tuple(
    column
    for column in PERSON_COLUMNS
    if column.kind in _PLAIN and column.key in Person.model_fields and column.key != "disability_certificate"
)
_CHILD_FIELDS: Final = tuple(column for column in PERSON_COLUMNS if column.key in Child.model_fields)
_HOUSEHOLD_FIELDS: Final = tuple(
    column for column in HOUSEHOLD_COLUMNS if column.key in ("region", "monetary_assets", "rent")
)
_HEATING_FIELDS: Final = {
    "heating_mode": "mode",
    "heating_area": "area",
    "heating_season": "season",
    "heating_approved": "approved",
    "drawing_elsewhere": "drawing_elsewhere",
}
_CERTIFICATE: Final = {"category": "残疾证类别", "grade": "残疾证等级", "number": "残疾证号"}
_INJURY, _LIVING, _NURSING = "领取工伤生活护理费", "其他生活类补贴月额", "其他护理类补贴月额"


def case_of(row: Row, kinds: Sequence[str]) -> Case:
    """The case of one household's row, as `Register.find` gives it; `kinds` are the income kinds of the ruleset.

    Raises `InputError` with everything the row says that cannot stand for one case.
    """
    reader = _Reader(row, tuple(kinds))
    data = reader.case()
    if reader.problems:
        raise InputError(reader.problems)
    return case_from_data(data)


class _Reader:
    """Reads one row and collects what does not fit; `declared` if what is not listed does not exist."""

    def __init__(self, row: Row, kinds: tuple[str, ...]) -> None:
        self.row = row
        self.kinds = kinds
        self.declared = row.get("声明") is not None
        self.problems: list[Problem] = []

    def refuse(self, column: str, message: str, member: str | None = None) -> None:
        place = f"家庭 {self.row.get(HOUSEHOLD_ID.title)}" + (f" 成员 {member}" if member else "")
        self.problems.append(Problem("register-row", f"“{column}”{message}", mask(place)))

    def case(self) -> Data:
        members = self.row.get(MEMBERS) or ()
        data: Data = {"household": self.household()}
        if self.declared:
            data["declaration"] = NOTHING_ELSE
        data["members"] = [self.person(member, str(n)) for n, member in enumerate(members, 1)]
        listed = self.benefits(self.row, None)
        known = self.row.get(RECEIPTS) is not None or self.declared
        for member, person in zip(members, data["members"], strict=True):
            if not known and _given(member, (RECEIPTS,)):
                self.refuse(RECEIPTS, "成员填了而家庭没有填；家庭没有在领的写 无", person["id"])
            listed += self.benefits(member, person["id"])
        if known:
            data["household"]["benefits_in_payment"] = listed
        return data

    def household(self) -> Data:
        row = self.row
        data = _fields(row, _HOUSEHOLD_FIELDS)
        if (amount := row.get("其他财产")) is not None:
            data["other_property"] = [{"amount": _money(amount)}] if amount else []
        if (amount := row.get("赡养抚养费")) is not None:
            data["supporters"] = [{"amount": _money(amount)}] if amount else []
        if (text := row.get("家庭情形")) is not None:
            data["situations"] = list(dict.fromkeys(words(text)))
        if (text := row.get("车辆")) is not None:
            data["vehicles"] = [self.vehicle(word) for word in words(text)]
        heating = _fields(row, HOUSEHOLD_COLUMNS, _HEATING_FIELDS)
        if heating:
            data["heating"] = heating
        return {**data, **self.dwellings()}

    def vehicle(self, word: str) -> Data:
        kind, use = VEHICLES.get(word, (word, None))
        return {"vehicle_kind": kind} if use is None else {"vehicle_kind": kind, "use": use}

    def dwellings(self) -> Data:
        count, area = self.row.get("住房套数"), self.row.get("住房面积")
        if area is not None and (count is None or (count == 0 and area > 0)):
            self.refuse("住房面积", "与“住房套数”不合：有面积就要写几套")
        if count is None:
            return {}
        items: list[Data] = [{} for _ in range(min(count, MAX_ITEMS + 1))]
        if area is not None:
            for number, item in enumerate(items):
                item["area"] = _area(0 if number else area)
        return {"dwellings": items}

    def benefits(self, cells: Row, member: str | None) -> list[Data]:
        """The benefits in payment that one row of a table lists."""
        listed = dict.fromkeys(words(cells.get(RECEIPTS) or ""))
        items: dict[str, Data] = {programme: {"programme": programme} for programme in listed}
        for title, value in cells.items():
            base, _, rest = title.partition(".")
            if value is None or base not in (AMOUNT, SINCE, PAID):
                continue
            programme, _, month = rest.rpartition(".") if base == PAID else (rest, "", "")
            item = items.get(programme)
            if item is None:
                self.refuse(title, f"有值，而“{RECEIPTS}”里没有这个项目", member)
            elif base == AMOUNT:
                item["amount"] = _money(value)
            elif base == SINCE:
                item["from"] = value
            else:
                item.setdefault("paid", {})[Month(month)] = _money(value)
        if member is not None:
            for item in items.values():
                item["persons"] = [member]
        return list(items.values())

    def person(self, cells: Row, number: str) -> Data:
        """One member; `number` is its id where the row gives none."""
        data: Data = {"id": number, **_fields(cells, _PERSON_FIELDS)}
        if cells.get(MEMBER_ID.title) is not None:
            data["id"] = cells[MEMBER_ID.title]
        if data["id"] == NOBODY:
            self.refuse(MEMBER_ID.title, f"不能是“{NOBODY}”")
        lists: dict[str, Any] = {
            "not_counted": self.spells(cells, "不计入情形", OWN_DETAILS, "", data["id"]),
            "statuses": None if (text := cells.get("身份")) is None else list(dict.fromkeys(words(text))),
            "serious_illnesses": None if (ill := cells.get("患重大疾病")) is None else [{}] if ill else [],
            "incomes": self.incomes(cells),
            "deductions": self.deductions(cells),
            "disabilities": _impairments(cells.get("残疾")),
            "other_benefits": self.other_benefits(cells, data["id"]),
            "disability_certificate": _certificate(cells),
            "child": self.child(cells, data["id"]),
        }
        return {**data, **{key: value for key, value in lists.items() if value is not None}}

    def spells(
        self, cells: Row, title: str, details: tuple[Detail, ...], prefix: str, member: str
    ) -> list[Data] | None:
        """The items of a list of kinds, each with what its detail columns say."""
        text = cells.get(title)
        items: dict[str, Data] = {kind: {"kind": kind} for kind in words(text or "")}
        for detail in details:
            value = cells.get(prefix + detail.title)
            if value is None:
                continue
            if detail.kind in items:
                items[detail.kind][detail.attribute] = value
            else:
                self.refuse(prefix + detail.title, f"有值，而“{title}”里没有 {detail.kind}", member)
        return None if text is None else list(items.values())

    def incomes(self, cells: Row) -> list[Data] | None:
        prefix = f"{INCOME}."
        columns = (title.removeprefix(prefix) for title in cells if title.startswith(prefix))
        share = cells.get(CENTRAL_SHARE)
        items: list[Data] = []
        given = False
        for kind in dict.fromkeys((*self.kinds, *columns, *((BASIC_PENSION,) if share is not None else ()))):
            item: Data = {"kind": kind}
            if (amount := cells.get(prefix + kind)) is not None:
                item["amount"] = _money(amount)
            if share is not None and kind == BASIC_PENSION:
                item["central_share"] = _money(share)
            given = given or len(item) > 1
            if len(item) > 1 or not self.declared:
                items.append(item)
        return items if given else None

    def deductions(self, cells: Row) -> list[Data] | None:
        if not _given(cells, DEDUCTIONS):
            return None
        amounts = {kind: cells.get(kind) for kind in DEDUCTIONS}
        return [
            {"kind": kind} if amount is None else {"kind": kind, "amount": _money(amount)}
            for kind, amount in amounts.items()
            if amount is not None or not self.declared
        ]

    def other_benefits(self, cells: Row, member: str) -> list[Data] | None:
        injured, amounts = cells.get(_INJURY), {"生活": cells.get(_LIVING), "护理": cells.get(_NURSING)}
        if injured is None and not self.declared:
            if _given(cells, (_LIVING, _NURSING)):
                self.refuse(
                    _LIVING if amounts["生活"] is not None else _NURSING, f"有值就要写“{_INJURY}”", member
                )
            return None
        items: list[Data] = [{"kind": WORK_INJURY_CARE, "nature": "护理"}] if injured else []
        for nature, amount in amounts.items():
            if amount is not None:
                items.append({"kind": "其他", "nature": nature, "amount": _money(amount)})
            elif not self.declared:
                items.append({"kind": "其他", "nature": nature})
        return items

    def child(self, cells: Row, member: str) -> Data | None:
        data = _fields(cells, _CHILD_FIELDS)
        parents = [parent for n in PARENTS if (parent := self.parent(cells, f"父母{n}.", member)) is not None]
        if parents:
            data["parents"] = parents
        return data or None

    def parent(self, cells: Row, prefix: str, member: str) -> Data | None:
        """One parent; None if none of its columns is given."""
        if not any(value is not None for title, value in cells.items() if title.startswith(prefix)):
            return None
        data = {
            "reference": cells.get(f"{prefix}成员编号"),
            "status": cells.get(f"{prefix}状况"),
            "circumstances": self.spells(cells, f"{prefix}情形", PARENT_DETAILS, prefix, member),
            "disabilities": _impairments(cells.get(f"{prefix}残疾")),
        }
        return {key: value for key, value in data.items() if value is not None}


def _given(cells: Row, titles: Sequence[str] | Mapping[str, str]) -> bool:
    return any(cells.get(title) is not None for title in titles)


def _fields(cells: Row, columns: Sequence[Column], keys: Mapping[str, str] | None = None) -> Data:
    """The cells that are fields of the case as they stand, by the field's key."""
    return {
        column.key if keys is None else keys[column.key]: _value(column, cells[column.title])
        for column in columns
        if (keys is None or column.key in keys) and cells.get(column.title) is not None
    }


def _value(column: Column, value: Any) -> Any:
    if column.kind is ColumnKind.MONEY:
        return _money(value)
    return _area(value) if column.kind is ColumnKind.AREA else value


def _money(fen: int) -> Money:
    return Money.from_fen(fen)


def _area(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _impairments(text: str | None) -> list[Data] | None:
    """Impairments as listed; a word that is none is left for the case to refuse."""
    if text is None:
        return None
    pairs = (IMPAIRMENTS.get(word, (word, "")) for word in dict.fromkeys(words(text)))
    return [{"category": category, "grade": grade} for category, grade in pairs]


def _certificate(cells: Row) -> Data | None:
    """The certificate, if the row gives any of its columns; what its number says is stated as well."""
    data = {key: cells[title] for key, title in _CERTIFICATE.items() if cells.get(title) is not None}
    if "number" in data:
        data = {**dict(_numbered(data["number"])), **data}
    return data if data or cells.get("残疾证") is not None else None


def _numbered(number: str) -> Iterator[tuple[str, str]]:
    try:
        number = check_certificate_number(number)
    except ValueError:
        return  # The case says what is wrong with it.
    yield "category", certificate_category(number)
    yield "grade", certificate_grade(number)
