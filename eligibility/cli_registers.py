"""The commands `register sample | import | check | template | show` and `reevaluate`: whole registers on the command line."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from .case import mask
from .determination import Determination
from .errors import InputError, Problem, extra
from .printing import note, out, out_json, out_rows
from .ruleset import load_ruleset
from .usage import Command, Format, Group, Overlays, Rules
from .values import Level

ROWS_LISTED: Final = 4
"""Exit code where some rows could not be used and are listed."""

registers = typer.Typer(
    cls=Group,
    help="台账：导入、检查、模板、样例。",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _whole_from(least: int) -> Callable[[Any], int]:
    """A reader for an option that is a whole number, `least` or more."""

    def read(typed: Any) -> int:
        text = str(typed)
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise typer.BadParameter(f"应为不小于 {least} 的整数，如 1000")
        return int(text)

    return read


# fmt: off
Target = Annotated[Path, typer.Option("--out", metavar="FILE", help="写到哪个文件")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="文件夹、工作簿、CSV、Parquet，或 postgresql:// 地址")]
Households = Annotated[int, typer.Option("--households", metavar="N", parser=_whole_from(1), help="户数")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", parser=_whole_from(0), help="随机种子；户数和种子相同，样例相同")]
ProblemList = Annotated[Path | None, typer.Option("--problems", metavar="FILE", help="问题清单（CSV）写到哪里；不写即在台账旁边")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="NAME", help="不读这一列，如 联系电话")]
Book = Annotated[Path, typer.Argument(metavar="WORKBOOK", help="填好的工作簿")]
RegisterFile = Annotated[Path, typer.Argument(metavar="FILE", help="台账文件（.arrow）")]
# fmt: on


def _extra() -> contextlib.AbstractContextManager[None]:
    """Around the import of what works with registers."""
    # Batches come and go: Arrow's own allocator gives much of their memory back to the system between two of them, and
    # getting it again costs more than reading them. Arrow looks at this when it is loaded.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    return extra("register", "台账")


@contextlib.contextmanager
def _progress(words: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, with rate and time left; elsewhere nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(words),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} 户/秒"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, rate="")

        def tell(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate="" if speed is None else f"{speed:,.0f}")

        yield tell


@registers.command("sample", cls=Command, help="生成虚构的样例台账。")
def sample(households: Households, target: Target, seed: Seed = 1, rules: Rules = "beijing") -> int:
    """Writes a synthetic register."""
    with _extra():
        from .register.sample import write_sample
    with _progress("生成样例") as tell:
        each = None if tell is None else lambda done: tell(done, households)
        report = write_sample(
            target, households=households, seed=seed, rules=load_ruleset(rules), progress=each
        )
    out(f"{target}：{report.households:,} 户，{report.persons:,} 人")
    return 0


@registers.command("import", cls=Command, help="把表格导入成台账文件；有问题的行列出来，其余照样导入。")
def import_tables(
    source: Source,
    target: Target,
    problems: ProblemList = None,
    ignore: Ignore = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
) -> int:
    """Imports tables; exit code 4 if rows were listed."""
    with _extra():
        from .register.importing import import_register
    law = load_ruleset(rules, overlays=overlay or ())
    listed = problems or target.with_name(f"{target.stem}-问题清单.csv")
    with _progress("导入") as tell:
        report = import_register(source, target, law, problems=listed, ignore=ignore or (), progress=tell)
    for notice in report.notices:
        note(f"注意：{notice}")
    out(f"{target}：{report.households:,} 户，{report.persons:,} 人")
    if not report.rows_listed:
        listed.unlink(missing_ok=True)
    return _listed(report.rows_in, report.rows_listed, listed)


def explain_reevaluated(folder: Path, household: str, side: str, month: str | None) -> Determination:
    """The determination of one household of a finished re-evaluation."""
    with _extra():
        from .reevaluation.explaining import explain_household
    return explain_household(folder, household, side, month)


def _listed(rows: int, listed: int, place: Path) -> int:
    if not listed:
        return 0
    note(f"{rows:,} 行中有 {listed:,} 行不能用，列在 {place}")
    return ROWS_LISTED


@registers.command("check", cls=Command, help="检查填好的工作簿，写成加了校验结果的工作簿。")
def check_workbook(
    book: Book, target: Target, ignore: Ignore = None, rules: Rules = "beijing", overlay: Overlays = None
) -> int:
    """Checks a workbook without keeping a register; exit code 4 if rows were listed."""
    with _extra():
        from .register.importing import import_register
        from .register.sources import refuse_own_input
        from .register.workbook import checked_workbook
    law = load_ruleset(rules, overlays=overlay or ())
    refuse_own_input(book, target)
    with tempfile.TemporaryDirectory() as folder:
        report = import_register(book, Path(folder) / "台账.arrow", law, ignore=ignore or ())
    checked_workbook(book, report, target, law, ignore or ())
    for notice in report.notices:
        note(f"注意：{notice}")
    out(f"{target}：{report.households:,} 户可用，{report.persons:,} 人")
    return _listed(report.rows_in, report.rows_listed, target)


@registers.command("template", cls=Command, help="生成空白的填报工作簿。")
def template(target: Target, rules: Rules = "beijing", overlay: Overlays = None) -> int:
    """Writes the workbook that offices fill in."""
    with _extra():
        from .register.template import write_template
    write_template(target, load_ruleset(rules, overlays=overlay or ()))
    out(str(target))
    return 0


@registers.command("show", cls=Command, help="显示台账有多少户、多少人、哪些列。")
def show(file: RegisterFile, format: Format = "text") -> int:
    """Shows counts, digest and columns of a register."""
    with _extra():
        from .register.column import KIND_TITLES
        from .register.columns import MEMBERS, column_of
        from .register.store import open_register
    register = open_register(file)
    people = register.schema.field(MEMBERS).type.value_type
    titles = [(field.name, Level.HOUSEHOLD) for field in register.schema if field.name != MEMBERS]
    titles += [(people.field(index).name, Level.PERSON) for index in range(people.num_fields)]
    columns = [column for title, level in titles if (column := column_of(title, level)) is not None]
    rows = [
        {
            "title": column.title,
            "key": column.key,
            "level": "家庭" if column.level is Level.HOUSEHOLD else MEMBERS,
            "kind": column.kind.value,
        }
        for column in columns
    ]
    if format == "json":
        counts = {"households": register.households, "persons": register.persons, "digest": register.digest}
        out_json({**counts, "columns": rows})
        return 0
    out(f"{file}：{register.households:,} 户，{register.persons:,} 人；内容摘要 {register.digest}")
    shown = [{**row, "kind": KIND_TITLES[column.kind]} for row, column in zip(rows, columns, strict=True)]
    out_rows({"title": "列", "key": "英文名", "level": "层级", "kind": "种类"}, shown)
    return 0


# fmt: off
Given = Annotated[str, typer.Argument(metavar="REGISTER", help="台账文件（.arrow），或者要导入的表格")]
Before = Annotated[str, typer.Option("--before", metavar="M[@D]", help="原来的月份和知悉日，如 2025-06@2025-06-30")]
After = Annotated[str, typer.Option("--after", metavar="M[@D]", help="现在的月份和知悉日，如 2025-07@2025-09-30")]
Through = Annotated[str | None, typer.Option("--through", metavar="M", help="补发算到哪个月，不写即现在的月份")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="结果写进哪个文件夹；中断后用同一个文件夹接着做")]
Excel = Annotated[bool, typer.Option("--excel", help="名单另写成 Excel 工作簿")]
Unmasked = Annotated[bool, typer.Option("--identity-numbers", help="名单写完整的姓名和证件号（文件只供本人可读）")]
# fmt: on


def reevaluate(
    register: Given,
    before: Before,
    after: After,
    folder: Out,
    through: Through = None,
    excel: Excel = False,
    identity_numbers: Unmasked = False,
    ignore: Ignore = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    format: Format = "text",
) -> int:
    """Re-evaluates a register, or tables that are imported first; exit code 4 if rows of them were listed."""
    with _extra():
        from .reevaluation.runner import PROBLEMS_FILE, reevaluate_tables
        from .reevaluation.runner import reevaluate as reevaluate_register
        from .register.store import open_register
    options: dict[str, Any] = {"before": before, "after": after, "through": through, "out": folder}
    options |= {"name": rules, "overlays": tuple(overlay or ())}
    options |= {"identity_numbers": identity_numbers, "excel": excel}
    law = load_ruleset(rules, overlays=overlay or ())
    with _progress("复核") as tell:
        if register.endswith(".arrow"):
            if ignore:
                message = "台账已经导入，没有要忽略的列；--ignore 只用于导入表格"
                raise InputError(Problem("column-ignored", message, mask(register)))
            report = reevaluate_register(open_register(Path(register)), law, progress=tell, **options)
        else:
            report = reevaluate_tables(register, law, progress=tell, ignore=ignore or (), **options)
    for notice in report.notices:
        note(f"注意：{notice}")
    if report.already_finished:
        written = f"按名单写了 {'、'.join(report.workbooks)}" if report.workbooks else "没有改动"
        note(f"{folder} 里已有这次复核的结果，{written}")
    if format == "json":
        out_json(report.summary)
    else:
        _out_summary(report.summary, folder)
    if report.rows_listed:
        note(f"导入的表格有 {report.rows_listed:,} 行不能用，列在 {folder / PROBLEMS_FILE}")
    return ROWS_LISTED if report.rows_listed else 0


def _out_summary(summary: Any, folder: Path) -> None:
    from .reevaluation.summary_page import opening, tables

    for line in opening(summary):
        out(line)
    for heading, (head, rows), notes in tables(summary):
        out(f"\n{heading}")
        out_rows({name: name for name in head}, [dict(zip(head, row, strict=True)) for row in rows])
        for line in notes:
            out(line)
    out(f"\n结果在 {folder}：名单、汇总（汇总.html、汇总.md、summary.json）")
