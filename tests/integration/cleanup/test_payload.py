"""The payload of kind log_cleanup, and the command that does the same."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.core.management import CommandError, call_command

from jobs import cleaners, dispatch, hotpath
from jobs.errors import PermanentError, TransientError
from jobs.models import Cleanup, Event, Job, Payload, Run, Workspace
from jobs.services import cleanup, leftovers
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.cleanup.history import DAY, NOW, kept, old_run
from tests.integration.engine.conftest import Broker
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run
from workers.deadline import Deadline
from workers.payloads.base import Work
from workers.payloads.log_cleanup import executor as module
from workers.payloads.log_cleanup.executor import EXECUTOR
from workers.payloads.log_cleanup.parameters import LogCleanupParameters

ROOT = Path(__file__).parents[3]
EXAMPLES = (ROOT / "examples" / "cleanup.yaml").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "reference" / "log-cleanup-payload.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.django_db(transaction=True)


def documents(page: str) -> list[dict[str, Any]]:
    """The jobs that a page shows."""
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


@pytest.fixture
def cleaning(job: Job) -> Run:
    """The run that cleans up."""
    return make_run(make_job(job.workspace, "task:clean"), "q", created_at=NOW)


def work(run: Run, *, parameters: Mapping[str, Any] | None = None, timeout_seconds: float = 60, **more: Any) -> Work:
    """An attempt at the run's only payload."""
    values: dict[str, Any] = {
        "run_id": run.pk,
        "run_created_at": run.created_at,
        "job_key": run.job_key,
        "workspace": run.workspace.slug,
        "position": 0,
        "attempt": 1,
        "kind": "log_cleanup",
        "name": "clean",
        "parameters": {"keep_newest": 0, **(parameters or {})},
        "run_parameters": {},
        "timeout_seconds": timeout_seconds,
        "cancelled": threading.Event(),
        "secret": str,
        "log": lambda level, message: None,
        "progress": lambda *, current, total=None, unit="": None,
    }
    return Work(**values | more)


class TestResult:
    def test_it_counts_what_was_erased(self, cleaning: Run, job: Job) -> None:
        old_run(job)
        result = EXECUTOR.perform(work(cleaning))
        assert (result["dry_run"], result["before"]) == (False, (NOW - 30 * DAY).isoformat())
        assert {name: count for name, count in result["deleted"].items() if count} == {
            "runs": 1,
            "payloads": 2,
            "attempts": 1,
            "log_lines": 1,
            "events": 1,
        }
        assert kept() == [cleaning.pk]

    def test_it_names_everything_that_it_looked_for(self, cleaning: Run) -> None:
        deleted = EXECUTOR.perform(work(cleaning))["deleted"]
        assert set(deleted) == {*cleaners.names(), "payloads"} - {"results"}
        assert set(deleted.values()) == {0}

    @pytest.mark.parametrize("asked", [{"parameters": {"dry_run": True}}, {"run_parameters": {"dry_run": True}}])
    def test_a_dry_run_is_asked_for_by_the_job_or_by_whoever_triggers_it(
        self, cleaning: Run, job: Job, asked: dict[str, Any]
    ) -> None:
        run = old_run(job)
        result = EXECUTOR.perform(work(cleaning, **asked))
        assert (result["dry_run"], result["would_delete"]["runs"], "deleted" in result) == (True, 1, False)
        assert run.pk in kept()

    def test_whoever_triggers_it_can_ask_for_nothing_else(self, cleaning: Run, job: Job) -> None:
        run = old_run(job)
        asked = {"dry_run": False, "days": 0, "audit": True}
        assert EXECUTOR.perform(work(cleaning, parameters={"dry_run": True}, run_parameters=asked))["dry_run"]
        assert run.pk in kept()

    def test_it_says_how_far_it_is(self, cleaning: Run, job: Job) -> None:
        old_run(job)
        said: list[float] = []
        EXECUTOR.perform(work(cleaning, progress=lambda *, current, total=None, unit="": said.append(current)))
        assert said[-1] == 6

    @pytest.mark.parametrize(
        ("parameters", "line"),
        [
            ({}, "deleted 1 runs, 1 attempts, 1 events, 1 log lines, 2 payloads"),
            ({"dry_run": True, "what": ["results"]}, "would delete 1 results"),
            ({"days": 100}, "deleted nothing"),
        ],
    )
    def test_a_log_line_says_it_in_words(self, cleaning: Run, job: Job, parameters: dict[str, Any], line: str) -> None:
        old_run(job)
        lines: list[tuple[str, str]] = []
        EXECUTOR.perform(work(cleaning, parameters=parameters, log=lambda *each: lines.append(each)))
        assert lines == [("info", lines[0][1]), ("info", line)]
        assert lines[0][1].startswith("looking for what is older than 2026-")


