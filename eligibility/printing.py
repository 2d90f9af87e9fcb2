"""What the command line prints: data to standard output, everything else to standard error, nothing unmasked.

Every text passes through the mask here, once more than needed rather than once less. Tables fit the terminal; where
there is none they are as wide as their content, so that nothing is cut. `NO_COLOR` is respected.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from .case import mask
from .determination import Determination, Operand, Outcome, Reason, Verdict
from .determination.coverage import CRITERION, KINDS, MET, PARAMETER, ROUTE, UNMET, Coverage
from .determination.expectations import Comparison, Failure, Report
from .determination.explain import leading_reasons
from .determination.texts import OUTCOMES, show
from .errors import EligibilityError, OutputError, Problem, reason_of
from .language.nodes import Origin
from .quantities import Money

UNBOUNDED_WIDTH: Final = 100_000
"""Width of a table that goes to a file or a pipe."""

MAX_LISTED: Final = 3
"""Most reasons and most missing facts a table shows of one verdict; `explain` and JSON show all."""

Columns = Mapping[str, str]
"""The columns of a table: key in JSON -> heading."""
Row = Mapping[str, Any]


class ReaderGone(Exception):
    """Whoever read our output has stopped reading (a closed pipe): no error, but nothing more to do."""


def out(text: str) -> None:
    """Prints data. Raises `OutputError` if it cannot be written, `ReaderGone` if nobody reads it any more."""
    stream = sys.stdout
    try:
        if stream is None:
            raise OSError(0, "标准输出已关闭")
        stream.write(mask(text).rstrip("\n") + "\n")
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)
        raise ReaderGone from None
    except OSError as failure:
        _abandon(stream)
        problem = Problem("output-unwritable", f"结果写不出去：{reason_of(failure)}", "标准输出")
        raise OutputError(problem) from None


def note(text: str) -> None:
    """Prints what is not data: warnings, errors, progress."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(mask(text).rstrip("\n") + "\n")
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def _abandon(stream: TextIO | None) -> None:
    """Lets what is still buffered go nowhere, or the interpreter would complain when it ends."""
    try:
        assert stream is not None
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (AssertionError, OSError, ValueError):
        pass  # not a stream of the operating system


def out_json(data: object) -> None:
    """Prints data as JSON, Chinese as it is."""
    out(json.dumps(data, ensure_ascii=False, indent=2))


def out_rows(columns: Columns, rows: Sequence[Row], *, as_json: bool = False) -> None:
    """Prints rows as a table or as a JSON list of objects; columns that are empty in all rows are left out of tables."""
    if as_json:
        out_json([{key: row.get(key) for key in columns} for row in rows])
        return
    used = {key: title for key, title in columns.items() if any(row.get(key) for row in rows)}
    out(_table(used or columns, rows))


