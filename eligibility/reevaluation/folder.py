"""The folder a re-evaluation writes to: one run at a time, every finished batch kept, nothing of another run replaced."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import ipc

from ..case import mask
from ..errors import InputError, OutputError, Problem, reason_of
from ..writing import write_file
from .identity import differences
from .lines import Work
from .totals import Totals

RUN: Final = "run.json"
"""Written last: its presence says that the run is finished."""
_STAGING: Final = ".import"
_TOTALS: Final = b"totals"


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turns what goes wrong with files into one `OutputError`."""
    try:
        yield
    except (OSError, pa.ArrowException) as failure:
        reason = reason_of(failure, "写入失败")
        problem = Problem("output-unwritable", f"结果写不进去：{reason}", mask(str(place)))
        raise OutputError(problem) from None


class Folder:
    """An output folder, locked while in use (`with Folder(path) as folder`). Raises `OutputError`.

    What fails before anything is worth keeping leaves no folder behind that was not there before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / ".work"
        self._made: list[Path] = []

    def __enter__(self) -> Folder:
        if self.path.exists() and not self.path.is_dir():
            problem = Problem("output-unwritable", "这是文件，结果要写进文件夹", mask(str(self.path)))
            raise OutputError(problem)
        with writing(self.path):
            self._made = [place for place in (self.path, *self.path.parents) if not place.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._lock)
                problem = Problem("output-busy", "另一次复核正在使用这个文件夹", mask(str(self.path)))
                raise OutputError(problem) from None
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None and self._made and next(self.work.glob("*.arrow"), None) is None:
            with contextlib.suppress(OSError):  # a folder that is not empty stays
                shutil.rmtree(self.work, ignore_errors=True)
                for place in self._made:
                    place.rmdir()
        os.close(self._lock)

    def finished(self, identity: dict[str, Any]) -> bool:
        """Whether this very work is already finished here. Raises `OutputError` if other work is here, done or begun."""
        run = read_run(self.path) if (self.path / RUN).exists() else None
        begun = self._begun() if run is None else None
        for found, state in ((run and run["work"], "已有另一次复核的结果"), (begun, "有另一次没做完的复核")):
            if found is not None and (told := differences(found, identity)):
                message = f"文件夹里{state}，不覆盖：{'；'.join(told)}"
                raise OutputError(Problem("output-other-work", message, mask(str(self.path)), "换一个文件夹"))
        if run is not None:
            self.clear()
        return run is not None

    def _begun(self) -> Any:
        try:
            return json.loads((self.work / "work.json").read_bytes())
        except (OSError, ValueError):
            return None

    def begin(self, identity: dict[str, Any]) -> None:
        """Starts the work, or goes on with it."""
        with writing(self.path):
            shutil.rmtree(self.path / _STAGING, ignore_errors=True)
            self.work.mkdir(mode=0o700, exist_ok=True)
            for left in self.work.glob("*.tmp"):
                left.unlink()
        write_file(self.work / "work.json", as_json(identity), "结果", private=True)

    def part(self, number: int) -> Path:
        """Where the lines and sums of a batch stand."""
        return self.work / f"{number:06d}.arrow"

    def keep(self, number: int, work: Work) -> None:
        """Writes a batch's lines with its sums; all of it or nothing."""
        target = self.part(number)
        temporary = target.with_suffix(".tmp")
        totals = json.dumps(work.totals.data(), ensure_ascii=False, separators=(",", ":")).encode()
        schema = work.lines.schema.with_metadata({_TOTALS: totals})
        with writing(self.path):
            with pa.OSFile(os.fspath(temporary), "wb") as sink, ipc.new_file(sink, schema) as writer:
                writer.write_batch(pa.RecordBatch.from_arrays(work.lines.columns, schema=schema))
            os.replace(temporary, target)

    def kept(self, number: int) -> Totals | None:
        """The sums of a batch that is done; None if it is not (or not whole)."""
        try:
            with pa.memory_map(os.fspath(self.part(number))) as source:
                reader = ipc.open_file(source)
                if reader.num_record_batches == 1:
                    return Totals.read(json.loads(reader.schema.metadata[_TOTALS]))
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
            pass
        return None

    def place(self, name: str, write: Callable[[Path], None], *, private: bool = False) -> None:
        """Puts a file that `write` makes into the folder, whole or not at all; `private`: only its owner can read it."""
        temporary = self.work / f"{name}.tmp"
        with writing(self.path):
            self.work.mkdir(mode=0o700, exist_ok=True)
            write(temporary)
            if private:
                os.chmod(temporary, 0o600)
            os.replace(temporary, self.path / name)

    def place_bytes(self, name: str, data: bytes) -> None:
        """Puts a file with this content into the folder."""
        self.place(name, lambda path: _write_all(path, data))

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A place inside the folder for files that may still turn out not to belong here."""
        place = self.path / _STAGING
        with writing(self.path):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def take(self, staging: Path, *names: str) -> None:
        """Moves staged files into the folder, in place of those of an earlier attempt."""
        with writing(self.path):
            for name in names:
                if (staging / name).exists():
                    os.replace(staging / name, self.path / name)
                else:
                    (self.path / name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes what was only needed on the way."""
        with writing(self.path):
            if self.work.exists():
                shutil.rmtree(self.work)


def _write_all(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def as_json(data: Any) -> bytes:
    """Data as a file of JSON for people and programs: the same data, the same bytes."""
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def read_run(out: Path) -> dict[str, Any]:
    """What `run.json` of a finished re-evaluation says. Raises `InputError` if there is none."""
    if not out.is_dir():
        message = "这是文件，应是 reevaluate 的结果文件夹" if out.exists() else "没有这个文件夹"
        raise InputError(Problem("no-run", message, mask(str(out))))
    try:
        run = json.loads((out / RUN).read_bytes())
    except FileNotFoundError:
        problem = Problem("no-run", f"文件夹里没有做完的复核（{RUN}）", mask(str(out)))
        raise InputError(problem) from None
    except (OSError, ValueError):
        raise InputError(Problem("run-broken", f"{RUN} 读不出来", mask(str(out)))) from None
    parts = ("work", "register", "plan", "editions")
    if not isinstance(run, dict) or not all(isinstance(run.get(part), dict) for part in parts):
        raise InputError(Problem("run-broken", f"{RUN} 不是复核的记录", mask(str(out))))
    return run
