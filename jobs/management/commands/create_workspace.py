"""Make a workspace."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ValidationError
from jobs.management.finding import operator, user_named
from jobs.services.workspaces import create_workspace


class Command(BaseCommand):
    """``create_workspace SLUG [--name NAME] [--owner USER]``: may be run again."""

    help = "Make a workspace, unless it exists, and make a user an owner of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("slug")
        parser.add_argument("--name", default="", help="for people; the slug when left out")
        parser.add_argument("--owner", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the slug."""
        owner = user_named(options["owner"]) if options["owner"] else None
        try:
            workspace = create_workspace(slug=options["slug"], name=options["name"], owner=owner, actor=operator())
        except ValidationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(workspace.slug)
