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
from .cells import DATE_FORMS
from .columns import HOUSEHOLD_ID, MEMBER_ID, NONE, SEPARATOR, Column, ColumnKind
from .excel_tables import GUIDE
from .headers import NAMES, titles_of
from .workbook import CREATED, OPTIONS, form_column

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
    ColumnKind.DATE: f"日期，如 {DATE_FORMS}",
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
    "可以另加“已发.‹项目›.‹月›”列，写这个月实际发放的金额，如 已发.低保.2025-07：按户的项目在“家庭”，按人的项目在“成员”。",
    "不要合并单元格，逐行填写。",
)


def write_template(target: Path, rules: Ruleset) -> None:
    """Writes the template of a ruleset as .xlsx; the same ruleset gives the same bytes. Raises `OutputError`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, dict(OPTIONS)) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        text = book.add_format({"num_format": "@"})
        for level, titles in titles_of(rules).items():
            sheet = book.add_worksheet(NAMES[level][0])
            _write_table(sheet, titles.columns, _EXAMPLES[level], bold, text)
        _write_guide(book.add_worksheet(GUIDE), rules, bold)
    write_file(target, buffer.getvalue(), "模板")


def _write_table(
    sheet: Any, columns: tuple[Column, ...], example: Mapping[str, str], bold: Any, text: Any
) -> None:
    for place, column in enumerate(columns):
        form_column(sheet, place, column, 1, text)
        sheet.write_string(0, place, f"{column.title}*" if column.required else column.title, bold)
        sheet.write_comment(0, place, f"{column.description or column.title}\n{_FORMS[column.kind]}")
        if column.title in example:
            sheet.write_string(1, place, example[column.title], text)
    sheet.freeze_panes(1, 1)


def _write_guide(sheet: Any, rules: Ruleset, bold: Any) -> None:
    for number, line in enumerate((f"{rules.title} 台账填写说明", *_ADVICE)):
        sheet.write_string(number, 0, line)
    start = len(_ADVICE) + 2
    sheet.write_row(start, 0, ("表", "列", "必填", "写法", "可用的词", "说明"), bold)
    row = start
    for level, titles in titles_of(rules).items():
        for column in titles.columns:
            row += 1
            required = "是" if column.required else ""
            words = SEPARATOR.join(column.choices)
            cells = (NAMES[level][0], column.title, required, _FORMS[column.kind], words, column.description)
            for place, cell in enumerate(cells):
                sheet.write_string(row, place, cell)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 28)
    sheet.set_column(3, 5, 40)
