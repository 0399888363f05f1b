"""Execute a finished run again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents import parse_rerun
from jobs.errors import JobsError
from jobs.management.finding import json_given, operator, run_named, workspace_named
from jobs.management.waiting import report_end
from jobs.services.reruns import rerun


class Command(BaseCommand):
    """``rerun WORKSPACE RUN_ID [--failed] [--snapshot] [--parameters JSON] [--comment TEXT] [--wait]``"""

    help = "Execute a finished run again as a new run, and print its id; with --wait, also how it ended."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("run", type=int, metavar="RUN_ID")
        parser.add_argument("--failed", action="store_true", help="only the payloads that failed or were cancelled")
        parser.add_argument("--snapshot", action="store_true", help="on the job as it was then, not as it is now")
        parser.add_argument("--parameters", metavar="JSON", help="an object; the run's own when left out")
        parser.add_argument("--comment", default="")
        parser.add_argument("--wait", action="store_true", help="until the new run has ended; fail unless it succeeded")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the new run's id; when waiting, its state and counts."""
        run = run_named(workspace_named(options["workspace"]), options["run"])
        said = {
            "which": "failed" if options["failed"] else "all",
            "definition": "snapshot" if options["snapshot"] else "present",
            "comment": options["comment"],
        }
        if options["parameters"] is not None:
            said["parameters"] = json_given("--parameters", options["parameters"])
        try:
            asked = parse_rerun(said)
            run_id = rerun(
                run=run,
                actor=operator(),
                which=asked.which,
                definition=asked.definition,
                parameters=asked.parameters,
                comment=asked.comment,
            )
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(run_id))
        if options["wait"]:
            report_end(self.stdout, workspace=run.workspace, run_id=run_id)
