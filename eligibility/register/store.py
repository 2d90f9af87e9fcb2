"""The register file: households as columns in one Arrow IPC file, written whole or not at all, read batch by batch.

The file holds identity numbers, so only its owner may read it. Its dictionaries grow while it is written (Arrow stores
the new words alone), and its last batch carries the number of households and persons and the digest of the content.
Nested Parquet with the same columns is read as well. However large the register, only a few batches are in memory.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from ..case.fields import MAX_MEMBERS
from ..case.identity import mask
from ..errors import InputError, OutputError, Problem, reason_of
from .arrays import cleared
from .columns import HOUSEHOLD_ID, MEMBER_ID, MEMBERS
from .content import Content, Dictionaries
from .flat import Tables
from .schema import BATCH_HOUSEHOLDS, conformed, stored_schema

_FORMAT: Final = "1"
"""Version of the register file's format, under `_FORMAT_KEY` in the schema's metadata."""
_FORMAT_KEY: Final = "eligibility.register"
_MAGIC: Final = {b"ARROW1": "arrow", b"PAR1": "parquet"}


class RegisterWriter:
    """Writes one register file; nothing stands at `path` until `finish`, and then all of it, for its owner only.

    `schema` is that of `schema_of` (columns that no household fills are best left out). In a `with` block it finishes
    at the end, and leaves nothing behind after an error. Raises `OutputError` where the file cannot be written.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._target = path.resolve()
        self._schema = stored_schema(schema, str(path)).with_metadata({_FORMAT_KEY: _FORMAT})
        self._dictionaries = Dictionaries()
        self._content = Content()
        self._pending = pa.RecordBatch.from_pylist([], schema=self._schema)
        self._temporary: str | None = None
        options = ipc.IpcWriteOptions(compression="lz4", emit_dictionary_deltas=True, use_threads=False)
        with self._writing():
            if self._target.exists() and not self._target.is_file():
                raise OSError(0, "不是普通文件")
            handle, self._temporary = tempfile.mkstemp(  # mode 0600
                prefix=f".{self._target.name}.", dir=self._target.parent
            )
            self._file = os.fdopen(handle, "wb")
            self._writer = ipc.new_file(self._file, self._schema, options=options)

    def append(self, batch: pa.RecordBatch) -> None:
        """Adds households, in this order. Columns of the schema that the batch lacks are unknown for all of them.

        Raises `InputError` where a column has another type, a household has no number, no member or too many, or a
        member has no number.
        """
        for start in range(0, batch.num_rows, BATCH_HOUSEHOLDS):
            part = conformed(batch.slice(start, BATCH_HOUSEHOLDS), self._schema)
            _check(part)
            part = _cleared(self._dictionaries.unified(part))
            self._content.add(part)
            with self._writing():
                if self._pending.num_rows:
                    self._writer.write_batch(self._pending)
            self._pending = part.batch()

    def finish(self) -> Register:
        """Completes the file, puts it in its place and opens it."""
        assert self._temporary is not None
        with self._writing():
            summary = self._content.summary(self._dictionaries)
            self._writer.write_batch(self._pending, custom_metadata=summary)
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._temporary, self._target)
            self._temporary = None
        return open_register(self._path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Leaves nothing behind where writing fails."""
        try:
            yield
        except (OSError, pa.ArrowException) as failure:
            self._discard()
            reason = reason_of(failure, "写入失败")
            problem = Problem("output-unwritable", f"台账写不进去：{reason}", mask(str(self._path)))
            raise OutputError(problem) from None

    def _discard(self) -> None:
        if self._temporary is not None:
            with contextlib.suppress(OSError, pa.ArrowException):
                self._writer.close()
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                os.unlink(self._temporary)
            self._temporary = None

    def __enter__(self) -> RegisterWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
        elif self._temporary is not None:
            self.finish()


def _cleared(batch: Tables) -> Tables:
    """The batch with nothing under a null: the file is half as large, and nobody finds there what was struck out."""
    household, persons = (
        {title: cleared(array) for title, array in columns.items()}
        for columns in (batch.household, batch.persons)
    )
    return Tables(household, batch.offsets, persons)


def _check(batch: Tables) -> None:
    """Every household has its number and at least one member, every member a number."""
    sizes = np.diff(batch.offsets)
    problem: Problem | None = None
    if batch.household[HOUSEHOLD_ID.title].null_count:
        problem = Problem("register-household", f"有的家庭没有“{HOUSEHOLD_ID.title}”")
    elif batch.persons[MEMBER_ID.title].null_count:
        problem = Problem("register-member", f"有的成员没有“{MEMBER_ID.title}”")
    elif len(sizes) and not 1 <= sizes.min() <= sizes.max() <= MAX_MEMBERS:
        problem = Problem("register-members", f"每户应有 1 至 {MAX_MEMBERS} 名成员")
    if problem is not None:
        raise InputError(problem)


class Register:
    """A register file opened for reading; made by `open_register`. Holds no data and can be passed to other processes.

    `schema` is that of its batches.
    """

    def __init__(self, path: Path, form: str, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self._form = form

    @property
    def households(self) -> int:
        """How many households."""
        return int(self._summary["households"])

    @property
    def persons(self) -> int:
        """How many members all households have together."""
        return int(self._summary["persons"])

    @property
    def digest(self) -> str:
        """SHA-256 of the content: 64 hexadecimal digits."""
        return self._summary["digest"]

    def batches(self, start: int = 0) -> Iterator[pa.RecordBatch]:
        """The households in order, in batches of at most `BATCH_HOUSEHOLDS`, from the batch at `start` (from 0).

        Every batch has the schema of the register. Raises `InputError` where the file cannot be read to its end.
        """
        for batch in self._stored(start):
            if batch.schema.equals(self.schema):
                yield batch
            else:
                yield conformed(batch, self.schema).batch()

    def find(self, household_id: str) -> dict[str, Any]:
        """The row of one household: its columns by title, `成员` a list of the members' columns.

        Raises `InputError` if the register has no such household.
        """
        first = 0
        for ids in self._stored(0, (HOUSEHOLD_ID.title,)):
            place = pc.index(ids.column(0).cast(pa.string()), household_id).as_py()
            if place >= 0:
                return self._row(first + place)
            first += ids.num_rows
        message = f"台账里没有家庭编号为“{mask(household_id[:40])}”的家庭"
        raise InputError(Problem("register-unknown-household", message, self._place))

    def _row(self, number: int) -> dict[str, Any]:
        for batch in self.batches(0):
            if number < batch.num_rows:
                row: dict[str, Any] = batch.slice(number, 1).to_pylist()[0]
                return row
            number -= batch.num_rows
        raise AssertionError("a household that was there")

    @property
    def _place(self) -> str:
        return mask(str(self.path))

    @cached_property
    def _summary(self) -> Mapping[str, str]:
        """Counts and digest: from the last batch, or counted where the file was written by somebody else."""
        if self._form == "arrow":
            with self._reading(), pa.memory_map(str(self.path)) as source:
                reader = ipc.open_file(source)
                if reader.num_record_batches:
                    last = reader.get_batch_with_custom_metadata(reader.num_record_batches - 1)
                    said = last.custom_metadata
                    if said is not None and said.get(b"digest") is not None:
                        return {key: said[key].decode() for key in ("households", "persons", "digest")}
        dictionaries, content = Dictionaries(), Content()
        for batch in self.batches():
            part = conformed(batch, self.schema)
            _check(part)
            content.add(dictionaries.unified(part))
        return content.summary(dictionaries)

    def _stored(self, start: int, only: tuple[str, ...] | None = None) -> Iterator[pa.RecordBatch]:
        """The batches as they stand in the file, whole or with a few of the household's columns."""
        with self._reading():
            read = _arrow_batches if self._form == "arrow" else _parquet_batches
            yield from read(self.path, start, only)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException):
            problem = Problem("register-broken", "台账文件不完整或已损坏", self._place, "请重新导入")
            raise InputError(problem) from None


