"""End runs early."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import operator, run_named, workspace_named
from jobs.models import Run, Workspace
from jobs.services.bulk import FILTERS, terminate_runs
from jobs.services.control import terminate_run


class Command(BaseCommand):
    """``terminate WORKSPACE RUN_ID... | [--job KEY] [--state STATE] [--created-before TIME] [--note TEXT]``"""

    help = (
        "End runs early: one or several by id, or those of a filter. What is queued is cancelled, what runs is stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("runs", nargs="*", type=int, metavar="RUN_ID")
        parser.add_argument("--job", metavar="KEY", help="instead of ids: the runs of this job that have not ended")
        parser.add_argument("--state", help="instead of ids: the runs in this state")
        parser.add_argument("--created-before", metavar="TIME", help="instead of ids: such as 2026-01-31T12:00:00Z")
        parser.add_argument("--note", default="", help="why; kept with each run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what became of one run, or how far the action on many has come."""
        wanted = {name: options[name] for name in FILTERS if options[name] is not None}
        if bool(wanted) == bool(options["runs"]):
            raise CommandError("give either the ids of runs, or one or more of --job, --state and --created-before")
        workspace = workspace_named(options["workspace"])
        try:
            note = parse_note({"note": options["note"]}).note
            if len(options["runs"]) == 1:
                self._terminate(run_named(workspace, options["runs"][0]), note)
            else:
                self._terminate_many(workspace, {"filter": wanted} if wanted else {"ids": options["runs"]}, note)
        except JobsError as error:
            raise CommandError(str(error)) from error

    def _terminate(self, run: Run, note: str) -> None:
        changed = terminate_run(run=run, actor=operator(), note=note)
        self.stdout.write(f"run {run.pk}: {run.state}{'' if changed else ' already, nothing was changed'}")

    def _terminate_many(self, workspace: Workspace, selection: object, note: str) -> None:
        action = terminate_runs(workspace=workspace, selection=selection, actor=operator(), note=note)
        rest = action.total - action.changed - action.unchanged
        follows = f"; the workers do the other {rest:,}" if rest > 0 and action.ended_at is None else ""
        self.stdout.write(
            f"bulk action {action.pk}: {action.changed:,} of {action.total:,} runs terminated,"
            f" {action.unchanged:,} had ended or were being ended already{follows}"
        )
