"""Every line of the lists can be opened: a household of a finished run, on either side, for any month it settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eligibility.cli import main
from eligibility.determination import determine
from eligibility.errors import InputError
from eligibility.reevaluation.explaining import explain_household
from eligibility.reevaluation.plan import Plan
from eligibility.register.cases import case_of
from eligibility.register.sample import write_sample
from eligibility.register.store import Register, open_register
from eligibility.ruleset import Edition

from .conftest import in_batches
from .drawn import run


@pytest.fixture(scope="module")
def done(plan: Plan, sample: Register, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; its verdicts are drawn, since explaining computes its own."""
    out = tmp_path_factory.mktemp("done") / "out"
    run(plan, sample, out)
    return out


def expected(row: dict[str, Any], edition: Edition) -> Any:
    """What `determine` says of a row, without the incomes that the law of a month does not know."""
    strange = {f"收入.{kind}" for kind in edition.ruleset.income_kinds if kind not in edition.income_kinds}
    known = {**row, "成员": [{k: v for k, v in m.items() if k not in strange} for m in row["成员"]]}
    return determine(case_of(known, tuple(edition.income_kinds)), edition).record()


def test_one_household_is_explained_as_by_determine(plan: Plan, sample: Register, done: Path) -> None:
    row = next(sample.batches(2)).to_pylist()[3]
    for side, edition in (("before", plan.edition_before), ("after", plan.edition_after)):
        found = explain_household(done, row["家庭编号"], side)
        assert found.record() == expected(row, edition)
        assert found.edition.month == edition.month
    with pytest.raises(InputError, match="没有家庭编号"):
        explain_household(done, "没有这一户")
    with pytest.raises(InputError, match="没有做完的复核"):
        explain_household(done.parent, row["家庭编号"])
    with pytest.raises(InputError, match="没有这个文件夹"):
        explain_household(done / "nothing", row["家庭编号"])
    with pytest.raises(InputError, match="这是文件"):
        explain_household(done / "run.json", row["家庭编号"])


def test_every_settled_month_is_explained_as_known_then_and_now(
    plan: Plan, sample: Register, done: Path
) -> None:
    row = next(sample.batches()).to_pylist()[0]
    assert len(plan.retroactive) == 3
    for settled in plan.retroactive:
        for side, edition in (("before", settled.then), ("after", settled.now)):
            found = explain_household(done, row["家庭编号"], side, str(settled.month))
            assert found.record() == expected(row, edition)
            assert (found.edition.month, found.edition.known_on) == (settled.month, edition.known_on)
    own = explain_household(done, row["家庭编号"], "before", plan.before.month)
    assert own.record() == expected(row, plan.edition_before)


@pytest.mark.parametrize(
    ("side", "month"), [("after", "2025-10"), ("after", "2025-06"), ("before", "2025-05")]
)
def test_a_month_that_was_not_determined(done: Path, sample: Register, side: str, month: str) -> None:
    household = next(sample.batches()).column("家庭编号")[0].as_py()
    with pytest.raises(InputError, match=f"没有认定 {month}") as failed:
        explain_household(done, household, side, month)
    assert failed.value.hint == (
        "认定过的月份，before：2025-06、2025-07、2025-08、2025-09；after：2025-07、2025-08、2025-09"
    )


def test_a_register_that_changed_is_not_explained(plan: Plan, sample: Register, tmp_path: Path) -> None:
    moved = in_batches(sample, tmp_path / "台账.arrow", 50)
    run(plan, moved, tmp_path / "out")
    household = next(moved.batches()).column("家庭编号")[0].as_py()
    in_batches(open_register(sample.path), tmp_path / "台账.arrow", 50)
    explain_household(tmp_path / "out", household)  # the same content
    write_sample(tmp_path / "台账.arrow", households=5, seed=1, rules=plan.rules)
    with pytest.raises(InputError, match="改过"):
        explain_household(tmp_path / "out", household)
    (tmp_path / "台账.arrow").unlink()
    with pytest.raises(InputError, match="不在原处"):
        explain_household(tmp_path / "out", household)


def command(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_command_explains_a_month_and_names_the_household(
    done: Path, sample: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    household = next(sample.batches()).column("家庭编号")[0].as_py()
    assert command("explain", done, "--household", household, "--month", "2025-09") == 0
    heading = capsys.readouterr().out.splitlines()[:2]
    assert heading[0] == f"家庭编号 {household}"
    assert heading[1].startswith("待遇月份 2025-09（按 2025-09-30 已公布的规定）")
    options = ["--household", household, "--month", "2025-09", "--side", "before", "--language", "en"]
    assert command("explain", done, *options) == 0
    heading = capsys.readouterr().out.splitlines()[:2]
    assert heading[0] == f"Household {household}"
    assert heading[1].startswith("Benefit month 2025-09 (as known on 2025-06-30)")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{out}"], 2, "--household"),
        (["{out}", "--household", "{id}", "--month", "2025-10"], 3, "认定过的月份"),
        (["{out}", "--household", "{id}", "--month", "2025-13"], 3, "没有 13 月"),
        (["{out}", "--household", "{id}", "--known-on", "2025-08-15"], 2, "--known-on"),
        (["{out}", "--household", "{id}", "--rules", "beijing"], 2, "--rules"),
        (["{out}", "--household", "{id}", "--overlay", "beijing-reading-a16"], 2, "--overlay"),
        (["{out}/nothing", "--household", "{id}"], 3, "没有这个文件夹"),
        (["{out}/run.json", "--household", "{id}"], 3, "这是文件"),
        (["{out}/nothing"], 3, "没有这个文件或文件夹"),
        (["{out}/run.json"], 2, "--month"),
        (["{out}/run.json", "--month", "2025-08", "--side", "after"], 2, "--side"),
    ],
)
def test_what_means_nothing_there_is_refused(
    done: Path,
    sample: Register,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    household = next(sample.batches()).column("家庭编号")[0].as_py()
    given = [argument.replace("{out}", str(done)).replace("{id}", household) for argument in arguments]
    assert command("explain", *given) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
