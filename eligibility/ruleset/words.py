"""What the keywords of a ruleset mean, in words: the one place for `repost`, `month_after_decision`, `above`, `first`…

Where determinations are told in English too, the words come by language.
"""

from __future__ import annotations

from typing import Final

from ..quantities import Month
from ..values import Level
from .model import Provenance, Timing

PROVENANCES: Final = {
    "zh": {
        Provenance.DOCUMENT: "文件所载",
        Provenance.REPOST: "据转载",
        Provenance.DERIVED: "推算",
        Provenance.ASSUMPTION: "假设",
        Provenance.SCENARIO: "情景假设",
    },
    "en": {
        Provenance.DOCUMENT: "from the document",
        Provenance.REPOST: "from a copy",
        Provenance.DERIVED: "derived",
        Provenance.ASSUMPTION: "assumed",
        Provenance.SCENARIO: "scenario",
    },
}
PAYABLE: Final = {
    "zh": {
        "month_of_application": "自申请当月起",
        "month_after_application": "自申请次月起",
        "month_of_decision": "自审核确认当月起",
        "month_after_decision": "自审核确认的次月起",
    },
    "en": {
        "month_of_application": "from the month of application",
        "month_after_application": "from the month after application",
        "month_of_decision": "from the month of the decision",
        "month_after_decision": "from the month after the decision",
    },
}
PAYABLE_UNTIL: Final = {
    "month_of_change": "情况变化的当月起停发",
    "month_after_change": "情况变化的次月起停发",
}
ARREARS: Final = {"in_payment": "补发给当月已在享的", "all": "补发给当月符合的"}
NEW_ENTRANTS: Final = {"none": "按新标准才符合的不补发", "all": "按新标准才符合的也补发"}
PERIODS: Final = {"season": "按季发放，不计入每月合计"}
KINDS: Final = {"cash": "现金待遇", "status": "身份认定", "supplement": "补充待遇"}
LEVELS: Final = {Level.HOUSEHOLD: "家庭", Level.PERSON: "成员", Level.PARENT: "父母"}
CHOICES: Final = {
    "first": "几个情形都符合时，取最先列出的",
    "highest": "几个情形都符合时，取金额最高的",
    "unique": "几个情形不会同时符合",
}
COUNTS: Final = {"all": "全部计入", "none": "不计入", "above": "超过所列数额的部分计入"}
GRADES: Final = {
    "doc": "所附材料",
    "A": "政府网站",
    "B": "有公信力的媒体",
    "C": "转载",
    "D": "一般网站",
    "R": "国家文件的非官方全文转录",
}


def timing_text(timing: Timing | None) -> str:
    """A rule about months as a sentence: `自审核确认的次月起发放`; empty where there is none."""
    if timing is None:
        return ""
    rules, parts = timing.rules, []
    if "from" in rules:
        parts.append(f"{PAYABLE['zh'][rules['from']]}发放")
    if "until" in rules:
        parts.append(PAYABLE_UNTIL[rules["until"]])
    if "for" in rules:
        parts.append(f"标准补溯提高的，{ARREARS[rules['for']]}")
    if "new_entrants" in rules:
        parts.append(NEW_ENTRANTS[rules["new_entrants"]])
    if "unit" in rules:
        parts.append(PERIODS[rules["unit"]])
    if "once_per" in rules:
        parts.append(f"每{'户' if rules['once_per'] == '家庭' else '人'}每季一次")
    return "，".join(parts)


def months_text(start: Month, until: Month | None) -> str:
    """The months from `start` to before `until`: `2025-07 起`, `2015-07 至 2015-12`, or one month."""
    if until is None:
        return f"{start} 起"
    last = until + -1
    return str(start) if last == start else f"{start} 至 {last}"
