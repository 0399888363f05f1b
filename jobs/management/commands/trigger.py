"""Start a run of a job."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents import TriggerRequest, parse_trigger
from jobs.errors import JobsError, ValidationError
from jobs.management.finding import job_named, json_given, operator, workspace_named
from jobs.management.waiting import report_end
from jobs.services.runs import start_run
from jobs.states import Trigger


class Command(BaseCommand):
    """``trigger WORKSPACE KEY [--parameters JSON] [--comment TEXT] [--idempotency-key KEY] [--wait]``"""

    help = "Start a run of a job and print its id; with --wait, also how it ended, and fail unless it succeeded."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("key", help="type:name")
        parser.add_argument("--parameters", default="{}", metavar="JSON", help="the run's parameters, an object")
        parser.add_argument("--comment", default="")
        parser.add_argument("--idempotency-key", metavar="KEY", help="the run that has this key already is the answer")
        parser.add_argument("--wait", action="store_true", help="until the run has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the run's id; when waiting, its state and counts."""
        asked = _asked(options)
        job = job_named(workspace_named(options["workspace"]), options["key"])
        try:
            run_id = start_run(
                job=job,
                trigger=Trigger.MANUAL,
                actor=operator(),
                comment=asked.comment,
                parameters=asked.parameters,
                idempotency_key=asked.idempotency_key,
            )
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(run_id))
        if options["wait"]:
            report_end(self.stdout, workspace=job.workspace, run_id=run_id)


def _asked(options: dict[str, Any]) -> TriggerRequest:
    said = {"parameters": json_given("--parameters", options["parameters"]), "comment": options["comment"]}
    if options["idempotency_key"] is not None:
        said["idempotency_key"] = options["idempotency_key"]
    try:
        return parse_trigger(said)
    except ValidationError as error:
        raise CommandError(str(error)) from error
