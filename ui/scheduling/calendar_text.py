"""A field of a calendar in one line: ``9-17``, ``MONDAY-FRIDAY``, ``0-59/15``, ``1, 15``, ``*``. Pure."""

from __future__ import annotations

import re
from typing import Any

from ui.scheduling.form_parts import as_text

_PART = re.compile(r"(?P<start>[A-Za-z0-9]+)(?:-(?P<end>[A-Za-z0-9]+))?(?:/(?P<step>[0-9]+))?")


def read_calendar_field(text: str) -> Any:
    """What stands in the document; what is not understood stays as it is, for the engine to refuse."""
    parts = [_read(part.strip()) for part in text.split(",")]
    return parts[0] if len(parts) == 1 else parts


def write_calendar_field(value: Any) -> str:
    """The other way."""
    return ", ".join(map(_written, value)) if isinstance(value, list) else _written(value)


def _read(part: str) -> Any:
    match = _PART.fullmatch(part)
    if match is None:
        return part
    start, end, step = (_scalar(match[name]) for name in ("start", "end", "step"))
    if end is None and step is None:
        return start
    return {name: value for name, value in (("start", start), ("end", end), ("step", step)) if value is not None}


def _scalar(text: str | None) -> Any:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else text


def _written(value: Any) -> str:
    if not isinstance(value, dict):
        return as_text(value)
    end = f"-{value['end']}" if "end" in value else ""
    step = f"/{value['step']}" if "step" in value else ""
    return f"{value.get('start', '')}{end}{step}"
