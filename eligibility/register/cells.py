"""From what stands in one cell of an office's table to the value its column stores, or to a refusal with a remedy.

Every reader (CSV, workbook, Parquet, PostgreSQL) brings its cells here, as text or as the number, truth or day its format
has. Nothing is repaired by guessing: what lost digits or may mean two things is refused, and says what to type instead.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Final

from ..case.fields import MAX_AREA, MAX_COUNT, MAX_ITEMS, MAX_TERM_MONTHS, normal
from ..case.identity import check_certificate_number, check_identity_number, mask, mask_name
from ..errors import nearest
from ..quantities import MAX_FEN
from ..values import FIRST_DATE, LAST_DATE
from .columns import HOUSEHOLD_ID, MEMBER_ID, NONE, Column, ColumnKind, list_text, words

_TEXT_LIMIT: Final = 1000
_LABEL_LIMIT: Final = 100
_UNKNOWN: Final = frozenset({"未知", "unknown"})
_UNCLEAR: Final = frozenset(
    {"/", "\\", "-", "--", "—", "——", "–", "*", "?", "...", "n/a", "na", "null", "none", "不详", "同上"}
)
_ERRORS: Final = frozenset(
    {"#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!", "#spill!", "#calc!"}
)
_LONGEST_MARK: Final = max(map(len, _UNKNOWN | _UNCLEAR | _ERRORS))
_TRUE: Final = frozenset({"是", "有", "√", "✓", "✔", "☑", "对", "y", "yes", "t", "true", "1"})
_FALSE: Final = frozenset({"否", "无", "没有", "×", "✗", "✘", "✕", "n", "no", "f", "false", "0"})
_NUMBER: Final = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?\Z", re.ASCII)
_DAY: Final = re.compile(
    r"(\d{4})([-/.年])(\d{1,2})[-/.月](\d{1,2})日?(?:[T ]?00:00(?::00(?:\.0+)?)?)?\Z", re.ASCII
)
_DIGITS: Final = re.compile(r"(\d{4})(\d{2})(\d{2})\Z", re.ASCII)
_MONTH_ONLY: Final = re.compile(r"\d{4}[-/.年]\d{1,2}月?\Z", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?E\+\d{1,3}\Z", re.ASCII | re.IGNORECASE)
_REGION: Final = re.compile(r"\d{12}\Z", re.ASCII)
_NO_NUMBER: Final = re.compile(r"[^0-9Xx*.]+|[0-9Xx]{7,}", re.ASCII)
DATE_FORMS: Final = "2025-07-01、2025/7/1、2025.7.1、2025年7月1日、20250701"
"""How a day may be typed."""
_EXACT_NUMBER: Final = 10**15
"""Spreadsheets keep fifteen digits of a number; of a longer one the last are lost."""

_IDENTITY_LENGTH: Final = 18

IDENTITY_NUMBER: Final = "identity_number"
CERTIFICATE_NUMBER: Final = "certificate_number"
NUMBERED: Final = frozenset({IDENTITY_NUMBER, CERTIFICATE_NUMBER})
"""Keys of the columns that hold numbers of eighteen digits or more."""
OWN_NUMBERS: Final = frozenset({HOUSEHOLD_ID.key, MEMBER_ID.key})
"""Keys of the columns that hold numbers which the office gives itself."""


@dataclass
class CellRefused(Exception):
    """A cell that cannot be used: a stable code, what is wrong, and what to do. Never repeats the cell.

    `value` is what tells rows of one household apart all the same.
    """

    code: str
    message: str
    remedy: str
    value: str | None = None


def cell_value(
    column: Column, typed: object, scale: int = 1, also: Mapping[str, str] | None = None
) -> object:
    """What a column stores for one cell: 分, 1/100 m², a count, a day, a truth or a text; None if it is unknown.

    `typed` is text, or a number, truth or day where the format of the table has these. `scale` multiplies amounts (10000
    under a header in 万元); `also` are further names for words of the column. Raises `CellRefused`.
    """
    typed = _plain(typed)
    if isinstance(typed, str):
        name = typed
        typed = normal(typed) or None
        if typed is not None and len(typed) <= _LONGEST_MARK:
            typed = _meant(column, typed)
    if typed is None:
        if column.required:
            raise CellRefused("cell-required", f"缺少{column.title}", "每一行都要填写")
        return None
    if column.kind in (ColumnKind.MONEY, ColumnKind.SIGNED_MONEY):
        return _money(typed, scale, signed=column.kind is ColumnKind.SIGNED_MONEY)
    if column.kind in (ColumnKind.CHOICE, ColumnKind.LIST):
        return _from_words(column, typed, also or {})
    if column.key in _NUMBER_CHECKS:
        return _number_of_person(column, typed)
    value = _READERS[column.kind](typed)
    if column.key in OWN_NUMBERS:
        _refuse_identity(column, str(value))
    # The name of a person stays as typed.
    return name.strip() if column.key == "name" and isinstance(typed, str) else value


def _meant(column: Column, text: str) -> str | None:
    """A short text, or None if it says that the value is unknown. Refuses marks that say nothing clearly."""
    mark = text.lower()
    if mark in _UNKNOWN and text not in column.choices:
        return None
    if mark in _UNCLEAR:
        remedy = f"没有就写 {_nothing(column)}，不知道就留空"
        raise CellRefused("cell-unclear", "这个记号可以指没有，也可以指不知道", remedy)
    if mark in _ERRORS:
        raise CellRefused("cell-formula-error", "公式出错", "改正公式，或直接填写数值")
    return text


def masked_cell(column: Column | None, typed: object) -> str:
    """A cell as a list of problems may show it: names and numbers of people masked, other sensitive cells hidden."""
    text = cell_text(typed).strip()
    if column is not None and column.sensitive and text:
        if column.key == "name":
            return mask_name(text)
        return _masked_number(text) if column.key in NUMBERED else "******"
    return mask(text)[:40]


def _masked_number(text: str) -> str:
    """What stands in a column of numbers of people: six signs of a number and its end, all else as stars."""
    text = normal(text)
    hidden = mask(text)
    if "********" not in hidden:
        hidden = f"{text[:6]}********"
    return _NO_NUMBER.sub(lambda match: "*" * len(match[0]), hidden)


def cell_text(typed: object) -> str:
    """A cell as the office sees it: a whole number without a fraction, a truth as spreadsheets write it."""
    if typed is None:
        return ""
    if isinstance(typed, bool):
        return str(typed).upper()
    return f"{typed:.0f}" if isinstance(typed, float) and typed.is_integer() else str(typed)


def _plain(typed: object) -> object:
    """Blank text is nothing; an exact decimal is its text; a day without a time is a day."""
    if isinstance(typed, Decimal):
        return format(typed, "f")
    if isinstance(typed, datetime) and typed.tzinfo is None and typed.time() == time():
        return typed.date()
    return typed


def _nothing(column: Column) -> str:
    if column.kind in (ColumnKind.MONEY, ColumnKind.SIGNED_MONEY, ColumnKind.COUNT, ColumnKind.AREA):
        return "0"
    return "否" if column.kind is ColumnKind.TRUTH else NONE


def _text(typed: object, limit: int = _LABEL_LIMIT) -> str:
    """A code or label, NFKC already. A whole number of at most fifteen digits is its digits."""
    if isinstance(typed, bool) or not isinstance(typed, str | int | float):
        raise CellRefused("cell-text", "应为文字", "把单元格设为文本格式后重新填写")
    if isinstance(typed, float):
        if not typed.is_integer() or abs(typed) >= _EXACT_NUMBER:
            raise CellRefused(
                "cell-number-as-text", "编号以数字存储，已经不准", "把这一列设为文本格式，重新填写编号"
            )
        return str(int(typed))
    text = str(typed)
    if _SCIENTIFIC.match(text):
        raise CellRefused(
            "cell-number-as-text", "编号成了科学计数法，后几位已经丢失", "把这一列设为文本格式，重新填写编号"
        )
    if len(text) > limit:
        raise CellRefused("cell-text", f"最多 {limit} 个字", "请缩短")
    return text


_NUMBER_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    IDENTITY_NUMBER: check_identity_number,
    CERTIFICATE_NUMBER: check_certificate_number,
}


def _number_of_person(column: Column, typed: object) -> str:
    """An identity or certificate number. One that a spreadsheet held as a number lost its last digits: refused."""
    if isinstance(typed, float) or (isinstance(typed, str) and _SCIENTIFIC.match(typed)):
        raise CellRefused(
            f"cell-{column.key.replace('_', '-')}-as-number",
            f"{column.title}以数字存储，表格软件只保留 15 位，后几位已经丢失",
            "把这一列设为文本格式，按证件重新填写",
        )
    try:
        return _NUMBER_CHECKS[column.key](_text(typed))
    except ValueError as problem:
        raise CellRefused(f"cell-{column.key.replace('_', '-')}", str(problem), "请按证件核对") from None


_IDENTITY_INSIDE: Final = re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?!\d)")
"""What may be an identity number in a longer text."""


def _refuse_identity(column: Column, number: str) -> None:
    """Refuses the number of a person as that of a household or member: it would stand in every list."""
    if len(number) < _IDENTITY_LENGTH:
        return
    inside = (re.sub("[ -]", "", found) for found in _IDENTITY_INSIDE.findall(number))
    for text, check in product((number, *inside), _NUMBER_CHECKS.values()):
        with contextlib.suppress(ValueError):
            check(text)
            message = f"{column.title}不能用证件号"
            raise CellRefused("cell-own-number", message, f"改用经办机构自己编的{column.title}", number)


def _region(typed: object) -> str:
    text = _text(typed)
    if not _REGION.match(text):
        raise CellRefused("cell-region", "应为 12 位区划代码", "如 110112000000")
    return text


def _decimal(typed: object, units: str) -> Decimal | None:
    """A number as typed, or None if it is none. `units`: a pattern of what may follow it."""
    if isinstance(typed, bool):
        return None
    if isinstance(typed, int | float):
        try:
            number = Decimal(repr(typed))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    if not isinstance(typed, str):
        return None
    text = re.sub(rf"(?:{units})\Z", "", "".join(typed.split()).replace("−", "-"))
    match = _NUMBER.match(text)
    if match is None or len(text) > 40:
        return None
    sign, whole, fraction = match.groups()
    return Decimal(f"{sign}{whole.replace(',', '')}.{fraction or '0'}")


def _money(typed: object, scale: int, *, signed: bool) -> int:
    """分. Knows 1,234.50元, ¥1234.5 and 0.5万; 无 is 0."""
    if isinstance(typed, str):
        typed = typed.removeprefix("¥").removeprefix("人民币")
        if typed == NONE:
            return 0
        if typed.removesuffix("元").endswith("万"):
            typed, scale = typed.removesuffix("元").removesuffix("万"), 10_000
    yuan = _decimal(typed, "元(?:/月)?")
    if yuan is None:
        raise CellRefused(
            "cell-money", "应为金额（元）", "写法如 1480、1480.00、1,480.00元；没有写 0，不知道留空"
        )
    fen = yuan * 100 * scale
    if fen != fen.to_integral_value():
        raise CellRefused("cell-money-fraction", "金额不足一分", "按四舍五入或按凭证写到分，最多两位小数")
    if abs(fen) > MAX_FEN or (fen < 0 and not signed):
        expected = "正负 10 亿元之间" if signed else " 0 至 10 亿元之间"
        raise CellRefused("cell-money-range", f"金额应在{expected}", "请核对")
    return int(fen)


def _area(typed: object) -> int:
    """1/100 m²."""
    area = _decimal(typed, "平方米|平米|m2|m²")
    if area is None or not 0 <= area <= MAX_AREA or area * 100 != (area * 100).to_integral_value():
        raise CellRefused("cell-area", f"应为平方米数，最多两位小数，不超过 {MAX_AREA}", "如 58.50")
    return int(area * 100)


def _count(typed: object) -> int:
    if typed == NONE:
        return 0
    return _whole(typed, MAX_COUNT, "套|人|个|辆|处")


def _term(typed: object) -> int:
    return _whole(typed, MAX_TERM_MONTHS, "个?月")


def _whole(typed: object, limit: int, units: str) -> int:
    number = _decimal(typed, units)
    if number is None or number != number.to_integral_value() or not 0 <= number <= limit:
        raise CellRefused("cell-integer", f"应为 0 至 {limit} 的整数", "不知道就留空")
    return int(number)


def _day(typed: object) -> date:
    """A day, as such or in one of `DATE_FORMS`."""
    day: date | None = typed if type(typed) is date else None
    if isinstance(typed, datetime):
        raise CellRefused("cell-date", "日期后面还有时刻", "只写日期，如 2025-07-01")
    if not isinstance(typed, bool) and isinstance(typed, int | float) and float(typed).is_integer():
        if 0 < typed < 100_000:
            raise CellRefused(
                "cell-date-serial", "是数字，不是日期", "把单元格设为日期格式，或写成 2025-07-01"
            )
        typed = str(int(typed))
    if isinstance(typed, str):
        text = typed
        if _MONTH_ONLY.match(text):
            raise CellRefused("cell-date", "只有年月，没有日", "写完整的日期，如 2025-07-01；不知道就留空")
        separated, digits = _DAY.match(text), _DIGITS.match(text)
        try:
            if separated is not None:
                day = date(int(separated[1]), int(separated[3]), int(separated[4]))
            elif digits is not None:
                day = date(int(digits[1]), int(digits[2]), int(digits[3]))
        except ValueError:
            raise CellRefused("cell-date", "没有这一天", "请核对日期") from None
    if day is None:
        raise CellRefused("cell-date", "应为日期", f"写法如 {DATE_FORMS}")
    if not FIRST_DATE <= day <= LAST_DATE:
        raise CellRefused("cell-date", f"日期应在 {FIRST_DATE} 至 {LAST_DATE} 之间", "请核对日期")
    return day


def _truth(typed: object) -> bool:
    if isinstance(typed, bool):
        return typed
    text = f"{typed:g}" if isinstance(typed, int | float) else str(typed).lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise CellRefused("cell-truth", "应为 是 或 否", "也可以写 有、无、√、×、1、0、Y、N；不知道就留空")


def _from_words(column: Column, typed: object, also: Mapping[str, str]) -> str:
    """The word or words of a choice or list, as stored."""
    text = _text(typed, _TEXT_LIMIT)
    if column.kind is ColumnKind.CHOICE:
        return _word(column, text, also)
    listed = [_word(column, word, also) for word in words(text)]
    if len(listed) > MAX_ITEMS:
        raise CellRefused("cell-list", f"最多 {MAX_ITEMS} 项", "请核对")
    return list_text(listed)


def _word(column: Column, text: str, also: Mapping[str, str]) -> str:
    if text in column.choices:
        return text
    if text in also:
        return also[text]
    remedy = nearest(text, column.choices) if len(text) <= _LABEL_LIMIT else None
    if column.kind is ColumnKind.LIST and NONE in words(text):
        remedy = f"没有就只写一个 {NONE}"
    else:
        remedy = remedy or "不是这样的就留空" if len(column.choices) == 1 else remedy or "请照所列的词填写"
    some = "、".join(column.choices[:12]) + ("……" if len(column.choices) > 12 else "")
    raise CellRefused("cell-choice", f"应为 {some} 之一", remedy)


_READERS: Final[Mapping[ColumnKind, Callable[[object], object]]] = {
    ColumnKind.TEXT: _text,
    ColumnKind.MEMBER: _text,
    ColumnKind.CODE: _region,
    ColumnKind.AREA: _area,
    ColumnKind.COUNT: _count,
    ColumnKind.TERM: _term,
    ColumnKind.DATE: _day,
    ColumnKind.TRUTH: _truth,
}
