"""Sends each record as a message of its own, in their order."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from typing import Any

from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    RequestTimedOutError,
)

from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Receipt, Record, Surroundings
from sinks.bodies import text_of
from sinks.filling import fill, values_of
from sinks.kafka.configuration import KafkaConfiguration
from sinks.kafka.held_loop import HeldLoop
from sinks.kafka.producing import Message, options_of, sent, started, stopped
from sinks.lots import lots
from sinks.time_limits import Limit, limited, seconds_of

_MESSAGES_AT_ONCE = 500
_STOP_SECONDS = 2.0
_TOO_SLOW = (TimeoutError, KafkaTimeoutError, RequestTimedOutError)
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)


class KafkaSink:
    """One topic of a cluster."""

    def __init__(self, configuration: KafkaConfiguration, surroundings: Surroundings) -> None:
        self._configuration, self._seconds = configuration, surroundings.timeout_seconds
        self._options = options_of(configuration=configuration, surroundings=surroundings)
        self._loop = HeldLoop(surroundings.permit)
        self._loop.start()
        self._lock = threading.Lock()
        self._producer: Any = None

    def deliver(self, parcel: Parcel) -> Receipt:
        """Send the parcel's records, so many at once, each lot when the brokers have the one before."""
        with limited(seconds_of(self._configuration.timeout)) as limit:
            return self._deliver(limit.of(parcel), limit)

    def _deliver(self, parcel: Parcel, limit: Limit) -> Receipt:
        digest, size, count = hashlib.sha256(), 0, 0
        messages = self._messages(parcel)
        timestamp_ms = int(1000 * parcel.run_ended_at.timestamp())
        for lot in lots(items=messages, most=_MESSAGES_AT_ONCE, size_of=lambda message: len(message.value)):
            with self._running() as producer:
                work = sent(producer, self._configuration.topic, lot, timestamp_ms)
                self._loop.do(work, seconds=min(self._seconds, limit.left))
            for message in lot:
                digest.update(message.value)
                size += len(message.value)
            count += len(lot)
        details = {"topic": self._configuration.topic, "messages": count}
        return Receipt(bytes=size, sha256=digest.hexdigest(), details=details)

    def check(self) -> str:
        """Ask the cluster for the topic."""
        with self._running() as producer:
            partitions = self._loop.do(producer.partitions_for(self._configuration.topic), seconds=self._seconds)
        return f"The cluster answers; {self._configuration.topic} has {len(partitions)} partition(s)."

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._give_up()
        self._loop.end()

    def _messages(self, parcel: Parcel) -> Iterator[Message]:
        heading = parcel.heading()
        for record in parcel.records():
            values = values_of(parcel, record)
            key = fill(self._configuration.key, field="key", values=values)
            value = text_of({**heading, parcel.listed[:-1]: record.document()})
            yield Message(key.encode() or None, value, self._headers(parcel, record, values))

    def _headers(self, parcel: Parcel, record: Record, values: dict[str, Any]) -> list[tuple[str, bytes]]:
        own = {"delivery-id": parcel.id, "position": str(record.position), "content-type": "application/json"}
        said = self._configuration.headers
        filled = {name: fill(text, field=f"headers.{name}", values=values) for name, text in said.items()}
        return [(name, text.encode()) for name, text in {**filled, **own}.items()]

    @contextlib.contextmanager
    def _running(self) -> Iterator[Any]:
        """The producer, which all threads share. After an error it is given up: what it knows of its sequence may be wrong."""
        with _explained():
            producer = self._started()
            try:
                yield producer
            except BaseException:
                with self._lock:
                    if self._producer is producer:
                        self._give_up()
                raise

    def _started(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = self._loop.do(started(self._options), seconds=self._seconds)
            return self._producer

    def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):  # it was to end
                self._loop.do(stopped(producer, _STOP_SECONDS), seconds=2 * _STOP_SECONDS)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn aiokafka's errors into ours. Only what is too large stays so: topics, rights and passwords can be mended."""
    try:
        yield
    except _TOO_LARGE as error:
        raise PermanentError(
            "the cluster refuses a record: it is larger than the topic's max.message.bytes", code="too_large"
        ) from error
    except _TOO_SLOW as error:
        raise TransientError(f"the cluster did not answer in time: {error}", code="timeout") from error
    except (
        KafkaError,
        OSError,
        AssertionError,
    ) as error:  # a peer that is no Kafka broker makes aiokafka's own checks fail
        said = str(error) or type(error).__name__
        raise TransientError(f"the cluster: {said}", code="cluster") from error
