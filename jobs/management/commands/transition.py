"""Move a job to another state."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import job_named, operator, workspace_named
from jobs.services.job_states import change_state
from jobs.states import JobState


class Command(BaseCommand):
    """``transition WORKSPACE KEY draft|active|paused|archived [--note TEXT]``"""

    help = "Move a job to another state. It becomes active only when nothing is missing; what is missing is listed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("key", help="type:name")
        parser.add_argument("target", choices=[str(state) for state in JobState])
        parser.add_argument("--note", default="", help="why; kept with the job")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what state it is in now, and whether that is new."""
        job = job_named(workspace_named(options["workspace"]), options["key"])
        before = job.state
        try:
            note = parse_note({"note": options["note"]}).note
            job = change_state(job=job, target=JobState(options["target"]), actor=operator(), note=note)
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{job.key}: {job.state}{'' if job.state != before else ' already, nothing was changed'}")
