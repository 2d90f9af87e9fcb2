"""The law of `register-law/` as a model of OpenFisca or PolicyEngine, computed over a population of arrays.

Runs in the peer's own environment: `register_peers.py openfisca|policyengine random|tied HOUSEHOLDS ROUNDS [select]`
prints JSON. Written in the peers' documented idiom: amounts in yuan as floats, tables of parameters indexed by an enum,
vectors throughout; with `select`, the one table is looked up by hand instead, which is not the idiom but can be faster.
"""

from __future__ import annotations

import importlib
import itertools
import json
import resource
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
import register_households as law

CORES = {"openfisca": "openfisca_core", "policyengine": "policyengine_core"}
OUTPUTS = ("dibao", "dibao_amount", "low_income", "total_benefit")
_DAYS = ("0001-01-01", "2025-07-01")


def parameters() -> dict[str, Any]:
    """The figures as a tree of parameters, in yuan."""

    def leaf(value: float) -> dict[str, Any]:
        return {"values": {day: {"value": value} for day in _DAYS}}

    table = {
        column: {grade: leaf(law.DISABILITY[i][place] / 100) for i, grade in enumerate(law.GRADES)}
        for place, column in enumerate(("dibao", "low_income", "other"))
    }
    figures = {
        "standard": law.STANDARD / 100,
        "low_income_standard": law.LOW_INCOME / 100,
        "wage_disregard": 1 / law.WAGE_SHARE,
        "wage_disregard_cap": law.WAGE_CAP / 100,
        "pension_disregard": law.PENSION_FREE / 100,
        "transfer_counted": 1 / law.TRANSFER_SHARE,
        "savings_months": law.SAVINGS_MONTHS,
        "max_homes": law.MAX_HOMES,
        "max_cars": law.MAX_CARS,
        "adult_age": law.ADULT,
        "child_dibao": law.CHILD[0] / 100,
        "child_low_income": law.CHILD[1] / 100,
    }
    return {**{name: leaf(value) for name, value in figures.items()}, "disability": table}


def formulas(grades: Any, by_hand: bool) -> dict[str, tuple[str, type, Any]]:
    """Every computed variable: its entity, its type and its formula."""

    def wage_counted(person: Any, period: Any, parameters: Any) -> Any:
        p = parameters(period)
        wage = person("wage", period)
        return wage - np.minimum(wage * p.wage_disregard, p.wage_disregard_cap)

    def pension_counted(person: Any, period: Any, parameters: Any) -> Any:
        return np.maximum(person("pension", period) - parameters(period).pension_disregard, 0)

    def transfer_counted(person: Any, period: Any, parameters: Any) -> Any:
        return person("transfer", period) * parameters(period).transfer_counted

    def income_counted(person: Any, period: Any) -> Any:
        counted = (person(f"{name}_counted", period) for name in ("wage", "pension", "transfer"))
        return person("business", period) + sum(counted)

    def household_income(household: Any, period: Any) -> Any:
        return household.sum(household.members("income_counted", period))

    def income_per_head(household: Any, period: Any) -> Any:
        return household("household_income", period) / household.nb_persons()

    def assets(household: Any, period: Any, parameters: Any) -> Any:
        p = parameters(period)
        limit = p.savings_months * p.standard * household.nb_persons()
        return (
            (household("savings", period) <= limit)
            * (household("homes", period) <= p.max_homes)
            * (household("cars", period) <= p.max_cars)
        )

    def dibao(household: Any, period: Any, parameters: Any) -> Any:
        below = household("income_per_head", period) < parameters(period).standard
        return below * household("assets", period)

    def dibao_amount(household: Any, period: Any, parameters: Any) -> Any:
        gap = parameters(period).standard * household.nb_persons() - household("household_income", period)
        return household("dibao", period) * np.maximum(gap, 0)

    def low_income(household: Any, period: Any, parameters: Any) -> Any:
        below = household("income_per_head", period) < parameters(period).low_income_standard
        return below * household("assets", period) * ~household("dibao", period)

    def disability_allowance(person: Any, period: Any, parameters: Any) -> Any:
        table, grade = parameters(period).disability, person("grade", period)

        def amounts(column: Any) -> Any:
            if not by_hand:
                return column[grade]
            return np.select([grade == grades[name] for name in law.GRADES], [column[n] for n in law.GRADES])

        low = np.where(
            person.household("low_income", period), amounts(table.low_income), amounts(table.other)
        )
        return np.where(person.household("dibao", period), amounts(table.dibao), low)

    def child_allowance(person: Any, period: Any, parameters: Any) -> Any:
        p = parameters(period)
        low = person.household("low_income", period) * p.child_low_income
        child = person("age", period) < p.adult_age
        return child * np.where(person.household("dibao", period), p.child_dibao, low)

    def total_benefit(household: Any, period: Any) -> Any:
        names = ("disability_allowance", "child_allowance")
        personal = (household.sum(household.members(name, period)) for name in names)
        return household("dibao_amount", period) + sum(personal)

    persons = (wage_counted, pension_counted, transfer_counted, income_counted)
    persons += (disability_allowance, child_allowance)
    truths = (assets, dibao, low_income)
    others = (household_income, income_per_head, dibao_amount, total_benefit)
    found: dict[str, tuple[str, type, Any]] = {f.__name__: ("person", float, f) for f in persons}
    found |= {f.__name__: ("household", bool, f) for f in truths}
    return found | {f.__name__: ("household", float, f) for f in others}


