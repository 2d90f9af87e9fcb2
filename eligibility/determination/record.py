"""Records: a determination as canonical JSON, and its replay.

A record has two parts. `determination` holds the case, the digests, the verdicts and everything they rest on; replaying
must reproduce it byte for byte. `run` says which engines with which versions came to it, and the inference trail;
differences there are reported beside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import rfc8785

from ..case import canonical, case_from_data
from ..errors import EligibilityError, InputError, Problem
from ..language import Type
from ..language.nodes import decimal_text
from ..ruleset.edition import Edition
from ..ruleset.model import Citation, Ruleset
from ..ruleset.names import value_text
from ..ruleset.resolved import Criterion, ResolvedParameter
from ..values import AnyText, Level, Range, Value
from .determine import determine
from .model import Determination, MissingFact, Reason, Verdict
from .totals import totals

FORMAT = "eligibility-record/1"
_STATUS = {True: "met", False: "unmet", None: "unknown"}


def record(determination: Determination) -> bytes:
    """The record of a determination: canonical JSON (RFC 8785), identity numbers in full."""
    run: dict[str, Any] = {
        "engines": [list(engine) for engine in determination.run.engines],
        "trail": [list(firing) for firing in determination.run.trail],
    }
    return rfc8785.dumps(
        {"format": FORMAT, "determination": content(determination, masked=False), "run": run}
    )


def content(determination: Determination, *, masked: bool) -> dict[str, Any]:
    """The part of a record that replaying reproduces, as JSON-able data; `masked` hides personal data."""
    edition = determination.edition
    whole = canonical(determination.case)
    paths = list(dict.fromkeys(item.path for verdict in determination.verdicts for item in verdict.missing))
    place = {path: index for index, path in enumerate(paths)}
    verdicts = [_verdict(verdict, place, masked) for verdict in determination.verdicts]
    supposed = {} if determination.scenario is None else {"hypothetical": determination.scenario}
    reasons = {r.id: r for verdict in determination.verdicts for r in verdict.reasons}
    if masked:  # the title of a document may itself give a sensitive fact away
        reasons = {name: reason._replace(criterion=_uncited(reason)) for name, reason in reasons.items()}
    figures = {name: parameter for name, parameter in edition.parameters.items() if parameter.start}
    cited = [r.citation for r in reasons.values()] + [p.cite for p in figures.values()]
    sources = sorted({cite.source for cite in cited if cite is not None})
    return {
        **supposed,
        "ruleset": {"id": edition.ruleset.id, "overlays": list(edition.ruleset.overlays)},
        "month": str(edition.month),
        "known_on": None if edition.known_on is None else edition.known_on.isoformat(),
        "rules_digest": edition.rules_digest,
        "edition_digest": edition.edition_digest,
        "scenario": {
            name: value_text(value, edition.parameters[name].symbol.type)
            for name, (value, _) in edition.overrides.items()
            if name in edition.parameters
        },
        "case": canonical(determination.case, masked=True) if masked else whole,
        "case_digest": hashlib.sha256(rfc8785.dumps(whole)).hexdigest(),
        "verdicts": verdicts,
        "missing": paths,
        "totals": _totals(determination),
        "programmes": {
            v.programme.id: {"name": v.programme.name, "assumptions": [a.id for a in v.assumptions]}
            for v in determination.verdicts
        },
        "sources": sources,
        "criteria": {identifier: _criterion(reason, sources) for identifier, reason in reasons.items()},
        "workings": _workings(determination),
        "parameters": {name: _parameter(parameter, sources) for name, parameter in figures.items()},
        "assumptions": {a.id: a.text for a in determination.assumptions.values()},
        "warnings": list(determination.warnings),
    }


def _uncited(reason: Reason) -> Criterion:
    """The criterion without its source, if it looks at a sensitive fact."""
    return replace(reason.criterion, cite=None) if reason.sensitive else reason.criterion


def summary(determination: Determination, *, masked: bool = True) -> dict[str, Any]:
    """`content` for reading rather than replaying: with the question and the paper for every missing fact."""
    missing = {item.path: _missing(item) for verdict in determination.verdicts for item in verdict.missing}
    return {**content(determination, masked=masked), "questions": missing}


def _workings(determination: Determination) -> dict[str, Any]:
    """Every defined quantity: its value, or its values by member (a list of two for the two parents)."""
    found: dict[str, Any] = {}
    for working in determination.workings():
        value = value_json(working.value, working.type)
        if working.subject is None:
            found[working.name] = value
        elif working.definition.symbol.level is Level.PARENT:
            found.setdefault(working.name, {}).setdefault(working.subject, []).append(value)
        else:
            found.setdefault(working.name, {})[working.subject] = value
    return found


def _totals(determination: Determination) -> dict[str, Any]:
    """What is due per month, with each programme's share; seasonal and open amounts are named beside it."""
    total = totals(determination.verdicts, determination.case)
    data: dict[str, Any] = {
        "per_month": None if total.per_month is None else str(total.per_month),
        "shares": [[s.programme, s.subject, str(s.amount)] for s in total.shares],
    }
    if total.per_month is None:
        data["options"] = [
            {"forgoes": [list(payment) for payment in o.forgoes], "per_month": str(o.per_month)}
            for o in total.options
        ]
    if total.seasonal:
        data["per_season"] = [[s.programme, s.subject, str(s.amount)] for s in total.seasonal]
    if total.open:
        data["open"] = [list(payment) for payment in total.open]
    return data


