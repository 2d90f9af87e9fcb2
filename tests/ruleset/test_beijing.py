"""The two standards of Beijing at every step since July 2015, the month before and the month after."""

from __future__ import annotations

import re
from datetime import date

import pytest

from eligibility.errors import InputError
from eligibility.quantities import Money, Month
from eligibility.ruleset import Provenance, Ruleset
from eligibility.ruleset.graph import breakpoints
from eligibility.ruleset.lint import lint

DOCUMENT, REPOST, ASSUMPTION = Provenance.DOCUMENT, Provenance.REPOST, Provenance.ASSUMPTION

# from, yuan per person and month, how sure, assumptions
DIBAO = [
    ("2015-07", "710", REPOST, ()),
    ("2016-01", "800", DOCUMENT, ()),
    ("2017-01", "900", DOCUMENT, ()),
    ("2018-01", "1000", DOCUMENT, ()),
    ("2019-01", "1100", DOCUMENT, ("A03",)),
    ("2020-07", "1170", REPOST, ()),
    ("2021-07", "1245", DOCUMENT, ()),
    ("2022-07", "1320", DOCUMENT, ()),
    ("2023-07", "1395", REPOST, ()),
    ("2024-07", "1450", DOCUMENT, ("A02",)),
    ("2025-07", "1480", DOCUMENT, ("A01",)),
]
LOW_INCOME = [
    ("2015-07", "930", REPOST, ()),  # in force since January 2015, before coverage
    ("2016-01", "1050", DOCUMENT, ()),
    ("2017-01", "1410", DOCUMENT, ()),
    ("2018-01", "2000", DOCUMENT, ()),
    ("2018-09", "2120", DOCUMENT, ()),
    ("2019-07", "2200", DOCUMENT, ()),
    (
        "2021-08",
        "2320",
        ASSUMPTION,
        ("A06",),
    ),  # from here on the minimum wage: the link, not the figure, is supposed
    ("2023-09", "2420", ASSUMPTION, ("A06",)),
    ("2025-09", "2540", ASSUMPTION, ("A06",)),
]
STEPS = [("低保标准", *step) for step in DIBAO] + [("低收入标准", *step) for step in LOW_INCOME]


@pytest.mark.parametrize(("name", "start", "yuan", "provenance", "assumes"), STEPS)
def test_each_step_of_the_standards(
    beijing: Ruleset, name: str, start: str, yuan: str, provenance: Provenance, assumes: tuple[str, ...]
) -> None:
    steps = [step for step in STEPS if step[0] == name]
    index = steps.index((name, start, yuan, provenance, assumes))
    month = Month(start)
    for each in (month, month + 1):
        standard = beijing.edition(each).parameters[name]
        assert standard.value == Money(yuan).fen
        assert standard.provenance is provenance
        assert standard.assumes == assumes
        assert standard.cite is not None
        assert standard.cite.source in beijing.sources
    if index:
        before = beijing.edition(month + -1).parameters[name]
        assert before.value == Money(steps[index - 1][2]).fen


@pytest.mark.parametrize("steps", [DIBAO, LOW_INCOME], ids=["低保标准", "低收入标准"])
def test_between_the_steps_nothing_moves(
    beijing: Ruleset, steps: list[tuple[str, str, Provenance, tuple[str]]]
) -> None:
    name = "低保标准" if steps is DIBAO else "低收入标准"
    found: list[tuple[str, object]] = []
    for offset in range(Month("2026-12") - Month("2015-07") + 1):
        month = Month("2015-07") + offset
        value = beijing.edition(month).parameters[name].value
        if not found or found[-1][1] != value:
            found.append((str(month), value))
    assert found == [(start, Money(yuan).fen) for start, yuan, _, _ in steps]


@pytest.mark.parametrize("month", ["2015-06", "2015-01", "2011-01"])
def test_months_before_the_unified_standard_are_refused(beijing: Ruleset, month: str) -> None:
    with pytest.raises(InputError, match="2015年7月") as caught:
        beijing.edition(month)
    assert caught.value.code == "month-before-coverage"


@pytest.mark.parametrize(
    ("month", "known_on", "yuan"),
    [
        ("2016-01", date(2016, 3, 17), "710"),
        ("2016-01", date(2016, 3, 18), "800"),
        ("2018-01", date(2018, 2, 7), "900"),
        ("2018-01", date(2018, 2, 8), "1000"),
        ("2023-08", date(2023, 8, 15), "1320"),
        ("2023-08", date(2023, 11, 22), "1395"),
        ("2025-08", date(2025, 8, 15), "1450"),
        ("2025-08", date(2025, 9, 20), "1480"),
    ],
)
def test_standards_announced_late_are_not_known_before(
    beijing: Ruleset, month: str, known_on: date, yuan: str
) -> None:
    assert beijing.edition(month, known_on).parameters["低保标准"].value == Money(yuan).fen


def test_the_low_income_line_stays_above_one_and_a_half_standards(beijing: Ruleset) -> None:
    """Beijing's own line has been above 1.5 times the standard since 2018; a slip in either column would show."""
    for month in ("2018-01", "2019-07", "2022-07", "2023-09", "2025-09"):
        parameters = beijing.edition(month).parameters
        line, standard = parameters["低收入标准"].value, parameters["低保标准"].value
        assert isinstance(line, int)
        assert isinstance(standard, int)
        assert 2 * line > 3 * standard


def test_nothing_is_doubtful_but_what_is_kept_for_the_reader(beijing: Ruleset) -> None:
    """Documents kept because they are silent on something, and definitions kept as a summary, are all that is unused."""
    findings = lint(beijing, as_of=beijing.checked_through)
    assert {finding.code for finding in findings} <= {"unused-source", "unused-definition"}, findings
    assert {f.code for f in lint(beijing, as_of=Month("2025-10"))} >= {"stale"}


def test_an_ending_is_not_known_before_what_takes_its_place(beijing: Ruleset) -> None:
    """A month can be asked about as known on any day, unless nothing at all was published of a name it needs."""
    everything = {**beijing.parameters, **beijing.definitions}
    everything |= {name: c for p in beijing.programmes.values() for name, c in p.criteria.items()}
    days = sorted({v.published for found in everything.values() for v in found.dated.versions})
    refused = set()
    for month in breakpoints(beijing):
        for day in days:
            try:
                beijing.edition(month, day)
            except InputError as error:
                (problem,) = error.problems
                assert problem.code == "not-known-yet"
                name = re.findall("“(.*?)”", problem.message)[0]
                assert all(version.published > day for version in everything[name].dated.versions), (
                    name,
                    month,
                    day,
                )
                refused.add(name)
    assert "低保标准" in refused