def system(engine: str, by_hand: bool) -> tuple[Any, Any]:
    """The model, and the class that builds simulations of it."""

    def module(name: str) -> Any:
        return importlib.import_module(f"{CORES[engine]}.{name}")

    enums = module("indexed_enums" if engine == "openfisca" else "enums")
    periods = module("periods")
    month = periods.DateUnit.MONTH if engine == "openfisca" else periods.MONTH
    build = module("entities").build_entity
    roles = [{"key": "member", "plural": "members", "label": "Members"}]
    entities = {
        "household": build(key="household", plural="households", label="Household", roles=roles),
        "person": build(key="person", plural="persons", label="Person", is_person=True),
    }
    grade = enums.Enum("Grade", {name: name for name in law.GRADES})
    model = module("taxbenefitsystems").TaxBenefitSystem([entities["person"], entities["household"]])

    def add(name: str, level: str, kind: Any, **extra: Any) -> None:
        body = {"value_type": kind, "entity": entities[level], "definition_period": month, "label": name}
        model.add_variable(type(name, (module("variables").Variable,), {**body, **extra}))

    for name in law.MONEY:
        add(name, "person", float)
    add("age", "person", int)
    add("grade", "person", enums.Enum, possible_values=grade, default_value=grade["none"])
    for name, kind in (("savings", float), ("homes", int), ("cars", int)):
        add(name, "household", kind)
    for name, (level, kind, formula) in formulas(grade, by_hand).items():
        add(name, level, kind, formula=formula)
    model.parameters = module("parameters").ParameterNode("", data=parameters())
    return model, module("simulations").SimulationBuilder


def simulation(model: Any, builder_class: Any, h: law.Households) -> Any:
    """A simulation of households whose members are told by position; no input yet."""
    builder = builder_class()
    builder.create_entities(model)
    people = len(h["household"])
    builder.declare_person_entity("person", np.arange(people))
    households = builder.declare_entity("household", np.arange(h["count"]))
    builder.join_with_persons(households, h["household"], np.array(["member"]).repeat(people))
    return builder.build(model)


def compute(model: Any, builder_class: Any, h: law.Households, money: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:  # fmt: skip
    """The outputs, and the seconds to build the population, set the inputs and calculate."""
    marks = [time.perf_counter()]
    run = simulation(model, builder_class, h)
    marks.append(time.perf_counter())
    for name in (*law.MONEY, "savings"):
        run.set_input(name, law.MONTH, money[name])
    for name in ("age", "homes", "cars"):
        run.set_input(name, law.MONTH, h[name])
    run.set_input("grade", law.MONTH, money["grade"])
    marks.append(time.perf_counter())
    got = {name: np.asarray(run.calculate(name, law.MONTH)) for name in OUTPUTS}
    marks.append(time.perf_counter())
    return got, [after - before for before, after in itertools.pairwise(marks)]


def main() -> None:
    engine, kind, count, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    by_hand = sys.argv[5:] == ["select"]
    h = law.random_households(count) if kind == "random" else law.tied_households(count)
    # Yuan and words are what the peers are given in their own idiom; making them is not timed.
    money = {name: h[name] / 100 for name in (*law.MONEY, "savings")}
    money["grade"] = np.array(law.GRADES)[h["grade"]]
    model, builder_class = system(engine, by_hand)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    turns, cpu = [], []
    got: dict[str, Any] = {}
    for _ in range(rounds):
        start = time.process_time()
        got, seconds = compute(model, builder_class, h, money)
        cpu.append(time.process_time() - start)
        turns.append(seconds)
    named = {"dibao": got["dibao"], "low": got["low_income"], "amount": got["dibao_amount"]}
    print(
        json.dumps(
            {
                "engine": f"{engine}-core {version(f'{engine}-core')}, numpy {np.__version__}",
                "households": count,
                "persons": len(h["household"]),
                "wall": [sum(turn) for turn in turns],
                "cpu": cpu,
                "calculate": [turn[2] for turn in turns],
                "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "rss_before_mb": before,
                "wrong": law.wrong(h, named),
                "wrongly_eligible": int((got["dibao"] & ~law.exact(h)["dibao"]).sum()),
            }
        )
    )


if __name__ == "__main__":
    main()
