"""Runs on the command line: list, show, hold, end, repeat, logs, events, results and files."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from commandline import targets
from commandline.access import find_access
from commandline.api import Api
from commandline.commands.logs import lines
from commandline.exits import Exit
from jobs.made_file import MadeFile
from jobs.models import Job, LogLine, Run, Workspace
from jobs.services.stored_files import Owner, incoming_folder, move_in, record
from tests.integration.commandline.conftest import Command
from tests.integration.commandline.engine import Worker
from tests.integration.people import make_job
from tests.integration.run_rows import NOW, make_ended_run, make_event, make_log_line, make_run


@pytest.fixture
def job(demo: Workspace) -> Job:
    """Two no-ops."""
    return make_job(demo, payloads=2)


class TestLooking:
    def test_runs_are_listed_by_job_and_state(self, jobsctl: Command, job: Job) -> None:
        ended, active = make_ended_run(job, "sf"), make_run(make_job(job.workspace, "task:other"), "sqq")
        assert [row[:4] + row[-2:] for row in jobsctl("runs").rows] == [
            [str(active.pk), "task:other", "running", active.trigger, "1/3", "0"],
            [str(ended.pk), "task:ping", "failed", ended.trigger, "2/2", "1"],
        ]
        assert jobsctl("runs", "--job", "task:ping", "-q").out == f"{ended.pk}\n"
        assert jobsctl("runs", "--state", "running", "-q").out == f"{active.pk}\n"
        assert jobsctl("runs", "--limit", 1).err == "there are more: --limit shows more of them\n"
        shown = jobsctl("run", "show", ended.pk).out
        assert jobsctl("show", ended.pk).out == shown
        assert "done     2 of 2" in shown
        assert jobsctl("run", "show", ended.pk, "--json").json["counts"]["failed"] == 1

    def test_what_failed_is_listed_with_its_error(self, jobsctl: Command, job: Job) -> None:
        run = make_ended_run(job, "sf")
        make_event(run, "run.failed")
        assert jobsctl("run", "payloads", run.pk, "--state", "failed").rows == [
            ["1", "n1", "noop", "failed", "1", "0.00 s", "it broke"]
        ]
        assert jobsctl("run", "events", run.pk).rows[0][1] == "run.failed"
        assert jobsctl("run", "wait", run.pk).code == Exit.RUN_FAILED


class TestControl:
    def test_a_run_is_held_goes_on_and_is_ended(self, jobsctl: Command, job: Job, worker: Worker) -> None:
        worker.hold()
        run_id = jobsctl("trigger", "task:ping", "-q").out.strip()
        assert jobsctl("pause", run_id, "--note", "wrong data").out == f"run {run_id}: paused\n"
        assert "paused by  ann wrong data" in jobsctl("show", run_id).out
        assert jobsctl("pause", run_id).out == f"run {run_id}: paused already\n"
        assert jobsctl("resume", run_id).code == Exit.OK
        ended = jobsctl("terminate", run_id, "--json").json
        assert ended["stop"]["reason"] == "terminated"
        refused = jobsctl("pause", run_id)
        assert (refused.code, refused.out) == (Exit.REFUSED, "")

    def test_a_job_is_held_and_goes_on(self, jobsctl: Command, job: Job) -> None:
        assert jobsctl("pause", "task:ping").out == "task:ping: paused\n"
        refused = jobsctl("trigger", "task:ping")
        assert (refused.code, refused.err.startswith("error: ")) == (Exit.REFUSED, True)
        assert jobsctl("resume", "task:ping").out == "task:ping: active\n"

    def test_many_runs_are_ended_at_once(self, jobsctl: Command, job: Job, worker: Worker) -> None:
        worker.hold()
        ids = [jobsctl("trigger", "task:ping", "-q").out.strip() for _ in range(2)]
        assert jobsctl("terminate", *ids, "--note", "wrong data").out == "2 of 2 runs are ended\n"

    def test_a_run_is_repeated_whole_or_only_what_failed(self, jobsctl: Command, job: Job) -> None:
        old = make_ended_run(job, "sf")
        again = jobsctl("rerun", old.pk, "--failed", "--comment", "the partner is back", "--wait", "--json").json
        assert (again["origin"], again["counts"]["total"], again["comment"]) == (old.pk, 1, "the partner is back")
        assert jobsctl("rerun", old.pk, "--wait", "--json").json["counts"]["total"] == 2
        assert jobsctl("replay", again["id"], "--wait").code == Exit.OK
        assert jobsctl("rerun", make_run(job, "q").pk).code == Exit.REFUSED

    def test_payloads_are_added_once_under_a_key_and_the_answer_is_given_again(
        self, jobsctl: Command, job: Job, worker: Worker, tmp_path: Path
    ) -> None:
        worker.hold()
        run_id = jobsctl("trigger", "task:ping", "-q").out.strip()
        file = tmp_path / "more.json"
        file.write_text(json.dumps([{"kind": "noop", "name": "late"}]))
        told = [jobsctl("run", "extend", run_id, "--payload", file, "--idempotency-key", "once").out for _ in range(2)]
        assert told == [f"run {run_id}: 1 payload was added, 0 of them cancelled at once\n"] * 2
        assert jobsctl("run", "payloads", run_id, "-q").out == "0\n1\n2\n"


class TestLogs:
    @pytest.fixture
    def run(self, job: Job) -> Run:
        """Three lines of two payloads."""
        run = make_ended_run(job, "ss")
        for position, level, minute in ((0, "debug", 0), (1, "error", 1), (0, "info", 2)):
            line = make_log_line(run, position, f"{level} at {minute}\x1b[2J")
            LogLine.objects.filter(pk=line.pk).update(level=level, at=NOW + dt.timedelta(minutes=minute))
        return run

    def test_they_are_shown_whole_or_by_level_time_and_payload(self, jobsctl: Command, run: Run) -> None:
        assert jobsctl("logs", run.pk).out.splitlines() == [
            "2026-11-21 12:00:00Z     0  debug     debug at 0\\x1b[2J",
            "2026-11-21 12:01:00Z     1  error     error at 1\\x1b[2J",
            "2026-11-21 12:02:00Z     0  info      info at 2\\x1b[2J",
        ]
        assert [said["level"] for said in objects(jobsctl("logs", run.pk, "--level", "info", "--json").out)] == [
            "error",
            "info",
        ]
        assert jobsctl("logs", run.pk, "--since", "2026-11-21T12:01:30Z", "-q").out == "info at 2\\x1b[2J\n"
        assert jobsctl("logs", run.pk, "--payload", 1, "-q").out == "error at 1\\x1b[2J\n"
        assert jobsctl("logs", run.pk, "--since", "lately").code == Exit.USAGE

    def test_following_one_that_has_ended_ends(self, jobsctl: Command, run: Run) -> None:
        assert len(jobsctl("logs", run.pk, "--follow").out.splitlines()) == 3

    @pytest.mark.usefixtures("environment")
    def test_following_shows_what_comes_and_ends_with_the_run(self, job: Job) -> None:
        run = make_run(job, "q")
        make_log_line(run, 0, "first")
        come = iter(["second", "third"])

        def meanwhile(seconds: float) -> None:
            make_log_line(run, 0, next(come))
            if LogLine.objects.count() == 3:
                Run.objects.filter(pk=run.pk).update(state="succeeded", succeeded=1, ended_at=NOW, wake_at=None)

        with Api(find_access(environment=os.environ)) as api:
            found = lines(api, targets.Run(run.pk), follow=True, position=None, sleep=meanwhile)
            assert [line["message"] for line in found] == ["first", "second", "third"]


def objects(text: str) -> list[Any]:
    """JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


