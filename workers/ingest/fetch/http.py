"""HTTP for sources: a session that keeps its secrets to the host they are for, and errors that say whether to try again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from jobs.errors import PermanentError, TransientError
from workers.ingest.fetch import room
from workers.ingest.fetch.fetched import Channel
from workers.ingest.spec import HttpAccess

CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
CHUNK_BYTES = 1024 * 1024
_TRIES = Retry(
    total=3,
    backoff_factor=0.5,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=("GET",),
    respect_retry_after_header=False,  # an hour of it would hold the worker; the attempt is tried again instead
    raise_on_status=False,
)


class _Session(requests.Session):
    """Sends the headers of the source to its own host alone, also after a redirect."""

    def __init__(self, access: HttpAccess) -> None:
        super().__init__()
        self.trust_env = False  # no proxies and no .netrc of the machine
        self._secret_headers = list(access.headers)
        self.headers.update(access.headers)
        self.params = access.query
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=_TRIES))

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        before, after = response.request.url or "", prepared_request.url or ""
        if leads_elsewhere(before, after):
            for name in self._secret_headers:
                prepared_request.headers.pop(name, None)


@contextlib.contextmanager
def session(access: HttpAccess) -> Iterator[requests.Session]:
    """A session with the source's headers and query parameters; closed at the end."""
    with _Session(access) as opened:
        yield opened


def get(session: requests.Session, url: str, *, stream: bool = False, **params: Any) -> requests.Response:
    """GET, with a few tries where the service is busy.

    Raises:
        TransientError: No answer, 408, 425, 429 or 5xx (code ``source``).
        PermanentError: Another status of 400 and above, a URL that cannot be called, too many redirects.
    """
    try:
        answer = session.get(url, params=params, stream=stream, timeout=(CONNECT_SECONDS, SILENCE_SECONDS))
    except (requests.TooManyRedirects, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise PermanentError(f"{_shown(url)}: {type(error).__name__}", code="source") from error
    except requests.RequestException as error:
        # The error's own words repeat the URL with its query, in which a key may stand.
        raise TransientError(f"{_shown(url)} did not answer: {_reason(error)}", code="source") from None
    if answer.ok:
        return answer
    words = f"{_shown(url)} answered {answer.status_code} {answer.reason}"
    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
        raise TransientError(words, code="source")
    raise PermanentError(words, code="source")


def download(
    session: requests.Session, url: str, path: Path, *, packed: bool, channel: Channel, most_bytes: int = 0
) -> int:
    """Write what a URL answers to a file; returns the bytes written. Raises as `get`; a broken connection is transient.

    Args:
        packed: Whether the file is to come as it is stored. Some servers say of a file that ends in .gz that it is their answer
            which is packed, and it would be unpacked on the way.
        most_bytes: Read about so many, and not the rest; 0 for all.
    """
    if packed:
        session.headers["Accept-Encoding"] = "identity"
    with get(session, url, stream=True) as answer, path.open("wb") as file:
        total = int(length) if (length := answer.headers.get("Content-Length", "")).isdecimal() else None
        try:
            for chunk in answer.raw.stream(CHUNK_BYTES, decode_content=not packed):
                room.check(path.parent)
                file.write(chunk)
                channel.progress(current=file.tell(), total=total, unit="bytes")
                if most_bytes and file.tell() >= most_bytes:
                    break
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(f"{_shown(url)} broke off: {_reason(error)}", code="source") from None
        return file.tell()


def content(answer: requests.Response, *, most: int) -> bytes:
    """The body of an answer that was asked for as a stream, unpacked.

    Raises:
        TransientError: The connection broke.
        PermanentError: It has more than ``most`` bytes.
    """
    body = bytearray()
    try:
        for chunk in answer.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > most:
                raise PermanentError(f"{_shown(answer.url)} answered more than {most} bytes", code="source")
    except requests.RequestException as error:
        raise TransientError(f"{_shown(answer.url)} broke off: {_reason(error)}", code="source") from None
    return bytes(body)


def leads_elsewhere(before: str, after: str) -> bool:
    """Whether a link leads to where the credentials of the first URL have no business: to another host, or out of TLS."""
    return bool(requests.Session().should_strip_auth(before, after))  # type: ignore[no-untyped-call]


def _shown(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def _reason(error: Exception) -> str:
    """The system's own words at the bottom of the chain, which name no URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
