"""The webhook kind, against a receiver that reads messages as Standard Webhooks has them."""

from __future__ import annotations

import base64
import json
from typing import Any

from standardwebhooks import Webhook

from tests.integration.http_payload.service import Seen
from tests.sinks_conformance.adapter import Case, Held
from tests.sinks_conformance.adapters.receiver import ReceiverAdapter

_KEY = f"whsec_{base64.b64encode(b'k' * 32).decode()}"


class WebhookAdapter(ReceiverAdapter):
    """Each message is verified before it counts."""

    kind = "webhook"

    def good(self) -> Case:
        """The receiver takes what it is given; it knows the key."""
        return self._signed(super().good())

    def transient(self) -> Case:
        """The same with a key."""
        return self._signed(super().transient())

    def hanging(self) -> Case:
        """The same with a key."""
        return self._signed(super().hanging())

    def ways(self) -> list[dict[str, Any]]:
        """The secret as a key, too, which it is not."""
        return [*super().ways(), {"sign": {"secrets": ["it"]}}]

    def read(self, seen: Seen) -> Held:
        """As a receiver does."""
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if "webhook-signature" in headers:
            Webhook(_KEY).verify(seen.body, headers)
        data = json.loads(seen.body)["data"]
        records = data.get("payloads") or [data["payload"]]
        return Held(tuple(each["position"] for each in records), headers["webhook-id"], seen.body)

    def _signed(self, case: Case) -> Case:
        configuration = case.configuration | {"sign": {"secrets": ["key"]}}
        return case.but(configuration=configuration, secrets={"key": _KEY})
