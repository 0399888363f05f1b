"""Room on the disk, which a source must not fill: others write there too."""

from __future__ import annotations

import shutil
from pathlib import Path

from jobs.errors import TransientError

LEAST_FREE_BYTES = 256 * 1024 * 1024


def check(folder: Path) -> None:
    """Asked for before each part of a file of unknown length.

    Raises:
        TransientError: Less than `LEAST_FREE_BYTES` are left; code ``files``.
    """
    if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        raise TransientError("the source leaves too little room on the worker's disk", code="files")
