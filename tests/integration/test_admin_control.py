"""Holding, ending and repeating in the admin: the buttons, the pages behind them, and who may press them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.admin.job_controls import JOB_VERBS
from jobs.admin.run_controls import RUN_VERBS
from jobs.models import Job, Role, Run, Workspace
from jobs.states import JobState, RunState, Trigger
from tests.integration.people import make_job, make_user, make_workspace
from tests.integration.run_rows import NOW, make_ended_run, make_lane, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _broker_that_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, payloads=2)


def staff(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True))
    return client


@pytest.fixture
def operator(workspace: Workspace) -> Client:
    return staff(workspace, Role.OPERATOR)


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    return staff(workspace, Role.EDITOR)


def job_page(client: Client, job: Job) -> str:
    return client.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()


def buttons(client: Client, run: Run) -> list[str]:
    return [button for _, button in client.get(f"/admin/jobs/run/{run.pk}/change/").context["verbs"]]


def press(client: Client, run: Run, verb: str, **typed: str) -> Any:
    return client.post(f"/admin/jobs/run/{run.pk}/do/{verb}/", typed, follow=True)


class TestAJob:
    def test_pause_asks_why_and_the_page_says_who_when_and_why(self, operator: Client, job: Job) -> None:
        run = make_run(job, "q")
        address = f"/admin/jobs/job/{job.pk}/state/pause/"
        assert address in job_page(operator, job)
        asked = operator.get(address).content.decode()
        assert "Nothing more of it starts" in asked
        assert Job.objects.get().state == JobState.ACTIVE
        answer = operator.post(address, {"note": "disk <full>"}, follow=True).content.decode()
        assert "The job task:ping is paused." in answer
        assert "by the-operator, 20" in answer
        assert "disk &lt;full&gt;" in answer
        run.refresh_from_db()
        assert run.state == RunState.PAUSED

    def test_a_paused_job_offers_to_resume_and_not_to_run(self, operator: Client, job: Job) -> None:
        Job.objects.update(state=JobState.PAUSED, resume_at=NOW)
        page = job_page(operator, job)
        assert f"/admin/jobs/job/{job.pk}/run/" not in page
        assert f"/admin/jobs/job/{job.pk}/state/pause/" not in page
        assert "goes on by itself at 2026-11-21 12:00:00 UTC" in page
        operator.post(f"/admin/jobs/job/{job.pk}/state/resume/", {})
        assert Job.objects.get().state == JobState.ACTIVE

    @pytest.mark.parametrize("verb", JOB_VERBS)
    def test_what_is_offered_can_be_done(self, editor: Client, job: Job, verb: str) -> None:
        for state in JOB_VERBS[verb].states:
            Job.objects.update(state=state, resume_at=None)
            address = f"/admin/jobs/job/{job.pk}/state/{verb}/"
            assert address in job_page(editor, job)
            editor.post(address, {"note": "x"})
            assert Job.objects.get().state == JOB_VERBS[verb].target

    def test_what_is_missing_is_told(self, editor: Client, job: Job) -> None:
        Job.objects.update(state=JobState.DRAFT, payload=[])
        answer = editor.post(f"/admin/jobs/job/{job.pk}/state/activate/", {}, follow=True).content.decode()
        assert "Nothing was changed: payload: expected at least one payload" in answer
        assert Job.objects.get().state == JobState.DRAFT

    def test_a_button_that_came_too_late_changes_nothing(self, editor: Client, job: Job) -> None:
        Job.objects.update(state=JobState.PAUSED)
        answer = editor.post(f"/admin/jobs/job/{job.pk}/state/activate/", {}, follow=True).content.decode()
        assert "Nothing was changed: task:ping is paused" in answer
        assert Job.objects.get().state == JobState.PAUSED

    def test_a_note_that_is_too_long_is_told_on_its_field(self, editor: Client, job: Job) -> None:
        response = editor.post(f"/admin/jobs/job/{job.pk}/state/pause/", {"note": "x" * 2001})
        assert response.context["form"].errors == {"note": ["expected at most 2000 characters"]}
        assert Job.objects.get().state == JobState.ACTIVE

    @pytest.mark.parametrize(
        ("role", "statuses"),
        [(Role.VIEWER, (404, 404)), (Role.OPERATOR, (302, 404)), (Role.EDITOR, (302, 302))],
    )
    def test_pausing_takes_an_operator_and_archiving_an_editor(
        self, workspace: Workspace, job: Job, role: Role, statuses: tuple[int, ...]
    ) -> None:
        client = staff(workspace, role)
        page = job_page(client, job)
        found = []
        for verb, status in zip(("pause", "archive"), statuses, strict=True):
            assert (f"/state/{verb}/" in page) == (status == 302)
            found.append(client.post(f"/admin/jobs/job/{job.pk}/state/{verb}/", {}).status_code)
        assert tuple(found) == statuses

    def test_a_state_is_not_changed_by_a_link(self, operator: Client, job: Job) -> None:
        operator.get(f"/admin/jobs/job/{job.pk}/state/pause/")
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = operator.cookies
        assert strict.post(f"/admin/jobs/job/{job.pk}/state/pause/", {}).status_code == 403
        assert Job.objects.get().state == JobState.ACTIVE

    def test_the_list_shows_states_and_filters_by_them(self, operator: Client, job: Job, workspace: Workspace) -> None:
        make_job(workspace, "task:old")
        Job.objects.filter(name="old").update(state=JobState.ARCHIVED)
        page = operator.get("/admin/jobs/job/", {"state__exact": "archived"}).content.decode()
        assert "task:old" in page
        assert "task:ping" not in page
        assert "▣" in page


class TestARun:
    @pytest.mark.parametrize(
        ("state", "offered"),
        [
            (RunState.PENDING, ["Pause", "Terminate"]),
            (RunState.RUNNING, ["Pause", "Terminate"]),
            (RunState.PAUSING, ["Resume", "Terminate"]),
            (RunState.RESUMING, ["Pause", "Terminate"]),
            (RunState.CANCELLING, []),
        ],
    )
    def test_an_active_one_offers_what_fits_its_state(
        self, operator: Client, job: Job, state: RunState, offered: list[str]
    ) -> None:
        assert buttons(operator, make_run(job, "q", state=state)) == [*offered, "Pin"]

    def test_one_that_has_ended_offers_to_repeat_it(self, operator: Client, job: Job) -> None:
        assert buttons(operator, make_ended_run(job, "sf")) == ["Rerun", "Rerun failed", "Replay", "Pin"]
        assert buttons(operator, make_ended_run(job, "ss")) == ["Rerun", "Replay", "Pin"]
        assert buttons(operator, make_ended_run(job, "ss", trigger=Trigger.REPLAY)) == ["Pin"]

    def test_a_viewer_is_offered_nothing_and_can_do_nothing(self, workspace: Workspace, job: Job) -> None:
        viewer, run = staff(workspace, Role.VIEWER), make_run(job, "q")
        assert buttons(viewer, run) == []
        for verb in RUN_VERBS:
            assert press(viewer, run, verb).status_code == 404
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    def test_another_workspaces_is_not_reached(self, operator: Client) -> None:
        theirs = make_run(make_job(make_workspace("other")), "q")
        assert press(operator, theirs, "terminate").status_code == 404
        theirs.refresh_from_db()
        assert theirs.state == RunState.RUNNING

    def test_pause_and_resume_say_who_and_why(self, operator: Client, job: Job) -> None:
        run = make_run(job, "q")
        page = press(operator, run, "pause", note="one moment").content.decode()
        assert f"Run {run.pk} is paused." in page
        assert "by the-operator" in page
        assert "one moment" in page
        assert f"Run {run.pk} is resuming." in press(operator, run, "resume").content.decode()

    def test_terminate_says_what_it_will_do_and_asks(self, operator: Client, job: Job) -> None:
        run = make_run(job, "qqq", snapshot={"configuration": {"terminate_grace": "3s"}})
        make_lane(run, 0, 1)
        asked = operator.get(f"/admin/jobs/run/{run.pk}/do/terminate/").content.decode()
        assert "Its 2 queued payload(s) are cancelled; its 1 running one(s) are told to stop" in asked
        assert "after 3 s" in asked
        run.refresh_from_db()
        assert run.state == RunState.RUNNING
        page = press(operator, run, "terminate", note="wrong data").content.decode()
        assert f"Run {run.pk} is cancelling." in page
        assert "terminated by the-operator" in page
        assert "wrong data" in page

    def test_a_button_that_came_too_late_changes_nothing(self, operator: Client, job: Job) -> None:
        run = make_run(job, "s")
        page = press(operator, run, "terminate").content.decode()
        assert f"Nothing was changed: run {run.pk} has succeeded" in page

    def test_what_the_service_refuses_is_told(self, operator: Client, job: Job) -> None:
        run = make_run(job, "q")
        operator.post(f"/admin/jobs/job/{job.pk}/state/pause/", {})
        page = press(operator, run, "resume").content.decode()
        assert "Nothing was done: task:ping is paused: resume the job" in page

    def test_rerun_leads_to_the_new_run_and_the_chain_shows_both(self, operator: Client, job: Job) -> None:
        old = make_ended_run(job, parameters={"day": 1})
        answer = press(operator, old, "rerun", definition="snapshot", parameters='{"day": 2}', comment="again")
        run = Run.objects.get(origin=old)
        assert answer.redirect_chain == [(f"/admin/jobs/run/{run.pk}/change/", 302)]
        assert (run.trigger, run.parameters, run.comment, run.total) == (Trigger.RERUN, {"day": 2}, "again", 2)
        assert "this run comes from" in answer.content.decode()
        assert "rerun of this run" in operator.get(f"/admin/jobs/run/{old.pk}/change/").content.decode()

    def test_rerun_failed_takes_what_failed_and_the_runs_own_parameters(self, operator: Client, job: Job) -> None:
        old = make_ended_run(job, "sf", parameters={"day": 1})
        press(operator, old, "rerun-failed", definition="present")
        run = Run.objects.get(origin=old)
        assert (run.parameters, run.total) == ({"day": 1}, 1)

    def test_parameters_that_are_none_are_told_on_their_field(self, operator: Client, job: Job) -> None:
        response = press(operator, make_ended_run(job), "rerun", definition="present", parameters="[1]")
        assert response.context["form"].errors == {"parameters": ["expected an object"]}
        assert Run.objects.count() == 1

    def test_replay_makes_a_run_of_its_own_kind(self, operator: Client, job: Job) -> None:
        old = make_ended_run(job)
        press(operator, old, "replay", comment="the sink was down")
        assert Run.objects.get(origin=old).trigger == Trigger.REPLAY

    def test_a_run_that_waits_to_be_admitted_says_so(self, operator: Client, job: Job) -> None:
        run = make_run(job, "q", state=RunState.PENDING, admitted=False)
        assert (
            "waits until its job has fewer active runs"
            in operator.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()
        )
