"""The API's runs: list and read, with their payloads, attempts, logs and events."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, Lane, Role, Run, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_attempt, make_event, make_lane, make_log_line, make_run, requeue

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


def payloads(api: Api, run: Run, **query: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"runs/{run.pk}/payloads/", **query).json()["results"]
    return found


class TestRun:
    def test_a_run_reads_as_documented(self, api: Api, job: Job) -> None:
        run = make_run(job, "ssf", error={"message": "1 payload failed"}, result={"rows": 3})
        assert api.get(f"runs/{run.pk}/").json() == {
            "id": run.pk,
            "job": "task:ping",
            "state": "failed",
            "trigger": "manual",
            "scheduled_for": None,
            "created_at": run.created_at.isoformat().replace("+00:00", "Z"),
            "started_at": "2026-11-21T12:00:00Z",
            "ended_at": "2026-11-21T12:00:00Z",
            "counts": {"total": 3, "queued": 0, "running": 0, "succeeded": 2, "failed": 1, "cancelled": 0},
            "error": {"message": "1 payload failed"},
            "result": {"rows": 3},
            "actor": "",
            "comment": "",
            "parameters": {},
            "pause": None,
            "stop": None,
            "origin": None,
            "admitted": True,
            "group": None,
            "results_erased_at": None,
            "idempotency_key": None,
            "expires_at": None,
            "deadline_at": None,
            "pin": None,
            "deliveries": [],
        }

    def test_what_lanes_hold_is_running_and_what_nobody_holds_is_queued(self, api: Api, job: Job) -> None:
        run = make_run(job, "sqqqqqq")
        make_lane(run, 1, 3)
        lane = make_lane(run, slot=1)
        requeue(run, 3, lane=lane)
        requeue(run, 4)
        counts = api.get(f"runs/{run.pk}/").json()["counts"]
        assert counts == {"total": 7, "queued": 3, "running": 3, "succeeded": 1, "failed": 0, "cancelled": 0}

    def test_a_strict_lane_is_at_one_payload_and_counts_what_its_run_does_not_yet(self, api: Api, job: Job) -> None:
        run = make_run(job, "sqqqq", strict=True, succeeded=0)
        lane = make_lane(run, 1, 4)
        Lane.objects.filter(pk=lane.pk).update(succeeded=1)
        counts = api.get(f"runs/{run.pk}/").json()["counts"]
        assert counts == {"total": 5, "queued": 3, "running": 1, "succeeded": 1, "failed": 0, "cancelled": 0}
        states = [each["state"] for each in api.get(f"runs/{run.pk}/payloads/").json()["results"]]
        assert states == ["succeeded", "running", "queued", "queued", "queued"]

    def test_another_runs_lanes_are_not_counted(self, api: Api, job: Job) -> None:
        make_lane(make_run(job, "qq"), 0, 2)
        run = make_run(job, "qq")
        assert api.get(f"runs/{run.pk}/").json()["counts"]["running"] == 0

    @pytest.mark.parametrize("path", ["", "payloads/", "payloads/0/", "logs/", "events/"])
    def test_another_workspaces_run_is_not_there(self, api: Api, path: str) -> None:
        run = make_run(make_job(make_workspace("other")), "s")
        assert api.get(f"runs/{run.pk}/{path}").status_code == 404


class TestRunList:
    def test_the_newest_come_first_in_pages(self, api: Api, job: Job) -> None:
        ids = [make_run(job, "s").pk for _ in range(3)]
        make_run(make_job(make_workspace("other")), "s")
        first = api.get("runs/", limit=2).json()
        assert [run["id"] for run in first["results"]] == [ids[2], ids[1]]
        second = api.client.get(first["next"], headers=api.headers).json()
        assert [run["id"] for run in second["results"]] == [ids[0]]
        assert second["next"] is None

    def test_job_and_state_filter(self, api: Api, job: Job, workspace: Workspace) -> None:
        failed = make_run(job, "f")
        make_run(job, "s")
        make_run(make_job(workspace, "task:pong"), "f")
        assert [run["id"] for run in api.get("runs/", job="task:ping", state="failed").json()["results"]] == [failed.pk]

    @pytest.mark.parametrize("runs", [1, 20])
    def test_a_list_of_any_length_takes_two_queries(
        self, api: Api, job: Job, runs: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(runs):
            make_lane(make_run(job, "q"), 0, 1)
        with django_assert_num_queries(2):  # who calls, runs with their counts
            assert len(api.get("runs/").json()["results"]) == runs

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"state": "done"}, "state"),
            ({"limit": 0}, "limit"),
            ({"limit": 1001}, "limit"),
            ({"limit": "ten"}, "limit"),
            ({"after": -1}, "after"),
            ({"after": "9" * 5000}, "after"),
            ({"after": "²"}, "after"),
            ({"job": "\x00"}, "job"),
            ({"stat": "failed"}, "stat"),
        ],
    )
    def test_a_parameter_that_is_wrong_is_refused_by_name(self, api: Api, query: dict[str, object], field: str) -> None:
        response = api.get("runs/", **query)
        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == [field]


class TestPayloads:
    def test_a_payload_reads_as_documented(self, api: Api, job: Job) -> None:
        [payload] = payloads(api, make_run(job, "f"))
        assert payload == {
            "position": 0,
            "name": "n0",
            "kind": "noop",
            "state": "failed",
            "attempts": 1,
            "started_at": "2026-11-21T12:00:00Z",
            "ended_at": "2026-11-21T12:00:00Z",
            "result": None,
            "error": {"message": "it broke", "code": "error"},
            "parameters": {},
            "due_at": None,
            "progress": None,
        }

    def test_the_derived_states_are_those_of_lanes_and_retries(self, api: Api, job: Job) -> None:
        run = make_run(job, "sqqqqq")
        make_lane(run, 1, 3)
        lane = make_lane(run, slot=1)
        requeue(run, 3, lane=lane, attempts=1)
        requeue(run, 4, attempts=2)
        found = payloads(api, run)
        assert [(each["state"], each["attempts"], each["due_at"]) for each in found] == [
            ("succeeded", 1, None),
            ("running", 0, None),
            ("running", 0, None),
            ("running", 1, None),
            ("queued", 2, "2026-11-21T12:00:00Z"),
            ("queued", 0, None),
        ]

    def test_an_outcome_counts_though_its_lane_still_covers_it(self, api: Api, job: Job) -> None:
        run = make_run(job, "sq")
        make_lane(run, 0, 2)
        assert [each["state"] for each in payloads(api, run)] == ["succeeded", "running"]

    def test_a_payload_that_its_lane_holds_alone_has_a_start_and_progress(self, api: Api, job: Job) -> None:
        run = make_run(job, "qqq")
        make_lane(run, 0, 1, progress={"current": 5, "total": 10, "unit": "rows"})
        make_lane(run, 1, 3, slot=1, progress={"current": 1})
        found = payloads(api, run)
        assert [(each["started_at"], each["progress"]) for each in found] == [
            ("2026-11-21T12:00:00Z", {"current": 5, "total": 10, "unit": "rows"}),
            (None, None),
            (None, None),
        ]

    @pytest.mark.parametrize(
        ("state", "positions"),
        [("queued", [4, 5]), ("running", [1, 2, 3]), ("succeeded", [0]), ("failed", [6]), ("cancelled", [])],
    )
    def test_the_filter_is_by_the_derived_state(self, api: Api, job: Job, state: str, positions: list[int]) -> None:
        run = make_run(job, "sqqqqqf")
        make_lane(run, 1, 3)
        requeue(run, 3, lane=make_lane(run, slot=1))
        requeue(run, 4)
        assert [each["position"] for each in payloads(api, run, state=state)] == positions

    def test_pages_go_on_after_a_position(self, api: Api, job: Job) -> None:
        run = make_run(job, "s" * 5)
        first = api.get(f"runs/{run.pk}/payloads/", limit=2, after=0).json()
        assert [each["position"] for each in first["results"]] == [1, 2]
        second = api.client.get(first["next"], headers=api.headers).json()
        assert ([each["position"] for each in second["results"]], second["next"]) == ([3, 4], None)

    @pytest.mark.parametrize("number", [1, 300])
    def test_any_number_takes_five_queries(
        self, api: Api, job: Job, number: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        run = make_run(job, "q" * number)
        make_lane(run, 0, 1)
        with django_assert_num_queries(5):  # who calls, run, lanes, payloads, retries
            assert len(payloads(api, run, limit=1000)) == number

    def test_one_payload_has_its_failed_attempts(self, api: Api, job: Job) -> None:
        run = make_run(job, "sf")
        for position, number in ((1, 2), (1, 1), (0, 1)):
            make_attempt(run, position, number)
        answer = api.get(f"runs/{run.pk}/payloads/1/").json()
        assert answer["state"] == "failed"
        assert [attempt["number"] for attempt in answer["failed_attempts"]] == [1, 2]
        assert answer["failed_attempts"][0] == {
            "number": 1,
            "state": "failed",
            "error": {"message": "attempt 1 failed", "code": "http_status"},
            "worker": "w1",
            "started_at": "2026-11-21T12:00:00Z",
            "ended_at": "2026-11-21T12:00:00Z",
        }

    def test_a_position_beyond_the_last_is_not_there(self, api: Api, job: Job) -> None:
        assert api.get(f"runs/{make_run(job, 's').pk}/payloads/1/").status_code == 404


class TestLogsAndEvents:
    def test_log_lines_come_in_order_and_by_position(self, api: Api, job: Job) -> None:
        run = make_run(job, "ss")
        lines = [make_log_line(run, position, f"line {n}") for n, position in enumerate((0, 1, 0))]
        make_log_line(make_run(job, "s"), 0, "another run's")
        path = f"runs/{run.pk}/logs/"
        assert [line["message"] for line in api.get(path).json()["results"]] == ["line 0", "line 1", "line 2"]
        assert [line["message"] for line in api.get(path, position=1).json()["results"]] == ["line 1"]
        assert [line["message"] for line in api.get(path, after=lines[1].pk).json()["results"]] == ["line 2"]

    def test_events_come_in_order(self, api: Api, job: Job) -> None:
        run = make_run(job, "s")
        events = [make_event(run, kind) for kind in ("run.created", "run.running", "run.succeeded")]
        make_event(make_run(job, "s"), "run.created")
        path = f"runs/{run.pk}/events/"
        assert [event["kind"] for event in api.get(path).json()["results"]] == [
            "run.created",
            "run.running",
            "run.succeeded",
        ]
        assert [event["kind"] for event in api.get(path, after=events[1].pk).json()["results"]] == ["run.succeeded"]
