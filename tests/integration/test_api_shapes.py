"""The shapes of other systems: their addresses, words and field names, made of the same jobs and runs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.api.foreign import atlas, datamaker, fusion, intuned
from jobs.models import Job, Payload, Role, Run, Workspace
from jobs.states import RunState
from scheduler.models import Schedule
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_ended_run, make_run

pytestmark = pytest.mark.django_db

FUSION_SCHEDULE: dict[str, Any] = {
    "resource": "task:ping",
    "enabled": True,
    "triggers": [
        {
            "type": "interval",
            "startTime": "2026-05-01T00:00:00Z",
            "endTime": "2026-12-31T00:00:00Z",
            "interval": 2,
            "repeatUnit": "hour",
        },
        {"type": "cron", "value": "0 0 6 ? * MON-FRI"},
        {"type": "job", "jobID": "task:pong", "runOnSuccess": True, "runOnFailure": True, "runOnAbort": False},
    ],
}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    make_job(workspace, "task:pong")
    return make_job(workspace, metadata={"team": "data"})


@pytest.fixture
def api(workspace: Workspace, job: Job) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


class TestFusion:
    @pytest.mark.parametrize(
        ("states", "columns", "status"),
        [
            ("q", {}, "running"),
            ("s", {}, "success"),
            ("sf", {}, "failed"),
            ("c", {"state": RunState.CANCELLED}, "aborted"),
        ],
    )
    def test_a_job_has_the_status_of_its_last_run(
        self, api: Api, job: Job, states: str, columns: dict[str, Any], status: str
    ) -> None:
        assert api.get("jobs/task:ping/", shape="fusion").json() == {
            "resource": "task:ping",
            "enabled": True,
            "startedBy": None,
            "status": "ready",
            "extra": {},
        }
        make_run(job, states, actor="ann", **columns)
        told = api.get("jobs/task:ping/", shape="fusion").json()
        assert (told["status"], told["startedBy"], told["lastStartTime"]) == (status, "ann", "2026-11-21T12:00:00.000Z")
        assert told["extra"]["counter.input"] == len(states)

    def test_jobs_are_listed_by_type(self, api: Api) -> None:
        found = api.get("jobs/", type="task", shape="fusion").json()["results"]
        assert [(each["resource"], each["status"]) for each in found] == [
            ("task:ping", "ready"),
            ("task:pong", "ready"),
        ]

    def test_start_is_accepted_once_while_a_run_is_under_way_and_abort_ends_it(self, api: Api, job: Job) -> None:
        first = api.post("jobs/task:ping/actions/", {"action": "start", "comment": "now"})
        second = api.post("jobs/task:ping/actions/", {"action": "start"})
        run = Run.objects.get()
        assert (first.status_code, first.json()) == (
            200,
            {
                "resource": "task:ping",
                "action": "start",
                "comment": "now",
                "accepted": True,
                "runIds": [str(run.pk)],
            },
        )
        assert (second.json()["accepted"], run.comment) == (False, "now")
        ended = api.post("jobs/task:ping/actions/", {"action": "abort", "comment": "stop"})
        run.refresh_from_db()
        assert (ended.json()["accepted"], run.state, (run.stop or {})["note"]) == (True, "cancelling", "stop")

    def test_an_abort_of_nothing_is_not_accepted(self, api: Api) -> None:
        assert api.post("jobs/task:ping/actions/", {"action": "abort"}).json()["accepted"] is False
        assert api.post("jobs/task:ping/actions/", {"action": "dance"}).status_code == 400

    def test_the_history_is_a_list_the_newest_first(self, api: Api, job: Job) -> None:
        runs = [make_ended_run(job, "s"), make_ended_run(job, "f"), make_ended_run(job, "s")]
        found = api.get("jobs/task:ping/history/", limit=2).json()
        assert [(each["runId"], each["status"]) for each in found] == [
            (str(runs[2].pk), "success"),
            (str(runs[1].pk), "failed"),
        ]
        assert set(found[0]) == {"resource", "runId", "startTime", "endTime", "status", "extra"}

    def test_its_schedule_is_written_and_read_in_that_shape(self, api: Api, job: Job) -> None:
        assert api.get("jobs/task:ping/schedule/").status_code == 404
        written = api.send("PUT", "jobs/task:ping/schedule/", FUSION_SCHEDULE)
        assert written.status_code == 200, written.json()
        read = api.get("jobs/task:ping/schedule/").json()
        assert read == written.json()
        interval, cron, after = read["triggers"]
        assert interval == FUSION_SCHEDULE["triggers"][0] | {"enabled": True}
        assert cron == {"type": "cron", "enabled": True, "expression": "0 0 6 ? * MON-FRI"}
        assert after == FUSION_SCHEDULE["triggers"][2] | {"enabled": True}
        assert Schedule.objects.get().name == "default"

    def test_what_it_has_no_word_for_stays_and_is_named(self, api: Api, workspace: Workspace) -> None:
        triggers = [{"type": "once", "at": "2030-01-01T00:00:00Z"}, {"type": "cron", "expression": "0 0 3 * * ?"}]
        make_job(workspace, schedules=[{"name": "nightly", "timezone": "Europe/Berlin", "triggers": triggers}])
        read = api.get("jobs/task:ping/schedule/").json()
        assert (len(read["triggers"]), read["otherTriggers"]) == (1, ["once"])
        assert api.send("PUT", "jobs/task:ping/schedule/", FUSION_SCHEDULE | {"enabled": False}).status_code == 200
        document = Schedule.objects.get().document
        assert (document["timezone"], document["enabled"], len(document["triggers"])) == ("Europe/Berlin", False, 3)

    def test_what_was_read_may_be_written_again_unless_something_would_be_lost_by_it(
        self, api: Api, workspace: Workspace
    ) -> None:
        once = {"type": "once", "at": "2030-01-01T00:00:00Z"}
        make_job(workspace, schedules=[{"triggers": [{"type": "cron", "expression": "0 0 3 * * ?"}, once]}])
        read = api.get("jobs/task:ping/schedule/").json()
        refused = api.send("PUT", "jobs/task:ping/schedule/", read)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "otherTriggers")
        assert len(Schedule.objects.get().document["triggers"]) == 2
        assert api.send("PUT", "jobs/task:ping/schedule/", read | {"otherTriggers": []}).status_code == 200
        read = api.get("jobs/task:ping/schedule/").json()
        assert api.send("PUT", "jobs/task:ping/schedule/", read).json() == read

    def test_a_delay_after_another_job_is_not_lost_by_writing_what_was_read(
        self, api: Api, job: Job, workspace: Workspace
    ) -> None:
        after = {"type": "job", "jobs": ["task:ping"], "delay": "5m"}
        make_job(
            workspace, "task:then", schedules=[{"triggers": [after, {"type": "cron", "expression": "0 0 3 * * ?"}]}]
        )
        read = api.get("jobs/task:then/schedule/").json()
        assert (len(read["triggers"]), read["otherTriggers"]) == (1, ["job"])
        assert api.send("PUT", "jobs/task:then/schedule/", read).status_code == 400

    def test_an_interval_without_a_start_is_told_from_when_it_counts_and_stays_where_it_is(
        self, api: Api, workspace: Workspace
    ) -> None:
        make_job(workspace, schedules=[{"triggers": [{"type": "interval", "interval": 2, "unit": "hour"}]}])
        before = Schedule.objects.get()
        read = api.get("jobs/task:ping/schedule/").json()
        assert api.send("PUT", "jobs/task:ping/schedule/", read).json() == read
        after = Schedule.objects.get()
        assert (after.next_fire_at, after.document["triggers"][0]["interval"]) == (before.next_fire_at, 2)

    @pytest.mark.parametrize(
        ("trigger", "field"),
        [
            ({"type": "cron"}, "triggers.0.expression"),
            ({"type": "job", "jobID": "task:pong"}, "triggers.0.runOnSuccess"),
            ({"type": "interval", "startTime": "2026-05-01T00:00:00Z", "interval": 2}, "triggers.0.repeatUnit"),
            ({"type": "interval", "repeatUnit": "week"}, "triggers.0.repeatUnit"),
            ({"type": "magic"}, "triggers.0.type"),
        ],
    )
    def test_a_trigger_that_lacks_something_is_refused_by_its_field(
        self, api: Api, trigger: dict[str, Any], field: str
    ) -> None:
        response = api.send("PUT", "jobs/task:ping/schedule/", {"triggers": [trigger]})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


class TestIntuned:
    def test_a_job_and_its_messages(self, api: Api, job: Job) -> None:
        told = api.get("jobs/task:ping/", shape="intuned").json()
        assert (told["id"], told["state"], told["last_run_time"], told["payload"]) == (
            "task:ping",
            "ACTIVE",
            None,
            [{"apiName": "n0", "parameters": {}}],
        )
        assert api.post("jobs/task:ping/pause/?shape=intuned", {"note": "why"}).json() == {"message": "Paused"}
        paused = api.get("jobs/task:ping/", shape="intuned").json()
        assert (paused["state"], paused["reason"]["message"]) == ("PAUSED", "why")
        assert api.post("jobs/task:ping/resume/?shape=intuned").json() == {"message": "Resumed"}
        triggered = api.post("jobs/task:ping/trigger/?shape=intuned")
        assert (triggered.status_code, triggered.json()) == (
            202,
            {"jobRunId": str(Run.objects.get().pk), "message": "Triggered"},
        )

    def test_the_runs_of_a_job_come_in_pages(self, api: Api, job: Job) -> None:
        runs = [make_ended_run(job, "s") for _ in range(5)]
        seen: list[str] = []
        address: str | None = "jobs/task:ping/runs/?limit=2"
        while address:
            found = api.get(address).json()
            seen += [each["id"] for each in found["jobRuns"]]
            address = found["next"] and found["next"].partition("/workspaces/acme/")[2]
        assert seen == [str(run.pk) for run in reversed(runs)]
        shaped = api.get("jobs/task:ping/runs/?limit=2&shape=atlas").json()
        assert (len(shaped["results"]), shaped["next"] is not None) == (2, True)

    def test_its_runs_and_how_they_are_ended(self, api: Api, job: Job) -> None:
        done, active = make_ended_run(job, "sf"), make_run(job, "q")
        found = api.get("jobs/task:ping/runs/").json()
        assert [(each["id"], each["status"]) for each in found["jobRuns"]] == [
            (str(active.pk), "PENDING"),
            (str(done.pk), "FAILURE"),
        ]
        assert found["totalCount"] is None
        told = api.get(f"jobs/task:ping/runs/{done.pk}/").json()
        assert (told["jobRun"]["successful_runs"], told["jobRun"]["failed_runs"]) == (1, 1)
        assert told["jobRun"]["job_configuration_snapshot"]["key"] == "task:ping"
        assert told["results"]["url"].endswith(f"/runs/{done.pk}/results/")
        assert api.get(f"jobs/task:pong/runs/{done.pk}/").status_code == 404
        for run, message in ((active, "Terminated"), (done, "It had ended already")):
            assert api.post(f"jobs/task:ping/runs/{run.pk}/terminate/").json() == {"message": message}


class TestAtlas:
    def test_a_job_has_the_state_of_its_last_run(self, api: Api, job: Job) -> None:
        assert api.get("jobs/task:ping/", shape="atlas").json()["status"] == "scheduled"
        make_ended_run(job, "f")
        told = api.get("jobs/task:ping/", shape="atlas").json()
        assert (told["name"], told["status"], told["metadata"]["team"]) == ("ping", "failed", "data")
        assert told["metadata"]["last_run"]["status"] == "failed"

    def test_its_schedule_is_paused_and_resumed_and_it_is_run_now(self, api: Api) -> None:
        paused = api.post("jobs/task:ping/schedule/pause/?shape=atlas").json()
        assert paused["metadata"]["schedule_state"] == "paused"
        assert api.post("jobs/task:ping/run-now/").status_code == 409
        assert api.post("jobs/task:ping/schedule/resume/").json()["state"] == "active"
        for path in ("jobs/task:ping/run-now/", "jobs/task:ping/schedule/run-now/"):
            assert api.post(f"{path}?shape=atlas").json()["status"] == "scheduled"
        assert Run.objects.count() == 2

    def test_a_rerun_is_of_the_newest_run(self, api: Api, job: Job) -> None:
        assert api.post("jobs/task:ping/rerun/").status_code == 409
        run = make_ended_run(job, "sf")
        assert api.post("jobs/task:ping/rerun/", {"which": "failed"}).json()["origin"] == run.pk

    def test_a_transition_is_asked_for_in_its_words(self, api: Api) -> None:
        told = api.post("jobs/task:ping/transition/?shape=atlas", {"target_status": "cancelled"})
        assert (told.status_code, told.json()["status"], Job.objects.get(name="ping").state) == (
            200,
            "cancelled",
            "archived",
        )
        refused = api.post("jobs/task:ping/transition/", {"target_status": "succeeded"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "target_status")


class TestDataMaker:
    def test_the_summary_has_a_line_a_job(self, api: Api, job: Job) -> None:
        make_ended_run(job, "s")
        found = {each["name"]: each for each in api.get("jobs/summary/").json()}
        assert (found["ping"]["runStatus"], found["ping"]["lastStart"]) == ("COMPLETED", "2026-11-21T12:00:00Z")
        assert (found["pong"]["runStatus"], found["pong"]["nextRun"]) == ("INIT", None)

    def test_the_seconds_to_the_next_run(self, api: Api, workspace: Workspace) -> None:
        assert api.get("jobs/task:ping/next-run/").json() == {"next_run_at": None, "seconds": None}
        daily = {"triggers": [{"type": "cron", "expression": "0 0 3 * * ?"}]}
        make_job(workspace, schedules=[daily])
        assert 0 <= api.get("jobs/task:ping/next-run/").json()["seconds"] <= dt.timedelta(days=1).total_seconds()

    def test_an_execution_in_its_words(self, api: Api, job: Job) -> None:
        run = make_ended_run(job, "sf")
        told = api.get(f"runs/{run.pk}/", shape="datamaker").json()
        assert (told["externalId"], told["isSuccess"], told["state"], told["replay"]) == (
            str(run.pk),
            False,
            "FAILED",
            False,
        )

    @pytest.mark.parametrize("part", ["file", "output"])
    def test_a_run_that_ends_in_time_is_had_at_once(
        self, api: Api, job: Job, part: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def end(*, run_id: int, seconds: float) -> bool:
            assert seconds == 30
            Payload.objects.filter(run=run_id).update(state="succeeded", result={"n": 1}, attempts=1, ended_at=NOW)
            Run.objects.filter(pk=run_id).update(state="succeeded", succeeded=1, ended_at=NOW, wake_at=None)
            return True

        monkeypatch.setattr("jobs.api.awaiting.wait_for_run", end)
        response = api.post(f"jobs/task:ping/run/{part}/")
        assert response.status_code == 200
        if part == "file":
            assert response.headers["Content-Disposition"].startswith("attachment")
        else:
            assert json.loads(response.content)["output"] == [{"name": "n0", "state": "succeeded", "result": {"n": 1}}]

    def test_one_that_goes_on_is_accepted(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("jobs.api.awaiting.wait_for_run", lambda **_: False)
        assert api.post("jobs/task:ping/run/file/").status_code == 202

    @pytest.mark.parametrize("part", ["file", "output"])
    def test_one_that_its_key_has_started_before_goes_on_or_is_had(self, api: Api, job: Job, part: str) -> None:
        run = make_run(job, "q", idempotency_key="monday")
        path, body = f"jobs/task:ping/run/{part}/?wait=0", {"idempotency_key": "monday"}
        waits = api.post(path, body)
        assert (waits.status_code, waits.json()["id"], waits.json()["ended_at"]) == (202, run.pk, None)
        Run.objects.filter(pk=run.pk).update(state="succeeded", succeeded=1, ended_at=NOW, wake_at=None)
        assert api.post(path, body).status_code == 200
        assert Run.objects.count() == 1

    @pytest.mark.parametrize("part", ["file", "output"])
    def test_what_comes_of_a_run_has_no_other_shape(self, api: Api, part: str) -> None:
        refused = api.post(f"jobs/task:ping/run/{part}/?shape=datamaker")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "shape")
        assert not Run.objects.exists()


class TestTheWordShape:
    def test_that_is_not_known_is_refused_with_those_that_are(self, api: Api) -> None:
        for path in ("jobs/", "jobs/task:ping/", "runs/"):
            error = api.get(path, shape="cube").json()["errors"][0]
            assert (error["field"], "fusion, intuned, atlas, datamaker" in error["message"]) == ("shape", True)
        assert api.post("jobs/task:ping/trigger/?shape=cube").status_code == 400
        assert not Run.objects.exists()

    def test_does_not_go_with_fields(self, api: Api) -> None:
        assert api.get("jobs/", shape="fusion", fields="key").status_code == 400

    @pytest.mark.parametrize("state", list(RunState))
    def test_every_state_of_a_run_has_a_word_in_each(self, api: Api, job: Job, state: RunState) -> None:
        run = api.get(f"runs/{make_run(job, 'q').pk}/").json() | {"state": state, "started_at": NOW, "ended_at": NOW}
        run |= {"created_at": NOW}
        words = [
            fusion.history_entry(run)["status"],
            intuned.job_run(run)["status"],
            atlas.run(run)["status"],
            datamaker.execution(run)["state"],
        ]
        assert all(words)
