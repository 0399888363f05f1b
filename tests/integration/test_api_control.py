"""Pausing, resuming, terminating and moving jobs to other states through the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Event, Job, Payload, Role, Run, Workspace
from jobs.states import JobState, RunState
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import NOW, make_lane, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["field"] for error in response.json()["errors"]]


def put_into(state: JobState, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(state=state)


class TestPausingAJob:
    def test_it_and_its_runs_are_held_and_say_who_when_and_why(self, api: Api, job: Job) -> None:
        run = make_run(job, "qq")
        response = api.post("jobs/task:ping/pause/", {"note": "the database is full"})
        assert response.status_code == 200
        answer = response.json()
        assert (answer["state"], answer["version"], answer["resume_at"]) == ("paused", 1, None)
        assert (answer["state_change"]["actor"], answer["state_change"]["note"]) == ("olga", "the database is full")
        assert response.headers["ETag"] == '"1"'
        held = api.get(f"runs/{run.pk}/").json()
        assert (held["state"], held["pause"]["by_job"], held["pause"]["note"]) == (
            "paused",
            True,
            "the database is full",
        )

    def test_a_trigger_is_refused_then_and_says_who_paused_it_and_why(self, api: Api, job: Job) -> None:
        api.post("jobs/task:ping/pause/", {"note": "the database is full"})
        response = api.post("jobs/task:ping/trigger/")
        assert response.status_code == 409
        assert "task:ping is paused by olga" in response.json()["detail"]
        assert "the database is full" in response.json()["detail"]

    def test_pausing_it_again_keeps_who_was_first(self, api: Api, editor: Api, job: Job) -> None:
        api.post("jobs/task:ping/pause/")
        response = editor.post("jobs/task:ping/pause/", {"note": "me too"})
        assert (response.status_code, response.json()["state_change"]["actor"]) == (200, "olga")

    def test_resuming_it_lets_the_runs_that_were_paused_with_it_go_on(self, api: Api, job: Job) -> None:
        run, alone = make_run(job, "qq"), make_run(job, "q")
        api.post(f"runs/{alone.pk}/pause/")
        api.post("jobs/task:ping/pause/")
        answer = api.post("jobs/task:ping/resume/", {"note": "space again"}).json()
        assert (answer["state"], answer["state_change"]["note"]) == ("active", "space again")
        assert api.get(f"runs/{run.pk}/").json()["state"] == "resuming"
        assert api.get(f"runs/{alone.pk}/").json()["state"] == "paused"

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    @pytest.mark.parametrize("state", [JobState.DRAFT, JobState.ARCHIVED])
    def test_a_draft_or_archived_job_is_a_conflict(self, api: Api, job: Job, verb: str, state: JobState) -> None:
        put_into(state, job)
        response = api.post(f"jobs/task:ping/{verb}/")
        assert (response.status_code, f"is {state}" in response.json()["detail"]) == (409, True)
        assert Job.objects.get().state == state

    def test_if_match_guards_it(self, api: Api, job: Job) -> None:
        assert api.post("jobs/task:ping/pause/", If_Match='"2"').status_code == 412
        assert Job.objects.get().state == JobState.ACTIVE
        assert api.post("jobs/task:ping/pause/", If_Match='"1"').status_code == 200


class TestPausingARun:
    def test_it_is_accepted_and_its_job_goes_on(self, api: Api, job: Job) -> None:
        run, other = make_run(job, "qqq"), make_run(job, "q")
        make_lane(run, 0, 1)
        response = api.post(f"runs/{run.pk}/pause/", {"note": "one moment"})
        assert response.status_code == 202
        answer = response.json()
        assert (answer["id"], answer["state"], answer["changed"]) == (run.pk, "pausing", True)
        assert (answer["pause"]["actor"], answer["pause"]["note"], answer["pause"]["by_job"]) == (
            "olga",
            "one moment",
            False,
        )
        other.refresh_from_db()
        assert (other.state, Job.objects.get().state) == (RunState.RUNNING, JobState.ACTIVE)

    @pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("resume", "running")])
    def test_what_stands_so_already_is_not_changed_and_the_answer_says_so(
        self, api: Api, job: Job, verb: str, state: str
    ) -> None:
        run = make_run(job, "q")
        if verb == "pause":
            api.post(f"runs/{run.pk}/pause/")
        events = Event.objects.count()
        response = api.post(f"runs/{run.pk}/{verb}/")
        answer = response.json()
        assert (response.status_code, answer["state"], answer["changed"]) == (200, state, False)
        assert Event.objects.count() == events

    def test_resuming_publishes_for_what_is_left(
        self, api: Api, job: Job, sent: list[Any], django_capture_on_commit_callbacks: Any
    ) -> None:
        run = make_run(job, "sqq", next_position=1, max_lanes=1)
        api.post(f"runs/{run.pk}/pause/")
        with django_capture_on_commit_callbacks(execute=True):
            response = api.post(f"runs/{run.pk}/resume/")
        assert (response.status_code, response.json()["state"], response.json()["changed"]) == (202, "resuming", True)
        assert [lane for message in sent for lane in message.lanes] == [(run.pk, 0)]

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_one_that_has_ended_is_a_conflict(self, api: Api, job: Job, verb: str) -> None:
        response = api.post(f"runs/{make_run(job, 's').pk}/{verb}/")
        assert (response.status_code, "has succeeded" in response.json()["detail"]) == (409, True)

    def test_one_whose_whole_job_is_paused_is_not_resumed(self, api: Api, job: Job) -> None:
        run = make_run(job, "q")
        api.post("jobs/task:ping/pause/")
        response = api.post(f"runs/{run.pk}/resume/")
        assert (response.status_code, "resume the job" in response.json()["detail"]) == (409, True)

    def test_if_match_names_the_version_of_its_job(self, api: Api, job: Job) -> None:
        run = make_run(job, "q")
        assert api.post(f"runs/{run.pk}/pause/", If_Match='"2"').status_code == 412
        assert api.post(f"runs/{run.pk}/pause/", If_Match='"1"').status_code == 202
        Run.objects.update(job=None)
        assert api.post(f"runs/{run.pk}/resume/", If_Match='"1"').status_code == 412


class TestTerminating:
    def test_it_is_accepted_at_once_with_who_and_why(self, api: Api, job: Job) -> None:
        run = make_run(job, "qqq")
        make_lane(run, 0, 1)
        response = api.post(f"runs/{run.pk}/terminate/", {"note": "wrong data"})
        assert response.status_code == 202
        answer = response.json()
        assert (answer["state"], answer["changed"]) == ("cancelling", True)
        assert {name: answer["stop"][name] for name in ("reason", "actor", "note")} == {
            "reason": "terminated",
            "actor": "olga",
            "note": "wrong data",
        }

    @pytest.mark.django_db(transaction=True)
    def test_one_that_nobody_works_has_ended_with_its_payloads_when_the_answer_comes(self, api: Api, job: Job) -> None:
        run = make_run(job, "sqq", next_position=1)
        answer = api.post(f"runs/{run.pk}/terminate/").json()
        assert (answer["state"], answer["changed"]) == ("cancelled", True)
        assert answer["counts"] == {"total": 3, "queued": 0, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 2}
        assert list(Payload.objects.order_by("position").values_list("state", flat=True)) == [
            "succeeded",
            "cancelled",
            "cancelled",
        ]

    def test_one_that_has_ended_stays_as_it_is_and_the_answer_says_so(self, api: Api, job: Job) -> None:
        run = make_run(job, "s")
        response = api.post(f"runs/{run.pk}/terminate/", {"note": "too late"})
        answer = response.json()
        assert (response.status_code, answer["state"], answer["changed"], answer["stop"]) == (
            200,
            "succeeded",
            False,
            None,
        )
        assert not Event.objects.filter(run=run).exists()


class TestTransition:
    def test_an_editor_moves_a_job_on_and_the_note_is_kept(self, editor: Api, job: Job) -> None:
        put_into(JobState.DRAFT, job)
        response = editor.post("jobs/task:ping/transition/", {"target": "active", "note": "reviewed"})
        assert (response.status_code, response.json()["state"]) == (200, "active")
        assert response.json()["state_change"]["note"] == "reviewed"
        assert Event.objects.filter(kind="job.active", actor="eve").count() == 1

    def test_what_it_lacks_to_be_active_is_listed_by_field(self, editor: Api, job: Job) -> None:
        Job.objects.update(state=JobState.DRAFT, payload=[], configuration={"requires": {"schedule": True}})
        response = editor.post("jobs/task:ping/transition/", {"target": "active"})
        assert fields(response) == ["payload", "schedules"]
        assert Job.objects.get().state == JobState.DRAFT

    def test_pausing_and_resuming_this_way_concern_its_runs_too(self, editor: Api, job: Job) -> None:
        run = make_run(job, "q")
        assert editor.post("jobs/task:ping/transition/", {"target": "paused"}).json()["state"] == "paused"
        assert editor.get(f"runs/{run.pk}/").json()["state"] == "paused"
        assert editor.post("jobs/task:ping/transition/", {"target": "active"}).json()["state"] == "active"
        assert editor.get(f"runs/{run.pk}/").json()["state"] == "resuming"

    def test_a_state_that_does_not_follow_is_a_conflict(self, editor: Api, job: Job) -> None:
        response = editor.post("jobs/task:ping/transition/", {"target": "draft"})
        assert (response.status_code, "cannot become draft" in response.json()["detail"]) == (409, True)

    @pytest.mark.parametrize("target", ["archived", "paused"])
    def test_a_time_that_is_not_the_jobs_any_more_is_a_conflict(self, editor: Api, job: Job, target: str) -> None:
        seen = editor.get("jobs/task:ping/").json()["updated_at"]
        stale = {"target": target, "expected_updated_at": NOW.isoformat()}
        response = editor.post("jobs/task:ping/transition/", stale)
        assert (response.status_code, "after you read it" in response.json()["detail"]) == (409, True)
        assert Job.objects.get().state == JobState.ACTIVE
        assert editor.post("jobs/task:ping/transition/", stale | {"expected_updated_at": seen}).status_code == 200

    @pytest.mark.parametrize("target", ["archived", "paused"])
    def test_if_match_guards_it(self, editor: Api, job: Job, target: str) -> None:
        assert editor.post("jobs/task:ping/transition/", {"target": target}, If_Match='"2"').status_code == 412
        assert Job.objects.get().state == JobState.ACTIVE
        assert editor.post("jobs/task:ping/transition/", {"target": target}, If_Match='"1"').status_code == 200

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "target"),
            ({"target": "running"}, "target"),
            ({"target": "paused", "note": "x" * 2001}, "note"),
            ({"target": "paused", "expected_updated_at": "yesterday"}, "expected_updated_at"),
            ({"target": "paused", "expected_updated_at": "2026-01-01T00:00:00"}, "expected_updated_at"),
            ({"target": "paused", "why": ""}, "why"),
            ([], ""),
        ],
    )
    def test_unfit_bodies_are_refused_by_field(self, editor: Api, job: Job, body: object, field: str) -> None:
        assert fields(editor.post("jobs/task:ping/transition/", body)) == [field]
        assert Job.objects.get().state == JobState.ACTIVE
