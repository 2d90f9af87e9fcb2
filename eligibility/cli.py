"""The command line: parses, calls the library, prints. Everything it can do is a few lines of Python away.

Data goes to standard output, everything else to standard error. Exit codes: 0 done; 2 usage; 3 input unusable, nothing
evaluated; 4 finished, some files failed and are listed; 5 ruleset invalid; 6 a check found differences or too little
covered; 7 the engines disagree; 8 output cannot be written; 130 interrupted, 141 nobody reads the output any more.
Whether somebody is eligible never changes the exit code.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from . import __version__
from .case import json_schema, load_case
from .cli_matrix import matrix
from .cli_registers import explain_reevaluated, reevaluate, registers
from .cli_rulesets import rulesets
from .cli_sweep import sweep
from .cli_whatif import whatif
from .determination import Determination
from .determination import determine as determine_case
from .determination import replay as replay_record
from .determination.coverage import Coverage
from .determination.expectations import Failure, check_files, golden_files
from .determination.explain import explain as explain_determination
from .errors import EligibilityError, EngineDisagreement, InputError, Problem, reason_of
from .printing import (
    ReaderGone,
    note,
    note_error,
    note_failures,
    note_warnings,
    out,
    out_determination,
    out_json,
    out_report,
    out_rows,
)
from .ruleset import Ruleset, load_ruleset
from .usage import (
    DIFFERENT,
    Command,
    Format,
    Group,
    KnownOn,
    Months,
    Overlays,
    Rules,
    UsageError,
    editions,
    one_of,
    percentage,
    usage_text,
)  # fmt: skip
from .writing import write_file

SOME_FAILED: Final = 4
INTERRUPTED: Final = 130
READER_GONE: Final = 141
DEBUG: Final = "ELIGIBILITY_DEBUG"
MAX_RECORD_BYTES: Final = 50_000_000

app = typer.Typer(
    cls=Group, help="按规则集认定社会救助待遇：符合与否、金额、理由和依据。", add_completion=False,
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
app.add_typer(rulesets, name="rulesets")
app.add_typer(registers, name="register")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code; the entry point of the console script `eligibility`."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a sign the terminal lacks is no reason to fail
    try:
        command = typer.main.get_command(app)
        given = list(sys.argv[1:] if arguments is None else arguments)
        code = command.main(args=given, prog_name="eligibility", standalone_mode=False)
    except EligibilityError as error:
        note_error(error)
        return error.exit_code
    except UsageError as error:
        note(usage_text(error))
        return 2
    except ReaderGone:
        return READER_GONE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        # The message of an error nobody foresaw may quote what was typed; only its kind is shown.
        note(f"程序错误：{type(error).__name__}（设 {DEBUG}=1 可看经过，请报给维护者）")
        if os.environ.get(DEBUG) == "1":
            note("".join(traceback.format_exception(error)))
        return 1
    if code == INTERRUPTED:
        note("已中断")
    return code if isinstance(code, int) else 0


def _version(wanted: bool) -> None:
    if wanted:
        out(__version__)
        raise typer.Exit


@app.callback()
def _root(
    wanted: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="显示版本")
    ] = False,
) -> None:
    """Options that stand before any command."""


@app.command(cls=Command, help="认定一个或几个个案在一个或几个月份的各项待遇。")
def determine(
    cases: Annotated[list[Path], typer.Argument(metavar="CASE", help="个案文件（YAML 或 JSON），可以几个")],
    month: Months,
    known_on: KnownOn = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    format: Format = "text",
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="把认定记录写进文件（含完整证件号，只供本人可读）"),
    ] = None,
) -> int:
    """Determines every case for every month; a case that cannot be used does not stop the others."""
    several = len(cases) * len(month) > 1
    _check_record(record, cases, several)
    law = load_ruleset(rules, overlays=overlay or ())
    laws = editions(law, month, known_on)
    done: list[tuple[Path, Determination]] = []
    failures: list[Failure] = []
    for path in cases:
        try:
            case = load_case(path)
        except EligibilityError as error:
            failures.append(Failure(str(path), error))
            continue
        for edition in laws:
            try:
                done.append((path, determine_case(case, edition)))
            except EligibilityError as error:
                failures.append(Failure(str(path), error))
    if record is not None and done:
        write_file(record, done[0][1].record(), "记录", private=True)
    for path, determination in done:
        note_warnings(determination, path.name if several else None)
    if format == "json" and done:
        out_json([{"file": str(path), **determination.summary(masked=True)} for path, determination in done])
    elif format == "text":
        for path, determination in done:
            out_determination(determination, path.stem)
    note_failures(failures)
    return _failed(failures, anything_done=bool(done))


@app.command(cls=Command, help="用文字说明认定：每个条件的数值、标准、依据和缺少的信息。")
def explain(
    context: typer.Context,
    case: Annotated[Path, typer.Argument(metavar="CASE", help="个案文件，或 reevaluate 的结果文件夹")],
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="M",
            help="待遇月份，如 2025-08；个案文件必填，结果文件夹可以是补发的任何一个月",
        ),
    ] = None,
    known_on: KnownOn = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    household: Annotated[
        str | None, typer.Option("--household", metavar="ID", help="结果文件夹：哪一户（家庭编号）")
    ] = None,
    side: Annotated[
        str,
        typer.Option(
            "--side", metavar="before|after", callback=one_of("before", "after"), help="结果文件夹：哪一边"
        ),
    ] = "after",
    audience: Annotated[
        str,
        typer.Option(
            "--audience",
            metavar="officer|resident",
            callback=one_of("officer", "resident"),
            help="给经办人（全部）或者居民（要点）看",
        ),
    ] = "officer",
    language: Annotated[
        str, typer.Option("--language", metavar="zh|en", callback=one_of("zh", "en"), help="语言")
    ] = "zh",
) -> int:
    """Explains the determination of one case for one month, or of one household of a re-evaluation."""
    if household is not None or case.is_dir():
        if household is None:
            raise typer.BadParameter(f"{case} 是文件夹，要用 --household 指明哪一户")
        _refuse(context, ("known_on", "rules", "overlay"), "规定和知悉日是复核时的，不能另写")
        determination = explain_reevaluated(case, household, side, month)
        out(f"家庭编号 {household}" if language == "zh" else f"Household {household}")
    else:
        if not case.exists():
            raise InputError(Problem("file-unreadable", "没有这个文件或文件夹", str(case)))
        if month is None:
            raise typer.BadParameter("缺少 --month")
        _refuse(context, ("side",), "只用于 reevaluate 的结果文件夹")
        law = load_ruleset(rules, overlays=overlay or ())
        (edition,) = editions(law, [month], known_on)
        try:
            determination = determine_case(load_case(case), edition)
        except InputError as error:
            note_failures([Failure(str(case), error)])
            return error.exit_code
    audiences: Any = audience  # checked by the option
    languages: Any = language
    out(explain_determination(determination, audience=audiences, language=languages))
    return 0


def _refuse(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Options that were written though they mean nothing here."""
    for param in context.command.params:
        source = context.get_parameter_source(param.name or "")
        if param.name in names and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(why, param_hint=param.opts[0])


