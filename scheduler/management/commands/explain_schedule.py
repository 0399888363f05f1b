"""Tell why a schedule did or did not run at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs.errors import JobsError
from jobs.management.finding import workspace_named
from scheduler.management.finding import schedule_named
from scheduler.selectors.explanations import explain


class Command(BaseCommand):
    """``explain_schedule WORKSPACE JOB [SCHEDULE] TIME``"""

    help = "Tell in a sentence why a schedule did or did not run at a time, or whether it will."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("job", metavar="JOB", help="the job's key, type:name")
        parser.add_argument(
            "schedule", nargs="?", metavar="SCHEDULE", help="its name; may be left out if the job has one"
        )
        parser.add_argument(
            "at",
            metavar="TIME",
            help='on the clock of the schedule, such as 2026-01-31T09:00, "yesterday 09:00" or 09:00; with Z: in UTC',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the sentence."""
        schedule = schedule_named(workspace_named(options["workspace"]), options["job"], options["schedule"])
        try:
            found = explain(schedule=schedule, at=options["at"], now=timezone.now())
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(found.sentence)
