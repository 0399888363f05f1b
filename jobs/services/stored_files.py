"""Files that payloads make: kept for download, and erased with their runs. The rows say what is in the deployment's folder.

A file is there before its row is, and gone only after its row: so a row never names what is not there. What has no row, because
somebody died in between or because its run was erased, is a leftover (`jobs.services.leftovers`).
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction

from jobs.errors import TransientError
from jobs.made_file import MadeFile
from jobs.models import StoredFile

INCOMING = "incoming"
"""Below the folder: what is being written. Moving a file from here to its place is one step, being the same file system."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The attempt that made a file."""

    workspace: str
    run_id: int
    position: int
    attempt: int


def incoming_folder(*, root: Path, owner: Owner) -> Path:
    """Make an empty folder for an attempt to write into, and remove what former attempts at the payload left behind there."""
    incoming = root / INCOMING
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    payload = f"{owner.run_id}-{owner.position}-"
    for former in incoming.glob(f"{payload}*"):
        shutil.rmtree(former, ignore_errors=True)
    folder = incoming / f"{payload}{uuid.uuid4().hex}"
    folder.mkdir(mode=0o700)
    return folder


def move_in(*, root: Path, owner: Owner, files: Sequence[MadeFile]) -> list[MadeFile]:
    """Bring an attempt's files onto the disk and to their place; the same files, where they are now. Next, `record` them."""
    folder = root / owner.workspace / str(owner.run_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    placed = [_moved(file, folder=folder) for file in files]
    for changed in (folder, folder.parent, root):  # A name is on the disk once its folder is.
        _flush(changed)
    return placed


def record(*, root: Path, owner: Owner, files: Sequence[MadeFile]) -> None:
    """Write the rows of an attempt's files, all of them or none, in place of what earlier attempts have kept. May be called again.

    Raises:
        TransientError: A later attempt's files are there already (code ``superseded``): this attempt's lane was lost.
        django.db.Error: The database did not take them.
    """
    with transaction.atomic():
        replaced = [_written(file, path=str(file.source.relative_to(root)), owner=owner) for file in files]
        replaced += _forget_earlier(owner)
        _refuse_late(owner)
    for old in filter(None, replaced):
        (root / old).unlink(missing_ok=True)


def _moved(file: MadeFile, *, folder: Path) -> MadeFile:
    _flush(file.source)
    return replace(file, source=file.source.rename(folder / f"{uuid.uuid4().hex}-{file.name}"))


def _flush(path: Path) -> None:
    """Onto the disk: a file's content, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_late(owner: Owner) -> None:
    later = StoredFile.objects.filter(run_id=owner.run_id, position=owner.position, attempt__gt=owner.attempt)
    if later.exists():
        raise TransientError("a later attempt has stored its files already", code="superseded")


def _forget_earlier(owner: Owner) -> list[str]:
    """Remove the rows of earlier attempts' files that have other names; the files' paths."""
    earlier = StoredFile.objects.filter(run_id=owner.run_id, position=owner.position, attempt__lt=owner.attempt)
    paths = list(earlier.values_list("path", flat=True))
    earlier.delete()
    return paths


def _written(file: MadeFile, *, path: str, owner: Owner) -> str | None:
    """Write the row; the path of the file that it named before."""
    about = {
        "attempt": owner.attempt,
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "path": path,
    }
    named = {"run_id": owner.run_id, "position": owner.position, "name": file.name}
    StoredFile.objects.bulk_create([StoredFile(**named, **about)], ignore_conflicts=True)
    # Now there is a row, this one or another attempt's, and it is locked: later attempts wait, and earlier ones find it taken.
    row = StoredFile.objects.select_for_update().filter(**named, attempt__lte=owner.attempt).first()
    if row is None:
        raise TransientError("a later attempt has stored its files already", code="superseded")
    if row.path == path:
        return None
    StoredFile.objects.filter(pk=row.pk).update(**about)
    return row.path
