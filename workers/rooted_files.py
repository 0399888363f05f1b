"""Files that payloads may touch: those inside the folders that the deployment names (JOBS_FILE_ROOTS)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jobs.errors import PermanentError


def located(path: str, *, roots: Sequence[Path], field: str) -> Path:
    """What a path means, after following every link; there need not be anything.

    Args:
        path: Absolute, or relative to the first root.
        roots: Absolute folders, links resolved already.
        field: The parameter that names it, for messages.

    Raises:
        PermanentError: It lies in none of the roots (code ``file_refused``). Whether anything is there is not told.
    """
    if not roots:
        raise PermanentError(
            f"{field}: no folder is open to payloads: whoever runs this system sets JOBS_FILE_ROOTS",
            code="file_refused",
        )
    try:
        found = (roots[0] / path).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, the character NUL
        found = None
    if found is None or not any(found.is_relative_to(root) for root in roots):
        raise PermanentError(
            f"{field}: {path!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused"
        )
    return found


def readable(path: str, *, roots: Sequence[Path], field: str) -> Path:
    """The regular file that a path means. As `located`; and PermanentError without a file (code ``file_missing``)."""
    found = located(path, roots=roots, field=field)
    if not _holds(found.is_file):
        raise PermanentError(f"{field}: there is no file {path!r}", code="file_missing")
    return found


def writable(path: str, *, roots: Sequence[Path], field: str) -> Path:
    """Where a file is or shall be. As `located`; and PermanentError without its folder (code ``file_missing``)."""
    found = located(path, roots=roots, field=field)
    if not _holds(found.parent.is_dir):
        raise PermanentError(f"{field}: the folder of {path!r} does not exist", code="file_missing")
    return found


def _holds(look: Callable[[], bool]) -> bool:
    """A name that is too long and a folder that may not be looked into hold nothing for us."""
    try:
        return look()
    except OSError:
        return False
