"""Synthetic households for the peers' model, and what the law of `register-law/` gives each of them exactly.

Only NumPy is needed, so every environment makes the same households. Money is in 分; everything is scaled before it is
compared, and only what is paid is rounded, once, down to the 分. Nothing here is any place's law.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MONTH = "2025-07"
GRADES = ("none", "grade1", "grade2", "grade3", "grade4")
MONEY = ("wage", "business", "pension", "transfer")
STANDARD, LOW_INCOME = 145_000, 217_500
WAGE_SHARE, WAGE_CAP, PENSION_FREE, TRANSFER_SHARE = 5, 41_850, 20_000, 2
SAVINGS_MONTHS, MAX_HOMES, MAX_CARS, ADULT = 24, 1, 0, 18
DISABILITY = (
    (0, 0, 0),
    (145_000, 43_500, 30_000),
    (145_000, 43_500, 30_000),
    (72_500, 29_000, 0),
    (72_500, 29_000, 0),
)
"""By grade: inside 低保, inside 低收入, otherwise."""  # fmt: skip
CHILD = (65_000, 30_000, 0)

Households = dict[str, Any]


def random_households(count: int, seed: int = 20250701) -> Households:
    """About 2.5 persons each; two in five are far from any line, the rest spread around it."""
    random = np.random.default_rng(seed)
    size = random.choice([1, 2, 3, 4, 5, 6], count, p=[0.25, 0.30, 0.25, 0.12, 0.06, 0.02]).astype(np.int64)
    of = np.repeat(np.arange(count, dtype=np.int64), size)
    people = len(of)
    age = random.integers(0, 95, people).astype(np.int32)
    first = np.r_[True, of[1:] != of[:-1]]
    age[first] = np.maximum(age[first], 18)
    working, retired = (age >= 18) & (age < 60), age >= 60

    def amounts(concerned: Any, share: float, yuan: int) -> Any:
        given = concerned & (random.random(people) < share)
        return np.where(given, random.integers(0, yuan * 100, people), 0).astype(np.int64)

    return {
        "count": count,
        "size": size,
        "household": of,
        "age": age,
        "wage": amounts(working, 0.55, 6000),
        "business": amounts(working, 0.10, 4000),
        "pension": amounts(retired, 0.70, 4000),
        "transfer": amounts(age >= 0, 0.15, 1500),
        "grade": np.where(random.random(people) < 0.9, 0, random.integers(1, 5, people)).astype(np.int8),
        "savings": np.where(
            random.random(count) < 0.8,
            random.integers(0, 6_000_000, count),
            random.integers(0, 90_000_000, count),
        ).astype(np.int64),
        "homes": random.choice([0, 1, 2], count, p=[0.25, 0.68, 0.07]).astype(np.int32),
        "cars": random.choice([0, 1, 2], count, p=[0.80, 0.18, 0.02]).astype(np.int32),
    }


def tied_households(count: int, seed: int = 7) -> Households:
    """Households whose income a head is exactly the standard, divided among the members in whole 分."""
    random = np.random.default_rng(seed)
    size = random.integers(2, 6, count).astype(np.int64)
    of = np.repeat(np.arange(count, dtype=np.int64), size)
    people = len(of)
    last = np.r_[of[1:] != of[:-1], True]
    income = np.where(last, 0, (random.random(people) * STANDARD).astype(np.int64))
    income[last] = STANDARD * size - np.bincount(of, income, count).astype(np.int64)
    nothing = np.zeros(people, np.int64)
    return {
        "count": count,
        "size": size,
        "household": of,
        "age": np.full(people, 40, np.int32),
        **dict.fromkeys(MONEY, nothing),
        "business": income,
        "grade": np.zeros(people, np.int8),
        "savings": np.zeros(count, np.int64),
        "homes": np.ones(count, np.int32),
        "cars": np.zeros(count, np.int32),
    }


def exact(households: Households) -> dict[str, Any]:
    """Who is in 低保 and 低收入, and what is paid in 分: of 低保, to the household in all."""
    h, scale = households, 10
    wage = h["wage"] * scale - np.minimum(h["wage"] * scale // WAGE_SHARE, WAGE_CAP * scale)
    pension = np.maximum(h["pension"] - PENSION_FREE, 0) * scale
    person = wage + h["business"] * scale + pension + h["transfer"] * scale // TRANSFER_SHARE
    income = np.zeros(h["count"], np.int64)
    np.add.at(income, h["household"], person)
    size = h["size"]
    assets = (h["savings"] <= SAVINGS_MONTHS * STANDARD * size) & (h["homes"] <= MAX_HOMES)
    assets &= h["cars"] <= MAX_CARS
    dibao = assets & (income < STANDARD * size * scale)
    low = assets & ~dibao & (income < LOW_INCOME * size * scale)
    amount = np.where(dibao, (STANDARD * size * scale - income) // scale, 0)
    status = np.where(dibao, 0, np.where(low, 1, 2))[h["household"]]
    personal = np.array(DISABILITY)[h["grade"], status] + np.where(
        h["age"] < ADULT, np.array(CHILD)[status], 0
    )
    total = amount.copy()
    np.add.at(total, h["household"], personal)
    return {"dibao": dibao, "low": low, "amount": amount, "total": total}


def wrong(households: Households, got: dict[str, Any]) -> dict[str, int]:
    """How many households have another verdict than they should, and another amount; yuan are rounded kindly."""
    want = exact(households)
    paid = got["amount"]
    if not np.issubdtype(paid.dtype, np.integer):
        # Exact amounts are tenths of a 分: half a step of tolerance before rounding down.
        paid = np.floor(paid.astype(np.float64) * 100 + 0.05).astype(np.int64)
    verdicts = (want["dibao"] != got["dibao"]) | (want["low"] != got["low"])
    return {"verdicts": int(verdicts.sum()), "amounts": int((want["amount"] != paid).sum())}