@app.command(cls=Command, help="核对个案文件和测试表里的预期，列出不同之处和没有测到的规定。")
def check(
    cases: Annotated[
        list[Path] | None,
        typer.Argument(metavar="CASES", help="个案文件、测试表或者文件夹，不写即 cases 文件夹"),
    ] = None,
    rules: Rules = "beijing",
    coverage: Annotated[bool, typer.Option("--coverage", help="逐项列出没有测到的条件、情形和标准")] = False,
    fail_under: Annotated[
        str | None,
        typer.Option(
            "--fail-under",
            metavar="N",
            callback=percentage,
            help="条件（符合和不符合都测到）和情形合计测到的不足百分之 N，退出码为 6",
        ),
    ] = None,
    format: Format = "text",
) -> int:
    """Compares what case files and test sheets expect with what is determined."""
    law = load_ruleset(rules)
    paths = [file for path in cases or [Path("cases")] for file in golden_files(path)]
    if not paths:
        raise InputError(Problem("no-cases", "文件夹里没有个案文件", str(cases[0] if cases else "cases")))
    laid: dict[tuple[str, ...], Ruleset] = {}

    def lay(overlays: tuple[str, ...]) -> Ruleset:
        if overlays not in laid:
            laid[overlays] = load_ruleset(rules, overlays=overlays)
        return laid[overlays]

    touched = Coverage(law)
    report = check_files(paths, law, lay=lay, coverage=touched)
    out_report(paths, report, touched, list_untouched=coverage, as_json=format == "json")
    note_failures(report.failures)
    below = fail_under is not None and touched.percent < float(fail_under)
    if below:
        note(f"条件和情形测到 {touched.percent:.1f}%，低于要求的 {fail_under}%")
    failed = _failed(report.failures, anything_done=len(report.failures) < len(paths))
    if (report.differences or (below and not failed)) and failed != EngineDisagreement.exit_code:
        return DIFFERENT
    return failed


