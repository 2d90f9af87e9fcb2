"""Overlays: an office's reading replaces a value, a district's programme comes with its guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from eligibility.errors import RulesetError
from eligibility.language import render
from eligibility.ruleset import Ruleset, load_ruleset
from eligibility.ruleset.lint import lint

from .conftest import Altered

READING, DISTRICT = "overlays/reading", "overlays/district"


def test_replace_changes_the_value_the_digest_and_says_so(tiny: Ruleset, tiny_folder: Path) -> None:
    rules = load_ruleset(tiny_folder, overlays=[tiny_folder / READING])
    assert (rules.overlays, rules.replaced) == (("tiny-reading",), ("assumptions.A02.value",))
    assert "本所把恰等于标准的家庭算作低于" in rules.notes
    before, after = tiny.edition("2021-08"), rules.edition("2021-08")
    assert (before.parameters["恰等于算低于"].value, after.parameters["恰等于算低于"].value) == (False, True)
    assert before.rules_digest == after.rules_digest
    assert before.edition_digest != after.edition_digest


def test_an_added_programme_is_guarded_and_leaves_the_rest_alone(tiny: Ruleset, tiny_folder: Path) -> None:
    rules = load_ruleset(tiny_folder, overlays=[tiny_folder / DISTRICT])
    assert list(rules.programmes) == ["aid", "allowance", "heating"]
    heating = rules.edition("2021-08").programme("heating")
    assert heating is not None
    guard = next(c for c in heating.criteria if c.id == "tiny-district-APPLIES")
    assert render(guard.test) == '区县 == "110199"'
    for route in heating.routes:
        assert [(c.criterion, c.holds) for c in route.when[0]] == [("tiny-district-APPLIES", True)]
    own = [p for p in rules.edition("2021-08").programmes if p.id != "heating"]
    assert own == list(tiny.edition("2021-08").programmes)
    assert not lint(rules)


def test_overlays_are_laid_in_order_of_precedence(tiny_folder: Path) -> None:
    chosen = [tiny_folder / READING, tiny_folder / DISTRICT / "overlay.yaml"]
    assert load_ruleset(tiny_folder, overlays=chosen).overlays == ("tiny-district", "tiny-reading")
    assert load_ruleset(tiny_folder, overlays=chosen[::-1]).overlays == ("tiny-district", "tiny-reading")


def test_the_narrower_reading_has_the_last_word(altered: Altered) -> None:
    folder = altered((f"{READING}/overlay.yaml", "precedence: office", "precedence: district"))
    own = folder / "own.yaml"
    own.write_text(
        'overlay: own\non: tiny\nprecedence: office\nreplace:\n  assumptions.A02.value: "false"\n',
        encoding="utf-8",
    )
    rules = load_ruleset(folder, overlays=[own, folder / READING])
    assert rules.edition("2021-08").parameters["恰等于算低于"].value is False


def test_a_month_that_dates_versions_can_be_replaced(altered: Altered) -> None:
    folder = altered(
        (f"{READING}/overlay.yaml", 'assumptions.A02.value: "true"', 'assumptions.A01.value: "2021-09"')
    )
    edition = load_ruleset(folder, overlays=[folder / READING]).edition("2021-08")
    assert edition.parameters["救助标准"].value == 100000


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "says"),
    [
        (READING, "assumptions.A02.value", "assumptions.A20.value", "overlay-path", "最接近的名称：A0"),
        (READING, "assumptions.A02.value", "assumption.A02.value", "overlay-path", "assumptions"),
        (READING, 'A02.value: "true"', 'A02.value: "maybe"', "ruleset-value", "maybe"),
        (READING, 'A02.value: "true"', "A02.value: true", "ruleset-text", "文字"),
        (READING, "on: tiny", "on: beijing", "overlay-base", "beijing"),
        (READING, "precedence: office", "precedence: village", "ruleset-choice", "district"),
        (READING, "replace:", "replaces:", "ruleset-unknown-key", "replace"),
        (
            READING,
            "precedence: office",
            'precedence: office\napplies: 区县 == "110199"',
            "overlay-mixed",
            "分成两个",
        ),
        (DISTRICT, 'applies: 区县 == "110199"\n', "", "ruleset-missing-key", "applies"),
        (DISTRICT, '区县 == "110199"', '区县 = "110199"', "expression-syntax", "算式"),
        (DISTRICT, '区县 == "110199"', '区线 == "110199"', "unknown-name", "区县"),
        (DISTRICT, "  - figures.yaml", "  - figure.yaml", "ruleset-file", "figure.yaml"),
    ],
)
def test_a_spoilt_overlay_is_refused_at_its_place(
    altered: Altered, file: str, old: str, new: str, code: str, says: str
) -> None:
    folder = altered((f"{file}/overlay.yaml", old, new))
    with pytest.raises(RulesetError) as caught:
        load_ruleset(folder, overlays=[folder / file])
    (problem,) = caught.value.problems
    assert problem.code == code, str(problem)
    assert says in f"{problem.message}（{problem.hint}）"
    assert problem.location is not None
    assert f"{file}/overlay.yaml:" in problem.location


def test_what_is_there_already_can_only_be_replaced(altered: Altered) -> None:
    folder = altered((f"{DISTRICT}/figures.yaml", "采暖救助额:", "救助标准:"))
    with pytest.raises(RulesetError, match="只能用 replace 改") as caught:
        load_ruleset(folder, overlays=[folder / DISTRICT])
    assert caught.value.code == "duplicate-name"


def test_an_overlay_chosen_twice_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(RulesetError, match="选了两次"):
        load_ruleset(tiny_folder, overlays=[tiny_folder / READING, tiny_folder / READING])


def test_an_unknown_overlay_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(tiny_folder, overlays=["no-such-overlay"])
    assert caught.value.code == "unknown-ruleset"
