"""Deliver a finished run's results again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents import parse_replay
from jobs.errors import JobsError
from jobs.management.finding import operator, run_named, workspace_named
from jobs.services.reruns import replay


class Command(BaseCommand):
    """``replay WORKSPACE RUN_ID [--comment TEXT]``"""

    help = "Send the stored results of a finished run to its job's present sinks, as a new run, and print its id."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("run", type=int, metavar="RUN_ID")
        parser.add_argument("--comment", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the replay's id."""
        run = run_named(workspace_named(options["workspace"]), options["run"])
        try:
            asked = parse_replay({"comment": options["comment"]})
            run_id = replay(run=run, actor=operator(), comment=asked.comment)
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(run_id))
