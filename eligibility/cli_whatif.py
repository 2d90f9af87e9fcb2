"""The command `whatif`: a case as it is and under scenarios, side by side; why not, and what would.

Everything is marked as hypothetical. Exit codes are those of the other commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from .case import Case, load_case
from .case.fields import normal
from .cli_pictures import PictureFile, pictures
from .determination import Outcome, determine
from .determination.expectations import Failure
from .determination.texts import OUTCOMES
from .errors import InputError
from .printing import note_failures, note_warnings, out, out_json
from .ruleset import Ruleset, load_ruleset
from .ruleset.edition import Edition
from .usage import CaseFile, Format, KnownOn, OneMonth, Overlays, Rules, editions
from .whatif.compare import Comparison, compare
from .whatif.needed import Need, still_needed
from .whatif.overrides import parse_override
from .whatif.scenario import Lay, Scenario, load_scenarios, run_scenario, scenario_of
from .whatif.sufficient import WhyNot, why_not

MAX_LISTED: Final = 12
"""Most changes and questions a text lists; JSON has all."""

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TEXT",
        help='改一项事实或标准，如 成员["母亲"].收入.工资性收入 = 3000；几项合成一个情景',
    ),
]
ScenarioFile = Annotated[
    Path | None, typer.Option("--scenario", metavar="FILE", help="情景文件（YAML），里面可以有几个情景")
]
Question = Annotated[
    str | None,
    typer.Option(
        "--why-not", metavar="PROGRAMME[:SUBJECT]", help="为什么不符合、怎样才符合；还缺什么，先问什么"
    ),
]


def whatif(
    case: CaseFile,
    month: OneMonth,
    scenario: ScenarioFile = None,
    set_: Sets = None,
    asked: Question = None,
    known_on: KnownOn = None,
    rules: Rules = "beijing",
    overlay: Overlays = None,
    picture: PictureFile = None,
    format: Format = "text",
) -> int:
    """Compares a case with itself under scenarios, and answers why one verdict is what it is."""
    if scenario is None and not set_ and asked is None:
        raise typer.BadParameter("要写 --scenario、--set 或 --why-not 中的一个", param_hint="whatif")
    if picture is not None and scenario is None and not set_:
        raise typer.BadParameter("画的是比较，要有 --scenario 或 --set", param_hint="--picture")
    base = tuple(overlay or ())

    @cache
    def lay(more: tuple[str, ...]) -> Ruleset:
        return load_ruleset(rules, overlays=(*base, *more))

    law = lay(())
    (edition,) = editions(law, [month], known_on)
    scenarios = _scenarios(scenario, set_ or [], law, lay)
    try:
        given = load_case(case)
        comparison = _compared(given, edition, scenarios, lay) if scenarios else None
        answer = None if asked is None else _answer(given, edition, asked)
    except InputError as error:
        note_failures([Failure(str(case), error)])
        return error.exit_code
    if picture is not None:
        pictures().comparison_picture(comparison).write(picture)
    if format == "json":
        out_json(_data(comparison, answer))
        return 0
    if comparison is not None:
        for determination in comparison.determinations:
            note_warnings(determination, determination.scenario or "现状")
        out(comparison.text())
    if answer is not None:
        out(_answered(answer))
    return 0


def _scenarios(path: Path | None, sets: list[str], law: Ruleset, lay: Lay) -> list[Scenario]:
    """The scenarios of the file, then the one that the options make together."""
    found = list(load_scenarios(path, law, lay=lay)) if path is not None else []
    if sets:
        place = "--set" if len(sets) == 1 else "--set 第 {} 个"
        overrides = [
            parse_override(text, law, location=place.format(number)) for number, text in enumerate(sets, 1)
        ]
        found.append(scenario_of(tuple(overrides)))
    return found


def _compared(case: Case, edition: Edition, scenarios: list[Scenario], lay: Lay) -> Comparison:
    """The case as it is, and under each scenario."""
    law, month, known_on = edition.ruleset, edition.month, edition.known_on
    supposed = [run_scenario(case, law, each, month=month, known_on=known_on, lay=lay) for each in scenarios]
    return compare(determine(case, edition), *supposed)


Answer = tuple[WhyNot, list[Need]]


def _answer(case: Case, edition: Edition, asked: str) -> Answer:
    """Why a verdict is no grant; where it is undetermined, what to ask first."""
    programme, _, subject = normal(asked).partition(":")
    found = why_not(case, edition, programme.strip(), subject.strip() or None)
    is_open = found.verdict is not None and found.verdict.outcome is Outcome.UNDETERMINED
    return found, still_needed(found.determination) if is_open else []


def _answered(answer: Answer) -> str:
    """The answer in words."""
    found, needs = answer
    outcome = "不适用" if found.verdict is None else OUTCOMES["zh"][found.verdict.outcome]
    lines = [f"【{found.programme}】{found.subject or '家庭'}：{outcome}"]
    if found.verdict is not None and found.verdict.outcome is Outcome.ELIGIBLE:
        return lines[0] + "，无须改变"
    if found.verdict is not None and found.verdict.outcome is Outcome.UNDETERMINED:
        lines.append("先问哪一项（按能确定的认定项数，从多到少）：")
        return "\n".join([*lines, *_listed([_need(need) for need in needs])])
    if found.changes:
        lines.append("下列每一项单独改变、其余不变，即符合（都已重新认定核实；只是试算，不作认定依据）：")
        return "\n".join([*lines, *_listed([change.text for change in found.changes])])
    tried = "、".join(found.tried) if found.tried else "没有可以改变的事实"
    return "\n".join([*lines, "没有哪一项事实单独改变就能符合。", f"试过：{tried}"])


def _need(need: Need) -> str:
    paper = f"　凭证：{need.paper}" if need.paper else ""
    perhaps = len(need.may_settle) - len(need.settles)
    return (
        f"{need.path}：{need.question}　可确定 {len(need.settles)} 项，视回答可能再确定 {perhaps} 项{paper}"
    )


def _listed(texts: list[str]) -> list[str]:
    left = len(texts) - MAX_LISTED
    lines = [f"  {number}. {text}" for number, text in enumerate(texts[:MAX_LISTED], 1)]
    return lines + ([f"  另有 {left} 种，见 --format json"] if left > 0 else [])


def _data(comparison: Comparison | None, answer: Answer | None) -> Mapping[str, Any]:
    """What was found as JSON-able data."""
    data: dict[str, Any] = {}
    if comparison is not None:
        data["comparison"] = comparison.data()
    if answer is not None:
        found, needs = answer
        data["why_not"] = {
            "programme": found.programme,
            "subject": found.subject,
            "outcome": None if found.verdict is None else found.verdict.outcome.value,
            "changes": [{"set": c.override.text, "text": c.text} for c in found.changes],
            "tried": list(found.tried),
            "still_needed": [
                {
                    "path": need.path,
                    "question": need.question,
                    "paper": need.paper,
                    "facts": list(need.facts),
                    "settles": [list(payment) for payment in need.settles],
                    "may_settle": [list(payment) for payment in need.may_settle],
                }
                for need in needs
            ],
        }
    return data
