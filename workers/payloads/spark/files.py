"""What the paths of a payload mean: files inside the folders that the deployment names, or addresses that Spark reads itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError

_ADDRESS = re.compile(r"^(hdfs|s3a|gs|abfss?|wasbs?)://")


def located(path: str, *, roots: Sequence[Path], field: str, remote: bool) -> str:
    """What Spark is to be told.

    Args:
        path: Absolute, or relative to the first root; or, for a cluster, an address such as s3a://bucket/key.
        roots: Absolute folders, links resolved already.
        field: What to call it in an error.
        remote: Whether the application runs on a cluster.

    Raises:
        PermanentError: It lies in none of the roots (code ``file_refused``). Whether anything is there is not told.
    """
    if remote and _ADDRESS.match(path):
        return path
    if not roots:
        raise PermanentError(
            f"{field}: no folder is open to Spark: whoever runs this system sets JOBS_FILE_ROOTS", code="file_refused"
        )
    try:
        found = (roots[0] / path).resolve()
    except (OSError, RuntimeError):  # a loop of links
        found = None
    if found is None or not any(found.is_relative_to(root) for root in roots):
        raise PermanentError(
            f"{field}: {path!r} lies outside the folders that JOBS_FILE_ROOTS allows", code="file_refused"
        )
    return str(found)


def existing(path: str, *, roots: Sequence[Path], field: str, remote: bool) -> str:
    """As `located`; what lies on this machine must be a file (else code ``file_missing``)."""
    found = located(path, roots=roots, field=field, remote=remote)
    if not _ADDRESS.match(found) and not Path(found).is_file():
        raise PermanentError(f"{field}: there is no file {path!r}", code="file_missing")
    return found
