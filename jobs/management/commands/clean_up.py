"""Erase old history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import cleaners, large_results
from jobs.documents.cleanup import DEFAULT_DAYS, DEFAULT_KEEP_NEWEST, parse_cleanup
from jobs.errors import JobsError
from jobs.management.finding import workspace_named
from jobs.services import stored_results
from jobs.services.cleanup import MemoryLedger, Order, Standing, order_of, step
from jobs.services.leftovers import erase_leftovers, old_files


class Command(BaseCommand):
    """``clean_up WORKSPACE [--days N] [--keep-newest N] [--job KEY] [--state STATE] [--what WHAT] [--audit] [--dry-run]``"""

    help = (
        "Erase the runs that ended more than so many days ago, and what else is as old. "
        "A payload of kind log_cleanup does the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("--days", type=float, default=DEFAULT_DAYS, help=f"how old (default: {DEFAULT_DAYS})")
        parser.add_argument(
            "--keep-newest",
            type=int,
            default=DEFAULT_KEEP_NEWEST,
            help=f"how many runs of each job stay (default: {DEFAULT_KEEP_NEWEST})",
        )
        parser.add_argument("--job", action="append", metavar="KEY", dest="jobs", help="only of these; task:report-*")
        parser.add_argument("--except-job", action="append", metavar="KEY", dest="except_jobs", help="not of these")
        parser.add_argument("--state", action="append", dest="states", help="only runs that ended in these")
        parser.add_argument("--what", action="append", help=f"only this: {', '.join(cleaners.names())}")
        parser.add_argument("--audit", action="store_true", help="erase also what people did")
        parser.add_argument("--dry-run", action="store_true", help="count, and erase nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each sort of rows."""
        workspace = workspace_named(options["workspace"])
        names = ("days", "keep_newest", "jobs", "except_jobs", "states", "what", "audit", "dry_run")
        try:
            request = parse_cleanup({name: options[name] for name in names if options[name] is not None})
        except JobsError as error:
            raise CommandError(str(error)) from error
        now = dt.datetime.now(dt.UTC)
        order = order_of(request, workspace_ids=[workspace.pk], now=now)
        standing = _clean(order)
        _erase_files(order, now)
        _erase_results(order)
        for name, count in standing.counts.items():
            self.stdout.write(f"{name}: {count:,} {'would be erased' if order.dry_run else 'erased'}")


def _clean(order: Order) -> Standing:
    ledger = MemoryLedger()
    while not (standing := step(order=order, ledger=ledger)).is_done:
        pass
    return standing


def _erase_files(order: Order, now: dt.datetime) -> None:
    root: Path | None = settings.JOBS_STORED_FILES
    if root is not None and order.erases_files:
        for page in old_files(root=root, before=order.before, now=now):
            erase_leftovers(root=root, paths=page)


def _erase_results(order: Order) -> None:
    after: int | None = 0 if large_results.is_kept() and order.erases_results else None
    while after is not None:
        found = stored_results.find_orphans(after=after)
        stored_results.erase(found.kept)
        after = found.after
