"""Pictures of what-ifs: benefits against a quantity, the history of a figure, determinations side by side.

Each picture is written as SVG or PNG (by the name of the file), the same bytes for the same input, and beside it the
numbers it shows as CSV. Needs the extra `pictures` and a font with Chinese signs.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..determination.model import Verdict
from ..determination.texts import OUTCOMES
from ..errors import InputError, Problem
from ..language.nodes import decimal_text
from ..quantities import Money, Month
from ..ruleset.model import Link, Provenance, Ruleset
from ..ruleset.timeline import timeline
from ..values import Number
from ..writing import csv_table, write_file
from .compare import Comparison
from .pieces import HOUSEHOLD, TOTAL, Entitlement, Sweep, title

FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK JP",
)
"""Fonts with simplified Chinese signs, the best first."""
_FONT_FILES: Final = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-")
SUFFIXES: Final = (".svg", ".png")
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Told apart also by people who see fewer colours (Okabe and Ito)."""
_RED: Final = "#B00020"
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture with the numbers it shows: `write` makes both files."""

    figure: Figure
    rows: Rows

    def write(self, path: Path) -> tuple[Path, Path]:
        """Writes the picture, and the numbers under the same name with `.csv`; gives both places.

        Raises `InputError` for a name that is neither SVG nor PNG, `OutputError` where nothing can be written.
        """
        check_suffix(path)
        numbers = path.with_suffix(".csv")
        write_file(path, self.image(path.suffix), "图")
        write_file(
            numbers, csv_table({name: name for row in self.rows[:1] for name in row}, self.rows), "图的数值"
        )
        return path, numbers

    def image(self, suffix: str) -> bytes:
        """The picture as `.svg` or `.png`; the same bytes in every run with the same Matplotlib and font."""
        data = io.BytesIO()
        kind = suffix.lower().removeprefix(".")
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        with rc_context(_style()):
            self.figure.savefig(data, format=kind, metadata=metadata, dpi=150)
        return data.getvalue()


def check_suffix(path: Path) -> None:
    """Refuses a file name that says no kind of picture. Raises `InputError`."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(Problem("picture-kind", f"图的文件名应以 {' 或 '.join(SUFFIXES)} 结尾", str(path)))


def chinese_font() -> str:
    """The name of an installed font with Chinese signs. Raises `InputError` (no-font) with the package to install."""
    if (name := _listed()) is None:
        # Matplotlib keeps a list of fonts between runs; one installed since then is not on it.
        for file in font_manager.findSystemFonts():
            if Path(file).name.startswith(_FONT_FILES):
                font_manager.fontManager.addfont(file)
        name = _listed()
    if name is None:
        hint = "Debian、Ubuntu：apt-get install fonts-noto-cjk"
        raise InputError(Problem("no-font", "没有找到中文字体，画不出图", None, hint))
    return name


def _listed() -> str | None:
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in known), None)


def _style() -> Any:
    return {
        "font.family": [chinese_font()],
        "font.size": 9,
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "eligibility",
        "svg.fonttype": "path",
    }


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _finish(figure: Figure, note: str) -> None:
    """Writes the note below, and lays everything out once: each layout starts from the one before."""
    figure.supxlabel(note, fontsize=7, color="#555555", x=0.01, ha="left")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


# —— Benefits against a quantity ——


def benefit_picture(found: Sweep) -> Picture:
    """Monthly benefits of a sweep, one upon the other, with the total and its cliffs.

    Straight between the exact corner points; what the family forgoes, seasonal payments and what is not one figure at
    either end are left out (the rows hold them all).
    """
    with rc_context(_style()):
        figure, axes = _figure(9, 5)
        names = _drawn(found)
        colours = {key: _COLOURS[i % len(_COLOURS)] for i, key in enumerate(names)}
        for piece in found.pieces:
            ends = [piece.low, piece.high]
            across = [x / found.quantity.per_unit for x in ends]
            base = [0.0, 0.0]
            for entitlement in piece.entitlements:
                if entitlement.key not in names or entitlement.key in piece.total.forgoes:
                    continue
                top = [b + _yuan_at(entitlement, x) for b, x in zip(base, ends, strict=True)]
                axes.fill_between(across, base, top, color=colours[entitlement.key], alpha=0.75, linewidth=0)
                base = top
            axes.plot(across, base, color="black", linewidth=1.4)
        for key, name in names.items():
            axes.fill_between([], [], color=colours[key], alpha=0.75, label=name)
        axes.plot([], [], color="black", linewidth=1.4, label=TOTAL)
        _mark_cliffs(axes, found)
        unit = "（元）" if found.quantity.type.counts_money else ""
        axes.set_xlabel(found.quantity.label + unit)
        axes.set_ylabel("每月待遇（元）")
        axes.set_title(
            f"{found.case.title or '待遇'}：{found.edition.month} 待遇随{found.quantity.name}的变化"
        )
        axes.set_xlim(found.low / found.quantity.per_unit, found.high / found.quantity.per_unit)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="upper right", fontsize=8)
        _finish(figure, _left_out(found))
    return Picture(figure, list(found.rows()))


