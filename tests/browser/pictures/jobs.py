"""The pages of jobs."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.documents.bulk import parse_bulk_on_jobs
from jobs.models import Job, Workspace
from jobs.services.bulk_each import act_on_jobs
from jobs.services.control import pause_job
from tests.browser.pictures import Picture
from tests.integration.datasources import make_datasource, parameters
from tests.integration.people import make_job
from tests.integration.run_rows import make_ended_run, make_run

PARTNERS = "Asks every partner whether it is there"
HTTP = [
    {"kind": "http", "name": f"partner-{letter}", "parameters": {"url": f"https://partner-{letter}.example/status"}}
    for letter in "abcde"
]


def some_jobs(workspace: Workspace) -> Job:
    """Jobs of each type that have run for a while; the one that calls partners is returned."""
    now = dt.datetime.now(dt.UTC)
    partners = make_job(
        workspace,
        "task:check-partners",
        description=PARTNERS,
        tags=["partners", "hourly"],
        payload=HTTP,
        schedules=[{"name": "hourly", "triggers": [{"type": "cron", "expression": "0 0 * * * ?"}]}],
        configuration={"retry": {"maximum_attempts": 5, "initial_interval": "10s", "backoff_coefficient": 2}},
    )
    cleanup = make_job(
        workspace,
        "task:delete-old-system-logs",
        description="Erases history that is older than 30 days",
        payload=[{"kind": "log_cleanup", "parameters": {"days": 30}}],
    )
    people = make_job(workspace, "task:make-people", description="Made-up people for the tests")
    make_job(workspace, "task:never-run", description="A draft of something")
    flights = make_job(
        workspace,
        "datasource:flights",
        description="Loads the day's flights into the warehouse",
        tags=["nightly"],
        payload=[{"kind": "datasource", "name": "flights", "parameters": parameters()}],
        schedules=[{"timezone": "Europe/Berlin", "triggers": [{"type": "cron", "expression": "0 30 2 * * ?"}]}],
    )
    metrics = make_job(
        workspace,
        "spark:daily-metrics",
        description="Sums the day up once the flights are there",
        tags=["nightly"],
        payload=[{"kind": "spark", "parameters": {"python": {"text": "print(1)"}}}],
        schedules=[{"triggers": [{"type": "job", "jobs": ["datasource:flights"], "results": ["succeeded"]}]}],
    )
    for n in range(40):
        at = now - dt.timedelta(minutes=4 + 20 * (40 - n))
        times = _times(at, seconds=12 + n % 7)
        make_ended_run(partners, "ssssf" if n in (9, 21, 22, 39) else "sssss", **times)
        make_ended_run(cleanup, "s", **times)
    for n in range(18):
        at = now - dt.timedelta(hours=3, days=18 - n)
        make_ended_run(flights, "s", **_times(at, seconds=41 + n % 5))
        make_ended_run(
            metrics, "f" if n == 6 else "s", **_times(at + dt.timedelta(minutes=1), seconds=190 + 7 * (n % 4))
        )
    make_run(people, "ssssssqqq", created_at=now - dt.timedelta(seconds=8), started_at=now - dt.timedelta(seconds=8))
    pause_job(job=cleanup, actor="ada", note="the disk is being replaced")
    return partners


def _times(at: dt.datetime, *, seconds: int) -> dict[str, dt.datetime]:
    return {"created_at": at, "started_at": at, "ended_at": at + dt.timedelta(seconds=seconds)}


def _jobs(workspace: Workspace) -> None:
    some_jobs(workspace)


def _loads(workspace: Workspace) -> None:
    make_datasource(workspace)


def _bulk(workspace: Workspace) -> str:
    some_jobs(workspace)
    asked = parse_bulk_on_jobs(
        {"action": "pause", "keys": ["task:check-partners", "task:never-run"], "note": "stocktaking"}
    )
    action = act_on_jobs(workspace=workspace, asked=asked, actor="ada")
    return f"jobs/bulk/{action.pk}/"


def _tick(page: Page) -> None:
    page.get_by_label("Choose all of this page").check()
    page.get_by_role("button", name="Pause …", exact=True).click()
    page.get_by_role("dialog").get_by_label("Note").wait_for()


def _wrong(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("check-partners")
    page.get_by_label("url*").fill("ftp://partner")
    page.get_by_label("First wait").fill("soon")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".field.wrong").first.wait_for()


PICTURES = [
    Picture("jobs-bulk-dialog", "jobs/", prepare=_jobs, act=_tick),
    Picture("jobs-bulk", prepare=_bulk),
    Picture("datasources", "datasources/", prepare=_loads),
    Picture("datasource", "jobs/datasource:flights/", prepare=_loads),
    Picture("datasource-edit", "jobs/datasource:flights/edit/", prepare=_loads),
    Picture("jobs", "jobs/", prepare=_jobs),
    Picture("jobs-empty", "jobs/"),
    Picture("datasources-empty", "datasources/"),
    Picture("job", "jobs/task:check-partners/", prepare=_jobs),
    Picture("job-paused", "jobs/task:delete-old-system-logs/", prepare=_jobs),
    Picture("job-add", "jobs/new/"),
    *(
        Picture(f"job-add-{kind}", f"jobs/new/{kind}/")
        for kind in ("http", "generate", "log_cleanup", "spark", "datasource")
    ),
    Picture("job-edit", "jobs/task:check-partners/edit/", prepare=_jobs),
    Picture(
        "job-run",
        "jobs/",
        prepare=_jobs,
        act=lambda page: page.get_by_role("link", name="Run").last.click(),
    ),
]
