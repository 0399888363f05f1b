"""The command line as a process: pipes that close, terminals that are narrow, locales that lack letters, Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from commandline.exits import Exit
from jobs.models import Job, LogLine, Run, Workspace
from tests.integration.commandline.engine import Worker
from tests.integration.people import make_job
from tests.integration.run_rows import NOW, make_ended_run

ROOT = Path(__file__).parents[3]
JOBSCTL = [sys.executable, "-m", "commandline"]


@pytest.fixture
def job(demo: Workspace) -> Job:
    """With a description that is long, and not in ASCII."""
    return make_job(demo, description="Fragt die Währungskurse ab, jede Nacht, von allen Partnern → und prüft sie")


def said(*words: object, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [*JOBSCTL, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)


def on_a_terminal(*words: str, environment: dict[str, str], columns: int) -> str:
    """What a terminal of this width is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [*JOBSCTL, *words], cwd=ROOT, env={**environment, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        sent = b""
        while piece := _read(ours):
            sent += piece
        process.wait(60)
    os.close(ours)
    return sent.decode()


def _read(terminal: int) -> bytes:
    """Nothing once the other side is closed, which Linux tells as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_output_that_nobody_reads_on_ends_it_without_a_word(environment: dict[str, str], job: Job) -> None:
    run = make_ended_run(job, "s")
    LogLine.objects.bulk_create(
        LogLine(run=run, position=0, attempt=1, level="info", message="x" * 100, at=NOW) for _ in range(3000)
    )
    with subprocess.Popen(
        [*JOBSCTL, "logs", str(run.pk)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (Exit.PIPE_CLOSED, b"")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_locale_that_lacks_letters_gets_escapes(encoding: str, environment: dict[str, str], job: Job) -> None:
    done = said("list", environment={**environment, "PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Währungskurse".encode(encoding, "backslashreplace") in done.stdout
    assert rb"\u2192" in done.stdout


def test_a_terminal_gets_colours_and_no_line_that_is_too_long(environment: dict[str, str], job: Job) -> None:
    sent = on_a_terminal("list", environment=environment, columns=60)
    assert "\x1b[32mactive\x1b[0m" in sent
    plain = sent.replace("\x1b[32m", "").replace("\x1b[0m", "").splitlines()
    assert (len(plain), max(map(len, plain)), "…" in plain[1]) == (2, 60, True)


def test_what_is_binary_is_not_written_to_a_terminal(environment: dict[str, str], job: Job) -> None:
    run = make_ended_run(job, "s")
    sent = on_a_terminal("results", str(run.pk), "--format", "parquet", environment=environment, columns=80)
    assert sent.startswith("error: that is nothing for a terminal")


def test_ctrl_c_says_how_to_look_again_and_stops_no_run(environment: dict[str, str], job: Job, worker: Worker) -> None:
    worker.hold()
    with subprocess.Popen(
        [*JOBSCTL, "trigger", "task:ping", "--wait"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(2)]  # The run, and how it gets on: now it waits.
        process.send_signal(signal.SIGINT)
        told += process.stderr.read().splitlines()
    run = Run.objects.get()
    assert process.returncode == Exit.INTERRUPTED
    assert told[-1] == f"error: run {run.pk} goes on; look again with: jobsctl run wait {run.pk}"
    assert (run.state, run.stop) == ("pending", None)
