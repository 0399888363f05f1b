"""What a person may say when a run is to begin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from jobs.documents.basis import Strict, validated

MAX_IDEMPOTENCY_KEY = 255


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError(f"expected 1 to {MAX_IDEMPOTENCY_KEY} characters, not only spaces")
    return value


Comment = Annotated[str, Field(max_length=2000)]
IdempotencyKey = Annotated[str, Field(max_length=MAX_IDEMPOTENCY_KEY), AfterValidator(_not_blank)]
"""By which a caller who asks twice for the same run is known."""


class TriggerRequest(Strict):
    """What may be said when a job is triggered by hand.

    Args:
        parameters: For the templates of payloads.
        comment: Why; kept with the run.
        idempotency_key: A key that the job has seen starts no second run.
    """

    parameters: dict[str, Any] = Field(default_factory=dict)
    comment: Comment = ""
    idempotency_key: IdempotencyKey | None = None


class GuardedTrigger(TriggerRequest):
    """What may be said when a job is triggered as it was seen.

    Args:
        parameters: For the templates of payloads.
        comment: Why; kept with the run.
        idempotency_key: A key that the job has seen starts no second run.
        expected_updated_at: The job's ``updated_at`` as the caller saw it: when somebody changed the job since, nothing is begun.
    """

    expected_updated_at: AwareDatetime | None = None


class ReplayRequest(Strict):
    """What may be said when a run's results are to be delivered again.

    Args:
        comment: Why; kept with the new run.
        expected_updated_at: The job's ``updated_at`` as the caller saw it: when somebody changed the job since, nothing is begun.
    """

    comment: Comment = ""
    expected_updated_at: AwareDatetime | None = None


class RerunRequest(ReplayRequest):
    """What may be said when a run is to be executed again.

    Args:
        comment: Why; kept with the new run.
        expected_updated_at: The job's ``updated_at`` as the caller saw it: when somebody changed the job since, nothing is begun.
        which: All payloads, or those that failed or were cancelled.
        definition: The job as it is now, or as it was when the run began.
        parameters: For the templates of payloads; None for those of the run.
    """

    which: Literal["all", "failed"] = "all"
    definition: Literal["present", "snapshot"] = "present"
    parameters: dict[str, Any] | None = None


def parse_trigger(data: object) -> TriggerRequest:
    """Validate what a caller, a form or a command says when it triggers a job. Raises ValidationError as `parse_job` does."""
    return validated(TriggerRequest, data, "expected an object with parameters and comment")


def parse_guarded_trigger(data: object) -> GuardedTrigger:
    """Validate what a caller says when it triggers a job as it was seen. Raises ValidationError as `parse_job` does."""
    return validated(GuardedTrigger, data, "expected an object with parameters and comment")


def parse_rerun(data: object) -> RerunRequest:
    """Validate what is said when a run is to be executed again. Raises ValidationError as `parse_job` does."""
    return validated(RerunRequest, data, "expected an object with which, definition, parameters and comment")


def parse_replay(data: object) -> ReplayRequest:
    """Validate what is said when a run is to be replayed. Raises ValidationError as `parse_job` does."""
    return validated(ReplayRequest, data, "expected an object with comment")


class TrialRequest(Strict):
    """A call to try.

    Args:
        parameters: Those of a payload of kind ``http``, which need not be saved.
    """

    parameters: dict[str, Any]


def parse_trial(data: object) -> TrialRequest:
    """Read the body of a call to try. Raises ValidationError."""
    return validated(TrialRequest, data, "expected an object with parameters")
