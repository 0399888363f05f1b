"""What the targets have in common that are reached over a network."""

from __future__ import annotations

from typing import Any


class Remote:
    """A folder on a file system of fsspec's."""

    def __init__(self, folder: str, described: str) -> None:
        self._folder = folder.rstrip("/")
        self.described = described

    def place(self, name: str) -> str:
        """Below the folder."""
        return f"{self._folder}/{name}"

    def sync(self, file: Any) -> None:
        """Hand over what is left; these file systems do not tell when it is on a disk."""
        file.flush()

    def rename(self, filesystem: Any, source: str, destination: str) -> None:
        """As the file system does it: SFTP in one step, stores of objects by a copy, which appears whole."""
        filesystem.mv(source, destination)
