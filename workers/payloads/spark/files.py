"""What the paths of a payload mean: files inside the folders that the deployment names, or addresses that Spark reads itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jobs.errors import PermanentError
from workers import rooted_files

_ADDRESS = re.compile(r"^(hdfs|s3a|gs|abfss?|wasbs?)://")
_HADOOPS = "{}\\"
"""With these Hadoop's patterns spell ``..`` in ways that no other program takes for it, such as ``{a/b,..}`` and ``\\.\\.``."""


def located(path: str, *, roots: Sequence[Path], field: str, remote: bool) -> str:
    """What Spark is to be told.

    Args:
        path: As for `workers.rooted_files.located`, and ``*``, ``?`` and ``[]`` may stand for parts of a name; or, for a cluster,
            an address such as s3a://bucket/key.
        roots, field: As for `workers.rooted_files.located`.
        remote: Whether the application runs on a cluster.

    Raises:
        PermanentError: As `workers.rooted_files.located`.
    """
    if remote and _ADDRESS.match(path):
        return path
    if any(sign in path for sign in _HADOOPS):
        raise PermanentError(f"{field}: {path!r} contains one of {_HADOOPS}", code="file_refused")
    return str(rooted_files.located(path, roots=roots, field=field))


def existing(path: str, *, roots: Sequence[Path], field: str, remote: bool) -> str:
    """As `located`; what lies on this machine must be a file (else code ``file_missing``)."""
    if remote and _ADDRESS.match(path):
        return path
    return str(rooted_files.readable(path, roots=roots, field=field))
