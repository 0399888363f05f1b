"""Check a datasource without running it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ValidationError
from jobs.management.datasources import add_payload_arguments, answer_of, chosen, shown
from jobs.management.finding import json_given, operator, workspace_named
from jobs.models import Verb
from jobs.services.datasource_operations import ask


class Command(BaseCommand):
    """``validate_datasource WORKSPACE (KEY [--payload N] | --parameters JSON)``"""

    help = "Check a datasource's parameters and the access that they need, from a worker; fail unless both are right."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_payload_arguments(parser, key_needed=False)
        parser.add_argument(
            "--parameters", metavar="JSON", help="to check in place of the saved ones; nothing is saved"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found."""
        if (options["key"] is None) == (options["parameters"] is None):
            raise CommandError("expected either the key of a datasource or --parameters")
        about = None if options["key"] is None else chosen(options)
        try:
            operation = ask(
                workspace=about.job.workspace if about else workspace_named(options["workspace"]),
                verb=Verb.VALIDATE,
                parameters=about.parameters if about else json_given("--parameters", options["parameters"]),
                actor=operator(),
                now=dt.datetime.now(dt.UTC),
                about=about,
            )
        except ValidationError as error:
            raise CommandError(str(error)) from error
        answer = answer_of(operation)
        self.stdout.write(shown(answer))
        if not answer["valid"]:
            raise CommandError(_reason(answer))


def _reason(answer: dict[str, Any]) -> str:
    wrong = [f"{part}: {answer[part]['message']}" for part in ("source", "destination") if not answer[part]["ok"]]
    return "; ".join(wrong)
