"""Addresses with gaps, filled so that no value leads elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from sinks.filling import fill, filled_alike

_ELSEWHERE = frozenset({"", ".", ".."})
"""Parts of a path that are removed on the way, and may take the one before with them (RFC 3986, section 5.2.4)."""


def address_of(*, template: str, values: Mapping[str, Any]) -> str:
    """Fill a URL's gaps, each value percent-encoded.

    Args:
        template: A URL with gaps behind its host.
        values: What they see.

    Raises:
        ValueError: With its values a part of the path is ``..``, ``.`` or empty, and leads elsewhere.
        PermanentError: As `sinks.filling.fill` does.
    """
    address = fill(template, field="url", values=values, spell=lambda value: quote(value, safe=""))
    for part, written in zip(_path(address), _path(filled_alike(template, by="x")), strict=True):
        if unquote(part) in _ELSEWHERE and part != written:
            raise ValueError(f"a value is empty, or makes {part!r} of a part of the path, which leads elsewhere")
    return address


def _path(url: str) -> list[str]:
    """No value holds a slash, a question mark or a number sign any more, so there are as many parts as were written."""
    return url.partition("#")[0].partition("?")[0].split("/")
