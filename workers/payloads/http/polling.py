"""Calls that the server answers later: 202 says where to look, and it is looked at from the run's row, without a worker."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from jobs.errors import LookAgain, PermanentError, TransientError
from jobs.http import statuses
from jobs.http.statuses import Verdict
from jobs.http.urls import follow, parse_target
from workers.payloads.base import Work
from workers.payloads.http.checks import wrong_with
from workers.payloads.http.client import Response
from workers.payloads.http.poll_parameters import Poll
from workers.payloads.http.report import Report

MAX_WAIT_SECONDS = 3600.0
"""Whatever Retry-After asks for."""
_ACCEPTED = 202


class Look(NamedTuple):
    """What is kept from look to look: where, and how many there were."""

    url: str
    looks: int

    @classmethod
    def of(cls, work: Work) -> Look | None:
        """None for the attempt's first call."""
        return cls(str(work.state["url"]), int(work.state["looks"])) if work.state else None

    def state(self) -> Mapping[str, Any]:
        """For LookAgain."""
        return self._asdict()


def begin(work: Work) -> None:
    """Give up an attempt whose time is over. Raises TransientError."""
    if work.state is not None and work.deadline.remaining() <= 0:
        raise TransientError(work.deadline.missed(), code="timeout")


def survive(*, poll: Poll, work: Work, error: TransientError) -> None:
    """Let a look that failed by accident be repeated: what is waited for goes on. Raises LookAgain, but of a first call."""
    look = Look.of(work)
    if look is None or error.code == "cancelled" or work.deadline.remaining() <= 0:
        return
    wait = max(poll.seconds, error.retry_after_seconds or 0.0)
    raise LookAgain(seconds=min(wait, MAX_WAIT_SECONDS), state=look.state()) from error


def wait_on(*, poll: Poll, work: Work, report: Report, response: Response) -> int:
    """How many looks it took, when this answer is the last one.

    Raises:
        LookAgain: It is not.
        PermanentError: code ``poll``: 202 names no address that can be looked at.
    """
    look = Look.of(work)
    if response.status == _ACCEPTED:
        raise _again(poll, _located(look, report, response), response)
    if look is None:
        return 0
    verdict = statuses.classify(response.status)
    if verdict is Verdict.AGAIN or (verdict is Verdict.SUCCEEDED and _says_not_yet(poll, report, response)):
        raise _again(poll, look, response)
    return look.looks + 1


def _says_not_yet(poll: Poll, report: Report, response: Response) -> bool:
    reading = report.reading(response)
    return any(wrong_with(check, reading) for check in poll.until)


def _located(look: Look | None, report: Report, response: Response) -> Look:
    """Where to look next: where Location says, else where it was looked before."""
    location = response.headers.get("location")
    if location is None and look is not None:
        return look
    try:
        url = follow(parse_target(response.url), location or "").url if location else ""
    except ValueError as error:
        raise PermanentError(
            f"poll: {report.call_words}: the Location cannot be looked at: {error}", code="poll"
        ) from None
    if not url:
        raise PermanentError(f"poll: {report.call_words} answered 202 without a Location", code="poll")
    if not report.is_clean(url):
        raise PermanentError(f"poll: {report.call_words}: the Location holds a secret, and cannot be kept", code="poll")
    return Look(url, look.looks if look else -1)


def _again(poll: Poll, look: Look, response: Response) -> LookAgain:
    asked = statuses.retry_after_seconds(response.headers.get("retry-after"), now=dt.datetime.now(dt.UTC))
    seconds = poll.seconds if asked is None else max(asked, 1.0)
    return LookAgain(seconds=min(seconds, MAX_WAIT_SECONDS), state=Look(look.url, look.looks + 1).state())
