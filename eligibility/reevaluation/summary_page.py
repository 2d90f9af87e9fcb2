"""The summary for people: one Markdown page, and one HTML page with bar charts that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from ..quantities import Money
from .changes import CHANGES
from .summary import MONTHS_A_YEAR

_COLOURS: Final = {
    "新增": "#2f7d4f",
    "退出": "#b5443a",
    "增发": "#6fae84",
    "减发": "#d98c5f",
    "不变": "#a9b2bb",
    "待核": "#c9a227",
}
_BEFORE, _AFTER = "#a9b2bb", "#3a6ea5"
_STYLE: Final = """
body{font:15px/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif;color:#222;
max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #ddd}
p.law{color:#666;margin:.3rem 0 1.5rem}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{padding:.25rem .6rem;border-bottom:1px solid #eee;text-align:right;white-space:nowrap}
th{color:#555;font-weight:600;border-bottom:1px solid #bbb}th:first-child,td:first-child{text-align:left}
td.words,th.words{text-align:left;white-space:normal}svg{display:block;margin:.6rem 0;max-width:100%}
.scroll{overflow-x:auto}p.note{color:#666;font-size:.9rem}
""".strip()

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Headings, and rows of text."""


def tables(summary: Mapping[str, Any]) -> Iterable[tuple[str, Table, list[str]]]:
    """The tables a terminal shows, with their notes: changes, money, and what is owed."""
    return (section for section in _sections(summary) if section[0] in ("变动", "月发放额", "补发和追回"))


def opening(summary: Mapping[str, Any]) -> list[str]:
    """What was compared, in sentences."""
    return [_title(summary), *_opening(summary)]


def markdown_page(summary: Mapping[str, Any]) -> str:
    """The summary as Markdown."""
    lines = [f"# {_title(summary)}", "", *_opening(summary), ""]
    for heading, (head, rows), notes in _sections(summary):
        lines += [f"## {heading}", "", f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
        lines += [f"| {' | '.join(cell.replace('|', '｜') for cell in row)} |" for row in rows]
        lines += ["", *(line for note in notes for line in (note, ""))]
    return "\n".join(lines).rstrip() + "\n"


def html_page(summary: Mapping[str, Any]) -> str:
    """The summary as one HTML page with its charts inside."""
    title = escape(_title(summary))
    parts = [f"<h1>{title}</h1>", *(f'<p class="law">{escape(line)}</p>' for line in _opening(summary))]
    charts = {"变动": _changes_chart, "月发放额": _money_chart}
    for heading, table, notes in _sections(summary):
        parts.append(f"<h2>{escape(heading)}</h2>")
        if heading in charts:
            parts.append(charts[heading](summary))
        parts.append(_html_table(table))
        parts += [f'<p class="note">{escape(note)}</p>' for note in notes]
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>\n{_STYLE}\n</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _title(summary: Mapping[str, Any]) -> str:
    return f"复核汇总：{_point(summary['before'])} → {_point(summary['after'])}"


def _point(text: str) -> str:
    month, at, day = text.partition("@")
    return f"{month}（{day} 已知的规定）" if at else month


def _opening(summary: Mapping[str, Any]) -> list[str]:
    law = summary["ruleset"]
    overlays = "".join(f" + {name}" for name in law["overlays"])
    months = summary["settled_months"]
    settled = f"{months[0]} 至 {months[-1]} 逐月核对补发和追回" if months else "没有须要补算的月份"
    return [
        f"{law['title']}（{law['id']}{overlays}）。{summary['households']:,} 户，{summary['persons']:,} 人；"
        f"变动名单 {summary['change_lines']:,} 行，补发明细 {summary['arrears_lines']:,} 行。{settled}。",
        "结果是试算，由经办人审核确认。",
    ]


def _sections(summary: Mapping[str, Any]) -> Iterable[tuple[str, Table, list[str]]]:
    yield "变动", _changes_table(summary), ["单位：户（按家庭的项目）或人（按成员的项目）。"]
    yield (
        "月发放额",
        _money_table(summary),
        [
            f"单位：元。全年按 {MONTHS_A_YEAR} 个月计；按季发放的项目不折算。金额未定的不计入，另列个数。",
            "差额不是新金额减原金额：原金额、新金额各是那一边所有确定的金额；差额只计两边金额都确定的，待核的不计。",
            "须择一的项目各自列出，不相加。",
        ],
    )
    if any(any(item["lines"] for item in p["arrears"].values()) for p in summary["programmes"]):
        yield (
            "补发和追回",
            _arrears_table(summary),
            [
                "单位：元。补发和追回分列，不相抵；待核的不计金额。",
                "这里和发放汇总里，追回额是正数；补发明细里，追回的差额是负数。",
            ],
        )
    yield "各区县", _districts_table(summary), ["单位：户或人，各项目合计；月差额单位：元。"]
    missing = summary["missing"]
    if missing["facts"]:
        examined, every = missing["examined"]["subjects"], missing["undetermined"]
        yield (
            "信息不足",
            _missing_table(missing),
            [
                f"共 {every:,} 个结论信息不足，按未定条件分成 {missing['groups']:,} 组；查看了其中最大的"
                f" {missing['examined']['groups']:,} 组（{examined:,} 个结论），每组以一户为代表，其余同组的户缺的可能不同。"
            ],
        )
    if summary["assumptions"]:
        yield "依据的假设", _assumptions_table(summary), []


NOT_KNOWN: Final = "—"


def _paying(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [programme for programme in summary["programmes"] if programme["kind"] != "status"]


def _changes_table(summary: Mapping[str, Any]) -> Table:
    rows = [
        [p["name"], *(f"{p['changes'][c]['subjects']:,}" for c in CHANGES), f"{p['without_line']:,}"]
        for p in summary["programmes"]
    ]
    return ("项目", *CHANGES, "两次都不符合"), rows


def _amount(side: Mapping[str, Any]) -> str:
    """The sum of one side; where nothing but open amounts stands behind it, it is not known."""
    amount = Money(side["amount"])
    return f"{amount:,}" if amount or not side["amount_unsettled"] else NOT_KNOWN


def _money_table(summary: Mapping[str, Any]) -> Table:
    rows = []
    for p in _paying(summary):
        before, after = _amount(p["before"]), _amount(p["after"])
        monthly, known = p["monthly"], NOT_KNOWN not in (before, after)
        rows.append(
            [
                p["name"] if monthly else f"{p['name']}（每季）",
                f"{p['before']['households']:,}",
                before,
                f"{p['after']['households']:,}",
                after,
                f"{Money(p['difference']):,}" if known else NOT_KNOWN,
                f"{Money(p['difference_per_year']):,}" if monthly and known else NOT_KNOWN,
                f"{p['after']['amount_unsettled']:,}",
            ]
        )
    return ("项目", "原户数", "原金额", "新户数", "新金额", "差额", "全年差额", "金额未定"), rows


def _arrears_table(summary: Mapping[str, Any]) -> Table:
    rows = []
    for p in _paying(summary):
        for kind, found in p["arrears"].items():
            amount = f"{Money(found['amount']):,}" if "amount" in found else "—"
            if found["lines"]:
                rows.append([p["name"], kind, f"{found['households']:,}", f"{found['lines']:,}", amount])
    return ("项目", "类别", "户数", "笔数", "金额"), rows


def _districts_table(summary: Mapping[str, Any]) -> Table:
    rows = []
    for district in summary["districts"]:
        found = [c for p in district["programmes"].values() for c in p.items()]
        counts = [sum(row["subjects"] for name, row in found if name == change) for change in CHANGES]
        difference = sum((Money(row["difference"]) for _, row in found), Money(0))
        rows.append([district["name"], *(f"{count:,}" for count in counts), f"{difference:,}"])
    return ("区县", *CHANGES, "月差额"), rows


def _missing_table(missing: Mapping[str, Any]) -> Table:
    rows = [[f["name"], f"{f['alone']:,}", f"{f['subjects']:,}"] for f in missing["facts"][:20]]
    return ("缺少的信息", "只缺这一项", "缺这一项"), rows


def _assumptions_table(summary: Mapping[str, Any]) -> Table:
    rows = [[a["id"], a["question"], f"{a['verdicts']:,}"] for a in summary["assumptions"]]
    return ("假设", "问题", "涉及的结论"), rows


def _html_table(table: Table) -> str:
    head, rows = table
    words = {index for index, name in enumerate(head) if name == "问题"}

    def line(cells: Sequence[str], tag: str) -> str:
        made = [
            f'<{tag} class="words">{escape(cell)}</{tag}>' if i in words else f"<{tag}>{escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(made)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return (
        f'<div class="scroll"><table><thead>{line(head, "th")}</thead><tbody>\n{body}\n</tbody></table></div>'
    )


# —— Charts: plain SVG, horizontal bars, one line per programme ——

_LABELS, _BARS, _NUMBERS, _LINE = 110, 560, 290, 26


def _changes_chart(summary: Mapping[str, Any]) -> str:
    """How the subjects with a line of each programme are divided among the changes."""
    shown = []
    for p in summary["programmes"]:
        counts = [p["changes"][change]["subjects"] for change in CHANGES]
        if sum(counts):
            shown.append((p["name"], counts))
    rows = []
    for index, (name, counts) in enumerate(shown):
        top, left, total = index * _LINE, 0, sum(counts)
        rows.append(_text(_LABELS - 8, top, name, "end"))
        for change, count, passed in zip(CHANGES, counts, _running(counts), strict=True):
            right = _BARS * passed // total
            if right > left:
                rows.append(
                    _bar(_LABELS + left, top, right - left, 16, _COLOURS[change], f"{change} {count:,}")
                )
            left = right
        rows.append(_text(_LABELS + _BARS + 8, top, f"{total:,}", "start"))
    legend = [
        f'<rect x="{_LABELS + 90 * i}" y="{len(shown) * _LINE + 8}" width="12" height="12" fill="{_COLOURS[c]}"/>'
        + _text(_LABELS + 90 * i + 18, len(shown) * _LINE + 2, c, "start")
        for i, c in enumerate(CHANGES)
    ]
    return _svg([*rows, *legend], (len(shown) + 1) * _LINE + 4, "各项目的变动")


def _money_chart(summary: Mapping[str, Any]) -> str:
    """What each programme pays before and after, on one scale."""
    shown = [p for p in _paying(summary) if Money(p["before"]["amount"]) or Money(p["after"]["amount"])]
    most = max((Money(p[side]["amount"]).fen for p in shown for side in ("before", "after")), default=1)
    rows, line = [], _LINE + 10
    for index, p in enumerate(shown):
        top = index * line
        rows.append(_text(_LABELS - 8, top + 4, p["name"], "end"))
        for offset, side, colour, word in ((0, "before", _BEFORE, "原"), (13, "after", _AFTER, "新")):
            amount = Money(p[side]["amount"])
            width = max(1, _BARS * amount.fen // most)
            rows.append(_bar(_LABELS, top + offset, width, 11, colour, f"{word} {amount:,} 元"))
        unsettled = p["after"]["amount_unsettled"]
        words = f"{Money(p['after']['amount']):,} 元" + (f"，另有 {unsettled:,} 个未定" if unsettled else "")
        rows.append(_text(_LABELS + _BARS + 8, top + 4, words, "start"))
    legend = [
        f'<rect x="{_LABELS + 90 * i}" y="{len(shown) * line + 8}" width="12" height="12" fill="{colour}"/>'
        + _text(_LABELS + 90 * i + 18, len(shown) * line + 2, word, "start")
        for i, (colour, word) in enumerate(((_BEFORE, "原"), (_AFTER, "新")))
    ]
    return _svg([*rows, *legend], len(shown) * line + _LINE + 4, "各项目的月发放额")


def _running(counts: Sequence[int]) -> list[int]:
    return [sum(counts[: index + 1]) for index in range(len(counts))]


def _bar(x: int, top: int, width: int, height: int, colour: str, words: str) -> str:
    return (
        f'<rect x="{x}" y="{top + 4}" width="{width}" height="{height}" fill="{colour}">'
        f"<title>{escape(words)}</title></rect>"
    )


def _text(x: int, top: int, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{top + 17}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(parts: Iterable[str], height: int, label: str) -> str:
    width = _LABELS + _BARS + _NUMBERS
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{label}" '
        f'font-size="13" fill="#222">{"".join(parts)}</svg>'
    )
