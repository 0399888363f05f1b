"""What kinds that make HTTP requests have in common: a service on loopback that behaves as badly as a test wants."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import quote

from tests.free_ports import free_ports
from tests.integration.http_payload.service import Seen, Service
from tests.sinks_conformance.adapter import Adapter, Case, Held
from workers.payloads.http.connections import POOL


class ReceiverAdapter(Adapter):
    """A kind whose sinks have a ``url``."""

    def __enter__(self) -> Self:
        POOL.close()
        self._open = ExitStack()
        self.service = self._open.enter_context(Service())
        return self

    def __exit__(self, *_: object) -> None:
        POOL.close()
        self.service.release.set()
        self._open.close()

    @abstractmethod
    def read(self, seen: Seen) -> Held:
        """What a request brought."""

    def configuration(self, url: str, **more: Any) -> dict[str, Any]:
        """A sink that delivers there."""
        return {"url": url, **more}

    def held(self) -> list[Held]:
        """What was answered with success."""
        return [self.read(seen) for seen in self.service.taken]

    def good(self) -> Case:
        """The service takes what it is given."""
        return Case(self.configuration(self.service.url("/sink")))

    def transient(self) -> Case:
        """The service has something better to do."""
        self.service.behaviour = "/status?code=503"
        return Case(self.good().configuration, mend=self._mend)

    def permanent(self) -> Case:
        """The service does not want this."""
        self.service.behaviour = "/status?code=400"
        return self.good()

    def hanging(self) -> Case:
        """The service has read the request, and answers when it is told to."""
        self.service.behaviour = "/held"
        return Case(self.good().configuration, mend=self._mend, begun=self.service.arrived.is_set)

    def behaving(self, behaviour: str) -> Case:
        """The service behaves in one of its other ways."""
        self.service.behaviour = behaviour
        return Case(self.good().configuration, secrets=self.good().secrets, mend=self._mend)

    def encrypted(self) -> Case:
        """The service has a certificate of an authority that nobody knows."""
        self.service = self._open.enter_context(Service(tls=self.servers.identity.context))
        return self.good()

    def unreachable(self) -> Case:
        """Nobody listens."""
        url = f"http://127.0.0.1:{free_ports(1)[0]}/"
        return Case(self.configuration(url), says="connection failed: Connection refused")

    def secret(self, value: str) -> list[Case]:
        """The service echoes what it was sent, in answers that are taken for success and for failure, or are cut off."""
        kept_bytes = 4096
        self.service.fixed = ("€" * ((kept_bytes - 10) // 3) + value * 2).encode(), "text/plain; charset=utf-8"
        answers = ("/echo", "/echo?code=404", "/echo?code=503", "/echo?code=410", "/fixed?code=400", "/redirect_back")
        cases = [
            Case(self.configuration(self.service.url(answer), **way), secrets={"it": value})
            for way in self.ways()
            for answer in answers
        ]
        return cases + [self._at_a_secret_address(answer, value) for answer in answers]

    def ways(self) -> list[dict[str, Any]]:
        """Configurations that use the secret ``it``."""
        return [
            {"auth": {"basic": {"username": "me", "password_secret": "it"}}},
            {"auth": {"bearer": {"secret": "it"}}},
            {"auth": {"api_key": {"secret": "it", "query": "key"}}},
            {"auth": {"api_key": {"secret": "it", "header": "X-Key"}}},
            {"headers": {"X-Token": {"secret": "it", "prefix": "Token "}}},
        ]

    def _at_a_secret_address(self, answer: str, value: str) -> Case:
        """The address has the value in it, and is a secret itself."""
        configuration = self.configuration("") | {"url_secret": "it"}
        del configuration["url"]
        joint = "&" if "?" in answer else "?"
        return Case(configuration, secrets={"it": self.service.url(f"{answer}{joint}key={quote(value, safe='')}")})

    def _mend(self) -> None:
        self.service.behaviour = "/ok"
        self.service.release.set()
