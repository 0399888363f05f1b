"""What the database can keep of what the world says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_ESCAPE = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\ud[89a-f]..|\\u0000")
"""What json.dumps writes of them; in the group what only looks alike: an escaped backslash, and a whole pair."""


def storable_json(text: str) -> str:
    """JSON text in ASCII without what PostgreSQL's jsonb refuses: the character NUL, and halves of surrogate pairs."""
    return _ESCAPE.sub(lambda match: match[1] or "\\ufffd", text) if "\\u" in text else text


def storable_object(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same of an object: what JSON does not know is there as a text, and not at all where it is a key.

    Raises:
        ValueError, RecursionError: It is no tree, or too deep for one.
    """
    text = storable_json(json.dumps(said, default=str, skipkeys=True))
    return dict(json.loads(text, parse_constant=str))  # NaN and the infinities are not JSON: keep their names
