"""Show the first rows of a datasource."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.documents.datasources import MAX_PREVIEW_ROWS
from jobs.errors import ValidationError
from jobs.management.datasources import add_payload_arguments, answer_of, chosen, shown
from jobs.management.finding import operator
from jobs.models import Verb
from jobs.services.datasource_operations import ask


class Command(BaseCommand):
    """``preview_datasource WORKSPACE KEY [--payload N] [--rows N]``"""

    help = (
        "Print the columns and the first rows of a datasource's source as JSON. A worker reads them; nothing is loaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_payload_arguments(parser)
        parser.add_argument("--rows", type=int, default=10, choices=range(1, MAX_PREVIEW_ROWS + 1), metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the answer."""
        about = chosen(options)
        try:
            operation = ask(
                workspace=about.job.workspace,
                verb=Verb.PREVIEW,
                parameters=about.parameters,
                actor=operator(),
                now=dt.datetime.now(dt.UTC),
                about=about,
                rows=options["rows"],
            )
        except ValidationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(shown(answer_of(operation)))
