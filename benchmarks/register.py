"""Whole registers: from file to file, stage by stage, and beside peers that compute populations, in one run.

    python benchmarks/register.py                                 # `make bench-register` makes the peers' environments
    python benchmarks/register.py --households 1000000 --repeat 10 --rounds 3 --no-peers

Every measurement is a fresh process; the processes of a round take turns, and every other round goes backwards, so that
a machine that gets slower or faster does so for all. Medians and bests of wall time and CPU time stand side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DATA = HERE / ".data"
SEED = 1
PEERS = str(HERE / "register_peers.py")
IN_MEMORY_TURNS = 3
"""Timed turns of a process that works in memory, after one that warms up."""
STAGES = {
    "file": "file to file, one edition",
    "floor": "the same files without rules",
    "file-parquet": "the register as Parquet",
    "floor-parquet": "the same without rules",
    "reevaluate": "re-evaluation, two months",
    "kernel-1": "engine alone, 1 thread",
    "kernel-2": "engine alone, 2 threads",
}
LAW = {
    "law": "ours, small law",
    "openfisca": "OpenFisca, its idiom",
    "openfisca-select": "OpenFisca, table by hand",
    "policyengine": "PolicyEngine, its idiom",
    "polars": "Polars, 低保 and 低收入 only",
}


def register_of(households: int, repeat: int) -> Path:
    """A sample register, made once; repeated, the same households stand in it again and again."""
    from eligibility import load_ruleset
    from eligibility.register.sample import write_sample
    from eligibility.register.store import RegisterWriter, open_register

    DATA.mkdir(exist_ok=True)
    path = DATA / f"sample-{households}.arrow"
    if not path.exists():
        write_sample(path, households=households, seed=SEED, rules=load_ruleset("beijing"))
    if repeat == 1:
        return path
    once, path = open_register(path), DATA / f"sample-{households}x{repeat}.arrow"
    if not path.exists():
        with RegisterWriter(path, once.schema) as writer:
            for _ in range(repeat):
                for batch in once.batches():
                    writer.append(batch)
    return path


def as_parquet(register: Path) -> Path:
    """The same register as nested Parquet, with the settings that pyarrow has of itself; made once."""
    import pyarrow.parquet as pq

    from eligibility.register.store import open_register

    path = register.with_suffix(".parquet")
    if not path.exists():
        source = open_register(register)
        with pq.ParquetWriter(path, source.schema) as writer:
            for batch in source.batches():
                writer.write_batch(batch, row_group_size=batch.num_rows)
    return path


def child(*command: str | int | Path) -> dict[str, Any]:
    """What a program prints as JSON, or that it failed."""
    # As the command line sets it.
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")  # what went wrong stands above
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def interpreter(name: str) -> Path:
    """The interpreter of an environment: `register` is ours, with what registers need and nothing else."""
    path = HERE / f".venv-{name}" / "bin" / "python"
    if not path.exists():
        raise SystemExit(f"no interpreter {path}: run `make bench-register`")
    return path


def ours(*arguments: str | int | Path) -> tuple[str | int | Path, ...]:
    """The command of one of our stages."""
    return (interpreter("register"), HERE / "register_stages.py", *arguments)


def programs(register: Path, size: int, peers: bool) -> dict[str, tuple[str | int | Path, ...]]:
    """The command of everything that is measured."""
    turns = IN_MEMORY_TURNS + 1
    found: dict[str, tuple[str | int | Path, ...]] = {
        name: ours(name, register, turns if name.startswith("kernel") else 1)
        for name in STAGES
        if not name.endswith("-parquet")
    }
    parquet = as_parquet(register)
    found |= {f"{name}-parquet": ours(name, parquet, 1) for name in ("file", "floor")}
    found["law"] = ours("law-random", size, turns)
    if peers:
        for name in ("openfisca", "policyengine"):
            found[name] = (interpreter(name), PEERS, name, "random", size, turns)
        found["openfisca-select"] = (
            interpreter("openfisca"),
            PEERS,
            "openfisca",
            "random",
            size,
            turns,
            "select",
        )
        found["polars"] = (interpreter("polars"), HERE / "register_polars.py", size, turns)
    return found


def take_turns(
    commands: dict[str, tuple[str | int | Path, ...]], rounds: int
) -> dict[str, list[dict[str, Any]]]:
    """Every command once a round; every other round backwards. The first turn in memory warms up and is dropped."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for number in range(rounds):
        order = list(commands)
        for name in order if number % 2 == 0 else reversed(order):
            turn = child(*commands[name])
            for clock in ("wall", "cpu", "calculate"):
                if len(turn.get(clock, ())) > 1:
                    turn[clock] = turn[clock][1:]
            found[name].append(turn)
    return found


