"""Pictures: the same bytes for the same input, the numbers beside them, and clear errors."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eligibility import InputError, cli, determine, load_case, load_ruleset
from eligibility.whatif import pictures
from eligibility.whatif.compare import compare
from eligibility.whatif.overrides import parse_override
from eligibility.whatif.pictures import (
    Picture,
    benefit_picture,
    chinese_font,
    comparison_picture,
    timeline_picture,
)
from eligibility.whatif.scenario import run_scenario, scenario_of
from eligibility.whatif.sweep import sweep

RULES = load_ruleset("beijing")
ROOT = Path(__file__).parents[2]
FOUR = ROOT / "benchmarks" / "household-four.yaml"
MOTHER = '成员["母亲"].收入.工资性收入'


def has_font() -> bool:
    try:
        chinese_font()
    except InputError:
        return False
    return True


drawn = pytest.mark.skipif(not has_font(), reason="no font with Chinese signs is installed")


def benefits() -> Picture:
    return benefit_picture(sweep(load_case(FOUR), RULES, MOTHER, 0, 20000, month="2024-08"))


def comparison() -> Picture:
    case = load_case(FOUR)
    scenario = scenario_of((parse_override(f"{MOTHER} = 6000", RULES),))
    return comparison_picture(
        compare(determine(case, RULES, month="2024-08"), run_scenario(case, RULES, scenario, month="2024-08"))
    )


@drawn
@pytest.mark.parametrize("make", [benefits, comparison, lambda: timeline_picture(RULES, "低保标准")])
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_bytes_every_time(make: Callable[[], Picture], suffix: str) -> None:
    first = make()
    assert first.image(suffix) == first.image(suffix) == make().image(suffix)
    assert first.image(suffix).startswith(b"<?xml" if suffix == ".svg" else b"\x89PNG")


@drawn
def test_the_numbers_stand_beside_the_picture(tmp_path: Path) -> None:
    picture, numbers = benefits().write(tmp_path / "待遇.svg")
    assert picture.read_bytes().startswith(b"<?xml")
    rows = list(csv.DictReader(io.StringIO(numbers.read_bytes().decode("utf-8-sig"))))
    totals = [(row["x"], row["low"]) for row in rows if row["programme"] == "合计"]
    assert totals[:4] == [
        ("0.00", "8260.00"),
        ("4409.99", "3850.01"),
        ("4410.00", "5950.00"),
        ("7309.99", "5950.00"),
    ]


@drawn
def test_the_history_of_a_figure_with_its_gaps() -> None:
    rows = timeline_picture(RULES, "居民人均消费支出").rows
    assert [(row["from"], row["value"]) for row in rows][:3] == [
        ("2015-01", None), ("2021-01", "38903.00"), ("2022-01", "43640.00")
    ]  # fmt: skip
    linked = timeline_picture(RULES, "低收入标准").rows
    assert ("2023-09", "2420.00", "assumption") in [(r["from"], r["value"], r["provenance"]) for r in linked]


@drawn
def test_both_sides_of_a_comparison() -> None:
    rows = comparison().rows
    dibao = [(row["outcome"], row["amount"]) for row in rows if row["programme"] == "低保"]
    assert dibao == [("eligible", "2560.00"), ("ineligible", None)]
    assert [row["amount"] for row in rows if row["programme"] == "合计"] == [None, None]


@drawn
@pytest.mark.parametrize("name", ["生活补贴标准", "成年子女按第四项计入"])
def test_what_is_no_figure_has_no_picture(name: str) -> None:
    with pytest.raises(InputError):
        timeline_picture(RULES, name)


def test_a_name_that_says_no_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"图的文件名应以 [.]svg 或 [.]png 结尾"):
        pictures.check_suffix(tmp_path / "图.pdf")


def test_without_a_font_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "FONTS", ("没有这种字体",))
    with pytest.raises(InputError, match="apt-get install fonts-noto-cjk") as raised:
        chinese_font()
    assert raised.value.code == "no-font"


SWEEP = ("sweep", str(FOUR), "--over", MOTHER, "--from", "0", "--to", "20000", "--month", "2024-08")


@drawn
def test_the_command_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*SWEEP, "--picture", str(tmp_path / "图.png")]) == 0
    assert (tmp_path / "图.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "图.csv").is_file()
    assert cli.main([*SWEEP, "--picture", str(tmp_path / "图.pdf")]) == 3
    assert "[picture-kind]" in capsys.readouterr().err


def test_without_the_extra_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "eligibility.whatif.pictures")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main([*SWEEP, "--picture", str(tmp_path / "图.png")]) == 3
    assert "pip install 'eligibility[pictures]'" in capsys.readouterr().err


COMPARED = ["whatif", str(FOUR), "--month", "2024-08", "--set", "低保标准 = 1500"]
SHOWN = ["rulesets", "show", "beijing", "低保标准"]


@pytest.mark.parametrize("command", [COMPARED, SHOWN], ids=["comparison", "timeline"])
def test_other_commands_draw(tmp_path: Path, command: list[str]) -> None:
    assert cli.main([*command, "--picture", str(tmp_path / "图.svg")]) == 0
    assert (tmp_path / "图.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "图.csv").stat().st_size > 100


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["whatif", str(FOUR), "--month", "2024-08", "--why-not", "低保"], "画的是比较"),
        (["rulesets", "show", "beijing"], "画的是一项标准的沿革"),
    ],
)
def test_nothing_to_draw(command: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--picture", "图.svg"]) == 2
    assert said in capsys.readouterr().err
