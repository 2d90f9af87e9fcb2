"""The command `matrix`: several scenarios over case files or a whole register, beside the households as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from .errors import InputError, Problem, extra
from .printing import Columns, note, note_failures, out, out_json, out_rows
from .quantities import Money
from .ruleset import Ruleset, load_ruleset
from .ruleset.resolved import Programme
from .usage import Format, KnownOn, OneMonth, Overlays, Rules, editions
from .values import Level
from .writing import csv_table, write_file

if TYPE_CHECKING:
    from .whatif.effects import Effect, Tally
    from .whatif.matrix import Column, Matrix

REGISTERS: Final = frozenset({".arrow", ".parquet"})
"""How the name of a register file ends."""
SOME_FAILED: Final = 4
"""Exit code where some files could not be used and are listed."""

SCENARIO_COLUMNS: Final[Columns] = {
    "number": "序号",
    "scenario": "情景",
    "month": "月份",
    "known_on": "知悉日",
    "determined": "各项都确定（户）",
    "open": "有未定的（户）",
}
EFFECT_COLUMNS: Final[Columns] = {
    "scenario": "情景",
    "eligible": "符合",
    "enters": "新增",
    "leaves": "退出",
    "gains": "增发",
    "loses": "减发",
    "keeps": "不变",
    "review": "待核",
    "undetermined": "信息不足",
    "unsettled": "金额未定",
    "cost": "每月（元）",
    "cost_per_year": "每年（元）",
    "difference": "每月差",
    "difference_per_year": "每年差",
}
CSV_COLUMNS: Final[Columns] = {
    "scenario": "情景",
    "month": "月份",
    "programme": "项目",
    **{
        f"{key}_{unit}": f"{title}（{sign}）"
        for key, title in list(EFFECT_COLUMNS.items())[1:9]
        for unit, sign in (("households", "户"), ("persons", "人"))
    },
    "unsettled": "金额未定",
    "cost": "金额（元/月或季）",
    "cost_per_year": "每年（元）",
    "difference": "差额（元/月或季）",
    "difference_per_year": "每年差额（元）",
}

# fmt: off
Sources = Annotated[list[Path], typer.Argument(metavar="SOURCE", help="台账文件（.arrow），或者个案文件、文件夹，可以几个")]
ScenarioFile = Annotated[Path, typer.Option("--scenario", metavar="FILE", help="情景文件（YAML）：情景，或者矩阵")]
Table = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="另把每个情景每个项目一行写进 CSV 文件")]
# fmt: on


def matrix(
    sources: Sources,
    month: OneMonth,
    scenario: ScenarioFile,
    known_on: KnownOn = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    table: Table = None,
    format: Format = "text",
) -> int:
    """Evaluates many households under several scenarios; exit code 4 if files could not be used."""
    if table is not None and table.resolve() in {path.resolve() for path in (*sources, scenario)}:
        raise typer.BadParameter("不能写进输入的文件本身", param_hint="--csv")
    base = tuple(overlay or ())

    @cache
    def lay(more: tuple[str, ...]) -> Ruleset:
        return load_ruleset(rules, overlays=(*base, *more))

    found = _matrix(sources, scenario, month, known_on, lay)
    if table is not None and found.households:
        write_file(table, csv_bytes(found), "表格")
    if not found.households:
        note_failures(found.failures)
        raise InputError(Problem("no-cases", "没有一户可以用", str(sources[0])))
    if format == "json":
        out_json(found.data())
    else:
        _out_matrix(found, sources[0].name + (f" 等 {len(sources)} 项" if len(sources) > 1 else ""))
    for column in found.columns:
        if column.checked_through is not None:
            name, checked = column.name, column.checked_through
            note(f"注意：{name}：规则集只核对到 {checked}；{column.edition.month} 按当时最后有效的标准计算")
    note("注意：假设情景下的试算，不作认定依据")
    note_failures(found.failures)
    return SOME_FAILED if found.failures else 0


def _matrix(sources: list[Path], file: Path, month: str, known_on: str | None, lay: Any) -> Matrix:
    """Reads the law and the scenarios and evaluates. Raises `InputError` where the extra is not installed."""
    with extra("register", "台账"):
        from .register.store import open_register
        from .whatif.matrix import matrix_of_cases, matrix_of_register
        from .whatif.scenario import load_scenarios
    registers = [path for path in sources if path.suffix in REGISTERS]
    if registers and len(sources) > 1:
        raise typer.BadParameter("台账一次只能一个，也不能与个案文件混用", param_hint="SOURCE")
    law = lay(())
    (edition,) = editions(law, [month], known_on)
    scenarios = load_scenarios(file, law, lay=lay)
    at: dict[str, Any] = {"month": edition.month, "known_on": edition.known_on, "lay": lay}
    if registers:
        return matrix_of_register(open_register(registers[0]), law, scenarios, **at)
    return matrix_of_cases(sources, law, scenarios, **at)


def csv_bytes(found: Matrix) -> bytes:
    """A row for every scenario and programme; with the mark by which spreadsheets know UTF-8."""
    return csv_table(CSV_COLUMNS, found.rows())


# —— Text ——


def _out_matrix(found: Matrix, name: str) -> None:
    baseline = found.columns[0].edition
    left = f"；另有 {len(found.failures):,} 个文件不能用，没有计入" if found.failures else ""
    out(f"{name}：{found.households:,} 户，当月 {found.persons:,} 人{left}（规则集 {baseline.ruleset.id}）\n")
    out_rows(SCENARIO_COLUMNS, [_scenario(number, column) for number, column in enumerate(found.columns, 1)])
    unchanged, nobody = [], []
    for programme in found.programmes:
        effects = [column.effects[programme.id] for column in found.columns]
        whose = "按户" if programme.level is Level.HOUSEHOLD else "按人"
        head = f"【{programme.name}】{whose}，户/人{'，金额按季' if programme.period else ''}"
        if any(effect.differs(effects[0]) for effect in effects):
            out(f"\n{head}")
            out_rows(EFFECT_COLUMNS, [_effect(found, programme, number) for number in range(len(effects))])
        elif effects[0].eligible.persons or effects[0].undetermined.persons:
            row = _effect(found, programme, 0)
            listed = [f"{title} {row[key]}" for key, title in EFFECT_COLUMNS.items() if row.get(key)][1:]
            unchanged.append(f"{head}：{'，'.join(listed)}")
        else:
            nobody.append(programme.name)
    out("\n".join(["\n各情景都没有变动：", *unchanged]) if unchanged else "")
    if nobody:
        out(f"各情景都没有符合的，也没有信息不足的：{'、'.join(nobody)}")
    out(
        "\n变动都与第一行比，空着的是零。待核：有一边信息不足或金额未定。差额只算两边都确定的，待核的不在内。"
    )
    out("每年按 12 个月相同计。各项目分别计，不相加：有的只能择一，有的就高。")


def _scenario(number: int, column: Column) -> dict[str, Any]:
    return {
        "number": number,
        "scenario": column.scenario.description,
        "month": str(column.edition.month),
        "known_on": column.edition.known_on,
        "determined": f"{column.determined:,}",
        "open": f"{column.open:,}",
    }


def _effect(found: Matrix, programme: Programme, number: int) -> dict[str, Any]:
    """One line: a programme under one scenario; the baseline changes nothing."""
    from .whatif.matrix import CHANGE_KEYS, money_of

    column = found.columns[number]
    effect: Effect = column.effects[programme.id]
    money = {
        key: None if text is None else _money(text, signed=key.startswith("difference"))
        for key, text in money_of(programme, effect).items()
    }
    row = {
        "scenario": column.name,
        "eligible": _tally(effect.eligible),
        "undetermined": _tally(effect.undetermined),
        "unsettled": f"{effect.unsettled:,}" if effect.unsettled else "",
        "cost": money["cost"] if effect.eligible.persons else None,
        "cost_per_year": money["cost_per_year"] if effect.eligible.persons else None,
    }
    if number == 0:
        return row
    changes = {key: _tally(tally) for key, tally in zip(CHANGE_KEYS, effect.changes.values(), strict=True)}
    differences = {key: text for key, text in money.items() if key.startswith("difference")}
    return {**row, **changes, **differences}


def _tally(tally: Tally) -> str:
    return f"{tally.households:,}/{tally.persons:,}" if tally.persons else ""


def _money(text: str, *, signed: bool) -> str:
    amount = Money(text)
    return ("+" if signed and amount > Money(0) else "") + format(amount, ",")
