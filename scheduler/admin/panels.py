"""What stands beside a schedule's own row on its page: what happens next, what was decided, and the answer to "why"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html

from jobs.admin.badges import badge
from jobs.errors import NotFoundError, ValidationError
from jobs.models import Run
from scheduler.admin.schedule_form import read, told
from scheduler.admin.words import PUNCTUAL, absolute, caller, decision, relative
from scheduler.models import Fire
from scheduler.selectors.beats import beat_lives
from scheduler.selectors.explanations import explain
from scheduler.selectors.previews import Preview, preview, preview_document
from scheduler.selectors.schedules import ScheduleView, list_fires

UPCOMING = 10
DECISIONS = 25

Context = dict[str, Any]


def of_schedule(view: ScheduleView, *, asked: Mapping[str, str], now: dt.datetime) -> Context:
    """All of it for one schedule's page.

    Args:
        view: The schedule.
        asked: What the address says: ``at``, the time that somebody asks about; ``before``, the last decision of a page.
        now: Aware UTC.
    """
    late = view.late is not None and view.late >= PUNCTUAL
    return {
        **_upcoming_of(view, now),
        **_decisions(view, asked.get("before", "")),
        **_answer(view, asked.get("at", ""), now),
        "no_beat": late and not beat_lives(),
        "zone": view.zone,
    }


def of_text(text: str, *, now: dt.datetime) -> Context:
    """What a definition that was typed would do, or what is wrong with it."""
    try:
        return _shown(preview_document(document=read(text), now=now, count=UPCOMING), now)
    except ValidationError as error:
        return {"unreadable": told(error.errors, text).messages}


def _upcoming_of(view: ScheduleView, now: dt.datetime) -> Context:
    try:
        return _shown(preview(schedule=view.schedule, now=now, count=UPCOMING), now)
    except ValidationError as error:
        return {"unreadable": [str(error)]}


def _shown(found: Preview, now: dt.datetime) -> Context:
    zone = ZoneInfo(found.timezone)
    seconds = any(each.fire_at.second or each.fire_at.microsecond for each in found.times)
    return {
        "preview": found,
        "zone": zone,
        "times": [
            {
                "relative": relative(each.run_at, now=now),
                "local": absolute(each.fire_at, zone=zone, seconds=seconds),
                "utc": absolute(each.fire_at, zone=ZoneInfo("UTC"), seconds=seconds),
                "jitter": each.run_at - each.fire_at,
                "skipped": each.skipped,
            }
            for each in found.times
        ],
    }


def _decisions(view: ScheduleView, before: str) -> Context:
    after = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    try:
        fires = list_fires(schedule=view.schedule, limit=DECISIONS + 1, after=after)
    except NotFoundError:
        fires = []
    shown = fires[:DECISIONS]
    return {
        "decisions": _rows(shown, view.zone),
        "older": shown[-1].pk if len(fires) > DECISIONS else None,
        "paged": after is not None,
    }


def _rows(fires: list[Fire], zone: ZoneInfo) -> list[Context]:
    """The decisions, and what became of the runs."""
    ids = [fire.run_id for fire in fires if fire.run_id is not None]
    seconds = any(fire.fire_at.second or fire.fire_at.microsecond for fire in fires)
    states = dict(Run.objects.filter(pk__in=ids).values_list("pk", "state"))
    return [
        {
            "fire": fire,
            "local": absolute(fire.fire_at, zone=zone, seconds=seconds),
            "decision": decision(fire),
            "caller": caller(fire),
            "run": badge(states[fire.run_id]) if fire.run_id in states else _gone(fire),
        }
        for fire in fires
    ]


def _gone(fire: Fire) -> str:
    return "" if fire.run_id is None else format_html('<span class="quiet">{}</span>', "erased")


def _answer(view: ScheduleView, at: str, now: dt.datetime) -> Context:
    """The answer to a question, if one was asked."""
    if not at.strip():
        return {}
    try:
        return {"at": at, "answer": explain(schedule=view.schedule, at=at.strip(), now=now)}
    except ValidationError as error:
        return {"at": at, "at_error": "; ".join(each.message for each in error.errors)}
