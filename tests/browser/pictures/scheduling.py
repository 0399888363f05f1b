"""The Scheduler's pages."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.models import Run, Workspace
from scheduler.models import Fire, Schedule
from scheduler.services.backfills import create_backfill
from scheduler.services.controls import pause_schedule, skip_next
from scheduler.states import FireState, Reason
from tests.browser.pictures import Picture
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run, make_run

BERLIN = {"timezone": "Europe/Berlin"}


def some_schedules(workspace: Workspace) -> None:
    """Of each kind one, with what was decided in the last day, a chain, a pause, and one that is late."""
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    for key, schedule in _SCHEDULES.items():
        make_job(workspace, key, schedules=[schedule])
    Schedule.objects.update(anchor_at=now - dt.timedelta(days=40), created_at=now - dt.timedelta(days=40))
    quakes, flights, partners = (_of(key) for key in ("task:earthquakes", "task:flights", "task:check-partners"))
    for hour in range(26):
        _decided(quakes, now - dt.timedelta(hours=hour), seconds=70 + 13 * (hour % 4), states="s")
        at = now - dt.timedelta(hours=hour + 1, minutes=-20)
        _decided(partners, at, seconds=1500 + 1300 * (hour % 4), states="sf" if hour % 7 == 3 else "s")
    for hours in (2, 9, 16):
        at = now - dt.timedelta(hours=hours)
        why = {"reason": Reason.OVERLAP, "detail": "its former run had not ended"}
        Fire.objects.create(schedule=flights, fire_at=at, decided_at=at, state=FireState.SKIPPED, **why)
    skip_next(schedule=quakes, actor="ann", note="no data today")
    pause_schedule(schedule=_of("task:weekly-rollup"), actor="ann", note="the cluster is being moved")
    late = now - dt.timedelta(minutes=4)
    Schedule.objects.filter(job__name="partner-calls").update(next_fire_at=late, next_run_at=late)


_SCHEDULES = {
    "task:earthquakes": BERLIN | {"triggers": [{"type": "cron", "expression": "0 0 * * * ?"}]},
    "task:flights": BERLIN
    | {
        "triggers": [{"type": "cron", "expression": "*/20 6-22 * * *"}, {"type": "once", "at": "2090-01-01T00:00"}],
        "exclusions": [{"kind": "weekly", "from": "Saturday 22:00", "to": "Sunday 06:00", "comment": "maintenance"}],
        "overlap": "buffer_one",
    },
    "task:daily-metrics": {"triggers": [{"type": "job", "jobs": ["task:flights", "task:earthquakes"], "of": "all"}]},
    "task:publish-report": {"triggers": [{"type": "job", "jobs": ["task:daily-metrics"], "results": ["succeeded"]}]},
    "task:tell-somebody": {
        "triggers": [{"type": "job", "jobs": ["task:daily-metrics"], "results": ["failed", "cancelled"]}]
    },
    "task:month-end": BERLIN | {"triggers": [{"type": "cron", "expression": "0 30 2 LW * ?"}], "notes": "The books."},
    "task:weekly-rollup": {
        "triggers": [{"type": "frequency", "frequency": "weekly", "start_date": "2026-01-05T08:00"}]
    },
    "task:check-partners": {"triggers": [{"type": "every", "every": "1h", "offset": "20m"}], "overlap": "allow_all"},
    "task:partner-calls": {"triggers": [{"type": "random", "minimum": "2h", "maximum": "5h"}], "jitter": "5m"},
    "task:backups": BERLIN
    | {
        "triggers": [
            {"type": "calendar", "calendars": [{"hour": [1, 13], "dayOfWeek": {"start": "MONDAY", "end": "FRIDAY"}}]}
        ]
    },
}


def _of(key: str) -> Schedule:
    job_type, _, name = key.partition(":")
    return Schedule.objects.select_related("job", "workspace").get(job__type=job_type, job__name=name)


def _decided(schedule: Schedule, at: dt.datetime, *, seconds: float, states: str) -> Run:
    ended = at + dt.timedelta(seconds=seconds)
    times = {"created_at": at, "started_at": at, "scheduled_for": at, "schedule_id": schedule.pk, "trigger": "schedule"}
    going = ended > dt.datetime.now(dt.UTC)
    run = (
        make_run(schedule.job, "q", **times) if going else make_ended_run(schedule.job, states, ended_at=ended, **times)
    )
    decided = at + dt.timedelta(milliseconds=220)
    Fire.objects.create(schedule=schedule, fire_at=at, decided_at=decided, state=FireState.FIRED, run_id=run.pk)
    return run


def _page(key: str, rest: str = "") -> str:
    return f"schedules/{_of(key).pk}/{rest}"


def _one(workspace: Workspace) -> str:
    some_schedules(workspace)
    return _page("task:flights")


def _edited(workspace: Workspace) -> str:
    some_schedules(workspace)
    return _page("task:flights", "edit/")


def _new(workspace: Workspace) -> str:
    some_schedules(workspace)
    return "schedules/new/?job=task:month-end"


def _typed(page: Page) -> None:
    page.get_by_label("Expression").fill("0 30 2 * * ?")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_text("does not exist in Europe/Berlin").wait_for()


def _typed_wrong(page: Page) -> None:
    page.get_by_label("Expression").fill("0 0 9 * * MON")
    page.locator(".field .error", has_text="exactly one of day of month").wait_for()


def _asked(page: Page) -> None:
    page.get_by_role("link", name="why?").first.click()
    page.get_by_role("dialog").get_by_text("its former run").or_(
        page.get_by_role("dialog").get_by_text("fired")
    ).first.wait_for()


def _pausing(page: Page) -> None:
    page.get_by_role("link", name="Pause").click()
    page.get_by_label("Note").wait_for()


def _mapped(page: Page) -> None:
    page.locator("#heat table").wait_for()


def _planned(workspace: Workspace) -> str:
    some_schedules(workspace)
    return _page("task:earthquakes", "backfill/")


def _plan(page: Page) -> None:
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).date().isoformat()
    page.locator("#id_start").fill(day)
    page.locator("#id_end").fill(day)
    page.get_by_role("button", name="Show what it would run").click()
    page.get_by_role("button", name="Begin").wait_for()


def _backfilling(workspace: Workspace) -> str:
    some_schedules(workspace)
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=3)).date().isoformat()
    begun = create_backfill(schedule=_of("task:earthquakes"), start=day, end=day, actor="ann", note="lost data")
    return f"schedules/backfills/{begun.pk}/"


def _with_backfill(workspace: Workspace) -> None:
    _backfilling(workspace)


PICTURES = [
    Picture("scheduler", "schedules/", some_schedules),
    Picture("scheduler-empty", "schedules/"),
    Picture("scheduler-why", "schedules/", some_schedules, _asked),
    Picture("schedule", prepare=_one),
    Picture("schedule-pause", prepare=_one, act=_pausing),
    Picture("schedule-new", prepare=_new, act=_typed),
    Picture("schedule-wrong", prepare=_new, act=_typed_wrong),
    Picture("schedule-edit", prepare=_edited),
    Picture("scheduler-calendar", "schedules/calendar/", some_schedules),
    Picture("scheduler-week", "schedules/calendar/?span=week", some_schedules),
    Picture("scheduler-day", "schedules/calendar/?span=day", some_schedules),
    Picture("scheduler-timeline", "schedules/timeline/", some_schedules),
    Picture("scheduler-load", "schedules/load/", some_schedules, _mapped),
    Picture("scheduler-chains", "schedules/chains/", some_schedules),
    Picture("scheduler-chains-empty", "schedules/chains/"),
    Picture("backfill-plan", prepare=_planned, act=_plan),
    Picture("backfill", prepare=_backfilling),
    Picture("backfills", "schedules/backfills/", _with_backfill),
]
