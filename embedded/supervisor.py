"""Keeps the project's own processes running, and ends them all."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from embedded.errors import StartError
from embedded.processes import finish, spawn, wait_until

_READY_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_STEADY_SECONDS = 30.0
"""A process that ran this long is started again at once; one that dies sooner waits longer each time."""


class Lines(Protocol):
    """Where the processes' lines go."""

    def line(self, name: str, text: str) -> None: ...
    def show(self, text: str, *, name: str = "") -> None: ...
    def last_lines(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running.

    Args:
        name: ``web``, ``beat``, ``worker-1``.
        command: What to execute.
        ready_words: It is ready when a line of its output contains them.
    """

    name: str
    command: Sequence[str]
    ready_words: str


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[str]
    reader: threading.Thread
    ready: threading.Event
    started_at: float = field(default_factory=time.monotonic)


class Supervisor:
    """Starts programs, starts again what dies, stops everything. Use it from the main thread only (see `spawn`)."""

    def __init__(
        self, *, environment: Mapping[str, str], folder: Path, lines: Lines, grace_seconds: float = 12.0
    ) -> None:
        """Prepare.

        Args:
            environment: The whole environment of the programs.
            folder: Their working directory.
            lines: Told each line they say.
            grace_seconds: From asking a program to end until it is killed.
        """
        self._environment = environment
        self._folder = folder
        self._lines = lines
        self.grace_seconds = grace_seconds
        self._children: dict[str, _Child] = {}
        self._pauses: dict[str, float] = {}
        self._start_again_at: dict[str, float] = {}

    def start(self, programs: Iterable[Program]) -> None:
        """Start all of them and wait until all are ready.

        Raises:
            StartError: One ended, or was not ready within a minute; its last lines are in the message.
        """
        for program in programs:
            self._start(program)
        for child in self._children.values():
            self._wait_until_ready(child)

    def pids(self) -> dict[str, int]:
        """The process ids of what runs, by name, in the order of their start."""
        return {name: child.process.pid for name, child in self._children.items() if child.process.poll() is None}

    def revive(self) -> list[str]:
        """One pass: start again what died and has waited its pause. Returns the names of what was started."""
        dead = [child.program for child in self._children.values() if child.process.poll() is not None]
        return [program.name for program in dead if self._start_again(program)]

    def stop(self) -> None:
        """Ask all at once to end, wait for them, kill what is left with everything it started."""
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds
        for child in self._children.values():
            grace = max(0.0, min(deadline - time.monotonic(), self.grace_seconds))
            finish(child.process, grace_seconds=grace)
            child.reader.join(timeout=2)

    def _start(self, program: Program) -> None:
        # kill -9 of us kills them: their leases bring back what they held, and nothing runs on unseen.
        process = spawn(
            program.command,
            output=subprocess.PIPE,
            death_signal=signal.SIGKILL,
            environment=self._environment,
            folder=self._folder,
        )
        ready = threading.Event()
        reader = threading.Thread(
            target=self._read, args=(program, process, ready), daemon=True, name=f"output of {program.name}"
        )
        reader.start()
        self._children[program.name] = _Child(program, process, reader, ready)

    def _start_again(self, program: Program) -> bool:
        name, now = program.name, time.monotonic()
        if name not in self._start_again_at:
            self._start_again_at[name] = now + self._pause(name, now)
            how, pause = _how(self._children[name].process.returncode), self._start_again_at[name] - now
            self._lines.show(f"{name} ended ({how}); it is started again in {pause:.1f} s", name="system")
        if now < self._start_again_at[name]:
            return False
        del self._start_again_at[name]
        finish(self._children[name].process, grace_seconds=0)  # what it had started itself
        self._start(program)
        return True

    def _pause(self, name: str, now: float) -> float:
        """Half a second, doubled for each early death in a row."""
        steady = now - self._children[name].started_at > _STEADY_SECONDS
        previous = 0.0 if steady else self._pauses.get(name, 0.0)
        self._pauses[name] = min(max(_FIRST_PAUSE_SECONDS, previous * 2), _LONGEST_PAUSE_SECONDS)
        return self._pauses[name]

    def _wait_until_ready(self, child: _Child) -> None:
        wait_until(lambda: child.ready.is_set() or child.process.poll() is not None, seconds=_READY_SECONDS)
        if child.process.poll() is not None or not child.ready.is_set():
            child.reader.join(timeout=1)
            name = child.program.name
            raise StartError(f"{name} does not start. Its last lines:\n{self._lines.last_lines(name)}")

    def _read(self, program: Program, process: subprocess.Popen[str], ready: threading.Event) -> None:
        with process.stdout or contextlib.nullcontext(()) as lines:
            for line in lines:
                text = line.rstrip("\n")
                self._lines.line(program.name, text)
                if program.ready_words in text:
                    ready.set()


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
