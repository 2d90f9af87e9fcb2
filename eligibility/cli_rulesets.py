"""The commands `rulesets list | show | lint | diff | document`: the law as it stands in a ruleset, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from .cli_pictures import PictureFile, pictures
from .errors import OutputError, Problem, RulesetError, reason_of
from .printing import Columns, note, out, out_json, out_rows
from .quantities import Month
from .reading import read_file
from .ruleset import Provenance, Ruleset, available_rulesets, load_ruleset
from .ruleset.changes import changes
from .ruleset.document import MARK, document
from .ruleset.fields import mapping
from .ruleset.lint import lint
from .ruleset.resolve import read_month
from .ruleset.timeline import timeline
from .ruleset.words import PROVENANCES
from .usage import DIFFERENT, Command, Format, Group, Overlays, RulesName, editions
from .values import Level
from .writing import write_file

rulesets = typer.Typer(
    cls=Group, help="查看和检查规则集。", add_completion=False, no_args_is_help=True, rich_markup_mode=None
)


@rulesets.command("list", cls=Command, help="列出可以按名称使用的规则集和叠加规则。")
def list_rulesets(format: Format = "text") -> int:
    """Lists every ruleset and overlay that can be used by name."""
    rows = []
    for name, folder in available_rulesets().items():
        overlay = not (folder / "ruleset.yaml").is_file()
        marker = "overlay.yaml" if overlay else "ruleset.yaml"
        root = mapping(read_file(folder / marker, error=RulesetError), marker)
        head = {key: node.data() for key, node in root.items()}
        coverage = head.get("coverage")
        coverage = coverage if isinstance(coverage, dict) else {}
        rows.append(
            {
                "name": name,
                "kind": f"叠加在 {head.get('on')} 上" if overlay else "规则集",
                "title": head.get("title"),
                "from": coverage.get("from"),
                "checked_through": coverage.get("checked_through"),
            }
        )
    columns = {"name": "名称", "kind": "种类", "title": "标题", "from": "自", "checked_through": "核对到"}
    out_rows(columns, rows, as_json=format == "json")
    return 0


PROGRAMME_COLUMNS: Final[Columns] = {
    "id": "编号",
    "name": "名称",
    "title": "标题",
    "for": "对象",
    "from": "自",
    "until": "至（不含）",
    "checked_through": "核对到",
    "criteria": "条件",
    "routes": "情形",
}
PARAMETER_COLUMNS: Final[Columns] = {
    "name": "标准",
    "unit": "单位",
    "versions": "版本数",
    "latest": "最新版本自",
    "value": "数值",
}
PROVENANCE_IDS: Final = {provenance: provenance.value for provenance in Provenance}
TIMELINE_COLUMNS: Final[Columns] = {
    "from": "自",
    "until": "至（不含）",
    "value": "数值",
    "published": "公布",
    "issued": "印发",
    "source": "依据",
    "provenance": "可靠程度",
    "assumes": "假设",
    "quote": "原文",
    "note": "说明",
}


@rulesets.command("show", cls=Command, help="显示规则集的项目和标准，或者一项标准的沿革。")
def show_ruleset(
    name: RulesName,
    parameter: Annotated[
        str | None, typer.Argument(metavar="PARAMETER", help="标准的名称，如 低保标准")
    ] = None,
    overlay: Overlays = None,
    picture: PictureFile = None,
    format: Format = "text",
) -> int:
    """Shows what a ruleset holds, or the history of one of its figures."""
    if picture is not None and parameter is None:
        raise typer.BadParameter("画的是一项标准的沿革，要写标准的名称", param_hint="--picture")
    law = load_ruleset(name, overlays=overlay or ())
    as_json = format == "json"
    if parameter is not None:
        rows = _timeline_rows(law, parameter, PROVENANCE_IDS if as_json else PROVENANCES["zh"])
        if picture is not None:
            pictures().timeline_picture(law, parameter).write(picture)
        out_rows(TIMELINE_COLUMNS, rows, as_json=as_json)
        return 0
    programmes, parameters = _programme_rows(law), _parameter_rows(law)
    if as_json:
        out_json({"ruleset": law.id, "title": law.title, "from": str(law.start), "programmes": programmes,
                  "parameters": parameters, "notes": law.notes})  # fmt: skip
        return 0
    through = f"，核对到 {law.checked_through}" if law.checked_through else ""
    overlays = "".join(f" + {name}" for name in law.overlays)
    out(f"{law.title}（{law.id}{overlays}）：自 {law.start}{through}")
    if law.refuse_before:
        out(f"此前不作认定：{law.refuse_before}")
    out("")
    out_rows(PROGRAMME_COLUMNS, programmes)
    out("")
    out_rows(PARAMETER_COLUMNS, parameters)
    for text in law.notes:
        out(f"说明：{text}")
    return 0


def _programme_rows(law: Ruleset) -> list[dict[str, Any]]:
    return [
        {
            "id": programme.id,
            "name": programme.name,
            "title": programme.title,
            "for": "家庭" if programme.level is Level.HOUSEHOLD else "成员",
            "from": str(programme.start),
            "until": _text(programme.until),
            "checked_through": _text(programme.checked_through),
            "criteria": len(programme.criteria),
            "routes": [route.name for route in programme.routes],
        }
        for programme in law.programmes.values()
    ]


def _parameter_rows(law: Ruleset) -> list[dict[str, Any]]:
    rows = []
    for parameter in law.parameters.values():
        latest = timeline(law, parameter.name)[-1]
        rows.append(
            {
                "name": parameter.name,
                "unit": parameter.unit,
                "versions": len(parameter.dated.versions),
                "latest": str(latest.start),
                "value": latest.value,
            }
        )
    return rows


def _timeline_rows(
    law: Ruleset, parameter: str, provenances: Mapping[Provenance, str]
) -> list[dict[str, Any]]:
    return [
        {
            "from": str(entry.start),
            "until": _text(entry.until),
            "value": entry.value,
            "published": f"{entry.published}{'（假定）' if entry.publication_assumed else ''}",
            "issued": _text(entry.issued),
            "source": None if entry.source is None else entry.source.number or entry.source.title,
            "provenance": provenances[entry.provenance],
            "assumes": list(entry.assumes),
            "quote": entry.quote,
            "note": entry.note,
        }
        for entry in timeline(law, parameter)
    ]


def _text(value: Month | date | None) -> str | None:
    return None if value is None else str(value)


@rulesets.command("lint", cls=Command, help="检查规则集里可疑的地方：没有依据、没有用到、时间有缺口……")
def lint_ruleset(
    name: RulesName,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="M", help="还列出到这个月份没有核对过的规定")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="有可疑之处时退出码为 6")] = False,
    overlay: Overlays = None,
    format: Format = "text",
) -> int:
    """Lists what is doubtful in a ruleset that loads; only under `--strict` do findings change the exit code."""
    law = load_ruleset(name, overlays=overlay or ())
    findings = lint(law, as_of=None if as_of is None else read_month(as_of))
    rows = [{"location": f.location, "code": f.code, "message": f.message} for f in findings]
    if rows or format == "json":
        columns = {"location": "位置", "code": "代码", "message": "问题"}
        out_rows(columns, rows, as_json=format == "json")
    note(f"{len(findings)} 处可疑" if findings else "没有发现可疑之处")
    return DIFFERENT if strict and findings else 0


@rulesets.command(
    "diff", cls=Command, help="比较两个月份的规定，如 2025-06 和 2025-08，或 2025-08@2025-08-15 和 2025-08。"
)
def diff_ruleset(
    name: RulesName,
    before: Annotated[str, typer.Argument(metavar="M1", help="月份，可加知悉日：2025-08@2025-08-15")],
    after: Annotated[str, typer.Argument(metavar="M2", help="月份，可加知悉日")],
    overlay: Overlays = None,
    format: Format = "text",
) -> int:
    """Says in words what differs between the law of two months (as known on two days)."""
    law = load_ruleset(name, overlays=overlay or ())
    found = changes(*[editions(law, [month], day or None)[0] for month, _, day in
                      (text.partition("@") for text in (before, after))])  # fmt: skip
    if format == "json":
        out_json([{"kind": c.kind, "name": c.name, "before": c.before, "after": c.after, "text": c.text}
                  for c in found])  # fmt: skip
    for change in found if format == "text" else ():
        out(change.text)
    if not found:
        note("没有不同")
    return 0


@rulesets.command(
    "document",
    cls=Command,
    help="把规则集写成说明页（Markdown）：每个项目一页，还有标准沿革、定义、假设、文件。",
)
def document_ruleset(
    name: RulesName,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="写进哪个文件夹，没有就新建")],
    overlay: Overlays = None,
) -> int:
    """Writes the pages of a ruleset and lists them; only pages made by this command are ever replaced."""
    pages = document(load_ruleset(name, overlays=overlay or ()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = {path.name for path in folder.glob("*.md") if _is_made(path)}
        foreign = [page for page in pages if (folder / page).exists() and page not in made]
    except OSError as failure:
        problem = Problem("output-unwritable", f"文件夹写不进去：{reason_of(failure)}", str(folder))
        raise OutputError(problem) from None
    if foreign:
        message = f"不是本命令生成的文件，不覆盖：{'、'.join(foreign)}"
        raise OutputError(Problem("output-foreign", message, str(folder), "换一个文件夹"))
    for page, text in pages.items():
        write_file(folder / page, text.encode(), "说明页")
        out(str(folder / page))
    for page in sorted(made - set(pages)):
        note(f"注意：以前生成的 {folder / page} 不再属于这个规则集，可以删去")
    return 0


def _is_made(path: Path) -> bool:
    """Whether a file is a page that `document` made."""
    with path.open("rb") as file:
        return file.readline(200).startswith(MARK.encode())
