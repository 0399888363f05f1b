"""The totals of ended runs by hour and day (`jobs.models.RunTotals`), kept up by the sweeps, a batch a pass.

Who ends a run writes nothing for it. A cursor says up to which end the runs are counted; a batch takes those from there to where
all ends are certain to be seen (settled_until.sql), adds them up, and moves the cursor, in one transaction. So each run is counted
exactly once, whatever dies between two lines: before the commit nothing has happened, after it all has. What ended since is counted
by who reads, with the same statement. Any number of sweeps may ask; the cursor's row is had by one.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.claims import totals
from jobs.claims.totals import BEGINNING
from jobs.models import RollCursor, RunTotals

BATCH = 10_000
ROLL_SECONDS = 5
MARGIN = dt.timedelta(seconds=1)
"""How long ends are left alone: the database's clock may be set right by as much."""
HOURS_KEPT = dt.timedelta(days=92)
"""How long the totals of hours are kept; those of days are kept for good."""
FORGOTTEN_AT_ONCE = 1_000


def roll_up() -> bool:
    """Count a batch of runs, if that is due and nobody else is at it; whether more are waiting."""
    with transaction.atomic():
        cursor = _claimed()
        return cursor is not None and _roll(cursor)


def rebuild(*, since: dt.datetime) -> None:
    """Count all runs anew that ended since the beginning of a day, and are there: those that were erased are counted no more.

    Meanwhile answers lack what is not counted yet, and say so.

    Args:
        since: An instant of the first day (UTC).
    """
    day = since.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic():
        cursor = _locked()
        RunTotals.objects.filter(start__gte=day).delete()
        cursor.rolled_until = min(cursor.rolled_until, day)
        cursor.save(update_fields=["rolled_until"])
    more = True
    while more:
        with transaction.atomic():
            more = _roll(_locked())


def _claimed() -> RollCursor | None:
    """The cursor, locked, when it is due; None when it is not, or somebody else has it."""
    found = RollCursor.objects.select_for_update(skip_locked=True).filter(due_at__lte=Now()).first()
    return found if found is not None or RollCursor.objects.exists() else _locked()


def _locked() -> RollCursor:
    """The cursor, once it is free. One that is not there begins at the beginning, with nothing counted."""
    RollCursor.objects.bulk_create([RollCursor(rolled_until=BEGINNING, due_at=BEGINNING)], ignore_conflicts=True)
    cursor = RollCursor.objects.select_for_update().get()
    if cursor.rolled_until == BEGINNING:
        RunTotals.objects.all().delete()
    return cursor


def _roll(cursor: RollCursor) -> bool:
    since = cursor.rolled_until
    with connection.cursor() as database:
        settled = totals.settled_until(database, margin=MARGIN)
        if settled > since:
            cursor.rolled_until = totals.batch_end(database, since=since, until=settled, limit=BATCH)
            totals.add(database, since=since, until=cursor.rolled_until)
        more = cursor.rolled_until < settled
        if not more:
            totals.fill_outcome(database, limit=BATCH)
            totals.forget_hours(database, before=settled - HOURS_KEPT, limit=FORGOTTEN_AT_ONCE)
    cursor.due_at = settled + dt.timedelta(seconds=0 if more else ROLL_SECONDS)
    cursor.save(update_fields=["rolled_until", "due_at"])
    return more
