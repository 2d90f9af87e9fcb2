"""What a cell says: every way offices write a value, and what is refused instead of guessed."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from eligibility.register.cells import CellRefused, cell_value, masked_cell
from eligibility.register.columns import HOUSEHOLD_ID, MEMBER_ID, Column, column_of
from eligibility.values import Level
from tests.strategies import identity_number

NUMBER = identity_number(date(1988, 4, 12), 26)
WITH_X = next(
    number for order in range(999) if (number := identity_number(date(1988, 4, 12), order)).endswith("X")
)


def column(title: str, level: Level = Level.PERSON) -> Column:
    found = column_of(title, level)
    assert found is not None
    return found


REGION, MONEY = column("地区", Level.HOUSEHOLD), column("货币财产", Level.HOUSEHOLD)
SIGNED = column("收入.经营净收入")
DAY, TRUTH, SEX = column("出生日期"), column("本市户籍"), column("性别")
NAME, MEMBER, IDENTITY = column("姓名"), column("成员编号"), column("身份证号")
DISABILITIES, VEHICLES = column("残疾"), column("车辆", Level.HOUSEHOLD)
COUNT, TERM, AREA = (
    column("住房套数", Level.HOUSEHOLD),
    column("刑期月数"),
    column("住房面积", Level.HOUSEHOLD),
)


@pytest.mark.parametrize(
    ("which", "typed", "stored"),
    [
        (MONEY, "1480", 148_000),
        (MONEY, "1,234.50元", 123_450),
        (MONEY, "１，２３４．５０", 123_450),
        (MONEY, "¥ 1 234.5", 123_450),
        (MONEY, "0.5万", 500_000),
        (MONEY, "1.23456万元", 1_234_560),
        (MONEY, "1480.0000", 148_000),
        (MONEY, 1234.5, 123_450),
        (MONEY, 1e7, 10**9),
        (MONEY, Decimal("12.30"), 1230),
        (MONEY, "0", 0),
        (MONEY, "无", 0),
        (MONEY, "", None),
        (MONEY, "　 ", None),
        (MONEY, None, None),
        (MONEY, "未知", None),
        (SIGNED, "-300.5", -30_050),
        (SIGNED, "−300.5", -30_050),
        (AREA, "58.5平方米", 5850),
        (AREA, "60㎡", 6000),
        (COUNT, "2套", 2),
        (COUNT, "无", 0),
        (COUNT, 2.0, 2),
        (TERM, "36个月", 36),
        (DAY, "2025-07-01", date(2025, 7, 1)),
        (DAY, "2025/7/1", date(2025, 7, 1)),
        (DAY, "2025.7.1", date(2025, 7, 1)),
        (DAY, "2025年7月1日", date(2025, 7, 1)),
        (DAY, "20250701", date(2025, 7, 1)),
        (DAY, "２０２５年７月１日", date(2025, 7, 1)),
        (DAY, 20250701.0, date(2025, 7, 1)),
        (DAY, date(2025, 7, 1), date(2025, 7, 1)),
        (DAY, datetime(2025, 7, 1), date(2025, 7, 1)),
        (DAY, "2025-07-01 00:00:00", date(2025, 7, 1)),
        *((TRUTH, yes, True) for yes in ("是", "√", "1", 1.0, 1, True, "有", "Y", "ｙ")),
        *((TRUTH, no, False) for no in ("否", "×", "0", 0.0, 0, False, "无", "N")),
        (SEX, " 女 ", "女"),
        (IDENTITY, NUMBER, NUMBER),
        (IDENTITY, WITH_X.lower(), WITH_X),
        (IDENTITY, f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}", NUMBER),
        (IDENTITY, f"'{NUMBER}", NUMBER),
        (HOUSEHOLD_ID, "0012", "0012"),
        (HOUSEHOLD_ID, "12", "12"),
        (HOUSEHOLD_ID, 12.0, "12"),
        (HOUSEHOLD_ID, "'0012", "'0012"),
        (HOUSEHOLD_ID, "Ａ１", "A1"),
        (REGION, "110112000000", "110112000000"),
        (REGION, 110112000000.0, "110112000000"),
        (MEMBER, 1.0, "1"),
        (NAME, " 张①三 ", "张①三"),
        (DISABILITIES, "肢体二级，视力一级", "肢体二级、视力一级"),
        (DISABILITIES, "无", "无"),
        (VEHICLES, "机动车（治病）;机动车", "机动车(治病)、机动车"),
        (column("父母1.状况"), "未知", "未知"),
    ],
)
def test_what_a_cell_stores(which: Column, typed: object, stored: object) -> None:
    value = cell_value(which, typed)
    assert value == stored
    assert type(value) is type(stored)


@pytest.mark.parametrize(
    ("which", "typed", "code"),
    [
        (IDENTITY, 1.1010119480101e17, "cell-identity-number-as-number"),
        (IDENTITY, "1.10199E+17", "cell-identity-number-as-number"),
        (IDENTITY, NUMBER[:-1], "cell-identity-number"),
        (IDENTITY, NUMBER[:17] + str((int(NUMBER[17].replace("X", "10")) + 1) % 10), "cell-identity-number"),
        (MONEY, "/", "cell-unclear"),
        (MONEY, "-", "cell-unclear"),
        (DAY, "——", "cell-unclear"),
        (MONEY, "约1000", "cell-money"),
        (MONEY, "12.345", "cell-money-fraction"),
        (MONEY, 0.1 + 0.2, "cell-money-fraction"),
        (MONEY, "0.0000001万", "cell-money-fraction"),
        (MONEY, "-1", "cell-money-range"),
        (MONEY, "99999999999", "cell-money-range"),
        (MONEY, True, "cell-money"),
        (MONEY, date(2025, 7, 1), "cell-money"),
        (MONEY, float("nan"), "cell-money"),
        (MONEY, float("inf"), "cell-money"),
        (MONEY, "#REF!", "cell-formula-error"),
        (AREA, "58.555", "cell-area"),
        (COUNT, "1.5", "cell-integer"),
        (COUNT, "65", "cell-integer"),
        (DAY, 45839.0, "cell-date-serial"),
        (DAY, "2025-07", "cell-date"),
        (DAY, "2025年7月", "cell-date"),
        (DAY, "2025-02-30", "cell-date"),
        (DAY, "1850-01-01", "cell-date"),
        (DAY, datetime(2025, 7, 1, 12), "cell-date"),
        (DAY, time(12), "cell-date"),
        (TRUTH, "2", "cell-truth"),
        (TRUTH, "x", "cell-truth"),
        (SEX, "男性", "cell-choice"),
        (DISABILITIES, "肢体五级", "cell-choice"),
        (DISABILITIES, "无、肢体一级", "cell-choice"),
        (DISABILITIES, "、".join(["肢体一级"] * 21), "cell-list"),
        (HOUSEHOLD_ID, "", "cell-required"),
        (HOUSEHOLD_ID, 1.5, "cell-number-as-text"),
        (HOUSEHOLD_ID, 1e16, "cell-number-as-text"),
        (HOUSEHOLD_ID, "1.2E+15", "cell-number-as-text"),
        (HOUSEHOLD_ID, date(2025, 7, 1), "cell-text"),
        (REGION, "110112", "cell-region"),
    ],
)
def test_what_a_cell_is_refused_for(which: Column, typed: object, code: str) -> None:
    with pytest.raises(CellRefused) as caught:
        cell_value(which, typed)
    assert caught.value.code == code
    assert caught.value.remedy
    assert not which.sensitive or str(typed) not in caught.value.message + caught.value.remedy


def test_a_header_in_ten_thousands_multiplies() -> None:
    assert cell_value(MONEY, "0.5", 10_000) == 500_000
    assert cell_value(MONEY, "0.5万", 10_000) == 500_000


def test_further_names_of_words() -> None:
    receipts = Column("在享待遇", "x", Level.HOUSEHOLD, column("残疾").kind, choices=("低保",))
    assert cell_value(receipts, "dibao", 1, {"dibao": "低保"}) == "低保"


def test_no_number_of_a_person_is_shown() -> None:
    assert NUMBER not in masked_cell(IDENTITY, NUMBER)
    assert masked_cell(IDENTITY, "1101991988") == "110199********"
    assert masked_cell(NAME, "张三丰") == "张**"
    assert masked_cell(column("艾滋病病毒感染"), "是") == "******"
    assert masked_cell(MONEY, f"见{NUMBER}") == f"见{NUMBER[:6]}********{NUMBER[-4:]}"
    assert masked_cell(MONEY, None) == ""


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (f"张三{NUMBER}", f"**{NUMBER[:6]}********{NUMBER[-4:]}"),
        (f"{NUMBER} Li", f"{NUMBER[:6]}********{NUMBER[-4:]}***"),
        (f"{NUMBER}电话13800138000", f"{NUMBER[:6]}********{NUMBER[-4:]}*************"),
        ("张三 110199", "***110********"),
        ("李四", "**********"),
        (1.1019919880412e17, "110199********0000"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_masked_beside_one(typed: object, shown: str) -> None:
    assert masked_cell(IDENTITY, typed) == shown


def test_the_number_of_a_person_is_no_own_number() -> None:
    for which in (HOUSEHOLD_ID, MEMBER_ID):
        written = (f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}", f"H{NUMBER}", f"{NUMBER}-1", f"{NUMBER}号")
        for number in (NUMBER, f"{NUMBER}42", *written):
            with pytest.raises(CellRefused, match="cell-own-number") as caught:
                cell_value(which, number)
            assert caught.value.value == number
            assert caught.value.message == f"{which.title}不能用证件号"
        wrong = NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")
        assert cell_value(which, wrong) == wrong  # any other long number may be an office's own
