"""JSON for people."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

MOST = 20_000
"""So many characters of it are shown: a browser takes its time with a megabyte in one block."""


class Pretty(NamedTuple):
    """``cut``: whether there is more of it."""

    text: str
    cut: bool


def pretty(value: Any) -> Pretty | None:
    """A value on lines of its own; None for nothing."""
    if value in (None, {}, []):
        return None
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return Pretty(text[:MOST], len(text) > MOST)
