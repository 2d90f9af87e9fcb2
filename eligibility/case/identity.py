"""Identity numbers and certificate numbers: checked, read, and hidden.

The only place that knows how a resident identity number (GB 11643: area, birth date, order, check digit) and a
disability certificate number (identity number, category, grade, re-issue suffix) are made up, and the only masking
function of the library. Everything that is printed, logged or raised goes through `mask`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final, Literal

from ..values import FIRST_DATE, LAST_DATE

_DIGITS = re.compile(r"[0-9]{17}\Z")
_CERTIFICATE = re.compile(r"([0-9]{17}[0-9X])([1-7])([1-4])(B[0-9]{1,2})?\Z")
_RESIDENCE_PERMITS: Final = frozenset({"810000", "820000", "830000"})
SAMPLE_AREA: Final = "110199"
"""Area code of sample numbers: it was never assigned, so they can belong to nobody."""

CERTIFICATE_CATEGORIES: Final = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")
CERTIFICATE_GRADES: Final = ("一级", "二级", "三级", "四级")


def normalise(number: str) -> str:
    """A number as typed -> its canonical form: half-width, upper case, without spaces or a spreadsheet's apostrophe."""
    text = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    return text.lstrip("'’‘")


def check_identity_number(number: str) -> str:
    """The canonical identity number. Raises `ValueError` with what was expected, never with the number itself.

    An area code that no table knows is no error (see `area_known`): tables have gaps, above all for people who
    were registered before 1982.
    """
    text = normalise(number)
    if len(text) != 18:
        raise ValueError(f"身份证号应为 18 位，这里是 {len(text)} 位")
    if not _DIGITS.match(text[:17]) or text[17] not in "0123456789X":
        raise ValueError("身份证号前 17 位应为数字，末位为数字或 X")
    try:
        born = _birth_date(text)
    except ValueError:
        raise ValueError("身份证号第 7 至 14 位应为真实的出生日期") from None
    if not FIRST_DATE <= born <= LAST_DATE:
        raise ValueError(f"身份证号中的出生日期应在 {FIRST_DATE} 至 {LAST_DATE} 之间")
    from stdnum.cn.ric import calc_check_digit  # brings ssl and sockets along: not at import

    if calc_check_digit(text) != text[17]:
        raise ValueError("身份证号校验位不符，请核对第 18 位及前面各位")
    return text


def _birth_date(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def birth_date(number: str) -> date:
    """The birth date in a checked identity (or certificate) number."""
    return _birth_date(number)


def sex(number: str) -> Literal["男", "女"]:
    """The sex in a checked identity (or certificate) number: the 17th digit is odd for men."""
    return "男" if int(number[16]) % 2 else "女"


def area_known(number: str) -> bool:
    """Whether the area code (first six digits) of a checked number stands in the table of counties, past or present."""
    area = number[:6]
    if area in _RESIDENCE_PERMITS or area == SAMPLE_AREA:
        return True
    from stdnum import numdb  # as above

    return any("county" in properties for _, properties in numdb.get("cn/loc").info(area))


def check_certificate_number(number: str) -> str:
    """The canonical disability certificate number: identity number, category 1-7, grade 1-4, and B+n if re-issued.

    Raises `ValueError` with what was expected, never with the number itself.
    """
    text = normalise(number)
    match = _CERTIFICATE.match(text)
    if match is None:
        raise ValueError(
            "残疾证号应为 20 位：18 位身份证号、类别代码（1-7）、等级代码（1-4），补发的后面加 B 和次数"
        )
    try:
        check_identity_number(match[1])
    except ValueError as problem:
        raise ValueError(f"残疾证号的前 18 位：{problem}") from None
    return text


def certificate_holder(number: str) -> str:
    """The identity number in a checked certificate number."""
    return number[:18]


def certificate_category(number: str) -> str:
    """The category in a checked certificate number, one of `CERTIFICATE_CATEGORIES`."""
    return CERTIFICATE_CATEGORIES[int(number[18]) - 1]


def certificate_grade(number: str) -> str:
    """The grade in a checked certificate number, one of `CERTIFICATE_GRADES`."""
    return CERTIFICATE_GRADES[int(number[19]) - 1]


# Fifteen digits or more (old, new, mistyped and certificate numbers, full-width too), or the groups 6-8-4 people write.
# Hexadecimal digests also hold long runs of digits; they are taken whole first and left alone.
_HIDDEN = re.compile(
    r"(?P<digest>(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f]))"
    r"|\d{15,}(?:[XxＸｘ]\d{0,2})?(?:[BbＢｂ]\d{1,2})?"
    r"|\d{6}[ -]\d{8}[ -]\d{3}[\dXxＸｘ]"
)


def mask(text: str) -> str:
    """Text with every identity and certificate number reduced to its first six and last four signs.

    Masking twice changes nothing more; amounts, dates, region codes and digests stay as they are.
    """
    return _HIDDEN.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    number = match[0]
    if match["digest"] and not number.isdigit():
        return number
    return f"{number[:6]}********{number[-4:]}"


_DOUBLE_SURNAMES: Final = re.compile(
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|夏侯|宇文|长孙|端木|南宫|西门|独孤|轩辕|澹台|闻人|赫连|申屠|太史|"
    "濮阳|淳于|单于|公冶|宗政|仲孙|钟离|鲜于|闾丘|司空|呼延|百里|东郭|第五|梁丘|左丘|公羊|谷梁|拓跋|完颜|纳兰|叶赫"
)


def mask_name(name: str) -> str:
    """A personal name with only the surname left: 张*, 欧阳**; of a name of one sign nothing is left."""
    text = name.strip()
    kept = 2 if len(text) > 2 and _DOUBLE_SURNAMES.match(text) else 1
    if len(text) <= 1:
        return "*" * len(text)
    return text[:kept] + "*" * (len(text) - kept)