def _verdict(verdict: Verdict, place: dict[str, int], masked: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "programme": verdict.programme.id,
        "subject": verdict.subject,
        "outcome": verdict.outcome.value,
        "amount": None if verdict.amount is None else str(verdict.amount),
    }
    if verdict.amount_range is not None:
        lower, upper = verdict.amount_range
        data["amount_range"] = [str(lower), None if upper is None else str(upper)]
    if verdict.amount_unknown:
        data["amount_unknown"] = True
    if verdict.last_known is not None:
        data["last_known"] = str(verdict.last_known)
    if verdict.exact is not None:
        data["exact"] = decimal_text(verdict.exact)
    if verdict.route is not None:
        data["route"] = verdict.route
    if len(verdict.routes) > 1:
        data["routes"] = {route.name: _STATUS[route.met] for route in verdict.routes}
    if verdict.payable_rule is not None:
        data["payable"] = {
            "rule": verdict.payable_rule,
            "from": None if verdict.payable_from is None else str(verdict.payable_from),
        }
    data["reasons"] = {reason.id: _reason(reason, masked) for reason in verdict.reasons}
    if verdict.missing:
        data["missing"] = list(dict.fromkeys(place[item.path] for item in verdict.missing))
    return data


def _criterion(reason: Reason, sources: list[str]) -> dict[str, Any]:
    """What of a reason is the same for every subject: said once in a record."""
    data: dict[str, Any] = {"title": reason.title, "citation": _cited(reason.citation, sources)}
    if reason.threshold is not None:
        data["threshold"] = reason.threshold
    if reason.excludes:
        data["excludes"] = True
    return data


def _reason(reason: Reason, masked: bool) -> list[Any]:
    """The status of a criterion, and the values it looked at: by name, and by member where it looked at several."""
    values: dict[str, Any] = {}
    for operand in reason.operands:
        if masked and operand.sensitive:
            continue  # beside a status, the name alone would say it
        value = value_json(operand.value, operand.type)
        if operand.subject in (None, reason.subject):
            values[operand.name] = value
        else:
            values.setdefault(operand.name, {})[operand.subject] = value
    return [_STATUS[reason.verdict], values]


def _missing(item: MissingFact) -> dict[str, Any]:
    """What is asked about one path, said once however many verdicts wait for it."""
    return {
        "kind": item.origin.value,
        "name": item.name,
        "subject": item.subject,
        "question": item.question,
        "paper": item.paper,
    }


