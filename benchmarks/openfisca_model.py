"""The peer: a small assistance model on OpenFisca, and how long it takes for one household.

Runs in its own virtual environment (`make bench` makes it) and needs nothing of this project. The model has
the shape of a means test, not the figures of the law: disregards on three kinds of income, three asset tests,
a top-up, a low-income status, a disability and a child allowance. The households are those of
`household-three.yaml` and `household-four.yaml`. Prints one JSON object: milliseconds per iteration, split into build and calculate.

    .venv-openfisca/bin/python openfisca_model.py --iterations 200
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

MONTH = "2024-08"
OUTPUTS = ("dibao_eligible", "dibao_amount", "low_income_eligible", "total_benefit")
GRADES = ("none", "grade1", "grade2", "grade3", "grade4")
EXPECTED = {
    "three": {
        "dibao_eligible": True,
        "dibao_amount": 1395,
        "low_income_eligible": False,
        "total_benefit": 3390,
    },
    "four": {
        "dibao_eligible": True,
        "dibao_amount": 2790,
        "low_income_eligible": False,
        "total_benefit": 6780,
    },
}
"""What the rules below come to for each household, worked out by hand, in yuan."""

FIGURES: dict[str, tuple[float, float]] = {
    # From 2024-07-01 and from 2025-07-01; the peer wants a value at every date: the first is the oldest.
    "standard": (1395, 1450),
    "wage_disregard": (0.2, 0.2),
    "wage_disregard_cap": (418.5, 418.5),
    "pension_disregard": (200, 200),
    "transfer_disregard": (0.5, 0.5),
    "savings_months": (24, 24),
    "max_homes": (1, 1),
    "max_cars": (0, 0),
    "low_income_multiple": (1.5, 1.5),
    "adult_age": (18, 18),
    "child_dibao": (600, 650),
    "child_low_income": (300, 300),
}
DISABILITY: dict[str, tuple[tuple[float, float], ...]] = {
    # per column, the two versions of grade1 … grade4
    "dibao": ((1395, 1450), (1395, 1450), (697.5, 725), (697.5, 725)),
    "low_income": ((418.5, 435), (418.5, 435), (279, 290), (279, 290)),
    "other": ((300, 300), (300, 300), (0, 0), (0, 0)),
}


def parameters() -> ParameterNode:
    """The figures as the peer's tree of dated parameters."""

    def dated(versions: tuple[float, float]) -> dict[str, Any]:
        before, after = ({"value": value} for value in versions)
        return {"values": {"0001-01-01": before, "2024-07-01": before, "2025-07-01": after}}

    tree: dict[str, Any] = {name: dated(versions) for name, versions in FIGURES.items()}
    tree["disability"] = {
        column: {grade: dated(versions) for grade, versions in zip(GRADES, ((0, 0), *cells), strict=True)}
        for column, cells in DISABILITY.items()
    }
    return ParameterNode("", data=tree)


def wage_counted(person, period, parameters):
    wage, law = person("wage", period), parameters(period)
    return wage - np.minimum(wage * law.wage_disregard, law.wage_disregard_cap)


def pension_counted(person, period, parameters):
    return np.maximum(person("pension", period) - parameters(period).pension_disregard, 0)


def transfer_counted(person, period, parameters):
    return person("transfer", period) * (1 - parameters(period).transfer_disregard)


def income_counted(person, period):
    own = person("wage_counted", period) + person("business", period)
    return own + person("pension_counted", period) + person("transfer_counted", period)


def household_size(household, period):
    return household.nb_persons()


def household_income(household, period):
    return household.sum(household.members("income_counted", period))


def income_per_head(household, period):
    return household("household_income", period) / household("household_size", period)


def savings_test(household, period, parameters):
    law = parameters(period)
    limit = law.savings_months * law.standard * household("household_size", period)
    return household("savings", period) <= limit


def property_test(household, period, parameters):
    return household("homes", period) <= parameters(period).max_homes


def vehicle_test(household, period, parameters):
    return household("cars", period) <= parameters(period).max_cars


def assets_test(household, period):
    money_and_homes = household("savings_test", period) * household("property_test", period)
    return money_and_homes * household("vehicle_test", period)


def dibao_eligible(household, period, parameters):
    below = household("income_per_head", period) < parameters(period).standard
    return below * household("assets_test", period)


def dibao_amount(household, period, parameters):
    gap = parameters(period).standard - household("income_per_head", period)
    return household("dibao_eligible", period) * np.maximum(gap, 0) * household("household_size", period)


def low_income_eligible(household, period, parameters):
    law = parameters(period)
    below = household("income_per_head", period) < law.standard * law.low_income_multiple
    return below * household("assets_test", period) * ~household("dibao_eligible", period)


