"""What a driver writes on its standard error: log4j lines, and the traces between them."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Sequence

from workers.masking import Masker

LAST_LINES = 50
"""Of a driver's log that are kept with the result or the error."""
MAX_LINE = 500

_LINE = re.compile(r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d (?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (?P<message>.*)$")
_LEVELS = {"TRACE": "debug", "DEBUG": "debug", "INFO": "debug", "WARN": "warning", "ERROR": "error", "FATAL": "error"}
"""Spark says at INFO what only its own people want to know: hundreds of lines before the first row."""
_FINAL = (
    "AnalysisException",
    "ParseException",
    "SyntaxError:",
    "ModuleNotFoundError:",
    "Failed to load class",
    "ClassNotFoundException",
    "NoSuchMethodException",
    "UnsupportedClassVersionError",  # the machine's Java is too old for this Spark
)
"""Errors of the application's own text: another attempt would say the same."""


class DriverLog:
    """Reads lines, tells the level of each, and keeps the end, with the secrets blacked out."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._masker = Masker(secrets)
        self._end: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        self._level = "info"

    def read(self, line: str) -> tuple[str, str]:
        """The level (debug, info, warning, error) and the message of a line. A line of a trace has the level of the line that it
        belongs to."""
        line = self._masker.text(line)
        self._end.append(line[:MAX_LINE])
        found = _LINE.match(line)
        if found is None:
            return self._level, line
        self._level = _LEVELS[found["level"]]
        return self._level, found["message"]

    @property
    def end(self) -> list[str]:
        """The last lines, the oldest first."""
        return list(self._end)


def last_lines(text: str) -> list[str]:
    """The last lines of a log that was fetched in one piece."""
    return [line[:MAX_LINE] for line in text.splitlines()[-LAST_LINES:]]


def cause(lines: Iterable[str]) -> str:
    """The line that says best why a driver failed; empty when none does."""
    worth = [line.strip() for line in lines if re.match(r"^(\S*\.)?\w*(Error|Exception)\b", line.strip())]
    return worth[-1] if worth else ""


def is_final(lines: Iterable[str]) -> bool:
    """Whether the log says that the application itself is wrong."""
    return any(mark in line for line in lines for mark in _FINAL)
