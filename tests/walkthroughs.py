"""Runs a page of documentation: its files are written, its commands and Python are run, its outputs are those of the run.

In a page, a `yaml` block whose first line is `# name.yaml` is a file; a `console` block holds commands after `$ `, each
with what it prints; a `python` block may be followed by a `text` block with what it prints. `python -m tests.walkthroughs
PAGE…` writes the outputs of a run into pages, and beside them the pictures that they show.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eligibility import cli, cli_matrix, cli_registers, cli_sweep, cli_whatif
from eligibility.ruleset import Ruleset, load_ruleset

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "what-if.md", *sorted((ROOT / "docs" / "what-if").glob("*.md")))
_BLOCK = re.compile(r"```(yaml|console|python)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
_FILE = re.compile(r"# (\S+\.(?:yaml|json))\n")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")


@cache
def _loaded(name: str, overlays: tuple[str, ...]) -> Ruleset:
    return load_ruleset(name, overlays=overlays)


def _load(name: str, *, overlays: Any = ()) -> Ruleset:
    return _loaded(str(name), tuple(map(str, overlays)))


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """A folder with the cases of the repository in it, and each ruleset loaded once for all commands."""
    (folder / "cases").symlink_to(ROOT / "cases")
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        for module in (cli, cli_matrix, cli_registers, cli_sweep, cli_whatif):
            stack.enter_context(patch.object(module, "load_ruleset", _load))
        yield


def as_run(text: str, folder: Path) -> str:
    """The page with the outputs of a run in `folder`, which must be empty. Raises `AssertionError` where a command fails."""
    names: dict[str, Any] = {}

    def block(found: re.Match[str]) -> str:
        language, body, _ = found.groups()
        if language == "yaml":
            if (name := _FILE.match(body)) is not None:
                Path(name[1]).write_text(body, "utf-8")
            return found[0]
        if language == "console":
            commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
            return "```console\n" + "\n".join(map(_command, commands)) + "```\n"
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(body, "page", "exec"), names)
        output = printed.getvalue()
        return f"```python\n{body}```\n" + (f"\n```text\n{output}```\n" if output else "")

    with _working_in(folder):
        return _BLOCK.sub(block, text)


def _command(line: str) -> str:
    """A command with what it prints."""
    program, *arguments = shlex.split(line)
    assert program == "eligibility", line
    with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        contextlib.redirect_stderr(io.StringIO()) as said,
    ):
        code = cli.main(arguments)
    assert code == 0, f"{line}\n{said.getvalue()}"
    return f"$ {line}\n{printed.getvalue()}"


def pictures(text: str) -> list[str]:
    """The files of the pictures that a page shows."""
    return _PICTURE.findall(text)


def main(pages: list[str]) -> None:
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as folder:
            text = as_run(page.read_text("utf-8"), Path(folder))
            page.write_text(text, "utf-8")
            for name in pictures(text):
                for suffix in (".svg", ".csv"):
                    shutil.copy((Path(folder) / name).with_suffix(suffix), page.parent)


if __name__ == "__main__":
    main(sys.argv[1:])
