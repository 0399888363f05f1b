"""Folders that several make at once."""

from __future__ import annotations

from typing import Any


def make_folder(filesystem: Any, path: str) -> None:
    """Make a folder and those above it. Raises OSError: it is not there, and cannot be made.

    fsspec looks first and makes then, so that of two threads or workers one may fail; each failure means that another has made at
    least one more of them, or that there is something wrong.
    """
    for _ in path.split("/"):
        try:
            filesystem.makedirs(path, exist_ok=True)
            return
        except OSError:
            if filesystem.isdir(path):
                return
    filesystem.makedirs(path, exist_ok=True)
