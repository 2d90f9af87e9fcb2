"""The timeline of a figure: periods, values as text, publication, and links cut where their target changes."""

from __future__ import annotations

from datetime import date

import pytest

from eligibility.errors import InputError
from eligibility.quantities import Month
from eligibility.ruleset import Provenance, Ruleset, load_ruleset
from eligibility.ruleset.timeline import timeline

from .conftest import Altered

PARAMETERS = "parameters.yaml"
HIGH_WAGE = '    - {from: "2021-01", value: "2100.00", published: "2021-01-15"'


def rows(rules: Ruleset, name: str) -> list[tuple[str, str | None, str]]:
    return [(str(e.start), str(e.until) if e.until else None, e.value) for e in timeline(rules, name)]


def test_each_version_is_an_entry_with_all_that_is_known_of_it(tiny: Ruleset) -> None:
    first, second = timeline(tiny, "救助标准")
    assert (first.start, first.until, first.value) == (Month("2020-01"), Month("2021-07"), "1000.00")
    assert (first.issued, first.published) == (date(2019, 12, 20), date(2019, 12, 25))
    assert (first.publication_assumed, first.assumes) == (False, ())
    assert first.source is not None
    assert (first.source.title, first.source.number) == ("云水市救助办法", "云民发〔2020〕1号")
    assert (first.provenance, first.quote) == (Provenance.DOCUMENT, "标准为每人每月1000元")
    assert (second.start, second.until, second.value) == (Month("2021-07"), None, "1100.00")
    assert (second.published, second.publication_assumed) == (date(2021, 9, 10), True)
    assert second.assumes == ("A01",)  # the month itself is supposed


def test_an_unknown_figure_is_said_beside_the_last_known(tiny: Ruleset) -> None:
    assert rows(tiny, "过渡补助") == [
        ("2020-01", "2021-01", "80.00"),
        ("2021-01", None, "未知（最近已知 80.00）"),
    ]


def test_a_link_is_resolved_and_cut_where_its_target_changes(tiny: Ruleset) -> None:
    assert rows(tiny, "宽限标准") == [
        ("2020-01", "2021-01", "= 最低工资 2000.00"),
        ("2021-01", None, "= 最低工资 2100.00"),
    ]
    early, late = timeline(tiny, "宽限标准")
    assert (early.published, early.publication_assumed) == (date(2019, 12, 25), False)
    assert (late.published, late.publication_assumed) == (date(2021, 1, 15), False)


def test_a_table_is_shown_whole(tiny: Ruleset) -> None:
    assert rows(tiny, "津贴标准") == [
        (
            "2020-01",
            "2021-07",
            "甲类、高档 400.00；甲类、低档 = 救助标准 1000.00；乙类、高档 200.00；乙类、低档 未知",
        ),
        (
            "2021-07",
            None,
            "甲类、高档 400.00；甲类、低档 = 救助标准 1100.00；乙类、高档 200.00；乙类、低档 未知",
        ),
    ]
    assert timeline(tiny, "津贴标准")[1].assumes == ("A04", "A01")


def test_a_version_ends_at_its_own_until_or_at_the_next(altered: Altered) -> None:
    ended = (
        HIGH_WAGE.replace("2100", "2090")
        .replace("2021-01", "2020-03")
        .replace("value", 'until: "2020-09", value')
    )
    more = f"{ended}, source: 云水市最低工资, provenance: repost}}\n{HIGH_WAGE}"
    rules = load_ruleset(altered((PARAMETERS, HIGH_WAGE, more)))
    assert rows(rules, "最低工资") == [
        ("2019-07", "2020-03", "2000.00"),
        ("2020-03", "2020-09", "2090.00"),
        ("2021-01", None, "2100.00"),
    ]


def test_a_correction_stands_beside_what_it_corrects(altered: Altered) -> None:
    corrected = (
        HIGH_WAGE.replace("2100", "2110").replace("01-15", "03-15").replace("value", "corrects: 错字, value")
    )
    more = f"{corrected}, source: 云水市最低工资, provenance: repost}}\n{HIGH_WAGE}"
    entries = timeline(load_ruleset(altered((PARAMETERS, HIGH_WAGE, more))), "最低工资")[1:]
    assert [(e.value, e.published, e.until) for e in entries] == [
        ("2100.00", date(2021, 1, 15), None),
        ("2110.00", date(2021, 3, 15), None),
    ]


def test_a_link_of_a_link_and_one_that_leads_nowhere_yet(altered: Altered) -> None:
    chain = """
再宽限标准:
  unit: 元/人月
  values:
    - {from: "2019-01", equals: 宽限标准, published: "2019-12-25", source: 云民发〔2020〕1号, provenance: document}

津贴标准:
"""
    rules = load_ruleset(altered((PARAMETERS, "\n津贴标准:\n", chain)))
    assert rows(rules, "再宽限标准") == [
        ("2019-01", "2020-01", "= 宽限标准（当月没有版本）"),
        ("2020-01", "2021-01", "= 宽限标准 2000.00"),
        ("2021-01", None, "= 宽限标准 2100.00"),
    ]


def test_every_entry_agrees_with_the_edition_of_its_first_month(beijing: Ruleset) -> None:
    for name in beijing.parameters:
        for entry in timeline(beijing, name):
            month = max(entry.start, beijing.start)
            resolved = beijing.edition(month).parameters.get(name)
            if resolved is None or (entry.until is not None and entry.until <= month):
                continue
            assert (resolved.published, resolved.assumes) == (entry.published, entry.assumes), (name, month)
            assert resolved.provenance is entry.provenance


def test_an_unknown_figure_name_is_refused_with_the_nearest(tiny: Ruleset) -> None:
    with pytest.raises(InputError, match="没有标准“救助标淮”") as caught:
        timeline(tiny, "救助标淮")
    assert caught.value.code == "unknown-name"
    assert caught.value.hint == "最接近的名称：救助标准"
