"""Identity and certificate numbers, and the mask."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.case import identity, mask, mask_name
from tests.strategies import identity_number, identity_numbers

NUMBER = identity_number(date(1985, 3, 1), 12)


def test_birth_date_and_sex() -> None:
    assert identity.check_identity_number(NUMBER) == NUMBER
    assert identity.birth_date(NUMBER) == date(1985, 3, 1)
    assert identity.sex(NUMBER) == "女"
    assert identity.sex(identity_number(date(1985, 3, 1), 13)) == "男"


def test_published_check_digit() -> None:
    """The textbook example of ISO 7064 MOD 11-2 on a resident number ends in X."""
    assert identity.check_identity_number("11010519491231002x") == "11010519491231002X"


@given(identity_numbers())
def test_typing_habits_are_undone(number: str) -> None:
    wide = number.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    assert identity.check_identity_number(f"'{number[:6]} {number[6:14]} {number[14:].lower()}") == number
    assert identity.check_identity_number(wide) == number


@given(identity_numbers(), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_found(number: str, place: int, shift: int) -> None:
    digit = 10 if number[place] == "X" else int(number[place])
    wrong = number[:place] + str((digit + shift) % 10) + number[place + 1 :]
    if wrong != number:
        with pytest.raises(ValueError, match="身份证号") as caught:
            identity.check_identity_number(wrong)
        assert wrong not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("110199850301002", "18 位"),
        (NUMBER + "1", "18 位"),
        ("11019919850301O02X", "数字"),
        ("110199198513010020", "出生日期"),
        ("110199189903010020", "1900-01-01"),
        (NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2"), "校验位"),
    ],
)
def test_wrong_numbers_say_what_was_expected(number: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as caught:
        identity.check_identity_number(number)
    assert number not in str(caught.value)


def test_area_codes() -> None:
    """People of the old Beijing counties were born before their area code stands in any table: it counts as known."""
    assert identity.area_known("110223" + "0" * 12)
    assert identity.area_known("110101" + "0" * 12)
    assert identity.area_known("810000" + "0" * 12)
    assert identity.area_known(NUMBER)
    assert not identity.area_known("110198" + "0" * 12)


def test_certificate_number() -> None:
    number = identity.check_certificate_number(f" {NUMBER}44b1 ")
    assert number == NUMBER + "44B1"
    assert identity.certificate_holder(number) == NUMBER
    assert (identity.certificate_category(number), identity.certificate_grade(number)) == ("肢体", "四级")
    assert identity.certificate_category(NUMBER + "71") == "多重"


@pytest.mark.parametrize("tail", ["", "8", "81", "15", "111", "11B", "11C1"])
def test_wrong_certificate_numbers(tail: str) -> None:
    with pytest.raises(ValueError, match="残疾证号"):
        identity.check_certificate_number(NUMBER + tail)


def test_certificate_of_a_wrong_identity_number() -> None:
    wrong = NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")
    with pytest.raises(ValueError, match=r"前 18 位.*校验位"):
        identity.check_certificate_number(wrong + "11")


@given(identity_numbers(), st.sampled_from(["", "11", "44B1", "73B12"]), st.text("号为：，a ", max_size=5))
def test_mask_keeps_ten_signs(number: str, tail: str, around: str) -> None:
    typed = number + tail
    masked = mask(f"{around}:{typed}，{around}")
    assert masked == f"{around}:{typed[:6]}********{typed[-4:]}，{around}"
    assert mask(masked) == masked


def test_mask_covers_other_writings() -> None:
    for typed in ("110199850301002", NUMBER + "9", f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}"):
        assert NUMBER[6:14] not in mask(typed).replace(" ", "")
    wide = NUMBER.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    assert wide[6:14] not in mask(wide)


def test_mask_leaves_other_figures_alone() -> None:
    digest = "110199198503010021" + "ab" * 23
    for text in ("110112000000", "2025-07-01 2025-08-01", "1,480.00", "1234567890.00", digest):
        assert mask(text) == text
    assert mask("1" * 40) != "1" * 40


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三", "张*"), ("欧阳修文", "欧阳**"), ("欧阳", "欧*"), ("张三丰", "张**"), ("王", "*"), ("", "")],
)
def test_mask_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked
