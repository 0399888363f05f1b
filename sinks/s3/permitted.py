"""botocore's HTTP client, bound to the addresses that this deployment permits; it knows of no proxy.

The name is looked up and judged by the same call that gives the address to connect to, at each new connection. So it holds for
a name that changes its address, too.
"""

from __future__ import annotations

import functools
import socket
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.exceptions import ConnectTimeoutError as TookTooLongToConnect
from botocore.exceptions import HTTPClientError
from botocore.exceptions import ReadTimeoutError as TookTooLongToAnswer
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from jobs.errors import JobsError, PermanentError, TransientError
from sinks import time_limits
from sinks.reaching import Permit, connect
from sinks.tls import client_context

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer: a page of a thousand uploads has a tenth of that."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOOK_TOO_LONG = (TookTooLongToConnect, TookTooLongToAnswer)


class PermittedSession(URLLib3Session):  # type: ignore[misc]  # botocore is untyped
    """Takes over each request of a client: ``client.meta.events.register("before-send", session.instead)``."""

    def __init__(self, *, permit: Permit, ca: str | None, **options: Any) -> None:
        self._ca = ca
        super().__init__(**options)
        self._manager.pool_classes_by_scheme = {
            "http": functools.partial(_HttpPool, permit=permit),
            "https": functools.partial(_HttpsPool, permit=permit),
        }

    def instead(self, request: Any, **_: Any) -> Any:
        """Answer a request, so that botocore does not send it.

        Raises:
            JobsError: The address is not permitted, the host has none, the service does not answer in time, or sends us elsewhere.
                botocore would take its own errors for the first three to be such as may pass, and try again: of a service that is
                silent, for a multiple of what an attempt may take.
        """
        time_limits.check()
        wants_stream, request.stream_output = request.stream_output, True  # or `send` would read whatever comes
        try:
            response = self.send(request)
        except HTTPClientError as error:
            if isinstance(error.__context__, JobsError):
                raise error.__context__ from None
            # botocore tells what is not answered in time, and takes what is not read in time for a connection that was closed.
            if isinstance(error, _TOOK_TOO_LONG) or time_limits.code_of(error, otherwise="") == "timeout":
                raise TransientError(f"the service did not answer in time: {error}", code="timeout") from error
            raise
        if not wants_stream:
            _read(response)
        time_limits.check()  # half of its headers, cut off, would be taken for an answer
        if response.status_code in _REDIRECTS:
            raise _redirected(response)
        return response

    def _get_ssl_context(self) -> Any:
        return super()._get_ssl_context() if self._ca is None else client_context(ca=self._ca)

    def _setup_ssl_cert(self, conn: Any, url: str, verify: Any) -> None:
        super()._setup_ssl_cert(conn, url, verify)
        if self._ca is not None:
            conn.ca_certs = None  # or the public authorities were trusted besides


def _read(response: Any) -> None:
    """Read the answer's body into where botocore looks for it.

    Raises:
        TransientError: It is longer than any answer to what we ask (``too_much``), or does not come in time (``timeout``).
    """
    pieces, size = [], 0
    try:
        for piece in response.raw.stream(64 * 1024):
            size += len(piece)
            if size > MOST_BYTES:
                response.raw.close()
                raise TransientError(f"the service answered with more than {MOST_BYTES} bytes", code="too_much")
            pieces.append(piece)
    except (HTTPError, OSError) as error:
        response.raw.close()
        code = time_limits.code_of(error, otherwise="connection")
        raise TransientError(f"the service's answer broke off: {error}", code=code) from error
    response._content = b"".join(pieces)


def _redirected(response: Any) -> PermanentError:
    """botocore would follow, as often as it is told to. A bucket's region belongs into the configuration."""
    region = response.headers.get("x-amz-bucket-region")
    where = (
        f"the bucket is in the region {str(region)[:40]}" if region else "look at endpoint_url, region and path_style"
    )
    return PermanentError(f"the service answered {response.status_code}, a redirect: {where}", code="redirect")


class _Permitted:
    """Of a connection: where it leads."""

    permit: Permit

    def request(self, *arguments: Any, **options: Any) -> Any:
        """Under the time limit of this attempt, also where the connection was made by another."""
        here: Any = self
        if here.sock is not None:
            time_limits.hold(here.sock)
        return super().request(*arguments, **options)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        here: Any = self
        asked = {"host": here.host, "port": here.port, "options": here.socket_options}
        try:
            return connect(permit=self.permit, timeout_seconds=here.timeout, **asked)
        except TimeoutError as error:
            raise ConnectTimeoutError(here, f"connecting to {here.host} timed out") from error
        except OSError as error:
            raise NewConnectionError(here, f"failed to connect to {here.host}: {error}") from error


class _HttpConnection(_Permitted, AWSHTTPConnection):  # type: ignore[misc]
    def __init__(self, *arguments: Any, permit: Permit, **options: Any) -> None:
        self.permit = permit
        super().__init__(*arguments, **options)


class _HttpsConnection(_Permitted, AWSHTTPSConnection):  # type: ignore[misc]
    def __init__(self, *arguments: Any, permit: Permit, **options: Any) -> None:
        self.permit = permit
        super().__init__(*arguments, **options)


class _HttpPool(AWSHTTPConnectionPool):  # type: ignore[misc]
    def __init__(self, *arguments: Any, permit: Permit, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.ConnectionCls = functools.partial(_HttpConnection, permit=permit)


class _HttpsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    def __init__(self, *arguments: Any, permit: Permit, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.ConnectionCls = functools.partial(_HttpsConnection, permit=permit)
