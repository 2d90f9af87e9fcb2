"""How the command line is used: the options commands share, help pages and usage errors in Chinese.

The help pages and errors stand in place of the English ones of typer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup

from .determination.expected import read_day
from .errors import InputError, Problem, nearest
from .printing import out
from .ruleset import Edition, Ruleset
from .ruleset.resolve import read_month

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""The base of all usage errors of typer, which it does not export itself."""

_PERCENT = re.compile(r"\d{1,3}(\.\d{1,3})?\Z", re.ASCII)
_UNEXPECTED = re.compile(r"unexpected extra arguments?(?:\(s\))? \((.*)\)\Z", re.DOTALL)

DIFFERENT: Final = 6
"""Exit code where a check found differences."""


def one_of(*choices: str) -> Any:
    """A check for an option that is one of some words."""

    def check(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"应为 {'、'.join(choices)} 之一")
        return value

    return check


def percentage(value: str | None) -> str | None:
    """A check for an option that is a percentage."""
    if value is not None and (not _PERCENT.match(value) or float(value) > 100):
        raise typer.BadParameter("应为 0 至 100 的数，如 95")
    return value


# fmt: off
CaseFile = Annotated[Path, typer.Argument(metavar="CASE", help="个案文件（YAML 或 JSON）")]
Months = Annotated[list[str], typer.Option("--month", metavar="M", help="待遇月份，如 2025-08")]
OneMonth = Annotated[str, typer.Option("--month", metavar="M", help="待遇月份，如 2025-08")]
KnownOn = Annotated[str | None, typer.Option("--known-on", metavar="D", help="只用这一天已经公布的规定，如 2025-08-15")]
Rules = Annotated[str, typer.Option("--rules", metavar="NAME", help="规则集的名称或文件夹")]
Overlays = Annotated[list[str] | None, typer.Option("--overlay", metavar="NAME", help="叠加规则的名称、文件夹或文件")]
Format = Annotated[str, typer.Option("--format", metavar="text|json", callback=one_of("text", "json"), help="输出的形式")]
RulesName = Annotated[str, typer.Argument(metavar="NAME", help="规则集的名称或文件夹")]
# fmt: on


def editions(law: Ruleset, months: Sequence[str], known_on: str | None) -> list[Edition]:
    """The law for each month asked for. Raises `InputError` before anything is evaluated."""
    day: date | None = None
    if known_on is not None:
        try:
            day = read_day(known_on)
        except ValueError as problem:
            raise InputError(Problem("known-on", str(problem))) from None
    return [law.edition(read_month(month), day) for month in months]


class Command(TyperCommand):
    """A command with its help in Chinese."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(_help(self, ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _printing_help(super().get_help_option(ctx))


class Group(TyperGroup):
    """A group of commands with its help in Chinese."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(_help(self, ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _printing_help(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            hint = nearest(name, self.commands) or "可用：" + "、".join(self.commands)
            ctx.fail(f"没有命令“{name[:40]}”（{hint}）")
        return super().resolve_command(ctx, args)


def _printing_help(option: Any) -> Any:
    """The option --help, printing as everything else is printed."""

    def show(ctx: Any, param: Any, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            out(ctx.get_help())
            ctx.exit()

    option.callback = show
    return option


def usage_text(error: Exception) -> str:
    """A usage error in Chinese: what is wrong, and where help is."""
    given: Any = error
    kind, context = type(error).__name__, given.ctx
    if kind == "NoArgsIsHelpError":
        return str(context.get_help())
    message = _complaint(kind, given, context)
    return f"{message}\n用 {context.command_path if context else 'eligibility'} --help 查看用法"


def _complaint(kind: str, error: Any, context: Any) -> str:
    if kind == "NoSuchOption":
        options = [name for param in context.command.get_params(context) for name in param.opts]
        hint = nearest(error.option_name, options)
        return f"没有选项 {error.option_name[:40]}" + (f"（{hint}）" if hint else "")
    if kind == "MissingParameter":
        return f"缺少 {_label(error.param)}"
    if kind == "BadParameter":
        label = error.param_hint if error.param is None else _label(error.param)
        return f"{label}：{error.message}" if label else str(error.message)
    if kind == "BadOptionUsage":
        takes = "后面要写值" if "requires" in error.message else "不带值"
        return f"选项 {error.option_name} {takes}"
    if (match := _UNEXPECTED.search(error.message)) is not None:
        return f"多余的参数：{match[1]}"
    return str(error.message)


def _label(param: Any) -> str:
    """What a parameter is called on the command line."""
    return (
        str(param.metavar or param.name) if param.param_type_name == "argument" else max(param.opts, key=len)
    )


def _help(command: Any, ctx: Any) -> str:
    params = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option"]
    commands = list(getattr(command, "commands", {}).items())
    pieces = [ctx.command_path]
    pieces += [_usage(param) for param in arguments]
    pieces += [f"{_label(param)} {param.metavar}" for param in options if param.required]
    pieces += ["命令 …"] if commands else []
    pieces += ["[选项]"]
    lines = ["用法：" + " ".join(pieces), "", command.help or ""]
    lines += _section("参数", [(_usage(param), _described(param)) for param in arguments])
    lines += _section("命令", [(name, inner.help or "") for name, inner in commands])
    lines += _section("选项", [(_option(param), _described(param)) for param in options])
    if command.epilog:
        lines += ["", command.epilog]
    return "\n".join(lines) + "\n"


def _usage(param: Any) -> str:
    text = _label(param) + ("…" if param.nargs == -1 else "")
    return text if param.required else f"[{text}]"


def _option(param: Any) -> str:
    names = ", ".join(param.opts)
    return names if param.metavar is None or getattr(param, "is_flag", False) else f"{names} {param.metavar}"


def _described(param: Any) -> str:
    if "--help" in param.opts:
        return "显示用法"
    extra = []
    if param.required:
        extra.append("必填")
    if isinstance(param.default, str):
        extra.append(f"默认 {param.default}")
    if getattr(param, "multiple", False):
        extra.append("可写多次")
    return (param.help or "") + (f"（{'，'.join(extra)}）" if extra else "")


def _section(title: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    """Rows in two columns, aligned by what they take up on the screen."""
    rows = list(rows)
    if not rows:
        return []
    width = max(cell_len(left) for left, _ in rows)
    return ["", f"{title}：", *(f"  {left}{' ' * (width - cell_len(left))}  {right}" for left, right in rows)]
