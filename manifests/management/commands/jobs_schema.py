"""Write the JSON Schema of manifests anew."""

from __future__ import annotations

from difflib import unified_diff
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from manifests import schema

MOST_LINES = 40
"""Of how it differs."""


class Command(BaseCommand):
    """``jobs_schema [--check]``"""

    help = "Write manifest.schema.json anew from what the code declares."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--check", action="store_true", help="change nothing, and end with 1 if it is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, or compare."""
        text = schema.text()
        if not options["check"]:
            schema.FILE.write_text(text, encoding="utf-8")
        elif (kept := schema.FILE.read_text(encoding="utf-8")) != text:
            differs = "\n".join(
                islice(unified_diff(kept.splitlines(), text.splitlines(), lineterm="", n=1), MOST_LINES)
            )
            raise CommandError(f"manifest.schema.json is out of date: run manage.py jobs_schema\n{differs}")
