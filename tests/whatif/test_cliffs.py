"""Cliffs and marginal rates: against the totals yuan by yuan, and as the command line tells them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eligibility import InputError, Money, case_from_data, cli, load_case, load_ruleset
from eligibility.quantities import Month
from eligibility.whatif.pieces import Sweep, Turn
from eligibility.whatif.sweep import sweep

from ..strategies import Data, case_data

RULES = load_ruleset("beijing")
ROOT = Path(__file__).parents[2]
FOUR = ROOT / "benchmarks" / "household-four.yaml"
MOTHER = '成员["母亲"].收入.工资性收入'


@pytest.fixture(scope="module")
def four() -> Sweep:
    return sweep(load_case(FOUR), RULES, MOTHER, 0, 20000, month="2024-08")


def test_the_end_of_low_income_status_is_a_cliff(four: Sweep) -> None:
    (cliff,) = four.cliffs()
    # Four people: 4 × 2420 = 9680, of which the grandmother brings 1510 and contributions take 120.
    assert cliff.x == (968_000 - 151_000 + 12_000) - 1
    assert (cliff.before, cliff.after, cliff.loss) == (Money(5950), Money(3050), Money(2900))
    assert cliff.recovered == cliff.x + 290_000
    assert [turn.criterion.id for turn in cliff.jump.changes[0].turned] == ["LI-INCOME"]


def test_the_end_of_dibao_pays_here(four: Sweep) -> None:
    """Losing the last fen of 低保 opens higher classes of other benefits: a jump up is no cliff."""
    jump = four.jumps[0]
    assert jump.totals == (385_001, 595_000)
    assert jump not in [cliff.jump for cliff in four.cliffs()]


def test_rates_between_jumps(four: Sweep) -> None:
    assert [rate.rate for rate in four.marginal_rates()] == [1, 0, 0, 0]
    assert [(rate.low, rate.high) for rate in four.marginal_rates()] == [(p.low, p.high) for p in four.pieces]


def test_a_figure_new_after_a_jump_leaves_its_loss_uncertain() -> None:
    """From 2025-07 the children's allowance is due but its figure is not on file, on both sides of every jump."""
    found = sweep(load_case(FOUR), RULES, MOTHER, 0, 20000, month="2024-08")
    unknown = [piece.total.unknown for piece in found.pieces]
    assert unknown[0]
    assert not unknown[1]
    backwards = sweep(load_case(FOUR), RULES, "低保标准", 0, 5000, month="2024-08")
    assert backwards.pieces[-1].total.unknown  # what is new there may make up for anything
    assert all(cliff.jump.after is not backwards.pieces[-1] for cliff in backwards.cliffs())


def test_what_is_no_money_has_no_cliffs() -> None:
    found = sweep(load_case(FOUR), RULES, "住房套数", 0, 5, month="2024-08")
    assert len(found.pieces) > 1
    assert found.cliffs() == ()
    assert found.marginal_rates() == ()


@settings(max_examples=40)
@given(case_data(), st.sampled_from(["2021-06", "2024-08"]), st.lists(st.integers(0, 1_999_900), max_size=30))
def test_cliffs_are_where_a_yuan_more_is_not_worth_it(data: Data, month: str, points: list[int]) -> None:
    try:
        found = sweep(case_from_data(data), RULES, '成员["甲"].收入.工资性收入', 0, 20000, month=Month(month))
    except InputError as error:
        assume(error.code not in ("unknown-member", "unknown-income-kind", "negative-income"))
        raise
    figures = [(piece, piece.total) for piece in found.pieces]
    assume(all(total.amount.low == total.amount.high and not total.unknown for _, total in figures))

    def total(x: int) -> int:
        figure = found.at(x).total.amount.figure(x)
        assert figure is not None
        return int(figure)

    cliffs = {cliff.x for cliff in found.cliffs()}
    ends = {piece.high for piece in found.pieces if piece.high < found.high}
    for x in ends:
        step = min(100, found.high - x)
        assert (x in cliffs) is (total(x) - total(x + step) > step and total(x + 1) < total(x))
    for cliff in found.cliffs():
        worth = cliff.x + total(cliff.x)
        if cliff.recovered is not None:
            assert cliff.recovered + total(cliff.recovered) >= worth
            assert cliff.recovered - 1 + total(cliff.recovered - 1) < worth
        assert all(x + total(x) < worth for x in points if cliff.x < x < (cliff.recovered or found.high + 1))
    for rate in found.marginal_rates():
        if rate.rate is not None:
            assert rate.rate == Fraction(total(rate.low) - total(rate.high), rate.high - rate.low)


