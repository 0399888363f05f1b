"""A refusal in plain words: what problem+json (RFC 9457) says, and the exit code for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from commandline.exits import Exit, Failure

_AWAY = (429, 502, 503, 504)
_MISSING = (404, 410)
_HINTS = {401: "log in again: jobsctl login", 429: "too much was asked in too short a time"}


def failure(response: requests.Response) -> Failure:
    """What to tell of an answer that is no success: what is wrong, then a line a field."""
    return Failure(_code(response.status_code), "\n".join(_lines(response)))


def _code(status: int) -> Exit:
    if status in _AWAY:
        return Exit.UNREACHABLE
    if status in _MISSING:
        return Exit.NOT_FOUND
    return Exit.REFUSED if 400 <= status < 500 else Exit.BROKEN


def _lines(response: requests.Response) -> Iterator[str]:
    problem = _problem(response)
    yield problem.get("detail") or problem.get("title") or _without_words(response)
    for error in problem.get("errors") or ():
        field = error.get("field") or "the body"
        yield f"  {field}: {error.get('message', '')}"
    if hint := _HINTS.get(response.status_code):
        yield hint
    if after := response.headers.get("Retry-After"):
        yield f"try again in {after} s" if after.isdecimal() else f"try again after {after}"


def _problem(response: requests.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("Content-Type", ""):
        return {}
    try:
        found = response.json()
    except (requests.RequestException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_words(response: requests.Response) -> str:
    """A proxy answered, or something else that is not this API."""
    where = f", which points to {response.headers['Location']}" if "Location" in response.headers else ""
    return f"the answer was {response.status_code} {response.reason or ''}".rstrip() + where
