"""Why not, and what would: every answer suffices, is the nearest there is, and nothing that cannot change is proposed."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from random import Random

import pytest

from eligibility import (
    Case,
    InputError,
    Money,
    Month,
    Outcome,
    case_from_data,
    determine,
    load_case,
    load_ruleset,
    replay,
)
from eligibility.case import canonical
from eligibility.values import Kind
from eligibility.whatif.overrides import apply_to_case, parse_override
from eligibility.whatif.places import spelled, text_of
from eligibility.whatif.sufficient import FIXED, Change, what_would, why_not

MOTHER = load_case("cases/单亲母亲与学童.yaml")
CAR = load_case("cases/财产/有一辆轿车.yaml")
RULES = load_ruleset("beijing")


def changed(case: Case, *texts: str) -> Case:
    return apply_to_case(case, [parse_override(text, RULES) for text in texts])


def texts(changes: list[Change]) -> list[str]:
    return [change.text for change in changes]


def test_the_nearest_wage_to_the_fen_comes_first() -> None:
    case = changed(MOTHER, '成员["母亲"].收入.工资性收入 = 3003.19')
    changes = what_would(case, RULES, "低保", month="2025-08")
    first = changes[0]
    assert first.text == "母亲 的 工资性收入 每月少 43.20 元（3003.19 → 2959.99）即符合"
    assert first.override.text == '成员["母亲"].收入.工资性收入 = 2959.99'
    assert first.verdict.amount == Money("0.01")
    assert "母亲 的 必要就业成本 每月多 43.20 元（0.00 → 43.20）即符合" in texts(changes)
    assert [c.difference for c in changes if c.difference is not None] == [-4320, -4320, 4320, -4320, 4320]


def test_savings_are_no_monthly_amount() -> None:
    case = load_case("cases/财产/两人存款超过2024年上限一分.yaml")
    (change,) = what_would(case, RULES, "dibao", month="2024-08")
    assert change.text == "家庭 的 货币财产 少 0.01 元（114206.41 → 114206.40）即符合"


def test_a_status_between_two_lines_is_reached_from_either_side() -> None:
    below = what_would(MOTHER, RULES, "低收入", month="2025-08")
    assert below[0].text == "母亲 的 工资性收入 每月多 560.00 元（2400.00 → 2960.00）即符合"
    above = changed(MOTHER, '成员["母亲"].收入.工资性收入 = 5000')
    assert texts(what_would(above, RULES, "低收入", month="2025-08"))[0] == (
        "母亲 的 工资性收入 每月少 160.01 元（5000.00 → 4839.99）即符合"
    )


def test_truths_words_and_lists() -> None:
    alien = changed(MOTHER, '成员["母亲"].本市户籍 = 否')
    assert texts(what_would(alien, RULES, "低保", month="2025-08")) == [
        "母亲 的 本市户籍 由 否 改为 是，即符合"
    ]
    assert texts(what_would(CAR, RULES, "低保", month="2025-08")) == ["家庭.车辆[1] 改为没有，即符合"]
    cars = case_from_data({**canonical(CAR), "household": {**canonical(CAR)["household"], "vehicles": [
        {"vehicle_kind": "机动车", "use": "其他"}, {"vehicle_kind": "残疾人机动轮椅车"}, {"vehicle_kind": "机动车", "use": "生产"},
    ]}})  # fmt: skip
    assert texts(what_would(cars, RULES, "低保", month="2025-08")) == ["家庭.车辆 改为没有，即符合"]
    disabled = texts(what_would(MOTHER, RULES, "困境儿童", "孩子", month="2025-08"))
    assert "孩子 的 肢体等级 由 无 改为 二级，即符合" in disabled
    assert "孩子 的 智力等级 由 无 改为 三级，即符合" in disabled
    assert not any("肢体等级 由 无 改为 三级" in text for text in disabled)


def test_a_quarterly_income_that_is_no_whole_fen_a_month() -> None:
    data = canonical(MOTHER)
    data["members"][0]["incomes"] = [{"kind": "工资性收入", "amount": "10000.00", "period": "季"}]
    case = case_from_data(data)
    changes = what_would(case, RULES, "低保", month="2025-08")
    assert [(c.fact and c.fact.name, c.after) for c in changes[:2]] == [
        ("收入.经营净收入", -37334),  # a third of a 分 less than the wage has to fall
        ("必要就业成本", 37334),
    ]
    wage = next(c for c in changes if c.fact is not None and c.fact.name == "收入.工资性收入")
    assert (wage.before, wage.after, wage.difference) == (Fraction(1000000, 3), 295999, Fraction(-112003, 3))


def test_every_answer_was_determined_and_replays() -> None:
    case = changed(MOTHER, '成员["母亲"].收入.工资性收入 = 3000')
    for change in what_would(case, RULES, "低保", month="2025-08"):
        assert change.verdict.outcome is Outcome.ELIGIBLE
        assert change.determination.scenario == change.override.shown
        assert replay(change.determination.record(), RULES).identical


def test_what_cannot_change_is_not_proposed() -> None:
    """A child too old, registration too late, a misfortune that would have to begin: silence, not advice."""
    for programme, subject in (
        ("低保", None),
        ("困境儿童", "孩子"),
        ("生活补贴", "孩子"),
        ("单人保", "母亲"),
    ):
        case = changed(MOTHER, '成员["母亲"].收入.工资性收入 = 3000')
        answer = why_not(case, RULES, programme, subject, month="2025-08")
        for change in answer.changes:
            if change.fact is not None:
                assert change.fact.kind is not Kind.DATE
                assert not change.fact.sensitive
                assert change.fact.name not in FIXED
                assert not (change.after is True and "不计入情形" in change.fact.field)
        assert not set(answer.tried) & FIXED


def test_where_nothing_alone_helps_the_list_is_empty_and_says_what_was_tried() -> None:
    both = changed(CAR, "货币财产 = 9999999")
    answer = why_not(both, RULES, "低保", month="2024-08")
    assert answer.verdict is not None
    assert answer.verdict.outcome is Outcome.INELIGIBLE
    assert answer.changes == ()


def test_grants_and_open_verdicts_are_left_alone() -> None:
    assert what_would(MOTHER, RULES, "低保", month="2025-08") == []
    unknown = changed(MOTHER, '成员["母亲"].收入 = 未知')
    assert what_would(unknown, RULES, "低保", month="2025-08") == []


def test_a_programme_that_does_not_speak_of_somebody_asks_what_would_make_it() -> None:
    answer = why_not(MOTHER, RULES, "护理补贴", "孩子", month="2025-08")
    assert answer.verdict is None
    assert all(change.verdict.outcome is Outcome.ELIGIBLE for change in answer.changes)


@pytest.mark.parametrize(
    ("programme", "subject", "month", "message"),
    [
        ("低宝", None, "2025-08", "没有项目“低宝”（最接近的名称：低保） [unknown-name]"),
        ("低保", "母亲", "2025-08", "“低保”按家庭认定，不写成员（写作 低保） [subject]"),
        ("困境儿童", None, "2025-08", "“困境儿童”按人认定，要写成员（写作 困境儿童:母亲） [subject]"),
        ("困境儿童", "孩", "2025-08", "2025-08 没有编号为“孩”的成员（最接近的名称：孩子） [unknown-member]"),
        ("低保边缘", None, "2018-08", "2018-08 没有“低保边缘”这一项规定 [not-in-force]"),
    ],
)
def test_questions_that_mean_nothing(programme: str, subject: str | None, month: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        what_would(MOTHER, RULES, programme, subject, month=month)
    assert str(caught.value) == message


def test_nothing_nearer_suffices() -> None:
    """Every amount proposed suffices, and no amount between it and what is now does: next to it and anywhere."""
    chance = Random(20250801)
    checked = 0
    for path in chance.sample(sorted(Path("cases").glob("[!s]*/*.yaml")), 6):
        month = Month(chance.choice(["2019-03", "2021-08", "2024-08"]))
        case = load_case(path)
        try:
            determination = determine(case, RULES, month=month)
        except InputError:  # a kind of income that did not exist then
            continue
        refused = [v for v in determination if v.outcome is Outcome.INELIGIBLE]
        for verdict in chance.sample(refused, min(1, len(refused))):
            changes = what_would(case, RULES, verdict.programme.id, verdict.subject, month=month)
            assert all(change.verdict.outcome is Outcome.ELIGIBLE for change in changes)
            for change in [c for c in changes if c.difference is not None][:3]:
                checked += sum(_refused(case, change, value, month) for value in _nearer(change, chance))
    assert checked > 30


def _nearer(change: Change, chance: Random) -> list[int]:
    """Amounts between what is now and what is proposed: next to either end, and some anywhere."""
    assert isinstance(change.after, int)
    assert isinstance(change.before, int | Fraction)
    low, high = sorted((change.before, change.after))
    first, last = ceil(low), floor(high)
    ends = [first, first + 1, last - 1, last]
    inside = [chance.randint(first, last) for _ in range(3)]
    return [x for x in (*ends, *inside) if low <= x <= high and x != change.after]


def _refused(case: Case, change: Change, value: int, month: Month) -> bool:
    assert change.fact is not None
    name = spelled(change.fact, change.override.member, change.override.slot)
    override = parse_override(f"{name} = {text_of(change.fact, value)}", RULES)
    other = determine(apply_to_case(case, [override]), RULES, month=month)
    key = (change.verdict.programme.id, change.verdict.subject)
    outcome = {(v.programme.id, v.subject): v.outcome for v in other}.get(key)
    assert outcome is not Outcome.ELIGIBLE, override.text
    return True
