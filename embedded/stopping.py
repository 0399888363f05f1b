"""`make stop` and `make reset`: end what runs in this checkout from outside, and remove its data."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from embedded.attached import UP_LOCK
from embedded.errors import StartError
from embedded.home import open_home
from embedded.owner_lock import OwnerLock, holder
from embedded.processes import wait_until
from embedded.servers import DATA, LOCK, end_private_leftovers
from embedded.system import end_leftovers

_SECONDS = 60.0


def stop(*, data: Path = DATA) -> None:
    """Ask the process that runs the system or the servers to end, and wait for it; then end what a killed one left behind.

    Raises:
        StartError: It does not end within a minute.
    """
    if not data.exists():
        return
    home = open_home(data)
    for lock in (data / UP_LOCK, home.data / LOCK):
        _end_holder(lock)
    end_leftovers(data / "up.json")
    end_private_leftovers(home)


def reset(*, data: Path = DATA) -> None:
    """`stop`, and remove the database, the broker's file, the logs and the generated keys."""
    # Innermost first: .data/check and what killed test sessions left in .data/test are homes of their own.
    homes = [secrets.parent for secrets in data.glob("**/secrets.json")]
    for home in sorted(homes, key=lambda path: len(path.parts), reverse=True):
        stop(data=home)
        _erase(home)
    sys.stdout.write(f"removed the data of this checkout: {data}\n" if homes else "there is no data of this checkout\n")


def _erase(data: Path) -> None:
    home = open_home(data)
    lock = OwnerLock(home.data / LOCK, what="a private PostgreSQL and Redis")
    home.erase()
    lock.release()


def _end_holder(lock: Path) -> None:
    pid = holder(lock)
    if pid is None:
        return
    sys.stdout.write(f"stopping process {pid}\n")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: holder(lock) is None, seconds=_SECONDS):
        raise StartError(f"process {pid} does not end; look at it with: ps -fp {pid}")
