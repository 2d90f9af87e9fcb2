"""The command `sweep`: one quantity over a range against every benefit, as tables, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from .case import load_case
from .cli_pictures import PictureFile, pictures
from .determination import Outcome
from .determination.texts import OUTCOMES, cite
from .language.nodes import decimal_text
from .printing import Columns, note, out, out_json, out_rows
from .quantities import Money, round_half_up
from .ruleset import load_ruleset
from .usage import CaseFile, Format, KnownOn, OneMonth, Overlays, Rules, editions
from .values import Number
from .whatif.overrides import parse_override
from .whatif.pieces import HOUSEHOLD, TOTAL, Amount, Change, Entitlement, Piece, Sweep, Turn, title
from .whatif.scenario import scenario_of
from .whatif.sweep import sweep as swept
from .writing import csv_table, write_file

CSV_COLUMNS: Final[Columns] = {
    "piece": "段",
    "x": "数值",
    "programme": "项目",
    "subject": "对象",
    "outcome": "认定",
    "route": "情形",
    "low": "金额下限（元）",
    "high": "金额上限（元）",
}
JUMP_COLUMNS: Final[Columns] = {
    "at": "自",
    "total": "合计",
    "programme": "项目",
    "subject": "对象",
    "change": "变化",
    "turned": "条件",
    "cite": "依据",
}
CLIFF_COLUMNS: Final[Columns] = {
    "at": "到此为止",
    "before": "合计",
    "after": "再多一分的合计",
    "loss": "少领",
    "recovered": "补回之处",
    "programmes": "变化的项目",
}
RATE_COLUMNS: Final[Columns] = {"from": "从", "to": "到", "rate": "每多一元少领"}


def sweep(
    case: CaseFile,
    month: OneMonth,
    over: Annotated[
        str,
        typer.Option(
            "--over", metavar="NAME", help='变化的数量，如 成员["母亲"].收入.工资性收入、货币财产、低保标准'
        ),
    ],
    low: Annotated[str, typer.Option("--from", metavar="N", help="起点（含），金额写元")],
    high: Annotated[str, typer.Option("--to", metavar="N", help="终点（含），金额写元")],
    known_on: KnownOn = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="TEXT", help="另外假设的事实或标准，写作 名称 = 值")
    ] = None,
    cliffs: Annotated[bool, typer.Option("--cliffs", help="只列出陡坡和其间的边际率")] = False,
    table: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="把每一段两端的数值写进 CSV 文件")
    ] = None,
    picture: PictureFile = None,
    format: Format = "text",
) -> int:
    """Sweeps one quantity of one case for one month."""
    for option, file in (("--csv", table), ("--picture", picture)):
        if file is not None and file.resolve() == case.resolve():
            raise typer.BadParameter("不能写进个案文件本身", param_hint=option)
    law = load_ruleset(rules, overlays=overlay or ())
    (edition,) = editions(law, [month], known_on)
    supposed = tuple(parse_override(text, law) for text in change or ())
    found = swept(
        load_case(case), law, over, low, high,
        month=edition.month, known_on=edition.known_on, scenario=scenario_of(supposed) if supposed else None,
    )  # fmt: skip
    if table is not None:
        write_file(table, csv_bytes(found), "表格")
    if picture is not None:
        pictures().benefit_picture(found).write(picture)
    if format == "json":
        out_json(_cliff_data(found) if cliffs else {**found.summary(), **_cliff_data(found)})
        return 0
    known = f"按 {edition.known_on} 已公布的规定，" if edition.known_on else ""
    out(f"{found.case.title or case.stem}　待遇月份 {edition.month}（{known}规则集 {law.id}）")
    if found.scenario:
        out(f"假设：{found.scenario}")
    unit = "元" if found.quantity.type.counts_money else ""
    text = found.quantity.text
    out(f"{found.quantity.label} 从 {text(found.low)} 到 {text(found.high)}{unit}；金额为元/月\n")
    if cliffs:
        _out_cliffs(found)
    else:
        _out_pieces(found)
        _out_jumps(found)
    note("注意：假设情景下的试算，不作认定依据")
    return 0


def csv_bytes(found: Sweep) -> bytes:
    """The corner points as CSV; with the mark by which spreadsheets know UTF-8."""
    return csv_table(CSV_COLUMNS, found.rows())


# —— Pieces ——


def _out_pieces(found: Sweep) -> None:
    keys = {e.key: e for piece in found.pieces for e in piece.entitlements}
    shown = {key for piece in found.pieces for key in keys if _shown(piece, key)}
    columns = {"from": "从", "to": "到"}
    columns |= {str(key): title(e) for key, e in keys.items() if key in shown}
    columns["total"] = TOTAL
    rows = []
    for piece in found.pieces:
        row = {"from": found.quantity.text(piece.low), "to": found.quantity.text(piece.high)}
        row |= {str(e.key): _entitlement(found, piece, e) for e in piece.entitlements}
        rows.append({**row, "total": _total(found, piece)})
    out_rows(columns, rows)
    if never := [title(e) for key, e in keys.items() if key not in shown]:
        out(f"全程不符合：{'、'.join(never)}")
    if any(len(piece.totals) > 1 for piece in found.pieces):
        out("有几项只能择一的，合计按领得最多的选择")
    out("")


def _shown(piece: Piece, key: tuple[str, str | None]) -> bool:
    found = piece.entitlement(*key)
    return found is not None and found.outcome is not Outcome.INELIGIBLE


def _entitlement(found: Sweep, piece: Piece, e: Entitlement) -> str:
    state = OUTCOMES["zh"][e.outcome]
    if e.unknown:
        return f"{state}，金额未知"
    if e.amount is None:
        return state
    season = "（每季）" if e.programme.period else ""
    amount = _amount(found, piece, e.amount) + season
    return amount if e.outcome is Outcome.ELIGIBLE else f"{state}，{amount}"


def _total(found: Sweep, piece: Piece) -> str:
    names = {e.key: title(e) for e in piece.entitlements}
    text = _amount(found, piece, piece.total.amount)
    if piece.total.forgoes:
        text += f"（放弃 {'、'.join(names[key] for key in piece.total.forgoes)}）"
    if piece.total.unknown:
        listed = "、".join(name for key, name in names.items() if key in {k for k, _ in piece.total.unknown})
        text += f"（另有未知：{listed}）"
    return text


def _amount(found: Sweep, piece: Piece, amount: Amount) -> str:
    """An amount throughout a piece: at both ends, and how it moves in between."""
    first, last = _bounds(amount, piece.low), _bounds(amount, piece.high)
    line, below, above = amount.low.envelope()
    if piece.low == piece.high or (amount.low.is_constant and first == last):
        return first
    slope = line.slope if found.quantity.type.counts_money else line.slope * found.quantity.per_unit / 100
    moves = f"每多 1 {'增' if slope >= 0 else '减'} {decimal_text(abs(Fraction(slope)))}"
    rounding = "，取整" if below != above else ""
    return f"{first} → {last}（{moves}{rounding}）" if amount.low == amount.high else f"{first} → {last}"


def _bounds(amount: Amount, x: int) -> str:
    low, high = amount.bounds(x)
    if low == high:
        return _yuan(low)
    return f"{_yuan(low)} 至 {'不封顶' if high is None else _yuan(high)}"


def _yuan(fen: Number) -> str:
    return format(Money.from_fen(int(fen)), ",")


# —— Jumps ——


def _out_jumps(found: Sweep) -> None:
    rows: list[dict[str, Any]] = []
    for jump in found.jumps:
        at = found.quantity.text(jump.x)
        before, after = jump.totals
        total = None if before is None or after is None else f"{_yuan(before)} → {_yuan(after)}"
        for change in jump.changes or (None,):
            own = {"change": "另一种选择领得更多"} if change is None else _change(found, jump.x, change)
            rows.append({"at": at, "total": total, **own})
            at, total = "", ""
    if rows:
        out_rows(JUMP_COLUMNS, rows)
    else:
        out("这一范围内没有任何变化")


def _change(found: Sweep, x: int, change: Change) -> dict[str, Any]:
    e, rules = change.entitlement, found.edition.ruleset
    told = [turn for turn in change.turned if not turn.sensitive]
    sources = dict.fromkeys(cite(t.criterion.cite, rules, "zh") for t in told if t.criterion.cite is not None)
    hidden = ["不公开的情形有变"] if len(told) < len(change.turned) else []
    return {
        "programme": e.programme.name,
        "subject": e.subject or HOUSEHOLD,
        "change": f"{_state(change.before, x - 1)} → {_state(change.after, x)}",
        "turned": "；".join([*map(_turn, told), *hidden]) or "金额的算法改变",
        "cite": "、".join(sources),
    }


def _state(e: Entitlement | None, x: int) -> str:
    if e is None:
        return "不涉及"
    parts = [OUTCOMES["zh"][e.outcome]]
    parts += [e.route] if e.route else []
    parts += [_bounds(e.amount, x)] if e.amount is not None else ["金额未知"] if e.unknown else []
    return " ".join(parts)


def _turn(turn: Turn) -> str:
    words = {True: "转为满足", False: "不再满足", None: "不能再确定"}
    return f"{words[turn.after]}“{turn.criterion.title}”"


# —— Cliffs ——


def _out_cliffs(found: Sweep) -> None:
    cliffs, text = found.cliffs(), found.quantity.text
    rows = [
        {
            "at": text(cliff.x),
            "before": f"{cliff.before:,}",
            "after": f"{cliff.after:,}",
            "loss": f"{cliff.loss:,}",
            "recovered": "范围内补不回" if cliff.recovered is None else text(cliff.recovered),
            "programmes": _named(cliff.jump.changes),
        }
        for cliff in cliffs
    ]
    if rows:
        out_rows(CLIFF_COLUMNS, rows)
    else:
        out("没有陡坡：没有一处多一元而待遇减少一元以上")
    out("")
    rates = [(rate.low, rate.high, rate.rate) for rate in found.marginal_rates()]
    out_rows(
        RATE_COLUMNS,
        [{"from": text(low), "to": text(high), "rate": _percent(rate)} for low, high, rate in rates],
    )


def _named(changes: Sequence[Change]) -> str:
    return "、".join(dict.fromkeys(title(change.entitlement) for change in changes))


def _percent(rate: Fraction | None) -> str:
    """A rate as yuan per yuan, exact or rounded to a tenth of a per cent and marked so."""
    if rate is None:
        return "不能确定"
    tenths = rate * 1000
    rounded = decimal_text(Fraction(round_half_up(tenths), 10))
    return f"{rounded}%" if tenths.denominator == 1 else f"约 {rounded}%"


def _cliff_data(found: Sweep) -> dict[str, Any]:
    text = found.quantity.text
    return {
        "cliffs": [
            {
                "at": text(cliff.x),
                "before": str(cliff.before),
                "after": str(cliff.after),
                "loss": str(cliff.loss),
                "recovered": None if cliff.recovered is None else text(cliff.recovered),
                "programmes": _ids(cliff.jump.changes),
            }
            for cliff in found.cliffs()
        ],
        "marginal_rates": [
            {"from": text(r.low), "to": text(r.high), "rate": None if r.rate is None else str(r.rate)}
            for r in found.marginal_rates()
        ],
    }


def _ids(changes: Iterable[Change]) -> list[list[str | None]]:
    return [list(change.entitlement.key) for change in changes]
