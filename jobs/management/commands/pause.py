"""Pause a job with its runs, or a single run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import job_or_run_named, operator, workspace_named
from jobs.models import Job
from jobs.services.control import pause_job, pause_run
from jobs.states import JobState


class Command(BaseCommand):
    """``pause WORKSPACE KEY|RUN_ID [--note TEXT]``"""

    help = "Pause a job, so that nothing more of it starts, or a single run. What runs may finish."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("target", metavar="KEY|RUN_ID", help="a job's key, type:name, or a run's id")
        parser.add_argument("--note", default="", help="why; kept with the job or the run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what state it is in now, and whether that is new."""
        target = job_or_run_named(workspace_named(options["workspace"]), options["target"])
        try:
            note = parse_note({"note": options["note"]}).note
            if isinstance(target, Job):
                changed, what = target.state != JobState.PAUSED, target.key
                pause_job(job=target, actor=operator(), note=note)
            else:
                changed, what = pause_run(run=target, actor=operator(), note=note), f"run {target.pk}"
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{what}: {target.state}{'' if changed else ' already, nothing was changed'}")