def _drawn(found: Sweep) -> dict[tuple[str, str | None], str]:
    """The monthly payments that are drawn somewhere, with their names, in the order of the ruleset."""
    ends = [(piece, x) for piece in found.pieces for x in (piece.low, piece.high)]
    paid = {e.key for piece, x in ends for e in piece.entitlements if _yuan_at(e, x)}
    every = [e for piece in found.pieces for e in piece.entitlements if not e.programme.period]
    return {e.key: title(e) for e in every if e.key in paid}


def _yuan_at(entitlement: Entitlement, x: int) -> float:
    figure = None if entitlement.amount is None else entitlement.amount.figure(x)
    return 0.0 if figure is None else float(figure) / 100


def _mark_cliffs(axes: Axes, found: Sweep) -> None:
    for cliff in found.cliffs():
        x = cliff.x / found.quantity.per_unit
        before, after = cliff.before.fen / 100, cliff.after.fen / 100
        axes.plot([x, x], [before, after], color=_RED, linewidth=2)
        axes.annotate(
            f"{found.quantity.text(cliff.x)}：少 {cliff.loss:,}",
            (x, before),
            xytext=(4, 6),
            textcoords="offset points",
            color=_RED,
            fontsize=8,
        )


def _left_out(found: Sweep) -> str:
    """What the picture does not show, and what it is worth."""
    every = {e.key: title(e) for piece in found.pieces for e in piece.entitlements}
    open_ = {
        e.key
        for piece in found.pieces
        for e in piece.entitlements
        if e.unknown or (e.amount is not None and e.amount.low != e.amount.high)
    }
    left = "、".join(name for key, name in every.items() if key in open_)
    parts = [f"金额不确定而没有画的：{left}"] if left else []
    if any(piece.total.forgoes for piece in found.pieces):
        parts.append("只能择一的，按领得最多的选择")
    return "；".join([*parts, "情景试算，不作认定依据"])


# —— The history of a figure ——


