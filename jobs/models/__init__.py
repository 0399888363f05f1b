"""What is stored: tenants, jobs, their runs, and what happened in them."""

from jobs.models.attempt import Attempt
from jobs.models.event import Event
from jobs.models.job import Job
from jobs.models.lane import Lane
from jobs.models.log_line import LogLine
from jobs.models.payload import Payload
from jobs.models.requeued import Requeued
from jobs.models.run import Run
from jobs.models.secret import Secret
from jobs.models.token import ApiToken
from jobs.models.workspace import Membership, Role, Workspace

__all__ = [
    "ApiToken",
    "Attempt",
    "Event",
    "Job",
    "Lane",
    "LogLine",
    "Membership",
    "Payload",
    "Requeued",
    "Role",
    "Run",
    "Secret",
    "Workspace",
]
