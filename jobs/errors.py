"""Errors that tell the caller what to do with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class JobsError(Exception):
    """Anything that this system raises on purpose."""


class TransientError(JobsError):
    """An attempt failed in a way that may pass: try again, if the retry policy allows another attempt.

    Args:
        message: What happened, in words for the person who reads the run.
        code: A stable word for programs, such as ``http_status`` or ``timeout``.
        details: JSON-ready facts about the failure; never a secret.
        retry_after_seconds: The least wait that the other side asked for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "error",
        details: dict[str, object] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.details = details or {}
        self.retry_after_seconds = retry_after_seconds


class PermanentError(JobsError):
    """An attempt failed in a way that another attempt would not change: do not retry.

    Takes ``message``, ``code`` and ``details`` as `TransientError` does.
    """

    def __init__(self, message: str, *, code: str = "error", details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details or {}


class LookAgain(JobsError):
    """What an attempt has set going elsewhere is not over: the attempt goes on without a worker, and is performed again later.

    It is no failure and costs no attempt. Not caught by executors: they raise it.

    Args:
        seconds: When to look again; sooner when the attempt's time is over before.
        state: What the next look needs, JSON-ready, at most 64 KiB, without secrets. It replaces what was kept before.
    """

    def __init__(self, *, seconds: float, state: Mapping[str, Any]) -> None:
        super().__init__(f"look again in {seconds:g} s")
        self.seconds = seconds
        self.state = state


class FieldError(NamedTuple):
    """One thing wrong with one field: its dotted path (``payload.0.retry.initial_interval``) and what would be right."""

    field: str
    message: str


class ValidationError(JobsError):
    """Input was refused; nothing was saved. ``errors`` has at least one entry, in the order of the input."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))


class ConflictError(JobsError):
    """The request is well formed, and the present state forbids it; the message says why."""


class OutOfDateError(ConflictError):
    """What is to be changed is not any more what the writer saw."""


class KeyReusedError(ConflictError):
    """An idempotency key was used before, for something else."""


class GoneError(JobsError):
    """What was asked for was there, and has been erased: it will not come back."""


class NotFoundError(JobsError):
    """What was named does not exist, or not for this caller."""


class ForbiddenError(JobsError):
    """The caller may not do this part of what they asked for; the message says what it takes."""


class BrokerUnavailable(JobsError):
    """A message could not be published. The sweep will publish it again: no caller needs to fail for it."""


class LaneLost(JobsError):
    """The lane's lease was taken back: whoever holds it now owns the work, so drop it without a word."""
