"""Posts each parcel as one message.

Source: Standard Webhooks, specification 1.0.0: headers, signature, payload structure, and what answers mean.
"""

from __future__ import annotations

import hashlib
import time

from jobs.http.auth import signing_keys
from jobs.http.signing import Signer
from sinks.addresses import open_address, secret_address
from sinks.base import Parcel, Receipt, SinkGone, Surroundings
from sinks.bodies import document, text_of
from sinks.calls import Caller, accept
from sinks.webhook.configuration import WebhookConfiguration


class WebhookSink:
    """One address."""

    def __init__(self, configuration: WebhookConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._address = (
            secret_address(name=configuration.url_secret, surroundings=surroundings)
            if configuration.url_secret
            else open_address(configuration.url or "")
        )
        self._caller = Caller(configuration, surroundings)
        self._keys: list[bytes] = []
        if configuration.sign:
            self._keys, private = signing_keys(configuration.sign, secret=surroundings.secret)
            surroundings.hide(*private)

    def deliver(self, parcel: Parcel) -> Receipt:
        """Post the message; another attempt at it bears the same id, a new time and a new signature."""
        body = message(parcel, most_bytes=self._configuration.max_bytes)
        signer = Signer(parcel.id, self._keys)
        headers = {"Content-Type": "application/json", **signer.headers(body=body, timestamp=int(time.time()))}
        answer = self._caller.call(method="POST", address=self._address, headers=headers, body=body)
        if answer.status == 410:
            raise SinkGone(
                f"HTTP 410 Gone from POST {self._address.told}: it wants nothing more",
                code="gone",
                details={"status": 410},
            )
        details = accept(answer, method="POST", address=self._address)
        return Receipt(bytes=len(body), sha256=hashlib.sha256(body).hexdigest(), details=details)

    def check(self) -> str:
        """Whether somebody answers at the address."""
        return self._caller.check(address=self._address, method="POST")

    def close(self) -> None:
        """Connections are this process's, and close by themselves."""


def message(parcel: Parcel, *, most_bytes: int) -> bytes:
    """``{"type", "timestamp", "data"}``; the same at each attempt.

    Raises:
        PermanentError: It would be larger (``too_large``).
    """
    data = document(parcel, most_bytes=most_bytes)
    kind = f"{parcel.unit}.ended" if parcel.telling is None else parcel.telling.event
    heading = {"type": kind, "timestamp": parcel.run_ended_at.isoformat()}
    return text_of(heading)[:-1] + b',"data":' + data + b"}"
