"""A list that one thread lengthens while others read it from the beginning, waiting for what is not there yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Abandoned(Exception):
    """The list will never be complete."""


class Growing(Generic[Item]):
    """Complete at the end of its `with` block, or abandoned by an error in it; any number of threads may iterate.

    Iterating an abandoned list raises `Abandoned`.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._ended = self._abandoned = False
        self._changed = threading.Condition()

    def append(self, item: Item) -> None:
        """Adds an item at the end."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        position = 0
        while True:
            with self._changed:
                while position == len(self._items) and not self._ended:
                    self._changed.wait()
                if self._abandoned:
                    raise Abandoned
                if position == len(self._items):
                    return
                item = self._items[position]
            yield item
            position += 1

    def __enter__(self) -> Growing[Item]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended, self._abandoned = True, kind is not None
            self._changed.notify_all()