def _table(columns: Columns, rows: Sequence[Row]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in columns.values():
        table.add_column(title, overflow="fold")
    for row in rows:
        # Masked cell by cell: a number folded over two lines would not be recognised afterwards.
        table.add_row(*(Text(mask(_cell(row.get(key)))) for key in columns))
    terminal = sys.stdout is not None and sys.stdout.isatty()
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=None if terminal else UNBOUNDED_WIDTH,
        force_terminal=terminal,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


VERDICT_COLUMNS: Final[Columns] = {
    "programme": "项目",
    "subject": "对象",
    "outcome": "认定",
    "amount": "金额（元/月）",
    "route": "情形",
    "reasons": "主要理由",
    "missing": "缺少",
}


def out_determination(determination: Determination, name: str) -> None:
    """Prints a determination as a table under a heading; `name` is what the case is called, if it has no title."""
    edition = determination.edition
    overlays = "".join(f" + {overlay}" for overlay in edition.ruleset.overlays)
    known = f"按 {edition.known_on} 已公布的规定，" if edition.known_on else ""
    title = determination.case.title or name
    out(f"{title}　待遇月份 {edition.month}（{known}规则集 {edition.ruleset.id}{overlays}）")
    if determination.scenario is not None:
        out(f"假设情景：{determination.scenario}。本结果不作认定依据。")
    out_rows(VERDICT_COLUMNS, [_verdict(verdict) for verdict in determination])
    stood_on = {assumption.id for verdict in determination for assumption in verdict.assumptions}
    if stood_on:
        listed = "、".join(name for name in edition.ruleset.assumptions if name in stood_on)
        out(f"依假设 {listed}；逐条理由和依据见 explain")
    out("")


def _verdict(verdict: Verdict) -> Row:
    return {
        "programme": verdict.programme.name,
        "subject": verdict.subject or "家庭",
        "outcome": OUTCOMES["zh"][verdict.outcome],
        "amount": _amount(verdict),
        "route": verdict.route,
        "reasons": _reasons(verdict),
        "missing": _missing(verdict),
    }


def _amount(verdict: Verdict) -> str:
    if verdict.amount is not None:
        return format(verdict.amount, ",") + ("（每季）" if verdict.programme.period else "")
    if verdict.amount_range is not None:
        lower, upper = verdict.amount_range
        return f"{lower:,} 至 {_upper(upper)}"
    if verdict.amount_unknown:
        return "未知" + (f"（最近已知 {verdict.last_known:,}）" if verdict.last_known else "")
    return ""


def _upper(amount: Money | None) -> str:
    return "不封顶" if amount is None else format(amount, ",")


def _reasons(verdict: Verdict) -> str:
    """What decided, shortly: for a grant the line that was kept, otherwise the criteria that failed or are open."""
    leading = leading_reasons(verdict)
    if verdict.outcome is Outcome.ELIGIBLE:
        leading = _of_route(verdict) or leading
        leading = tuple(reason for reason in leading if _figures(reason))[:1] or leading
    return _shortened([_reason(reason) for reason in leading], "；")


def _of_route(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that the route taken asks for."""
    taken = [route for route in verdict.programme.routes if route.name == verdict.route]
    wanted = {condition.criterion for route in taken for limb in route.when for condition in limb}
    return tuple(reason for reason in verdict.reasons if reason.id in wanted)


def _figures(reason: Reason) -> tuple[Operand, ...]:
    """The numbers a criterion compared, if one of them is a figure of the law."""
    numbers = tuple(o for o in reason.operands if o.type.numeric and not o.sensitive)
    return numbers if any(o.origin is Origin.PARAMETER for o in numbers) else ()


def _missing(verdict: Verdict) -> str:
    names = [f"{item.subject} {item.name}" if item.subject else item.name for item in verdict.missing]
    return _shortened(list(dict.fromkeys(names)), "、")


def _shortened(texts: Sequence[str], separator: str) -> str:
    left = len(texts) - MAX_LISTED
    return separator.join(texts[:MAX_LISTED]) + (f"；另有 {left} 项" if left > 0 else "")


def _reason(reason: Reason) -> str:
    if reason.criterion.because and reason.verdict is reason.excludes:
        return reason.criterion.because
    state = {True: "满足", False: "不满足", None: "不能确定"}[reason.verdict]
    figures = "，".join(f"{o.name} {show(o.value, o.type, 'zh')}" for o in _figures(reason))
    title = "不公开的情形" if reason.sensitive else f"“{reason.title}”"
    return f"{state}{title}" + (f"（{figures}）" if figures else "")


def note_warnings(determination: Determination, name: str | None) -> None:
    """Prints the warnings of a determination; `name` tells which one is meant, where there are several."""
    place = f"{name} {determination.month}：" if name is not None else ""
    for warning in determination.warnings:
        note(f"注意：{place}{warning}")


def note_error(error: EligibilityError) -> None:
    """Prints the problems of an error, each in one line with its place."""
    for problem in error.problems:
        note(str(problem))


def note_failures(failures: Iterable[Failure]) -> None:
    """Prints why files could not be used; what several months have in common is said once."""
    lines = [_in_file(problem, failure.file) for failure in failures for problem in failure.error.problems]
    for line in dict.fromkeys(lines):
        note(line)


def _in_file(problem: Problem, file: str) -> str:
    """A problem in one line that begins with the file, whether or not its place names it."""
    place = problem.location
    if not (place or "").startswith((file, mask(file))):
        place = f"{file}: {place}" if place else file
    return str(Problem(problem.code, problem.message, place, problem.hint))


COMPARISON_COLUMNS: Final[Columns] = {
    "location": "位置",
    "month": "月份",
    "known_on": "知悉日",
    "programme": "项目",
    "subject": "对象",
    "aspect": "比较",
    "expected": "预期",
    "found": "结果",
}


def difference_rows(comparisons: Iterable[Comparison]) -> list[Row]:
    """A row for everything that came out otherwise than expected."""
    return [
        {
            "location": comparison.location,
            "month": str(comparison.month),
            "known_on": None if comparison.known_on is None else comparison.known_on.isoformat(),
            "programme": comparison.programme,
            "subject": comparison.subject,
            **difference._asdict(),
        }
        for comparison in comparisons
        for difference in comparison.differences
    ]


TARGET_COLUMNS: Final[Columns] = {"programme": "项目", "kind": "没有测到的", "name": "名称"}


def out_report(
    paths: Sequence[Path], report: Report, coverage: Coverage, *, list_untouched: bool, as_json: bool
) -> None:
    """Prints what checking came to: a row a file, a row a difference, what the expectations touched of the ruleset."""
    broken = {failure.file for failure in report.failures}
    files = []
    for path in map(str, paths):
        own = [comparison for comparison in report.comparisons if comparison.file == path]
        different = sum(not comparison.agrees for comparison in own)
        result = "不可用" if path in broken else "没有预期" if not own else "不同" if different else "相符"
        files.append({"file": path, "expected": len(own), "different": different, "result": result})
    differences = difference_rows(report.differences)
    untouched = coverage.untouched() if list_untouched else ()
    if as_json:
        shares = {share.kind: {"touched": share.touched, "total": share.total} for share in coverage.shares()}
        data = {"files": files, "differences": differences, "coverage": shares}
        out_json({**data, "untouched": [t._asdict() for t in untouched]} if list_untouched else data)
        return
    out_rows({"file": "文件", "expected": "预期项数", "different": "不同", "result": "结果"}, files)
    if differences:
        out("")
        out_rows(COMPARISON_COLUMNS, differences)
    if untouched:
        out("")
        out_rows(TARGET_COLUMNS, [{**t._asdict(), "kind": KINDS[t.kind]} for t in untouched])
    out(
        f"\n{len(paths)} 个文件，{len(report.comparisons)} 项预期：{len(report.differences)} 项不同，"
        f"{len(report.failures)} 个文件不可用"
    )
    out(_touched(coverage))


def _touched(coverage: Coverage) -> str:
    """The shares in one line."""
    share = {each.kind: f"{each.touched}/{each.total}" for each in coverage.shares()}
    return (
        f"测到 {coverage.percent:.1f}%：条件 {share[CRITERION]}（符合 {share[MET]}，不符合 {share[UNMET]}），"
        f"情形 {share[ROUTE]}，标准的版本 {share[PARAMETER]}"
    )
