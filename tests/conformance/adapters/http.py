"""The http kind, against a service on loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from tests.conformance.adapter import Adapter, Case
from tests.integration.http_payload.service import Service
from workers.payloads.http.connections import POOL

_LARGE = 16 * 1024 * 1024


class HttpAdapter(Adapter):
    """Its attempts are made in the worker's own process."""

    kind = "http"
    without = {
        "progress": "one call has no parts that it could count",
        "logs": "its result and its errors say all that there is to say of a call",
    }

    @property
    def settings(self) -> Mapping[str, Any]:
        """It may call loopback."""
        return {"JOBS_EGRESS_ALLOW": [ipaddress.ip_network("127.0.0.1/32")]}

    def __enter__(self) -> HttpAdapter:
        POOL.close()
        self.service = Service().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        POOL.close()
        self.service.release.set()
        self.service.__exit__()

    def success(self) -> Case:
        """The service answers."""
        return Case({"url": self.service.url("/ok")}, holds=lambda result: bool(result["body"]["ok"]))

    def transient(self) -> Case:
        """The service hangs up the first time; a POST is not sent twice by itself."""
        self.service.hang_up_once = True
        return Case({"url": self.service.url("/ok"), "method": "POST"})

    def permanent(self) -> Case:
        """There is no such page."""
        return Case({"url": self.service.url("/status?code=404")})

    def slow(self) -> Case:
        """The service answers when it is told to."""
        return Case(
            {"url": self.service.url("/held")}, mend=self.service.release.set, begun=self.service.arrived.is_set
        )

    def large(self) -> Case:
        """The quotes of the answer are written as two characters each."""
        self.service.fixed = (b'"' * (_LARGE // 2 + 1), "text/plain")
        return Case({"url": self.service.url("/fixed"), "max_response_bytes": _LARGE})

    def secret(self, value: str) -> list[Case]:
        """The service echoes what it was sent, in answers that are taken for success and for failure."""
        ways: list[dict[str, Any]] = [
            {"auth": {"bearer": {"secret": "it"}}},
            {"auth": {"basic": {"username": "me", "password_secret": "it"}}},
            {"auth": {"api_key": {"secret": "it", "query": "key"}}},
            {
                "auth": {
                    "oauth2": {
                        "token_url": self.service.url("/echo?code=400"),
                        "client_id": "me",
                        "client_secret": "it",
                    }
                }
            },
        ]
        answers = ("/echo", "/echo?code=404", "/echo?code=503")
        return [Case({"url": self.service.url(path), **way}, secrets={"it": value}) for way in ways for path in answers]
