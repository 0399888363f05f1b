"""What an edit of a job's schedules would change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from jobs.errors import FieldError, ValidationError
from jobs.models import Job
from jobs.states import JobState
from scheduler.definition import compile_schedule
from scheduler.models import Schedule
from scheduler.selectors.firing import Entry, drawn_entries, entry_of, firing_schedules, span_of, timing_of
from scheduler.selectors.simulations import DAYS, Known, Load, left_out, load_of
from scheduler.states import ScheduleState

MOST_COMPARED, MOST_TOLD = 1000, 10
"""Fire times of a schedule before and after: so many are compared, and so many told."""
UNSAVED = "unsaved"
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What an edit does to one schedule of a job.

    ``change`` is added, removed, changed or unchanged. ``lost`` and ``gained`` are the first fire times that go and come.
    """

    name: str
    change: str
    lost: list[dt.datetime]
    gained: list[dt.datetime]
    fires_before: int = 0
    fires_after: int = 0


@dataclass(frozen=True, slots=True)
class EditEffect:
    """The load of the whole workspace before and after an edit of one job's schedules, and what becomes of each of them."""

    before: Load
    after: Load
    schedules: list[ScheduleChange]


def simulate_edit(
    *, job: Job, schedules: Sequence[Mapping[str, Any]], now: dt.datetime, days: int = DAYS
) -> EditEffect:
    """Tell what would change if these were the schedules of a job. Nothing is saved.

    Raises:
        ValidationError: With the dotted path of each field that is wrong; or on ``days``.
    """
    within = span_of(now=now, days=days)
    present = {row.name: row for row in Schedule.objects.filter(job=job)}
    wanted = _compiled(job, schedules, present, now)
    others = firing_schedules(workspace=job.workspace).exclude(job=job)
    total = others.count()
    apart = list(drawn_entries(firing=others, total=total))
    old = {row.name: entry for row in present.values() if (entry := _saved(row, job)) is not None}
    new = {name: entry for name, entry in wanted.items() if _may_fire(entry, present.get(name), job)}
    remarks = left_out(job.workspace, firing=total + len(old), looked_at=len(apart) + len(old))
    known = Known()
    before = load_of([*apart, *old.values()], within, remarks=remarks, known=known)
    after = load_of([*apart, *new.values()], within, remarks=remarks, known=known)
    changes = [
        replace(
            _change(name, _kind(name, present, wanted), old.get(name), new.get(name), now),
            fires_before=_fires(old.get(name), known),
            fires_after=_fires(new.get(name), known),
        )
        for name in sorted({*present, *wanted})
    ]
    return EditEffect(before, after, changes)


def _saved(row: Schedule, job: Job) -> Entry | None:
    return entry_of(row) if row.next_run_at is not None and job.state == JobState.ACTIVE else None


def _compiled(
    job: Job, schedules: Sequence[Mapping[str, Any]], present: Mapping[str, Schedule], now: dt.datetime
) -> dict[str, Entry]:
    """The schedules of an edit by name, each anchored as the one that it replaces."""
    errors: list[FieldError] = []
    wanted: dict[str, Entry] = {}
    for at, document in enumerate(schedules):
        try:
            entry = _unsaved(job, document, present, now)
        except ValidationError as error:
            errors += [FieldError(f"schedules.{at}.{each.field}".rstrip("."), each.message) for each in error.errors]
            continue
        if entry.name in wanted:
            errors.append(FieldError(f"schedules.{at}.name", f"another schedule is named {entry.name!r} already"))
        wanted[entry.name] = entry
    if errors:
        raise ValidationError(errors)
    return wanted


def _unsaved(job: Job, document: Mapping[str, Any], present: Mapping[str, Schedule], now: dt.datetime) -> Entry:
    zone = settings.JOBS_DEFAULT_TIMEZONE
    written = compile_schedule(document=document, anchor=now, key=UNSAVED, default_zone=zone).document
    row = present.get(written.name)
    anchor, key = (now, UNSAVED) if row is None else (row.anchor_at, str(row.pk))
    whole = written.to_dict()
    left = row.actions_left if row is not None and row.document.get("actions") == written.actions else written.actions
    return Entry(written.name, job.pk, timing_of(whole, anchor, key), whole["overlap"], left, enabled=written.enabled)


def _may_fire(entry: Entry, row: Schedule | None, job: Job) -> bool:
    paused = row is not None and row.state == ScheduleState.PAUSED
    return job.state == JobState.ACTIVE and entry.enabled and not paused


def _change(name: str, change: str, old: Entry | None, new: Entry | None, now: dt.datetime) -> ScheduleChange:
    before, after = _times(old, now), _times(new, now)
    # Beyond the end of a list that was cut nothing can be said of the other.
    until = min((times[-1] for times in (before, after) if len(times) == MOST_COMPARED), default=_NEVER)
    lost = sorted(each for each in set(before) - set(after) if each <= until)
    gained = sorted(each for each in set(after) - set(before) if each <= until)
    change = change or ("changed" if lost or gained else "unchanged")
    return ScheduleChange(name, change, lost[:MOST_TOLD], gained[:MOST_TOLD])


def _kind(name: str, present: Collection[str], wanted: Collection[str]) -> str:
    """Whether a schedule comes or goes; empty when it is in both."""
    return "" if name in present and name in wanted else "removed" if name in present else "added"


def _times(entry: Entry | None, now: dt.datetime) -> list[dt.datetime]:
    """The next fire times, less what is excluded."""
    found: list[dt.datetime] = []
    if entry is None:
        return found
    most = MOST_COMPARED if entry.actions_left is None else min(MOST_COMPARED, entry.actions_left)
    after = now
    while len(found) < most and (fire := entry.definition.union.next_after(after)) is not None:
        found.append(fire)
        after = fire
    return found


def _fires(entry: Entry | None, known: Known) -> int:
    """All that were counted for the load."""
    if entry is None:
        return 0
    total = known.counted[entry.definition].total
    return total if entry.actions_left is None else min(total, entry.actions_left)
