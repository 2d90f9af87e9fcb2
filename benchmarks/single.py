"""One household: how long a determination takes, stage by stage, beside OpenFisca on the same household.

    python benchmarks/single.py                      # table; `make bench` makes the peer's environment
    python benchmarks/single.py --no-peer --json     # ours alone, as JSON

Ours and the peer take turns, each turn a fresh process that measures inside itself after a warm-up, so that a
machine that gets slower or faster does so for both. The ratio is the median of the ratios of the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOUSEHOLDS = {"three": HERE / "household-three.yaml", "four": HERE / "household-four.yaml"}
PEER_PROGRAM = HERE / "openfisca_model.py"
PEER_PYTHON = HERE / ".venv-openfisca" / "bin" / "python"
RULESET = "beijing"
MONTH = "2024-08"
"""In the latest year for which the ruleset has the figures a means test needs."""

STAGES = {
    "determine": "determine: all reasons, both engines",
    "determine_record": "determine and record()",
    "read_determine": "case from plain data, and determine",
    "reference": "reference engine alone",
    "rete": "rule engine alone",
}
PEER_STAGES = {
    "peer": "OpenFisca: build and calculate",
    "peer_build": "OpenFisca: build alone",
    "peer_calculate": "OpenFisca: calculate alone",
}
MEMORY_DETERMINATIONS = 1000
IMPORT_TRIES = 9


def measure(household: str, iterations: int, warmup: int) -> dict[str, Any]:
    """Milliseconds of every iteration in this process, one stage after the other, and what was determined."""
    work, outcomes = _stages(household)
    times: dict[str, list[float]] = {}
    for name, run in work.items():
        for _ in range(warmup):
            run()
        times[name] = []
        for _ in range(iterations):
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {"times": times, "outcomes": outcomes}


def _stages(household: str) -> tuple[dict[str, Callable[[], object]], dict[str, int]]:
    """What is timed, with a warm edition and a case already read, and how many verdicts have each outcome."""
    from eligibility import determine, load_case, load_ruleset
    from eligibility.case import Context, canonical, case_from_data
    from eligibility.engines import rete
    from eligibility.engines.reference import Evaluation, Evaluator

    def truths_of(evaluation: Evaluation) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What the rule engine is given: the criteria that are not themselves verdicts."""
        household: dict[str, Any] = {}
        persons: list[dict[str, Any]] = [{} for _ in evaluation.context.members]
        for result in evaluation.results:
            criteria = zip(result.programme.criteria, result.statuses, strict=True) if result.applies else ()
            truths = {criterion.id: status for criterion, status in criteria if criterion.verdict_of is None}
            subject = household if result.person is None else persons[result.person]
            subject[result.programme.id] = truths if result.applies else None
        return household, persons

    rules, case = load_ruleset(RULESET), load_case(HOUSEHOLDS[household])
    data, edition = canonical(case), rules.edition(MONTH)
    evaluator = Evaluator(edition)
    work: dict[str, Callable[[], object]] = {
        "determine": lambda: determine(case, rules, month=MONTH),
        "determine_record": lambda: determine(case, rules, month=MONTH).record(),
        "read_determine": lambda: determine(case_from_data(data), rules, month=MONTH),
        "reference": lambda: evaluator.evaluate(Context(case, edition.month)),
    }
    if rete.available() is not None:
        program = rete.Program(RULESET, edition.programmes)
        truths = truths_of(evaluator.evaluate(Context(case, edition.month)))
        work["rete"] = lambda: program.infer(*truths)
    return work, Counter(verdict.outcome.value for verdict in determine(case, rules, month=MONTH))


def measure_memory(household: str) -> float:
    """Peak resident memory in MB of this process after loading the ruleset and many determinations."""
    from eligibility import determine, load_case, load_ruleset

    rules, case = load_ruleset(RULESET), load_case(HOUSEHOLDS[household])
    for _ in range(MEMORY_DETERMINATIONS):
        determine(case, rules, month=MONTH)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def import_ms() -> float:
    """Milliseconds that `import eligibility` adds to an interpreter with nothing to do: best of several.

    With compiled byte code, as an installed package has it, even where Python is told to write none.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = folder

        def once(code: str) -> float:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            return 1e3 * (time.perf_counter() - start)

        once("import eligibility")  # writes the byte code
        tries = [(once("import eligibility"), once("pass")) for _ in range(IMPORT_TRIES)]
    return min(ours for ours, _ in tries) - min(nothing for _, nothing in tries)


def _child(*command: str) -> Any:
    """What a program prints as JSON."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"failed: {' '.join(command)}")  # what went wrong stands above
    return json.loads(done.stdout)


