"""Concurrency groups, and what a job's row derives from its configuration."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, transaction

from jobs.errors import ConflictError, ValidationError
from jobs.models import ConcurrencyGroup, Event, Job, Rate, Run, Workspace
from jobs.selectors.runs import get_run
from jobs.services.groups import delete_group, save_group
from jobs.services.jobs import delete_job
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run
from tests.integration.test_save_job import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def group(workspace: Workspace, name: str = "api", limit: int | None = 3, rate: object = None) -> ConcurrencyGroup:
    return save_group(workspace=workspace, name=name, limit=limit, rate=rate, actor="ada")


class TestSaving:
    def test_its_limit_and_rate_are_kept_and_the_interval_follows(self, workspace: Workspace) -> None:
        group(workspace, rate={"count": 4, "period": "1s"})
        row = ConcurrencyGroup.objects.get()
        assert (row.name, row.limit, row.rate, row.rate_interval_ms) == ("api", 3, {"count": 4, "period": "1s"}, 250)
        event = Event.objects.get()
        assert (event.kind, event.actor, event.data["group"], event.data["limit"]) == ("group.saved", "ada", "api", 3)

    def test_saving_it_again_replaces_its_limits(self, workspace: Workspace) -> None:
        first = group(workspace, rate={"count": 4, "period": "1s"})
        group(workspace, limit=None)
        row = ConcurrencyGroup.objects.get()
        assert (row.pk, row.limit, row.rate, row.rate_interval_ms) == (first.pk, None, None, None)

    def test_saving_the_same_says_nothing(self, workspace: Workspace) -> None:
        group(workspace, rate={"count": 4, "period": "1s"})
        group(workspace, rate={"count": 4, "period": "1s"})
        assert Event.objects.count() == 1

    def test_of_many_who_create_it_all_get_the_same(self, workspace: Workspace) -> None:
        found = at_once(*[lambda: group(workspace).pk] * 6)
        assert set(found) == {ConcurrencyGroup.objects.get().pk}

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": "a b"}, "name"),
            ({"limit": 0}, "limit"),
            ({"limit": "3"}, "limit"),
            ({"limit": 10_001}, "limit"),
            ({"rate": {"count": 0, "period": "1s"}}, "rate.count"),
            ({"rate": "fast"}, "rate"),
        ],
    )
    def test_what_is_wrong_is_refused_with_its_field(
        self, workspace: Workspace, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            group(workspace, **change)
        assert [error.field for error in refused.value.errors] == [field]
        assert not ConcurrencyGroup.objects.exists()


def end(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state="cancelled", ended_at=run.created_at, wake_at=None)


def version_of(run: Run) -> str:
    """Another one after each time that the run's row was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text || xmin::text FROM jobs_run WHERE id = %s", [run.pk])
        return str(cursor.fetchone()[0])


class TestDeleting:
    def test_nothing_is_left_of_it(self, workspace: Workspace) -> None:
        row = group(workspace)
        Rate.objects.create(key=f"group:{row.pk}", next_at=dt.datetime.now(dt.UTC))
        Rate.objects.create(key=f"group:{row.pk + 1}", next_at=dt.datetime.now(dt.UTC))
        delete_group(group=row, actor="ada")
        assert not ConcurrencyGroup.objects.exists()
        assert [rate.key for rate in Rate.objects.all()] == [f"group:{row.pk + 1}"]
        assert Event.objects.filter(kind="group.deleted", actor="ada").count() == 1

    def test_one_that_jobs_name_stays(self, workspace: Workspace) -> None:
        row = group(workspace)
        make_job(workspace, configuration={"concurrency_group": "api"})
        with pytest.raises(ConflictError, match="used by task:ping"):
            delete_group(group=row, actor="ada")
        assert ConcurrencyGroup.objects.exists()

    def test_one_that_an_active_run_counts_against_stays_and_an_ended_one_lets_it_go(
        self, workspace: Workspace
    ) -> None:
        row = group(workspace)
        run = make_run(make_job(workspace), "q", group=row)
        with pytest.raises(ConflictError, match="1 active run"):
            delete_group(group=row, actor="ada")
        end(run)
        delete_group(group=row, actor="ada")
        assert not ConcurrencyGroup.objects.exists()

    def test_runs_that_have_ended_are_not_written_and_show_none(self, workspace: Workspace) -> None:
        """There may be millions of them."""
        row = group(workspace)
        run = make_run(make_job(workspace), "q", group=row)
        end(run)
        before = version_of(run)
        delete_group(group=row, actor="ada")
        assert version_of(run) == before
        assert get_run(workspace=workspace, run_id=run.pk).run.group is None

    def test_a_job_that_is_being_saved_with_it_is_waited_for(self, workspace: Workspace) -> None:
        row = group(workspace)
        with transaction.atomic():
            make_job(workspace, configuration={"concurrency_group": "api"})
            deleting = in_background(lambda: delete_group(group=row, actor="eve"))
        assert isinstance(deleting(), ConflictError)
        assert Job.objects.get().group_id == row.pk


