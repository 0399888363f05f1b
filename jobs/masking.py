"""What the audit shows of documents: no secrets, and not megabytes. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jobs import secret_values

HIDDEN = "(hidden)"
MOST_BYTES = 65_536


def masked(value: Any, field: str = "") -> Any:
    """The same without the values of secrets, as `jobs.secret_values` finds them; ``field``: where it stands.

    The names of secrets, as in ``{"bearer": {"secret": "token"}}``, are shown: they are no secrets.
    """
    return secret_values.masked(value, field, mask=HIDDEN)


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What is different, masked: the parts of both that are not the same. None stays None: there was nothing, or is nothing."""
    if before is None or after is None:
        return _told(before), _told(after)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return tuple(_told({name: each[name] for name in changed if name in each}) for each in (before, after))  # type: ignore[return-value]


def _told(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else {name: _short(masked(value, name)) for name, value in document.items()}


def _short(value: Any) -> Any:
    """A payload list may have megabytes: its digest tells whether it was the same."""
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return value if len(text) <= MOST_BYTES else {"sha256": hashlib.sha256(text).hexdigest(), "size_bytes": len(text)}
