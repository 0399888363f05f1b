"""Applies at the same time, and applies while others edit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from jobs.errors import JobsError
from jobs.models import Event, Job, Origin, Workspace
from jobs.services.jobs import save_job
from manifests.loading import load
from manifests.plans import Plan
from manifests.services import applying
from sinks.services import ruling
from sinks.services.naming import save_sink
from tests.integration.manifests.files import EVERYTHING, write
from tests.integration.people import make_job, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)

LOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def apply(workspace: Workspace, *sources: Path | str, **options: Any) -> Plan:
    asked = {"source": "files", "prune": False, "actor": "test", **options}
    return applying.apply(workspace=workspace, wanted=load(*sources).wanted, **asked)


@contextmanager
def threads() -> Iterator[Callable[..., Future[Any]]]:
    """Start calls in threads; each closes its connection."""

    def closing(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        yield lambda call: pool.submit(closing, call)


def wait_for_a_waiter() -> None:
    """Until somebody waits for a lock."""
    until = threading.Event()
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute(LOCKED)
            if cursor.fetchone() != (0,):
                return
            until.wait(0.01)
    raise AssertionError("nobody waits")


def test_of_two_who_apply_the_same_the_second_finds_nothing_to_do() -> None:
    workspace = make_workspace()
    with threads() as start:
        with transaction.atomic():
            Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
            both = [start(lambda: apply(workspace, EVERYTHING)) for _ in range(2)]
            wait_for_a_waiter()
        plans = [future.result(60) for future in both]
    counts = sorted((plan.counts["create"], plan.counts["unchanged"]) for plan in plans)
    assert counts == [(0, 6), (6, 0)]
    assert set(Job.objects.values_list("version", flat=True)) == {1}
    assert Event.objects.filter(kind="job.created").count() == 3
    assert Origin.objects.count() == 6


def test_of_two_who_apply_other_files_both_are_applied_without_waiting_in_a_circle() -> None:
    workspace = make_workspace()
    apply(workspace, EVERYTHING)
    limited = "configuration: {concurrency_group: partner.example.org}"
    named = f"{{key: task:n%d, payload: [{{kind: noop}}], sinks: [{{sink: lake}}], {limited}}}"
    with threads() as start:
        with transaction.atomic():
            Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
            both = [start(lambda at=at: apply(workspace, named % at, source=f"s{at}")) for at in range(2)]
            wait_for_a_waiter()
        assert [future.result(60).counts["create"] for future in both] == [1, 1]


def test_one_that_waits_for_an_editor_sees_what_was_edited() -> None:
    """The editor has the locks that saving a job takes; the apply begins meanwhile, and its plan is of what is there then."""
    workspace = make_workspace()
    make_job(workspace, "task:before", description="first")
    digest = applying.plan(
        workspace=workspace, wanted=load(EVERYTHING).wanted, source="files", prune=False, actor="test"
    ).digest
    with threads() as start:
        with transaction.atomic():
            ruling.before_job(workspace.pk, (), ())
            make_job(workspace, "task:before", description="second")
            waiting = start(lambda: apply(workspace, EVERYTHING, expect=digest))
            wait_for_a_waiter()
        with pytest.raises(applying.PlanChangedError, match="not the plan that was reviewed"):
            waiting.result(60)
    assert Job.objects.get().description == "second"
    assert not Origin.objects.exists()


def test_an_editor_that_waits_for_an_apply_is_refused_what_is_kept_in_a_file_by_then() -> None:
    workspace = make_workspace()
    make_job(workspace, "task:before")
    with threads() as start:
        with transaction.atomic():
            apply(workspace, EVERYTHING)
            editing = start(lambda: make_job(workspace, "task:before", description="by hand"))
            wait_for_a_waiter()
        with pytest.raises(JobsError, match="kept in the file text"):
            editing.result(60)
    assert Job.objects.get(name="before").description == ""


def test_many_who_edit_and_apply_at_once_come_to_an_end_and_nothing_is_half_done(tmp_path: Path) -> None:
    """Each job's document is always one that somebody wrote as a whole, and no lock is waited for in a circle."""
    workspace = make_workspace()
    first = write(tmp_path, "a.yaml", EVERYTHING)
    second = write(tmp_path, "b.yaml", EVERYTHING.replace("maximum_attempts: 4", "maximum_attempts: 7"))
    apply(workspace, first)
    for number in range(2):
        make_job(workspace, f"task:mine{number}")
        save_sink(workspace=workspace, document={"name": f"s{number}", "kind": "log"}, actor="editor")

    def edit(number: int) -> None:
        document = {"key": f"task:mine{number % 2}", "payload": [{"kind": "noop"}], "sinks": [{"sink": "lake"}]}
        waits = [{"triggers": [{"type": "job", "jobs": ["task:after"]}]}] if number % 3 else []
        save_job(workspace=workspace, document={**document, "schedules": waits}, actor="editor")
        save_sink(
            workspace=workspace,
            document={"name": f"s{number % 2}", "kind": "log", "description": str(number)},
            actor="editor",
        )

    with threads() as start:
        running = [start(lambda at=at: apply(workspace, (first, second)[at % 2])) for at in range(6)]
        running += [start(lambda at=at: edit(at)) for at in range(12)]
        for future in running:
            future.result(100)
    attempts = {
        job.configuration["retry"]["maximum_attempts"] for job in Job.objects.filter(name__in=["after", "before"])
    }
    assert len(attempts) == 1
    assert Job.objects.filter(name__startswith="mine").count() == 2
