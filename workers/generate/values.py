"""The kinds of values that fields make, and how formats that are text spell them."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Value = Any
"""str, int, float, bool, Decimal, date, time, aware datetime, bytes, a list of them, a dict of them, or None."""


class Type(enum.StrEnum):
    """What a field's values are. A time of day has no zone; a timestamp is in UTC."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    LIST = "list"
    OBJECT = "object"


AS_THEY_ARE = frozenset({Type.TEXT, Type.INTEGER, Type.NUMBER})
"""What str() spells as it shall be."""


def spell(value: Value) -> str:
    """A value that is not None as text: ISO 8601, true and false, base64, JSON."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=to_json)
    return str(value)


def to_json(value: Value) -> Any:
    """What JSON has no word for: exact decimals and everything else become text."""
    if isinstance(value, Decimal | bytes | dt.date | dt.time):
        return spell(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def speller(kind: Type) -> Callable[[Value], str]:
    """The quickest function that spells values of one kind."""
    return str if kind in AS_THEY_ARE else spell