# —— The command ——

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["sweep", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


SWEEP = (str(FOUR), "--over", MOTHER, "--from", "0", "--to", "20000", "--month", "2024-08")


def test_pieces_and_jumps_as_text(run: Run) -> None:
    code, out, err = run(*SWEEP)
    assert code == 0
    assert "4,410.00 → 0.01（每多 1 减 1）" in out
    assert "全程不符合：单人保[外祖母]" in out
    assert "不再满足“家庭月人均收入低于低保标准”" in out
    assert "《社会救助暂行办法》（国务院令第649号）第九条" in out
    assert "5,950.00（放弃 生活补贴[儿子]）" in out
    assert err == "注意：假设情景下的试算，不作认定依据\n"


def test_cliffs_as_text(run: Run) -> None:
    code, out, _ = run(*SWEEP, "--cliffs")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("8289.99"))
    assert line.split()[:5] == ["8289.99", "5,950.00", "3,050.00", "2,900.00", "11189.99"]
    assert "100%" in out
    assert "全程不符合" not in out
    assert "没有陡坡" in run(*SWEEP[:6], "5000", *SWEEP[7:], "--cliffs")[1]


def test_json_is_exact(run: Run) -> None:
    code, out, _ = run(*SWEEP, "--format", "json")
    assert code == 0
    data = json.loads(out)
    first = data["pieces"][0]
    assert (first["from"], first["to"]) == ("0.00", "4409.99")
    assert first["entitlements"][0]["amount"]["low"] == {"constant": "441000", "slope": "-1", "steps": []}
    assert first["totals"][0]["not_counted"] == [["child_allowance", "儿子"]]
    assert data["cliffs"][0]["loss"] == "2900.00"
    assert [rate["rate"] for rate in data["marginal_rates"]] == ["1", "0", "0", "0"]
    only = json.loads(run(*SWEEP, "--cliffs", "--format", "json")[1])
    assert set(only) == {"cliffs", "marginal_rates"}


def test_csv_holds_the_corner_points(run: Run, tmp_path: Path, four: Sweep) -> None:
    file = tmp_path / "角点.csv"
    assert run(*SWEEP, "--csv", str(file))[0] == 0
    text = file.read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(four.rows())
    assert rows[0] == {
        "段": "1", "数值": "0.00", "项目": "低保", "对象": "家庭", "认定": "eligible", "情形": "差额救助",
        "金额下限（元）": "4410.00", "金额上限（元）": "4410.00",
    }  # fmt: skip


def test_the_case_is_never_written_over(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "个案.yaml"
    case.write_bytes(FOUR.read_bytes())
    code, _, err = run(str(case), *SWEEP[1:], "--csv", str(case))
    assert code == 2
    assert "不能写进个案文件本身" in err
    assert case.read_bytes() == FOUR.read_bytes()


def test_something_else_may_be_supposed(run: Run) -> None:
    code, out, _ = run(*SWEEP, "--set", "低保标准 = 2000")
    assert code == 0
    assert "假设：低保标准 = 2000" in out
    assert "6609.99" in out  # 4 × 2000 − 1510 + 120


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {2: '成员["母亲"].收入.工资'},
            "没有可变的数量“收入.工资”（最接近的名称：收入.工资性收入） [unknown-name]",
        ),
        ({4: "5", 6: "1"}, "起点和终点颠倒了（起点应小于终点） [sweep-range]"),
        ({8: "2015-06"}, "2015-06 早于规则集的起始月 2015-07"),
        ({2: "单亲"}, "“单亲”不是数量，不能在一个范围里变化 [sweep-type]"),
    ],
)
def test_an_error_is_one_line(run: Run, changed: dict[int, str], message: str) -> None:
    arguments = [changed.get(index, argument) for index, argument in enumerate(SWEEP)]
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert message in err
    assert err.count("\n") == 1


def test_what_may_not_be_told_is_not_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Criteria that look at a sensitive fact turn without being named, or cited."""
    criteria = {c.id: c for p in RULES.edition("2024-08").programmes for c in p.criteria}
    assert Turn(criteria["LA-X-LISTED"], True, False).sensitive
    assert not Turn(criteria["LA-LOW"], True, False).sensitive
    monkeypatch.setattr(Turn, "sensitive", property(lambda turn: turn.criterion.id == "LA-LOWINC"))
    _, out, _ = run(*SWEEP)
    assert "不再满足“家庭享受低保”；不公开的情形有变" in out
    last = out[out.index("8290.00   5,950.00") :]
    assert "《本市困难残疾人生活补贴的实施办法" not in last
    assert "LA-LOWINC" not in run(*SWEEP, "--format", "json")[1]
