"""Lists and single things: what filters, orders, leaves out and adds; each strictly, and in as many queries for many as for one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.api import nouns, shapes
from jobs.models import Job, Role, Run, Workspace
from jobs.selectors.jobs import get_job, list_jobs
from jobs.selectors.runs import get_run
from scheduler.models import Schedule
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_attempt, make_event, make_log_line, make_run

pytestmark = pytest.mark.django_db

HOURLY = [{"name": "hourly", "triggers": [{"type": "cron", "expression": "0 0 * * * ?"}]}]


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


def keys(response: Any) -> list[str]:
    """The jobs of a page."""
    assert response.status_code == 200, response.json()
    return [job["key"] for job in response.json()["results"]]


def ids(response: Any) -> list[int]:
    """The entries of a page."""
    assert response.status_code == 200, response.json()
    return [entry["id"] for entry in response.json()["results"]]


def refusal(response: Any) -> tuple[str, str]:
    """The field that is wrong, and what would be right."""
    assert response.status_code == 400, response.json()
    [error] = response.json()["errors"]
    return error["field"], error["message"]


def all_of(api: Api, path: str, **query: object) -> list[Any]:
    """The entries of all pages of two."""
    response, found = api.get(path, limit=2, **query), []
    while True:
        found += response.json()["results"]
        if response.json()["next"] is None:
            return found
        response = api.client.get(response.json()["next"], headers=api.headers)


class TestJobs:
    @pytest.fixture(autouse=True)
    def jobs(self, workspace: Workspace) -> None:
        make_job(workspace, "task:b", tags=["nightly"], description="Counts Sheep")
        make_job(workspace, "task:a", tags=["nightly", "small"])
        make_job(workspace, "task:c")
        make_job(make_workspace("other"), "task:theirs", tags=["nightly"])
        Job.objects.filter(name="c").update(state="paused")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"type": "task"}, ["task:a", "task:b", "task:c"]),
            ({"type": "spark"}, []),
            ({"state": "paused"}, ["task:c"]),
            ({"tag": "nightly"}, ["task:a", "task:b"]),
            ({"tag": "night"}, []),
            ({"search": "sheep"}, ["task:b"]),
            ({"search": "%"}, []),
            ({"group": "none"}, []),
            ({"tag": "nightly", "search": "a"}, ["task:a"]),
        ],
    )
    def test_are_filtered(self, api: Api, query: dict[str, str], expected: list[str]) -> None:
        assert keys(api.get("jobs/", **query)) == expected

    @pytest.mark.parametrize("column", ["created_at", "updated_at"])
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_come_in_the_order_asked_for_page_by_page_also_where_times_are_equal(
        self, api: Api, workspace: Workspace, column: str, sign: str
    ) -> None:
        for number in range(4):
            make_job(workspace, f"task:n{number}")
        Job.objects.filter(name__in=["n0", "n1", "n2"]).update(created_at=NOW, updated_at=NOW)
        expected = Job.objects.filter(workspace=workspace).order_by(sign + column, f"{sign}pk")
        found = [job["key"] for job in all_of(api, "jobs/", order=sign + column)]
        assert found == [job.key for job in expected]

    def test_come_backwards_by_key(self, api: Api) -> None:
        assert [job["key"] for job in all_of(api, "jobs/", order="-key")] == ["task:c", "task:b", "task:a"]

    @pytest.mark.parametrize("after", ["2026", "2026-11-21T12:00:00~1", "2026-11-21T12:00:00Z~x", "~", "task:a"])
    def test_an_after_of_another_order_is_refused(self, api: Api, after: str) -> None:
        assert refusal(api.get("jobs/", order="created_at", after=after))[0] == "after"

    def test_tell_when_they_run_next(self, api: Api, workspace: Workspace) -> None:
        both = [*HOURLY, HOURLY[0] | {"name": "other"}]
        make_job(workspace, "task:scheduled", schedules=both)
        soonest = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        Schedule.objects.filter(name="other").update(next_fire_at=soonest, next_run_at=soonest)
        Schedule.objects.filter(name="hourly").update(
            next_fire_at=soonest + dt.timedelta(hours=1), next_run_at=soonest + dt.timedelta(hours=1)
        )
        told = {job["key"]: job["next_run_at"] for job in api.get("jobs/").json()["results"]}
        assert (told["task:scheduled"], told["task:a"]) == ("2030-01-01T00:00:00Z", None)
        assert api.get("jobs/task:scheduled/").json()["next_run_at"] == "2030-01-01T00:00:00Z"
        Job.objects.update(state="paused")
        assert api.get("jobs/task:scheduled/").json()["next_run_at"] is None

    def test_show_the_rest_of_their_documents_if_asked(self, api: Api) -> None:
        [first, *_] = api.get("jobs/", include="payload,schedules").json()["results"]
        assert (len(first["payload"]), first["schedules"], "sinks" in first) == (1, [], False)

    @pytest.mark.parametrize("include", [{}, {"include": "payload,sinks,schedules"}])
    def test_take_as_many_queries_whatever_is_asked_for(
        self, api: Api, workspace: Workspace, include: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(20):
            make_run(make_job(workspace, f"task:j{number}", schedules=HOURLY), "s")
        with django_assert_num_queries(4):  # who calls, jobs, last runs, next fires
            assert len(keys(api.get("jobs/", **include))) == 23


class TestRuns:
    @pytest.fixture
    def runs(self, workspace: Workspace) -> list[Run]:
        job, other = make_job(workspace), make_job(workspace, "task:pong")
        first = make_run(job, "s", created_at=NOW, trigger="schedule")
        second = make_run(job, "q", created_at=NOW + dt.timedelta(hours=1), actor="ann", origin=first)
        third = make_run(other, "f", created_at=NOW + dt.timedelta(hours=2), actor="bob")
        return [first, second, third]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, [2, 1, 0]),
            ({"order": "id"}, [0, 1, 2]),
            ({"trigger": "schedule"}, [0]),
            ({"active": "true"}, [1]),
            ({"active": "false"}, [2, 0]),
            ({"state": "running"}, [1]),
            ({"state": "failed"}, [2]),
            ({"actor": "bob"}, [2]),
            ({"since": "2026-11-21T13:00:00Z"}, [2, 1]),
            ({"until": "2026-11-21T13:00:00Z"}, [0]),
            ({"since": "2026-11-21T14:30:00+01:00", "job": "task:pong"}, [2]),
        ],
    )
    def test_are_filtered_and_ordered(
        self, api: Api, runs: list[Run], query: dict[str, str], expected: list[int]
    ) -> None:
        assert ids(api.get("runs/", **query)) == [runs[at].pk for at in expected]

    def test_of_one_origin(self, api: Api, runs: list[Run]) -> None:
        assert ids(api.get("runs/", origin=runs[0].pk)) == [runs[1].pk]

    @pytest.mark.parametrize("order", ["id", "-id"])
    def test_come_page_by_page_in_either_order(self, api: Api, runs: list[Run], order: str) -> None:
        expected = [run.pk for run in runs]
        assert [run["id"] for run in all_of(api, "runs/", order=order)] == expected[:: -1 if order == "-id" else 1]

    @pytest.mark.parametrize("query", [{}, {"include": "snapshot"}, {"fields": "id"}, {"active": "true"}])
    def test_take_as_many_queries_for_many_as_for_one(
        self, api: Api, workspace: Workspace, query: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        job = make_job(workspace)
        for _ in range(20):
            make_run(job, "q")
        with django_assert_num_queries(2):  # who calls, runs with their counts
            assert len(api.get("runs/", **query).json()["results"]) == 20

    def test_their_snapshot_is_shown_if_asked_for(self, api: Api, workspace: Workspace) -> None:
        run = make_run(make_job(workspace), "s", snapshot={"key": "task:ping", "version": 4})
        [listed] = api.get("runs/", include="snapshot").json()["results"]
        single = api.get(f"runs/{run.pk}/", include="snapshot").json()
        assert listed["snapshot"] == single["snapshot"] == {"key": "task:ping", "version": 4}
        assert "snapshot" not in api.get(f"runs/{run.pk}/").json()


class TestWhatLiesUnderARun:
    @pytest.fixture
    def run(self, workspace: Workspace) -> Run:
        run = make_run(make_job(workspace), "sfs")
        make_attempt(run, 1, 1)
        make_attempt(run, 1, 2)
        for position, kind in enumerate(("run.created", "run.running")):
            make_log_line(run, position, f"line {position}")
            make_event(run, kind)
        return run

    def test_payloads_show_their_attempts_if_asked_in_one_query_more(
        self, api: Api, run: Run, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(5):  # who calls, run, lanes, payloads, attempts
            found = api.get(f"runs/{run.pk}/payloads/", include="failed_attempts", order="-position").json()["results"]
        assert [(each["position"], len(each["failed_attempts"])) for each in found] == [(2, 0), (1, 2), (0, 0)]

    def test_payloads_are_filtered_by_kind(self, api: Api, run: Run) -> None:
        assert len(api.get(f"runs/{run.pk}/payloads/", kind="noop").json()["results"]) == 3
        assert api.get(f"runs/{run.pk}/payloads/", kind="http").json()["results"] == []

    @pytest.mark.parametrize("part", ["logs", "events", "payloads"])
    def test_comes_in_either_order_page_by_page(self, api: Api, run: Run, part: str) -> None:
        column = "position" if part == "payloads" else "id"
        usual = [entry[column] for entry in all_of(api, f"runs/{run.pk}/{part}/")]
        assert usual == sorted(usual)
        assert [entry[column] for entry in all_of(api, f"runs/{run.pk}/{part}/", order=f"-{column}")] == usual[::-1]

    def test_events_of_a_kind_and_lines_of_a_level(self, api: Api, run: Run) -> None:
        [event] = api.get(f"runs/{run.pk}/events/", kind="run.running").json()["results"]
        assert event["kind"] == "run.running"
        assert len(api.get(f"runs/{run.pk}/logs/", level="info").json()["results"]) == 2
        assert api.get(f"runs/{run.pk}/logs/", level="error").json()["results"] == []


class TestFields:
    def test_those_named_are_shown_and_no_others(self, api: Api, workspace: Workspace) -> None:
        run = make_run(make_job(workspace, schedules=HOURLY), "s")
        for path in ("jobs/", "runs/", f"runs/{run.pk}/payloads/", "schedules/"):
            [entry] = api.get(path, fields="state").json()["results"]
            assert set(entry) == {"state"}
        for path in ("jobs/task:ping/", f"runs/{run.pk}/", "jobs/task:ping/schedules/hourly/"):
            assert set(api.get(path, fields="state,created_at").json()) == {"state", "created_at"}

    def test_what_is_included_is_shown_beside_them(self, api: Api, workspace: Workspace) -> None:
        make_job(workspace)
        [entry] = api.get("jobs/", fields="key", include="payload").json()["results"]
        assert set(entry) == {"key", "payload"}

    def test_pages_keep_them(self, api: Api, workspace: Workspace) -> None:
        for name in "abc":
            make_job(workspace, f"task:{name}")
        assert all_of(api, "jobs/", fields="key") == [{"key": f"task:{name}"} for name in "abc"]

    def test_the_names_are_those_of_what_is_shown(self, api: Api, workspace: Workspace) -> None:
        run = make_run(make_job(workspace), "s")
        [summary] = list_jobs(workspace=workspace, limit=1)
        assert set(shapes.job_summary(summary)) == set(nouns.JOB_SUMMARY)
        assert set(shapes.job_json(get_job(workspace=workspace, key="task:ping"))) == set(nouns.JOB)
        assert set(shapes.run_json(get_run(workspace=workspace, run_id=run.pk))) == set(nouns.RUN)
        make_log_line(run, 0, "x")
        make_event(run, "run.created")
        for part, names in (("payloads", nouns.PAYLOAD), ("logs", nouns.LOG_LINE), ("events", nouns.EVENT)):
            [entry] = api.get(f"runs/{run.pk}/{part}/").json()["results"]
            assert set(entry) <= set(names), part
            assert set(names) - set(entry) <= {"parent", "key", "stored_result"}, part


class TestStrictness:
    @pytest.mark.parametrize(
        ("path", "field", "named"),
        [
            ("jobs/?colour=red", "colour", "search"),
            ("jobs/?fields=key,colour", "fields", "last_run"),
            ("jobs/?include=runs", "include", "payload, sinks, schedules"),
            ("jobs/?order=size", "order", "key, -key, created_at"),
            ("jobs/?state=asleep", "state", "draft, active"),
            ("jobs/?fields=", "fields", "key"),
            ("runs/?trigger=magic", "trigger", "manual"),
            ("runs/?since=2026-11-21T12:00:00", "since", "with its zone"),
            ("runs/?active=1", "active", "true or false"),
            ("runs/?order=ended_at", "order", "-id"),
            ("jobs/task:ping/?limit=1", "limit", "fields"),
            ("runs/?job=task:ping&job=task:pong", "job", "more than once"),
        ],
    )
    def test_what_is_not_known_is_refused_with_what_is(
        self, api: Api, workspace: Workspace, path: str, field: str, named: str
    ) -> None:
        make_job(workspace)
        told = refusal(api.client.get(api.base + path, headers=api.headers))
        assert (told[0], named in told[1]) == (field, True), told
