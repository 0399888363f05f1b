"""Show how far the loads of a datasource have come, or forget it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ConflictError, ValidationError
from jobs.management.finding import job_named, operator, workspace_named
from jobs.models import Job
from jobs.selectors.datasources import list_states
from jobs.services.datasource_state import reset_state


class Command(BaseCommand):
    """``datasource_state WORKSPACE KEY [--reset [--stream NAME]]``"""

    help = "Print each payload's incremental cursor; with --reset, forget it, so that the next load begins at the beginning."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("key", help="datasource:name")
        parser.add_argument("--reset", action="store_true")
        parser.add_argument("--stream", metavar="NAME", help="with --reset: only this payload's")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a stream."""
        job = job_named(workspace_named(options["workspace"]), options["key"])
        if options["stream"] is not None and not options["reset"]:
            raise CommandError("--stream says what to reset: add --reset")
        if options["reset"]:
            self._reset(job, options["stream"])
        for state in list_states(job=job):
            loaded = f", loaded {state.loaded_at:%Y-%m-%d %H:%M:%S} UTC" if state.loaded_at else ""
            self.stdout.write(f"{state.stream}: {json.dumps(state.cursor)}{loaded}")

    def _reset(self, job: Job, stream: str | None) -> None:
        try:
            reset_state(job=job, actor=operator(), stream=stream)
        except (ConflictError, ValidationError) as error:
            raise CommandError(str(error)) from error
