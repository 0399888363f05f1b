"""JSON that PostgreSQL can keep: reading it, and finding what in a value it cannot."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from jobs.errors import FieldError

MAX_DEPTH = 100
"""Deeper than any document a person writes, and far below where Python's and PostgreSQL's parsers stop."""

_LARGEST_INTEGER = 10**1000  # Python refuses to write integers of more than 4,300 digits.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NotJSONError(ValueError):
    """The text is no JSON that can be kept; the message says where and why, in one line."""


def loads(text: str) -> Any:
    """Read JSON as RFC 8259 has it: no NaN, no Infinity, and no name twice in one object.

    Raises:
        NotJSONError: With the line and column where the text went wrong.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except NotJSONError:
        raise
    except json.JSONDecodeError as error:
        raise NotJSONError(f"line {error.lineno}, column {error.colno}: {_plain(error.msg)}") from error
    except RecursionError:
        raise NotJSONError(f"nested too deeply: at most {MAX_DEPTH} levels") from None
    except ValueError as error:  # int() refuses what is longer than sys.get_int_max_str_digits().
        raise NotJSONError("a number has too many digits") from error


def problems(value: object) -> list[FieldError]:
    """What in a value cannot be kept as JSON, each with its dotted path, in the value's order. Empty when all can.

    Found are: characters that PostgreSQL refuses (NUL, unpaired surrogates), numbers without a JSON form, names that are
    not text, types that JSON does not know (YAML has more), and nesting beyond `MAX_DEPTH`.
    """
    found: list[FieldError] = []
    if isinstance(value, dict | list):
        _look(value, (), found)
    elif message := _objection(value):
        found.append(FieldError("", message))
    return found


def _look(container: dict[Any, Any] | list[Any], path: tuple[str, ...], found: list[FieldError]) -> None:
    if len(path) >= MAX_DEPTH:
        found.append(_at(path[:3], f"nested too deeply: at most {MAX_DEPTH} levels"))
        return
    for name, item in _entries(container):
        if message := _name_objection(name):
            found.append(_at(path, message))
        elif isinstance(item, dict | list):
            _look(item, (*path, name), found)
        elif message := _objection(item):
            found.append(_at((*path, name), message))


def _entries(container: dict[Any, Any] | list[Any]) -> Iterable[tuple[Any, Any]]:
    return (
        zip(map(str, range(len(container))), container, strict=True)
        if isinstance(container, list)
        else container.items()
    )


def _objection(value: object) -> str:
    """Why a scalar cannot be kept; empty when it can."""
    if isinstance(value, str):
        return _bad_text("the text") if _UNSTORABLE.search(value) else ""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return "" if _storable_number(value) else "expected a finite number of at most 1000 digits"
    return f"expected text, a number, true, false, null, a list or an object, not a {type(value).__name__}"


def _name_objection(name: object) -> str:
    """Why a name cannot be kept; empty when it can."""
    if not isinstance(name, str):
        return f"the name {name!r} must be text: put it in quotes"
    return _bad_text("a name") if _UNSTORABLE.search(name) else ""


def _at(path: tuple[str, ...], message: str) -> FieldError:
    return FieldError(".".join(path), message)


def _storable_number(value: float) -> bool:
    if isinstance(value, int):
        return abs(value) < _LARGEST_INTEGER
    return math.isfinite(value)


def _bad_text(what: str) -> str:
    return f"{what} holds a character that cannot be stored: NUL (\\u0000) or half of a surrogate pair"


def _refuse_constant(word: str) -> NoReturn:
    raise NotJSONError(f"{word} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJSONError(f"the name {twice[:100]!a} stands twice in one object")
    return found


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]
