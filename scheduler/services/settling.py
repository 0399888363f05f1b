"""What becomes of the fire times that have come up when their schedule is changed, held, or goes on."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

from jobs.errors import ValidationError
from scheduler.definition import Definition, Due
from scheduler.models import Fire, Schedule
from scheduler.policies import given_up_late
from scheduler.services.placing import definition_of
from scheduler.states import FireState, Reason, ScheduleState

MOST_OWED = 1000
"""Fire times that had come up and nobody had dealt with when their schedule was changed, and that may run still: the newest."""
MOST_KEPT = 10_000
"""Of such fire times that get a row at all: the newest."""
_MOST_LOOKED_AT = 100_000


def settle_owed(row: Schedule, *, now: dt.datetime, given_up: str = "") -> None:
    """Before a schedule changes: keep the fire times that have come up and that no beat has dealt with.

    Args:
        row: The schedule, locked.
        now: Aware UTC.
        given_up: Why they are skipped, in words. Empty: the policy that they were promised judges them now; what it does not
            give up waits for a beat.
    """
    if row.next_fire_at is None or row.next_fire_at > now or (definition := _readable(row)) is None:
        return
    _keep(row, definition, _come_up(row, definition, now), now=now, given_up=given_up)


def settle_rest(row: Schedule, *, now: dt.datetime) -> None:
    """Before a schedule goes on that is paused or not enabled, or before it is changed: keep the fire times that it has let pass.

    Args:
        row: The schedule, locked, with its document and state as they were. One that is at work is left as it is.
        now: Aware UTC.
    """
    why = _rests(row)
    if why and (definition := _readable(row)) is not None:
        _keep(row, definition, _come_up(row, definition, now), now=now, given_up=why)


def paused_words(actor: str, note: str) -> str:
    """Such as: paused by ann: disk full."""
    return "".join(["paused", f" by {actor}" if actor else "", f": {note}" if note else ""])


def _rests(row: Schedule) -> str:
    """Why a schedule owes nothing though it has not ended; empty for one that does."""
    if row.state == ScheduleState.PAUSED:
        change = row.state_change or {}
        return paused_words(change.get("actor", ""), change.get("note", ""))
    if row.state == ScheduleState.ACTIVE and not row.document.get("enabled", True):
        return "the schedule was disabled"
    return ""


def _come_up(row: Schedule, definition: Definition, now: dt.datetime) -> Sequence[Due]:
    """The newest `MOST_KEPT`. Where there are very many, none that is older than the window: it would be given up in any case."""

    def until_now(after: dt.datetime) -> Iterator[Due]:
        times = definition.times(after=after, key=str(row.pk))
        return itertools.takewhile(lambda due: due.fire_at <= now, itertools.islice(times, _MOST_LOOKED_AT))

    come_up = collections.deque(until_now(row.decided_until), maxlen=MOST_KEPT)
    within = max(row.decided_until, now - definition.window)
    if come_up and come_up[-1].fire_at < within:
        come_up = collections.deque(until_now(within), maxlen=MOST_KEPT) or come_up
    return come_up


def _keep(row: Schedule, definition: Definition, owed: Sequence[Due], *, now: dt.datetime, given_up: str) -> None:
    if not owed:
        return
    skips = {dt.datetime.fromisoformat(skip) for skip in row.skips}
    fates = {
        due.fire_at: fate for due in owed if (fate := _forbidden(due, asked=due.fire_at in skips, given_up=given_up))
    }
    left = [due for due in owed if due.fire_at not in fates]
    for at, (due, late) in enumerate(zip(left, given_up_late(definition=definition, owed=left, now=now), strict=True)):
        if late is not None:
            fates[due.fire_at] = late
        elif len(left) - at > MOST_OWED:
            fates[due.fire_at] = Reason.MISFIRE, f"the schedule was changed, and {MOST_OWED:,} later ones waited"
    Fire.objects.bulk_create([_kept(row, due, fates.get(due.fire_at)) for due in owed], ignore_conflicts=True)
    row.decided_until = owed[-1].fire_at


def _kept(row: Schedule, due: Due, fate: tuple[Reason, str] | None) -> Fire:
    if fate is None:
        return Fire(schedule=row, fire_at=due.fire_at, state=FireState.WAITING, due_at=due.run_at)
    reason, detail = fate
    return Fire(schedule=row, fire_at=due.fire_at, state=FireState.SKIPPED, reason=reason, detail=detail[:500])


def _forbidden(due: Due, *, asked: bool, given_up: str) -> tuple[Reason, str] | None:
    """(why it is skipped however late it is, more about it)."""
    if asked:
        return Reason.ASKED, ""
    if due.excluded is not None:
        return Reason.EXCLUDED, due.excluded
    return (Reason.PAUSED, given_up) if given_up else None


def _readable(row: Schedule) -> Definition | None:
    """None when its document is not valid (any more): then nobody knows what it owes."""
    try:
        return definition_of(row)
    except ValidationError:
        return None
