"""A process of the system, with a log of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.processes import finish, spawn
from embedded.servers import CHECKOUT
from tests.acceptance.waiting import wait_for

_READY_SECONDS = 30.0


class Process:
    """``celery -A jobsproject ...``. It is started at once; `wait_until_ready` says when it works."""

    ready_words: str

    def __init__(self, *, name: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self.process: subprocess.Popen[str] = spawn(
                [sys.executable, "-m", "celery", "-A", "jobsproject", *arguments],
                output=output,
                death_signal=signal.SIGKILL,
                environment=environment,
                folder=CHECKOUT,
            )

    @property
    def log(self) -> str:
        """Everything it has said."""
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until it works."""
        wait_for(f"{self.name} to be ready", self._is_ready_or_gone, seconds=_READY_SECONDS, report=self.describe)
        assert self.process.poll() is None, self.describe()

    def send(self, signal_number: signal.Signals) -> None:
        """Signal the process itself, not its children. One that is to stop has stopped when this returns: until then, on a busy
        machine, its other threads go on."""
        if signal_number == signal.SIGSTOP:
            stop_process(self.process.pid)
        else:
            self.process.send_signal(signal_number)

    def kill(self) -> None:
        """kill -9, children included, as when the machine goes away."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_for_exit(self, *, seconds: float) -> int:
        """Its exit status. Raises AssertionError when it does not end in that time."""
        wait_for(f"{self.name} to exit", lambda: self.process.poll() is not None, seconds=seconds, report=self.describe)
        return self.process.wait()

    def end(self) -> None:
        """Be rid of it."""
        if self.process.poll() is None:
            self.process.kill()
        finish(self.process, grace_seconds=5)

    def describe(self) -> str:
        """Whether it lives, and the end of its log."""
        status = self.process.poll()
        tail = "\n    ".join(self.log.splitlines()[-15:])
        return f"{self.name}: {'running' if status is None else f'exited {status}'}\n    {tail}"

    def _is_ready_or_gone(self) -> bool:
        return self.ready_words in self.log or self.process.poll() is not None


def stop_process(pid: int) -> None:
    """SIGSTOP, and wait until each of its threads is stopped."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(f"process {pid} to stop", lambda: _stands_still(pid), seconds=10, report=lambda: "")


def _stands_still(pid: int) -> bool:
    """T in /proc, see proc(5)."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)
