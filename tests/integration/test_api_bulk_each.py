"""Pausing, resuming, triggering and rerunning many at once, as an action with progress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from jobs import dispatch, hotpath
from jobs.models import BulkAction, Job, Role, Run, Scope, Workspace
from jobs.services import bulk_each
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_ended_run, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def jobs(workspace: Workspace) -> list[Job]:
    return [make_job(workspace, f"task:{name}", tags=["nightly"]) for name in "abc"]


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


def counts(response: Any) -> tuple[int, int, int]:
    """How many were meant, changed and left."""
    assert response.status_code == 202, response.json()
    answer = response.json()
    return answer["total"], answer["changed"], answer["unchanged"]


class TestOnJobs:
    def test_are_paused_and_resumed_by_key_or_filter(self, api: Api, jobs: list[Job]) -> None:
        paused = api.post("jobs/bulk/", {"action": "pause", "keys": ["task:a", "task:b"], "note": "maintenance"})
        assert (counts(paused), paused.json()["action"]) == ((2, 2, 0), "pause-jobs")
        assert list(Job.objects.order_by("name").values_list("state", flat=True)) == ["paused", "paused", "active"]
        assert (Job.objects.get(name="a").state_change or {})["note"] == "maintenance"
        resumed = api.post("jobs/bulk/", {"action": "resume", "filter": {"tag": "nightly"}})
        assert counts(resumed) == (3, 2, 1)
        assert not Job.objects.exclude(state="active").exists()

    def test_are_triggered_once_each_and_what_cannot_be_is_told(self, api: Api, jobs: list[Job]) -> None:
        Job.objects.filter(name="b").update(state="paused")
        done = api.post(
            "jobs/bulk/", {"action": "trigger", "filter": {"type": "task"}, "parameters": {"day": 1}, "note": "why"}
        )
        assert counts(done) == (3, 2, 1)
        assert [(run.job_key, run.parameters, run.comment) for run in Run.objects.order_by("pk")] == [
            ("task:a", {"day": 1}, "why"),
            ("task:c", {"day": 1}, "why"),
        ]
        [problem] = done.json()["problems"]
        assert (problem["id"], "task:b is paused" in problem["detail"]) == (jobs[1].pk, True)

    def test_have_all_their_runs_terminated(self, api: Api, jobs: list[Job]) -> None:
        ended, other = [make_run(jobs[0], "qq") for _ in range(2)], make_run(jobs[2], "q")
        done = api.post("jobs/bulk/", {"action": "terminate", "keys": ["task:a", "task:b"], "note": "wrong data"})
        assert counts(done) == (2, 1, 1)
        assert {Run.objects.get(pk=run.pk).state for run in ended} <= {"cancelling", "cancelled"}
        assert Run.objects.get(pk=other.pk).state == "running"

    def test_are_deleted_by_editors_alone(self, api: Api, jobs: list[Job], workspace: Workspace) -> None:
        body = {"action": "delete", "keys": ["task:a", "task:b"]}
        refused = api.post("jobs/bulk/", body)
        assert (refused.status_code, Job.objects.count()) == (403, 3)
        editor = make_user("eda", workspace=workspace, role=Role.EDITOR)
        assert Api(editor, scopes=[Scope.RUN]).post("jobs/bulk/", body).status_code == 403
        assert Job.objects.count() == 3
        make_run(jobs[1], "q")
        done = Api(editor, scopes=[Scope.RUN, Scope.WRITE]).post("jobs/bulk/", body)
        assert counts(done) == (2, 1, 1)
        assert "active run" in done.json()["problems"][0]["detail"]
        assert set(Job.objects.values_list("name", flat=True)) == {"b", "c"}

    def test_go_on_in_the_sweep_where_the_last_process_stopped(
        self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk_each, "AT_ONCE", 1)
        begun = api.post("jobs/bulk/", {"action": "trigger", "filter": {"type": "task"}})
        assert (counts(begun), begun.json()["ended_at"]) == ((3, 1, 0), None)
        for _ in range(4):
            bulk_each.work_off()
        assert Run.objects.count() == 3
        told = api.get(f"bulk-actions/{begun.json()['id']}/").json()
        assert (told["changed"], told["ended_at"] is not None) == (3, True)

    def test_of_another_workspace_are_not_there(self, api: Api, jobs: list[Job]) -> None:
        make_job(make_workspace("other"), "task:theirs", tags=["nightly"])
        response = api.post("jobs/bulk/", {"action": "pause", "keys": ["task:theirs"]})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "keys.0")
        assert counts(api.post("jobs/bulk/", {"action": "pause", "filter": {"tag": "nightly"}})) == (3, 3, 0)


class TestWhatNobodyForesaw:
    """An error of ours, in one target or in one action, costs the others nothing."""

    def test_is_the_targets_own_problem(self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        pause = bulk_each._ACTIONS["pause-jobs"]

        def breaks_at_b(action: BulkAction, job_id: int) -> bool:
            if job_id == jobs[1].pk:
                raise RuntimeError("secret details")
            return pause(action, job_id)

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", breaks_at_b)
        done = api.post("jobs/bulk/", {"action": "pause", "filter": {"tag": "nightly"}})
        assert counts(done) == (3, 2, 1)
        assert done.json()["ended_at"] is not None
        [problem] = done.json()["problems"]
        assert problem["id"] == jobs[1].pk
        assert "secret details" not in problem["detail"]

    def test_in_the_first_batch_is_answered_with_the_action_all_the_same(
        self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(pk: int) -> bool:
            raise RuntimeError

        with monkeypatch.context() as broken:
            broken.setattr(bulk_each, "_work_one", breaks)
            begun = api.post("jobs/bulk/", {"action": "pause", "filter": {"tag": "nightly"}})
        assert counts(begun) == (3, 0, 0)
        bulk_each.work_off()
        assert not Job.objects.filter(state="active").exists()

    def test_in_one_action_keeps_no_other_waiting(
        self, workspace: Workspace, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = (
            BulkAction.objects.create(
                workspace=workspace, action="pause-jobs", selection={}, targets=[job.pk], upto=job.pk, total=1
            )
            for job in jobs[:2]
        )
        work_one = bulk_each._work_one

        def breaks_for_the_first(pk: int) -> bool:
            if pk == first.pk:
                raise RuntimeError
            return work_one(pk)

        monkeypatch.setattr(bulk_each, "_work_one", breaks_for_the_first)
        bulk_each.work_off()
        second.refresh_from_db()
        assert second.ended_at is not None

    def test_a_database_that_is_away_is_nobodys_problem(
        self, workspace: Workspace, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(action: BulkAction, job_id: int) -> bool:
            raise OperationalError

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", away)
        action = BulkAction.objects.create(
            workspace=workspace, action="pause-jobs", selection={}, targets=[jobs[0].pk], upto=jobs[0].pk, total=1
        )
        with pytest.raises(OperationalError):
            bulk_each.work_off()
        action.refresh_from_db()
        assert (action.problems, action.unchanged, action.ended_at) == ([], 0, None)


class TestOnRuns:
    def test_are_rerun(self, api: Api, jobs: list[Job]) -> None:
        failed = [make_ended_run(jobs[0], "sf"), make_ended_run(jobs[1], "f")]
        make_ended_run(jobs[0], "s")
        done = api.post("runs/bulk/", {"action": "rerun", "filter": {"state": "failed"}, "which": "failed"})
        assert counts(done) == (2, 2, 0)
        made = Run.objects.filter(trigger="rerun").order_by("pk")
        assert [(run.origin_id, run.total) for run in made] == [(failed[0].pk, 1), (failed[1].pk, 1)]

    def test_are_paused_and_resumed(self, api: Api, jobs: list[Job], workspace: Workspace) -> None:
        runs = [make_run(jobs[0], "q"), make_run(jobs[0], "s")]
        foreign = make_run(make_job(make_workspace("other")), "q")
        ids = [run.pk for run in (*runs, foreign)]
        assert counts(api.post("runs/bulk/", {"action": "pause", "ids": ids})) == (2, 1, 1)
        assert Run.objects.get(pk=foreign.pk).state == "running"
        assert counts(api.post("runs/bulk/", {"action": "resume", "ids": ids})) == (2, 1, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs/bulk/", {"action": "rename", "keys": ["task:a"]}),
        ("jobs/bulk/", {"action": "pause"}),
        ("jobs/bulk/", {"action": "pause", "keys": ["task:a"], "filter": {"tag": "x"}}),
        ("jobs/bulk/", {"action": "pause", "filter": {}}),
        ("jobs/bulk/", {"action": "pause", "keys": []}),
        ("jobs/bulk/", {"action": "pause", "filter": {"state": "asleep"}}),
        ("runs/bulk/", {"action": "rerun", "ids": [True]}),
        ("runs/bulk/", {"action": "rerun", "filter": {"colour": "red"}}),
        ("runs/bulk/", {"action": "trigger", "ids": [1]}),
        ("runs/bulk/", []),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(api: Api, path: str, body: Any) -> None:
    assert api.post(path, body).status_code == 400
    assert not BulkAction.objects.exists()


def test_a_viewer_may_not(workspace: Workspace, jobs: list[Job]) -> None:
    viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
    assert viewer.post("jobs/bulk/", {"action": "pause", "keys": ["task:a"]}).status_code == 403
