"""A run beside the one before it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Role, Run
from jobs.selectors.comparing import compare, failed_payloads, run_before
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_attempt, make_ended_run, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(make_workspace(), payloads=4)


def failing(job: Job, states: str, **columns: object) -> Run:
    """A run whose failed payloads have the attempt that the engine would have written."""
    run = make_ended_run(job, states, **columns)
    for position, letter in enumerate(states):
        if letter == "f":
            make_attempt(run, position, 1)
    return run


class TestRunBefore:
    def test_it_is_the_newest_that_has_ended_and_executed_something(self, job: Job) -> None:
        failing(job, "ss")
        before = failing(job, "sf")
        failing(job, "sf", trigger="replay")
        make_run(job, "q")
        run = failing(job, "ss")
        assert run_before(run=run) == before.pk

    def test_the_first_has_none(self, job: Job) -> None:
        assert run_before(run=failing(job, "s")) is None

    def test_another_jobs_run_is_none(self, job: Job) -> None:
        failing(make_job(job.workspace, "task:other"), "s")
        assert run_before(run=failing(job, "s")) is None


class TestCompare:
    def test_payloads_are_told_apart_by_whether_they_failed_then_now_or_both_times(self, job: Job) -> None:
        before, run = failing(job, "ffss"), failing(job, "fsfs")
        found = compare(run=run, before_id=before.pk)
        assert found is not None
        told = [[each.position for each in part] for part in (found.newly, found.still, found.no_longer)]
        assert told == [[2], [0], [1]]
        assert not found.cut

    def test_the_changed_parts_of_the_definition_are_named(self, job: Job) -> None:
        before = failing(job, "s", snapshot={"configuration": {"retry": 1, "timeout": 2}, "tags": ["a"], "version": 1})
        run = failing(job, "s", snapshot={"configuration": {"retry": 3, "timeout": 2}, "tags": ["a"], "version": 2})
        found = compare(run=run, before_id=before.pk)
        assert found is not None
        assert found.changed == ["configuration.retry", "version"]

    def test_a_run_of_another_workspace_is_not_compared(self, job: Job) -> None:
        other = failing(make_job(make_workspace("globex")), "s")
        assert compare(run=failing(job, "s"), before_id=other.pk) is None

    def test_it_takes_three_queries_however_many_failed(self, job: Job) -> None:
        for states in ("fs", "f" * 30):
            before, run = failing(job, states), failing(job, states)
            with CaptureQueriesContext(connection) as queries:
                compare(run=run, before_id=before.pk)
            assert len(queries) == 3


class TestFailedPayloads:
    def test_one_that_succeeded_at_last_is_not_among_them(self, job: Job) -> None:
        run = failing(job, "sf")
        make_attempt(run, 0, 1)
        assert [each.position for each in failed_payloads(run_id=run.pk)] == [1]

    def test_the_first_so_many_are_returned_in_order(self, job: Job) -> None:
        run = failing(job, "ffff")
        assert [each.position for each in failed_payloads(run_id=run.pk, limit=2)] == [0, 1]


class TestInTheAPI:
    @pytest.fixture
    def api(self, job: Job) -> Api:
        return Api(make_user("vera", workspace=job.workspace, role=Role.VIEWER))

    def test_a_run_is_told_beside_the_one_before_it_or_another(self, api: Api, job: Job) -> None:
        first, before, run = failing(job, "ssff"), failing(job, "ffss"), failing(job, "fsfs")
        told = api.get(f"runs/{run.pk}/comparison/").json()
        assert (told["run"]["id"], told["before"]["id"]) == (run.pk, before.pk)
        parts = ("newly_failed", "still_failed", "no_longer_failed")
        assert [[each["position"] for each in told[part]] for part in parts] == [[2], [0], [1]]
        other = api.get(f"runs/{run.pk}/comparison/?with={first.pk}").json()
        assert [[each["position"] for each in other[part]] for part in parts] == [[0], [2], [3]]

    def test_what_is_not_there_is_not_compared(self, api: Api, job: Job) -> None:
        run, theirs = failing(job, "s"), failing(make_job(make_workspace("other")), "s")
        for address in (f"{run.pk}/comparison/", f"{run.pk}/comparison/?with={theirs.pk}", f"{theirs.pk}/comparison/"):
            assert api.get(f"runs/{address}").status_code == 404
        for other in ("x", run.pk):
            assert api.get(f"runs/{run.pk}/comparison/?with={other}").status_code == 400
