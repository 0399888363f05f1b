"""Store a secret of a workspace."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ValidationError
from jobs.management.finding import operator, workspace_named
from jobs.services.secrets import set_secret


class Command(BaseCommand):
    """``set_secret WORKSPACE NAME < value``: the value comes on standard input, where no process list shows it."""

    help = "Store a secret of a workspace, or replace it; the value is read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done. The newline that ends the input is no part of the value."""
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
        try:
            workspace = workspace_named(options["workspace"])
            set_secret(workspace=workspace, name=options["name"], value=value, actor=operator())
        except ValidationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['name']}: set")
