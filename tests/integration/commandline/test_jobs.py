"""Jobs on the command line: list, show, trigger and wait."""

from __future__ import annotations

import datetime as dt
import io
import os
from pathlib import Path

import pytest

from commandline.exits import Exit
from jobs.models import ApiToken, Job, Membership, Role, Run, Workspace
from jobs.services.jobs import save_job
from tests.integration.commandline.conftest import Command
from tests.integration.commandline.engine import Worker
from tests.integration.people import make_job
from tests.unit.commandline.scripted import Answer, scripted

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


@pytest.fixture
def ping(demo: Workspace) -> Job:
    """Three no-ops."""
    return make_job(demo, payloads=3, description="Is the partner there?")


class TestLooking:
    def test_jobs_are_listed_with_their_last_runs(self, jobsctl: Command, ping: Job) -> None:
        make_job(ping.workspace, "task:other")
        run_id = jobsctl("trigger", "task:ping", "--wait", "-q").out.strip()
        listed = jobsctl("list")
        assert [row[:3] for row in listed.rows] == [["task:other", "active", ""], ["task:ping", "active", "succeeded"]]
        assert jobsctl("list", "--quiet").out == "task:other\ntask:ping\n"
        document = jobsctl("list", "--json", "--limit", 1).json
        assert ([job["key"] for job in document["results"]], "after=task%3Aother" in document["next"]) == (
            ["task:other"],
            True,
        )
        assert f"last run     {run_id}, succeeded" in jobsctl("show", "task:ping").out

    def test_json_is_what_the_api_answered(self, jobsctl: Command, ping: Job) -> None:
        shown = jobsctl("show", "task:ping", "--json").json
        assert (shown["key"], shown["version"], len(shown["payload"])) == ("task:ping", 1, 3)

    def test_what_is_not_there_is_4(self, jobsctl: Command, demo: Workspace) -> None:
        assert (jobsctl("show", "task:none").code, jobsctl("show", 99).code) == (Exit.NOT_FOUND, Exit.NOT_FOUND)
        assert jobsctl("list", "--workspace", "other").code == Exit.NOT_FOUND

    def test_json_and_quiet_exclude_each_other(self, jobsctl: Command) -> None:
        refused = jobsctl("list", "--json", "--quiet")
        assert (refused.code, refused.err) == (
            Exit.USAGE,
            "error: --json and --quiet exclude each other\nsee: jobsctl list --help\n",
        )


class TestTriggering:
    def test_a_run_is_started_and_told(self, jobsctl: Command, ping: Job, worker: Worker) -> None:
        worker.hold()
        started = jobsctl("trigger", "task:ping", "--comment", "by hand")
        run = Run.objects.get()
        assert (started.code, started.out) == (Exit.OK, f"run {run.pk} of task:ping: pending\n")
        assert (run.comment, run.actor) == ("by hand", "ann")

    def test_waiting_ends_with_the_runs_end(self, jobsctl: Command, ping: Job) -> None:
        waited = jobsctl("trigger", "task:ping", "--wait")
        assert waited.code == Exit.OK
        assert f"run {Run.objects.get().pk} succeeded: 3 succeeded, 0 failed, 0 cancelled in" in waited.out
        assert waited.err.splitlines()[-1].endswith("succeeded: 3 of 3 done")

    def test_one_that_failed_is_1_and_says_why(self, jobsctl: Command, demo: Workspace) -> None:
        with scripted(Answer(404)) as partner:
            payload = [{"kind": "http", "name": "gone", "parameters": {"url": f"{partner.url}/gone"}}]
            save_job(workspace=demo, document={"key": "task:gone", "payload": payload}, actor="test")
            waited = jobsctl("trigger", "task:gone", "--wait", "--json")
        assert (waited.code, waited.json["state"]) == (Exit.RUN_FAILED, "failed")
        payloads = jobsctl("run", "payloads", waited.json["id"], "--state", "failed")
        assert "HTTP 404" in payloads.rows[0][-1]

    def test_parameters_come_from_a_file_or_standard_input(
        self, jobsctl: Command, ping: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "day.json").write_text('{"day": "montag"}')
        jobsctl("trigger", "task:ping", "--parameters", tmp_path / "day.json", "--wait")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO('{"day": "сьогодні"}'.encode())))
        jobsctl("trigger", "task:ping", "--parameters", "-", "--wait")
        assert list(Run.objects.order_by("id").values_list("parameters", flat=True)) == [
            {"day": "montag"},
            {"day": "сьогодні"},
        ]

    @pytest.mark.parametrize(
        ("content", "words"), [("{", "is no JSON"), ("[1]", "expected an object"), (b"\xff", "is no JSON")]
    )
    def test_parameters_that_are_none_start_nothing(
        self, content: str | bytes, words: str, jobsctl: Command, ping: Job, tmp_path: Path
    ) -> None:
        file = tmp_path / "given.json"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        refused = jobsctl("trigger", "task:ping", "--parameters", file)
        assert (refused.code, words in refused.err, Run.objects.count()) == (Exit.USAGE, True, 0)

    def test_the_same_key_is_the_same_run(self, jobsctl: Command, ping: Job) -> None:
        first, second = (jobsctl("trigger", "task:ping", "--idempotency-key", "monday", "-q") for _ in range(2))
        assert (first.code, first.out, second.out) == (Exit.OK, second.out, f"{Run.objects.get().pk}\n")

    def test_without_a_key_each_call_is_a_run(self, jobsctl: Command, ping: Job) -> None:
        for _ in range(2):
            jobsctl("trigger", "task:ping")
        assert Run.objects.count() == 2

    def test_a_wait_that_takes_too_long_is_6_and_stops_nothing(
        self, jobsctl: Command, ping: Job, worker: Worker
    ) -> None:
        worker.hold()
        waited = jobsctl("trigger", "task:ping", "--wait", "--timeout", "100ms")
        run = Run.objects.get()
        assert (waited.code, waited.out) == (Exit.TIMED_OUT, "")
        assert waited.err.endswith(f"it goes on\nlook again with: jobsctl run wait {run.pk}\n")
        worker.go_on()
        assert jobsctl("run", "wait", run.pk).code == Exit.OK

    def test_a_timeout_without_a_wait_is_refused(self, jobsctl: Command, ping: Job) -> None:
        assert (jobsctl("trigger", "task:ping", "--timeout", "1s").code, Run.objects.count()) == (Exit.USAGE, 0)

    def test_a_refusal_names_the_field(self, jobsctl: Command, ping: Job) -> None:
        refused = jobsctl("trigger", "task:ping", "--comment", "x" * 3000)
        assert (refused.code, refused.out) == (Exit.REFUSED, "")
        assert f'a-novel.txt)"\n{refused.err}```' in PAGE


