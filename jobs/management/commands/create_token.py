"""Make an API token."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.durations import parse_ms
from jobs.errors import ValidationError
from jobs.management.finding import user_named
from jobs.services.tokens import create_token


class Command(BaseCommand):
    """``create_token USER --name NAME [--expires-in "30 days"]``"""

    help = "Make an API token for a user, and print it: it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("user")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument("--expires-in", metavar="DURATION", help='such as "30 days"; never when left out')

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token and nothing else."""
        now = dt.datetime.now(dt.UTC)
        try:
            expires_at = _expiry(options["expires_in"], now)
            user = user_named(options["user"])
            _, token = create_token(user=user, name=options["name"], expires_at=expires_at, now=now)
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
