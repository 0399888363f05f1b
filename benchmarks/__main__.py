"""``python -m benchmarks [SCENARIO] [--rounds N]``: measure, print a table, write .data/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence

from benchmarks.processes import ROOT
from benchmarks.report import Results, table
from benchmarks.scenario import Measure, Scenario
from benchmarks.scenarios import all_scenarios
from benchmarks.servers import Servers

OUTPUT = ROOT / ".data" / "bench.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios; returns 0 when all were measured, whatever the figures say."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not {"DATABASE_URL", "BROKER_URL"} <= os.environ.keys():
        raise SystemExit("DATABASE_URL and BROKER_URL are not set: run this as `make bench`")
    scenarios = all_scenarios(servers=Servers(os.environ["DATABASE_URL"], os.environ["BROKER_URL"]))
    options = _parse(arguments, [scenario.name for scenario in scenarios])
    results = Results()
    for scenario in scenarios:
        if not options.scenario or scenario.name.startswith(options.scenario):
            _measure(scenario, rounds=options.rounds, results=results)
    _show(results, scenarios)
    return 0


def _parse(arguments: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure this system beside its peers.")
    parser.add_argument("scenario", nargs="?", default="", help=f"only those whose name begins so: {', '.join(names)}")
    parser.add_argument(
        "--rounds", type=int, default=3, help="interleaved rounds, of which the median counts (default: 3)"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not any(name.startswith(options.scenario) for name in names):
        parser.error(f"there is no scenario {options.scenario!r}; there are: {', '.join(names)}")
    return options


def _measure(scenario: Scenario, *, rounds: int, results: Results) -> None:
    """Install each subject, measure round by round, every other round in the opposite order, and remove the subjects."""
    subjects = {id(measure.subject): measure.subject for measure in scenario.measures}.values()
    try:
        for subject in subjects:
            subject.install()
        for number in range(rounds):
            for measure in scenario.measures if number % 2 == 0 else reversed(scenario.measures):
                _measure_one(scenario, measure, results, label=f"round {number + 1} of {rounds}")
    finally:
        for subject in subjects:
            subject.remove()


def _measure_one(scenario: Scenario, measure: Measure, results: Results, *, label: str) -> None:
    began = time.monotonic()
    sample = measure.run()
    results.add(scenario=scenario.name, subject=measure.subject.name, sample=sample)
    figures = ", ".join(f"{metric} {value:.4g}" for metric, value in sample.items())
    took = time.monotonic() - began
    print(
        f"{scenario.name}, {label}: {measure.subject.name}: {figures} ({took:.0f} s in all)",
        file=sys.stderr,
        flush=True,
    )


def _show(results: Results, scenarios: Sequence[Scenario]) -> None:
    print(table(results=results, targets={scenario.name: scenario.targets for scenario in scenarios}))
    rows = results.rows()
    for row in rows:
        print(json.dumps(row))
    OUTPUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
