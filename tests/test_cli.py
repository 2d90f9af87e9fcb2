"""The command line: every command, every exit code, what goes where, and that nothing personal gets out."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stdnum.cn.ric import calc_check_digit

from eligibility import __version__, cli, cli_rulesets
from eligibility.errors import EngineDisagreement, Problem
from eligibility.ruleset import load_ruleset

TINY = Path(__file__).parent / "ruleset" / "tiny"
NUMBER = "11019919850302002"
NUMBER += calc_check_digit(NUMBER + "0")

CASE = f"""\
标题: 母亲与孩子
声明: 未列事项均无
家庭: {{地区: "110199001001", 申请人: 母亲}}
成员:
  - {{编号: 母亲, 姓名: 欧阳明月, 身份证号: "{NUMBER}", 与户主关系: 户主, 本市户籍: 是, 共同生活: 是, 收入: [{{种类: 工资性收入, 金额: 1200}}]}}
  - {{编号: 孩子, 与户主关系: 子女, 出生日期: 2012-03-02, 本市户籍: 是, 共同生活: 是, 残疾证: {{类别: 视力, 等级: 一级}}, 残疾: [{{类别: 视力, 等级: 一级}}]}}
依据: 云水市救助办法 第四条
预期:
  - 月份: "2020-08"
    救助: {{认定: 符合, 金额: "800.00"}}
"""
BASE = CASE.partition("依据")[0]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "load_ruleset", _load)
    monkeypatch.setattr(cli_rulesets, "load_ruleset", _load)


def _load(name: str, *, overlays: Any = ()) -> Any:
    return _cached(str(name), tuple(map(str, overlays)))


@cache
def _cached(name: str, overlays: tuple[str, ...]) -> Any:
    return load_ruleset(name, overlays=overlays)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command; whatever it prints holds no identity number, no name and no traceback."""

    def start(*arguments: object) -> Ran:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        ran = Ran(code, *capsys.readouterr())
        for text in (ran.out, ran.err):
            assert NUMBER not in text
            assert "欧阳明月" not in text
            assert "Traceback" not in text
            assert not re.search(r"\d{17}[\dX](?![0-9a-f])", text)
        return ran

    return start


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "案.yaml"
    path.write_text(CASE, encoding="utf-8")
    return path


def at(case: Path | str, *more: object, month: str = "2020-08") -> tuple[object, ...]:
    return (case, "--month", month, "--rules", TINY, *more)


# —— determine ——


def test_determine_prints_a_table_and_warns_beside_it(run: Run, case: Path) -> None:
    ran = run("determine", *at(case))
    assert ran.code == 0
    aid, allowance = (
        next(line for line in ran.out.splitlines() if line.startswith(w)) for w in ("救助", "津贴")
    )
    assert aid.split()[1:5] == ["家庭", "符合", "800.00", "差额救助"]
    assert "人均收入低于标准" in aid
    assert "人均收入 600.00元，救助标准 1,000.00元" in aid
    assert allowance.split()[1:5] == ["孩子", "符合", "400.00", "甲类高档"]
    assert "据申请人声明" in ran.err
    assert "据申请人声明" not in ran.out


def test_determine_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(BASE.replace(", 金额: 1200", ""), encoding="utf-8")
    ran = run("determine", *at(path))
    assert ran.code == 0
    assert re.search(
        r"救助 +家庭 +信息不足 +0\.00 至 2,000\.00 .*不能确定“人均收入低于标准”.* 母亲 收入\.工资性收入",
        ran.out,
    )


def test_determine_as_json(run: Run, case: Path) -> None:
    ran = run("determine", *at(case, "--format", "json", "--known-on", "2020-08-15"))
    assert ran.code == 0
    (data,) = ran.json
    assert data["file"] == str(case)
    assert (data["month"], data["known_on"]) == ("2020-08", "2020-08-15")
    assert [v["outcome"] for v in data["verdicts"]] == ["eligible", "eligible"]
    assert data["case"]["members"][0]["identity_number"] == f"{NUMBER[:6]}{'*' * 12}", (
        "a birth date may stand beside"
    )


