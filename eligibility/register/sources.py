"""Where a register comes from: a folder or pair of files, a workbook, a database, or nested Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ..case.identity import mask
from ..errors import InputError, OutputError, Problem
from ..values import Level
from .csv_tables import read_csv
from .excel_tables import SUFFIXES as WORKBOOKS
from .excel_tables import read_workbook
from .headers import NAMES, Table, Titles, level_named
from .parquet_tables import is_nested, read_parquet
from .postgres import SCHEMES, read_postgres

Source = str | Path | tuple[Path | str, Path | str]
"""An address `postgresql://…`, a workbook, a nested Parquet file, a folder, or the files of households and members."""

_READERS: Final[Mapping[str, Callable[[Path, Titles], Table]]] = {".csv": read_csv, ".parquet": read_parquet}


def read_source(source: Source, titles: Mapping[Level, Titles]) -> tuple[Table, Table] | Path:
    """The tables of households and members; of nested Parquet the file, which is read batch by batch.

    Raises `InputError` where there is no such source, or it has no such tables.
    """
    if isinstance(source, str) and source.startswith(SCHEMES):
        return read_postgres(source, titles)
    if isinstance(source, tuple):
        first, second = map(Path, source)
        return _read(first, titles[Level.HOUSEHOLD]), _read(second, titles[Level.PERSON])
    path = Path(source)
    if path.is_dir():
        files = _files(path)
        household, person = (_read(files[level], titles[level]) for level in NAMES)
        return household, person
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        return read_workbook(path, titles)
    if suffix == ".parquet" and _there(path) and is_nested(path):
        return path
    if suffix in _READERS:
        raise InputError(
            Problem(
                "source-one-table", "这里只有一张表", _shown(path), "给出家庭、成员两个文件，或它们的文件夹"
            )
        )
    _there(path)
    raise InputError(Problem("source-kind", "不认得这种文件", _shown(path), f"可用：{_KINDS}"))


def refuse_own_input(source: Source, *targets: Path) -> None:
    """Raises `OutputError` if a target is a file that the source is read from, by whatever name, or is named twice.

    Raises `InputError` first where the source is not there at all.
    """
    if isinstance(source, str) and source.startswith(SCHEMES):
        inputs: list[Path] = []
    elif isinstance(source, tuple):
        inputs = [Path(part) for part in source]
    else:
        path = Path(source)
        inputs = [*_files(path).values()] if path.is_dir() else [path]
    for file in inputs:
        _there(file)
    for number, target in enumerate(targets):
        if any(_same(target, other) for other in inputs):
            raise OutputError(
                Problem("output-is-input", "结果不能写进读入的文件本身", _shown(target), "换一个文件名")
            )
        if any(_same(target, other) for other in targets[:number]):
            raise OutputError(
                Problem("output-twice", "台账和问题清单不能是同一个文件", _shown(target), "换一个文件名")
            )


def _same(one: Path, other: Path) -> bool:
    """Whether two names are one file: through links of either kind, or where it would be made."""
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


_KINDS: Final = "CSV 或 Parquet（家庭、成员两个文件）、.xlsx、.xls、嵌套的 .parquet、postgresql://… 地址"


def _shown(path: Path) -> str:
    return mask(str(path))


def _there(path: Path) -> bool:
    if not path.is_file():
        raise InputError(Problem("source-missing", "没有这个文件或文件夹", _shown(path)))
    return True


def _read(path: Path, titles: Titles) -> Table:
    _there(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            Problem("source-kind", "不认得这种文件", _shown(path), f"可用：{'、'.join(_READERS)}")
        )
    return reader(path, titles)


def _files(folder: Path) -> Mapping[Level, Path]:
    """The file of each level in a folder."""
    found: dict[Level, Path] = {}
    for path in sorted(folder.iterdir()):
        level = level_named(path.stem) if path.suffix.lower() in _READERS else None
        if level is None:
            continue
        if level in found:
            message = f"{mask(found[level].name)} 和 {mask(path.name)} 是同一张表，只能有一个"
            raise InputError(Problem("source-twice", message, _shown(folder)))
        found[level] = path
    missing = [names[0] for level, names in NAMES.items() if level not in found]
    if missing:
        hint = "文件名如 家庭.csv、成员.csv 或 households.parquet、persons.parquet"
        message = f"文件夹里没有{'、'.join(missing)}表"
        raise InputError(Problem("source-missing", message, _shown(folder), hint))
    return found