def _parameter(parameter: ResolvedParameter, sources: list[str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "from": str(parameter.start),
        "provenance": parameter.provenance.value,
        "citation": _cited(parameter.cite, sources),
    }
    if parameter.cells is None:
        data["value"] = value_json(parameter.value, parameter.symbol.type)
    if parameter.via:
        data["equals"] = parameter.via[0]
    return data


def _cited(cite: Citation | None, sources: list[str]) -> list[Any] | None:
    """A citation as [position in `sources`, article]."""
    return None if cite is None else [sources.index(cite.source), *([cite.article] if cite.article else [])]


def value_json(value: Value, kind: Type) -> Any:
    """A value for a record: text for numbers, booleans for truths, [lower, upper] for ranges, null for unknown."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Range):
        return [value_text(value.lo, kind), value_text(value.hi, kind)]
    if isinstance(value, frozenset):
        return sorted(value)
    return None if isinstance(value, AnyText) else value_text(value, kind)


@dataclass(frozen=True, slots=True)
class Replay:
    """What replaying a record came to: `identical` bytes, or the paths that differ with both values.

    `law` lists the names whose law differs, where the ruleset at hand is another edition; `run` lists
    differences in engines and trail, which do not make a replay fail.
    """

    identical: bool
    differences: tuple[tuple[str, Any, Any], ...]
    law: tuple[str, ...]
    run: tuple[tuple[str, Any, Any], ...]


def replay(raw: bytes | str, rules: Ruleset) -> Replay:
    """Determines the recorded case again under `rules` and compares with the record byte for byte.

    Raises `InputError` if this is not a record or was made with another ruleset or other overlays.
    """
    recorded = _read(raw)
    old = recorded["determination"]
    made_with = {"id": rules.id, "overlays": list(rules.overlays)}
    if old["ruleset"] != made_with:
        raise InputError(
            Problem("record-ruleset", f"记录出自规则集 {old['ruleset']}，现在用的是 {made_with}", None, "请选用同样的规则集和叠加规则")
        )  # fmt: skip
    again = json.loads(record(_again(old, rules)))
    new = again["determination"]
    identical = rfc8785.dumps(old) == rfc8785.dumps(new)
    law: tuple[str, ...] = ()
    if old["edition_digest"] != new["edition_digest"]:
        changed = set(_names_that_differ(old["parameters"], new["parameters"]))
        changed |= set(_names_that_differ(old["assumptions"], new["assumptions"]))
        law = tuple(sorted(changed)) or ("规则文字",)
    return Replay(
        identical=identical,
        differences=tuple(_differences(old, new, "")),
        law=law,
        run=tuple(_differences(recorded.get("run"), again["run"], "run")),
    )


def _again(old: dict[str, Any], rules: Ruleset) -> Determination:
    try:
        known_on = None if old["known_on"] is None else date.fromisoformat(old["known_on"])
        edition: Edition = rules.edition(old["month"], known_on)
        if old["scenario"]:
            edition = edition.with_values(old["scenario"])
        scenario = old.get("hypothetical")
        if scenario is not None and not isinstance(scenario, str):
            raise TypeError("a scenario is described in words")
        return replace(determine(case_from_data(old["case"]), edition), scenario=scenario)
    except EligibilityError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(Problem("record-format", "记录的内容不完整，不能重放")) from None


def _read(raw: bytes | str) -> dict[str, Any]:
    try:
        data = json.loads(raw, parse_float=_no_float)
        rfc8785.dumps(data)
    except (ValueError, RecursionError):
        raise InputError(Problem("record-format", "这不是认定记录：不是合法的 JSON")) from None
    parts = (
        "ruleset",
        "month",
        "known_on",
        "case",
        "edition_digest",
        "scenario",
        "parameters",
        "assumptions",
    )
    inner = data.get("determination") if isinstance(data, dict) else None
    if (
        not isinstance(inner, dict)
        or data.get("format") != FORMAT
        or any(part not in inner for part in parts)
    ):
        raise InputError(Problem("record-format", f"这不是认定记录：缺少 format “{FORMAT}”或必要的部分"))
    return data  # type: ignore[no-any-return]


def _no_float(text: str) -> float:
    raise ValueError(f"a record holds no floating-point number: {text}")


def _names_that_differ(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def _differences(old: Any, new: Any, path: str) -> list[tuple[str, Any, Any]]:
    """Every place where two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [
            d for key in keys for d in _differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [d for index, (a, b) in pairs for d in _differences(a, b, f"{path}[{index}]")]
    return [] if old == new else [(path, old, new)]
