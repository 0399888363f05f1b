"""Which files a datasource may touch: those inside the folders that the deployment names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError


def readable(path: str, *, roots: Sequence[Path]) -> Path:
    """The regular file that a path means, links resolved. Raises PermanentError as `resolved` does, or without a file."""
    found = resolved(path, roots=roots)
    if not found.is_file():
        raise PermanentError(f"source.path: there is no file {path!r}", code="file_missing")
    return found


def writable(path: str, *, roots: Sequence[Path]) -> Path:
    """Where a file is or shall be, links resolved. Raises PermanentError as `resolved` does, or without its folder."""
    found = resolved(path, roots=roots)
    if not found.parent.is_dir():
        raise PermanentError(f"destination.duckdb.path: the folder of {path!r} does not exist", code="file_missing")
    return found


def resolved(path: str, *, roots: Sequence[Path]) -> Path:
    """Find what a path means, after following every link.

    Args:
        path: Absolute, or relative to the first root.
        roots: Absolute folders, links resolved already.

    Raises:
        PermanentError: It lies in none of the roots. Whether anything is there is not told.
    """
    if not roots:
        raise PermanentError(
            "no folder is open to datasources: whoever runs this system sets JOBS_FILE_ROOTS", code="file_refused"
        )
    try:
        found = (roots[0] / path).resolve()
    except (OSError, RuntimeError):  # a loop of links
        found = None
    if found is None or not any(found.is_relative_to(root) for root in roots):
        raise PermanentError(f"{path!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused")
    return found
