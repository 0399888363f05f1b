"""Where the attempts of a run put the files that they make: `workers.payloads.base.FileStore` for attempts in a lane."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from jobs.errors import PermanentError, TransientError
from jobs.made_file import MadeFile
from jobs.services import stored_files
from jobs.services.stored_files import Owner
from workers.persistence import with_models

_MEGABYTE = 1_000_000


class StoredFiles:
    """The files of one attempt, in the folder that JOBS_STORED_FILES names."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    @property
    def limit_bytes(self) -> int:
        """The most that one file may have."""
        return int(settings.JOBS_STORED_FILE_MB * _MEGABYTE)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder to write into, on the file system where files are kept; it does not outlive the attempt.

        Raises:
            PermanentError: The deployment has no place for files (code ``files_refused``).
            TransientError: The place is not there, or full (code ``files``).
        """
        with _written():
            folder = stored_files.incoming_folder(root=_root(), owner=self._owner)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, files: Sequence[MadeFile]) -> list[str]:
        """Keep whole files of the folder, all or none, in place of what earlier attempts have kept; the addresses in the API.

        Raises:
            TransientError: A later attempt has kept its own (code ``superseded``); or the place is not there, or full (``files``).
        """
        with _written():
            placed = stored_files.move_in(root=_root(), owner=self._owner, files=files)
        owner = self._owner
        with_models(functools.partial(stored_files.record, root=_root(), owner=owner, files=placed))
        return [reverse("file", args=[owner.workspace, owner.run_id, owner.position, file.name]) for file in files]


def _root() -> Path:
    root: Path | None = settings.JOBS_STORED_FILES
    if root is None:
        raise PermanentError(
            "no folder is there for files: whoever runs this system sets JOBS_STORED_FILES", code="files_refused"
        )
    return root


@contextmanager
def _written() -> Iterator[None]:
    """Where files are written: a disk may be full, or not mounted, and that may pass. Where it is stays untold."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            f"could not write to the folder of stored files: {error.strerror}", code="files"
        ) from error
