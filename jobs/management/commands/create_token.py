"""Make an API token."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.durations import parse_ms
from jobs.errors import ValidationError
from jobs.management.finding import operator, user_named, workspace_named
from jobs.models import Scope
from jobs.services.tokens import create_token


class Command(BaseCommand):
    """``create_token USER --name NAME [--scope SCOPE]... [--workspace SLUG] [--expires-in "30 days"]``"""

    help = "Make an API token for a user, and print it: it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("user")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it opens; may stand several times; jobs:read when left out",
        )
        parser.add_argument(
            "--workspace", metavar="SLUG", help="the only one that it opens; all of the user's when left out"
        )
        parser.add_argument("--expires-in", metavar="DURATION", help='such as "30 days"; never when left out')

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token and nothing else."""
        now = dt.datetime.now(dt.UTC)
        try:
            expires_at = _expiry(options["expires_in"], now)
            _, token = create_token(
                user=user_named(options["user"], services=True),
                name=options["name"],
                expires_at=expires_at,
                now=now,
                scopes=options["scope"] or (Scope.READ,),
                workspace=workspace_named(options["workspace"]) if options["workspace"] else None,
                actor=operator(),
            )
        except ValidationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)


def _expiry(duration: str | None, now: dt.datetime) -> dt.datetime | None:
    if duration is None:
        return None
    try:
        return now + dt.timedelta(milliseconds=parse_ms(duration))
    except (ValueError, OverflowError) as error:
        raise CommandError(f"--expires-in: {error}") from error
