"""Draft, active, archived: what may follow what, and what a job must have to become active."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.documents import job as document_module
from jobs.documents import parse_job
from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Event, Job, Secret, Workspace
from jobs.services import activation
from jobs.services.activation import transition
from jobs.services.jobs import check_job, save_job
from jobs.states import JobState
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

DRAFT, ACTIVE, PAUSED, ARCHIVED = JobState.DRAFT, JobState.ACTIVE, JobState.PAUSED, JobState.ARCHIVED


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def job_in(state: JobState, workspace: Workspace, **parts: Any) -> Job:
    job = make_job(workspace, **parts)
    Job.objects.filter(pk=job.pk).update(state=state)
    job.refresh_from_db()
    return job


def draft(workspace: Workspace, **parts: Any) -> Job:
    document = {"key": "task:ping", "payload": [{"kind": "noop"}]} | parts
    return save_job(workspace=workspace, document=document, actor="ada", state=DRAFT)


def active(workspace: Workspace, **parts: Any) -> Job:
    """Create it as active, or edit it."""
    document = {"key": "task:ping", "payload": [{"kind": "noop"}]} | parts
    return save_job(workspace=workspace, document=document, actor="ada")


def move(job: Job, target: JobState, **more: Any) -> Job:
    return transition(job=job, target=target, actor="ada", note="because", **more)


def refused(job: Job) -> list[tuple[str, str]]:
    """What is missing, by field; the job must be as it was."""
    events = Event.objects.count()
    with pytest.raises(ValidationError) as error:
        move(job, ACTIVE)
    assert (Job.objects.get(pk=job.pk).state, Event.objects.count()) == (job.state, events)
    return [(each.field, each.message) for each in error.value.errors]


CALL = {"kind": "http", "parameters": {"url": "https://example.com/", "auth": {"bearer": {"secret": "token"}}}}


class TestCreation:
    @pytest.fixture(
        params=[
            {"payload": []},
            {"payload": [CALL]},
            {"payload": [{"kind": "noop"}], "configuration": {"requires": {"schedule": True}}},
            {"payload": [CALL], "configuration": {"requires": {"schedule": True}}},
        ],
        ids=["payload", "secret", "schedule", "several"],
    )
    def needy(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        """A document that lacks something."""
        return dict(request.param)

    def test_a_job_may_begin_as_a_draft(self, workspace: Workspace) -> None:
        assert draft(workspace).state == DRAFT

    def test_a_job_that_exists_keeps_its_state(self, workspace: Workspace) -> None:
        make_job(workspace)
        assert draft(workspace, description="new words").state == ACTIVE

    @pytest.mark.parametrize("state", [PAUSED, ARCHIVED])
    def test_no_job_begins_otherwise(self, workspace: Workspace, state: JobState) -> None:
        with pytest.raises(ValidationError, match="either active or a draft"):
            save_job(workspace=workspace, document={"key": "task:a", "payload": []}, actor="ada", state=state)

    def test_one_that_begins_as_active_must_have_what_activation_asks_for(
        self, workspace: Workspace, needy: dict[str, Any]
    ) -> None:
        with pytest.raises(ValidationError) as refusal:
            active(workspace, **needy)
        assert not Job.objects.exists()
        assert [(each.field, each.message) for each in refusal.value.errors] == refused(draft(workspace, **needy))

    def test_it_is_told_before_it_is_saved(self, workspace: Workspace, needy: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            check_job(workspace=workspace, document=parse_job({"key": "task:ping"} | needy))

    def test_an_edit_must_leave_an_active_job_what_its_document_has_to_say(self, workspace: Workspace) -> None:
        active(workspace)
        for lacking, field in (
            ({"configuration": {"requires": {"schedule": True}}}, "schedules"),
            ({"payload": []}, "payload"),
        ):
            with pytest.raises(ValidationError, match=f"{field}: expected at least one"):
                active(workspace, **lacking)
        assert Job.objects.get().version == 1

    def test_a_secret_that_is_gone_does_not_keep_an_active_job_from_being_edited(self, workspace: Workspace) -> None:
        Secret.objects.create(workspace=workspace, name="token", ciphertext=b"x")
        active(workspace, payload=[CALL])
        Secret.objects.all().delete()
        assert active(workspace, payload=[CALL], description="new words").version == 2


class TestWhatMayFollow:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (DRAFT, ACTIVE),
            (DRAFT, ARCHIVED),
            (ACTIVE, ARCHIVED),
            (PAUSED, ARCHIVED),
            (ARCHIVED, ACTIVE),
            (ARCHIVED, DRAFT),
        ],
    )
    def test_it_follows_and_says_who_and_why(self, workspace: Workspace, before: JobState, after: JobState) -> None:
        job = job_in(before, workspace)
        moved = move(job, after)
        assert moved.state == after
        assert moved.updated_at >= job.updated_at
        assert moved.state_change is not None
        assert (moved.state_change["actor"], moved.state_change["note"]) == ("ada", "because")
        assert dt.datetime.fromisoformat(moved.state_change["at"]).tzinfo is not None
        event = Event.objects.latest("pk")
        assert (event.kind, event.actor, event.job_id) == (f"job.{after}", "ada", job.pk)
        assert event.data == {"key": job.key, "before": before, "note": "because"}

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            (ACTIVE, DRAFT, "it can become archived"),
            (PAUSED, DRAFT, "it can become archived"),
            (DRAFT, PAUSED, "it can become active or archived"),
            (ARCHIVED, PAUSED, "it can become active or draft"),
            (PAUSED, ACTIVE, "resume it"),
            (ACTIVE, PAUSED, "pause it"),
        ],
    )
    def test_it_does_not_follow_and_nothing_changes(
        self, workspace: Workspace, before: JobState, after: JobState, words: str
    ) -> None:
        job = job_in(before, workspace)
        with pytest.raises(ConflictError, match=words):
            move(job, after)
        job.refresh_from_db()
        assert (job.state, job.state_change) == (before, None)

    @pytest.mark.parametrize("state", [DRAFT, ACTIVE, PAUSED, ARCHIVED])
    def test_the_state_it_is_in_is_left_alone(self, workspace: Workspace, state: JobState) -> None:
        job = job_in(state, workspace)
        events = Event.objects.count()
        assert move(job, state).state_change is None
        assert Event.objects.count() == events

    def test_a_paused_job_that_is_archived_does_not_go_on_by_itself(self, workspace: Workspace) -> None:
        job = job_in(PAUSED, workspace)
        Job.objects.filter(pk=job.pk).update(resume_at=dt.datetime.now(dt.UTC))
        assert move(job, ARCHIVED).resume_at is None

    @pytest.mark.parametrize("state", [ACTIVE, PAUSED])
    def test_a_job_with_active_runs_is_not_archived(self, workspace: Workspace, state: JobState) -> None:
        job = job_in(state, workspace)
        make_run(job, "q")
        make_run(job, "s")
        with pytest.raises(ConflictError, match="1 active run"):
            move(job, ARCHIVED)
        assert Job.objects.get().state == state

    def test_a_job_that_was_deleted_is_not_found(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        Job.objects.all().delete()
        with pytest.raises(NotFoundError):
            move(job, ARCHIVED)


class TestChangesMeanwhile:
    def test_what_the_caller_saw_must_still_stand(self, workspace: Workspace) -> None:
        job = make_job(workspace)
        seen = job.updated_at
        Job.objects.update(updated_at=seen + dt.timedelta(microseconds=1))
        with pytest.raises(ConflictError, match="after you read it"):
            move(job, ARCHIVED, expected_updated_at=seen)
        assert move(job, ARCHIVED, expected_updated_at=seen + dt.timedelta(microseconds=1)).state == ARCHIVED

    def test_a_change_while_it_is_judged_is_noticed(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = draft(workspace)

        def slow(**_: Any) -> list[Any]:
            draft(workspace, description="changed while we looked")
            return []

        monkeypatch.setattr(activation, "missing", slow)
        with pytest.raises(ConflictError, match="meanwhile"):
            move(job, ACTIVE)
        assert Job.objects.get().state == DRAFT


class TestWhatAnActiveJobMustHave:
    def test_payloads(self, workspace: Workspace) -> None:
        assert refused(draft(workspace, payload=[])) == [("payload", "expected at least one payload")]

    def test_payloads_that_are_valid_by_now(self, workspace: Workspace) -> None:
        job = draft(workspace)
        Job.objects.filter(pk=job.pk).update(payload=[{"kind": "noop"}, {"kind": "gone"}])
        assert [field for field, _ in refused(job)] == ["payload.1.kind"]

    def test_the_secrets_that_http_payloads_name(self, workspace: Workspace) -> None:
        auths: list[dict[str, Any]] = [
            {"bearer": {"secret": "token"}},
            {"basic": {"username": "u", "password_secret": "password"}},
            {"api_key": {"secret": "key", "header": "X-Key"}},
            {"bearer": {"secret": "token"}},
            {"bearer": {"secret": "there"}},
        ]
        calls = [{"kind": "http", "parameters": {"url": "https://example.com/", "auth": auth}} for auth in auths]
        job = draft(workspace, payload=[{"kind": "noop"}, *calls])
        Secret.objects.create(workspace=workspace, name="there", ciphertext=b"x")
        Secret.objects.create(workspace=make_workspace("other"), name="token", ciphertext=b"x")
        missing = refused(job)
        assert [field for field, _ in missing] == [f"payload.{position}.parameters" for position in (1, 2, 3)]
        assert [message.split("'")[1] for _, message in missing] == ["token", "password", "key"]
        for name in ("token", "password", "key"):
            Secret.objects.create(workspace=workspace, name=name, ciphertext=b"x")
        assert move(job, ACTIVE).state == ACTIVE

    def test_the_secret_that_a_datasource_names(self, workspace: Workspace) -> None:
        destination = {"postgresql": {"url_secret": "WAREHOUSE", "table": "t"}}
        item = {"kind": "datasource", "parameters": {"source": {"path": "a.csv"}, "destination": destination}}
        job = draft(workspace, key="datasource:movies", payload=[item])
        assert [field for field, _ in refused(job)] == ["payload.0.parameters"]
        item["parameters"]["destination"] = {"duckdb": {"path": "a.duckdb", "table": "t"}}  # type: ignore[index]
        assert move(draft(workspace, key="datasource:shows", payload=[item]), ACTIVE).state == ACTIVE

    def test_a_schedule_if_it_requires_one(self, workspace: Workspace) -> None:
        job = draft(workspace, configuration={"requires": {"schedule": True}})
        assert [field for field, _ in refused(job)] == ["schedules"]

    def test_sinks_that_can_be_reached_if_it_requires_that(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(document_module, "_extension_errors", lambda document: [])
        monkeypatch.setattr(activation, "_sink_checks", [])
        activation.register_sink_check(lambda workspace_id, sink: "connection refused" if sink["at"] == "far" else None)
        sinks = [{"at": "here"}, {"at": "far"}]
        needs: dict[str, Any] = {"requires": {"sinks_reachable": True}}
        assert refused(draft(workspace, sinks=sinks, configuration=needs)) == [
            ("sinks.1", "cannot be reached: connection refused")
        ]
        assert move(draft(workspace, key="task:other", sinks=sinks), ACTIVE).state == ACTIVE

    def test_all_that_is_missing_is_told_at_once(self, workspace: Workspace) -> None:
        call = {"url": "https://example.com/", "auth": {"bearer": {"secret": "token"}}}
        payload = [{"kind": "http", "parameters": call}]
        job = draft(workspace, payload=payload, configuration={"requires": {"schedule": True}})
        assert [field for field, _ in refused(job)] == ["payload.0.parameters", "schedules"]

    def test_an_archived_job_must_have_it_too(self, workspace: Workspace) -> None:
        job = job_in(ARCHIVED, workspace)
        Job.objects.filter(pk=job.pk).update(payload=[])
        assert refused(job) == [("payload", "expected at least one payload")]
