"""Signed requests: the receiver can tell who sent them, and that nobody changed or replayed them.

Source: Standard Webhooks, specification 1.0.0, "Signature scheme" (symmetric signatures).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.errors import PermanentError

PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs one message. ``message_id`` is the same on all its attempts, so that the receiver can tell a repetition."""

    message_id: str
    keys: Sequence[bytes] = field(repr=False)

    def headers(self, *, body: bytes, timestamp: int) -> dict[str, str]:
        """The headers for a body that is sent at this time, in seconds since the epoch: id, time, and a signature for each key."""
        content = f"{self.message_id}.{timestamp}.".encode() + body
        signatures = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in self.keys]
        signed = {"Webhook-Signature": " ".join(f"v1,{signature}" for signature in signatures)} if signatures else {}
        return {"Webhook-Id": self.message_id, "Webhook-Timestamp": str(timestamp), **signed}


def read_key(value: str, *, name: str) -> bytes:
    """The key in a secret's value: ``whsec_`` and the base64 of 24 to 64 bytes.

    Raises:
        PermanentError: code ``secret``: it is none; says the secret's name.
    """
    try:
        key = base64.b64decode(value.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise PermanentError(
            f"the secret {name} is no signing key: expected {PREFIX} and the base64 of {_LEAST_BYTES} to {_MOST_BYTES} bytes",
            code="secret",
        )
    return key
