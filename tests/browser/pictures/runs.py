"""The pages of runs."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.models import Attempt, Payload, Run, Workspace
from jobs.states import RunState
from tests.browser.pictures import Picture
from tests.browser.pictures.dashboard import a_day
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run, make_event, make_lane, make_log_line, make_run, requeue

PARTNERS = [{"kind": "noop", "name": f"partner-{letter}/{n}"} for n in range(8) for letter in "abcd"]


def _times(run: Run, *, failed: str) -> None:
    """Payloads that took their time, one after another in five lanes; those that failed with two attempts."""
    began = run.started_at
    assert began is not None
    for payload in Payload.objects.filter(run=run).exclude(state="queued"):
        start = began + dt.timedelta(seconds=payload.position // 5 * 1.3 + payload.position % 3 * 0.2)
        end = start + dt.timedelta(seconds=0.9 + payload.position % 4 * 0.2)
        error = {"message": failed, "code": "http_status"} if payload.state == "failed" else None
        Payload.objects.filter(run=run, position=payload.position).update(
            started_at=start, ended_at=end, error=error, attempts=2 if error else 1, kind="http", result={"status": 200}
        )
        for number in (1, 2) if error else ():
            at = start + dt.timedelta(seconds=(number - 1) * 1.6)
            Attempt.objects.create(
                run=run,
                position=payload.position,
                number=number,
                state="failed",
                error=error,
                worker="worker-1",
                started_at=at,
                ended_at=at + dt.timedelta(seconds=0.7),
            )


def a_failed_run(workspace: Workspace) -> Run:
    """And the one before it."""
    now = dt.datetime.now(dt.UTC)
    job = make_job(workspace, "task:check-partners")
    job.payload = PARTNERS
    for hours, states in ((2, "s" * 20 + "ffsss" + "s" * 7), (1, "s" * 20 + "fsfss" + "s" * 7)):
        at = now - dt.timedelta(hours=hours)
        run = make_ended_run(
            job,
            states,
            trigger="schedule",
            scheduled_for=at,
            created_at=at + dt.timedelta(seconds=0.2),
            started_at=at + dt.timedelta(seconds=0.4),
            ended_at=at + dt.timedelta(seconds=12),
            error={"message": "2 of 32 payloads failed"},
        )
        for position, each in enumerate(PARTNERS):
            Payload.objects.filter(run=run, position=position).update(name=each["name"])
        _times(run, failed="HTTP 503 Service Unavailable from partner-b")
        for level, words in (("info", "GET https://partner-a.example/status"), ("error", "HTTP 503 from partner-b")):
            line = make_log_line(run, 20, words)
            type(line).objects.filter(pk=line.pk).update(level=level)
        for kind in ("run.created", "run.running", "run.failed"):
            make_event(run, kind)
    return run


def a_run_at_work(workspace: Workspace) -> Run:
    """Half done."""
    now = dt.datetime.now(dt.UTC)
    job = make_job(workspace, "task:fetch-flights")
    began = now - dt.timedelta(seconds=12)
    run = make_run(
        job,
        "s" * 18 + "ff" + "q" * 12,
        created_at=began,
        started_at=began,
        trigger="api",
        actor="ada",
        comment="after the fix",
    )
    _times(run, failed="HTTP 503 Service Unavailable")
    lane = make_lane(run, 20, 23)
    type(lane).objects.filter(pk=lane.pk).update(leased_at=now, lease_expires_at=now + dt.timedelta(minutes=10))
    waiting = requeue(run, 25)
    type(waiting).objects.filter(pk=waiting.pk).update(due_at=now + dt.timedelta(seconds=4))
    return run


def _ended(tab: str) -> Picture:
    return Picture(
        f"run-{tab or 'payloads'}",
        prepare=lambda workspace: f"runs/{a_failed_run(workspace).pk}/{tab and tab + '/'}",
    )


def _terminate(page: Page) -> None:
    page.get_by_role("link", name="Terminate").click()
    page.get_by_role("button", name="Terminate").wait_for()


def _many(workspace: Workspace) -> None:
    a_day(workspace)
    a_failed_run(workspace)
    a_run_at_work(workspace)
    make_ended_run(make_job(workspace, "task:old"), "cc", state=RunState.CANCELLED)


PICTURES = [
    Picture("runs", "runs/", prepare=_many),
    Picture("runs-empty", "runs/"),
    Picture("run-at-work", prepare=lambda workspace: f"runs/{a_run_at_work(workspace).pk}/"),
    *(_ended(tab) for tab in ("", "log", "times", "result", "deliveries", "events", "compare")),
    Picture("run-payload", prepare=lambda workspace: f"runs/{a_failed_run(workspace).pk}/payloads/20/"),
    Picture(
        "run-terminate",
        prepare=lambda workspace: f"runs/{a_run_at_work(workspace).pk}/",
        act=_terminate,
    ),
]