@app.command(cls=Command, help="按记录重新认定，与记录逐字节比较。")
def replay(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="认定记录，由 determine --record 写成")],
    rules: Rules = "beijing",
    overlay: Overlays = None,
    format: Format = "text",
) -> int:
    """Determines a recorded case again; names the law that differs, where the result does."""
    law = load_ruleset(rules, overlays=overlay or ())
    try:
        result = replay_record(_read_record(record), law)
    except InputError as error:
        note_failures([Failure(str(record), error)])
        return error.exit_code
    shown = [(path, *map(_shown(path), values)) for path, *values in result.differences]
    if format == "json":
        out_json({"identical": result.identical, "law": result.law, "differences": shown, "run": result.run})
    else:
        out("一致：重新认定与记录逐字节相同" if result.identical else "不同：重新认定与记录不一样")
        if result.law:
            out(f"规定与记录时不同的有：{'、'.join(result.law)}")
        if shown:
            columns = {"path": "位置", "recorded": "记录", "now": "现在"}
            out_rows(columns, [dict(zip(columns, row, strict=True)) for row in shown])
        for path, before, after in result.run:
            note(f"注意：运行情况不同（不影响结果）：{path} 记录为 {before}，现在为 {after}")
    return 0 if result.identical else DIFFERENT


def _shown(path: str) -> Any:
    """How a value at a place of a record may be shown: facts of the case stay in the record."""
    personal = path.startswith("case") or ".reasons." in path or path.startswith("workings")
    return (lambda value: "（个案内容，不显示）") if personal else str


@app.command(cls=Command, help="输出个案文件的 JSON Schema，供编辑器和其他系统使用。")
def schema(
    what: Annotated[
        str, typer.Argument(metavar="case", callback=one_of("case"), help="哪一种文件：case（个案）")
    ] = "case",
) -> int:
    """Prints the JSON Schema of case files."""
    out_json(json_schema())
    return 0


app.command(cls=Command, help="把个案与假设情景下的认定并排比较；说明为什么不符合、怎样才符合。")(whatif)
app.command(cls=Command, help="一个数量在一个范围里变化：每项待遇怎样变，在哪一分转折，依哪一条。")(sweep)
app.command(cls=Command, help="几个情景乘许多户：一个文件夹的个案或者整个台账，谁变动，花多少。")(matrix)
app.command(cls=Command, help="复核整个台账：规定改变前后谁新增、退出、增发、减发，该补发多少。")(reevaluate)


def _failed(failures: Iterable[Failure], *, anything_done: bool) -> int:
    """The exit code for files that failed; engines that disagree are never passed over."""
    codes = {failure.error.exit_code for failure in failures}
    if not codes:
        return 0
    if EngineDisagreement.exit_code in codes:
        return EngineDisagreement.exit_code
    return SOME_FAILED if anything_done else max(codes)


def _check_record(record: Path | None, cases: Sequence[Path], several: bool) -> None:
    """A record holds one determination, and never replaces the case it was made from."""
    if record is None:
        return
    if several:
        raise typer.BadParameter("一份记录只装一个个案一个月份的认定，请分开运行", param_hint="--record")
    if any(record.resolve() == case.resolve() for case in cases):
        raise typer.BadParameter("记录不能写进个案文件本身", param_hint="--record")


def _read_record(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_RECORD_BYTES or path.is_char_device() or path.is_fifo():
            raise InputError(Problem("record-format", "这不是认定记录：不是普通文件，或者太大", str(path)))
        return path.read_bytes()
    except OSError as failure:
        message = f"文件读不出来：{reason_of(failure)}"
        raise InputError(Problem("file-unreadable", message, str(path))) from None