class TestWhoMayNot:
    def test_a_viewer_is_refused_with_the_role_it_takes(self, jobsctl: Command, ping: Job) -> None:
        Membership.objects.update(role=Role.VIEWER)
        refused = jobsctl("trigger", "task:ping")
        assert (refused.code, "takes the role operator" in refused.err) == (Exit.REFUSED, True)

    def test_a_token_that_has_expired_says_to_log_in_again(self, jobsctl: Command, ping: Job) -> None:
        ApiToken.objects.update(expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        refused = jobsctl("list")
        assert (refused.code, refused.err.splitlines()) == (
            Exit.REFUSED,
            ["error: the bearer token is unknown or has expired", "log in again: jobsctl login"],
        )


class TestLogin:
    def test_it_stores_what_works(
        self, jobsctl: Command, ping: Job, monkeypatch: pytest.MonkeyPatch, token: str
    ) -> None:
        url = forget_environment(monkeypatch)
        assert jobsctl("list").code == Exit.USAGE
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
        told = jobsctl("login", "--url", f"{url}/", "--workspace", "demo")
        assert (told.code, token in told.err + told.out) == (Exit.OK, False)
        assert jobsctl("list", "-q").out == "task:ping\n"
        assert (jobsctl("logout").code, jobsctl("list").code) == (Exit.OK, Exit.USAGE)

    def test_and_not_what_does_not(self, jobsctl: Command, ping: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        url = forget_environment(monkeypatch)
        monkeypatch.setattr("sys.stdin", io.StringIO("jobs_wrong\n"))
        assert jobsctl("login", "--url", url, "--workspace", "demo").code == Exit.REFUSED
        assert jobsctl("list").code == Exit.USAGE

    def test_nothing_on_standard_input_is_no_token(self, jobsctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert jobsctl("login", "--url", "http://127.0.0.1:1", "--workspace", "demo").code == Exit.USAGE

    def test_without_a_terminal_nothing_is_asked_for(self, jobsctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("jobs_token\n"))
        told = jobsctl("login", "--url", "http://127.0.0.1:1")
        assert (told.code, told.err) == (Exit.USAGE, "error: there is no terminal to ask at: --workspace is needed\n")


def forget_environment(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address that it named."""
    url = os.environ["JOBS_URL"]
    for name in ("JOBS_URL", "JOBS_TOKEN", "JOBS_WORKSPACE"):
        monkeypatch.delenv(name)
    return url
