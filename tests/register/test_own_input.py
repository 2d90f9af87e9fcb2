"""No command writes over the tables it reads, whatever name they go by."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eligibility.cli import main
from eligibility.errors import InputError, OutputError
from eligibility.register.importing import import_register
from eligibility.ruleset import Ruleset
from tests.register.office import both, csv_folder, write_xlsx

NAMES: dict[str, Callable[[Path], Path]] = {
    "同名": lambda path: path,
    "绕路": lambda path: path.parent / ".." / path.parent.name / path.name,
    "符号链接": lambda path: _linked(path, os.symlink),
    "硬链接": lambda path: _linked(path, os.link),
}


def _linked(path: Path, link: Callable[[Path, Path], None]) -> Path:
    link(path, path.with_name("链.xlsx"))
    return path.with_name("链.xlsx")


@pytest.mark.parametrize("command", ["check", "import"])
@pytest.mark.parametrize("name", NAMES)
def test_a_workbook_is_never_written_over(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_xlsx(tmp_path / "填好的.xlsx", both())
    before = path.read_bytes()
    assert main(["register", command, str(path), "--out", str(NAMES[name](path))]) == OutputError.exit_code
    shown = capsys.readouterr()
    assert "output-is-input" in shown.err
    assert shown.out == ""
    assert path.read_bytes() == before


@pytest.mark.parametrize("target", ["家庭.csv", "成员.csv"])
@pytest.mark.parametrize("pair", [True, False])
@pytest.mark.parametrize("what", ["out", "problems"])
def test_no_table_is_written_over(
    target: str, pair: bool, what: str, tmp_path: Path, beijing: Ruleset
) -> None:
    folder = csv_folder(tmp_path / "来")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out, problems = tmp_path / "r.arrow", tmp_path / "p.csv"
    if what == "out":
        out = folder / target
    else:
        problems = folder / target
    source = (folder / "家庭.csv", folder / "成员.csv") if pair else folder
    with pytest.raises(OutputError, match="output-is-input"):
        import_register(source, out, beijing, problems=problems)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_register_may_stand_beside_its_tables_but_not_in_its_list(tmp_path: Path, beijing: Ruleset) -> None:
    folder = csv_folder(tmp_path / "来")
    import_register(folder, folder / "台账.arrow", beijing, problems=folder / "台账-问题清单.csv")
    with pytest.raises(OutputError, match="output-twice"):
        import_register(folder, folder / "台账.arrow", beijing, problems=folder / "台账.arrow")


@pytest.mark.parametrize("command", ["check", "import"])
def test_a_missing_workbook_is_said_first(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "没有.xlsx")
    assert main(["register", command, path, "--out", path]) == InputError.exit_code
    assert "source-missing" in capsys.readouterr().err
