"""Starting processes that do not outlive us, and stopping processes that are ours."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Account:
    """Who a process runs as.

    Args:
        uid, gid: None for the account that runs us.
    """

    uid: int | None = None
    gid: int | None = None

    @property
    def popen_options(self) -> dict[str, Any]:
        """What `subprocess` needs to become this account, without any supplementary group."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


OURSELVES = Account()


def spawn(
    command: Sequence[str | Path],
    *,
    output: IO[Any] | int,
    death_signal: signal.Signals,
    account: Account = OURSELVES,
    environment: Mapping[str, str] | None = None,
    folder: Path | str = "/",
) -> subprocess.Popen[str]:
    """Start a process in a session of its own, which gets ``death_signal`` when this process dies, even by kill -9.

    Call it from the main thread: Linux ties the signal to the thread that forked. Elsewhere than on Linux there is no such
    signal; what is left behind there is found by the next start.
    """
    return subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=folder,
        env=None if environment is None else dict(environment),
        start_new_session=True,
        preexec_fn=partial(_die_with, os.getpid(), int(death_signal)),  # noqa: PLW1509 - system calls alone, no lock, no import
        **account.popen_options,
    )


def spawn_in_foreground(command: Sequence[str], *, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a process that shares our terminal, and gets SIGTERM when this process dies."""
    return subprocess.Popen(
        list(command),
        env=dict(environment),
        text=True,
        preexec_fn=partial(_die_with, os.getpid(), int(signal.SIGTERM)),  # noqa: PLW1509 - as above
    )


def end_with_parent(parent: int, death_signal: signal.Signals) -> None:
    """Have this process get a signal when ``parent``, its parent, dies."""
    _die_with(parent, int(death_signal))


def _die_with(parent: int, death_signal: int) -> None:
    """Runs between fork and exec, after the change of account, which would clear the setting."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os.kill(os.getpid(), death_signal)


def stop(process: subprocess.Popen[str], *, ask: signal.Signals, grace_seconds: float) -> None:
    """Ask a child to end, and after the grace kill it with all of its session. Returns when it is gone."""
    if process.poll() is None:
        process.send_signal(ask)
    finish(process, grace_seconds=grace_seconds)


def finish(process: subprocess.Popen[str], *, grace_seconds: float) -> None:
    """Wait for a child that was asked to end, then kill what is left of it and of its session."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    # Its own children may be there still, also when it ended by itself.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop_leftover(pid: int, *, is_ours: Callable[[str], bool], ask: signal.Signals, grace_seconds: float) -> bool:
    """End a process that an earlier owner left behind, if it is what we take it for.

    Args:
        pid: From a file that the earlier owner wrote; by now it may be anybody's.
        is_ours: Told the process's command line, says whether it is the one meant. Nothing else is ever signalled.
        ask: The signal that ends it cleanly. After the grace it is killed.

    Returns:
        True when there was such a process; it is gone now.
    """
    if not is_ours(command_line(pid)):
        return False
    for signal_number, seconds in ((ask, grace_seconds), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        if wait_until(lambda: not is_ours(command_line(pid)), seconds=seconds):
            break
    return True


def command_line(pid: int) -> str:
    """The arguments of a process, separated by blanks; empty when there is none, or only its zombie."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return ""
    shown = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll until the condition holds; False when it did not in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
