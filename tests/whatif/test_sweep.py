"""Sweeps against brute force: a piece says of every step what evaluating the case at that step says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eligibility import (
    Edition,
    Money,
    Outcome,
    Provenance,
    Ruleset,
    case_from_data,
    determine,
    load_case,
    load_ruleset,
)
from eligibility.case import Case, Context
from eligibility.determination.totals import totals
from eligibility.engines.reference import Evaluation, Evaluator, Place
from eligibility.errors import InputError
from eligibility.quantities import MAX_FEN, Month
from eligibility.ruleset.resolve import resolve
from eligibility.values import bounds
from eligibility.whatif.overrides import apply_to_case, parse_override
from eligibility.whatif.pieces import Piece, Sweep
from eligibility.whatif.scenario import scenario_of
from eligibility.whatif.sweep import sweep, sweep_fact

from ..strategies import case_data

RULES = load_ruleset("beijing")
CASES = Path(__file__).parents[2] / "cases"
MOTHER = '成员["母亲"].收入.工资性收入'
Said = dict[tuple[str, str | None], tuple[Any, ...]]


def said(piece: Piece, x: int) -> Said:
    """What a piece says at a step: outcome, route, bounds of the amount, and whether the law's figure is unknown."""
    return {
        e.key: (e.outcome, e.route, None if e.amount is None else e.amount.bounds(x), e.unknown)
        for e in piece.entitlements
    }


