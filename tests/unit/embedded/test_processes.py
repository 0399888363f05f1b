"""Processes that are ours end with us; others are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.errors import AlreadyRunning
from embedded.owner_lock import OwnerLock, holder
from embedded.processes import command_line, finish, spawn, stop, stop_leftover, wait_until

FOREVER = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


@pytest.fixture
def somebody() -> Iterator[subprocess.Popen[str]]:
    process = spawn(
        [sys.executable, "-c", FOREVER, "marker-of-the-test"], output=subprocess.DEVNULL, death_signal=signal.SIGKILL
    )
    yield process
    stop(process, ask=signal.SIGKILL, grace_seconds=5)


class TestStop:
    def test_a_process_that_does_not_listen_is_killed_after_the_grace(self) -> None:
        process = spawn([sys.executable, "-c", STUBBORN], output=subprocess.PIPE, death_signal=signal.SIGKILL)
        assert process.stdout
        with process.stdout:
            assert process.stdout.readline() == "deaf\n"
            stop(process, ask=signal.SIGTERM, grace_seconds=0.1)
        assert process.returncode == -signal.SIGKILL

    def test_what_it_started_itself_ends_with_it(self) -> None:
        script = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {FOREVER!r}]).pid)"
        process = spawn([sys.executable, "-c", script], output=subprocess.PIPE, death_signal=signal.SIGKILL)
        assert process.stdout
        with process.stdout:
            grandchild = int(process.stdout.readline())
        finish(process, grace_seconds=5)
        assert wait_until(lambda: not command_line(grandchild), seconds=5)


class TestDeathOfTheParent:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
    def test_a_child_of_a_killed_process_ends(self) -> None:
        script = (
            "import signal, subprocess, sys; from embedded.processes import spawn;"
            f"child = spawn([sys.executable, '-c', {FOREVER!r}], output=subprocess.DEVNULL, death_signal=signal.SIGKILL);"
            "print(child.pid, flush=True);"
            "signal.pause()"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout
            child = int(parent.stdout.readline())
            assert command_line(child)
            parent.kill()
        assert wait_until(lambda: not command_line(child), seconds=5)


class TestStopLeftover:
    def test_the_process_that_is_meant_is_ended(self, somebody: subprocess.Popen[str]) -> None:
        ended = stop_leftover(
            somebody.pid, is_ours=lambda line: "marker-of-the-test" in line, ask=signal.SIGTERM, grace_seconds=5
        )
        assert ended
        assert somebody.wait(5) == -signal.SIGTERM

    def test_another_process_with_that_id_is_left_alone(self, somebody: subprocess.Popen[str]) -> None:
        assert not stop_leftover(
            somebody.pid, is_ours=lambda line: "postgres" in line, ask=signal.SIGTERM, grace_seconds=5
        )
        assert somebody.poll() is None

    def test_no_process_has_no_command_line(self, somebody: subprocess.Popen[str]) -> None:
        somebody.kill()
        assert wait_until(lambda: command_line(somebody.pid) == "", seconds=5)


class TestOwnerLock:
    def test_a_second_owner_is_told_who_the_first_is(self, tmp_path: Path) -> None:
        lock = OwnerLock(tmp_path / "lock", what="the system")
        with pytest.raises(AlreadyRunning, match=rf"the system is already running here \(process {os.getpid()}\)"):
            OwnerLock(tmp_path / "lock", what="the system")
        assert holder(tmp_path / "lock") == os.getpid()
        lock.release()

    def test_a_released_lock_can_be_taken_again(self, tmp_path: Path) -> None:
        OwnerLock(tmp_path / "lock", what="the system").release()
        assert holder(tmp_path / "lock") is None
        OwnerLock(tmp_path / "lock", what="the system").release()

    def test_a_lock_that_never_was_has_no_holder(self, tmp_path: Path) -> None:
        assert holder(tmp_path / "lock") is None
