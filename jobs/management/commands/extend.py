"""Add payloads to a run that has not ended."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import JobsError
from jobs.management.finding import json_given, operator, run_named, workspace_named
from jobs.services.extending import extend_run


class Command(BaseCommand):
    """``extend WORKSPACE RUN_ID --payload JSON``"""

    help = "Add payloads to a run that has not ended, and print how many."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("run", type=int, metavar="RUN_ID")
        parser.add_argument(
            "--payload", required=True, metavar="JSON", help="a list of payloads, as in a job's document"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many were added, and how many were too many."""
        run = run_named(workspace_named(options["workspace"]), options["run"])
        items = json_given("--payload", options["payload"])
        try:
            extension = extend_run(run_id=run.pk, parent=None, attempt=None, items=items, actor=operator())
        except JobsError as error:
            raise CommandError(str(error)) from error
        too_many = f", {extension.cancelled:,} cancelled: more than max_payloads" if extension.cancelled else ""
        self.stdout.write(f"run {run.pk}: {extension.added:,} payload(s) added{too_many}")
