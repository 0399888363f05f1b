"""What file systems have in common, and what they do not."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol


class Target(Protocol):
    """A folder on one file system."""

    errors: tuple[type[Exception], ...]
    """What it raises for anything that may pass or can be mended."""
    described: str
    """For people."""

    def connected(self) -> AbstractContextManager[Any]:
        """A file system of fsspec's, for one thread."""

    def place(self, name: str) -> str:
        """Where a name lies, as the file system calls it. Raises PermanentError: outside of what is permitted."""

    def sync(self, file: Any) -> None:
        """Return when what was written to an open file is there for good, as far as the file system can tell."""

    def rename(self, filesystem: Any, source: str, destination: str) -> None:
        """Put a file in another's place, in one step where the file system has one; there for good on return."""

    def close(self) -> None:
        """Give back connections."""
