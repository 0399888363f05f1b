"""Times and decisions as people read them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html

from jobs.admin.badges import badge
from scheduler.explaining import REASONS
from scheduler.models import Fire
from scheduler.phrases import lateness, span
from scheduler.states import FireState, Reason

_NOW = dt.timedelta(seconds=1)
PUNCTUAL = dt.timedelta(seconds=2)
"""What is due for less than this is nothing to tell anybody: a beat looks once a second."""


def relative(at: dt.datetime, *, now: dt.datetime) -> str:
    """``in 56 m``, ``4 m 10 s ago``, ``now``."""
    if abs(at - now) < _NOW:
        return "now"
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def absolute(at: dt.datetime, *, zone: ZoneInfo, seconds: bool | None = None) -> str:
    """``Mon 2026-11-23 09:00 CET``; with seconds where that is asked for, or, where nothing is said, where there are some."""
    local = at.astimezone(zone)
    shows_seconds = bool(local.second or local.microsecond) if seconds is None else seconds
    return f"{local:%a %Y-%m-%d %H:%M:%S %Z}" if shows_seconds else f"{local:%a %Y-%m-%d %H:%M %Z}"


def moment(at: dt.datetime, *, fire_at: dt.datetime, zone: ZoneInfo, now: dt.datetime) -> str:
    """How far away a fire is, or how late, and its fire time on the schedule's clock; in UTC for who asks."""
    away = late(now - at) if now - at >= PUNCTUAL else format_html("<strong>{}</strong>", relative(at, now=now))
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="quiet">{}</span></time>',
        at.isoformat(),
        f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC",
        together(away),
        absolute(fire_at, zone=zone),
    )


def late(by: dt.timedelta) -> str:
    """By how much something is late."""
    return format_html("{} {}", badge("late"), span(by))


def together(words: str) -> str:
    """On one line, however narrow a column is."""
    return format_html('<span style="white-space: nowrap">{}</span>', words)


def decision(fire: Fire) -> str:
    """What was decided of a fire time, why, and how late; the run leads to its page."""
    match FireState(fire.state):
        case FireState.FIRED:
            address = reverse("admin:jobs_run_change", args=[fire.run_id])
            link = format_html('→ <a href="{}">run {}</a>', address, fire.run_id)
            how = fire.detail or lateness(fire.decided_at - fire.fire_at)
            return format_html("{} {} {}", badge("fired"), together(how), link)
        case FireState.SKIPPED:
            return format_html("{} {}", badge("skipped"), fire.detail or REASONS[Reason(fire.reason)])
        case FireState.BUFFERED:
            return format_html("{} until its former run has ended", badge("buffered"))
        case FireState.WAITING:
            return format_html("{} for its time", badge("waiting"))


def caller(fire: Fire) -> str:
    """What called for a fire that the clock did not: a run's end, which leads to the run, or a backfill. Empty for the clock."""
    first, _, second = fire.cause.partition(":")
    if not second or first == "backfill":
        return fire.cause.replace(":", " ")
    address = reverse("admin:jobs_run_change", args=[second])
    return format_html('after <a href="{}">run {}</a>', address, second)
