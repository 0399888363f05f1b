"""Delete what a datasource has loaded."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ConflictError, ValidationError
from jobs.management.datasources import add_payload_arguments, answer_of, chosen
from jobs.management.finding import operator
from jobs.services.datasource_operations import ask_to_delete


class Command(BaseCommand):
    """``delete_output WORKSPACE KEY [--payload N]``"""

    help = "Delete the rows or files that a datasource has loaded, and forget how far its loads have come."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_payload_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was deleted."""
        about = chosen(options)
        try:
            operation = ask_to_delete(about=about, actor=operator(), now=dt.datetime.now(dt.UTC))
        except (ConflictError, ValidationError) as error:
            raise CommandError(str(error)) from error
        answer = answer_of(operation)
        what = f"{answer['rows']} rows" if "rows" in answer else f"{answer['files']} files"
        self.stdout.write(f"{answer['output']}: {what} deleted")
