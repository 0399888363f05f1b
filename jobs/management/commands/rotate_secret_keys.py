"""Encrypt all secrets with the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import PermanentError
from jobs.services.secrets import rotate_keys

_SHOWN = 20


class Command(BaseCommand):
    """``rotate_secret_keys``: after it has succeeded, the older keys of JOBS_SECRET_KEYS are needed no more."""

    help = "Encrypt every workspace's secrets with the newest key of JOBS_SECRET_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="only say how many would be encrypted anew")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many were encrypted anew. Fails when one cannot be read: its key must not be thrown away yet, or is lost."""
        try:
            rotation = rotate_keys(dry_run=options["dry_run"])
        except PermanentError as error:
            raise CommandError(str(error)) from error
        done = "would be encrypted anew" if options["dry_run"] else "encrypted anew"
        self.stdout.write(f"{rotation.rotated} {done}, {rotation.current} with the newest key already")
        if rotation.unreadable:
            names = ", ".join(rotation.unreadable[:_SHOWN])
            more = len(rotation.unreadable) - _SHOWN
            raise CommandError(
                f"no key of JOBS_SECRET_KEYS decrypts {names}{f' and {more} more' if more > 0 else ''}:"
                " add the key that they were encrypted with, or set them anew"
            )
