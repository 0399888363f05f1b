"""One call: send, follow redirects, read what may be kept and count the rest."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from jobs.http.statuses import StatusRange, contains
from jobs.http.urls import Target, follow, with_query
from workers.addresses import IPNetwork
from workers.payloads.http.answer import BROKEN_OFF, Answer, AnswerError
from workers.payloads.http.codings import decoded
from workers.payloads.http.connections import MAX_IDLE_SECONDS, POOL, tls_context
from workers.payloads.http.credentials import NONE, Credentials
from workers.payloads.http.egress import open_stream
from workers.payloads.http.guard import Guard, GuardedStream
from workers.payloads.http.head import host_header, request_head
from workers.payloads.http.parameters import Redirects, Tls
from workers.payloads.http.proxies import Proxy

CHUNK_BYTES = 65_536
MAX_INFLATED_BYTES = 64 * 1024 * 1024
"""Compressed answers are counted up to here: a small bomb could keep a worker inflating until the call's time is up."""

_SAFE_TO_SEND_TWICE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, section 9.2.2
SENSITIVE_HEADERS = frozenset({"authorization", "cookie", "jobs-run-token"})
_HARMLESS_ELSEWHERE = frozenset({"idempotency-key", "accept", "accept-language", "accept-encoding", "user-agent"})
"""All that a redirect takes along to another origin, beside what describes the body: any other header may be a credential."""
_ABOUT_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})


class RedirectError(Exception):
    """A redirect that is not followed; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send, with its templates rendered. ``headers`` are without the credentials."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None = None
    credentials: Credentials = NONE


@dataclass(frozen=True, slots=True)
class Options:
    """How to send it, how much to keep, and how much to read before the connection is closed. A status in ``expected`` is never
    followed."""

    expected: tuple[StatusRange, ...]
    redirects: Redirects = field(default_factory=Redirects)
    tls: Tls = field(default_factory=Tls)
    max_response_bytes: int = 1024 * 1024
    max_read_bytes: float = math.inf
    allow: tuple[IPNetwork, ...] = ()
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Args:
        kept: The body's first bytes, decompressed.
        body_bytes: The length of the whole body, decompressed; of a compressed one at most about `MAX_INFLATED_BYTES`.
        url: The URL that answered, without credentials.
        redirects: How many were followed.
    """

    status: int
    headers: Mapping[str, str]
    kept: bytes
    body_bytes: int
    url: str
    redirects: int = 0

    @property
    def truncated(self) -> bool:
        """Whether there was more than was kept."""
        return self.body_bytes > len(self.kept)


def call(*, request: Request, options: Options, guard: Guard) -> Response:
    """Make the call and return the last answer, whatever its status.

    Raises:
        RedirectError: Too many, or to where credentials must not or a URL cannot go.
        EgressError, ProxyError, CallTimeoutError, CallCancelledError: See there.
        OSError, AnswerError: The connection failed, or what came is not a whole HTTP answer.
    """
    for followed in range(options.redirects.max + 1):
        response = _send(request, options, guard)
        location = response.headers.get("location")
        if not _redirects(response.status, options) or not location:
            return replace(response, redirects=followed) if followed else response
        request = redirected(request, response.status, location)
    raise RedirectError(f"more than {options.redirects.max} redirects")


def _redirects(status: int, options: Options) -> bool:
    return options.redirects.follow and status in (301, 302, 303, 307, 308) and not contains(options.expected, status)


def redirected(request: Request, status: int, location: str) -> Request:
    """The next request (RFC 9110, section 15.4); what is private to one origin does not go to another. Raises RedirectError."""
    try:
        target = follow(request.target, location)
    except ValueError as error:
        raise RedirectError(f"a redirect that cannot be followed: {error}") from error
    method, body, dropped = request.method, request.body, frozenset[str]()
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body, dropped = "GET", None, _ABOUT_THE_BODY
    credentials = request.credentials
    if target.origin != request.target.origin:
        _refuse_downgrade(request, target)
        dropped |= {name.lower() for name in request.headers} - _HARMLESS_ELSEWHERE - _ABOUT_THE_BODY
        credentials = NONE
    headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
    return Request(method=method, target=target, headers=headers, body=body, credentials=credentials)


def _refuse_downgrade(request: Request, target: Target) -> None:
    private = request.credentials != NONE or any(name.lower() in SENSITIVE_HEADERS for name in request.headers)
    if private and request.target.scheme == "https" and target.scheme == "http":
        raise RedirectError("a redirect from https to http, and the request carries credentials")