def _arrow_batches(path: Path, start: int, only: tuple[str, ...] | None) -> Iterator[pa.RecordBatch]:
    # Not mapped: pages of a mapped file would count as memory in use, as large as the file.
    with pa.OSFile(str(path)) as source:
        schema = ipc.open_file(source).schema
        chosen = None if only is None else [schema.get_field_index(title) for title in only]
        # Threads would only take turns: a batch is read while others are evaluated.
        options = ipc.IpcReadOptions(included_fields=chosen, use_threads=False)
        reader = ipc.open_file(source, options=options)
        # Only in files written here is every batch as it stands one of ours.
        ours = _FORMAT_KEY.encode() in (schema.metadata or {})
        stored = map(reader.get_batch, range(start if ours else 0, reader.num_record_batches))
        parts = (
            batch.slice(first, BATCH_HOUSEHOLDS) if batch.num_rows > BATCH_HOUSEHOLDS else batch
            for batch in stored
            for first in range(0, batch.num_rows, BATCH_HOUSEHOLDS)
        )
        yield from parts if ours else islice(parts, start, None)


def _parquet_batches(path: Path, start: int, only: tuple[str, ...] | None) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        columns = None if only is None else list(only)
        # Group by group: Arrow cannot join the dictionaries of nested columns across groups. Threads would not share
        # the work, since all members are one column, but hold more memory.
        groups = (
            file.iter_batches(BATCH_HOUSEHOLDS, row_groups=[group], columns=columns, use_threads=False)
            for group in range(file.num_row_groups)
        )
        for number, batch in enumerate(chain.from_iterable(groups)):
            if number >= start:
                yield batch


def open_register(path: Path | str) -> Register:
    """Opens a register file, or nested Parquet with the same columns; reads no households yet.

    Raises `InputError` where there is no such file, it is neither, or a column is unknown or of a wrong type.
    """
    path = Path(path)
    place = mask(str(path))
    try:
        with open(path, "rb") as file:
            start = file.read(8)
        form = next((form for magic, form in _MAGIC.items() if start.startswith(magic)), None)
        if form is None:
            problem = Problem("register-format", "这不是台账文件（.arrow 或嵌套的 .parquet）", place)
            raise InputError(problem)
        if form == "arrow":
            with pa.memory_map(str(path)) as source:
                schema = ipc.open_file(source).schema
        else:
            schema = pq.read_schema(path)
    except OSError as failure:
        reason = reason_of(failure, "文件不完整或已损坏")
        raise InputError(Problem("file-unreadable", f"台账文件读不出来：{reason}", place)) from None
    except pa.ArrowException:
        raise InputError(Problem("register-broken", "台账文件不完整或已损坏", place, "请重新导入")) from None
    if MEMBERS not in schema.names:
        raise InputError(Problem("register-column", f"缺少“{MEMBERS}”这一列", place))
    said = (schema.metadata or {}).get(_FORMAT_KEY.encode())
    if said is not None and said.decode() != _FORMAT:
        raise InputError(Problem("register-version", f"台账格式版本应为 {_FORMAT}", place, "请重新导入"))
    return Register(path, form, stored_schema(schema, place))