def take_turns(
    household: str, rounds: int, iterations: int, warmup: int, peer: Path | None
) -> tuple[list[Any], list[Any]]:
    """Rounds of ours and the peer's, alternating: A B, then B A, so that neither always goes first."""
    amount = ("--household", household, "--iterations", str(iterations), "--warmup", str(warmup))
    ours: list[Any] = []
    theirs: list[Any] = []
    for number in range(rounds):
        sides: list[Callable[[], None]] = [
            lambda: ours.append(_child(sys.executable, __file__, "--measure", *amount))
        ]
        if peer is not None:
            # Isolated (-I), so that it does not get this environment's packages.
            sides.append(lambda: theirs.append(_child(str(peer), "-I", str(PEER_PROGRAM), *amount)))
        for side in sides if number % 2 == 0 else reversed(sides):
            side()
    return ours, theirs


def summary(times: list[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds, and how many a second the median makes."""
    ordered = sorted(times)
    middle = statistics.median(ordered)
    return {
        "p50_ms": round(middle, 4),
        "p99_ms": round(ordered[int(0.99 * len(ordered))], 4),
        "min_ms": round(ordered[0], 4),
        "per_second": round(1e3 / middle),
    }


def compare(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], stage: str) -> dict[str, float]:
    """Ours divided by the peer's: the median over the turns of the ratios of medians, with the extremes.

    `best` is the ratio of the fastest iterations: what the machine's other work hardly touches.
    """
    ratios = [
        statistics.median(our[stage]) / statistics.median(their["peer"])
        for our, their in zip(ours, theirs, strict=True)
    ]
    found = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
    found["best"] = min(min(our[stage]) for our in ours) / min(min(their["peer"]) for their in theirs)
    return {name: round(ratio, 3) for name, ratio in found.items()}


def report(household: str, rounds: int, iterations: int, warmup: int, peer: Path | None) -> dict[str, Any]:
    """The whole run as data."""
    ours, theirs = take_turns(household, rounds, iterations, warmup, peer)
    our_times = [turn["times"] for turn in ours]
    their_times = [
        {
            "peer": [sum(pair) for pair in zip(turn["build"], turn["calculate"], strict=True)],
            "peer_build": turn["build"],
            "peer_calculate": turn["calculate"],
        }
        for turn in theirs
    ]
    stages = {
        name: summary([value for turn in turns for value in turn[name]])
        for turns in (our_times, their_times)
        for name in (turns[0] if turns else ())
    }
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "household": household,
        "month": MONTH,
        "outcomes": ours[0]["outcomes"],
        "rounds": rounds,
        "iterations": iterations,
        "peer": f"{theirs[0]['engine']}, numpy {theirs[0]['numpy']}" if theirs else None,
        "stages": stages,
        "ratio": {name: compare(our_times, their_times, name) for name in our_times[0]} if theirs else {},
        "import_ms": round(import_ms(), 1),
        "peak_rss_mb": round(_child(sys.executable, __file__, "--memory", "--household", household), 1),
    }


def print_table(found: dict[str, Any]) -> None:
    """The run for a reader."""
    print(
        f"household of {found['household']}, {found['month']}, Python {found['python']}, {found['cores']} cores"
    )
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in found["outcomes"].items())
    print(f"verdicts: {outcomes}; peer: {found['peer'] or 'none'}")
    print(f"{found['rounds']} rounds of {found['iterations']} iterations\n")
    print(f"{'':38}{'p50 ms':>9}{'p99 ms':>9}{'min ms':>9}{'per s':>9}{'ratio':>8}")
    for name, label in {**STAGES, **PEER_STAGES}.items():
        if (times := found["stages"].get(name)) is None:
            continue
        ratio = found["ratio"].get(name)
        row = "".join(f"{times[key]:9.3f}" for key in ("p50_ms", "p99_ms", "min_ms"))
        print(f"{label:38}{row}{times['per_second']:9d}{ratio['median'] if ratio else '':>8}")
    for name in ("determine", "read_determine"):
        if ratio := found["ratio"].get(name):
            spread = f"rounds {ratio['min']} to {ratio['max']}"
            print(f"\n{STAGES[name]} / OpenFisca build and calculate:")
            print(f"  ratio of medians {ratio['median']} ({spread}), of the fastest {ratio['best']}")
    print(f"\nimport eligibility: {found['import_ms']} ms")
    print(f"peak memory, ruleset and {MEMORY_DETERMINATIONS} determinations: {found['peak_rss_mb']} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--household", choices=HOUSEHOLDS, default="three", help="which household")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each side")
    parser.add_argument("--iterations", type=int, default=200, help="timed iterations a turn")
    parser.add_argument("--warmup", type=int, default=50, help="iterations a turn before timing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--no-peer", action="store_true", help="leave the peer out")
    parser.add_argument("--peer-python", type=Path, default=PEER_PYTHON, help="the peer's interpreter")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1 or options.iterations < 1:
        parser.error("--rounds and --iterations must be at least 1")
    if options.measure:
        print(json.dumps(measure(options.household, options.iterations, options.warmup)))
        return
    if options.memory:
        print(json.dumps(measure_memory(options.household)))
        return
    peer = None if options.no_peer else options.peer_python
    if peer is not None and not peer.exists():
        raise SystemExit(f"no interpreter {peer}: run `make bench`, or use --no-peer")
    found = report(options.household, options.rounds, options.iterations, options.warmup, peer)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print_table(found)


if __name__ == "__main__":
    main()
