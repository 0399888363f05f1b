"""Files that payloads make: kept for download, and erased with their runs. The rows say what is in the deployment's folder.

A file is there before its row is, and gone only after its row: so a row never names what is not there. What has no row is a
leftover, which `erase_leftovers` finds.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
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
    return [_moved(file, root=root, owner=owner) for file in files]


def record(*, root: Path, owner: Owner, files: Sequence[MadeFile]) -> None:
    """Write the rows of an attempt's files, all of them or none. May be called again.

    Raises:
        TransientError: A later attempt's files are there already (code ``superseded``): this attempt's lane was lost.
        django.db.Error: The database did not take them.
    """
    with transaction.atomic():
        replaced = [_written(file, path=_key(file.source, root), owner=owner) for file in files]
    for old in filter(None, replaced):
        (root / old).unlink(missing_ok=True)


def erase_files(*, root: Path | None, run_ids: Iterable[int]) -> int:
    """Erase the files of runs, and their rows; how many. Doing it again does nothing."""
    rows = list(StoredFile.objects.filter(run_id__in=list(run_ids)).values_list("pk", "path"))
    StoredFile.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
    for _, path in rows if root else ():
        assert root is not None
        (root / path).unlink(missing_ok=True)
    return len(rows)


def erase_leftovers(*, root: Path, before: dt.datetime) -> int:
    """Erase what lies in the folder, was last written before that time, and has no row; how many files.

    Args:
        root: The folder of stored files.
        before: Aware. Leave attempts the time that they may take, for what they write has no row yet.
    """
    old = [path for path in root.rglob("*") if path.is_file() and path.stat().st_mtime < before.timestamp()]
    known = set(StoredFile.objects.filter(path__in=[_key(path, root) for path in old]).values_list("path", flat=True))
    leftovers = [path for path in old if _key(path, root) not in known]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)


def _moved(file: MadeFile, *, root: Path, owner: Owner) -> MadeFile:
    place = root / owner.workspace / str(owner.run_id) / f"{uuid.uuid4().hex}-{file.name}"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.source.open("rb") as written:
        os.fsync(written.fileno())
    return replace(file, source=file.source.rename(place))


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


def _key(path: Path, root: Path) -> str:
    return str(path.relative_to(root))
