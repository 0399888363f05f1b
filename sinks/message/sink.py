"""Publishes each parcel as a message, and waits until the broker has it."""

from __future__ import annotations

import contextlib
import hashlib
import queue
from collections.abc import Iterator, Mapping
from typing import Any

import kombu

from jobs.errors import PermanentError
from sinks.base import JSON, Parcel, Receipt, Surroundings
from sinks.bodies import document
from sinks.filling import fill, values_of
from sinks.message.configuration import MessageConfiguration
from sinks.message.connecting import broker_of, connect
from sinks.message.failures import explained
from sinks.single import first_of, read_once
from sinks.time_limits import hold, limited
from sinks.tls import client_context

MOST_SECONDS = 300.0
"""Of an attempt. Each answer of a broker has a limit of its own, and one that sends a byte now and then keeps each of them."""


class MessageSink:
    """One queue or exchange of a broker."""

    def __init__(self, configuration: MessageConfiguration, surroundings: Surroundings) -> None:
        self._configuration, self._surroundings = configuration, surroundings
        self._broker = broker_of(surroundings.secret(configuration.url_secret))
        surroundings.hide(*filter(None, [self._broker.password]))
        self._ca = surroundings.secret(configuration.ca_secret) if configuration.ca_secret else None
        if self._ca:
            client_context(ca=self._ca)  # what is wrong with it is told now; the clients would raise errors of no kind
        self._idle: queue.LifoQueue[kombu.Connection] = queue.LifoQueue()
        if configuration.exchange is not None and not self._broker.is_amqp:
            raise PermanentError("exchange: a Redis broker has none; say queue", code="configuration")

    def deliver(self, parcel: Parcel) -> Receipt:
        """Publish the parcel; its id is the message's."""
        parcel = read_once(parcel)
        values = values_of(parcel, first_of(parcel))
        content = document(parcel, most_bytes=self._configuration.max_bytes)
        key = self._configuration.queue or self._filled("routing_key", self._configuration.routing_key, values)
        with limited(MOST_SECONDS), self._connection() as connection:
            self._publish(connection, parcel, key, content, values)
        return Receipt(
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            details={"message_id": parcel.id, "exchange": self._configuration.exchange or "", "routing_key": key},
        )

    def check(self) -> str:
        """Connect, and look for the queue or the exchange."""
        with self._connection() as connection:
            if not self._broker.is_amqp:
                return "The broker answers."  # a queue of Redis is there when there is something in it
            channel: Any = connection.default_channel  # of py-amqp
            if self._configuration.exchange is not None:
                channel.exchange_declare(self._configuration.exchange, type="", passive=True)
            elif not self._configuration.declare:
                channel.queue_declare(self._configuration.queue, passive=True)
        return f"The broker answers, and {self._configuration.exchange or self._configuration.queue} is there or will be made."

    def close(self) -> None:
        """Close the connections."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().release()

    def _publish(
        self, connection: kombu.Connection, parcel: Parcel, key: str, content: bytes, values: Mapping[str, JSON]
    ) -> None:
        third = self._surroundings.timeout_seconds / 3
        connection.Producer().publish(
            content,
            exchange=self._configuration.exchange or "",
            routing_key=key,
            headers={name: self._filled(f"headers.{name}", text, values) for name, text in self._headers.items()},
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2 if self._configuration.persistent else 1,
            mandatory=True,  # or a message that no queue takes would be confirmed, and gone
            declare=self._declared,
            confirm_timeout=third,
            message_id=parcel.id,
            timestamp=int(parcel.run_ended_at.timestamp()),
            type="jobs.results" if parcel.telling is None else "jobs.notices",
        )

    @property
    def _headers(self) -> Mapping[str, str]:
        return self._configuration.headers

    @property
    def _declared(self) -> list[kombu.Queue]:
        name = self._configuration.queue if self._configuration.declare and self._broker.is_amqp else None
        return [kombu.Queue(name, durable=True)] if name else []

    def _filled(self, field: str, text: str, values: Mapping[str, JSON]) -> str:
        return fill(text, field=field, values=values)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[kombu.Connection]:
        """One of our own while it is used: none is for several threads. After an error it is given up."""
        with explained():
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = connect(broker=self._broker, ca=self._ca, surroundings=self._surroundings)
            try:
                if self._broker.is_amqp:
                    hold(connection.connection.transport.sock)
                yield connection
            except BaseException:
                with contextlib.suppress(Exception):  # it is broken in whatever way
                    connection.release()
                raise
            self._idle.put(connection)
