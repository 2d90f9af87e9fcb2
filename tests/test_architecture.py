"""The house keeps its shape: imports run one way, the engine knows no city, importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "eligibility"
GROUND = {"errors", "quantities", "values", "reading"}
ALLOWED = {
    "case": GROUND,
    "language": GROUND,
    "ruleset": GROUND | {"case", "language"},
    "engines": GROUND | {"case", "language", "ruleset"},
    "determination": GROUND | {"case", "language", "ruleset", "engines"},
    "register": GROUND | {"writing", "case", "language", "ruleset"},
    "reevaluation": GROUND
    | {"writing", "case", "language", "ruleset", "engines", "determination", "register"},
    "whatif": GROUND
    | {"writing", "case", "language", "ruleset", "engines", "determination", "register", "reevaluation"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def rooms_imported(file: Path) -> set[str]:
    """The rooms of the package that a file imports from."""
    depth = len(file.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        assert not (
            isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("eligibility")
        )
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_one_way(file: Path) -> None:
    parts = file.relative_to(PACKAGE).parts
    if len(parts) == 1:
        allowed = GROUND if parts[0].removesuffix(".py") in GROUND else None
    else:
        allowed = ALLOWED[parts[0]] | {parts[0]}
    if allowed is not None:
        assert rooms_imported(file) <= allowed


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_file_grows_beyond_what_one_reads_in_a_sitting(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 500


def test_the_engine_knows_no_city() -> None:
    for room in ("language", "ruleset", "engines", "determination", "case"):
        for file in (PACKAGE / room).rglob("*.py"):
            tree = ast.parse(file.read_text("utf-8"))
            documentation = {
                id(node.body[0].value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                and node.body
                and isinstance(node.body[0], ast.Expr)
            }
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and id(node) not in documentation
                ):
                    assert not any(word in node.value for word in ("北京", "beijing", "低保")), file


def test_importing_reads_no_file_and_starts_no_thread() -> None:
    code = (
        "import builtins, sys, threading, io\n"
        "opened = []\n"
        "real = io.open\n"
        "builtins.open = lambda f, *a, **k: (opened.append(str(f)), real(f, *a, **k))[1]\n"
        "import eligibility\n"
        "assert threading.active_count() == 1\n"
        "assert not [f for f in opened if f.endswith('.yaml')], opened\n"
        "assert 'typer' not in sys.modules and 'rich' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