def _send(request: Request, options: Options, guard: Guard) -> Response:
    """Send on a connection that is open already, or else on a new one."""
    guard.is_sent = False
    target = request.target
    tls = _tls(request, options) if target.scheme == "https" else None
    place = (target.origin, tls, options.allow, options.proxy)
    repeatable = request.method in _SAFE_TO_SEND_TWICE
    # What must not be sent twice only takes a connection that its server has hardly had the time to close.
    idle = POOL.take(place, max_idle_seconds=MAX_IDLE_SECONDS if repeatable else 1.0)
    if idle is not None:
        idle.guard = guard
        try:
            return _converse(idle, place, request, options)
        except ConnectionError:
            # The server closed it while we wrote: not its answer to this call, so ask anew (RFC 9112, section 9.3.1).
            if not repeatable:
                raise
    fresh = open_stream(
        host=target.host, port=target.port, tls=tls, allow=options.allow, guard=guard, proxy=options.proxy
    )
    return _converse(fresh, place, request, options)


def _tls(request: Request, options: Options) -> ssl.SSLContext:
    return tls_context(verify=options.tls.verify, ca=options.tls.ca, client=request.credentials.certificate)


def _converse(connection: GuardedStream, place: Hashable, request: Request, options: Options) -> Response:
    answer = Answer(method=request.method)
    reusable = False
    connection.guard.is_sent = True
    try:
        written = _write(connection, request, options)
        kept, body_bytes = _read(connection, answer, options)
        reusable = written and answer.reusable
        return Response(answer.status, answer.headers, kept, body_bytes, request.target.url)
    finally:
        if reusable:
            POOL.give(place, connection)
        else:
            connection.close()


def _write(connection: GuardedStream, request: Request, options: Options) -> bool:
    """Send the request; return whether the server took all of it."""
    body = request.body or b""
    head = _head(request, options)
    try:
        if len(body) <= CHUNK_BYTES:
            connection.sendall(head + body)
        else:
            connection.sendall(head)
            connection.sendall(body)
    except (BrokenPipeError, ConnectionResetError):
        # The server would not read on. It may have said why before it closed.
        if not body:
            raise
        return False
    except ssl.SSLEOFError:
        return False  # What it said before it closed, of a client certificate that it wants say, is still to be read.
    return True


def _head(request: Request, options: Options) -> bytes:
    path, target, credentials = request.target.path, request.target, request.credentials
    headers = {**request.headers, **dict(credentials.headers)}
    if credentials.query:
        # Not through parse_target: its cache would hold the key.
        path = with_query(path, credentials.query)
    if credentials.signer:
        headers |= credentials.signer.headers(body=request.body or b"", timestamp=int(time.time()))
    if options.proxy and target.scheme == "http":
        path = f"http://{host_header(target)}{path}"
        headers |= options.proxy.headers
    return request_head(
        method=request.method,
        target=target,
        path=path,
        headers=headers,
        body_bytes=None if request.body is None else len(request.body),
    )


def _read(connection: GuardedStream, answer: Answer, options: Options) -> tuple[bytes, int]:
    """Read to the end, or to the ceiling; return the bytes of the body that are kept, and how many there were."""
    kept, total, limit = bytearray(), 0, options.max_response_bytes
    body: Iterator[bytes] = chain(_receive_head(connection, answer), _receive_body(connection, answer))
    codings = answer.headers.get("content-encoding")
    if codings:
        body = decoded(body=body, codings=codings)
    ceiling = min(options.max_read_bytes, MAX_INFLATED_BYTES if codings else math.inf)
    for piece in body:
        total += len(piece)
        if len(kept) < limit:
            kept += piece[: limit - len(kept)]
        if total > ceiling:
            break
    return bytes(kept), total


def _receive_head(connection: GuardedStream, answer: Answer) -> list[bytes]:
    """Receive until the head is complete; return what came of the body with it."""
    pieces: list[bytes] = []
    while not answer.headed:
        pieces = answer.feed(connection.recv(CHUNK_BYTES))
    return pieces


def _receive_body(connection: GuardedStream, answer: Answer) -> Iterator[bytes]:
    while not answer.ended:
        try:
            data = connection.recv(CHUNK_BYTES)
        except ConnectionError as error:
            raise AnswerError(BROKEN_OFF) from error
        yield from answer.feed(data)
