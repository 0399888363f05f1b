"""Rows for people to look at: as JSON that PostgreSQL's jsonb takes."""

from __future__ import annotations

import base64
import datetime as dt
import math
from typing import Any

JSON = Any


def plain(value: JSON) -> JSON:
    """As JSON has it: times as ISO 8601, decimals and what JSON has no numbers for as text, bytes in base64."""
    if isinstance(value, dict):
        return {clean(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return _text(value)


def _text(value: JSON) -> str:
    match value:
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
    return clean(str(value))


def clean(text: str) -> str:
    """Without what jsonb refuses: the character NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
