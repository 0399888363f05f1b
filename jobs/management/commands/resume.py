"""Let a paused job with its runs, or a single run, go on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import job_or_run_named, operator, workspace_named
from jobs.models import Job
from jobs.services.control import resume_job, resume_run


class Command(BaseCommand):
    """``resume WORKSPACE KEY|RUN_ID [--note TEXT]``"""

    help = "Let a paused job go on, with the runs that were paused with it, or a single run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("target", metavar="KEY|RUN_ID", help="a job's key, type:name, or a run's id")
        parser.add_argument("--note", default="", help="why; kept in the event log")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what state it is in now, and whether that is new."""
        target = job_or_run_named(workspace_named(options["workspace"]), options["target"])
        try:
            note = parse_note({"note": options["note"]}).note
            if isinstance(target, Job):
                changed, what = resume_job(job=target, actor=operator(), note=note), target.key
            else:
                changed, what = resume_run(run=target, actor=operator(), note=note), f"run {target.pk}"
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{what}: {target.state}{'' if changed else ' already, nothing was changed'}")
