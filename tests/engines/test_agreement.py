"""Both engines over random laws: whatever routes, exclusions and cross-reads a ruleset has, the verdicts agree.

A wrong inference must also be noticed: the last tests break one engine on purpose.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility import EngineDisagreement, Outcome, case_from_data, determine, load_ruleset
from eligibility.engines import rete

from ..strategies import case_data

HOUSEHOLD_TESTS = (
    "单亲",
    "重大变故",
    "货币财产 < 线",
    "住房套数 <= 1",
    "any(成员, 本市户籍)",
    "count(成员, 本市户籍) >= 2",
)
PERSON_TESTS = (
    "本市户籍",
    "全日制在读",
    "years(出生日期) < 18",
    '视力等级 in ("一级", "二级")',
    "患重大疾病",
    "特困人员",
)

pytestmark = pytest.mark.skipif(rete.available() is None, reason="durable_rules cannot be imported here")


@st.composite
def programme(draw: st.DrawFn, number: int, level: str, readable: list[str]) -> str:
    """A programme file over random truths, which may read verdicts of programmes before it."""
    tests = list(HOUSEHOLD_TESTS if level == "家庭" else PERSON_TESTS + HOUSEHOLD_TESTS[:2])
    reads = [f"{name}.{side}" for name in readable for side in ("符合", "不符合")]
    chosen = draw(st.lists(st.sampled_from(tests + reads), min_size=1, max_size=5, unique=True))
    ids = [f"P{number}-{index}" for index in range(len(chosen))]
    conditions = st.sampled_from(ids).flatmap(lambda i: st.sampled_from([i, f"{{not: {i}}}"]))
    limbs = st.one_of(
        conditions,
        st.lists(conditions, min_size=1, max_size=2).map(lambda items: f"{{any: [{', '.join(items)}]}}"),
    )
    routes = draw(st.lists(st.lists(limbs, min_size=1, max_size=4), min_size=1, max_size=3))
    excluded = draw(st.lists(st.sampled_from(tests), max_size=2, unique=True))
    lines = [f"programme: p{number}", f"name: 项{number}", "kind: status", f"for: {level}", "choose: first"]
    lines += [
        'coverage: {from: "2015-01"}',
        f"uses: [{', '.join(r for r in chosen if '.' in r)}]",
        "criteria:",
    ]
    for identifier, test in zip(ids, chosen, strict=True):
        lines += [f"  {identifier}:", f"    title: {identifier}", f"    test: {test}"]
    if excluded:
        lines.append("exclude:")
        for index, test in enumerate(excluded):
            lines += [f"  P{number}-X{index}:", "    title: 排除", f"    test: {test}"]
    lines.append("routes:")
    for index, route in enumerate(routes):
        lines += [f"  情形{index}:", f"    when: [{', '.join(route)}]"]
    return "\n".join(lines) + "\n"


@st.composite
def rulesets(draw: st.DrawFn) -> dict[str, str]:
    """The files of a random ruleset: household programmes, then person programmes that read any before them."""
    files = {
        "parameters.yaml": '线:\n  unit: 元\n  values:\n    - {from: "2015-01", value: "1000.00", provenance: derived}\n'
    }
    names: list[str] = []
    levels = ["家庭"] * draw(st.integers(1, 2)) + ["成员"] * draw(st.integers(0, 2))
    for number, level in enumerate(levels):
        files[f"p{number}.yaml"] = draw(programme(number, level, list(names)))
        names.append(f"项{number}")
    listed = ", ".join(files)
    files["ruleset.yaml"] = (
        f'ruleset: random\ntitle: 随机\ncoverage: {{from: "2015-01"}}\nfiles: [{listed}]\n'
    )
    return files


@settings(max_examples=80, deadline=None)
@given(rulesets(), st.lists(case_data(), min_size=1, max_size=4))
def test_random_laws_and_households(files: dict[str, str], drawn: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        rules = load_ruleset(folder)
        for data in drawn:
            for member in data["members"]:
                member.pop("incomes", None)
            determination = determine(case_from_data(data), rules, month="2025-08")
            assert dict(determination.run.engines).keys() == {"reference", "rete"}


@pytest.mark.parametrize(("answer", "said"), [(True, "eligible"), (None, "undetermined")])
def test_a_differing_engine_stops_the_determination(
    monkeypatch: pytest.MonkeyPatch, answer: bool | None, said: str
) -> None:
    rules = load_ruleset("beijing")
    case = case_from_data(
        {"声明": "未列事项均无", "家庭": {"货币财产": 0}, "成员": [{"编号": "甲", "本市户籍": "否"}]}
    )
    real = rete.Program.infer

    def wrong(self: rete.Program, household: Any, persons: Any) -> rete.Inference:
        inference = real(self, household, persons)
        return rete.Inference({**inference.household, "dibao": answer}, inference.persons, inference.trail)

    assert determine(case, rules, month="2025-08")["dibao"].outcome is Outcome.INELIGIBLE
    monkeypatch.setattr(rete.Program, "infer", wrong)
    with pytest.raises(EngineDisagreement, match=f"参照引擎得出 ineligible，推理引擎得出 {said}"):
        determine(case, rules, month="2025-08")


def test_without_durable_rules_the_reference_engine_decides_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rete, "available", lambda: None)
    case = case_from_data({"成员": [{"编号": "甲"}]})
    determination = determine(case, load_ruleset("beijing"), month="2025-08")
    assert [name for name, _ in determination.run.engines] == ["reference"]
    assert determination["dibao"].outcome is Outcome.UNDETERMINED
