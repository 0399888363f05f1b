"""Tell when triggers fire, and what durations mean."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from scheduler.triggers.preview import answer_line


class Command(BaseCommand):
    """``preview_schedule < requests``: a JSON line for each JSON line, in the same order."""

    help = "Answer each JSON line of standard input with a JSON line: the next fire times of a trigger, or what a duration means."
    requires_system_checks = ()  # They take longer than a thousand answers, and some of them need the database.

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer line by line, so that another program may wait for each answer before it asks on. Blank lines are ignored."""
        lines: Iterable[str | bytes] = getattr(sys.stdin, "buffer", sys.stdin)  # Bytes, since a line may be no UTF-8.
        for line in lines:
            if line.strip():
                self.stdout.write(answer_line(line, now=dt.datetime.now(dt.UTC)))
                self.stdout.flush()
