"""Worker processes: started in process groups of their own, measured, and ended with all their children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".data" / "bench"
START_SECONDS = 60.0
STOP_SECONDS = 5.0

Group = subprocess.Popen[str]


def start(*, name: str, arguments: Sequence[str], environment: Mapping[str, str], talk: bool = False) -> Group:
    """Start ``python -m ARGUMENTS`` in the checkout, leading a process group.

    Args:
        name: The name of its log file in .data/bench, which holds standard error (and output, unless ``talk``).
        arguments: The module and its arguments. No secrets: those go through ``environment``.
        environment: Variables to add.
        talk: Whether standard input and output are pipes to the caller.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    pipe = subprocess.PIPE if talk else None
    with (LOGS / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or log,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def end(groups: Sequence[Group]) -> None:
    """End whole groups: SIGTERM, and SIGKILL for what is left after `STOP_SECONDS`."""
    for group in groups:
        _signal(group, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    for group in groups:
        with contextlib.suppress(subprocess.TimeoutExpired):
            group.wait(timeout=max(0.0, until - time.monotonic()))
    for group in groups:
        _signal(group, signal.SIGKILL)
        group.wait()


@contextlib.contextmanager
def running(
    *, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], ready: Callable[[], bool]
) -> Iterator[list[Group]]:
    """Run processes (log name -> arguments) for the length of a ``with`` block, which begins once ``ready`` says so.

    Raises:
        RuntimeError: One ended before all were ready, or they took longer than `START_SECONDS`.
    """
    groups: list[Group] = []
    try:
        for name, arguments in commands.items():
            groups.append(start(name=name, arguments=arguments, environment=environment))
        wait_until(ready, seconds=START_SECONDS, what=f"{', '.join(commands)} to be ready", alive=groups)
        yield groups
    finally:
        end(groups)


def wait_until(
    condition: Callable[[], bool], *, seconds: float, what: str, pause: float = 0.005, alive: Sequence[Group] = ()
) -> None:
    """Poll a condition until it holds.

    Raises:
        RuntimeError: It did not within ``seconds``, or one of ``alive`` has ended meanwhile.
    """
    until = time.monotonic() + seconds
    while not condition():
        if any(group.poll() is not None for group in alive):
            raise RuntimeError(f"waited for {what}, but a process has ended: see the logs in {LOGS}")
        if time.monotonic() > until:
            raise RuntimeError(f"waited {seconds:g} s for {what}: see the logs in {LOGS}")
        time.sleep(pause)


def memory_mb(groups: Sequence[Group], *, peak: bool = False) -> float | None:
    """The resident memory of a worker (a group, its children included), on average over the groups, in MB.

    Pages that several processes of a group share count once for each, as in ``ps``. None where there is no /proc.

    Args:
        peak: The most that each process ever had, rather than what it has now.
    """
    if not Path("/proc/self/status").exists():
        return None
    field = "VmHWM:" if peak else "VmRSS:"
    kilobytes = sum(_status(pid, field) for pid in _members({group.pid for group in groups}))
    return kilobytes / 1024 / max(1, len(groups))


def cpu_seconds(groups: Sequence[Group]) -> float:
    """What groups have used of the processors so far, their children included; 0 where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return 0.0
    return sum(cpu_seconds_of(pid) for pid in _members({group.pid for group in groups}))


def cpu_seconds_of(pid: int) -> float:
    """What a process has used of the processors so far; 0 when it is not, or not on this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def started_at(group: Group) -> float:
    """When a process was started, in seconds since the epoch. Raises FileNotFoundError where there is no /proc."""
    fields = Path(f"/proc/{group.pid}/stat").read_text().rpartition(")")[2].split()
    up_seconds = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - up_seconds + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _members(group_ids: set[int]) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _group_of(pid) in group_ids]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _status(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def _signal(group: Group, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group.pid, number)
