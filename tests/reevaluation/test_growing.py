"""A list that is read while it grows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from eligibility.reevaluation.growing import Abandoned, Growing


def test_every_reader_gets_every_item_in_order() -> None:
    with ThreadPoolExecutor(3) as pool:
        with Growing[int]() as numbers:
            readers = [pool.submit(lambda: list(numbers)) for _ in range(3)]
            for number in range(100):
                numbers.append(number)
        assert [reader.result(timeout=10) for reader in readers] == [list(range(100))] * 3


def test_a_reader_does_not_wait_for_the_end() -> None:
    seen = threading.Event()

    def read(numbers: Growing[int]) -> None:
        assert next(iter(numbers)) == 7
        seen.set()

    with ThreadPoolExecutor(1) as pool, Growing[int]() as numbers:
        reader = pool.submit(read, numbers)
        numbers.append(7)
        assert seen.wait(timeout=10)
        reader.result(timeout=10)


def test_what_is_abandoned_is_never_taken_for_complete() -> None:
    def fail(numbers: Growing[int]) -> None:
        with numbers:
            numbers.append(1)
            raise ValueError

    numbers = Growing[int]()
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(lambda: list(numbers))
        with pytest.raises(ValueError):
            fail(numbers)
        with pytest.raises(Abandoned):
            reader.result(timeout=10)
