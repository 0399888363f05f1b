"""Keep a run from being cleaned up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import operator, run_named, workspace_named
from jobs.services.pins import pin_run, unpin_run


class Command(BaseCommand):
    """``pin WORKSPACE RUN_ID [--note TEXT] [--remove]``"""

    help = "Keep a run, whatever its age, until its pin is removed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("run", type=int, metavar="RUN_ID")
        parser.add_argument("--note", default="", help="why")
        parser.add_argument("--remove", action="store_true", help="let it grow old again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how it stands."""
        run = run_named(workspace_named(options["workspace"]), options["run"])
        service = unpin_run if options["remove"] else pin_run
        try:
            changed = service(run=run, actor=operator(), note=parse_note({"note": options["note"]}).note)
        except JobsError as error:
            raise CommandError(str(error)) from error
        stands = "not pinned" if options["remove"] else "pinned"
        self.stdout.write(f"run {run.pk}: {stands}{'' if changed else ' already, nothing was changed'}")
