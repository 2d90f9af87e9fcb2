"""Writing files: all of a file or nothing of it, whatever happens on the way."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import OutputError, Problem, reason_of


def write_file(path: Path, data: bytes, what: str, *, private: bool = False) -> None:
    """Writes a file, replacing one that is there; `private`: only its owner can read it. `what` names it for people.

    Raises `OutputError`; the file is then as it was before.
    """
    target = path.resolve()
    temporary: str | None = None
    try:
        if target.exists() and not target.is_file():
            raise OSError(0, "不是普通文件")
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            os.chmod(temporary, _usual_mode())
        os.replace(temporary, target)
    except OSError as failure:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        problem = Problem("output-unwritable", f"{what}写不进去：{reason_of(failure)}", str(path))
        raise OutputError(problem) from None


def csv_table(columns: Mapping[str, str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """A table as CSV, `columns` giving the heading of each key; with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), lineterminator="\r\n")
    writer.writerow(dict(columns))
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _usual_mode() -> int:
    """What a new file may be used for under the mask of this process."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
