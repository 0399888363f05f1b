"""The kafka kind: a topic of the brokers that librdkafka makes for its own tests."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self

from confluent_kafka import Message

from tests.free_ports import free_ports
from tests.integration.sinks.relay import Relay
from tests.sinks_conformance.adapter import Adapter, Case, Held
from tests.sinks_conformance.adapters.parrot import Parrot


class KafkaAdapter(Adapter):
    """A topic of its own. Its messages have one key, so they stand in one partition in their order."""

    kind = "kafka"

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.cluster = self.servers.kafka
        self.topic = f"conformance-{uuid.uuid4().hex[:8]}"
        self.relay = Relay(("127.0.0.1", self.cluster.port), answers=self._leading_here)
        self._open.enter_context(self.relay)
        return self

    def __exit__(self, *_: object) -> None:
        self.relay.pass_everything()
        self._open.close()

    def case(self, *, port: int = 0, **said: Any) -> Case:
        """A sink into the topic."""
        broker = f"127.0.0.1:{port or self.relay.port}"
        return Case({"brokers": [broker], "topic": self.topic, "security": "none", "key": "{{ run }}", **said})

    def held(self) -> list[Held]:
        """The messages of a delivery are a parcel; one whose position is there already begins another."""
        found: dict[str, list[list[Message]]] = {}
        for message in self.cluster.read(self.topic):
            parcels = found.setdefault(_header(message, "delivery-id"), [[]])
            if _header(message, "position") in {_header(each, "position") for each in parcels[-1]}:
                parcels.append([])
            parcels[-1].append(message)
        return [_parcel(id, messages) for id, parcels in found.items() for messages in parcels]

    def good(self) -> Case:
        """The brokers take everything."""
        return self.case()

    def transient(self) -> Case:
        """They hang up."""
        self.relay.refusing = True
        return self._by_the_relay()

    def permanent(self) -> Case:
        """The records are larger than the brokers take."""
        return self.case(headers={f"h{at}": "{{ job }}" * 2000 for at in range(50)})

    def hanging(self) -> Case:
        """The records never arrive."""
        self.relay.stop_at = b"dlv_"
        return self._by_the_relay()

    def unreachable(self) -> Case:
        """Nobody listens."""
        return self.case(port=free_ports(1)[0]).but(says="bootstrap")

    def secret(self, value: str) -> list[Case]:
        """Brokers that know no passwords, and somebody who repeats whatever he is told."""
        parrot = self._open.enter_context(Parrot())
        sasl = {"sasl": {"username": "me", "password_secret": "it"}}
        return [self.case(port=port, **sasl).but(secrets={"it": value}) for port in (0, parrot.port)]

    def _by_the_relay(self) -> Case:
        return self.case().but(mend=self.relay.pass_everything, begun=self.relay.stopped.is_set)

    def _leading_here(self, answer: bytes) -> bytes:
        """Brokers tell clients where brokers are: here, they shall believe."""
        host = b"127.0.0.1"
        return answer.replace(host + self.cluster.port.to_bytes(4, "big"), host + self.relay.port.to_bytes(4, "big"))


def _header(message: Message, name: str) -> str:
    headers: Any = dict(message.headers() or ())
    return str(headers[name].decode())


def _parcel(id: str, messages: Sequence[Message]) -> Held:
    positions = tuple(int(_header(each, "position")) for each in messages)
    return Held(positions, id, b"".join(each.value() or b"" for each in messages))
