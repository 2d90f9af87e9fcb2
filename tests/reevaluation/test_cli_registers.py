"""The commands about registers, as they are typed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from eligibility.cli import main
from eligibility.cli_registers import _progress
from eligibility.register.sample import write_sample_csv
from eligibility.register.store import Register
from eligibility.ruleset import Ruleset

LATE = ["--before", "2025-06@2025-06-30", "--after", "2025-07@2025-09-30", "--through", "2025-09"]


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_register_is_reevaluated_and_left_alone(
    sample: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("reevaluate", sample.path, *LATE, "--out", out, "--excel") == 0
    shown = capsys.readouterr()
    assert "60 户" in shown.out
    assert "补发和追回" in shown.out
    assert shown.err == ""
    assert {"变动.xlsx", "补发.xlsx", "变动.parquet", "run.json"} <= {file.name for file in out.iterdir()}
    assert run("reevaluate", sample.path, *LATE, "--out", out, "--excel", "--format", "json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads((out / "summary.json").read_bytes())
    assert "没有改动" in shown.err
    assert run("reevaluate", sample.path, *LATE, "--out", out) == 0
    assert "没有改动" in capsys.readouterr().err
    (out / "发放汇总.xlsx").unlink()
    assert run("reevaluate", sample.path, *LATE, "--out", out, "--excel") == 0
    assert "里已有这次复核的结果，按名单写了 发放汇总.xlsx\n" in capsys.readouterr().err
    assert run("reevaluate", sample.path, *LATE, "--out", out, "--identity-numbers") == 8
    assert "那次遮盖姓名和证件号，这次不遮盖" in capsys.readouterr().err


def test_tables_are_imported_first(
    beijing: Ruleset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = tmp_path / "表"
    tables.mkdir()
    household, _ = write_sample_csv(tables, households=40, seed=3, rules=beijing, contradictions=False)
    broken = household.read_text("utf-8-sig").splitlines()
    broken[1] = broken[1].replace(",", ",不是代码", 1)
    household.write_text("\n".join(broken) + "\n", "utf-8")
    out = tmp_path / "out"
    assert run("reevaluate", tables, *LATE, "--out", out) == 4
    assert "问题清单.csv" in capsys.readouterr().err
    done = json.loads((out / "run.json").read_bytes())
    assert done["register"]["path"] == "台账.arrow"
    assert [table["rows"] - table["stored"] - table["listed"] for table in done["imported"]] == [0, 0]
    assert done["imported"][0]["rows"] == 40
    assert done["imported"][0]["stored"] == done["register"]["households"] < 40
    assert (out / "问题清单.csv").exists()
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in out.iterdir()}
    assert run("reevaluate", tables, *LATE, "--out", out) == 4
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in out.iterdir()} == before
    household.write_text("\n".join(broken[:1] + broken[3:]) + "\n", "utf-8")
    assert run("reevaluate", tables, *LATE, "--out", out) == 8  # other tables: what is there stays
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in out.iterdir()} == before


def test_columns_that_are_not_read(
    beijing: Ruleset, sample: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    household, _ = write_sample_csv(tmp_path, households=20, seed=3, rules=beijing, contradictions=False)
    head, *rows = household.read_text("utf-8-sig").splitlines()
    household.write_text("\n".join([f"{head},联系电话", *(f"{row},1" for row in rows)]) + "\n", "utf-8")
    assert run("reevaluate", tmp_path, *LATE, "--out", tmp_path / "out") == 3
    assert "--ignore" in capsys.readouterr().err
    assert run("reevaluate", tmp_path, *LATE, "--out", tmp_path / "out", "--ignore", "联系电话") == 0
    assert run("reevaluate", sample.path, *LATE, "--out", tmp_path / "other", "--ignore", "联系电话") == 3
    assert "台账已经导入" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing.arrow", *LATE], 3, "nothing.arrow"),
        (["nothing.csv", *LATE], 3, "nothing.csv"),
        (["{register}", "--before", "2025-6", "--after", "2025-07"], 3, "应写成 2025-06"),
        (["{register}", "--before", "2025-07", "--after", "2025-06"], 3, "晚于"),
        (["{register}", "--before", "2025-06@", "--after", "2025-07"], 3, "知悉日"),
        (["{register}", "--before", "2014-06", "--after", "2025-07"], 3, "2014-06"),
        (["{register}", *LATE, "--rules", "beijin"], 5, "beijing"),
        (["{register}", "--before", "2025-06"], 2, "--after"),
    ],
)
def test_what_cannot_be_is_one_error(
    sample: Register,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    given = [str(sample.path) if a == "{register}" else a for a in arguments]
    assert run("reevaluate", *given, "--out", tmp_path / "out") == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder_for_results(
    sample: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("text")
    assert run("reevaluate", sample.path, *LATE, "--out", tmp_path / "out") == 8
    assert "这是文件，结果要写进文件夹" in capsys.readouterr().err


def test_a_sample_is_made_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "样例.arrow"
    assert run("register", "sample", "--households", 25, "--seed", 5, "--out", target) == 0
    assert "25 户" in capsys.readouterr().out
    assert run("register", "show", target) == 0
    assert "家庭编号" in capsys.readouterr().out
    assert run("register", "show", target, "--format", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["households"] == 25
    assert {"title": "出生日期", "key": "birth_date", "level": "成员", "kind": "date"} in shown["columns"]
    assert run("register", "sample", "--households", 0, "--out", target) == 2


def test_a_template_is_filled_checked_and_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = tmp_path / "模板.xlsx"
    assert run("register", "template", "--out", template) == 0
    assert run("register", "check", template, "--out", tmp_path / "校验.xlsx") == 0
    assert run("register", "import", template, "--out", tmp_path / "台账.arrow") == 0
    assert "1 户" in capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} == {"模板.xlsx", "校验.xlsx", "台账.arrow"}


def test_rows_that_cannot_be_used_are_listed(
    beijing: Ruleset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, persons = write_sample_csv(tmp_path, households=10, seed=3, rules=beijing, contradictions=False)
    lines = persons.read_text("utf-8-sig").splitlines()
    persons.write_text("\n".join([*lines, lines[1]]) + "\n", "utf-8")  # somebody twice
    assert run("register", "import", tmp_path, "--out", tmp_path / "台账.arrow") == 4
    assert "台账-问题清单.csv" in capsys.readouterr().err
    assert (tmp_path / "台账-问题清单.csv").exists()


def test_a_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from eligibility.cli import main\n"
        "sys.exit(main(['register', 'show', 'x.arrow']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert "pip install 'eligibility[register]'" in ran.stderr
    assert "missing-extra" in ran.stderr


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with _progress("复核") as tell:
        assert tell is not None
        tell(50, 100)
        tell(100, 100)
    assert "100/100" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with _progress("复核") as tell:
        assert tell is None