def evaluated(evaluation: Evaluation) -> Said:
    """The same, read off an evaluation of plain numbers."""
    members = evaluation.context.members
    found: Said = {}
    for result in evaluation.results:
        if not result.applies:
            continue
        amount = None
        if result.amount is not None and result.verdict is not False:
            low, high = bounds(result.amount)
            amount = (low, None if high >= MAX_FEN // 2 and high != low else high)
        subject = None if result.person is None else members[result.person].id
        route = result.route if isinstance(result.route, str) and result.route else None
        found[result.programme.id, subject] = (
            Outcome.of(result.verdict), route, amount, result.amount_unknown
        )  # fmt: skip
    return found


def brute(found: Sweep) -> Callable[[int], Evaluation]:
    """What evaluates the case at one step with a plain number."""
    over, edition = found.quantity, found.edition
    context, evaluator = Context(found.case, edition.month), Evaluator(edition)

    def parameter(x: int) -> Evaluation:
        overrides = {**edition.overrides, over.name: (x * over.step, Provenance.SCENARIO)}
        return Evaluator(resolve(edition.ruleset, edition.month, edition.known_on, overrides)).evaluate(
            context
        )

    if over.name in edition.ruleset.parameters:
        return parameter
    return lambda x: evaluator.evaluate(context, {(over.name, over.place): x * over.step})


def corners(found: Sweep, reach: int = 2) -> set[int]:
    """The steps around every breakpoint."""
    near = {
        end + d for piece in found.pieces for end in (piece.low, piece.high) for d in range(-reach, reach + 1)
    }
    return {x for x in near if found.low <= x <= found.high}


def check(found: Sweep, points: set[int]) -> None:
    """Compares a sweep with the evaluation at every one of some steps."""
    ends = [(piece.low, piece.high) for piece in found.pieces]
    assert ends[0][0] == found.low
    assert ends[-1][1] == found.high
    assert all(high + 1 == low for (_, high), (low, _) in pairwise(ends))
    evaluate = brute(found)
    for x in points:
        assert said(found.at(x), x) == evaluated(evaluate(x)), x


# —— Random households ——

QUANTITIES = (
    '成员["甲"].收入.工资性收入',
    '成员["甲"].收入.经营净收入',
    '成员["甲"].稳定收入月额',
    '成员["甲"].转移性支出',
    '成员["甲"].其他生活类补贴月额',
    '成员["甲"].计入收入',
    '成员["甲"].单人月收入',
    "货币财产",
    "家庭.赡养抚养费",
    "家庭月收入",
    "住房面积",
    "住房套数",
    "低保标准",
    "低收入标准",
    "居民人均消费支出",
    "重病补助比例",
    "散居孤儿生活费",
)
MONTHS = tuple(map(Month, ("2019-07", "2021-06", "2023-11", "2024-08", "2025-08", "2026-01")))
"""In the case of each deduction, reading and unknown figure; few, because each is compiled anew."""
MOST = {"住房面积": "400", "住房套数": "20", "重病补助比例": "3", "居民人均消费支出": "100000"}


@settings(max_examples=50)
@given(
    case_data(),
    st.sampled_from(MONTHS),
    st.sampled_from(QUANTITIES),
    st.lists(st.integers(0, 10**9), max_size=6),
)
def test_every_step_is_as_evaluated(data: dict[str, Any], month: Month, over: str, points: list[int]) -> None:
    case = case_from_data(data)
    try:
        found = sweep(case, RULES, over, 0, MOST.get(over, "20000"), month=month)
    except InputError as error:
        # A member not yet born, a parameter or a kind of income that does not exist yet.
        assume(error.code not in ("unknown-member", "unknown-income-kind", "negative-income", "unknown-name"))
        raise
    grid = {x % (found.high + 1) for x in points} | set(range(0, found.high + 1, max(1, found.high // 6)))
    check(found, corners(found, 1) | grid)


@settings(max_examples=8)
@given(case_data(), st.sampled_from(MONTHS), st.sampled_from(QUANTITIES[:10]), st.data())
def test_every_fen_of_a_window(data: dict[str, Any], month: Month, over: str, draw: st.DataObject) -> None:
    case = case_from_data(data)
    try:
        whole = sweep(case, RULES, over, 0, 20000, month=month)
    except InputError as error:
        assume(error.code not in ("unknown-member", "unknown-income-kind", "negative-income"))
        raise
    middle = draw.draw(st.sampled_from([piece.high for piece in whole.pieces]))
    first = min(max(0, middle - 60), whole.high - 120)
    window = sweep(case, RULES, over, Money.from_fen(first), Money.from_fen(first + 120), month=month)
    check(window, set(range(first, first + 121)))


# —— Sample households ——


def test_the_single_mother_to_the_fen() -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    found = sweep(case, RULES, MOTHER, 0, 20000, month="2025-08")
    ends = [(piece.low, piece.high) for piece in found.pieces]
    # Two people: 2 × 1480, 2 × 2220, 2 × 2420; below the line, not at it.
    assert ends == [(0, 295999), (296000, 443999), (444000, 483999), (484000, 2000000)]
    first = found.pieces[0].entitlement("低保")
    assert first is not None
    assert first.amount is not None
    assert first.amount.low.at(0) == 296000
    assert first.amount.low.slope == -1
    jump = found.jumps[0]
    assert jump.totals == (1, 0)
    turned = {
        change.entitlement.key[0]: [turn.criterion.id for turn in change.turned] for change in jump.changes
    }
    assert turned["dibao"] == ["DB-INCOME"]
    assert turned["low_income"] == ["LI-NOT-DIBAO", "LI-LOWER"]
    check(found, set(range(0, 300)) | set(range(295850, 296150)) | corners(found))


@pytest.mark.parametrize("fen", [0, 240000, 295999, 296000, 443999, 444000, 484000])
def test_a_fact_that_is_swept_is_the_fact_that_is_written(fen: int) -> None:
    """The case itself, edited and determined by both engines, comes out as the sweep says; so do its totals."""
    case = load_case(CASES / "单亲母亲与学童.yaml")
    found = sweep(case, RULES, MOTHER, 0, 20000, month="2025-08")
    edited = apply_to_case(case, [parse_override(f"{MOTHER} = {Money.from_fen(fen)}", RULES)])
    determination = determine(edited, RULES, month="2025-08")
    piece = found.at(fen)
    for verdict in determination:
        entitlement = piece.entitlement(verdict.programme.id, verdict.subject)
        if entitlement is None:
            assert verdict.outcome is Outcome.NOT_IN_FORCE
            continue
        assert (entitlement.outcome, entitlement.route) == (verdict.outcome, verdict.route)
        amount = None if entitlement.amount is None else entitlement.amount.figure(fen)
        assert amount == (None if verdict.amount is None else verdict.amount.fen)
    (option,) = totals(determination.verdicts, edited).options
    assert piece.total.amount.figure(fen) == option.per_month.fen


def test_a_parameter_takes_with_it_what_follows_from_it(tmp_path: Path) -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    found = sweep(case, RULES, "低保标准", 0, 5000, month="2025-08")
    for fen in sorted(corners(found)):
        edition = RULES.edition("2025-08").with_values({"低保标准": Money.from_fen(fen)})
        assert said(found.at(fen), fen) == evaluated(determine(case, edition).evaluation)


def test_the_family_is_taken_to_choose_what_pays_most() -> None:
    case = load_case(Path(__file__).parents[2] / "benchmarks" / "household-four.yaml")
    found = sweep(case, RULES, MOTHER, 0, 20000, month="2024-08")
    piece = found.at(500000)
    assert len(piece.totals) == 2
    assert {total.forgoes for total in piece.totals} == {
        (("living_allowance", "儿子"),), (("single_person_dibao", "儿子"),)
    }  # fmt: skip
    assert piece.total.amount.low.at(500000) == max(total.amount.low.at(500000) for total in piece.totals)
    unknown = {(payment, route) for payment, route in found.at(0).total.unknown}
    assert unknown == {(("child_allowance", "儿子"), "困难家庭重病残疾")}


def test_a_scenario_is_supposed_besides() -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    scenario = scenario_of((parse_override("低保标准 = 2000", RULES),))
    found = sweep(case, RULES, MOTHER, 0, 20000, month="2025-08", scenario=scenario)
    assert found.pieces[0].high == 399999
    assert found.scenario == scenario.description
    assert sweep(case, RULES, MOTHER, 0, 20000, month="2025-08").scenario is None


def test_an_unknown_fact_elsewhere_leaves_bounds_that_move() -> None:
    data = {
        "声明": "未列事项均无",
        "家庭": {"地区": "110199001001", "申请人": "甲", "货币财产": 0},
        "成员": [
            {"编号": "甲", "与户主关系": "户主", "本市户籍": "是"},
            {
                "编号": "乙",
                "与户主关系": "配偶",
                "本市户籍": "是",
                "共同生活": "是",
                "收入": [{"种类": "工资性收入", "金额": "未知"}],
            },
        ],
    }
    found = sweep(case_from_data(data), RULES, '成员["甲"].收入.工资性收入', 0, 20000, month="2025-08")
    first = found.pieces[0].entitlement("dibao")
    assert first is not None
    assert first.outcome is Outcome.UNDETERMINED
    assert first.amount is not None
    assert first.amount.bounds(0) == (0, 296000)
    assert first.amount.bounds(100) == (0, 295900)
    assert found.pieces[0].high == 295999
    check(found, corners(found) | set(range(0, found.high, 100_000)))


def test_a_fact_the_rules_do_not_read_changes_nothing() -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    for over in ("月租金", '成员["母亲"].收入.奖学金'):
        assert len(sweep(case, RULES, over, 0, 5000, month="2025-08").pieces) == 1


def test_sweep_fact_is_the_same_sweep() -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    edition = RULES.edition("2025-08")
    found = sweep_fact(case, edition, "收入.工资性收入", Place(0), Money(0), Money(20000))
    assert found.pieces == sweep(case, RULES, MOTHER, 0, 20000, month="2025-08").pieces
    with pytest.raises(InputError, match=r"没有可变的数量“收入[.]工资”"):
        sweep_fact(case, edition, "收入.工资", Place(0), Money(0), Money(20000))
    with pytest.raises(InputError, match="“低保标准”不是家庭的事实"):
        sweep_fact(case, edition, "低保标准", Place(), Money(0), Money(20000))


def test_rows_are_the_corner_points() -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    found = sweep(case, RULES, MOTHER, 0, 20000, month="2025-08")
    rows = [row for row in found.rows() if row["programme"] == "低保"]
    assert [(row["x"], row["outcome"], row["low"], row["high"]) for row in rows[:3]] == [
        ("0.00", "eligible", "2960.00", "2960.00"),
        ("2959.99", "eligible", "0.01", "0.01"),
        ("2960.00", "ineligible", None, None),
    ]
    assert {row["low"] for row in found.rows() if row["programme"] == "合计"} == {"2960.00", "0.01", "0.00"}


# —— Roundings, products and quotients, in a law made for them ——


def programme(
    identifier: str, name: str, choose: str, tests: dict[str, str], routes: dict[str, tuple[str, str]]
) -> str:
    """A programme file: criteria by id, routes by name with the one criterion they ask for and what they pay."""
    lines = [f"programme: {identifier}", f"name: {name}", "for: 家庭", f"choose: {choose}", "uses: []"]
    lines += [f"kind: {'cash' if any(amount for _, amount in routes.values()) else 'status'}"]
    lines += ['coverage: {from: "2020-01"}', "criteria:"]
    for criterion, test in tests.items():
        lines += [f"  {criterion}:", f"    title: {criterion}", f"    test: {test}"]
    lines += ["routes:"]
    for route, (when, amount) in routes.items():
        lines += [f"  {route}:", f"    when: [{when}]", *([f"    amount: {amount}"] if amount else [])]
    return "\n".join(lines) + "\n"


ROUNDED = {
    "A-1": "'round_half_up(月租金 * 比例, \"元\") < 标准'",
    "A-2": '\'round_up(round_down(月租金 * 比例, "角") * 比例, "元") <= 标准 * 比例\'',
}
ROUNDED_ROUTES = {
    "低": ("A-1", "'round_down(月租金 * 比例, \"角\")'"),
    "高": ("A-2", '\'round_half_up(round_up(月租金 * 比例, "元") * 比例, "分")\''),
}
DIFFERENCE = {
    "差额": ("B-1", "'max(0, round_up(标准 - 月租金 * 比例, \"元\"))'"),
    "底线": ("B-1", "'round_half_up(标准 * 比例, \"元\")'"),
}
EQUAL = '\'round_down(月租金 * 比例, "元") == round_half_up(月租金 * 比例, "元")\''
SHARED = {"分摊": ("D-1", "'round_half_up(标准 / 住房套数, \"分\")'")}
PARAMETERS = """\
标准:
  unit: 元/人月
  values: [{from: "2020-01", value: "100.00", published: null, provenance: derived}]
比例:
  unit: 比例
  values: [{from: "2020-01", value: "0.35", published: null, provenance: derived}]
"""
LAW = {
    "ruleset.yaml": "ruleset: steps\ntitle: 取整\ncoverage: {from: '2020-01'}\nfiles: [parameters.yaml, a.yaml, b.yaml, c.yaml, d.yaml]\n",
    "parameters.yaml": PARAMETERS,
    "a.yaml": programme("a", "房补", "first", ROUNDED, ROUNDED_ROUTES),
    "b.yaml": programme("b", "取差", "highest", {"B-1": "月租金 >= 0"}, DIFFERENCE),
    "c.yaml": programme("c", "相等", "first", {"C-1": EQUAL}, {"相等": ("C-1", "")}),
    "d.yaml": programme("d", "分摊", "first", {"D-1": "住房套数 >= 1"}, SHARED),
}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    folder = tmp_path_factory.mktemp("steps")
    for name, text in LAW.items():
        (folder / name).write_text(text, "utf-8")
    return load_ruleset(folder)


@pytest.fixture(scope="module")
def tenant() -> Case:
    return case_from_data({"声明": "未列事项均无", "成员": [{"编号": "甲"}]})


def test_roundings_stay_exact_and_few(steps: Ruleset, tenant: Case) -> None:
    found = sweep(tenant, steps, "月租金", 250, 400, month="2024-01")
    check(found, set(range(found.low, found.high + 1, 7)) | corners(found, 3))
    # 0.35·x reaches 99.50 at 284.2857…: from there A-1 fails, and the other route holds or not.
    assert 28429 in {piece.low for piece in found.pieces}
    amount = found.pieces[0].entitlement("房补")
    assert amount is not None
    assert amount.amount is not None
    assert amount.amount.low.steps
    rent = sweep(tenant, steps, "月租金", 0, "30.00", month="2024-01")
    check(rent, set(range(rent.high + 1)))
    # Half a yuan of the rent's share up, half a yuan down: each yuan of it has two pieces of 相等.
    assert len([p for p in rent.pieces if p.entitlement("相等").outcome is Outcome.ELIGIBLE]) == 11  # type: ignore[union-attr]


def test_quotients_are_computed_one_by_one(steps: Ruleset, tenant: Case) -> None:
    found = sweep(tenant, steps, "住房套数", 0, 12, month="2024-01")
    check(found, set(range(13)))
    assert len(found.pieces) == 13


def test_a_rate_moves_by_hundredths(steps: Ruleset, tenant: Case) -> None:
    found = sweep(tenant, steps, "比例", 0, "1.2", month="2024-01")
    assert (found.low, found.high) == (0, 120)
    assert found.quantity.step == Fraction(1, 100)
    check(found, set(range(121)))


# —— What cannot be swept ——


@pytest.mark.parametrize(
    ("over", "low", "high", "code", "message"),
    [
        ('成员["母亲"].收入.工资', 0, 1, "unknown-name", "没有可变的数量“收入.工资”（最接近的名称：收入.工资性收入）"),
        ("低保标淮", 0, 1, "unknown-name", "没有可变的数量“低保标淮”（最接近的名称：低保标准）"),
        ('成员["母"].收入.工资性收入', 0, 1, "unknown-member", "2025-08 没有成员“母”（最接近的名称：母亲）"),
        ("收入.工资性收入", 0, 1, "sweep-level", "“收入.工资性收入”是成员的数量（应写成 成员[\"编号\"].收入.工资性收入）"),
        ('成员["母亲"].货币财产', 0, 1, "sweep-level", "“货币财产”是家庭的数量（应写成 货币财产）"),
        ("单亲", 0, 1, "sweep-type", "“单亲”不是数量，不能在一个范围里变化"),
        ('成员["母亲"].出生日期', 0, 1, "sweep-type", "“出生日期”不是数量，不能在一个范围里变化"),
        ("生活补贴标准", 0, 1, "sweep-type", "“生活补贴标准”不是数量，不能在一个范围里变化"),
        ("货币财产", 2, 1, "sweep-range", "“货币财产”的范围 2.00 至 1.00：起点和终点颠倒了（起点应小于终点）"),
        ("货币财产", 2, 2, "sweep-range", "“货币财产”的范围 2.00 至 2.00：起点和终点相同，没有可变的范围（起点应小于终点）"),
        ("货币财产", -1, 2, "sweep-range", "“货币财产”的范围，起点“-1”不合用：超出允许的范围"),
        ("货币财产", 0, "许多", "sweep-range", "终点“许多”不合用：金额写法应如"),
        ("货币财产", 0, "未知", "sweep-range", "终点“未知”不合用：要写一个数"),
        ("住房套数", 0, "1.5", "sweep-range", "终点“1.5”不合用：应是整数"),
    ],
)  # fmt: skip
def test_one_clear_error(over: str, low: Any, high: Any, code: str, message: str) -> None:
    case = load_case(CASES / "单亲母亲与学童.yaml")
    with pytest.raises(InputError) as raised:
        sweep(case, RULES, over, low, high, month="2025-08")
    assert len(raised.value.problems) == 1
    assert raised.value.code == code
    assert message in str(raised.value)


def test_a_month_out_of_coverage() -> None:
    with pytest.raises(InputError, match="2015-06 早于规则集的起始月 2015-07"):
        sweep(load_case(CASES / "单亲母亲与学童.yaml"), RULES, "低保标准", 0, 1, month="2015-06")


def test_a_sweep_that_never_settles_gives_up(
    steps: Ruleset, tenant: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["eligibility.whatif.sweep"]

    monkeypatch.setattr(module, "MAX_EVALUATIONS", 5)
    with pytest.raises(InputError, match="超过 5 处，请缩小范围"):
        sweep(tenant, steps, "住房套数", 0, 12, month="2024-01")


# —— Values put in place of what is read or computed ——


def test_given_values_stand_in_place_of_facts_and_definitions() -> None:
    edition: Edition = RULES.edition("2025-08")
    context = Context(load_case(CASES / "单亲母亲与学童.yaml"), edition.month)
    evaluator = Evaluator(edition)
    plain = evaluator.evaluate(context)
    assert evaluated(evaluator.evaluate(context, {})) == evaluated(plain)
    same = {("收入.工资性收入", Place(0)): plain.value("收入.工资性收入", Place(0))}
    assert evaluated(evaluator.evaluate(context, same)) == evaluated(plain)
    given: dict[tuple[str, Place], Any] = {("收入.工资性收入", Place(1)): 100_000, ("保障人数", Place()): 3}
    put = evaluator.evaluate(context, given)
    assert put.value("家庭月收入", Place()) == 340_000
    assert put.value("家庭月人均收入", Place()) == Fraction(340_000, 3)
    assert evaluated(put)["dibao", None] == (Outcome.ELIGIBLE, "差额救助", (104_000, 104_000), False)
    assert evaluated(evaluator.evaluate(context, {("月租金", Place()): 5})) == evaluated(plain)


def test_a_figure_of_nothing_leaves_every_route_open() -> None:
    """Before it is known what is received elsewhere no route is certain, and all of them may pay nothing."""
    member = {
        "编号": "甲",
        "与户主关系": "户主",
        "出生日期": "1980-01-01",
        "性别": "男",
        "残疾证": {"类别": "视力", "等级": "一级"},
        "残疾": [{"类别": "视力", "等级": "一级"}],
        "有稳定收入": "否",
    }
    case = case_from_data({"声明": "未列事项均无", "成员": [member]})
    determination = determine(case, RULES.edition("2025-08").with_values({"低保标准": 0}))
    assert determination["living_allowance", "甲"].outcome is Outcome.UNDETERMINED