def timeline_picture(rules: Ruleset, name: str) -> Picture:
    """The history of one parameter as steps; what is not on file is a gap, what is only assumed is dashed.

    Raises `InputError` for an unknown name, a table, or a parameter that is no number.
    """
    entries = timeline(rules, name)
    parameter = rules.parameters[name]
    if parameter.keys or not parameter.symbol.type.numeric:
        raise InputError(Problem("picture-parameter", f"“{name}”不是一个数，画不出沿革"))
    money = parameter.symbol.type.counts_money
    with rc_context(_style()):
        figure, axes = _figure(9, 4)
        latest = {
            entry.start: entry for entry in entries
        }  # of several with one start, the last published holds
        rows: Rows = []
        end = max((entry.until or entry.start) for entry in entries) + 12
        for entry in latest.values():
            value = _figure_of(rules, name, entry.start)
            shown = None if value is None else float(value) / (100 if money else 1)
            rows.append(
                {
                    "from": str(entry.start),
                    "until": None if entry.until is None else str(entry.until),
                    "value": None if value is None else _plain(value, money),
                    "provenance": entry.provenance.value,
                }
            )
            start, stop = _year(entry.start), _year(entry.until or end)
            if shown is None:
                axes.axvspan(start, stop, color="#DDDDDD", linewidth=0)
                axes.annotate(
                    "未知", ((start + stop) / 2, 0.02), xycoords=("data", "axes fraction"), ha="center"
                )
                continue
            style = "--" if entry.provenance is Provenance.ASSUMPTION else "-"
            axes.plot([start, stop], [shown, shown], color=_COLOURS[0], linewidth=2, linestyle=style)
            axes.annotate(
                _plain(value or 0, money),
                (start, shown),
                xytext=(1, 4),
                textcoords="offset points",
                fontsize=8,
            )
        axes.set_title(f"{name}（{parameter.unit}）")
        axes.set_ylabel(parameter.unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(y=0.15)
        _finish(figure, "虚线：按假设；灰色：没有查到")
    return Picture(figure, rows)


def _figure_of(rules: Ruleset, name: str, month: Month) -> Number | None:
    """The figure that holds in a month with everything on file; None where it was not found."""
    version = rules.parameters[name].dated.resolve(month, None)
    value = None if version is None else version.content.value
    if isinstance(value, Link):
        return _figure_of(rules, value.name, month)
    return value if isinstance(value, Number) and not isinstance(value, bool) else None


def _year(month: Month) -> float:
    return month.year + (month.month - 1) / 12


def _plain(value: Number, money: bool) -> str:
    return str(Money.from_fen(int(value))) if money else decimal_text(value)


# —— Determinations side by side ——


def comparison_picture(comparison: Comparison) -> Picture:
    """What each programme pays under each determination, as bars; an outcome without one figure is written instead."""
    paying = [row for row in comparison.verdicts if row.programme.kind != "status"]
    shown = [row for row in paying if any(v is not None and v.amount is not None for v in row.verdicts)]
    names = comparison.names
    labels = [row.programme.name + (f"[{row.subject}]" if row.subject else "") for row in shown] + [TOTAL]
    bars = [[_bar(verdict) for verdict in row.verdicts] for row in shown]
    sums = [None if total.open else total.per_month for total in comparison.totals]
    bars.append([(0.0, "不能合计") if s is None else (s.fen / 100, format(s, ",")) for s in sums])
    rows: Rows = [
        {
            "programme": row.programme.name,
            "subject": row.subject or HOUSEHOLD,
            "scenario": name,
            "outcome": None if verdict is None else verdict.outcome.value,
            "amount": None if verdict is None or verdict.amount is None else str(verdict.amount),
        }
        for row in paying
        for name, verdict in zip(names, row.verdicts, strict=True)
    ]
    rows += [
        {
            "programme": TOTAL,
            "subject": HOUSEHOLD,
            "scenario": name,
            "outcome": None,
            "amount": None if s is None else str(s),
        }
        for name, s in zip(names, sums, strict=True)
    ]
    with rc_context(_style()):
        figure, axes = _figure(9, 1.2 + 0.32 * len(labels) * (len(names) + 0.6))
        _draw_bars(axes, labels, bars, names)
        axes.set_xlabel("元/月（按季发放的为元/季）")
        axes.set_title(comparison.determinations[0].case.title or "比较")
        _finish(figure, "情景试算，不作认定依据")
    return Picture(figure, rows)


def _bar(verdict: Verdict | None) -> tuple[float, str]:
    if verdict is None:
        return 0.0, "不涉及"
    if verdict.amount is not None:
        return verdict.amount.fen / 100, format(verdict.amount, ",")
    unknown = "，金额未知" if verdict.amount_unknown else ""
    return 0.0, OUTCOMES["zh"][verdict.outcome] + unknown


def _draw_bars(
    axes: Axes, labels: Sequence[str], bars: Sequence[Sequence[tuple[float, str]]], names: Sequence[str]
) -> None:
    height = 0.8 / len(names)
    for index, name in enumerate(names):
        places = [row + height * index for row in range(len(labels))]
        values = [row[index][0] for row in bars]
        axes.barh(places, values, height=height * 0.92, color=_COLOURS[index % len(_COLOURS)], label=name)
        for place, row in zip(places, bars, strict=True):
            axes.annotate(row[index][1], (row[index][0], place), xytext=(3, 0), textcoords="offset points",
                          va="center", fontsize=8)  # fmt: skip
    axes.set_yticks([row + height * (len(names) - 1) / 2 for row in range(len(labels))], labels)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.legend(frameon=False, fontsize=8)
