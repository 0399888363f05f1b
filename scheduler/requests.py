"""What a person may say of a backfill, in the API and in the admin alike."""

from __future__ import annotations

from jobs.documents import Strict, validated
from jobs.documents.control import Note, NoteRequest
from scheduler.states import Which


class BackfillRequest(Strict):
    """Which fire times of the past are to be run, and how many at once. The service judges what they mean."""

    start: str
    end: str
    which: str = Which.MISSING
    limit: int = 1
    note: Note = ""
    dry_run: bool = False


class CancellationRequest(NoteRequest):
    """What may be said when a backfill is cancelled.

    Args:
        note: Why; kept with the backfill.
        terminate: Whether its runs that are active are ended, too.
    """

    terminate: bool = False


def parse_backfill(data: object) -> BackfillRequest:
    """Validate what is said when fire times of the past are to be run. Raises ValidationError."""
    return validated(BackfillRequest, data, "expected an object with start and end")


def parse_cancellation(data: object) -> CancellationRequest:
    """Validate what is said when a backfill is cancelled. Raises ValidationError."""
    return validated(CancellationRequest, data, "expected an object with note and terminate")
