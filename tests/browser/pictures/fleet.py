"""The pages of workers."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page

from jobs.models import WorkerProcess, Workspace
from tests.browser.pictures import Picture
from tests.browser.pictures.runs import PARTNERS
from tests.integration.people import make_job, make_workspace
from tests.integration.processes import hold, make_process
from tests.integration.run_rows import make_run

ALL = ["datasource", "default", "http", "sinks", "spark"]


def a_fleet(workspace: Workspace) -> WorkerProcess:
    """Three workers and a beat: one at work, one that drains, one that is silent. The first is returned."""
    now = dt.datetime.now(dt.UTC)
    job = make_job(workspace, "task:check-partners", payload=[{**each, "kind": "noop"} for each in PARTNERS])
    flights = make_job(workspace, "task:fetch-flights")
    busy = make_process("rack-1:4121", ago=0, queues=ALL, memory_bytes=412_000_000)
    make_process(
        "rack-1:4122", ago=1, kind="beat", node="beat@rack-1", queues=[], slots=0, pool="", memory_bytes=96_000_000
    )
    make_process("rack-2:88", ago=0, queues=ALL, draining_since=now - dt.timedelta(minutes=3), draining_by="ada")
    make_process("rack-3:512", ago=90, queues=["spark"], pool="prefork", slots=4, memory_bytes=2_100_000_000)
    run = make_run(job, "q" * len(PARTNERS))
    for position, each in enumerate(PARTNERS):
        run.payloads.filter(position=position).update(name=each["name"])
    for slot in range(3):
        hold(run, busy.name, slot=slot, low=slot * 4, high=slot * 4 + 4, ends_in=600)
    for _ in range(4):
        hold(make_run(flights, "qqq"), busy.name, ends_in=600)
    hold(make_run(flights, "q"), "rack-2:88", high=1, ends_in=600)
    hold(make_run(make_job(make_workspace("globex"), "task:theirs"), "qq"), busy.name, ends_in=600)
    return busy


def _fleet(workspace: Workspace) -> None:
    a_fleet(workspace)


def _drain(page: Page) -> None:
    page.get_by_role("link", name="Drain").first.click()
    page.get_by_role("dialog").get_by_text("takes nothing new").wait_for()


PICTURES = [
    Picture("workers", "workers/", prepare=_fleet, root=True),
    Picture("workers-empty", "workers/"),
    Picture("worker", prepare=lambda workspace: f"workers/{a_fleet(workspace).pk}/"),
    Picture("worker-drain", prepare=lambda workspace: f"workers/{a_fleet(workspace).pk}/", root=True, act=_drain),
]
