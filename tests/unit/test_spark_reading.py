"""What is read of Spark's event log and of a driver's log, and how properties are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workers.spark import driver_log
from workers.spark.application import properties_text
from workers.spark.event_log import EventLog


def stage(*, failed: bool = False, **metrics: int) -> dict[str, Any]:
    known = {"written": "internal.metrics.output.recordsWritten", "read": "internal.metrics.input.recordsRead"}
    info: dict[str, Any] = {
        "Number of Tasks": 2,
        "Accumulables": [{"Name": known[name], "Value": value} for name, value in metrics.items()],
    }
    return {
        "Event": "SparkListenerStageCompleted",
        "Stage Info": {**info, **({"Failure Reason": "x"} if failed else {})},
    }


def write(folder: Path, *events: dict[str, Any], rest: str = "") -> None:
    with (folder / "local-1.inprogress").open("a") as file:
        file.write("".join(json.dumps(event) + "\n" for event in events) + rest)


class TestEventLog:
    def test_counts_what_completed_stages_read_and_wrote(self, tmp_path: Path) -> None:
        start = {"Event": "SparkListenerApplicationStart", "App ID": "local-1"}
        write(tmp_path, start, stage(read=5), stage(read=2, written=3), stage(failed=True, written=9))
        figures = EventLog(tmp_path).read_on().to_json()
        assert (figures["application_id"], figures["rows_read"], figures["rows_written"]) == ("local-1", 7, 3)
        assert figures["stages"] == {"completed": 2, "failed": 1}

    def test_is_read_on_while_it_grows_and_never_twice(self, tmp_path: Path) -> None:
        log = EventLog(tmp_path)
        assert log.read_on().stages == 0
        write(tmp_path, stage(written=1), rest='{"Event": "Spark')
        assert log.read_on().stages == 1
        write(tmp_path, rest='ListenerTaskEnd", "Task End Reason": {"Reason": "Success"}}\n')
        assert (log.read_on().stages, log.figures.tasks) == (1, 1)


class TestDriverLog:
    def test_keeps_the_end_and_cuts_long_lines(self) -> None:
        log = driver_log.DriverLog()
        for number in range(driver_log.LAST_LINES + 5):
            log.read(f"{number} " + "x" * 600)
        assert len(log.end) == driver_log.LAST_LINES
        assert log.end[0].startswith("5 ")
        assert {len(line) for line in log.end} == {driver_log.MAX_LINE}

    def test_the_cause_is_the_last_line_that_names_an_error(self) -> None:
        lines = ["java.io.IOException: one", "  at x", "ValueError: two", "26/11/22 07:02:24 INFO Error counts: 0"]
        assert driver_log.cause(lines) == "ValueError: two"
        assert driver_log.cause(["all is well"]) == ""


class TestProperties:
    def test_whatever_is_no_plain_character_is_written_by_its_number(self) -> None:
        assert properties_text({"spark.a": "x=1\n#\\"}) == "spark.a=x\\u003d1\\u000a\\u0023\\u005c\n"
        assert properties_text({"spark.b": "ü😀"}) == "spark.b=\\u00fc\\ud83d\\ude00\n"
