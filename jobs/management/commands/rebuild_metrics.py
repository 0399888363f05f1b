"""Count ended runs anew."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from jobs.services.rolling import rebuild


class Command(BaseCommand):
    """``rebuild_metrics --since 2026-11-01``: gives the totals that there were, unless runs were erased or the totals wrong."""

    help = (
        "Count all runs anew that ended since the beginning of a day (UTC). Those that were erased are counted no more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--since", required=True, metavar="DATE", help="the first day, such as 2026-11-01")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say when it is done. Fails for what is no date."""
        rebuild(since=_midnight(options["since"]))
        self.stdout.write(f"the runs that ended since {options['since']} were counted anew")


def _midnight(written: str) -> dt.datetime:
    try:
        day = parse_date(written)
    except ValueError:
        day = None
    if day is None or day.year <= 1970:
        raise CommandError("--since: expected a date, such as 2026-11-01")
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
