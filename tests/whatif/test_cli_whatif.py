"""The command `whatif`: what it prints, its exit codes, and that nothing personal gets out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from eligibility import Ruleset, cli, cli_whatif

CASE = "cases/单亲母亲与学童.yaml"
WAGE = '成员["母亲"].收入.工资性收入 = 3000'


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, beijing: Ruleset
) -> Iterator[Run]:
    def load(name: str, *, overlays: Any = ()) -> Ruleset:
        assert (name, overlays) == ("beijing", ())
        return beijing

    monkeypatch.setattr(cli_whatif, "load_ruleset", load)

    def start(*arguments: object) -> Ran:
        capsys.readouterr()
        code = cli.main(["whatif", *(str(argument) for argument in arguments)])
        ran = Ran(code, *capsys.readouterr())
        for text in (ran.out, ran.err):
            assert "Traceback" not in text
            assert not re.search(r"\d{17}[\dX](?![0-9a-f])", text)
        return ran

    return start


def at(*more: object, case: object = CASE, month: str = "2025-08") -> tuple[object, ...]:
    return (case, "--month", month, *more)


def test_a_scenario_from_options_beside_the_baseline(run: Run) -> None:
    ran = run(*at("--set", WAGE, "--set", "低保标准 = 1600"))
    assert ran.code == 0
    assert f"2. {WAGE}；低保标准 = 1600　2025-08" in ran.out
    assert "【低保】家庭：符合 每月 560.00元 ｜ 符合 每月 200.00元　每月差 -360.00元" in ran.out
    assert "假设情景：“低保标准”不是现行规定" in ran.err


def test_scenarios_from_a_file_and_json(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        f"情景:\n  - 名称: 涨\n    覆盖:\n      - {WAGE}\n  - {{名称: 去年, 月份: 2024-08}}\n", "utf-8"
    )
    ran = run(*at("--scenario", path, "--set", "货币财产 = 1", "--format", "json"))
    data = json.loads(ran.out)["comparison"]
    assert [d["month"] for d in data["determinations"]] == ["2025-08", "2025-08", "2024-08", "2025-08"]
    assert data["verdicts"][0]["outcomes"] == ["eligible", "ineligible", "eligible", "undetermined"]
    assert ran.err == ""


def test_why_not_lists_verified_changes(run: Run) -> None:
    ran = run(*at("--why-not", "低收入"))
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "【低收入】家庭：不符合"
    assert "  1. 母亲 的 工资性收入 每月多 560.00 元（2400.00 → 2960.00）即符合" in ran.out
    assert "另有" in ran.out
    found = json.loads(run(*at("--why-not", "low_income", "--format", "json")).out)["why_not"]
    assert found["outcome"] == "ineligible"
    assert len(found["changes"]) > cli_whatif.MAX_LISTED
    assert found["changes"][0]["set"] == '成员["母亲"].收入.工资性收入 = 2960.00'


def test_why_not_of_a_person_in_full_width(run: Run) -> None:
    ran = run(*at("--why-not", "困境儿童：孩子"))
    assert ran.out.startswith("【困境儿童】孩子：不符合")


def test_why_not_of_a_grant_and_of_what_nothing_alone_turns(run: Run) -> None:
    assert run(*at("--why-not", "低保")).out == "【低保】家庭：符合，无须改变\n"
    ran = run(*at("--why-not", "生活补贴:母亲"))
    assert ran.out.startswith("【生活补贴】母亲：不适用")
    assert "没有哪一项事实单独改变就能符合。\n试过：" in ran.out


def test_an_open_verdict_is_answered_with_the_questions_to_ask_first(run: Run) -> None:
    ran = run(*at("--why-not", "低保", case="cases/信息不足/妻子收入没有填报.yaml"))
    assert "【低保】家庭：信息不足" in ran.out
    assert (
        "  1. 成员[妻子].收入：有哪些收入，每月（季、年）多少元？　可确定 3 项，视回答可能再确定 0 项　凭证："
        in ran.out
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "要写 --scenario、--set 或 --why-not 中的一个"),
        (("--set", "低保标 = 3"), 3, "--set: “低保标”：没有“低保标”这个事实、标准或假设（最接近的名称：低保标准） [unknown-name]"),
        (("--set", WAGE, "--set", "单亲 = 3"), 3, "--set 第 2 个: “单亲”：“单亲”应写 是 或 否 [override-value]"),
        (("--set", '成员["妈"].收入.工资性收入 = 3'), 3, "没有编号为“妈”的成员"),
        (("--why-not", "低宝"), 3, "没有项目“低宝”（最接近的名称：低保） [unknown-name]"),
        (("--why-not", "困境儿童:孩"), 3, "没有编号为“孩”的成员（最接近的名称：孩子） [unknown-member]"),
        (("--scenario", "没有.yaml"), 3, "没有.yaml: 没有这个文件 [file-unreadable]"),
    ],
)  # fmt: skip
def test_mistakes(run: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    ran = run(*at(*arguments))
    assert ran.code == code
    assert ran.out == ""
    assert message in ran.err
    assert len(ran.err.splitlines()) == (2 if code == 2 else 1)


def test_a_month_out_of_coverage_in_the_file_is_told_at_its_place(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("情景:\n  - {名称: 早, 月份: 2014-01}\n", "utf-8")
    ran = run(*at("--scenario", path))
    assert ran.code == 3
    assert ran.err.startswith(f"{path}:2:17: 2014-01 早于规则集的起始月 2015-07")
    assert run(*at("--set", WAGE, month="2014-01")).code == 3
