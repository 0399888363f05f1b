"""From JSON to what a column of a table takes."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import types

from jobs.errors import PermanentError

Fit = Callable[[Any], Any]


def fitting(*, name: str, type_: types.TypeEngine[Any]) -> Fit:
    """A function from a JSON value to one for a column of this type; null stays null.

    Raises:
        PermanentError: The function does, when a value cannot be made into one; code ``value``, with the column's name.
    """
    make = next((make for of, make in _MAKERS if isinstance(type_, of)), _as_it_is)

    def fit(value: Any) -> Any:
        if value is None:
            return None
        try:
            return make(value)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise PermanentError(f"the column {name} cannot take {_shown(value)}", code="value") from error

    return fit


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_it_is(value: Any) -> Any:
    return value


def _whole(value: Any) -> int:
    """An integer stays what it is: as a float, those of more than 53 bits are others."""
    whole = int(value)
    if isinstance(value, bool) or (isinstance(value, float) and whole != value):
        raise ValueError("no whole number")
    return whole


def _decimal(value: Any) -> decimal.Decimal:
    if isinstance(value, bool):
        raise TypeError("no number")
    return decimal.Decimal(str(value))


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("no number")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


# A subclass stands before its class.
_MAKERS: tuple[tuple[type[types.TypeEngine[Any]], Callable[[Any], Any]], ...] = (
    (types.JSON, _as_it_is),
    (types.ARRAY, _as_it_is),
    (types.Uuid, uuid.UUID),
    (types.String, _text),
    (types.Boolean, _flag),
    (types.Integer, _whole),
    (types.Float, _number),
    (types.Numeric, _decimal),
    (types.DateTime, dt.datetime.fromisoformat),
    (types.Date, dt.date.fromisoformat),
)
