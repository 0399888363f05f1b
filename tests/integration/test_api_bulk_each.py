"""Pausing, resuming, triggering and rerunning many at once, as an action with progress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from psycopg import errors as psycopg_errors

from jobs import dispatch, hotpath
from jobs.models import ApiToken, BulkAction, Job, Membership, Role, Run, Scope, Workspace
from jobs.services import bulk, bulk_batches, bulk_each
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

    def test_runs_that_began_after_it_was_asked_are_not_terminated(self, api: Api, jobs: list[Job]) -> None:
        meant = make_run(jobs[0], "q")
        begun = made(jobs[:1], action="terminate-jobs", options={"upto": meant.pk})
        later = make_run(jobs[0], "q")
        bulk_each.work_off()
        begun.refresh_from_db()
        assert begun.changed == 1
        assert Run.objects.get(pk=meant.pk).state == "cancelling"
        assert Run.objects.get(pk=later.pk).state == "running"

    def test_remember_which_run_was_the_newest(self, api: Api, jobs: list[Job]) -> None:
        newest = make_run(jobs[0], "q")
        api.post("jobs/bulk/", {"action": "terminate", "keys": ["task:a"]})
        assert BulkAction.objects.get(action="terminate-jobs").options == {"upto": newest.pk}

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
        def breaks(pk: int, target: int, *, is_last: bool) -> bool:
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

        def breaks_for_the_first(pk: int, target: int, *, is_last: bool) -> bool:
            if pk == first.pk:
                raise RuntimeError
            return work_one(pk, target, is_last=is_last)

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

    @pytest.mark.parametrize(
        ("code", "tries"), [("40P01", 3), ("55P03", 3), ("57014", 1), ("57P01", -1), ("08006", -1)]
    )
    def test_a_lock_or_a_time_limit_is_the_targets_and_a_lost_server_is_not(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, code: str, tries: int
    ) -> None:
        """``tries``: of the one target; below 0 where the database is away."""
        asked, told = [], tries > 0

        def fails_at_a(action: BulkAction, job_id: int) -> bool:
            asked.append(job_id)
            if job_id == jobs[0].pk:
                raise OperationalError from psycopg_errors.lookup(code)()
            return True

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", fails_at_a)
        action = made(jobs)
        if told:
            bulk_each.work_off()
        else:
            with pytest.raises(OperationalError):
                bulk_each.work_off()
        action.refresh_from_db()
        assert asked.count(jobs[0].pk) == abs(tries)
        assert [each["id"] for each in action.problems] == ([jobs[0].pk] if told else [])
        assert (action.changed, action.failures, action.ended_at is not None) == (
            (2, 0, True) if told else (0, 0, False)
        )

    @pytest.mark.parametrize(
        ("code", "is_away"),
        [("", True), ("53300", True), ("57P03", True), ("53400", False), ("54001", False), ("58P01", False)],
    )
    def test_what_says_the_same_the_next_time_is_no_absence(self, code: str, is_away: bool) -> None:
        error = OperationalError()
        error.__cause__ = psycopg_errors.lookup(code)() if code else None
        assert bulk_batches.is_away(error) is is_away

    def test_the_first_batch_never_fails_who_asked(
        self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(action: BulkAction, job_id: int) -> bool:
            raise OperationalError

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", away)
        told = api.post("jobs/bulk/", {"action": "pause", "filter": {"type": "task"}})
        assert (told.status_code, told.json()["changed"], told.json()["ended_at"]) == (202, 0, None)
        monkeypatch.undo()
        bulk_each.work_off()
        assert BulkAction.objects.get().changed == 3

    def test_a_batch_that_ends_its_process_counts_as_tried(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ends_the_process(action: BulkAction, job_id: int) -> bool:
            raise SystemExit

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", ends_the_process)
        action = made(jobs)
        for _ in range(bulk_batches.MOST_FAILURES):
            with pytest.raises(SystemExit):
                bulk_each.work_off()
        bulk_each.work_off()
        action.refresh_from_db()
        assert (action.changed, action.unchanged, action.ended_at is not None) == (0, 3, True)
        assert "given up" in action.problems[0]["detail"]

    def test_who_finds_another_at_it_counts_nothing_and_takes_nothing_back(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        action = made(jobs, failures=4)
        monkeypatch.setattr(bulk_each, "_work", lambda _: False)
        bulk_each.work_off()
        action.refresh_from_db()
        assert action.failures == 4

    def test_a_row_that_somebody_holds_is_waited_for_briefly(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []

        def look(action: BulkAction, job_id: int) -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                asked.append(cursor.fetchone())
            return True

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", look)
        made(jobs[:1])
        bulk_each.work_off()
        assert asked == [(f"{bulk_batches.LOCK_SECONDS}s",)]

    def test_what_was_in_the_way_once_is_not_the_second_time(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []

        def deadlocked_once(action: BulkAction, job_id: int) -> bool:
            asked.append(job_id)
            if len(asked) == 1:
                raise OperationalError from psycopg_errors.DeadlockDetected()
            return True

        monkeypatch.setitem(bulk_each._ACTIONS, "pause-jobs", deadlocked_once)
        action = made(jobs[:1])
        bulk_each.work_off()
        action.refresh_from_db()
        assert (action.changed, action.problems) == (1, [])

    def test_an_action_that_never_gets_anywhere_ends(self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        def breaks(pk: int, target: int, *, is_last: bool) -> bool:
            raise RuntimeError("secret details")

        monkeypatch.setattr(bulk_each, "_work_one", breaks)
        action = made(jobs)
        for _ in range(bulk_batches.MOST_FAILURES - 1):
            bulk_each.work_off()
        action.refresh_from_db()
        assert (action.ended_at, action.problems) == (None, [])
        bulk_each.work_off()
        action.refresh_from_db()
        assert (action.changed, action.unchanged, action.ended_at is not None) == (0, 3, True)
        assert "given up" in action.problems[0]["detail"]
        assert "secret details" not in action.problems[0]["detail"]

    @pytest.mark.parametrize("works", [bulk, bulk_each])
    def test_actions_that_never_get_anywhere_do_not_keep_the_others_waiting(
        self, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, works: Any
    ) -> None:
        monkeypatch.setattr(bulk_batches, "AT_ONCE", 2)
        tried: list[int] = []
        monkeypatch.setattr(works, "_work" if works is bulk_each else "_work_one_batch", tried.append)
        kind = "pause-jobs" if works is bulk_each else "terminate"
        expected = [made(jobs, action=kind).pk for _ in range(3)]
        works.work_off()
        works.work_off()
        assert tried[:3] == expected


def made(jobs: list[Job], **columns: Any) -> BulkAction:
    """An action that pauses these jobs, and has not begun."""
    ids = [job.pk for job in jobs]
    columns = {"action": "pause-jobs", "selection": {}} | columns
    return BulkAction.objects.create(workspace=jobs[0].workspace, targets=ids, upto=ids[-1], total=len(ids), **columns)


def lose_token(olga: User) -> None:
    ApiToken.objects.filter(user=olga).delete()


def lose_scope(olga: User) -> None:
    ApiToken.objects.filter(user=olga).update(scopes=["jobs:read"])


def lose_role(olga: User) -> None:
    Membership.objects.filter(user=olga).update(role=Role.VIEWER)


def be_put_out(olga: User) -> None:
    Membership.objects.filter(user=olga).delete()


def be_locked_out(olga: User) -> None:
    User.objects.filter(pk=olga.pk).update(is_active=False)


def leave(olga: User) -> None:
    olga.delete()


class TestWhoeverAskedLosesTheRight:
    @pytest.mark.parametrize(
        ("lose", "why"),
        [
            (lose_token, "token"),
            (lose_scope, "token"),
            (lose_role, "viewer"),
            (be_put_out, "not a member"),
            (be_locked_out, "cannot log in"),
            (leave, "cannot log in"),
        ],
    )
    def test_and_what_is_left_is_refused_with_the_reason(
        self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, lose: Any, why: str
    ) -> None:
        monkeypatch.setattr(bulk_each, "AT_ONCE", 1)
        begun = api.post("jobs/bulk/", {"action": "pause", "filter": {"tag": "nightly"}})
        assert counts(begun) == (3, 1, 0)
        lose(User.objects.get(username="olga"))
        bulk_each.work_off()
        action = BulkAction.objects.get()
        assert (action.changed, action.unchanged, action.ended_at is not None) == (1, 2, True)
        assert [each["id"] for each in action.problems] == [jobs[1].pk, jobs[2].pk]
        assert why in action.problems[0]["detail"]
        assert Job.objects.filter(state="paused").count() == 1

    def test_also_in_the_middle_of_a_termination(
        self, api: Api, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "BATCH", 1)
        runs = [make_run(jobs[0], "q") for _ in range(3)]
        begun = api.post("runs/bulk-terminate/", {"ids": [run.pk for run in runs]})
        assert counts(begun) == (3, 1, 0)
        lose_role(User.objects.get(username="olga"))
        bulk.work_off()
        action = BulkAction.objects.get()
        assert (action.changed, action.unchanged, action.ended_at is not None) == (1, 2, True)
        assert Run.objects.filter(state="cancelling").count() == 1

    def test_who_edits_no_more_deletes_no_more(self, jobs: list[Job]) -> None:
        olga = make_user("olga-2", workspace=jobs[0].workspace, role=Role.OPERATOR)
        begun = made(jobs, action="delete-jobs", caller={"user": olga.pk, "token": None})
        bulk_each.work_off()
        begun.refresh_from_db()
        assert (begun.changed, begun.unchanged) == (0, 3)
        assert "it takes editor" in begun.problems[0]["detail"]

    def test_the_terminations_of_jobs_need_the_same_rights(self, jobs: list[Job]) -> None:
        run = make_run(jobs[0], "q")
        olga = make_user("olga-2", workspace=jobs[0].workspace, role=Role.OPERATOR)
        made(jobs[:1], action="terminate-jobs", caller={"user": olga.pk, "token": None})
        bulk_each.work_off()
        its_own = BulkAction.objects.get(action="terminate")
        assert its_own.caller == {"user": olga.pk, "token": None}
        assert Run.objects.get(pk=run.pk).state == "cancelling"

    def test_what_no_user_of_the_site_asked_for_goes_on(self, jobs: list[Job]) -> None:
        begun = made(jobs, actor="root")
        bulk_each.work_off()
        begun.refresh_from_db()
        assert (begun.changed, begun.problems) == (3, [])


class TestWhatAStepCosts:
    def test_it_does_not_read_all_targets_for_each(self, jobs: list[Job]) -> None:
        made(jobs)
        with CaptureQueriesContext(connection) as queries:
            bulk_each.work_off()
        steps = [each["sql"] for each in queries if "FOR" in each["sql"] and "jobs_bulk_action" in each["sql"]]
        assert len(steps) >= 3
        assert [each for each in steps if '"targets"' in each or '"selection"' in each] == []

    def test_keys_are_looked_up_and_not_all_jobs(self, api: Api, jobs: list[Job]) -> None:
        with CaptureQueriesContext(connection) as queries:
            assert api.post("jobs/bulk/", {"action": "pause", "keys": ["task:a"]}).status_code == 202
        by_key = [each["sql"] for each in queries if '"jobs_job"."name" IN' in each["sql"]]
        assert len(by_key) == 1


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
