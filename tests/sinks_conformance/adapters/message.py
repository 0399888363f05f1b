"""The message kind: queues of Redis and of RabbitMQ, read with kombu."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import quote

import kombu
from django.conf import settings

from tests.free_ports import free_ports
from tests.integration.sinks.relay import Address, Relay
from tests.sinks_conformance.adapter import Adapter, Case, Held
from tests.sinks_conformance.adapters.parrot import Parrot


class MessageAdapter(Adapter):
    """A queue of its own. What has been read of it stays with the adapter."""

    kind = "message"
    virtual_host = ""

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.queue = f"conformance-{uuid.uuid4().hex[:8]}"
        self.relay = self._open.enter_context(Relay(self.address()))
        self.taken: list[Held] = []
        self._reader = self._open.enter_context(kombu.Connection(self.url()))
        self._bound = kombu.Queue(self.queue, durable=True)(self._reader.default_channel)
        self._bound.declare()
        self._open.callback(self._bound.delete)
        return self

    def __exit__(self, *_: object) -> None:
        self.relay.pass_everything()
        self._open.close()

    @abstractmethod
    def address(self) -> Address:
        """Where the broker listens."""

    @abstractmethod
    def url(self, *, port: int = 0, password: str = "") -> str:
        """Of the broker, by the relay."""

    def case(self, *, url: str = "", **said: Any) -> Case:
        """A sink into the queue."""
        return Case({"url_secret": "url", "queue": self.queue, **said}, secrets={"url": url or self.url()})

    def held(self) -> list[Held]:
        """A message is a parcel."""
        while message := self._bound.get(no_ack=True):
            self.taken.append(_read(message))
        return self.taken

    def good(self) -> Case:
        """The broker takes everything."""
        return self.case()

    def transient(self) -> Case:
        """It hangs up."""
        self.relay.refusing = True
        return self._by_the_relay()

    def hanging(self) -> Case:
        """The message never arrives."""
        self.relay.stop_at = b"dlv_"
        return self._by_the_relay()

    def unreachable(self) -> Case:
        """Nobody listens."""
        return self.case(url=self.url(port=free_ports(1)[0])).but(says="Connection refused")

    def secret(self, value: str) -> list[Case]:
        """A password that is wrong, a URL that is none, and somebody who repeats whatever he is told."""
        parrot = self._open.enter_context(Parrot())
        urls = [self.url(password=value), self.url(port=parrot.port, password=value), value]
        return [self.case(url=url) for url in urls]

    def _by_the_relay(self) -> Case:
        return self.case().but(mend=self.relay.pass_everything, begun=self.relay.stopped.is_set)


class RedisAdapter(MessageAdapter):
    """The session's Redis, which listens on a socket."""

    variant = "redis"

    def address(self) -> Address:
        """The socket."""
        return str(settings.BROKER_URL).removeprefix("redis+socket://").partition("?")[0]

    def url(self, *, port: int = 0, password: str = "") -> str:
        """Another database than the broker's."""
        login = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{login}127.0.0.1:{port or self.relay.port}/1"

    def permanent(self) -> Case:
        """What bears the queue's name is none."""
        channel: Any = self._reader.default_channel
        channel.client.set("conformance-text", "text")
        return self.case(queue="conformance-text")


class AmqpAdapter(MessageAdapter):
    """RabbitMQ."""

    variant = "amqp"

    def address(self) -> Address:
        """Its port."""
        return "127.0.0.1", self.servers.rabbitmq.port

    def url(self, *, port: int = 0, password: str = "") -> str:
        """The user that it comes with."""
        return f"amqp://guest:{quote(password or 'guest', safe='')}@127.0.0.1:{port or self.relay.port}"

    def permanent(self) -> Case:
        """The queue is of another sort than the one that shall be made."""
        other = kombu.Queue(f"{self.queue}-passing", durable=False)(self._reader.default_channel)
        other.declare()
        self._open.callback(other.delete)
        return self.case(queue=other.name, declare=True)


def _read(message: Any) -> Held:
    content = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
    document = message.payload
    records = document.get("payloads") or [document["payload"]]
    assert document["id"] == message.properties["message_id"]
    return Held(tuple(each["position"] for each in records), document["id"], content)
