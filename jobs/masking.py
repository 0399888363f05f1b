"""What the audit shows of documents: no secrets, and not megabytes. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
MOST_BYTES = 65_536
_SENSITIVE = re.compile(r"passw|token|authorization|api.?key|credential|private.?key|signature|cookie", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")


def masked(value: Any) -> Any:
    """The same with every text hidden that stands under a name that tells of a secret, and every password in an address.

    The names of secrets, as in ``{"bearer": {"secret": "token"}}``, are shown: they are no secrets.
    """
    if isinstance(value, Mapping):
        return {name: _under(name, each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return _USER_IN_URL.sub(HIDDEN, value) if isinstance(value, str) else value


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What is different, masked: the parts of both that are not the same. None stays None: there was nothing, or is nothing."""
    if before is None or after is None:
        return _told(before), _told(after)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return tuple(_told({name: each[name] for name in changed if name in each}) for each in (before, after))  # type: ignore[return-value]


def _under(name: str, value: Any) -> Any:
    return HIDDEN if isinstance(value, str) and _SENSITIVE.search(name) else masked(value)


def _told(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else {name: _short(_under(name, value)) for name, value in document.items()}


def _short(value: Any) -> Any:
    """A payload list may have megabytes: its digest tells whether it was the same."""
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return value if len(text) <= MOST_BYTES else {"sha256": hashlib.sha256(text).hexdigest(), "size_bytes": len(text)}
