"""What clients of other systems send, where no document of ours says it."""

from __future__ import annotations

from typing import Literal

from jobs.documents.basis import Strict, validated
from jobs.documents.requests import Comment


class ActionRequest(Strict):
    """What Fusion's clients ask of a job.

    Args:
        action: Start a run of it, or end those that are under way.
        comment: Why; kept with the runs.
    """

    action: Literal["start", "abort"]
    comment: Comment = ""


def parse_action(data: object) -> ActionRequest:
    """Validate an action. Raises ValidationError as `parse_job` does."""
    return validated(ActionRequest, data, "expected an object with action and comment")
