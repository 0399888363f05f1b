"""What a sink is opened with in a worker: `sinks.base.Surroundings`."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from jobs.errors import PermanentError, TransientError
from jobs.http.urls import parse_target
from jobs.services.secrets import read_secret
from sinks.base import Answer
from workers.addresses import why_refused
from workers.deadline import Deadline
from workers.known_secrets import KnownSecrets
from workers.payloads.http.client import Options, Request, Response
from workers.payloads.http.credentials import Credentials
from workers.payloads.http.egress import refusal
from workers.payloads.http.guard import Guard
from workers.payloads.http.parameters import Redirects, Tls
from workers.payloads.http.received import decode, storable
from workers.payloads.http.report import Report
from workers.persistence import with_models

TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 10.0
_KEPT_BYTES = 4096
_READ_BYTES = 1024 * 1024
"""Of an answer. One that is longer has said what it has to say: its connection is closed."""
_EXCERPT_CHARACTERS = 2000

log = structlog.get_logger(__name__)


class SinkSurroundings:
    """For one open sink. Safe from any of its threads."""

    timeout_seconds = TIMEOUT_SECONDS

    def __init__(self, *, workspace_id: int, sink: str) -> None:
        self._secrets = KnownSecrets(functools.partial(_read_secret, workspace_id))
        self._sink = sink
        self._never = threading.Event()

    def secret(self, name: str) -> str:
        """A secret of the workspace. Raises PermanentError (``secret``): there is none of that name."""
        return self._secrets.read(name)

    def hide(self, *values: str) -> None:
        """Keep these texts out of all that is written down."""
        self._secrets.hide(*values)

    def clean(self, data: Any) -> Any:
        """JSON-ready data without the secrets that were read."""
        return self._secrets.data(data)

    def call(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        query: Sequence[tuple[str, str]] = (),
        verify: bool | str = True,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Make one HTTP request, under the rules for where payloads may go; see `sinks.base.Call`."""
        try:
            target = parse_target(url)
        except ValueError as error:
            raise PermanentError(f"url: {error}", code="url") from error
        credentials = Credentials(query=tuple(query), secrets=tuple(value for _, value in query))
        request = Request(method=method, target=target, headers=dict(headers), body=body, credentials=credentials)
        tls = Tls(verify=bool(verify), ca=verify if isinstance(verify, str) else None)
        options = Options(
            expected=(),
            redirects=Redirects(follow=False),
            tls=tls,
            max_response_bytes=_KEPT_BYTES,
            max_read_bytes=_READ_BYTES,
            allow=tuple(settings.JOBS_EGRESS_ALLOW),
        )
        guard = self._guard(timeout_seconds or self.timeout_seconds)
        with _told_of_deliveries():
            response = Report(request=request).call(options=options, guard=guard)
        return Answer(response.status, response.headers, self._excerpt(response))

    def _excerpt(self, response: Response) -> str:
        text = decode(response.kept, response.headers.get("content-type", ""))
        return storable(self._secrets.text(text, cut=response.truncated))[:_EXCERPT_CHARACTERS]

    def _guard(self, timeout_seconds: float) -> Guard:
        return Guard(
            cancelled=self._never,
            lost=self._never,
            connect_seconds=min(CONNECT_SECONDS, timeout_seconds),
            read_seconds=timeout_seconds,
            timer=Deadline(timeout_seconds),
            total_seconds=timeout_seconds,
            total_until=time.monotonic() + timeout_seconds,
        )

    def permit(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host that may be reached; see `sinks.base.Surroundings`."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise TransientError(f"host not found: {host}", code="dns") from error
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in found))
        refusals = {each: why_refused(each, allow=settings.JOBS_EGRESS_ALLOW) for each in addresses}
        permitted = [each for each, why in refusals.items() if not why]
        if not permitted:
            raise PermanentError(
                refusal(host=host, address=addresses[0], reason=refusals[addresses[0]], what="deliveries"),
                code="egress_refused",
            )
        return permitted

    def allowed(self, what: str) -> bool:
        """Whether JOBS_SINKS_MAY names it."""
        return what in settings.JOBS_SINKS_MAY

    def path(self, name: str) -> Path:
        """A path below the first folder of JOBS_FILE_ROOTS, or an absolute one in any of them; it need not exist."""
        roots: Sequence[Path] = settings.JOBS_FILE_ROOTS
        if not roots:
            raise PermanentError(
                "no folder is open to files: whoever runs this system sets JOBS_FILE_ROOTS", code="file_refused"
            )
        try:
            found = (roots[0] / name).resolve()
        except (OSError, RuntimeError) as error:  # a loop of links
            raise PermanentError(f"{name!r} is no path that can be written", code="file_refused") from error
        if not any(found.is_relative_to(root) for root in roots):
            raise PermanentError(f"{name!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused")
        return found

    def log(self, level: str, message: str) -> None:
        """Write a line about the sink into this process's log."""
        getattr(log, level, log.info)("sink.said", sink=self._sink, text=self._secrets.text(message))


@contextmanager
def _told_of_deliveries() -> Iterator[None]:
    """The client speaks of payloads, for which it was made."""
    try:
        yield
    except PermanentError as error:
        if error.code != "egress_refused":
            raise
        about = {name: str(error.details[name]) for name in ("host", "address", "reason")}
        message = str(error).replace(refusal(**about, what="payloads"), refusal(**about, what="deliveries"))
        raise PermanentError(message, code=error.code, details=error.details) from error


def _read_secret(workspace_id: int, name: str) -> str:
    return with_models(functools.partial(read_secret, workspace_id=workspace_id, name=name))