class TestWhatAJobDerives:
    def test_the_limits_of_its_configuration(self, workspace: Workspace) -> None:
        row = group(workspace)
        job = make_job(
            workspace,
            configuration={
                "concurrency_group": "api",
                "max_concurrent_runs": 2,
                "rate_limit": {"count": 3, "period": "1m"},
                "start_timeout": "5m",
                "run_timeout": "1.5h",
            },
        )
        job.refresh_from_db()
        assert (job.group_id, job.max_runs, job.rate_interval_ms) == (row.pk, 2, 20_000)
        assert (job.start_timeout, job.run_timeout) == (dt.timedelta(minutes=5), dt.timedelta(hours=1.5))

    def test_nothing_where_it_says_nothing_also_when_it_did_before(self, workspace: Workspace) -> None:
        group(workspace)
        make_job(workspace, configuration={"concurrency_group": "api", "max_concurrent_runs": 2, "run_timeout": 5})
        job = make_job(workspace)
        job.refresh_from_db()
        assert (job.version, job.group_id, job.max_runs, job.rate_interval_ms) == (2, None, None, None)
        assert (job.start_timeout, job.run_timeout) == (None, None)

    def test_saving_the_same_again_changes_nothing(self, workspace: Workspace) -> None:
        group(workspace)
        parts = {"concurrency_group": "api", "rate_limit": {"count": 7, "period": "1s"}, "run_timeout": "1.3ms"}
        make_job(workspace, configuration=parts)
        assert make_job(workspace, configuration=parts).version == 1

    def test_a_group_that_is_not_there_is_refused_and_those_that_are_there_are_told(self, workspace: Workspace) -> None:
        group(make_workspace("other"), "there")
        group(workspace, "here")
        with pytest.raises(ValidationError) as refused:
            make_job(workspace, configuration={"concurrency_group": "there"})
        [error] = refused.value.errors
        assert error.field == "configuration.concurrency_group"
        assert "there are: here" in error.message
        assert not Job.objects.exists()

    def test_the_time_of_its_next_payload_goes_with_the_job(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        Rate.objects.create(key=f"job:{job.pk}", next_at=dt.datetime.now(dt.UTC))
        delete_job(job=job, actor="ada")
        assert not Rate.objects.exists()

    def test_more_room_for_runs_admits_those_that_wait(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        admitted: list[list[int]] = []
        monkeypatch.setattr("jobs.services.admission.admit", lambda *, job_ids: admitted.append(job_ids))
        job = make_job(workspace, configuration={"max_concurrent_runs": 1})
        make_job(workspace, configuration={"max_concurrent_runs": 1}, description="new words")
        assert admitted == []
        make_job(workspace, configuration={"max_concurrent_runs": 2})
        make_job(workspace)
        assert admitted == [[job.pk], [job.pk]]


def in_background(action: Any) -> Any:
    """Begin in a thread and wait until it waits itself; call what is returned for the outcome, once it may go on."""
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.extend(at_once(action)))
    thread.start()
    thread.join(timeout=0.3)
    assert thread.is_alive()

    def outcome() -> Any:
        thread.join(timeout=30)
        return outcomes[0]

    return outcome
