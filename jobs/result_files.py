"""Results in a folder that web and workers share: Django's storage of files, made to survive a loss of power."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class ResultFiles(FileSystemStorage):
    """Says that a file is saved once it is on the disk, and takes folders away that its files leave empty.

    Args:
        location: The folder; made when the first file is.
    """

    def __init__(self, location: str) -> None:
        super().__init__(location=location, file_permissions_mode=0o600)

    def _save(self, name: str, content: Any) -> str:
        root = Path(self.location)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        saved: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave it out
        path = root / saved
        _flush(path)
        for folder in [place for place in path.parents if place.is_relative_to(root)]:
            _flush(folder)  # a name is on the disk once its folder is
        return saved

    def delete(self, name: str) -> None:
        """Remove a file, if it is there, and its folder once that is empty."""
        super().delete(name)
        with contextlib.suppress(OSError):  # there is another file in it, or it was the last one's and is gone
            (Path(self.location) / name).parent.rmdir()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
