"""The processes that a child process has started, wherever they have gone: found, and ended.

A process leaves its group and its session at will (setsid) and its parent by forking twice, but it keeps the environment that it
was begun with, and there stands the child's cookie: ``JOBS_CHILD_DIRECTORY``, different for each child. One that has thrown its
environment away is found through its parents, as long as one of them lives; for that the child adopts those whose parents have
ended (`workers.child_main`). Needs Linux's /proc; elsewhere nothing is found.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

COOKIE = "JOBS_CHILD_DIRECTORY"
KILL_SECONDS = 2.0
"""How long to go on ending what does not end. Only what the kernel holds (a dead network file system), or another user's, takes
longer than milliseconds."""
_PAUSE_SECONDS = 0.005
_PROC = "/proc"


class Process(NamedTuple):
    """A line of the process table. ``started`` is in clock ticks since the machine began: with the pid it names one process."""

    pid: int
    dead: bool
    parent: int
    group: int
    session: int
    started: int


class Family(NamedTuple):
    """A child that leads a session of its own, and all that comes of it."""

    pid: int
    started: int
    cookie: str

    @classmethod
    def of(cls, pid: int, *, cookie: str) -> Family | None:
        """The family of a child that has not been reaped. None where the system cannot say: there is no /proc."""
        child = _read(pid)
        return None if child is None else cls(pid, child.started, cookie)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Family | None:
        """What `to_data` gave; None when that was before this machine last began: nothing of it is left then."""
        if not boot_id() or data["boot"] != boot_id():
            return None
        return cls(int(data["pid"]), int(data["started"]), str(data["cookie"]))

    def to_data(self) -> dict[str, Any]:
        """As a handle keeps it."""
        return {"pid": self.pid, "started": self.started, "cookie": self.cookie, "boot": boot_id()}

    def living(self) -> list[Process]:
        """Who of it is alive, this process itself left out."""
        # Nothing that is older than the child comes of it: so no environment but theirs needs to be read.
        table = {each.pid: each for each in _processes() if each.started >= self.started}
        members = {pid for pid, process in table.items() if self._is_marked(process)}
        members |= self._group(table)
        members |= _descendants(members, table)
        return [table[pid] for pid in members if not table[pid].dead and pid != os.getpid()]

    def end(self, *, seconds: float = KILL_SECONDS) -> bool:
        """SIGKILL until nobody is left.

        They are stopped first, until no new ones appear: what stands still starts nobody and loses no parent before it is found.

        Returns:
            True when nobody is alive; False when that could not be had in so many seconds.
        """
        until = time.monotonic() + seconds
        while living := self._stopped(until):
            _signal(living, signal.SIGKILL)
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _stopped(self, until: float) -> list[Process]:
        """Who is alive, now that all of them stand still."""
        stopped: dict[int, Process] = {}
        while new := [each for each in self.living() if each.pid not in stopped]:
            _signal(new, signal.SIGSTOP)
            stopped |= {each.pid: each for each in new}
            if time.monotonic() >= until:
                break
        return list(stopped.values())

    def _is_marked(self, process: Process) -> bool:
        if (process.pid, process.started) == (self.pid, self.started):
            return True
        return not process.dead and self.cookie != "" and _cookie(process.pid) == self.cookie

    def _group(self, table: Mapping[int, Process]) -> set[int]:
        """The child's group and session, told by its pid: for as long as the child itself is there that is nobody else's."""
        child = table.get(self.pid)
        if child is None or child.started != self.started:
            return set()
        return {pid for pid, process in table.items() if self.pid in (process.group, process.session)}


@functools.cache
def boot_id() -> str:
    """Different each time the machine begins; empty where the system does not tell."""
    try:
        with open(f"{_PROC}/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


@functools.cache
def host() -> str:
    """Where the processes can be found that this one can see: the machine, since it began, and which of its containers."""
    try:
        namespace = os.stat(f"{_PROC}/self/ns/pid").st_ino
    except OSError:
        namespace = 0
    return f"{os.uname().nodename}:{boot_id()}:{namespace}"


def _processes() -> Iterable[Process]:
    try:
        names = os.listdir(_PROC)
    except OSError:
        return
    for name in names:
        if name.isdecimal() and (process := _read(int(name))):
            yield process


def _read(pid: int) -> Process | None:
    """Source: proc_pid_stat(5). The second field, the program's name in brackets, may hold anything, brackets and spaces too."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20:  # it ended while we read
        return None
    return Process(pid, fields[0] in b"ZX", int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def _cookie(pid: int) -> str:
    """Empty when it has none, or is another user's."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return ""
    beginning = f"{COOKIE}=".encode()
    return next((os.fsdecode(each.removeprefix(beginning)) for each in variables if each.startswith(beginning)), "")


def _descendants(ancestors: set[int], table: Mapping[int, Process]) -> set[int]:
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = list(ancestors)
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in found:
                found.add(pid)
                waiting.append(pid)
    return found


def _signal(processes: Iterable[Process], number: signal.Signals) -> None:
    for process in processes:
        # Gone already; or another user's, and then it stays among the living.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            _signal_one(process, number)


def _signal_one(process: Process, number: signal.Signals) -> None:
    """Its number may have gone to another since we looked: so take hold of who has it, and look again before the signal."""
    descriptor = os.pidfd_open(process.pid)  # Linux 5.3
    try:
        seen = _read(process.pid)
        if seen is not None and seen.started == process.started:
            signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)