def summary(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians and bests over all turns of a program; peak memory is the largest of any."""
    wall, cpu = ([s for turn in turns for s in turn[clock]] for clock in ("wall", "cpu"))
    households = turns[0]["households"]
    kept = ("engine", "persons", "lines", "bytes", "wrong", "wrongly_eligible", "verdicts", "open")
    return {
        "households": households,
        "wall_median_s": round(statistics.median(wall), 4),
        "wall_best_s": round(min(wall), 4),
        "cpu_median_s": round(statistics.median(cpu), 4),
        "cpu_best_s": round(min(cpu), 4),
        "per_second_median": round(households / statistics.median(wall)),
        "per_second_best": round(households / min(wall)),
        "cpu_ns_per_household": round(1e9 * min(cpu) / households),
        "peak_rss_mb": round(max(turn["rss_mb"] for turn in turns)),
        **{key: turns[0][key] for key in kept if key in turns[0]},
    }


def ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, float]:
    """Ours divided by theirs: of the medians of each round, with the extremes, and of the best of all."""
    pairs = zip(ours, theirs, strict=True)
    rounds = [statistics.median(our["wall"]) / statistics.median(their["wall"]) for our, their in pairs]
    best = min(min(t["wall"]) for t in ours) / min(min(t["wall"]) for t in theirs)
    found = {"median": statistics.median(rounds), "min": min(rounds), "max": max(rounds), "best": best}
    return {name: round(value, 4) for name, value in found.items()}


def report(options: argparse.Namespace) -> dict[str, Any]:
    """The whole run as data."""
    register = register_of(options.households, options.repeat)
    load = os.getloadavg()[0]
    commands = programs(register, options.law_households, not options.no_peers)
    turns = take_turns(commands, options.rounds)
    pairs = [("file", "floor"), ("file-parquet", "floor-parquet")]
    if not options.no_peers:
        pairs += [("law", name) for name in LAW if name != "law"]
    ratios = {f"{one} / {other}": ratio(turns[one], turns[other]) for one, other in pairs}
    ties = {"ours": child(*ours("law-tied", options.ties, 1))}
    if not options.no_peers:
        for name in ("openfisca", "policyengine"):
            ties[name] = child(interpreter(name), PEERS, name, "tied", options.ties, 1)
    return {
        "machine": f"{platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} before",
        "households": options.households * options.repeat,
        "file_mb": round(register.stat().st_size / 2**20),
        "rounds": options.rounds,
        "stages": {name: summary(found) for name, found in turns.items()},
        "ratios": ratios,
        "steps": child(*ours("steps", register, 1)),
        "compile": [child(*ours("compile", register, 1))["steps"] for _ in range(options.rounds)],
        "ties": {name: found["wrongly_eligible"] for name, found in ties.items()},
        "tied_households": options.ties,
    }


def print_table(found: dict[str, Any]) -> None:
    """The run for a reader."""
    print(
        f"{found['households']} households, {found['file_mb']} MB; Python {found['machine']}; {found['rounds']} rounds\n"
    )
    columns = ("wall s", "best", "CPU s", "best", "per s", "best", "MB")
    print(f"{'':28}" + "".join(f"{column:>11}" for column in columns))
    keys = (
        "wall_median_s",
        "wall_best_s",
        "cpu_median_s",
        "cpu_best_s",
        "per_second_median",
        "per_second_best",
        "peak_rss_mb",
    )
    for name, label in {**STAGES, **LAW}.items():
        if name in found["stages"]:
            print(f"{label:28}" + "".join(f"{found['stages'][name][key]:>11}" for key in keys))
            note = {
                k: found["stages"][name][k]
                for k in ("engine", "lines", "wrong")
                if k in found["stages"][name]
            }
            if note:
                print(f"{'':28}{', '.join(f'{key}: {value}' for key, value in note.items())}")
    print("\nratios of wall time: median of the rounds (least to most), of the best")
    for name, value in found["ratios"].items():
        print(f"  {name:28}{value['median']} ({value['min']} to {value['max']}), {value['best']}")
    steps = found["steps"]
    per = {name: round(1e9 * seconds / steps["households"]) for name, seconds in steps["steps"].items()}
    print(f"\nCPU ns per household, one thread: {', '.join(f'{n} {v}' for n, v in per.items())}")
    kernel = found["stages"]["kernel-1"]
    print(
        f"verdicts per household: {kernel['verdicts'] / kernel['households']:.2f}; households with anything open: {kernel['open'] / kernel['households']:.1%}"
    )
    best = {name: min(turn[name] for turn in found["compile"]) for name in found["compile"][0]}
    print(f"cold process, CPU s: {', '.join(f'{name} {value:.3f}' for name, value in best.items())}")
    print(f"{found['tied_households']} households exactly on the line, wrongly eligible: {found['ties']}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--households", type=int, default=250_000, help="households of the sample register")
    parser.add_argument("--repeat", type=int, default=1, help="how often the sample stands in the register")
    parser.add_argument("--law-households", type=int, default=250_000, help="households of the small law")
    parser.add_argument("--ties", type=int, default=100_000, help="households exactly on the line")
    parser.add_argument("--rounds", type=int, default=5, help="turns of everything")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.households, options.repeat, options.law_households, options.ties) < 1:
        parser.error("every number must be at least 1")
    found = report(options)
    if options.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print_table(found)


if __name__ == "__main__":
    main()
