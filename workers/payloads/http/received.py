"""What came back: bodies as text and as data that can be kept."""

from __future__ import annotations

import codecs
import json
import math
import re
from email.message import Message
from functools import lru_cache
from typing import Any

MAX_JSON_DEPTH = 100
"""Deeper answers are kept as text: a database or a reader that walks them would run out of stack."""

# PostgreSQL's jsonb takes neither U+0000 nor half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Codecs that are no character sets of texts, or take quadratic time.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}


def storable(text: str) -> str:
    """The text with replacement characters for what the database refuses."""
    return _UNSTORABLE.sub("\ufffd", text)


def decode(kept: bytes, content_type: str) -> str:
    """The body as text, by the charset it names (UTF-8 when it names none or an unknown one); errors are replaced."""
    charset = _charset(content_type)
    try:
        return kept.decode(charset, "replace").removeprefix("\ufeff")
    except (LookupError, ValueError):
        return kept.decode("utf-8", "replace")


def is_json(content_type: str) -> bool:
    """``application/json``, ``text/json`` and everything that ends in ``+json`` (RFC 6839)."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("application/json", "text/json") or kind.endswith("+json")


def parse_json(text: str) -> Any:
    """Read JSON into data that can be stored. Raises ValueError when it is none, or none that can."""
    try:
        return _storable_data(json.loads(text, parse_constant=_no_constant, parse_float=_finite), MAX_JSON_DEPTH)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _storable_data(data: Any, depth: int) -> Any:
    if depth < 0:
        raise ValueError("nested too deeply")
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, dict):
        return {storable(key): _storable_data(value, depth - 1) for key, value in data.items()}
    if isinstance(data, list):
        return [_storable_data(item, depth - 1) for item in data]
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


@lru_cache(maxsize=256)
def _charset(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_param("charset", "utf-8")
    try:
        name = codecs.lookup(charset if isinstance(charset, str) else "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("-", "_") in _NO_CHARSETS else name
