"""Editions: which version holds for a month as known on a day, links, changed figures, and digests."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.errors import InputError
from eligibility.quantities import Money, Month
from eligibility.ruleset import Edition, Provenance, Ruleset, load_ruleset
from eligibility.ruleset.model import Dated, Version
from eligibility.values import Range

from .conftest import Altered

PARAMETERS = "parameters.yaml"


def figure(edition: Edition, name: str) -> object:
    return edition.parameters[name].value


# —— Which version ——

MONTHS = st.integers(0, 11).map(lambda offset: Month("2020-01") + offset)
DAYS = st.integers(0, 400).map(lambda offset: date(2019, 12, 1) + timedelta(days=offset))


@st.composite
def versions(draw: st.DrawFn) -> Version[str]:
    start = draw(MONTHS)
    until = draw(st.none() | st.integers(1, 6).map(lambda months: start + months))
    return Version(start, until, draw(DAYS), False, None, None, None, (), "", draw(st.text(max_size=3)))


@given(
    st.lists(versions(), max_size=6, unique_by=lambda version: (version.start, version.published)),
    MONTHS,
    st.none() | DAYS,
)
def test_the_latest_start_then_the_latest_publication_wins(
    listed: list[Version[str]], month: Month, known_on: date | None
) -> None:
    """The sentence of the semantics, said the other way round: nothing visible outranks what was chosen."""
    chosen = Dated(tuple(listed)).resolve(month, known_on)
    visible = [
        version
        for version in listed
        if version.start <= month
        and (version.until is None or month < version.until)
        and (known_on is None or version.published <= known_on)
    ]
    if chosen is None:
        assert not visible
    else:
        assert any(version is chosen for version in visible)
        assert not any((v.start, v.published) > (chosen.start, chosen.published) for v in visible)


@pytest.mark.parametrize(
    ("month", "known_on", "yuan"),
    [
        ("2021-06", None, "1000"),
        ("2021-07", None, "1100"),
        ("2021-12", None, "1100"),
        ("2021-07", date(2021, 9, 9), "1000"),  # set for July, published on 10 September
        ("2021-07", date(2021, 9, 10), "1100"),
        ("2021-12", date(2021, 9, 9), "1000"),
        ("2021-06", date(2021, 12, 31), "1000"),
    ],
)
def test_a_retroactive_standard_is_invisible_until_it_is_published(
    tiny: Ruleset, month: str, known_on: date | None, yuan: str
) -> None:
    assert figure(tiny.edition(month, known_on), "救助标准") == Money(yuan).fen


def test_a_determination_across_a_supposed_publication_names_the_figure(tiny: Ruleset) -> None:
    assert tiny.edition("2021-07", date(2021, 9, 9)).knowledge_assumptions == ("救助标准",)
    assert tiny.edition("2021-07", date(2021, 9, 10)).knowledge_assumptions == ("救助标准",)
    assert tiny.edition("2021-06", date(2021, 9, 10)).knowledge_assumptions == ()
    assert tiny.edition("2021-07").knowledge_assumptions == ()


def test_a_correction_replaces_from_its_publication_on(altered: Altered) -> None:
    corrected = """    - from: "2020-01"
      value: "1010.00"
      published: "2020-06-01"
      corrects: "1000.00"
      source: 云民发〔2020〕1号
      provenance: document
    - from: 起月_1100
