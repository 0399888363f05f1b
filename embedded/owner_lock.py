"""One owner at a time: a file lock that the kernel releases when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from embedded.errors import AlreadyRunning


class OwnerLock:
    """Holds a lock file with its owner's process id in it, until `release` or the end of the process."""

    def __init__(self, path: Path, *, what: str, hint: str = "") -> None:
        """Take the lock.

        Args:
            path: The lock file; created with mode 0600 and left there.
            what: What is owned, for the message: "the system of this checkout".
            hint: What its end of the message says can be done.

        Raises:
            AlreadyRunning: Another process holds it; the message names its process id.
        """
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise AlreadyRunning(
                f"{what} is already running here (process {holder(path) or 'unknown'}){hint}"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others own it."""
        os.close(self._descriptor)


def holder(path: Path) -> int | None:
    """The process id of who holds the lock now, or None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.read(descriptor, 20).strip()
        return int(written) if written.isdigit() else None
    finally:
        os.close(descriptor)
    return None
