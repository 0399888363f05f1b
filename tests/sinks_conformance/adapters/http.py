"""The http kind: files in a form, put where the parcel's id says."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any

from tests.integration.http_payload.service import Seen
from tests.sinks_conformance.adapter import Held
from tests.sinks_conformance.adapters.receiver import ReceiverAdapter


class HttpAdapter(ReceiverAdapter):
    """The id is in the address's query, in a field of the form, and in a header: all three must be one."""

    kind = "http"

    def configuration(self, url: str, **more: Any) -> dict[str, Any]:
        """A multipart form by PUT."""
        form = {"send_as": "multipart", "fields": {"delivery": "{{ id }}"}, "file_name": "{{ run }}.json"}
        return {"url": url, "method": "PUT", "query": {"id": "{{ id }}"}, **form, **more}

    def read(self, seen: Seen) -> Held:
        """As a server reads a form."""
        head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
        form = email.message_from_bytes(head + seen.body, policy=email.policy.HTTP)
        delivery, file = (part.get_content() for part in form.iter_parts())
        document = json.loads(file)
        records = document.get("payloads") or [document["payload"]]
        ids = {delivery.strip(), document["id"], seen.headers["Idempotency-Key"], seen.path.rpartition("=")[2]}
        assert len(ids) == 1
        return Held(tuple(each["position"] for each in records), ids.pop(), seen.body)