def test_several_cases_and_months_give_a_list(run: Run, case: Path) -> None:
    ran = run(
        "determine",
        case,
        case,
        "--month",
        "2020-08",
        "--month",
        "2020-03",
        "--rules",
        TINY,
        "--format",
        "json",
    )
    assert ran.code == 0
    assert [data["month"] for data in ran.json] == ["2020-08", "2020-03"] * 2


def test_a_case_that_fails_does_not_stop_the_others(run: Run, case: Path, tmp_path: Path) -> None:
    ran = run("determine", tmp_path / "无.yaml", case, "--month", "2020-08", "--rules", TINY)
    assert ran.code == 4
    assert "800.00" in ran.out
    assert "无.yaml" in ran.err
    assert "file-unreadable" in ran.err
    only = run("determine", *at(tmp_path / "无.yaml", "--format", "json"))
    assert (only.code, only.out) == (3, "")


def test_what_determine_refuses_names_the_file_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(BASE.replace("工资性收入", "工资"), encoding="utf-8")
    ran = run("determine", path, "--month", "2020-08", "--month", "2020-09", "--rules", TINY)
    assert ran.code == 3
    assert ran.err.splitlines() == [
        f"{path}: 成员[母亲].收入[1].种类: 规则集没有收入种类“工资”（最接近的名称：工资性收入） [unknown-income-kind]"
    ]


def test_overlays_by_path(run: Run, case: Path) -> None:
    ran = run("determine", *at(case, "--overlay", TINY / "overlays" / "district"))
    assert ran.code == 0
    assert re.search(r"采暖 +家庭 +符合 +1,800\.00", ran.out)
    assert "tiny + tiny-district" in ran.out


@pytest.mark.parametrize(
    ("month", "known_on", "code"),
    [
        ("2020-13", None, "month"),
        ("2020年8月", None, "month"),
        ("2019-12", None, "month-before-coverage"),
        ("2020-08", "2020-8-1", "known-on"),
        ("2020-08", "20200801", "known-on"),
    ],
)
def test_months_and_days_that_cannot_be_used(
    run: Run, case: Path, month: str, known_on: str | None, code: str
) -> None:
    ran = run("determine", *at(case, *(("--known-on", known_on) if known_on else ()), month=month))
    assert (ran.code, ran.out) == (3, "")
    assert f"[{code}" in ran.err


# —— records and replay ——


def test_a_record_is_private_complete_and_replays(run: Run, case: Path, tmp_path: Path) -> None:
    record = tmp_path / "记录.json"
    assert run("determine", *at(case, "--record", record)).code == 0
    assert NUMBER in record.read_text(encoding="utf-8")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path not in (record, case)] == []
    ran = run("replay", record, "--rules", TINY)
    assert (ran.code, ran.out.startswith("一致")) == (0, True)
    ran = run("replay", record, "--rules", TINY, "--format", "json")
    assert (ran.code, ran.json["identical"], ran.json["differences"]) == (0, True, [])


def test_a_record_that_differs(run: Run, case: Path, tmp_path: Path) -> None:
    record = tmp_path / "r.json"
    run("determine", *at(case, "--record", record))
    text = record.read_text(encoding="utf-8")
    record.write_text(
        text.replace('"amount":"800.00"', '"amount":"801.00"').replace("欧阳明月", "欧阳明日"),
        encoding="utf-8",
    )
    ran = run("replay", record, "--rules", TINY)
    assert ran.code == 6
    assert ran.out.startswith("不同")
    assert re.search(r"verdicts\[0\]\.amount +801\.00 +800\.00", ran.out)
    assert "欧阳明日" not in ran.out
    assert run("replay", record, "--rules", TINY, "--format", "json").json["identical"] is False


