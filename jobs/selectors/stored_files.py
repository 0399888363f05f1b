"""Reading the files that payloads have made."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import BinaryIO

from jobs.errors import NotFoundError
from jobs.models import Run, StoredFile


def list_files(*, run: Run, limit: int, after: int | None = None, position: int | None = None) -> list[StoredFile]:
    """A page of a run's files, the oldest first, in one query; ``after`` is the last one's id, ``position`` keeps one payload's."""
    files = StoredFile.objects.filter(run=run)
    if after is not None:
        files = files.filter(pk__gt=after)
    if position is not None:
        files = files.filter(position=position)
    return list(files.order_by("pk")[:limit])


def open_file(*, run: Run, position: int, name: str, root: Path | None) -> tuple[StoredFile, BinaryIO]:
    """One file, open for reading from its beginning, in one query; whoever asks closes it.

    Raises:
        NotFoundError: The payload has made none of that name, or it was taken out of the folder of stored files.
    """
    row = StoredFile.objects.filter(run=run, position=position, name=name).first()
    if row is None:
        raise NotFoundError(f"payload {position} of run {run.pk} has made no file {name!r}")
    if root is not None:
        with contextlib.suppress(FileNotFoundError):
            return row, (root / row.path).open("rb")
    raise NotFoundError(f"the file {name!r} of run {run.pk} is no longer in the folder of stored files")