class TestAttempts:
    def test_one_that_is_told_to_stop_leaves_the_rest_to_the_next(
        self, cleaning: Run, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cleanup, "PAGE", 1)
        for _ in range(3):
            old_run(job)
        cancelled = threading.Event()
        Run.objects.filter(pk=cleaning.pk).update(created_at=NOW - 50 * DAY)  # Its own row is on the first page.

        def stop_after_two(*, current: float, total: float | None = None, unit: str = "") -> None:
            if current >= 12:
                cancelled.set()

        with pytest.raises(TransientError) as stopped:
            EXECUTOR.perform(work(cleaning, cancelled=cancelled, progress=stop_after_two))
        assert (stopped.value.code, len(kept())) == ("cancelled", 2)
        assert EXECUTOR.perform(work(cleaning, attempt=2))["deleted"]["runs"] == 3

    def test_one_whose_time_is_over_says_so(self, cleaning: Run, job: Job) -> None:
        run = old_run(job)
        with pytest.raises(TransientError, match="took longer") as late:
            EXECUTOR.perform(work(cleaning, timeout_seconds=0))
        assert late.value.code == "timeout"
        assert run.pk in kept()

    def test_one_that_is_repeated_after_its_end_erases_and_counts_nothing_twice(self, cleaning: Run, job: Job) -> None:
        old_run(job)
        first = EXECUTOR.perform(work(cleaning))
        late = old_run(job)
        assert EXECUTOR.perform(work(cleaning, attempt=2)) == first
        assert late.pk in kept()

    def test_a_commit_whose_answer_got_lost_is_counted_once(
        self, cleaning: Run, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old_run(job)
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
        step, lost = cleanup.step, [True]

        def lose_the_first_answer(**named: Any) -> cleanup.Standing:
            standing = step(**named)
            if lost.pop() if lost else False:
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return standing

        monkeypatch.setattr(module, "step", lose_the_first_answer)
        assert EXECUTOR.perform(work(cleaning))["deleted"]["runs"] == 1

    @pytest.fixture
    def patient_sessions(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Sessions that wait for locks for ever, unless they are told otherwise."""
        hotpath.close()
        monkeypatch.setattr(hotpath, "SESSION", hotpath.SESSION.replace("lock_timeout=30s", "lock_timeout=0"))
        yield
        hotpath.close()

    @pytest.mark.usefixtures("patient_sessions")
    def test_one_that_the_database_keeps_waiting_says_what_for_and_then_fails(
        self, cleaning: Run, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = old_run(job)
        monkeypatch.setattr(module, "LOCK_WAIT", dt.timedelta(milliseconds=1))
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
        lines: list[tuple[str, str]] = []

        def listen(level: str, message: str) -> None:
            lines.append((level, message))
            if level == "warning":
                monkeypatch.setattr(module, "UNANSWERED_SECONDS", 0.0)

        with hotpath.connect() as other, other.transaction():
            other.execute("LOCK TABLE jobs_cleanup IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TransientError, match=r"kept waiting by the database: .*lock timeout") as waited:
                EXECUTOR.perform(work(cleaning, log=listen))
        assert waited.value.code == "database"
        assert [message for level, message in lines if level == "warning"] == [
            "waiting for the database: canceling statement due to lock timeout"
        ]
        assert run.pk in kept()

    @pytest.mark.parametrize("code", ["timeout", "cancelled"])
    def test_one_that_waits_for_a_lock_hears_that_it_is_to_stop(
        self, cleaning: Run, job: Job, monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        monkeypatch.setattr(module, "LOCK_WAIT", dt.timedelta(milliseconds=1))
        cancelled = threading.Event()

        def stop(level: str, message: str) -> None:
            if level == "warning" and code == "cancelled":
                cancelled.set()
            elif level == "warning":
                monkeypatch.setattr(Deadline, "remaining", lambda self: 0.0)

        with hotpath.connect() as other, other.transaction():
            other.execute("LOCK TABLE jobs_cleanup IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TransientError) as stopped:
                EXECUTOR.perform(work(cleaning, cancelled=cancelled, log=stop))
        assert stopped.value.code == code


class TestFiles:
    @pytest.fixture
    def old_file(self, tmp_path: Path, settings: Any) -> Path:
        """One in the folder of stored files that belongs to no run."""
        settings.JOBS_STORED_FILES = tmp_path
        path = tmp_path / "acme" / "1" / f"{'a' * 32}-a.csv"
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (0, 0))
        return path

    @pytest.mark.parametrize("asked", [{}, {"what": ["files"]}, {"what": ["runs"]}])
    def test_they_go_at_the_end(self, cleaning: Run, old_file: Path, asked: dict[str, Any]) -> None:
        EXECUTOR.perform(work(cleaning, parameters=asked))
        assert not old_file.exists()

    @pytest.mark.parametrize("asked", [{"dry_run": True}, {"what": ["log_lines"]}])
    def test_they_stay_where_their_rows_do(self, cleaning: Run, old_file: Path, asked: dict[str, Any]) -> None:
        EXECUTOR.perform(work(cleaning, parameters=asked))
        assert old_file.exists()

    def test_a_deployment_without_a_folder_has_none(self, cleaning: Run, old_file: Path, settings: Any) -> None:
        settings.JOBS_STORED_FILES = None
        EXECUTOR.perform(work(cleaning))
        assert old_file.exists()

    def test_a_database_that_restarts_delays_it(
        self, cleaning: Run, old_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
        erase, away = leftovers.erase_leftovers, [True]

        def be_away_once(**named: Any) -> int:
            if away.pop() if away else False:
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return erase(**named)

        monkeypatch.setattr(leftovers, "erase_leftovers", be_away_once)
        EXECUTOR.perform(work(cleaning))
        assert not old_file.exists()

    def test_an_attempt_that_is_told_to_stop_before_it_leaves_them_to_the_next(
        self, cleaning: Run, old_file: Path
    ) -> None:
        cancelled = threading.Event()
        with pytest.raises(TransientError) as stopped:
            EXECUTOR.perform(work(cleaning, cancelled=cancelled, progress=lambda **known: cancelled.set()))
        assert stopped.value.code == "cancelled"
        assert old_file.exists()
        EXECUTOR.perform(work(cleaning, attempt=2))
        assert not old_file.exists()


class TestWorkspaces:
    @pytest.fixture
    def other(self, job: Job) -> Workspace:
        """Another workspace, with a run as old as that of this one."""
        other = make_workspace("other")
        for each in (job, make_job(other)):
            old_run(each)
        return other

    @pytest.mark.parametrize("asked", [["other"], ["acme", "other"], "all"])
    def test_a_job_cleans_up_its_own_alone(self, other: Workspace, cleaning: Run, asked: Any) -> None:
        with pytest.raises(PermanentError, match="JOBS_CLEANUP_WORKSPACE") as refused:
            EXECUTOR.perform(work(cleaning, parameters={"workspaces": asked}))
        assert refused.value.code == "workspace_refused"
        assert len(kept()) == 3

    @pytest.mark.parametrize(("asked", "runs"), [(["other"], 1), (["acme", "other"], 2), ("all", 2), (None, 1)])
    def test_that_of_the_deployment_may_clean_up_others(
        self, other: Workspace, cleaning: Run, settings: Any, asked: Any, runs: int
    ) -> None:
        settings.JOBS_CLEANUP_WORKSPACE = "acme"
        assert EXECUTOR.perform(work(cleaning, parameters={"workspaces": asked}))["deleted"]["runs"] == runs

    def test_one_that_is_not_there_is_named(self, cleaning: Run, settings: Any) -> None:
        settings.JOBS_CLEANUP_WORKSPACE = "acme"
        with pytest.raises(PermanentError, match="no workspace nowhere"):
            EXECUTOR.perform(work(cleaning, parameters={"workspaces": ["nowhere"]}))


class TestDocumentation:
    @pytest.mark.parametrize("document", [*documents(PAGE), *yaml.safe_load_all(EXAMPLES)], ids=lambda job: job["key"])
    def test_every_job_of_the_page_and_of_the_examples_does_what_it_says(
        self, document: dict[str, Any], job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broker = Broker()
        monkeypatch.setattr(dispatch, "publish", broker.publish)
        for _ in range(11):
            old_run(job, 4000)
        cleaner = save_job(workspace=job.workspace, document=document, actor="ann")
        run = Run.objects.get(pk=start_run(job=cleaner, trigger=Trigger.MANUAL))
        broker.deliver_all()
        run.refresh_from_db()
        assert (run.state, run.total) == ("succeeded", len(document["payload"]))
        results: list[Any] = list(Payload.objects.filter(run=run).values_list("result", flat=True))
        assert sum(result["deleted"].get("runs", 0) for result in results) in (1, 11)

    def test_the_page_tells_every_field_and_everything_that_can_be_asked_for(self) -> None:
        for name in [*LogCleanupParameters.model_fields, *cleaners.names(), "audit"]:
            assert f"`{name}`" in PAGE


class TestCommand:
    @pytest.fixture(autouse=True)
    def _broker_that_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dispatch, "publish", lambda messages: None)

    def test_it_erases_and_prints_what(self, job: Job) -> None:
        ancient, young = old_run(job, 400), old_run(job, 1)
        age = (dt.datetime.now(dt.UTC) - NOW).total_seconds() / 86_400
        printed = command("clean_up", "acme", "--days", 100 + age, "--keep-newest", 0, "--job", "task:*")
        assert printed.startswith("runs: 1 erased\n")
        assert kept() == [young.pk]
        assert ancient.pk not in kept()

    def test_a_dry_run_erases_nothing(self, job: Job) -> None:
        run = old_run(job, 4000)
        assert "runs: 1 would be erased\n" in command("clean_up", "acme", "--keep-newest", 0, "--dry-run")
        assert kept() == [run.pk]

    def test_what_cannot_be_is_named(self, workspace: Workspace) -> None:
        with pytest.raises(CommandError, match=r"states\.0: expected one of succeeded, failed, cancelled"):
            command("clean_up", "acme", "--state", "running")

    def test_the_deeds_of_people_stay(self, job: Job) -> None:
        Event.objects.update(at=NOW - 4000 * DAY)
        command("clean_up", "acme")
        assert Event.objects.exists()
        assert not Cleanup.objects.exists()


def command(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()
