"""Calls the API of one workspace, and asks again when an answer is lost: what it asks is heeded once."""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from commandline.access import Access
from commandline.exits import Exit, Failure
from commandline.problems import failure

TRIES = 4
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
"""A Retry-After beyond that ends the command, which says it."""
TIMEOUT_SECONDS = (10.0, 60.0)
"""To connect, and between two pieces of an answer."""
PAGE_MOST = 1000

_TOO_MANY = 429
_UNDER_WAY = 409
"""With Retry-After: the request with this key that was lost on the way is still worked on."""
_AWAY = (502, 503, 504)

Document = dict[str, Any]
Tried = requests.Response | requests.RequestException


class Bearer(requests.auth.AuthBase):
    """Sets the token. As ``auth`` rather than a header of the session: else an entry in ~/.netrc would take its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """The API below a workspace's address. Close it, or use it in a ``with``."""

    def __init__(
        self,
        access: Access,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        tries: int = TRIES,
    ) -> None:
        """Prepare.

        Args:
            access: Whom to call.
            sleep: Waits so many seconds before a request is made again.
            clock: Seconds, monotonic.
            tries: How often a request is made at most.
        """
        self.access = access
        self._base = f"{access.url}/api/v1/workspaces/{quote(access.workspace, safe='')}/"
        self._sleep = sleep
        self._clock = clock
        self._tries = tries
        self._session = requests.Session()
        self._session.auth = Bearer(access.token)
        self._session.headers["User-Agent"] = "jobsctl"

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, **query: object) -> Document:
        """An answer to a GET; query parameters that are None are left out. Raises Failure."""
        return _document(self.request("GET", path, query=query))

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Document:
        """An answer to a POST. It has a key, this one or a new one, and so may be made again: it is heeded once. Raises Failure."""
        headers = {"Idempotency-Key": key or f"jobsctl-{uuid.uuid4()}"}
        return _document(self.request("POST", path, body=body or {}, headers=headers))

    def page(self, path: str, *, limit: int, **query: object) -> Document:
        """Up to ``limit`` entries of a list, from as many pages as that takes; ``next`` is the address of what follows."""
        found = self.get(path, **query, limit=min(limit, PAGE_MOST))
        results: list[Document] = found["results"]
        while found.get("next") and len(results) < limit:
            found = self.get(path, **query, limit=min(limit - len(results), PAGE_MOST), after=after(found))
            results += found["results"]
        return {**found, "results": results}

    def every(self, path: str, **query: object) -> Iterator[Document]:
        """All entries of a list, a page at a time; with ``after`` in the query those behind that one."""
        found = self.get(path, **query, limit=PAGE_MOST)
        yield from found["results"]
        while found.get("next"):
            found = self.get(path, **{**query, "limit": PAGE_MOST, "after": after(found)})
            yield from found["results"]

    def look(self, path: str, *, within_seconds: float) -> Document:
        """An answer to a GET, if it comes in so many seconds. Raises Failure."""
        return _document(self.request("GET", path, within_seconds=within_seconds))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        within_seconds: float = math.inf,
    ) -> requests.Response:
        """A successful answer. What is asked must do no harm when it is asked again: a GET, or what has a key.

        Raises:
            Failure: The API refused, or could not be reached, also at the last try.
        """
        asked = requests.Request(
            method,
            self._base + path,
            params={name: str(value) for name, value in (query or {}).items() if value is not None},
            json=body,
            headers=dict(headers or {}),
        )
        until = self._clock() + within_seconds
        unknown = False
        for attempt in range(1, self._tries + 1):
            tried = self._try(asked, stream=stream, seconds=until - self._clock())
            if isinstance(tried, requests.Response) and _is_success(tried):
                return tried
            unknown |= not _was_not_heeded(tried) and method != "GET"
            wait = _wait(tried, attempt)
            if wait is None or attempt == self._tries or self._clock() + wait >= until:
                raise _failure(tried, url=self.access.url, unknown=unknown)
            self._sleep(wait)
        raise AssertionError("a request is tried at least once")

    def _try(self, asked: requests.Request, *, stream: bool, seconds: float) -> Tried:
        """The answer, or what kept it from coming in that time."""
        prepared = self._session.prepare_request(asked)
        settings = self._session.merge_environment_settings(prepared.url or "", {}, stream, None, None)
        connect, read = (max(0.001, min(limit, seconds)) for limit in TIMEOUT_SECONDS)
        try:
            # Redirects are not followed: one that leads elsewhere would show the token there.
            return self._session.send(prepared, timeout=(connect, read), allow_redirects=False, **settings)
        except requests.RequestException as error:
            return error


def after(page: Document) -> str:
    """The cursor in the address of the next page. Only that is taken of it: behind a proxy the rest may be wrong."""
    return dict(parse_qsl(urlsplit(page["next"]).query))["after"]


def _is_success(response: requests.Response) -> bool:
    return response.ok and not response.is_redirect


def _was_not_heeded(tried: Tried) -> bool:
    """Whether the API has certainly not done what was asked: it said so, or there was no connection."""
    if isinstance(tried, requests.Response):
        return tried.status_code not in _AWAY
    reason = getattr(tried.args[0], "reason", None) if tried.args else None
    return isinstance(tried, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _wait(tried: Tried, attempt: int) -> float | None:
    """How long to wait before the request is made again; None when that is of no use, or not so soon."""
    if not isinstance(tried, requests.Response):
        return _backoff(attempt)
    asked = _retry_after(tried.headers.get("Retry-After", ""))
    if tried.status_code not in (_TOO_MANY, *_AWAY) and (tried.status_code != _UNDER_WAY or asked is None):
        return None
    if asked is None:
        return _backoff(attempt)
    return asked if asked <= LONGEST_WAIT_SECONDS else None


def _retry_after(header: str) -> float | None:
    """Seconds, or a date: RFC 9110, section 10.2.3. None for anything else."""
    if header.isascii() and header.isdecimal():
        return float(header[:6])
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment - dt.datetime.now(moment.tzinfo)).total_seconds())


def _backoff(attempt: int) -> float:
    """0.5 s, 1 s, 2 s, ... and up to half as much again: many clients must not come back at once."""
    return FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1) * random.uniform(1.0, 1.5)  # noqa: S311  No secret depends on it.


def _failure(tried: Tried, *, url: str, unknown: bool) -> Failure:
    """What to tell. ``unknown``: the request may have been heeded all the same."""
    if isinstance(tried, requests.Response):
        found = failure(tried)
        tried.close()
    else:
        found = Failure(Exit.UNREACHABLE, _unreachable(url, tried))
    if not unknown:
        return found
    return Failure(found.code, f"{found}\nit is not known whether the request was heeded: look before you repeat it")


def _unreachable(url: str, error: requests.RequestException) -> str:
    """In plain words; requests' own are a nest of exceptions."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"{url} has no certificate that this machine trusts: {error}"
    if isinstance(error, requests.Timeout):
        return f"{url} does not answer"
    return f"{url} cannot be reached" if isinstance(error, requests.ConnectionError) else f"{url}: {error}"


def _document(response: requests.Response) -> Document:
    if not response.content:
        return {}
    try:
        found = response.json()
    except (requests.RequestException, ValueError):
        found = None
    if not isinstance(found, dict):
        raise Failure(Exit.BROKEN, f"{response.url} answers, but not as this API does: is the address right?")
    return found
