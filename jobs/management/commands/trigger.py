"""Start a run of a job."""

from __future__ import annotations

import getpass
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import strict_json
from jobs.documents import TriggerRequest, parse_trigger
from jobs.errors import JobsError, ValidationError
from jobs.management.finding import job_named, workspace_named
from jobs.models import Workspace
from jobs.selectors.runs import RunView, get_run
from jobs.services.runs import start_run
from jobs.states import FINAL_RUN_STATES, RunState, Trigger

POLL_SECONDS = 0.2


class Command(BaseCommand):
    """``trigger WORKSPACE KEY [--parameters JSON] [--comment TEXT] [--wait]``"""

    help = "Start a run of a job and print its id; with --wait, also how it ended, and fail unless it succeeded."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("key", help="type:name")
        parser.add_argument("--parameters", default="{}", metavar="JSON", help="the run's parameters, an object")
        parser.add_argument("--comment", default="")
        parser.add_argument("--wait", action="store_true", help="until the run has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the run's id; when waiting, its state and counts."""
        asked = _asked(options["parameters"], options["comment"])
        job = job_named(workspace_named(options["workspace"]), options["key"])
        try:
            run_id = start_run(
                job=job, trigger=Trigger.MANUAL, actor=_operator(), comment=asked.comment, parameters=asked.parameters
            )
        except JobsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(run_id))
        if options["wait"]:
            self._report(_ended(job.workspace, run_id))

    def _report(self, view: RunView) -> None:
        counts = view.counts
        self.stdout.write(
            f"{view.run.state}: {counts.succeeded} succeeded, {counts.failed} failed, {counts.cancelled} cancelled"
        )
        if view.run.state != RunState.SUCCEEDED:
            raise CommandError(
                f"run {view.run.pk} {view.run.state}: {(view.run.error or {}).get('message', 'no error was kept')}"
            )


def _asked(parameters: str, comment: str) -> TriggerRequest:
    try:
        return parse_trigger({"parameters": strict_json.loads(parameters), "comment": comment})
    except strict_json.NotJSONError as error:
        raise CommandError(f"--parameters: {error}") from error
    except ValidationError as error:
        raise CommandError(str(error)) from error


def _ended(workspace: Workspace, run_id: int) -> RunView:
    while True:
        view = get_run(workspace=workspace, run_id=run_id)
        if view.run.state in FINAL_RUN_STATES:
            return view
        time.sleep(POLL_SECONDS)


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # An account without a name, as containers have.
        return "command line"