def disability_allowance(person, period, parameters):
    table, grade = parameters(period).disability, person("grade", period)
    low = person.household("low_income_eligible", period)
    otherwise = np.where(low, table.low_income[grade], table.other[grade])
    return np.where(person.household("dibao_eligible", period), table.dibao[grade], otherwise)


def child_allowance(person, period, parameters):
    law = parameters(period)
    low = person.household("low_income_eligible", period) * law.child_low_income
    paid = np.where(person.household("dibao_eligible", period), law.child_dibao, low)
    return (person("age", period) < law.adult_age) * paid


def total_benefit(household, period):
    disability = household.sum(household.members("disability_allowance", period))
    children = household.sum(household.members("child_allowance", period))
    return household("dibao_amount", period) + disability + children


PERSON_AMOUNTS = (
    wage_counted,
    pension_counted,
    transfer_counted,
    income_counted,
    disability_allowance,
    child_allowance,
)
HOUSEHOLD_AMOUNTS = (household_income, income_per_head, dibao_amount, total_benefit)
HOUSEHOLD_TRUTHS = (
    savings_test,
    property_test,
    vehicle_test,
    assets_test,
    dibao_eligible,
    low_income_eligible,
)


def system() -> TaxBenefitSystem:
    """Nine inputs, seventeen formulas, two entities."""
    member = {"key": "member", "plural": "members", "label": "Members"}
    household = build_entity(key="household", plural="households", label="Household", roles=[member])
    person = build_entity(key="person", plural="persons", label="Person", is_person=True)
    grade = Enum("Grade", {name: name for name in GRADES})
    built = TaxBenefitSystem([person, household])
    built.parameters = parameters()

    def add(name, entity, kind, **more):
        body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
        built.add_variable(type(name, (Variable,), body | more))

    for name in ("wage", "business", "pension", "transfer"):
        add(name, person, float)
    add("age", person, int)
    add("grade", person, Enum, possible_values=grade, default_value=grade["none"])
    add("savings", household, float)
    add("homes", household, int)
    add("cars", household, int)
    for formula in PERSON_AMOUNTS:
        add(formula.__name__, person, float, formula=formula)
    for formula in HOUSEHOLD_AMOUNTS:
        add(formula.__name__, household, float, formula=formula)
    for formula in HOUSEHOLD_TRUTHS:
        add(formula.__name__, household, bool, formula=formula)
    add(household_size.__name__, household, int, formula=household_size)
    return built


def situation(name: str) -> dict[str, Any]:
    """A household of `household-….yaml` in the peer's form: a mother, her disabled son, her own mother, a daughter."""

    def person(age: int, wage: float, pension: float, grade: str) -> dict[str, Any]:
        facts = {"age": age, "wage": wage, "business": 0, "pension": pension, "transfer": 0, "grade": grade}
        return {name: {MONTH: value} for name, value in facts.items()}

    household: dict[str, Any] = {"savings": {MONTH: 20000}, "homes": {MONTH: 1}, "cars": {MONTH: 0}}
    household |= {name: {MONTH: None} for name in OUTPUTS}
    household["members"] = ["mother", "son", "grandmother"]
    people = {
        "mother": person(37, 1850, 0, "none"),
        "son": person(11, 0, 0, "grade2"),
        "grandmother": person(65, 0, 1510, "none"),
    }
    if name == "four":
        people["grandmother"] = person(65, 0, 1510, "grade1")
        people["daughter"] = person(9, 0, 0, "none")
        household["members"].append("daughter")
    return {"persons": people, "households": {"home": household}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--household", choices=EXPECTED, default="three", help="which household")
    parser.add_argument("--iterations", type=int, default=200, help="timed iterations")
    parser.add_argument("--warmup", type=int, default=50, help="iterations before timing")
    options = parser.parse_args()
    law, household = system(), situation(options.household)
    build, calculate = [], []
    for _ in range(options.warmup + options.iterations):
        start = time.perf_counter()
        simulation = SimulationBuilder().build_from_entities(law, household)
        built = time.perf_counter()
        found = {name: simulation.calculate(name, MONTH)[0] for name in OUTPUTS}
        end = time.perf_counter()
        build.append(1e3 * (built - start))
        calculate.append(1e3 * (end - built))
    if wrong := [
        name for name, value in EXPECTED[options.household].items() if abs(float(found[name]) - value) > 0.005
    ]:
        raise SystemExit(f"the peer's results are not those expected: {', '.join(wrong)}")
    result = {
        "engine": f"openfisca-core {version('openfisca-core')}",
        "numpy": np.__version__,
        "python": platform.python_version(),
        "build": build[options.warmup :],
        "calculate": calculate[options.warmup :],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
