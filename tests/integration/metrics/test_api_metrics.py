"""The API's metrics: from the totals, and from what they do not hold yet."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, RollCursor, Workspace
from jobs.selectors.metrics import totals
from jobs.services import rolling
from jobs.services.jobs import delete_job
from tests.integration.metrics.ended import HOUR, NOON, SECOND, end_run
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_event, make_lane, make_run

pytestmark = pytest.mark.django_db

DAY = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}
ADDRESSES = ("summary", "throughput", "jobs", "latency", "sla", "forecast", "recent")


@pytest.fixture(params=["counted before", "counted by who asks", "half counted"])
def counted(request: pytest.FixtureRequest) -> str:
    """Where the runs of a test are when it asks; the answer must be the same."""
    return str(request.param)


def settle(counted: str) -> None:
    """Roll up all runs, none, or those that ended in the morning."""
    if counted != "counted by who asks":
        rolling.roll_up()
    if counted == "half counted":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM jobs_run_totals")
            cursor.execute("UPDATE jobs_roll_cursor SET rolled_until = '1970-01-01Z', due_at = '1970-01-01Z'")
        later = "UPDATE jobs_run SET ended_at = ended_at + interval '100 years' WHERE ended_at > '2026-11-20 12:00Z'"
        back = "UPDATE jobs_run SET ended_at = ended_at - interval '100 years' WHERE ended_at > '2100-01-01Z'"
        with connection.cursor() as cursor:
            cursor.execute(later)
            rolling.roll_up()
            cursor.execute(back)
        RollCursor.objects.update(rolled_until=NOON + SECOND)


def get(api: Api, path: str, **query: object) -> Any:
    response = api.get(f"metrics/{path}/", **(DAY | query))
    assert response.status_code == 200, response.json()
    return response.json()


class TestSummary:
    def test_it_reads_as_documented(self, api: Api, job: Job, counted: str) -> None:
        end_run(job, "s", at=NOON, took=3, waited=0.5, late=1)
        end_run(job, "sf", at=NOON + HOUR, took=30)
        end_run(job, "c", at=NOON + 2 * HOUR, state="cancelled", trigger="api")
        make_run(job, "q", state="pending", started_at=None, created_at=NOON)
        make_run(job, "q", state="pending", started_at=None, created_at=NOON + HOUR)
        make_run(job, "q")
        make_run(job, "q", state="paused", wake_at=None)
        settle(counted)
        assert get(api, "summary") == {
            "since": "2026-11-20T00:00:00Z",
            "until": "2026-11-21T00:00:00Z",
            "counted_until": "2026-11-21T00:00:00Z",
            "runs": {"total": 3, "succeeded": 1, "failed": 1, "cancelled": 1},
            "success_rate": 0.5,
            "triggers": {"manual": 1, "api": 1, "schedule": 1, "job": 0, "rerun": 0},
            "payloads": {"succeeded": 2, "failed": 1, "cancelled": 1},
            "throughput_per_hour": 0.125,
            "duration": {
                "count": 2,
                "mean_seconds": 16.5,
                "p50_seconds": 5.0,
                "p95_seconds": 29.0,
                "p99_seconds": 29.8,
                "most_seconds": 30.0,
            },
            "wait": {
                "count": 2,
                "mean_seconds": 0.25,
                "p50_seconds": 0.01,
                "p95_seconds": 0.5,
                "p99_seconds": 0.5,
                "most_seconds": 0.5,
            },
            "lateness": {
                "count": 1,
                "mean_seconds": 1.0,
                "p50_seconds": 1.0,
                "p95_seconds": 1.0,
                "p99_seconds": 1.0,
                "most_seconds": 1.0,
            },
            "sla": {"checks": 0, "breaches": 0, "adherence_rate": None},
            "now": {"running": 1, "queued": 2, "paused": 1, "oldest_queued_at": "2026-11-20T12:00:00Z"},
        }

    def test_nothing_is_no_share_and_no_mean(self, api: Api) -> None:
        answer = get(api, "summary")
        assert (answer["runs"]["total"], answer["success_rate"], answer["throughput_per_hour"]) == (0, None, 0)
        assert answer["duration"] == dict.fromkeys(answer["duration"], None) | {"count": 0}
        assert answer["now"] == {"running": 0, "queued": 0, "paused": 0, "oldest_queued_at": None}

    def test_a_job_is_asked_for_by_its_key(self, api: Api, job: Job, counted: str) -> None:
        end_run(job)
        end_run(make_job(job.workspace, "task:pong"), at=NOON + HOUR)
        settle(counted)
        assert get(api, "summary", job="task:pong")["runs"]["total"] == 1
        assert get(api, "summary", job="task:none")["runs"]["total"] == 0

    def test_what_ended_before_or_after_is_left_out(self, api: Api, job: Job, counted: str) -> None:
        for hour in (-13, -12, 11, 12):
            end_run(job, at=NOON + hour * HOUR)
        settle(counted)
        assert get(api, "summary")["runs"]["total"] == 2

    def test_days_and_the_hours_around_them_make_one_answer(self, api: Api, job: Job, counted: str) -> None:
        for hour in range(-60, 60, 5):
            end_run(job, at=NOON + hour * HOUR)
        settle(counted)
        answer = get(api, "summary", since="2026-11-18T20:00:00Z", until="2026-11-22T02:00:00Z")
        assert answer["runs"]["total"] == len([h for h in range(-60, 60, 5) if -40 <= h < 38])

    def test_other_workspaces_are_not_seen(self, api: Api, job: Job, counted: str) -> None:
        theirs = make_job(make_workspace("other"))
        end_run(theirs)
        make_run(theirs, "q")
        settle(counted)
        answer = get(api, "summary")
        assert (answer["runs"]["total"], answer["now"]["running"]) == (0, 0)

    def test_without_a_range_it_is_the_last_24_hours(self, api: Api, job: Job) -> None:
        now = dt.datetime.now(dt.UTC)
        end_run(job, at=now - 23 * HOUR)
        end_run(job, at=now - 26 * HOUR)
        end_run(job, at=now)
        answer = api.get("metrics/summary/").json()
        assert answer["runs"]["total"] == 2

    def test_what_has_just_ended_is_in_the_answer(self, api: Api, job: Job) -> None:
        rolling.roll_up()
        end_run(job, at=dt.datetime.now(dt.UTC))
        assert api.get("metrics/summary/").json()["runs"]["total"] == 1

    def test_it_says_how_far_it_could_count_when_the_sweeps_have_to_catch_up(
        self, api: Api, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(totals, "TAIL", 2)
        for hour in range(5):
            end_run(job, at=NOON + hour * HOUR)
        answer = get(api, "summary")
        assert (answer["runs"]["total"], answer["counted_until"]) == (2, "2026-11-20T14:00:00Z")


class TestThroughput:
    def test_each_hour_has_a_row_those_without_runs_too(self, api: Api, job: Job, counted: str) -> None:
        end_run(job, at=NOON)
        end_run(job, "f", at=NOON + 2 * HOUR)
        settle(counted)
        answer = get(api, "throughput", since="2026-11-20T11:30:00Z", until="2026-11-20T15:00:00Z")
        assert answer["step"] == "hour"
        assert [(row["start"], row["runs"]["succeeded"], row["runs"]["failed"]) for row in answer["results"]] == [
            ("2026-11-20T11:00:00Z", 0, 0),
            ("2026-11-20T12:00:00Z", 1, 0),
            ("2026-11-20T13:00:00Z", 0, 0),
            ("2026-11-20T14:00:00Z", 0, 1),
        ]

    def test_days_are_whole_days(self, api: Api, job: Job, counted: str) -> None:
        end_run(job, at=NOON - 11 * HOUR)
        end_run(job, at=NOON + 24 * HOUR)
        settle(counted)
        answer = get(api, "throughput", step="day", since="2026-11-20T11:30:00Z", until="2026-11-21T15:00:00Z")
        assert [(row["start"], row["runs"]["total"]) for row in answer["results"]] == [
            ("2026-11-20T00:00:00Z", 1),
            ("2026-11-21T00:00:00Z", 1),
        ]

    def test_more_than_a_week_is_told_by_day(self, api: Api) -> None:
        answer = get(api, "throughput", since="2026-11-01T05:00:00Z")
        assert (answer["step"], len(answer["results"]), answer["since"]) == ("day", 20, "2026-11-01T00:00:00Z")

    def test_more_than_31_days_are_not_told_by_hour(self, api: Api) -> None:
        response = api.get("metrics/throughput/", **DAY | {"since": "2026-10-01T00:00:00Z", "step": "hour"})
        assert response.status_code == 400
        assert response.json()["errors"] == [{"field": "step", "message": "expected day, for more than 31 days"}]


class TestJobs:
    @pytest.mark.parametrize(
        ("order", "first"),
        [
            ("runs", "task:many"),
            ("failed", "task:bad"),
            ("slowest", "task:slow"),
            ("latest", "task:late"),
            ("missed", "task:missed"),
        ],
    )
    def test_the_most_of_what_is_asked_for_comes_first(
        self, api: Api, workspace: Workspace, counted: str, order: str, first: str
    ) -> None:
        many, bad, slow, late = (make_job(workspace, f"task:{name}") for name in ("many", "bad", "slow", "late"))
        missed = make_job(workspace, "task:missed", configuration={"sla": {"duration": "1s"}})
        for minute in range(3):
            end_run(many, at=NOON + minute * 60 * SECOND)
        end_run(bad, "f")
        end_run(slow, took=900)
        end_run(late, late=60)
        end_run(missed, took=2, at=NOON + HOUR)
        settle(counted)
        results = get(api, "jobs", order=order)["results"]
        assert results[0]["job"] == first
        assert len(results) == 5
        assert len(get(api, "jobs", order=order, limit=2)["results"]) == 2

    def test_a_job_reads_as_documented(self, api: Api, job: Job, counted: str) -> None:
        end_run(job, took=4)
        settle(counted)
        (row,) = get(api, "jobs")["results"]
        assert set(row) == {"job", "runs", "success_rate", "duration", "wait", "lateness", "sla"}
        assert (row["job"], row["success_rate"], row["duration"]["p95_seconds"]) == ("task:ping", 1.0, 3.9)


class TestLatency:
    def test_each_measure_has_its_buckets(self, api: Api, job: Job, counted: str) -> None:
        for took in (0.005, 3, 4):
            end_run(job, took=took)
        end_run(job, took=700_000)
        settle(counted)
        assert get(api, "latency")["duration"]["buckets"] == [
            {"from_seconds": 0.0, "below_seconds": 0.01, "count": 1},
            {"from_seconds": 2.0, "below_seconds": 5.0, "count": 2},
            {"from_seconds": 500_000.0, "below_seconds": None, "count": 1},
        ]
        assert get(api, "latency")["lateness"]["buckets"] == []


class TestSla:
    def test_it_tells_what_was_missed_by_whom_and_what_is_to_be_expected(
        self, api: Api, workspace: Workspace, job: Job
    ) -> None:
        promised = make_job(workspace, "task:promised", configuration={"sla": {"duration": "10s"}})
        now = dt.datetime.now(dt.UTC)
        for hour in range(1, 5):
            end_run(promised, at=now - hour * HOUR, took=9 if hour > 2 else 11)
        end_run(job, at=now - HOUR)
        answer = api.get("metrics/sla/").json()
        assert {name: answer[name] for name in ("checks", "breaches", "adherence_rate")} == {
            "checks": 4,
            "breaches": 2,
            "adherence_rate": 0.5,
        }
        assert answer["jobs"] == [{"job": "task:promised", "checks": 4, "breaches": 2, "adherence_rate": 0.5}]
        assert api.get("metrics/sla/", job="task:promised").json()["jobs"] == answer["jobs"]
        assert api.get("metrics/sla/", job="task:ping").json()["jobs"] == []
        assert answer["forecast"] == {
            "samples": 4,
            "breach_probability": pytest.approx(0.35 + 0.65 * 0.35),
            "horizon": 4,
            "expected_breaches": pytest.approx(4 * (0.35 + 0.65 * 0.35)),
            "risk_level": "medium",
        }


class TestForecast:
    def test_a_run_should_take_as_long_as_others_of_its_job(self, api: Api, job: Job) -> None:
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        for n in range(10):
            end_run(job, at=now - n * HOUR, took=100)
        run = make_run(job, "q", started_at=now)
        other = make_run(make_job(job.workspace, "task:new"), "q", started_at=now + SECOND)
        make_lane(run, 0, 1)
        first, second = api.get("metrics/forecast/").json()["running"]
        assert (first["run"], first["job"], second["run"]) == (run.pk, "task:ping", other.pk)
        typical = dt.datetime.fromisoformat(first["typical_end_at"])
        assert 50 <= (typical - now).total_seconds() <= 100  # half of the bucket from 50 s to the longest
        assert dt.datetime.fromisoformat(first["late_end_at"]) >= typical
        assert (second["typical_end_at"], second["late_end_at"]) == (None, None)

    def test_the_next_day_is_expected_to_be_as_the_same_one_a_week_ago(self, api: Api, job: Job) -> None:
        now = dt.datetime.now(dt.UTC)
        week_ago = (now - dt.timedelta(days=7)).replace(minute=30, second=0, microsecond=0)
        end_run(job, at=week_ago + 3 * HOUR)
        hours = api.get("metrics/forecast/").json()["hours"]
        assert len(hours) == 24
        assert [hour["runs"] for hour in hours[:4]] == [0, 0, 1, 0]


class TestRecent:
    def test_the_newest_comes_first_with_its_run(self, api: Api, job: Job) -> None:
        run = end_run(job)
        other = make_job(make_workspace("other"))
        make_event(end_run(other), "run.succeeded")
        for kind in ("run.created", "run.succeeded"):
            make_event(run, kind)
        answer = api.get("metrics/recent/", limit=1).json()
        assert [(event["kind"], event["run"], event["job"]) for event in answer["results"]] == [
            ("run.succeeded", run.pk, "task:ping")
        ]
        following = api.client.get(answer["next"], headers=api.headers).json()
        assert following["results"][0]["kind"] == "run.created"

    def test_what_happened_to_a_deleted_job_is_told_without_its_key(self, api: Api, job: Job) -> None:
        make_event(end_run(job), "run.succeeded")
        delete_job(job=job, actor="test")
        newest, before = api.get("metrics/recent/", limit=2).json()["results"]
        assert (newest["kind"], newest["job"], before["kind"], before["job"]) == (
            "job.deleted",
            None,
            "run.succeeded",
            None,
        )


class TestAsking:
    @pytest.mark.parametrize("path", ADDRESSES)
    def test_strangers_and_whoever_says_nothing_are_refused(self, workspace: Workspace, path: str) -> None:
        assert Api(None).get(f"metrics/{path}/").status_code == 401
        assert Api(make_user("mallory")).get(f"metrics/{path}/").status_code == 404

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_a_parameter_that_is_not_known_is_refused(self, api: Api, path: str) -> None:
        assert api.get(f"metrics/{path}/", colour="blue").json()["errors"][0]["field"] == "colour"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"since": "yesterday"}, "since"),
            ({"since": "2026-11-20T00:00:00"}, "since"),
            ({"since": "2026-13-20T00:00:00Z"}, "since"),
            ({"until": "0001-01-01T00:00:00Z"}, "until"),
            ({"since": "2026-11-21T00:00:00Z"}, "since"),
            ({"since": "2025-11-01T00:00:00Z"}, "since"),
            ({"job": "ping"}, "job"),
            ({"limit": "5"}, "limit"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_its_field(self, api: Api, query: dict[str, str], field: str) -> None:
        response = api.get("metrics/summary/", **DAY | query)
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == [field]

    @pytest.mark.parametrize(
        ("path", "queries"),
        [("summary", 5), ("throughput", 4), ("jobs", 4), ("latency", 4), ("sla", 10), ("forecast", 11), ("recent", 2)],
    )
    @pytest.mark.parametrize("jobs", [1, 12])
    def test_it_takes_the_same_number_of_queries_however_much_there_is(
        self, api: Api, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int, jobs: int
    ) -> None:
        workspace = Workspace.objects.get()
        for number in range(jobs):
            job = make_job(workspace, f"task:j{number}", configuration={"sla": {"duration": number + 1}})
            make_event(end_run(job, at=dt.datetime.now(dt.UTC)), "run.succeeded")
            make_run(job, "q")
        with django_assert_num_queries(queries):  # who calls, and those of the answer
            api.get(f"metrics/{path}/")
