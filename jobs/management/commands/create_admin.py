"""Make a superuser, or set one's password."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import ValidationError
from jobs.services.workspaces import create_admin


class Command(BaseCommand):
    """``create_admin USERNAME < password``: the password comes on standard input, where no process list shows it."""

    help = "Make a superuser, or set the password of the one of that name; the password is read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done."""
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            user, is_new = create_admin(username=options["username"], password=password)
        except ValidationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.get_username()}: {'created' if is_new else 'password set'}")
