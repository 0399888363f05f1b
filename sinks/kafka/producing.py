"""aiokafka's producer: idempotent, waiting for all replicas that are in sync."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import MessageSizeTooLargeError

from jobs.errors import PermanentError
from sinks.base import Surroundings
from sinks.kafka.configuration import KafkaConfiguration
from sinks.tls import client_context


class Message(NamedTuple):
    """One record of a topic."""

    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]


def options_of(*, configuration: KafkaConfiguration, surroundings: Surroundings) -> dict[str, Any]:
    """What a producer is made with. Raises PermanentError: a secret is not there, or holds no PEM."""
    tls, sasl = configuration.security == "tls", configuration.sasl
    options: dict[str, Any] = {
        "bootstrap_servers": configuration.brokers,
        "client_id": "jobs",
        "enable_idempotence": True,
        "acks": "all",
        "compression_type": None if configuration.compression == "none" else configuration.compression,
        "max_request_size": configuration.max_bytes,
        "request_timeout_ms": int(1000 * surroundings.timeout_seconds / 3),
        "security_protocol": ("SASL_" if sasl else "") + ("SSL" if tls else "PLAINTEXT"),
    }
    if tls:
        ca = surroundings.secret(configuration.ca_secret) if configuration.ca_secret else None
        options["ssl_context"] = client_context(ca=ca)
    if sasl:
        options["sasl_mechanism"], options["sasl_plain_username"] = sasl.mechanism, sasl.username
        options["sasl_plain_password"] = surroundings.secret(sasl.password_secret)
    return options


async def started(options: dict[str, Any]) -> Any:
    """A producer that knows the cluster. Raises what aiokafka raises."""
    producer = aiokafka.AIOKafkaProducer(**options)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def sent(producer: Any, topic: str, messages: Sequence[Message], timestamp_ms: int) -> None:
    """Send these in their order, and wait until the brokers have all of them.

    Raises:
        PermanentError: One is larger than this sink may send (``too_large``).
        KafkaError: The brokers do not take one, or cannot be reached.
    """
    under_way = [await _begun(producer, topic, each, timestamp_ms) for each in messages]
    await asyncio.gather(*under_way)


async def _begun(producer: Any, topic: str, message: Message, timestamp_ms: int) -> Any:
    try:
        return await producer.send(
            topic, message.value, key=message.key, headers=message.headers, timestamp_ms=timestamp_ms
        )
    except MessageSizeTooLargeError as error:  # the producer's own; a broker's comes with the answer
        raise PermanentError(
            f"a record of {len(message.value):,} bytes is larger than the sink's max_bytes lets it send",
            code="too_large",
        ) from error


async def stopped(producer: Any, seconds: float) -> None:
    """End a producer; what it has not sent within this time is given up, and its connections are closed all the same."""
    try:
        await asyncio.wait_for(producer.stop(), seconds)
    finally:
        await producer.client.close()
