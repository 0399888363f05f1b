"""Programs are started, started again when they die, and all stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.errors import StartError
from embedded.processes import command_line, wait_until
from embedded.supervisor import Program, Supervisor

READY = "import signal; print('ready now', flush=True); signal.pause()"
FAILS = "import sys; print('no such table'); sys.exit(3)"


class Lines:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def line(self, name: str, text: str) -> None:
        self.said.append((name, text))

    def show(self, text: str, *, name: str = "") -> None:
        self.said.append((name, text))

    def last_lines(self, name: str) -> str:
        return "\n".join(text for of, text in self.said if of == name)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def supervisor(lines: Lines, tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(environment=dict(os.environ), folder=tmp_path, lines=lines, grace_seconds=5)
    yield supervisor
    supervisor.stop()


def program(name: str, script: str = READY) -> Program:
    return Program(name, [sys.executable, "-c", script], "ready")


class TestSupervisor:
    def test_start_returns_when_all_are_ready(self, supervisor: Supervisor, lines: Lines) -> None:
        supervisor.start([program("a"), program("b")])
        assert sorted(lines.said) == [("a", "ready now"), ("b", "ready now")]
        assert list(supervisor.pids()) == ["a", "b"]

    def test_a_program_that_ends_at_once_stops_the_start_with_its_last_lines(self, supervisor: Supervisor) -> None:
        with pytest.raises(StartError, match=r"b does not start. Its last lines:\nno such table"):
            supervisor.start([program("a"), program("b", FAILS)])

    def test_a_killed_program_is_started_again_and_said_so(self, supervisor: Supervisor, lines: Lines) -> None:
        supervisor.start([program("a"), program("b")])
        before = supervisor.pids()
        os.kill(before["a"], signal.SIGKILL)
        assert wait_until(lambda: supervisor.revive() == ["a"], seconds=10)
        after = supervisor.pids()
        assert after["a"] != before["a"]
        assert after["b"] == before["b"]
        assert ("system", "a ended (killed by SIGKILL); it is started again in 0.5 s") in lines.said

    def test_one_that_keeps_dying_waits_longer_each_time(self, supervisor: Supervisor, lines: Lines) -> None:
        supervisor.start([program("a")])
        for _ in range(2):
            os.kill(supervisor.pids()["a"], signal.SIGKILL)
            assert wait_until(lambda: supervisor.revive() == ["a"], seconds=10)
        waits = [text.split()[-2] for name, text in lines.said if name == "system"]
        assert waits == ["0.5", "1.0"]

    def test_nothing_is_left_after_stop(self, supervisor: Supervisor) -> None:
        supervisor.start([program("a"), program("b")])
        pids = supervisor.pids().values()
        supervisor.stop()
        assert not any(map(command_line, pids))
        assert supervisor.pids() == {}
