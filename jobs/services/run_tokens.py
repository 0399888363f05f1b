"""Run tokens: what an attempt shows to add payloads to its run, and time to itself. Signed and never stored."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.core import signing

from jobs.errors import JobsError

PREFIX = "jobsrun_"
"""Tells them from a person's token, and lets a scanner of logs recognise one that leaked."""

_SALT = "jobs.run-token"
# A dot, because a bearer token must not have Django's colon: RFC 6750, section 2.1.
_SEPARATOR = "."


class RunTokenError(JobsError):
    """The token is none, was signed with another key, or has expired."""


class RunClaims(NamedTuple):
    """What a token is good for: this attempt at this payload of this run."""

    run_id: int
    position: int
    attempt: int


def issue(*, run_id: int, position: int, attempt: int, expires_seconds: float, now: dt.datetime) -> str:
    """Make a token.

    Args:
        run_id, position, attempt: Who gets it; 1 for the first attempt.
        expires_seconds: How long it is good for at the most. It ends with its attempt anyway.
        now: Aware.
    """
    expires = int((now + dt.timedelta(seconds=expires_seconds)).timestamp())
    return PREFIX + _signer().sign_object([run_id, position, attempt, expires])


def check(*, token: str, now: dt.datetime) -> RunClaims:
    """Read a token. That its attempt is the present one must be seen in the database.

    Raises:
        RunTokenError: See there.
    """
    try:
        run_id, position, attempt, expires = _signer().unsign_object(token.removeprefix(PREFIX))
    except signing.BadSignature as error:
        raise RunTokenError("the run token was not issued here") from error
    if not token.startswith(PREFIX) or expires <= now.timestamp():
        raise RunTokenError("the run token has expired")
    return RunClaims(run_id, position, attempt)


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep=_SEPARATOR)
