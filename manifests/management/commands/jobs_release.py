"""Let an object that is kept in a file be edited elsewhere again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import NotFoundError
from jobs.management.finding import operator, workspace_named
from jobs.services.origins import release
from manifests.documents import KINDS


class Command(BaseCommand):
    """``jobs_release WORKSPACE NAME [--kind KIND] [--note TEXT]``"""

    help = "Let a job, or another object, that is kept in a file be edited elsewhere again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument(
            "name", metavar="NAME", help="a job's key; with --kind another's name, a schedule's as JOB/NAME"
        )
        parser.add_argument("--kind", choices=KINDS, default="job")
        parser.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say so."""
        kind, name = options["kind"], options["name"]
        try:
            release(
                workspace=workspace_named(options["workspace"]),
                kind=kind,
                name=name,
                actor=operator(),
                note=options["note"],
            )
        except NotFoundError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"released   {kind} {name}")