def test_replay_names_the_law_that_differs(run: Run, case: Path, tmp_path: Path) -> None:
    record, altered = tmp_path / "r.json", tmp_path / "tiny"
    run("determine", *at(case, "--record", record))
    for file in TINY.rglob("*.yaml"):
        copy = altered / file.relative_to(TINY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(
            file.read_text(encoding="utf-8").replace('value: "1000.00"', 'value: "1001.00"'), encoding="utf-8"
        )
    ran = run("replay", record, "--rules", altered)
    assert ran.code == 6
    assert "救助标准" in ran.out.splitlines()[1]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 10_000, b"\xff\xfe", b'{"format": "eligibility-record/1"}']
)
def test_what_is_no_record_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    record = tmp_path / "r.json"
    record.write_bytes(content)
    ran = run("replay", record, "--rules", TINY)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(str(record))
    assert "record-format" in ran.err
    for path in (tmp_path / "无.json", tmp_path, "/dev/zero"):
        assert run("replay", path, "--rules", TINY).code == 3


def test_a_record_of_another_ruleset_is_refused(run: Run, case: Path, tmp_path: Path) -> None:
    record = tmp_path / "r.json"
    run("determine", *at(case, "--record", record))
    ran = run("replay", record, "--rules", TINY, "--overlay", TINY / "overlays" / "reading")
    assert ran.code == 3
    assert "record-ruleset" in ran.err


