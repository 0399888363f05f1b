"""Where a stream stands: what Last-Event-ID and ``after`` say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.errors import FieldError, ValidationError

PATTERN = r"([0-9]{1,18})(?:\.([0-9]{1,18}))?"
_CURSOR = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event and, for a stream with logs, the last log line that a client has. Written ``4711``, or ``4711.90210``."""

    event_id: int
    line_id: int | None = None

    def __str__(self) -> str:
        return str(self.event_id) if self.line_id is None else f"{self.event_id}.{self.line_id}"


def parse_cursor(text: str, *, field: str) -> Cursor:
    """Read one. Raises ValidationError on ``field``."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise ValidationError([FieldError(field, "expected the id of an event, as this API gave it")])
    return Cursor(int(match[1]), int(match[2]) if match[2] else None)
