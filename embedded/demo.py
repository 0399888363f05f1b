"""`make demo`: run every example to its end, and hold it against what it must come to."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from embedded import spark
from embedded.api_client import ApiAway, ApiClient
from embedded.came_to import came_to
from embedded.errors import StartError
from embedded.expectations import Expectation
from embedded.output import Output, terminal
from embedded.private_files import write_private_json
from embedded.progress import ProgressDisplay
from embedded.servers import CHECKOUT, DATA
from embedded.system import EXAMPLES, WORKSPACE, System, running_system

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 300.0
_ENDED = ("succeeded", "failed", "cancelled")
_COLUMNS = ("job", "run", "state", "payloads", "attempts", "duration", "as_expected", "came_to")

Row = dict[str, Any]


def demo(*, data: Path = DATA) -> bool:
    """Start the system, run the examples, print the table, write it to ``demo.json``, stop the system.

    Returns:
        True when every example ended as its manifest expects.

    Raises:
        AlreadyRunning: `make up` runs.
        StartError: Something does not start, or a run does not end within five minutes.
    """
    screen = terminal()
    screen.write("starting: servers, database, examples, processes\n")
    without_spark = spark.why_left_out()
    with running_system(port="", output=Output(data / "logs", terminal=None), data=data, anew=True) as system:
        rows = run_examples(system, progress=ProgressDisplay(screen))
    write_private_json(data / "demo.json", rows)
    screen.write(f"\n{table(rows)}\n\n")
    for row in rows:
        screen.writelines(f"{row['job']}: {problem}\n" for problem in row["problems"])
    failures = sum(not row["as_expected"] for row in rows)
    screen.write(
        f"{len(rows) - failures} of {len(rows)} examples ended as expected (see {_shown(data / 'demo.json')})\n"
    )
    if without_spark:
        screen.write(f"without the Spark example: {without_spark}\n")
    return failures == 0


def run_examples(system: System, *, progress: ProgressDisplay) -> list[Row]:
    """Trigger every example at once through the API, wait for all of them, and judge each."""
    expected = expectations(system.manifests)
    with ApiClient(url=system.url, token=system.api_token, workspace=WORKSPACE) as api:
        started = [api.trigger(key) for key in expected]
        ended = _wait(system, api, started, progress)
        return [judge(run, api.payloads(run["id"]), expected[run["job"]]) for run in ended]


def expectations(manifests: Sequence[Path]) -> dict[str, Expectation]:
    """What each job of the manifests must come to, by its key, in the order of the files."""
    read = [found for path in manifests for found in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    documents = [job for found in read for job in (found if isinstance(found, list) else [found])]
    return {job["key"]: Expectation.model_validate(job.get("metadata", {}).get("expect", {})) for job in documents}


def judge(run: Mapping[str, Any], payloads: Sequence[Mapping[str, Any]], expected: Expectation) -> Row:
    """A row of the table; ``duration`` is in seconds."""
    problems = expected.problems(run=run, payloads=payloads, files=EXAMPLES / "data")
    return {
        "job": run["job"],
        "run": run["id"],
        "state": run["state"],
        "payloads": run["counts"]["total"],
        "attempts": sum(payload["attempts"] for payload in payloads),
        "duration": _seconds(run),
        "came_to": came_to(payloads, deliveries=run.get("deliveries", [])),
        "as_expected": not problems,
        "problems": problems,
    }


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    cells = [
        [name.replace("_", " ") for name in _COLUMNS],
        *([_cell(name, row[name]) for name in _COLUMNS] for row in rows),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _wait(system: System, api: ApiClient, runs: list[Row], progress: ProgressDisplay) -> list[Row]:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        with suppress(ApiAway):  # what dies is started again below
            runs = [run if is_done(run) else api.run(run["id"]) for run in runs]
        progress.show(runs)
        active = [run["job"] for run in runs if not is_done(run)]
        if not active:
            return runs
        if time.monotonic() > deadline:
            raise StartError(f"not ended after {_LONGEST_SECONDS:.0f} s: {', '.join(active)}; see .data/logs/")
        system.revive()
        time.sleep(_POLL_SECONDS)


def is_done(run: Row) -> bool:
    """It has ended, and nothing of it is still to be delivered."""
    return run["state"] in _ENDED and not any(sink["waiting"] + sink["due"] for sink in run.get("deliveries", []))


def _shown(path: Path) -> Path:
    """As people find it, who are in the checkout."""
    return path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path


def _cell(name: str, value: object) -> str:
    if name == "as_expected":
        return "yes" if value else "NO"
    return f"{value:.2f} s" if name == "duration" else str(value)


def _seconds(run: Mapping[str, Any]) -> float:
    begin, end = (dt.datetime.fromisoformat(run[name]) for name in ("created_at", "ended_at"))
    return round((end - begin).total_seconds(), 3)
