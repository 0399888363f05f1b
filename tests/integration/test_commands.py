"""The commands that set a deployment up and start runs."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import override_settings

from jobs.errors import PermanentError
from jobs.models import ApiToken, Membership, Role, Run, Workspace
from jobs.services import runs
from jobs.services.secrets import read_secret
from jobs.services.tokens import find_token
from jobs.states import RunState
from tests.integration.people import make_job, make_user, make_workspace

pytestmark = pytest.mark.django_db

KEY = "ZmRmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZGY="


def run_command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


class TestCreateWorkspace:
    def test_it_may_be_run_again_and_adds_the_owner(self) -> None:
        make_user("ann")
        assert run_command("create_workspace", "acme", "--name", "Acme Ltd") == "acme\n"
        assert run_command("create_workspace", "acme", "--owner", "ann") == "acme\n"
        assert Workspace.objects.get().name == "Acme Ltd"
        assert Membership.objects.get().role == Role.OWNER

    @pytest.mark.parametrize("arguments", [("No Good",), ("ok", "--owner", "nobody")])
    def test_what_cannot_be_is_told(self, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match=r"expected up to 63|no active user 'nobody'"):
            run_command("create_workspace", *arguments)
        assert not Workspace.objects.exists()


class TestCreateToken:
    def test_it_prints_the_token_and_nothing_else(self) -> None:
        make_user("ann")
        out = run_command("create_token", "ann", "--name", "ci", "--expires-in", "30 days")
        now = dt.datetime.now(dt.UTC)
        found = find_token(token=out.strip(), now=now)
        assert found is not None
        assert found.expires_at is not None
        assert dt.timedelta(days=29) < found.expires_at - now < dt.timedelta(days=31)
        assert find_token(token=out.strip(), now=now + dt.timedelta(days=31)) is None

    @pytest.mark.parametrize("duration", ["1h 30m", "-1 day", "0", "9999999 years"])
    def test_an_expiry_that_is_none_is_refused(self, duration: str) -> None:
        make_user("ann")
        with pytest.raises(CommandError, match=r"expires-in|still to come"):
            run_command("create_token", "ann", "--name", "ci", f"--expires-in={duration}")
        assert not ApiToken.objects.exists()


class TestCreateAdmin:
    def test_it_makes_a_superuser_and_then_sets_the_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        type_in(monkeypatch, "correct horse battery\n")
        assert run_command("create_admin", "boss") == "boss: created\n"
        type_in(monkeypatch, "another long phrase\n")
        assert run_command("create_admin", "boss") == "boss: password set\n"
        boss = User.objects.get()
        assert (boss.is_staff, boss.is_superuser, boss.check_password("another long phrase")) == (True, True, True)

    @pytest.mark.parametrize("password", ["", "password", "12345678901"])
    def test_a_weak_password_is_refused(self, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
        type_in(monkeypatch, password)
        with pytest.raises(CommandError, match="password"):
            run_command("create_admin", "boss")
        assert not User.objects.exists()


class TestSetSecret:
    @pytest.fixture(autouse=True)
    def secret_key(self) -> Any:
        with override_settings(JOBS_SECRET_KEYS=[KEY]):
            yield

    def test_a_worker_reads_what_was_typed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        workspace = make_workspace()
        type_in(monkeypatch, "hush\n")
        assert "hush" not in run_command("set_secret", "acme", "api-key")
        assert read_secret(workspace_id=workspace.pk, name="api-key") == "hush"

    def test_an_empty_one_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_workspace()
        type_in(monkeypatch, "\n")
        with pytest.raises(CommandError, match="1 to 65536"):
            run_command("set_secret", "acme", "api-key")

    def test_one_that_is_not_there_fails_for_good(self) -> None:
        with pytest.raises(PermanentError, match="no secret named 'x'") as failed:
            read_secret(workspace_id=make_workspace().pk, name="x")
        assert failed.value.code == "secret"

    def test_another_workspaces_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_workspace()
        type_in(monkeypatch, "hush\n")
        run_command("set_secret", "acme", "api-key")
        with pytest.raises(PermanentError):
            read_secret(workspace_id=make_workspace("other").pk, name="api-key")


class TestTrigger:
    def test_it_starts_a_run_and_prints_its_id(self) -> None:
        make_job(make_workspace())
        out = run_command("trigger", "acme", "task:ping", "--parameters", '{"day": 1}', "--comment", "why not")
        run = Run.objects.get()
        assert (out, run.parameters, run.comment, run.trigger) == (f"{run.pk}\n", {"day": 1}, "why not", "manual")

    @pytest.mark.parametrize(("state", "fails"), [(RunState.SUCCEEDED, False), (RunState.FAILED, True)])
    def test_waiting_tells_how_it_ended_and_fails_unless_it_succeeded(
        self, monkeypatch: pytest.MonkeyPatch, state: RunState, fails: bool
    ) -> None:
        make_job(make_workspace())

        def ended(**arguments: Any) -> int:
            run = Run.objects.get(pk=runs.start_run(**arguments))
            counts = {"failed": 1} if fails else {"succeeded": 1}
            why = {"position": 0, "name": "", "message": "HTTP 404"}
            error = {"message": "1 of 1 payload failed", "failed": [why]} if fails else None
            Run.objects.filter(pk=run.pk).update(
                state=state, ended_at=run.created_at, wake_at=None, error=error, **counts
            )
            return run.pk

        monkeypatch.setattr("jobs.management.commands.trigger.start_run", ended)
        if fails:
            with pytest.raises(CommandError, match=r"run \d+ failed: 1 of 1 payload failed\n  payload 0: HTTP 404$"):
                run_command("trigger", "acme", "task:ping", "--wait")
        else:
            assert "succeeded: 1 succeeded, 0 failed" in run_command("trigger", "acme", "task:ping", "--wait")

    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ("{", "--parameters: line 1"),
            ("[]", "parameters: expected an object"),
            (json.dumps({"a": "\x00"}), "parameters.a"),
        ],
    )
    def test_parameters_that_are_none_are_refused(self, parameters: str, words: str) -> None:
        make_job(make_workspace())
        with pytest.raises(CommandError, match=words):
            run_command("trigger", "acme", "task:ping", "--parameters", parameters)
        assert not Run.objects.exists()
