"""The log kind: lines of this process's log."""

from __future__ import annotations

import json
import logging
from typing import Any

from tests.sinks_conformance.adapter import SCENARIOS, Adapter, Case, Held

_PREFIX = "RESULT "


class LogAdapter(Adapter):
    """What a worker that was killed has written is gone with it: it counts for nothing here."""

    kind = "log"
    tells_id = False
    without = dict.fromkeys(SCENARIOS, "it only writes lines: nothing is asked for, and nothing can fail")

    def __enter__(self) -> LogAdapter:
        self._lines = _Lines()
        self._logger = logging.getLogger("workers.sink_surroundings")
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self._lines)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._lines)
        self._logger.setLevel(self._level)

    def good(self) -> Case:
        """A log takes everything."""
        return Case({"prefix": _PREFIX})

    def held(self) -> list[Held]:
        """A parcel for each line: lines do not say which belong together."""
        return [Held((json.loads(text.removeprefix(_PREFIX))["position"],)) for text in self._lines.texts]


class _Lines(logging.Handler):
    """What a sink has said."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        event: Any = record.msg
        if isinstance(event, dict) and event.get("event") == "sink.said":
            self.texts.append(event["text"])
