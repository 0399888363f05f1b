"""A worker tests whether a sink can be reached, and delivers nothing; jobs may require it before they become active."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from jobs import dispatch
from jobs.errors import TransientError, ValidationError
from jobs.models import Workspace
from jobs.services import operations
from jobs.services.activation import transition
from jobs.services.jobs import save_job
from jobs.services.secrets import set_secret
from jobs.states import JobState
from sinks import registry
from sinks.models import Check
from sinks.services import checking
from sinks.services.naming import save_sink
from tests.integration.sinks.obedient import Target, kind
from workers.sink_checks import perform

REACHABLE = {"requires": {"sinks_reachable": True}}


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return Workspace.objects.create(slug="acme", name="Acme")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Performs what is asked as soon as it is."""
    monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))


def ask(workspace: Workspace, **configuration: Any) -> Check:
    return checking.ask(
        workspace_id=workspace.pk,
        name="lake",
        kind="obedient",
        configuration=configuration,
        actor="ann",
        now=timezone.now(),
    )


def document(*sinks: dict[str, Any], **configuration: Any) -> dict[str, Any]:
    return {"key": "task:x", "payload": [{"kind": "noop"}], "sinks": list(sinks), "configuration": configuration}


class TestACheck:
    def test_it_tells_what_was_found_and_delivers_nothing(
        self, target: Target, workspace: Workspace, worker: None
    ) -> None:
        ended = checking.wait(check=ask(workspace, place="there"))
        assert (ended.result, ended.error) == ({"message": "It obeys."}, None)
        assert ([each.place for each in target.opened], target.attempts) == (["there"], [])

    def test_what_is_wrong_is_told_without_the_secrets_that_were_read(
        self, target: Target, workspace: Workspace, worker: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_secret(workspace=workspace, name="key", value="s3cr3t-value")

        def opened(_configuration: Any, surroundings: Any) -> Any:
            raise TransientError(f"refused {surroundings.secret('key')}", code="connection")

        monkeypatch.setitem(registry.KINDS.known, "obedient", replace(kind(target), open=opened))
        ended = checking.wait(check=ask(workspace))
        assert ended.error is not None
        assert ended.error["code"] == "connection"
        assert "s3cr3t-value" not in str(ended.error)

    def test_a_crash_of_the_kind_is_told_too(
        self, target: Target, workspace: Workspace, worker: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def opened(_configuration: Any, _surroundings: Any) -> Any:
            raise RuntimeError("no")

        monkeypatch.setitem(registry.KINDS.known, "obedient", replace(kind(target), open=opened))
        ended = checking.wait(check=ask(workspace))
        assert (ended.error or {})["code"] == "crashed"

    def test_a_second_message_finds_it_taken(self, target: Target, workspace: Workspace, worker: None) -> None:
        check = ask(workspace)
        assert not perform(check_id=check.pk)
        assert len(target.opened) == 1

    def test_one_that_nobody_waits_for_any_more_is_left_alone_and_erased_an_hour_later(
        self, target: Target, workspace: Workspace
    ) -> None:
        check = ask(workspace)
        Check.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
        assert not perform(check_id=check.pk)
        assert checking.erase_expired(now=timezone.now()) == 0
        assert checking.erase_expired(now=timezone.now() + dt.timedelta(hours=1)) == 1

    def test_a_configuration_that_is_refused_is_not_asked_about(self, target: Target, workspace: Workspace) -> None:
        with pytest.raises(ValidationError):
            ask(workspace, nowhere=1)
        assert not Check.objects.exists()

    def test_a_message_that_was_lost_is_sent_again(
        self, target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[int] = []
        monkeypatch.setattr(operations, "PUBLISH_AGAIN_SECONDS", 0)
        monkeypatch.setattr(dispatch, "publish_sink_check", sent.append)
        check = ask(workspace)
        monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))
        assert checking.wait(check=check).ended_at is not None
        assert sent == [check.pk]


class TestAJobThatRequiresItsSinksToBeReachable:
    def test_it_becomes_active_when_they_are(self, target: Target, workspace: Workspace, worker: None) -> None:
        save_sink(workspace=workspace, document={"name": "lake", "kind": "obedient"}, actor="ann")
        sinks = [{"kind": "obedient"}, {"sink": "lake"}]
        job = save_job(workspace=workspace, document=document(*sinks, **REACHABLE), actor="ann", state=JobState.DRAFT)
        assert transition(job=job, target=JobState.ACTIVE, actor="ann").state == "active"
        assert len(target.opened) == 2

    def test_it_stays_a_draft_when_one_is_not(
        self, target: Target, workspace: Workspace, worker: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def opened(_configuration: Any, _surroundings: Any) -> Any:
            raise TransientError("connection refused")

        monkeypatch.setitem(registry.KINDS.known, "obedient", replace(kind(target), open=opened))
        asked = document({"kind": "log"}, {"kind": "obedient"}, **REACHABLE)
        job = save_job(workspace=workspace, document=asked, actor="ann", state=JobState.DRAFT)
        with pytest.raises(ValidationError) as refused:
            transition(job=job, target=JobState.ACTIVE, actor="ann")
        assert [tuple(each) for each in refused.value.errors] == [("sinks.1", "cannot be reached: connection refused")]
        job.refresh_from_db()
        assert job.state == "draft"

    def test_it_is_told_when_no_worker_answers(
        self, target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: None)
        monkeypatch.setattr(checking, "wait", lambda check: check)
        assert checking.unreachable(workspace.pk, {"kind": "obedient"}) == (
            "no worker of the queue sinks has answered in time"
        )

    def test_the_question_reaches_a_worker_from_within_a_callers_transaction(
        self, target: Target, workspace: Workspace, worker: None
    ) -> None:
        with transaction.atomic():
            assert checking.unreachable(workspace.pk, {"kind": "obedient"}) is None


def test_secrets_that_sinks_name_must_exist_when_a_job_becomes_active(
    target: Target, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        registry.KINDS.known, "obedient", replace(kind(target), secrets=lambda configuration: ["token"])
    )
    save_sink(workspace=workspace, document={"name": "lake", "kind": "obedient"}, actor="ann")
    asked = document({"kind": "log"}, {"sink": "lake"}, {"kind": "obedient"})
    with pytest.raises(ValidationError) as refused:
        save_job(workspace=workspace, document=asked, actor="ann")
    assert [error.field for error in refused.value.errors] == ["sinks.1"]
    set_secret(workspace=workspace, name="token", value="x")
    assert save_job(workspace=workspace, document=asked, actor="ann").state == "active"
