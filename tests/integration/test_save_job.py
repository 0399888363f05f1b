"""Two writers at once: one of them wins, and the other one is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from jobs.errors import ConflictError, NotFoundError
from jobs.models import Event, Job, Run, Workspace
from jobs.services.jobs import MUST_BE_NEW, delete_job, save_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.people import make_job, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """What each action returned or raised, all begun at the same moment on connections of their own."""
    together = threading.Barrier(len(actions))
    outcomes: list[Any] = [None] * len(actions)

    def act(index: int) -> None:
        together.wait(timeout=10)
        try:
            outcomes[index] = actions[index]()
        except (ConflictError, NotFoundError) as error:
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[index]) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def save(workspace: Workspace, text: str, expected: int | None) -> Callable[[], Job]:
    document = {"key": "task:ping", "payload": [{"kind": "noop"}], "description": text}
    return lambda: save_job(workspace=workspace, document=document, actor=text, expected_version=expected)


def test_of_many_who_saw_the_same_version_one_writes(workspace: Workspace) -> None:
    make_job(workspace)
    outcomes = at_once(*(save(workspace, f"writer {number}", 1) for number in range(6)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Job)]
    assert len(winners) == 1
    job = Job.objects.get()
    assert (job.version, job.description) == (2, winners[0].description)
    assert Event.objects.filter(kind="job.updated").count() == 1


def test_of_many_who_create_the_same_job_one_does(workspace: Workspace) -> None:
    outcomes = at_once(*(save(workspace, f"writer {number}", MUST_BE_NEW) for number in range(6)))
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
    assert (Job.objects.count(), Event.objects.count()) == (1, 1)


def test_without_an_expected_version_every_change_is_counted(workspace: Workspace) -> None:
    make_job(workspace)
    outcomes = at_once(*(save(workspace, f"writer {number}", None) for number in range(6)))
    assert all(isinstance(outcome, Job) for outcome in outcomes)
    assert Job.objects.get().version == 7


def test_a_deletion_waits_for_a_start_that_is_under_way_and_is_then_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.dispatch.publish_started", lambda runs: None)  # No worker of this test takes messages.
    job = make_job(workspace)
    outcomes: list[Any] = []
    with transaction.atomic():
        start_run(job=job, trigger=Trigger.API)
        deleting = threading.Thread(target=lambda: outcomes.extend(at_once(lambda: delete_job(job=job, actor="eve"))))
        deleting.start()
        deleting.join(timeout=0.3)
        assert deleting.is_alive()
    deleting.join(timeout=30)
    assert isinstance(outcomes[0], ConflictError)
    assert Run.objects.get().job == job
