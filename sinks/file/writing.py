"""One file: written beside its place, and put there when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sinks.file.folders import make_folder
from sinks.file.target import Target


def write(target: Target, filesystem: Any, *, path: str, tag: str, pieces: Iterable[bytes], flush: bool) -> None:
    """Put a file at a path; who reads it sees the one before or the whole new one. Where it fails, nothing is left.

    Args:
        target: Of which kind the file system is.
        filesystem: A connection of it.
        path: Where.
        tag: Tells this attempt from all others.
        pieces: What is written, each in one go.
        flush: Whether each is handed to the file system at once.
    """
    beside = _beside(path, tag)
    make_folder(filesystem, path.rpartition("/")[0])
    try:
        with filesystem.open(beside, "wb") as file:
            for piece in pieces:
                file.write(piece)
                if flush:
                    file.flush()
            target.sync(file)
        target.rename(filesystem, beside, path)
    except BaseException:
        with suppress(*target.errors):
            filesystem.rm_file(beside)
        raise


def remove_leftovers(filesystem: Any, *, path: str, tag: str) -> None:
    """Remove what an attempt left whose worker was killed; nothing, where there is nothing."""
    with suppress(FileNotFoundError):
        filesystem.rm_file(_beside(path, tag))


def _beside(path: str, tag: str) -> str:
    """In the same folder, short whatever the file is called, and of no other delivery, of this deployment or another."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{hashlib.sha256(name.encode()).hexdigest()[:16]}.{tag}.part"
