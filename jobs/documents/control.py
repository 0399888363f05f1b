"""What a person may say when a job or a run is held, continued, ended or moved to another state."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from jobs.documents.basis import Strict, validated

Note = Annotated[str, Field(max_length=2000)]
"""Why somebody does something; kept with what it was done to."""


class NoteRequest(Strict):
    """What may be said when a job or a run is paused or resumed, or a run is terminated.

    Args:
        note: Why; kept with what it was done to.
    """

    note: Note = ""


class GuardedNote(NoteRequest):
    """What may be said when a job or a schedule is held or continued.

    Args:
        note: Why; kept with what it was done to.
        expected_updated_at: Its ``updated_at`` as the caller saw it: when somebody changed it since, it stays as it is.
    """

    expected_updated_at: AwareDatetime | None = None


class TransitionRequest(GuardedNote):
    """What may be said when a job is moved to another state.

    Args:
        note: Why; kept with the job.
        target: The state that it is to be in.
        expected_updated_at: The job's ``updated_at`` as the caller saw it: when somebody changed the job since, it stays as it is.
    """

    target: Literal["draft", "active", "paused", "archived"]


def parse_note(data: object) -> NoteRequest:
    """Validate what is said when something is held, continued or ended. Raises ValidationError as `parse_job` does."""
    return validated(NoteRequest, data, "expected an object with note")


def parse_guarded_note(data: object) -> GuardedNote:
    """Validate what is said when a job or a schedule is held or continued. Raises ValidationError as `parse_job` does."""
    return validated(GuardedNote, data, "expected an object with note")


def parse_transition(data: object) -> TransitionRequest:
    """Validate what is said when a job is moved to another state. Raises ValidationError as `parse_job` does."""
    return validated(TransitionRequest, data, "expected an object with target and note")
