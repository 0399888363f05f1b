"""What follows when a job is written, within the transaction that does."""

from __future__ import annotations

from jobs.models import Job
from sinks.services import following, ruling


def join(job: Job, actor: str) -> None:
    """Let its sinks say what its document says, and let the rules that are about it watch it. Raises as `following.follow` does."""
    following.follow(job, actor)
    ruling.follow_job(job, actor)
