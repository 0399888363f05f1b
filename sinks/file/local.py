"""Folders of this deployment's own machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from sinks.base import Surroundings
from sinks.file.configuration import FileConfiguration


class LocalTarget:
    """A folder below those that the deployment opens to files."""

    errors: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, configuration: FileConfiguration, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._path = configuration.path.rstrip("/")
        self.described = configuration.path
        surroundings.path(self._path)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """There is nothing to connect to."""
        yield LocalFileSystem(skip_instance_cache=True)

    def place(self, name: str) -> str:
        """Looked at anew each time: a link may have come into the way."""
        return str(self._surroundings.path(f"{self._path}/{name}"))

    def sync(self, file: Any) -> None:
        """Wait for the disk."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, filesystem: Any, source: str, destination: str) -> None:
        """Readers see the old file or the new one; the folder's entry is on the disk, too."""
        os.replace(source, destination)
        folder = os.open(Path(destination).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Nothing to give back."""
