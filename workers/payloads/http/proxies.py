"""Calls through an HTTP proxy (RFC 9110, section 9.3.6 and section 7.1): a tunnel for https, the whole URL for http."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.payloads.http.answer import Answer
from workers.payloads.http.guard import GuardedStream

_CHUNK_BYTES = 65_536


class ProxyError(Exception):
    """The proxy opened no tunnel. ``status`` is what it answered."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status} instead of opening a tunnel")
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the proxy is, and what proves to it who asks; empty for nothing."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a request carries that goes to the proxy itself."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def open_tunnel(*, stream: GuardedStream, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy at the other end of a stream to connect it with a server.

    Raises:
        ProxyError: It did not.
        OSError, AnswerError, CallTimeoutError, CallCancelledError: As any exchange.
    """
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
    stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = Answer(method="HEAD")  # A tunnel begins where the head ends.
    while not answer.headed:
        answer.feed(stream.recv(_CHUNK_BYTES))
    if not 200 <= answer.status <= 299:
        raise ProxyError(answer.status)