"""
    rules = load_ruleset(altered((PARAMETERS, "    - from: 起月_1100\n", corrected)))
    assert figure(rules.edition("2020-03"), "救助标准") == 101000
    assert figure(rules.edition("2020-03", date(2020, 5, 31)), "救助标准") == 100000
    assert figure(rules.edition("2020-03", date(2020, 6, 1)), "救助标准") == 101000


def test_a_month_before_coverage_is_refused_with_the_reason(tiny: Ruleset) -> None:
    with pytest.raises(InputError, match="2020年以前的规定没有收录") as caught:
        tiny.edition("2019-12")
    assert caught.value.code == "month-before-coverage"


def test_a_day_before_a_figure_was_known_is_refused(altered: Altered) -> None:
    rules = load_ruleset(altered((PARAMETERS, 'published: "2019-12-25"\n', 'published: "2020-02-10"\n')))
    with pytest.raises(
        InputError, match="截至 2020-02-09，2020-01 适用的“救助标准”还没有已公布的版本"
    ) as caught:
        rules.edition("2020-01", date(2020, 2, 9))
    assert caught.value.code == "not-known-yet"
    assert figure(rules.edition("2020-01", date(2020, 2, 10)), "救助标准") == 100000


def test_a_programme_nobody_knew_of_is_not_in_force(tiny: Ruleset) -> None:
    assert tiny.edition("2020-01", date(2019, 12, 31)).programmes == ()
    assert [p.id for p in tiny.edition("2020-07", date(2020, 6, 30)).programmes] == ["aid"]
    assert [p.id for p in tiny.edition("2020-07", date(2020, 7, 1)).programmes] == ["aid", "allowance"]


@pytest.mark.parametrize("text", ["2021-13", "202107", "七月", ""])
def test_a_month_that_is_none_is_refused(tiny: Ruleset, text: str) -> None:
    with pytest.raises(InputError) as caught:
        tiny.edition(text)
    assert caught.value.code == "month"


def test_a_standard_holds_past_the_last_check(tiny: Ruleset) -> None:
    assert figure(tiny.edition("2030-01"), "救助标准") == 110000


def test_a_programme_is_there_only_in_its_months(tiny: Ruleset) -> None:
    assert tiny.edition("2020-06").programme("allowance") is None
    assert [p.id for p in tiny.edition("2020-07").programmes] == ["aid", "allowance"]
    assert tiny.edition("2020-07").programme("津贴") is tiny.edition("2020-07").programme("allowance")


def test_only_what_programmes_in_force_read_is_resolved(tiny: Ruleset) -> None:
    assert "津贴标准" not in tiny.edition("2020-06").parameters
    assert "津贴标准" in tiny.edition("2020-07").parameters


# —— Links, tables, unknown ——


def test_a_link_follows_its_target(tiny: Ruleset) -> None:
    before, after = tiny.edition("2020-12"), tiny.edition("2021-01")
    assert (figure(before, "宽限标准"), figure(after, "宽限标准")) == (200000, 210000)
    assert after.parameters["宽限标准"].via == ("最低工资",)


def test_a_link_is_known_at_the_later_of_the_two(tiny: Ruleset) -> None:
    assert figure(tiny.edition("2021-01", date(2021, 1, 14)), "宽限标准") == 200000
    linked = tiny.edition("2021-01").parameters["宽限标准"]
    assert (linked.published, linked.publication_assumed) == (date(2021, 1, 15), False)
    early = tiny.edition("2020-12").parameters["宽限标准"]
    assert (early.published, early.publication_assumed) == (date(2019, 12, 25), False)


def test_a_table_holds_figures_links_and_the_unknown(tiny: Ruleset) -> None:
    table = tiny.edition("2021-07").parameters["津贴标准"]
    assert table.cells is not None
    assert table.cells["甲类", "高档"] == 40000
    assert table.cells["甲类", "低档"] == 110000
    assert isinstance(table.cells["乙类", "低档"], Range)
    assert table.assumes == ("A04", "A01")  # the linked cell brings the assumption of its figure


def test_an_unknown_figure_is_the_whole_domain_beside_the_last_known(tiny: Ruleset) -> None:
    unknown = tiny.edition("2021-01").parameters["过渡补助"]
    assert unknown.value == Range(0, 10**11)
    assert unknown.last_known == 8000
    assert unknown.provenance is Provenance.ASSUMPTION


def test_the_assumptions_of_a_programme_follow_what_it_reads(tiny: Ruleset) -> None:
    def ids(month: str, programme: str) -> list[str]:
        return [assumption.id for assumption in tiny.edition(month).assumptions_of(programme)]

    assert ids("2020-12", "aid") == ["A02", "A03"]
    assert ids("2021-07", "aid") == ["A01", "A02", "A03", "A04"]
    assert ids("2021-07", "allowance") == ["A01", "A02", "A03", "A04"]


# —— Changed figures ——


def test_with_values_changes_a_figure_and_what_follows_from_it(tiny: Ruleset) -> None:
    base = tiny.edition("2021-07")
    changed = base.with_values({"最低工资": "2200.00", "救助标准": Money("1200"), "恰等于算低于": True})
    assert figure(changed, "宽限标准") == 220000
    assert changed.parameters["宽限标准"].provenance is Provenance.SCENARIO
    assert changed.parameters["津贴标准"].provenance is Provenance.SCENARIO
    cells = changed.parameters["津贴标准"].cells
    assert cells is not None
    assert cells["甲类", "低档"] == 120000
    assert figure(changed, "恰等于算低于") is True
    assert figure(base, "救助标准") == 110000  # the edition it came from stays


def test_with_values_adds_up(tiny: Ruleset) -> None:
    twice = tiny.edition("2021-07").with_values({"救助标准": 1200}).with_values({"最低工资": 2200})
    assert (figure(twice, "救助标准"), figure(twice, "宽限标准")) == (120000, 220000)


@pytest.mark.parametrize(
    ("values", "code", "hint"),
    [
        ({"救助标谁": "1200"}, "unknown-name", "救助标准"),
        ({"起月_1100": "2021-01"}, "unknown-name", None),  # it dates versions: that takes an overlay
        ({"津贴标准": "1"}, "unknown-name", None),
        ({"救助标准": "很多"}, "scenario-value", None),
        ({"救助标准": "-1"}, "scenario-value", None),
        ({"救助标准": 1200.5}, "scenario-value", None),
        ({"恰等于算低于": "也许"}, "scenario-value", None),
    ],
)
def test_with_values_refuses(tiny: Ruleset, values: dict[str, str], code: str, hint: str | None) -> None:
    with pytest.raises(InputError) as caught:
        tiny.edition("2021-07").with_values(values)
    assert caught.value.code == code
    if hint is not None:
        assert hint in str(caught.value.hint)


# —— Digests ——


def digests(edition: Edition) -> tuple[str, str]:
    return edition.rules_digest, edition.edition_digest


def test_same_law_same_digest(tiny: Ruleset, altered: Altered) -> None:
    assert digests(tiny.edition("2020-02")) == digests(tiny.edition("2020-06"))
    assert digests(tiny.edition("2021-08")) == digests(tiny.edition("2021-08", date(2021, 12, 31)))
    assert digests(load_ruleset(altered()).edition("2021-08")) == digests(tiny.edition("2021-08"))


def test_a_figure_changes_the_edition_but_not_the_rules(tiny: Ruleset) -> None:
    june, july = tiny.edition("2021-06"), tiny.edition("2021-07")
    assert june.rules_digest == july.rules_digest
    assert june.edition_digest != july.edition_digest
    scenario = july.with_values({"救助标准": "1000.00"})
    assert scenario.edition_digest not in (
        june.edition_digest,
        july.edition_digest,
    )  # a scenario is not the law


@pytest.mark.parametrize(
    ("file", "old", "new", "rules_change"),
    [
        ("programmes/aid.yaml", "test: 计入人数 > 0", "test: 计入人数 >= 1", True),
        ("programmes/aid.yaml", "choose: first", "choose: highest", True),
        ("programmes/allowance.yaml", "who: 持有残疾人证\n", "", True),
        ("household.yaml", "- {from: \"2020-01\", counts: none", "- {from: \"2020-01\", counts: all", True),
        ("household.yaml", "  奖学金:\n    - {from: \"2020-01\", counts: none, cite: {source: 云民发〔2020〕1号}}\n", "", True),
        ("programmes/aid.yaml", "title: 有共同生活的成员", "title: 有成员", False),
        ("programmes/aid.yaml", "because: 有机动车的家庭", "because: 有车的家庭", False),
        ("programmes/aid.yaml", "    assumes: [A03]\n", "", False),
        ("programmes/aid.yaml", "article: 第四条", "article: 第五条", False),
        ("programmes/aid.yaml", "payable: {from: month_after_decision}\n", "", False),
        (PARAMETERS, "provenance: document\n      quote: 由", "provenance: repost\n      quote: 由", False),
        (PARAMETERS, '甲类: {高档: "400.00"', '甲类: {高档: "410.00"', False),
        ("assumptions.yaml", "question: 救助金额怎样取整", "question: 金额怎样取整", False),
    ],
)  # fmt: skip
def test_everything_a_determination_rests_on_is_in_the_digest(
    tiny: Ruleset, altered: Altered, file: str, old: str, new: str, rules_change: bool
) -> None:
    before, after = tiny.edition("2021-08"), load_ruleset(altered((file, old, new))).edition("2021-08")
    assert before.edition_digest != after.edition_digest
    assert (before.rules_digest != after.rules_digest) is rules_change


def test_a_comment_is_not_in_the_digest(tiny: Ruleset, altered: Altered) -> None:
    rules = load_ruleset(altered(("programmes/aid.yaml", "choose: first", "choose: first  # 依次")))
    assert digests(rules.edition("2021-08")) == digests(tiny.edition("2021-08"))