def test_a_record_that_cannot_be_written(run: Run, case: Path, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "无" / "r.json", case / "r.json", os.devnull):
        ran = run("determine", *at(case, "--record", target))
        assert (ran.code, ran.out) == (8, ""), target
        assert "output-unwritable" in ran.err
    assert case.read_text(encoding="utf-8") == CASE
    assert list(tmp_path.iterdir()) == [case]
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_failed_replacement_leaves_the_old_record(
    run: Run, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "r.json"
    record.write_text("旧", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    assert run("determine", *at(case, "--record", record)).code == 8
    assert record.read_text(encoding="utf-8") == "旧"
    assert {path.name for path in tmp_path.iterdir()} == {"案.yaml", "r.json"}


def test_a_record_is_of_one_determination_and_never_over_the_case(
    run: Run, case: Path, tmp_path: Path
) -> None:
    ran = run("determine", *at(case, "--month", "2020-09", "--record", tmp_path / "r.json"))
    assert (ran.code, ran.out) == (2, "")
    assert "--record" in ran.err
    assert run("determine", *at(case, "--record", case)).code == 2
    assert case.read_text(encoding="utf-8") == CASE


# —— explain, schema ——


def test_explain_in_two_languages_for_two_readers(run: Run, case: Path) -> None:
    officer = run("explain", *at(case))
    assert officer.code == 0
    assert "AID-INCOME" in officer.out
    resident = run("explain", *at(case, "--audience", "resident"))
    assert resident.code == 0
    assert "AID-INCOME" not in resident.out
    assert "800.00元" in resident.out
    english = run("explain", *at(case, "--language", "en"))
    assert english.code == 0
    assert "eligible" in english.out


def test_explain_says_where_a_case_is_wrong(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(BASE.replace("工资性收入", "工资"), encoding="utf-8")
    ran = run("explain", *at(path))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"{path}: 成员[母亲]")


def test_the_schema_is_json_schema(run: Run) -> None:
    for arguments in (("schema",), ("schema", "case")):
        ran = run(*arguments)
        assert ran.code == 0
        assert {"properties", "allOf"} <= set(ran.json)
    assert run("schema", "register").code == 2


# —— check ——


def test_check_agrees(run: Run, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("check", case, "--rules", TINY)
    assert ran.code == 0
    assert re.search(r"案\.yaml +1 +相符", ran.out)
    assert "0 项不同" in ran.out
    (tmp_path / "cases").mkdir()
    case.rename(tmp_path / "cases" / "案.yaml")
    monkeypatch.chdir(tmp_path)
    assert re.search(r"cases.案\.yaml +1 +相符", run("check", "--rules", TINY).out)


def test_check_shows_differences(run: Run, case: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "错.yaml"
    wrong.write_text(CASE.replace('"800.00"', '"801.00"'), encoding="utf-8")
    ran = run("check", tmp_path, "--rules", TINY)
    assert ran.code == 6
    assert re.search(r"错\.yaml:10:5 +2020-08 +救助 +金额 +801\.00 +800\.00", ran.out)
    data = run("check", tmp_path, "--rules", TINY, "--format", "json").json
    assert [file["result"] for file in data["files"]] == ["相符", "不同"]
    assert data["differences"][0]["found"] == "800.00"


def test_check_goes_on_past_broken_files(run: Run, case: Path, tmp_path: Path) -> None:
    broken = tmp_path / "坏.yaml"
    broken.write_text(CASE.replace("认定: 符合", "认定: 合格"), encoding="utf-8")
    ran = run("check", tmp_path, "--rules", TINY)
    assert ran.code == 4
    assert re.search(r"坏\.yaml +0 +不可用", ran.out)
    assert f"{broken}:10:14" in ran.err
    assert run("check", broken, "--rules", TINY).code == 3


def test_check_lays_overlays_on(run: Run, tmp_path: Path) -> None:
    overlay = TINY / "overlays" / "district"
    expected = f'依据: 采暖办法\n预期:\n  - 月份: "2020-08"\n    叠加: ["{overlay.as_posix()}"]\n    采暖: {{认定: 符合, 金额: 1800}}\n'
    path = tmp_path / "a.yaml"
    path.write_text(BASE + expected, encoding="utf-8")
    assert run("check", path, "--rules", TINY).code == 0
    path.write_text(BASE + expected.replace(overlay.name, "distrikt"), encoding="utf-8")
    ran = run("check", path, "--rules", TINY)
    assert ran.code == 5
    assert "unknown-ruleset" in ran.err


def test_check_without_cases(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("check", "--rules", TINY).code == 3
    ran = run("check", tmp_path, "--rules", TINY)
    assert ran.code == 3
    assert "no-cases" in ran.err


# —— rulesets ——


def test_rulesets_list(run: Run) -> None:
    ran = run("rulesets", "list")
    assert ran.code == 0
    assert re.search(r"^beijing +规则集 +北京市社会救助规则集 +2015-07", ran.out, re.MULTILINE)
    assert "beijing" in [row["name"] for row in run("rulesets", "list", "--format", "json").json]


def test_rulesets_show(run: Run) -> None:
    ran = run("rulesets", "show", TINY)
    assert ran.code == 0
    assert re.search(r"aid +救助 +家庭生活救助 +家庭 +2020-01", ran.out)
    assert re.search(r"救助标准 +元/人月 +2 +2021-07 +1100\.00", ran.out)
    data = run("rulesets", "show", TINY, "--format", "json").json
    assert [programme["id"] for programme in data["programmes"]] == ["aid", "allowance"]


def test_rulesets_show_a_timeline(run: Run) -> None:
    ran = run("rulesets", "show", TINY, "救助标准")
    assert ran.code == 0
    assert re.search(r"2021-07 +1100\.00 +2021-09-10（假定） +云民发〔2021〕2号 +文件所载 +A01", ran.out)
    rows = run("rulesets", "show", TINY, "救助标准", "--format", "json").json
    assert [(row["from"], row["value"], row["provenance"]) for row in rows] == [
        ("2020-01", "1000.00", "document"), ("2021-07", "1100.00", "document")
    ]  # fmt: skip
    ran = run("rulesets", "show", TINY, "救济标准")
    assert ran.code == 3
    assert "救助标准" in ran.err


def test_rulesets_lint(run: Run) -> None:
    ran = run("rulesets", "lint", TINY, "--as-of", "2023-01")
    assert ran.code == 0
    assert "处可疑" in ran.err
    findings = run("rulesets", "lint", TINY, "--as-of", "2023-01", "--format", "json").json
    assert findings
    assert all(finding["code"].isascii() and finding["message"] for finding in findings)
    assert run("rulesets", "lint", TINY, "--as-of", "2023").code == 3


def test_rulesets_diff(run: Run) -> None:
    ran = run("rulesets", "diff", TINY, "2020-08", "2021-08")
    assert ran.code == 0
    assert "救助标准 1000.00 → 1100.00" in ran.out
    same = run("rulesets", "diff", TINY, "2020-08", "2020-09")
    assert (same.code, same.out) == (0, "")
    known = run("rulesets", "diff", TINY, "2021-08@2021-08-01", "2021-08", "--format", "json")
    assert "救助标准" in [change["name"] for change in known.json]
    assert run("rulesets", "diff", TINY, "2021-08@", "2021-13").code == 3


def test_a_ruleset_that_cannot_be_used(run: Run, case: Path, tmp_path: Path) -> None:
    ran = run("determine", case, "--month", "2020-08", "--rules", "bejing")
    assert (ran.code, ran.out) == (5, "")
    assert "最接近的名称：beijing" in ran.err
    (tmp_path / "ruleset.yaml").write_text("ruleset: x\nrulset: y\n", encoding="utf-8")
    ran = run("rulesets", "show", tmp_path)
    assert ran.code == 5
    assert "ruleset.yaml:2:1" in ran.err


# —— usage ——

COMMANDS = [
    (), ("determine",), ("explain",), ("check",), ("replay",), ("schema",), ("rulesets",),
    ("rulesets", "list"), ("rulesets", "show"), ("rulesets", "lint"), ("rulesets", "diff"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_chinese(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert ran.out.startswith("用法：" + " ".join(["eligibility", *command]))
    assert ran.err == ""
    for line in ran.out.splitlines():
        assert not line.startswith("  ") or re.search(r"  [^ -~]", line), f"no Chinese description: {line}"
    assert not re.search(r"Usage|Options|Show this|required|default", ran.out)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "用法"),
        (("rulesets",), "用法"),
        (("determin",), "determine"),
        (("rulesets", "lnt", "x"), "lint"),
        (("determine",), "缺少 CASE"),
        (("determine", "a.yaml"), "缺少 --month"),
        (("determine", "a.yaml", "--month"), "--month 后面要写值"),
        (("determine", "a.yaml", "--mont", "2020-08"), "--month"),
        (("determine", "a.yaml", "--help=1"), "--help 不带值"),
        (("determine", "a.yaml", "--month", "2020-08", "--format", "xml"), "text、json"),
        (("explain", "a.yaml", "b.yaml", "--month", "2020-08"), "多余的参数：b.yaml"),
        (("explain", "a.yaml", "--month", "2020-08", "--audience", "child"), "resident"),
        (("schema", "case", NUMBER), "多余的参数"),
    ],
)
def test_usage_errors(run: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert not re.search(r"[Ee]rror|Missing|Invalid|Try", ran.err)


def test_the_version(run: Run) -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"{__version__}\n")


# —— broken files ——

BROKEN: dict[str, bytes] = {
    "ten megabytes": b"a" * 10_000_000,
    "ten thousand lists": b"[" * 10_000,
    "ten thousand mappings": b"{a: " * 10_000,
    "deep blocks": "\n".join(" " * depth + "a:" for depth in range(1000)).encode(),
    "duplicate key": (BASE + "标题: 又一\n").encode(),
    "full-width colon": BASE.replace("标题: ", "标题：").encode(),
    "anchor": b"a: &x 1\nb: *x\n",
    "tag": b"a: !!python/object/apply:os.system [ls]\n",
    "two documents": (BASE + "---\n" + BASE).encode(),
    "gb18030": BASE.encode("gb18030"),
    "bytes": bytes(range(256)),
    "a null sign": (BASE + "备注: \0\n").encode(),
    "empty": b"",
    "a list": b"[1, 2]",
    "tab": "家庭:\n\t地区: 1\n".encode(),
    "unknown key": BASE.replace("家庭:", "家挺:").encode(),
    "float": BASE.replace("金额: 1200", "金额: 1200.5").encode(),
    "five thousand digits": BASE.replace("金额: 1200", "金额: " + "9" * 5000).encode(),
    "wrong check digit": BASE.replace(NUMBER, NUMBER[:17] + ("0" if NUMBER[17] != "0" else "1")).encode(),
    "number as a key": f'"{NUMBER}": 1\n"{NUMBER}": 2\n'.encode(),
    "number as a member": BASE.replace("申请人: 母亲", f'申请人: "{NUMBER}"').encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_files_give_one_clear_error(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "坏.yaml"
    path.write_bytes(content)
    ran = run("determine", *at(path))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(str(path))
    assert all(re.search(r"\[[a-z-]+\]$", line) for line in ran.err.splitlines())
    assert len(ran.err) < 1000


def test_full_width_digits_are_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(CASE.replace("金额: 1200", "金额: １２００"), encoding="utf-8")
    assert run("check", path, "--rules", TINY).code == 0


def test_an_identity_number_in_the_wrong_place_is_masked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"{NUMBER}.yaml"
    path.write_text(
        CASE.replace("母亲与孩子", f"母亲{NUMBER}与孩子").replace("编号: 孩子", f'编号: "{NUMBER}"'),
        encoding="utf-8",
    )
    hidden = f"{NUMBER[:6]}********{NUMBER[-4:]}"
    for command in (
        ("determine", *at(path)),
        ("determine", *at(path, "--format", "json")),
        ("explain", *at(path)),
        ("check", path, "--rules", TINY),
        ("check", path, "--rules", TINY, "--format", "json"),
    ):
        ran = run(*command)
        assert ran.code == 0
        assert hidden in ran.out
    assert run("determine", *at(tmp_path / f"{NUMBER}.json")).code == 3


# —— what nobody hopes for ——


def test_engines_that_disagree(run: Run, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disagree(*_: object, **__: object) -> None:
        raise EngineDisagreement(Problem("engines-disagree", "两个引擎不一致"))

    monkeypatch.setattr(cli, "determine_case", disagree)
    ran = run("determine", *at(case))
    assert (ran.code, ran.out) == (7, "")
    monkeypatch.setattr("eligibility.determination.expectations.determine", disagree)
    assert run("check", case, "--rules", TINY).code == 7


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_nobody_foresaw(
    case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debug: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"of {NUMBER}")

    monkeypatch.setattr(cli, "determine_case", fail)
    monkeypatch.setenv(cli.DEBUG, "1" if debug else "0")
    assert cli.main([str(argument) for argument in ("determine", *at(case))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("程序错误：ZeroDivisionError")
    assert NUMBER not in err
    assert ("Traceback" in err) is debug
    assert (len(err.splitlines()) == 1) is not debug


def test_an_interruption(run: Run, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "determine_case", interrupt)
    ran = run("determine", *at(case))
    assert (ran.code, ran.out, ran.err) == (130, "", "已中断\n")


# —— as a program of its own ——


def program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eligibility", *map(str, arguments)],
        cwd=Path(__file__).parents[1], encoding="utf-8", stderr=subprocess.PIPE, timeout=60, check=False, **options,
    )  # fmt: skip


def test_output_into_a_pipe_is_neither_coloured_nor_cut(case: Path) -> None:
    environment = {**os.environ, "COLUMNS": "20", "FORCE_COLOR": "", "PYTHONIOENCODING": "utf-8"}
    ran = program("determine", *at(case), stdout=subprocess.PIPE, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "\x1b" not in ran.stdout
    assert "人均收入低于标准”（人均收入 600.00元，救助标准 1,000.00元）" in ran.stdout


def test_an_explanation_is_the_same_in_every_process() -> None:
    household = Path(__file__).parents[1] / "cases" / "三代同堂.yaml"
    told = {
        program(
            "explain", household, "--month", "2025-08",
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1
    assert "父母失联" in told.pop()


def test_a_reader_that_has_gone(case: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ran = program("determine", *at(case), stdout=closed)
    assert ran.returncode == 141
    assert "Error" not in ran.stderr
    assert "Exception" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(case: Path) -> None:
    with open("/dev/full", "wb") as full:
        ran = program("--help", stdout=full)
    assert ran.returncode == 8
    assert "output-unwritable" in ran.stderr
    assert "Exception" not in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_a_terminal_without_colours(case: Path) -> None:
    import pty

    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "60", "NO_COLOR": "1"}
    with os.fdopen(parent, "rb", buffering=0) as terminal:
        ran = program("check", case, "--rules", TINY, stdout=child, env=environment)
        os.close(child)
        shown = terminal.read(100_000).decode()
    assert ran.returncode == 0
    assert "相符" in shown
    assert "\x1b[1m" in shown  # rich takes it for a terminal: bold, but no colour
    assert not re.search(r"\x1b\[[0-9;]*[34][0-7]m", shown)
