"""What is going on in a workspace."""

from __future__ import annotations

import pytest

from jobs.models import Job, Workspace
from jobs.selectors.metrics import standing
from jobs.selectors.metrics.standing import Standing, Worker
from tests.integration.metrics.ended import HOUR, NOON, SECOND, end_run
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import NOW, make_event, make_lane, make_run

pytestmark = pytest.mark.django_db


def test_runs_are_told_apart_by_what_they_do(workspace: Workspace, job: Job) -> None:
    for state in ("running", "running", "pausing", "cancelling", "resuming"):
        make_run(job, "q", state=state)
    make_run(job, "q", state="paused", wake_at=None)
    make_run(job, "q", state="pending", created_at=NOON)
    make_run(job, "q", state="pending", created_at=NOON + HOUR, admitted=False)
    end_run(job)
    make_run(make_job(make_workspace("other")), "q")
    assert standing.standing(workspace=workspace) == Standing(4, 2, 2, NOON)


def test_who_waited_longest_comes_first(workspace: Workspace, job: Job) -> None:
    first, second, _ = (make_run(job, "q", state="pending", started_at=None) for _ in range(3))
    make_run(job, "q")
    assert standing.longest_queued(workspace=workspace, limit=2) == [first, second]


def test_who_has_run_longest_comes_first(workspace: Workspace, job: Job) -> None:
    later, earlier = make_run(job, "q", started_at=NOW), make_run(job, "q", started_at=NOW - SECOND)
    make_run(job, "q", state="pending", started_at=None)
    end_run(job)
    assert standing.longest_running(workspace=workspace, limit=5) == [earlier, later]


def test_workers_are_told_with_what_they_hold(workspace: Workspace, job: Job) -> None:
    run, strict = make_run(job, "qqqqqq"), make_run(job, "qqqqqq", strict=True)
    make_lane(run, 0, 2)
    make_lane(run, 2, 5, slot=1)
    make_lane(strict, 0, 4)
    make_lane(make_run(make_job(make_workspace("other")), "q"), 0, 1)
    found = standing.workers(workspace=workspace, now=NOW - SECOND)
    assert found == [Worker("w1", lanes=3, runs=2, payloads=6, since=NOW)]
    assert standing.workers(workspace=workspace, now=NOW) == []  # their leases are over: they are lost


def test_the_last_failures_come_newest_first(workspace: Workspace, job: Job) -> None:
    first, second = end_run(job, "f"), end_run(job, "f", at=NOON + HOUR)
    end_run(job)
    end_run(make_job(make_workspace("other")), "f")
    assert standing.last_failures(workspace=workspace, limit=5) == [second, first]
    assert standing.last_failures(workspace=workspace, limit=1) == [second]


def test_events_are_paged_by_their_ids(workspace: Workspace, job: Job) -> None:
    run = end_run(job)
    events = [make_event(run, f"run.{n}") for n in range(3)]
    newest, *rest = standing.recent_events(workspace=workspace, limit=5)[:3]
    assert newest == events[2]
    assert standing.recent_events(workspace=workspace, limit=1, before=newest.pk) == [events[1]]
    assert rest == [events[1], events[0]]
