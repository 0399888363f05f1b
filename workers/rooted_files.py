"""Files that payloads may touch: those inside the folders that the deployment names (JOBS_FILE_ROOTS)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError


def readable(path: str, *, roots: Sequence[Path], field: str) -> Path:
    """The regular file that a path means, links resolved.

    Args:
        path: Absolute, or relative to the first root.
        roots: Absolute folders, links resolved already.
        field: The parameter that names it, for messages.

    Raises:
        PermanentError: It lies in none of the roots, and whether anything is there is not told; or there is no file.
    """
    if not roots:
        raise PermanentError(
            f"{field}: no folder is open to payloads: whoever runs this system sets JOBS_FILE_ROOTS",
            code="file_refused",
        )
    try:
        found = (roots[0] / path).resolve()
    except (OSError, RuntimeError):  # a loop of links
        found = None
    if found is None or not any(found.is_relative_to(root) for root in roots):
        raise PermanentError(
            f"{field}: {path!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused"
        )
    if not found.is_file():
        raise PermanentError(f"{field}: there is no file {path!r}", code="file_missing")
    return found
