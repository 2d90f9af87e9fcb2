"""Part of the law of `register-law/` as queries of Polars: 低保 and 低收入 alone, from the same columns in memory.

A subset, without amounts of persons, without anything unknown, without saying which criterion failed; exact, because
the arithmetic is written by hand in tenths of a 分. Runs in its own environment: `register_polars.py HOUSEHOLDS ROUNDS`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import polars as pl
import register_households as law

_SCALE = 10


def query(persons: pl.DataFrame, households: pl.DataFrame) -> pl.LazyFrame:
    """Who is in 低保 and in 低收入, and what 低保 pays, by household."""
    col = pl.col
    wage = col("wage") * _SCALE
    counted = wage - pl.min_horizontal(wage // law.WAGE_SHARE, pl.lit(law.WAGE_CAP * _SCALE, pl.Int64))
    counted += col("business") * _SCALE + pl.max_horizontal(col("pension") - law.PENSION_FREE, 0) * _SCALE
    counted += col("transfer") * _SCALE // law.TRANSFER_SHARE
    income = persons.lazy().group_by("household").agg(income=counted.sum(), size=pl.len().cast(pl.Int64))
    assets = (col("savings") <= law.SAVINGS_MONTHS * law.STANDARD * col("size")) & (
        col("homes") <= law.MAX_HOMES
    )
    assets &= col("cars") <= law.MAX_CARS
    need = col("size") * (law.STANDARD * _SCALE)
    dibao = assets & (col("income") < need)
    low = assets & (col("income") < col("size") * (law.LOW_INCOME * _SCALE)) & ~dibao
    gap = (need - col("income")) // _SCALE
    joined = households.lazy().join(income, on="household", how="left", maintain_order="left")
    return joined.select(dibao=dibao, low=low, amount=pl.when(dibao).then(gap).otherwise(0))


def main() -> None:
    count, rounds = int(sys.argv[1]), int(sys.argv[2])
    h = law.random_households(count)
    persons = pl.DataFrame({name: h[name] for name in ("household", *law.MONEY)})
    households = pl.DataFrame({name: h[name] for name in ("savings", "homes", "cars")}).with_row_index(
        "household"
    )
    households = households.with_columns(pl.col("household").cast(pl.Int64))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = [], []
    got: Any = None
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        got = query(persons, households).collect(engine="streaming")
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    named = {name: got[name].to_numpy() for name in ("dibao", "low", "amount")}
    said = {"engine": f"polars {pl.__version__}", "households": count, "persons": len(h["household"])}
    print(json.dumps({**said, "wall": wall, "cpu": cpu, "rss_mb": peak, "rss_before_mb": before, "wrong": law.wrong(h, named)}))  # fmt: skip


if __name__ == "__main__":
    main()
