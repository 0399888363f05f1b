"""What Spark's event log tells of an application: its id, its stages, what it read and wrote.

The log is JSON lines, one an event, when it is neither rolled nor compressed. Source: org.apache.spark.util.JsonProtocol
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_COUNTED = {
    "internal.metrics.input.recordsRead": "rows_read",
    "internal.metrics.output.recordsWritten": "rows_written",
    "internal.metrics.output.bytesWritten": "bytes_written",
}


def configuration(folder: str) -> dict[str, str]:
    """The properties that make Spark write such a log into a folder, which must exist."""
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder,
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }


class Figures:
    """What was read of a log so far. Counts are of stages that completed: one that was tried twice counts once."""

    def __init__(self) -> None:
        self.application_id = ""
        self.stages = self.stages_failed = self.tasks = self.tasks_planned = 0
        self.counts = dict.fromkeys(_COUNTED.values(), 0)

    def take(self, event: Mapping[str, Any]) -> None:
        """Enter one event."""
        match event.get("Event"):
            case "SparkListenerApplicationStart":
                self.application_id = str(event.get("App ID", ""))
            case "SparkListenerStageSubmitted":
                self.tasks_planned += int(event["Stage Info"]["Number of Tasks"])
            case "SparkListenerTaskEnd":
                self.tasks += event.get("Task End Reason", {}).get("Reason") == "Success"
            case "SparkListenerStageCompleted":
                self._complete(event["Stage Info"])

    def _complete(self, stage: Mapping[str, Any]) -> None:
        if "Failure Reason" in stage:
            self.stages_failed += 1
            return
        self.stages += 1
        for metric in stage.get("Accumulables", []):
            if name := _COUNTED.get(metric.get("Name", "")):
                self.counts[name] += int(metric.get("Value", 0))

    def to_json(self) -> dict[str, Any]:
        """For the result."""
        return {
            "application_id": self.application_id,
            "stages": {"completed": self.stages, "failed": self.stages_failed},
            "tasks": self.tasks,
            **self.counts,
        }


class EventLog:
    """Reads the one log that is written into a folder, while it grows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0
        self.figures = Figures()

    def read_on(self) -> Figures:
        """Take what was written since the last call."""
        for path in sorted(self._folder.glob("*"))[:1]:
            with path.open("rb") as file:
                file.seek(self._read)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    self._read += len(line)
                    self.figures.take(json.loads(line))
        return self.figures


def figures_of(lines: Iterable[str]) -> Figures:
    """What a whole log tells."""
    figures = Figures()
    for line in lines:
        figures.take(json.loads(line))
    return figures
