"""The commands that hold, continue, end, repeat and extend."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs import dispatch, hotpath
from jobs.models import BulkAction, Event, Job, Payload, Run, Workspace
from jobs.services import reruns
from jobs.states import JobState, RunState, Trigger
from tests.integration.people import make_job, make_workspace
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


def run_command(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


class TestPauseAndResume:
    def test_a_job_with_its_runs(self, job: Job) -> None:
        run = make_run(job, "q")
        assert run_command("pause", "acme", "task:ping", "--note", "disk full") == "task:ping: paused\n"
        assert (Job.objects.get().state_change or {})["note"] == "disk full"
        run.refresh_from_db()
        assert run.state == RunState.PAUSED
        assert run_command("pause", "acme", "task:ping") == "task:ping: paused already, nothing was changed\n"
        assert run_command("resume", "acme", "task:ping") == "task:ping: active\n"
        assert run_command("resume", "acme", "task:ping") == "task:ping: active already, nothing was changed\n"

    def test_a_single_run(self, job: Job) -> None:
        run, other = make_run(job, "q"), make_run(job, "q")
        assert run_command("pause", "acme", run.pk, "--note", "wait") == f"run {run.pk}: paused\n"
        assert run_command("pause", "acme", run.pk) == f"run {run.pk}: paused already, nothing was changed\n"
        assert run_command("resume", "acme", run.pk) == f"run {run.pk}: resuming\n"
        assert Event.objects.get(run=run, kind="run.pausing").data["note"] == "wait"
        other.refresh_from_db()
        assert (other.state, Job.objects.get().state) == (RunState.RUNNING, JobState.ACTIVE)

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_what_has_ended_fails_with_the_reason(self, job: Job, verb: str) -> None:
        with pytest.raises(CommandError, match=r"run \d+ has succeeded"):
            run_command(verb, "acme", make_run(job, "s").pk)

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    @pytest.mark.parametrize(("target", "words"), [("task:gone", "no job 'task:gone'"), ("999", "no run 999 in acme")])
    def test_what_is_not_there_fails(self, job: Job, verb: str, target: str, words: str) -> None:
        with pytest.raises(CommandError, match=words):
            run_command(verb, "acme", target)

    def test_a_note_that_is_too_long_is_refused(self, job: Job) -> None:
        with pytest.raises(CommandError, match="note: expected at most 2000 characters"):
            run_command("pause", "acme", "task:ping", "--note", "x" * 2001)
        assert Job.objects.get().state == JobState.ACTIVE


class TestTerminate:
    def test_one_run_and_then_nothing_is_left_to_do(self, job: Job) -> None:
        run = make_run(job, "qq")
        make_lane(run, 0, 1)
        assert run_command("terminate", "acme", run.pk, "--note", "wrong data") == f"run {run.pk}: cancelling\n"
        assert run_command("terminate", "acme", run.pk) == f"run {run.pk}: cancelling already, nothing was changed\n"
        run.refresh_from_db()
        assert run.stop is not None
        assert run.stop["note"] == "wrong data"
        assert not BulkAction.objects.exists()

    def test_several_are_a_bulk_action(self, job: Job) -> None:
        runs = [make_run(job, "q"), make_run(job, "q"), make_run(job, "s")]
        out = run_command("terminate", "acme", *[run.pk for run in runs], "--note", "wrong data")
        action = BulkAction.objects.get()
        assert out == (f"bulk action {action.pk}: 2 of 3 runs terminated, 1 had ended or were being ended already\n")
        assert action.note == "wrong data"

    def test_a_filter_is_one_too(self, job: Job, workspace: Workspace) -> None:
        mine, other = make_run(job, "q"), make_run(make_job(workspace, "task:pong"), "q")
        assert "1 of 1 runs terminated" in run_command("terminate", "acme", "--job", "task:ping")
        mine.refresh_from_db()
        other.refresh_from_db()
        assert (mine.state, other.state) == (RunState.CANCELLING, RunState.RUNNING)

    @pytest.mark.parametrize("arguments", [(), ("1", "--job", "task:ping"), ("1", "2", "--state", "running")])
    def test_either_ids_or_a_filter_must_be_given(self, job: Job, arguments: tuple[str, ...]) -> None:
        run = make_run(job, "q")
        with pytest.raises(CommandError, match="either the ids of runs, or"):
            run_command("terminate", "acme", *arguments)
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    def test_a_state_that_is_none_is_refused(self, job: Job) -> None:
        with pytest.raises(CommandError, match=r"filter.state: expected one of pending"):
            run_command("terminate", "acme", "--state", "done")

    def test_another_workspaces_run_is_not_there(self, workspace: Workspace) -> None:
        theirs = make_run(make_job(make_workspace("other")), "q")
        with pytest.raises(CommandError, match="no run"):
            run_command("terminate", "acme", theirs.pk)
        theirs.refresh_from_db()
        assert theirs.state == RunState.RUNNING


class TestRerunAndReplay:
    def test_all_of_a_run(self, job: Job) -> None:
        old = make_ended_run(job, parameters={"day": 1})
        out = run_command("rerun", "acme", old.pk, "--comment", "again")
        run = Run.objects.get(origin=old)
        assert (out, run.trigger, run.comment, run.parameters) == (f"{run.pk}\n", Trigger.RERUN, "again", {"day": 1})

    def test_what_failed_on_the_snapshot_with_other_parameters(self, job: Job) -> None:
        old = make_ended_run(job, "sf", parameters={"day": 1})
        Job.objects.update(configuration={"priority": 5})
        run_command("rerun", "acme", old.pk, "--failed", "--snapshot", "--parameters", '{"day": 2}')
        run = Run.objects.get(origin=old)
        assert (run.total, run.parameters, run.snapshot["configuration"]["priority"]) == (1, {"day": 2}, 0)
        assert Payload.objects.get(run=run).name == "n1"

    @pytest.mark.parametrize(("state", "fails"), [(RunState.SUCCEEDED, False), (RunState.FAILED, True)])
    def test_waiting_tells_how_it_ended_and_fails_unless_it_succeeded(
        self, monkeypatch: pytest.MonkeyPatch, job: Job, state: RunState, fails: bool
    ) -> None:
        old = make_ended_run(job)

        def ended_at_once(**arguments: Any) -> int:
            run_id = reruns.rerun(**arguments)
            counts = {"failed": 2} if fails else {"succeeded": 2}
            Run.objects.filter(pk=run_id).update(state=state, ended_at=NOW, wake_at=None, **counts)
            return run_id

        monkeypatch.setattr("jobs.management.commands.rerun.rerun", ended_at_once)
        if fails:
            with pytest.raises(CommandError, match=r"run \d+ failed"):
                run_command("rerun", "acme", old.pk, "--wait")
        else:
            assert "succeeded: 2 succeeded, 0 failed" in run_command("rerun", "acme", old.pk, "--wait")

    def test_what_cannot_be_said_or_done_fails(self, job: Job) -> None:
        with pytest.raises(CommandError, match="--parameters: line 1"):
            run_command("rerun", "acme", make_ended_run(job).pk, "--parameters", "{")
        with pytest.raises(CommandError, match="parameters: expected an object"):
            run_command("rerun", "acme", make_ended_run(job).pk, "--parameters", "[]")
        with pytest.raises(CommandError, match="is running: only a run that has ended"):
            run_command("rerun", "acme", make_run(job, "q").pk)
        assert not Run.objects.filter(trigger=Trigger.RERUN).exists()

    def test_a_replay_prints_its_id_and_cannot_be_replayed(self, job: Job) -> None:
        old = make_ended_run(job)
        out = run_command("replay", "acme", old.pk, "--comment", "sink was down")
        run = Run.objects.get(origin=old)
        assert (out, run.trigger, run.comment) == (f"{run.pk}\n", Trigger.REPLAY, "sink was down")
        with pytest.raises(CommandError, match=r"is replay|is a replay|only a run that has ended"):
            run_command("replay", "acme", run.pk)


class TestExtend:
    @pytest.mark.django_db(transaction=True)
    def test_payloads_are_added(self, job: Job) -> None:
        run = make_run(job, "sq")
        out = run_command("extend", "acme", run.pk, "--payload", '[{"kind": "noop", "name": "a"}, {"kind": "noop"}]')
        assert out == f"run {run.pk}: 2 payload(s) added\n"
        run.refresh_from_db()
        assert (run.total, Payload.objects.get(run=run, position=2).name) == (4, "a")

    @pytest.mark.parametrize(
        ("payload", "words"),
        [("[", "--payload: line 1"), ("5", "payload: expected a list"), ('[{"kind": "nope"}]', "payload.0.kind")],
    )
    def test_what_is_no_payload_is_refused(self, job: Job, payload: str, words: str) -> None:
        run = make_run(job, "q")
        with pytest.raises(CommandError, match=words):
            run_command("extend", "acme", run.pk, "--payload", payload)
        run.refresh_from_db()
        assert run.total == 1


class TestTransition:
    def test_it_says_what_state_the_job_is_in(self, job: Job) -> None:
        assert run_command("transition", "acme", "task:ping", "archived") == "task:ping: archived\n"
        again = run_command("transition", "acme", "task:ping", "archived")
        assert again == "task:ping: archived already, nothing was changed\n"
        assert run_command("transition", "acme", "task:ping", "active", "--note", "back") == "task:ping: active\n"
        assert (Job.objects.get().state_change or {})["note"] == "back"

    def test_pausing_and_resuming_this_way_concern_its_runs_too(self, job: Job) -> None:
        run = make_run(job, "q")
        assert run_command("transition", "acme", "task:ping", "paused") == "task:ping: paused\n"
        run.refresh_from_db()
        assert run.state == RunState.PAUSED
        assert run_command("transition", "acme", "task:ping", "active") == "task:ping: active\n"

    def test_what_is_missing_is_listed(self, job: Job) -> None:
        Job.objects.update(state=JobState.DRAFT, payload=[], configuration={"requires": {"schedule": True}})
        with pytest.raises(CommandError, match=r"payload: expected at least one payload; schedules: expected"):
            run_command("transition", "acme", "task:ping", "active")
        assert Job.objects.get().state == JobState.DRAFT


def test_a_trigger_with_a_key_that_was_used_prints_the_run_that_exists(job: Job) -> None:
    first = run_command("trigger", "acme", "task:ping", "--idempotency-key", "monday")
    assert run_command("trigger", "acme", "task:ping", "--idempotency-key", "monday") == first
    assert Run.objects.count() == 1
    with pytest.raises(CommandError, match="idempotency_key"):
        run_command("trigger", "acme", "task:ping", "--idempotency-key", "x" * 256)
