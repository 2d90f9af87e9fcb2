"""What is still needed: how much each question settles, checked by answering it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from eligibility import Case, Outcome, case_from_data, determine, load_case, load_ruleset
from eligibility.case import canonical
from eligibility.whatif.needed import Need, still_needed
from eligibility.whatif.overrides import apply_to_case, parse_override

from .. import strategies

RULES = load_ruleset("beijing")
MOTHER = load_case("cases/单亲母亲与学童.yaml")
HOUSEHOLD = (("dibao", None), ("low_income", None), ("dibao_margin", None))


def needs(case: Case, month: str = "2025-08") -> list[Need]:
    return still_needed(determine(case, RULES, month=month))


def supposed(case: Case, *texts: str) -> Case:
    return apply_to_case(case, [parse_override(text, RULES) for text in texts])


def test_nothing_is_needed_where_nothing_is_open() -> None:
    assert needs(MOTHER) == []


def test_one_unknown_amount_settles_whatever_it_is() -> None:
    case = supposed(MOTHER, '成员["母亲"].收入.工资性收入 = 未知')
    (need,) = needs(case)
    assert need.path == "成员[母亲].收入[工资性收入]"
    assert need.settles == need.may_settle
    assert set(HOUSEHOLD) <= set(need.settles)


def test_an_unknown_list_is_one_question() -> None:
    (need,) = needs(supposed(MOTHER, '成员["母亲"].收入 = 未知'))
    assert need.path == "成员[母亲].收入"
    assert need.question == "有哪些收入，每月（季、年）多少元？"
    assert need.paper == "收入证明、工资单或银行流水"
    assert set(HOUSEHOLD) <= set(need.settles)
    assert len(need.facts) > 5


def test_of_two_unknowns_neither_settles_for_certain_what_waits_for_both() -> None:
    case = supposed(MOTHER, '成员["母亲"].收入.工资性收入 = 未知', "家庭.车辆 = 未知")
    first, second = needs(case)
    for need in (first, second):
        assert ("dibao", None) in need.may_settle  # too high a wage, or a car, decides alone
        assert ("dibao", None) not in need.settles
    assert len(first.settles) >= len(second.settles)


def test_answering_what_settles_for_certain_leaves_it_settled() -> None:
    case = supposed(MOTHER, '成员["母亲"].收入.工资性收入 = 未知', "家庭.家庭情形 = 未知")
    for need in needs(case):
        if need.path != "成员[母亲].收入[工资性收入]":
            continue
        for amount in ("0", "2959.99", "2960", "4839.99", "4840", "100000"):
            answered = determine(
                supposed(case, f'成员["母亲"].收入.工资性收入 = {amount}'), RULES, month="2025-08"
            )
            outcomes = {(v.programme.id, v.subject): v.outcome for v in answered}
            assert all(outcomes[key] is not Outcome.UNDETERMINED for key in need.settles)


def test_the_order_is_by_certain_then_perhaps() -> None:
    empty = case_from_data({"成员": [{"编号": "本人"}]})
    found = needs(empty)
    ranks = [(len(need.settles), len(need.may_settle)) for need in found]
    assert ranks == sorted(ranks, reverse=True)
    assert found[0].path == "成员[本人].本市户籍"
    assert ranks[0][1] > ranks[-1][1]


@pytest.mark.parametrize("region", ["110101001000", "110112000000"])
def test_an_open_list_of_words_is_tried_too(region: str) -> None:
    case = load_case("cases/信息不足/地区不明的治病用车.yaml")
    (need,) = needs(case, "2024-08")
    assert need.facts == ("区县",)
    assert need.may_settle == (("dibao", None),)
    data = canonical(case)
    data["household"]["region"] = region
    outcome = determine(case_from_data(data), RULES, month="2024-08")["低保"].outcome
    decided = region.startswith("110101")
    assert (outcome is Outcome.UNDETERMINED) is not decided


@settings(max_examples=4)
@given(strategies.cases(1))
def test_measures_hold_together(case: Case) -> None:
    determination = determine(case, RULES, month="2025-08")
    waiting = {
        (v.programme.id, v.subject)
        for v in determination
        if v.outcome is Outcome.UNDETERMINED or v.amount_range is not None
    }
    asked = {item.path for v in determination for item in v.missing if item.origin.value == "fact"}
    found = still_needed(determination)
    for need in found:
        assert set(need.settles) <= set(need.may_settle) <= waiting
        assert any(path.startswith(need.path) for path in asked)
    assert len({need.path for need in found}) == len(found)
