"""The workbook an office fills in: sheets 家庭 and 成员 with every column of a ruleset, and a sheet that explains them.

Everything in it comes from the columns of the register, so a template always fits the ruleset it was written for.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from ..case.identity import SAMPLE_AREA
from ..case.models import NOTHING_ELSE
from ..ruleset import Ruleset
from ..values import Level
from ..writing import write_file
from .columns import HOUSEHOLD_ID, MEMBER_ID, NONE, SEPARATOR, Column, ColumnKind
from .excel_tables import GUIDE
from .headers import NAMES, Titles
from .workbook import CREATED, OPTIONS

_ROWS: Final = 1_048_575
"""The last row of a sheet, from 0."""
_CHOICES_LENGTH: Final = 255
"""Most signs of the words of a drop-down."""
_ANSWERS: Final = ("是", "否")
_EXAMPLES: Final[Mapping[Level, Mapping[str, str]]] = {
    Level.HOUSEHOLD: {
        HOUSEHOLD_ID.title: "示例-0001",
        "地区": f"{SAMPLE_AREA}001001",
        "声明": NOTHING_ELSE,
        "货币财产": "3000.00",
        "住房套数": "1",
        "住房面积": "58.50",
    },
    Level.PERSON: {
        HOUSEHOLD_ID.title: "示例-0001",
        MEMBER_ID.title: "1",
        "姓名": "示例",
        "出生日期": "1988-04-12",
        "性别": "女",
        "与户主关系": "户主",
        "共同生活": "是",
        "本市户籍": "是",
        "就业状况": "就业",
        "收入.工资性收入": "2400.00",
    },
}
_FORMS: Final[Mapping[ColumnKind, str]] = {
    ColumnKind.TEXT: "文字",
    ColumnKind.CODE: "12 位代码，文本格式",
    ColumnKind.MONEY: "金额（元），最多两位小数",
    ColumnKind.SIGNED_MONEY: "金额（元），最多两位小数，亏损写负数",
    ColumnKind.AREA: "平方米，最多两位小数",
    ColumnKind.COUNT: "整数",
    ColumnKind.TERM: "月数，整数",
    ColumnKind.DATE: "日期，如 2025-07-01",
    ColumnKind.TRUTH: "是 或 否",
    ColumnKind.CHOICE: "从所列的词中选一个",
    ColumnKind.LIST: f"从所列的词中选，几个之间用“{SEPARATOR}”；没有写 {NONE}",
    ColumnKind.MEMBER: "成员编号",
}
_ADVICE: Final = (
    "带 * 的列必须填写。空着就是不知道；没有请写 0 或 无。",
    "一户一行写在“家庭”，一人一行写在“成员”，两张表用家庭编号相连。",
    f"声明写“{NOTHING_ELSE}”的家庭，没有填的列表按没有计。",
    "身份证号和各种编号用文本格式，否则表格软件会丢掉后几位数字。",
    "不用的列可以删去；可以另加“备注”“序号”列，导入时不读。第二行是示例，填写前删去。",
)


def write_template(target: Path, rules: Ruleset) -> None:
    """Writes the template of a ruleset as .xlsx; the same ruleset gives the same bytes. Raises `OutputError`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, dict(OPTIONS)) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        text = book.add_format({"num_format": "@"})
        for level, names in NAMES.items():
            columns = Titles(rules, level).columns
            _write_table(book.add_worksheet(names[0]), columns, _EXAMPLES[level], bold, text)
        _write_guide(book.add_worksheet(GUIDE), rules, bold)
    write_file(target, buffer.getvalue(), "模板")


def _write_table(
    sheet: Any, columns: tuple[Column, ...], example: Mapping[str, str], bold: Any, text: Any
) -> None:
    for place, column in enumerate(columns):
        width = max(10, 2 * len(column.title) + 3)
        # Every cell is text, so that no spreadsheet turns a number of a person into one to reckon with.
        sheet.set_column(place, place, width, text)
        sheet.write_string(0, place, f"{column.title}*" if column.required else column.title, bold)
        sheet.write_comment(0, place, f"{column.description or column.title}\n{_FORMS[column.kind]}")
        if column.title in example:
            sheet.write_string(1, place, example[column.title], text)
        words = _ANSWERS if column.kind is ColumnKind.TRUTH else column.choices
        if words and len(",".join(words)) <= _CHOICES_LENGTH:
            rule = {"validate": "list", "source": list(words)}
            if (
                column.kind is ColumnKind.LIST
            ):  # a cell may hold several words, which a drop-down cannot offer
                rule["error_type"] = "information"
            sheet.data_validation(1, place, _ROWS, place, rule)
    sheet.freeze_panes(1, 1)


def _write_guide(sheet: Any, rules: Ruleset, bold: Any) -> None:
    for number, line in enumerate((f"{rules.title} 台账填写说明", *_ADVICE)):
        sheet.write_string(number, 0, line)
    start = len(_ADVICE) + 2
    sheet.write_row(start, 0, ("表", "列", "必填", "写法", "可用的词", "说明"), bold)
    row = start
    for level, names in NAMES.items():
        for column in Titles(rules, level).columns:
            row += 1
            required = "是" if column.required else ""
            words = SEPARATOR.join(column.choices)
            cells = (names[0], column.title, required, _FORMS[column.kind], words, column.description)
            for place, cell in enumerate(cells):
                sheet.write_string(row, place, cell)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 28)
    sheet.set_column(3, 5, 40)
