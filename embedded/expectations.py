"""What an example must come to: read from its manifest, held against what the API says and what its files hold.

A manifest says it under ``metadata.expect``; all fields may be left out::

    expect:
      state: succeeded                  # how the run must end
      counts: {succeeded: 200}          # some of the run's counts
      attempts: 280                     # of all payloads together; or {at_least: 250, at_most: 300}
      results:                          # by the payload's position: what its result must hold (more may be there)
        - {payload: 0, holds: {status: 200}}
      delivered: 1                      # of all sinks together; none may be given up
      rows:                             # the files of examples/data whose rows the results must count
        - {payload: 0, file: flights.csv}
        - {payload: 1, file: earthquakes.json, records: features}   # the path to the list in a JSON file
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Range(_Strict):
    """A number of attempts."""

    at_least: int = 0
    at_most: int = 10**9


class Holds(_Strict):
    """What a payload's result holds."""

    payload: int = 0
    holds: dict[str, Any]


class RowsOf(_Strict):
    """The file whose rows a payload's result counts."""

    payload: int = 0
    file: str
    records: str = ""


def _range(value: object) -> object:
    return {"at_least": value, "at_most": value} if isinstance(value, int) else value


class Expectation(_Strict):
    """See the module."""

    state: str = "succeeded"
    counts: dict[str, int] = Field(default_factory=dict)
    attempts: Annotated[Range, BeforeValidator(_range)] = Range()
    delivered: int = 0
    results: list[Holds] = Field(default_factory=list)
    rows: list[RowsOf] = Field(default_factory=list)

    def problems(self, *, run: Mapping[str, Any], payloads: Sequence[Mapping[str, Any]], files: Path) -> list[str]:
        """What is otherwise than expected, a sentence each; empty when all is right.

        Args:
            run: As the API shows it.
            payloads: All of them, as the API shows them, in the order of their positions.
            files: The folder of the example files.
        """
        attempts = sum(payload["attempts"] for payload in payloads)
        found = [
            _differs("the state", run["state"], self.state),
            *(_differs(f"the count of {name}", run["counts"].get(name), count) for name, count in self.counts.items()),
            _deliveries_problem(run, self.delivered),
            *(_result_problem(payloads, wanted) for wanted in self.results),
            *(_rows_problem(payloads, source, files) for source in self.rows),
        ]
        if not self.attempts.at_least <= attempts <= self.attempts.at_most:
            found.append(f"{attempts} attempts were made, expected {self.attempts.at_least} to {self.attempts.at_most}")
        return [problem for problem in found if problem]


def count_rows(path: Path, *, records: str = "") -> int:
    """Count the rows of a file with Python's own readers, independently of what loads it.

    Args:
        path: CSV with a header, or JSON.
        records: The path to the list in a JSON file: ``features``, ``data.items``; empty when the file is the list.
    """
    with path.open(newline="", encoding="utf-8") as file:
        if path.suffix == ".csv":
            return sum(1 for _ in csv.reader(file)) - 1
        found = json.load(file)
    for name in filter(None, records.split(".")):
        found = found[name]
    return len(found)


def _result_problem(payloads: Sequence[Mapping[str, Any]], wanted: Holds) -> str:
    result = _result(payloads, wanted.payload)
    found = {name: result.get(name) for name in wanted.holds}
    return _differs(f"the result of payload {wanted.payload}", found, wanted.holds)


def _rows_problem(payloads: Sequence[Mapping[str, Any]], source: RowsOf, files: Path) -> str:
    in_file = count_rows(files / source.file, records=source.records)
    loaded = _result(payloads, source.payload).get("rows") or {}
    wanted = {"input": in_file, "output": in_file, "failed": 0}
    return _differs(f"the rows of payload {source.payload}", {name: loaded.get(name) for name in wanted}, wanted)


def _deliveries_problem(run: Mapping[str, Any], delivered: int) -> str:
    found = {name: sum(sink[name] for sink in run.get("deliveries", [])) for name in ("delivered", "dead")}
    return _differs("what became of the deliveries", found, {"delivered": delivered, "dead": 0})


def _result(payloads: Sequence[Mapping[str, Any]], position: int) -> Mapping[str, Any]:
    result = payloads[position]["result"] if position < len(payloads) else None
    return result if isinstance(result, Mapping) else {}


def _differs(what: str, found: object, wanted: object) -> str:
    return "" if found == wanted else f"{what} is {found!r}, expected {wanted!r}"
