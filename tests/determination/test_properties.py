"""What must hold for every household: engines agree, records replay, and not knowing never decides."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eligibility.case import case_from_data
from eligibility.determination import Determination, Outcome, determine, replay
from eligibility.errors import InputError
from eligibility.quantities import Money, Month
from eligibility.ruleset import Ruleset, load_ruleset

from ..strategies import case_data, months

RULES = load_ruleset("beijing")
NEVER_REMOVED = frozenset(["id", "members", "household", "declaration", "child"])


def determined(data: dict[str, Any], month: Month, rules: Ruleset = RULES) -> Determination:
    """Determines a drawn case; one with an income kind that does not exist yet that month is no example."""
    try:
        return determine(case_from_data(data), rules, month=month)
    except InputError as error:
        assume(error.code not in ("unknown-income-kind", "negative-income"))
        raise


@settings(max_examples=60, deadline=None)
@given(case_data(), months())
def test_engines_agree_and_the_record_replays(data: dict[str, Any], month: Month) -> None:
    # `determine` raises EngineDisagreement unless the rule engine infers every verdict the same.
    determination = determined(data, month)
    raw = determination.record()
    # The law that was read is said once; each person adds the values of the programmes that may be for them.
    assert len(raw) < 20_000 + 8_000 * len(data["members"])
    result = replay(raw, RULES)
    assert result.identical
    assert not result.differences
    assert not result.run
    total = json.loads(raw)["determination"]["totals"]
    shares = sum((Money(amount) for _, _, amount in total["shares"]), Money(0))
    assert total["per_month"] in (None, str(shares)) or determination.case.household.choices
    for verdict in determination:
        if verdict.outcome is Outcome.UNDETERMINED:
            assert verdict.missing
            assert verdict.amount is None
        if verdict.outcome is Outcome.ELIGIBLE and verdict.programme.kind != "status":
            said = (verdict.amount is not None, verdict.amount_range is not None, verdict.amount_unknown)
            assert said.count(True) == 1
        if verdict.outcome is Outcome.INELIGIBLE:
            assert verdict.amount is None
            assert verdict.amount_range is None
        lower = verdict.amount_range[0] if verdict.amount_range else verdict.amount
        assert lower is None or lower >= Money(0)


def removable(data: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Every place of a case where taking a key away means knowing less."""
    found = [(holder, key) for holder in (data.get("household", {}), *data["members"]) for key in holder]
    for member in data["members"]:
        found += [(item, "amount") for name in ("incomes", "deductions") for item in _items(member, name)]
    found += [(item, "amount") for item in _items(data.get("household", {}), "supporters")]
    return [(holder, key) for holder, key in found if key in holder and key not in NEVER_REMOVED]


def _items(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = holder.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


@settings(max_examples=100, deadline=None)
@given(case_data(), months(), st.data())
def test_knowing_less_never_flips_a_verdict(data: dict[str, Any], month: Month, draw: st.DataObject) -> None:
    # Under a declaration an absent list means "none", so taking one away would be telling, not forgetting.
    data.pop("declaration", None)
    before = determined(data, month)
    less = copy.deepcopy(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        places = removable(less)
        if not places:
            break
        holder, key = draw.draw(st.sampled_from(places))
        del holder[key]
    try:
        after = determined(less, month)
    except InputError as error:
        assume(error.code == "unknown-income-kind")
        raise
    earlier = {(v.programme.id, v.subject): v for v in before}
    for now in after:
        key = (now.programme.id, now.subject)
        if key not in earlier:  # it was certain that the programme is not for them; now it may be
            assert now.outcome is not Outcome.ELIGIBLE
            continue
        verdict = earlier[key]
        assert now.outcome in (verdict.outcome, Outcome.UNDETERMINED)
        if verdict.amount is not None and now.amount_range is not None:
            lower, upper = now.amount_range
            assert lower <= verdict.amount
            assert upper is None or verdict.amount <= upper
        elif verdict.amount is not None and now.amount is not None:
            assert verdict.amount == now.amount


@settings(max_examples=40, deadline=None)
@given(case_data(), months(), st.integers(1, 100_000))
def test_a_higher_standard_never_takes_dibao_away(data: dict[str, Any], month: Month, more: int) -> None:
    case = case_from_data(data)
    edition = RULES.edition(month)
    standard = edition.parameters["低保标准"].value
    assert isinstance(standard, int)
    before = determined(data, month)["dibao"]
    after = determine(case, edition.with_values({"低保标准": Money.from_fen(standard + more)}))["dibao"]
    if before.outcome is Outcome.ELIGIBLE:
        assert after.outcome is Outcome.ELIGIBLE
        if before.amount is not None and after.amount is not None:
            assert after.amount >= before.amount


@settings(max_examples=40, deadline=None)
@given(
    case_data(),
    months("2025-01"),
    st.sampled_from(["育儿补贴", "残疾人两项补贴", "奖学金", "优待抚恤金", "社会救助款物"]),
    st.integers(0, 500_000),
)
def test_income_that_does_not_count_changes_nothing(
    data: dict[str, Any], month: Month, kind: str, fen: int
) -> None:
    before = determined(data, month)
    more = copy.deepcopy(data)
    member = more["members"][0]
    assume(isinstance(member.get("incomes"), list) and len(member["incomes"]) < 20)
    member["incomes"].append({"kind": kind, "amount": str(Money.from_fen(fen))})
    after = determined(more, month)
    for verdict in before:
        now = next(v for v in after if (v.programme.id, v.subject) == (verdict.programme.id, verdict.subject))
        assert (now.outcome, now.amount, now.amount_range) == (
            verdict.outcome,
            verdict.amount,
            verdict.amount_range,
        )


@settings(max_examples=40, deadline=None)
@given(case_data(), months())
def test_no_text_carries_an_identity_number(data: dict[str, Any], month: Month) -> None:
    from eligibility.determination.explain import explain

    determination = determined(data, month)
    texts = [
        json.dumps(determination.summary(), ensure_ascii=False),
        *(
            explain(determination, audience=a, language=lang)
            for a in ("officer", "resident")
            for lang in ("zh", "en")
        ),  # type: ignore[arg-type]
    ]
    for member in data["members"]:
        for secret in (
            member.get("identity_number"),
            (member.get("disability_certificate") or {}).get("number"),
        ):
            if isinstance(secret, str):
                assert all(secret not in text for text in texts)
