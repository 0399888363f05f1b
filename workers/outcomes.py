"""What can come of an attempt, and what each means for the payload."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from jobs.claims import Addition, FailedAttempt, Final, Leased, Report, Requeue
from jobs.retry import RetryPolicy
from jobs.states import AttemptState, PayloadState

MAX_RESULT_BYTES = 16 * 1024 * 1024
"""Of a result in its payload's row."""
MAX_STATE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The executor returned; ``result`` is JSON text, or None for no result. ``added``: a JSON list of payloads that it adds to the
    run, or None. ``stored``: where the result is, as JSON text, when ``result`` is only what is shown of it."""

    result: str | None
    added: str | None = None
    stored: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The executor raised, or its worker vanished. ``final`` forbids another attempt."""

    error: dict[str, Any]
    final: bool = False
    lost: bool = False
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The attempt goes on elsewhere and is to be looked at again in so many seconds. ``looking`` is JSON text, as
    `jobs.claims.Leased` has it."""

    looking: str
    seconds: float


Outcome = Succeeded | Failed | GoesOn

_STOPPED = {"message": "stopped before it was done", "code": "cancelled"}


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt that is over: which payload, how it ended, and when it ran."""

    payload: Leased
    outcome: Outcome
    policy: RetryPolicy
    started_at: dt.datetime
    ended_at: dt.datetime


def add(report: Report, attempted: Attempted, *, run_stopped: bool = False) -> None:
    """Enter an attempt into a lane's report: as the payload's outcome, or as a retry with its wait. In a run that is being ended,
    an attempt that was told to stop is the payload's last."""
    match attempted.outcome:
        case Succeeded(result=result, added=added, stored=stored):
            _settle(report, attempted, PayloadState.SUCCEEDED, result=result, error=None, stored=stored)
            if added is not None:
                report.added.append(Addition(attempted.payload.position, added))
        case GoesOn() if run_stopped:
            _add_cancelled(report, attempted, json.dumps(_STOPPED))
        case GoesOn(looking=looking, seconds=seconds):
            payload = attempted.payload
            report.requeues.append(
                Requeue(payload.position, payload.attempts, 1000.0 * seconds, False, looking, payload.requeued)
            )
        case Failed(error=error) if run_stopped and error.get("code") == "cancelled":
            _add_cancelled(report, attempted, json.dumps(error))
        case Failed() as failed:
            _add_failure(report, attempted, failed)


def give_back(report: Report, payload: Leased, *, alone: bool = False) -> None:
    """Enter a payload that was leased and not begun: it waits for whoever comes next, and no attempt is charged."""
    report.requeues.append(Requeue(payload.position, payload.attempts, 0.0, alone, _looking(payload), payload.requeued))


def _add_cancelled(report: Report, attempted: Attempted, error: str) -> None:
    payload = attempted.payload
    report.failed_attempts.append(
        FailedAttempt(
            payload.position,
            payload.attempts + 1,
            AttemptState.CANCELLED,
            error,
            attempted.started_at,
            attempted.ended_at,
        )
    )
    _settle(report, attempted, PayloadState.CANCELLED, result=None, error=error)


def _add_failure(report: Report, attempted: Attempted, failed: Failed) -> None:
    payload, number = attempted.payload, attempted.payload.attempts + 1
    error = json.dumps(failed.error)
    state = AttemptState.LOST if failed.lost else AttemptState.FAILED
    report.failed_attempts.append(
        FailedAttempt(payload.position, number, state, error, attempted.started_at, attempted.ended_at)
    )
    if failed.final or number >= attempted.policy.maximum_attempts:
        _settle(report, attempted, PayloadState.FAILED, result=None, error=error)
        return
    # A lost attempt is tried again at once: the lease has been wait enough. Alone, for it may be what killed its worker.
    wait_ms = 0.0 if failed.lost else _wait_ms(attempted.policy, number, failed)
    # What the lost attempt had set going elsewhere goes on: the next one looks at it.
    looking = _looking(payload) if failed.lost else None
    report.requeues.append(Requeue(payload.position, number, wait_ms, failed.lost, looking, payload.requeued))


def _looking(payload: Leased) -> str | None:
    return None if payload.looking is None else json.dumps(payload.looking)


def _wait_ms(policy: RetryPolicy, attempts_made: int, failed: Failed) -> float:
    return policy.wait_ms(attempts_made=attempts_made, retry_after_ms=1000.0 * (failed.retry_after_seconds or 0.0))


def _settle(
    report: Report,
    attempted: Attempted,
    state: PayloadState,
    *,
    result: str | None,
    error: str | None,
    stored: str | None = None,
) -> None:
    payload, began, ended = attempted.payload, attempted.started_at, attempted.ended_at
    report.finals.append(Final(payload.position, state, payload.attempts + 1, began, ended, result, error, stored))
    if payload.requeued:
        report.settled.append(payload.position)
