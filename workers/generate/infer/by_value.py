"""What a field is, as its values say."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

_FEW = 100
_OFTEN = 4
"""No more than a few different values, each of which is seen often on average, are a choice."""
_LARGEST = 2**63 - 1
_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""As a text; one with leading zeros is a code."""


def field_by_values(values: list[Any]) -> dict[str, Any]:
    """The type of a field and its options, from the values that are no null; some text when there are none."""
    if not values:
        return {"type": "text", "part": "word"}
    if all(isinstance(value, dict) for value in values):
        return _object(values)
    if all(isinstance(value, list) for value in values):
        return _list(values)
    for recognise in _RECOGNISERS:
        described = recognise(values)
        if described:
            return described
    return _text([str(value) for value in values])


def _object(values: list[dict[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for value in values for name in value))
    present = {name: [value[name] for value in values if value.get(name) not in ("", None)] for name in names}
    if not names:
        return {"type": "constant", "value": None}
    return {"type": "nested", "fields": [{"name": name, **field_by_values(present[name])} for name in names]}


def _list(values: list[list[Any]]) -> dict[str, Any]:
    elements = [element for value in values for element in value if element not in ("", None)]
    lengths = [min(len(value), 1000) for value in values]
    element = {"name": "element", **field_by_values(elements)}
    return {"type": "array", "of": element, "minimum_length": min(lengths), "maximum_length": max(lengths)}


def _boolean(values: list[Any]) -> dict[str, Any] | None:
    words = {str(value).lower() for value in values}
    if not words <= {"true", "false"}:
        return None
    share = sum(str(value).lower() == "true" for value in values) / len(values)
    return {"type": "boolean", "true_percent": round(100 * share, 1)}


def _integer(values: list[Any]) -> dict[str, Any] | None:
    """Texts with leading zeros are codes, and no numbers."""
    numbers = _all(values, _whole)
    if numbers is None or max(map(abs, numbers)) > _LARGEST:
        return None
    return {"type": "integer", "minimum": min(numbers), "maximum": max(numbers)}


def _number(values: list[Any]) -> dict[str, Any] | None:
    numbers = _all(values, _real)
    if numbers is None:
        return None
    digits = min(15, max(len(str(number).partition(".")[2]) for number in numbers))
    return {"type": "number", "minimum": min(numbers), "maximum": max(numbers), "digits": digits}


def _moments(values: list[Any]) -> dict[str, Any] | None:
    """Days when no moment has a time of day."""
    moments = _all(values, _moment)
    if moments is None:
        return None
    days = all(moment.time() == dt.time() for moment in moments)
    end = max(moments) + (dt.timedelta(days=1) if days else dt.timedelta(seconds=1))
    part = "date" if days else "timestamp"
    return {"type": "datetime", "part": part, "start": min(moments).isoformat(), "end": end.isoformat()}


def _uuid(values: list[Any]) -> dict[str, Any] | None:
    return None if _all(values, lambda value: uuid.UUID(str(value))) is None else {"type": "identity", "part": "uuid"}


def _address(values: list[Any]) -> dict[str, Any] | None:
    found = _all(values, lambda value: ipaddress.ip_address(str(value)).version)
    return None if found is None or len(set(found)) > 1 else {"type": "network", "part": f"ipv{found[0]}"}


def _email(values: list[Any]) -> dict[str, Any] | None:
    fits = all(isinstance(value, str) and "@" in value[1:-1] and " " not in value for value in values)
    return {"type": "person", "part": "email"} if fits else None


def _url(values: list[Any]) -> dict[str, Any] | None:
    fits = all(isinstance(value, str) and value.startswith(("http://", "https://")) for value in values)
    return {"type": "network", "part": "url"} if fits else None


def _bytes(values: list[Any]) -> dict[str, Any] | None:
    if not all(isinstance(value, bytes) for value in values):
        return None
    return {"type": "bytes", "length": min(1000, max(map(len, values)))}


_RECOGNISERS: list[Callable[[list[Any]], dict[str, Any] | None]] = [
    _bytes, _boolean, _integer, _number, _moments, _uuid, _address, _email, _url,
]  # fmt: skip


def _text(values: list[str]) -> dict[str, Any]:
    counts = Counter(values)
    if len(counts) <= _FEW and len(values) >= _OFTEN * len(counts):
        return {"type": "choice", "values": list(counts), "weights": list(counts.values())}
    words = sum(len(value.split()) for value in values) / len(values)
    if words <= 1:
        lengths = [min(len(value), 1000) for value in values]
        return {"type": "string", "minimum_length": min(lengths), "maximum_length": max(lengths)}
    return {"type": "text", "part": "word", "count": min(1000, round(words))}


def _all(values: list[Any], read: Callable[[Any], Any]) -> list[Any] | None:
    """What they are read as; None when one cannot be."""
    try:
        return [read(value) for value in values]
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None


def _whole(value: Any) -> int:
    if isinstance(value, str) and str(int(value)) != value:
        raise ValueError
    if not isinstance(value, str | int) and int(value) != value:
        raise ValueError
    return int(value)


def _real(value: Any) -> float:
    if not isinstance(value, str | int | float | Decimal):
        raise TypeError
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    number = float(value)
    if number - number != 0:  # infinite, or not a number
        raise ValueError
    return number


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, dt.datetime):
        raise TypeError
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