class TestDownloads:
    def test_results_go_to_standard_output_or_into_a_file(self, jobsctl: Command, job: Job, tmp_path: Path) -> None:
        run = make_ended_run(job, "ss")
        assert [row["position"] for row in objects(jobsctl("results", run.pk).out)] == [0, 1]
        told = jobsctl("results", run.pk, "--format", "parquet", "--output", tmp_path / "all.parquet")
        assert (tmp_path / "all.parquet").read_bytes()[-4:] == b"PAR1"
        assert told.err.startswith(f"{tmp_path}/all.parquet: ")
        assert jobsctl("results", run.pk, "--payload", 0).code == Exit.NOT_FOUND
        assert jobsctl("results", run.pk, "--payload", 0, "--format", "csv").code == Exit.USAGE

    def test_a_file_is_downloaded_as_it_was_made(
        self, jobsctl: Command, job: Job, tmp_path: Path, settings: Any
    ) -> None:
        settings.JOBS_STORED_FILES = tmp_path / "stored"
        run = make_ended_run(job, "s")
        keep(run, "people.csv", b"name\nAnn\n", tmp_path / "stored")
        assert jobsctl("files", run.pk).rows[0][:2] == ["0/people.csv", "9 B"]
        assert jobsctl("download", run.pk, "0/people.csv").out == "name\nAnn\n"
        jobsctl("download", run.pk, "0/people.csv", "-o", tmp_path / "people.csv")
        assert (tmp_path / "people.csv").read_bytes() == b"name\nAnn\n"
        assert jobsctl("download", run.pk, "0/none").code == Exit.NOT_FOUND
        assert jobsctl("download", run.pk, "people.csv").code == Exit.USAGE


def keep(run: Run, name: str, content: bytes, root: Path) -> None:
    """Keep a file as an attempt does."""
    owner = Owner(run.workspace.slug, run.pk, 0, 1)
    source = incoming_folder(root=root, owner=owner) / name
    source.write_bytes(content)
    made = MadeFile(source, name, "text/csv", len(content), hashlib.sha256(content).hexdigest())
    record(root=root, owner=owner, files=move_in(root=root, owner=owner, files=[made]))
