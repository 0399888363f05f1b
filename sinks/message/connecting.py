"""From a URL in a secret to a connection of kombu's, to addresses that may be reached and to nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import certifi
import kombu
import redis
from kombu.transport import redis as kombu_redis

from jobs.errors import PermanentError
from sinks import time_limits
from sinks.base import Surroundings
from sinks.reaching import Permit, first_to_answer

_PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}
_AT_ONCE = {"max_retries": 0}
"""A broker that is down is told at once; when to try again is the delivery's business."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and who we are to it."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    space: str
    """AMQP's virtual host, Redis' database."""

    @property
    def is_amqp(self) -> bool:
        """Whether it speaks AMQP, and not Redis' protocol."""
        return self.scheme.startswith("amqp")

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is."""
        return self.scheme in ("amqps", "rediss")


def broker_of(url: str) -> Broker:
    """Read a broker's URL. Raises PermanentError (``configuration``): it is none; without repeating it."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in _PORTS or not host or ";" in url or "," in host:
        raise _wrong(f"expected one host in {', '.join(f'{each}://' for each in _PORTS)}")
    if parts.query or parts.fragment:
        raise _wrong("the URL may have no options")
    space = unquote(parts.path.removeprefix("/"))
    if scheme.startswith("redis") and not (space or "0").isdecimal():
        raise _wrong("the path of a Redis URL is the number of a database")
    password = unquote(parts.password or "")
    default = "/" if scheme.startswith("amqp") else "0"
    return Broker(scheme, host, port or _PORTS[scheme], unquote(parts.username or ""), password, space or default)


def connect(*, broker: Broker, ca: str | None, surroundings: Surroundings) -> kombu.Connection:
    """A connection that stands.

    Raises:
        OSError, AMQPError, RedisError: It cannot be made; see `sinks.message.failures`.
        PermanentError, TransientError: As `sinks.base.Surroundings.permit`.
    """
    if not broker.is_amqp:
        return _connected(_redis(broker, ca, surroundings))

    def attempt(address: str) -> kombu.Connection:
        return _connected(_amqp(broker, ca, address, surroundings.timeout_seconds))

    return first_to_answer(addresses=surroundings.permit(broker.host, broker.port), attempt=attempt)


def _connected(connection: kombu.Connection) -> kombu.Connection:
    try:
        connection.default_channel  # noqa: B018 - it is made when it is asked for
    except BaseException:
        connection.release()
        raise
    return connection


def _amqp(broker: Broker, ca: str | None, address: str, timeout_seconds: float) -> kombu.Connection:
    """Certificates stay the host's, although the address is connected to."""
    tls: dict[str, Any] = {
        "context": {"check_hostname": True, **_authorities("cafile", "cadata", ca)},
        "server_hostname": broker.host,
        "do_handshake_on_connect": False,  # py-amqp sets its time limit only after this
    }
    third = timeout_seconds / 3
    return kombu.Connection(
        hostname=f"[{address}]" if ":" in address else address,
        port=broker.port,
        userid=broker.user,
        password=broker.password,
        virtual_host=broker.space,
        transport="pyamqp",
        ssl=tls if broker.is_encrypted else False,
        connect_timeout=third,
        transport_options={"confirm_publish": True, "read_timeout": third, "write_timeout": third, **_AT_ONCE},
    )


def _redis(broker: Broker, ca: str | None, surroundings: Surroundings) -> kombu.Connection:
    third = surroundings.timeout_seconds / 3
    tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **_authorities("ssl_ca_certs", "ssl_ca_data", ca)}
    return kombu.Connection(
        hostname=broker.host,
        port=broker.port,
        userid=broker.user or None,
        password=broker.password or None,
        virtual_host=broker.space,
        transport=_held(surroundings.permit),
        ssl=tls if broker.is_encrypted else False,
        transport_options={"socket_timeout": third, "socket_connect_timeout": third, **_AT_ONCE},
    )


def _held(permit: Permit) -> type[Any]:
    """Kombu's transport for Redis with connections that ask, each time, which addresses may be reached."""

    class Held(redis.Connection):
        def _connect(self) -> Any:
            name = self.host
            try:
                return first_to_answer(addresses=permit(name, self.port), attempt=self._connect_to)
            finally:
                self.host = name  # by which its certificate is looked at

        def send_packed_command(self, *arguments: Any, **options: Any) -> Any:
            # Also where another attempt has made the connection.
            made: Any = self._sock
            if made is not None:
                time_limits.hold(made)
            return super().send_packed_command(*arguments, **options)  # type: ignore[no-untyped-call]

        def _connect_to(self, address: str) -> Any:
            self.host = address
            return super()._connect()  # type: ignore[no-untyped-call]

    class HeldAndEncrypted(redis.SSLConnection, Held):
        """Encrypts what Held has connected."""

    class Channel(kombu_redis.Channel):
        connection_class = Held
        connection_class_ssl = HeldAndEncrypted

    class Transport(kombu_redis.Transport):
        pass

    Transport.Channel = Channel
    return Transport


def _authorities(file: str, data: str, ca: str | None) -> dict[str, str]:
    return {data: ca} if ca else {file: certifi.where()}


def _wrong(message: str) -> PermanentError:
    return PermanentError(f"url_secret: {message}", code="configuration")
