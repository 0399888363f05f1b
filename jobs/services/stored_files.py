"""Files that payloads make: kept for download, and erased with their runs. The rows say what is in the deployment's folder.

A file is there before its row is, and gone only after its row: so a row never names what is not there. What has no row is a
leftover, which `erase_leftovers` finds.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction

from jobs.errors import TransientError
from jobs.made_file import MadeFile
from jobs.models import StoredFile

INCOMING = "incoming"
"""Below the folder: what is being written. Moving a file from here to its place is one step, being the same file system."""
_FOLDER = re.compile(rf"{INCOMING}/[0-9]+-[0-9]+-[0-9a-f]{{32}}|(?!{INCOMING}/)[a-z0-9-]+/[0-9]+")
_FILE = re.compile(r"[0-9a-f]{32}-")


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
    """Write the rows of an attempt's files, all of them or none, in place of what earlier attempts have kept. May be called again.

    Raises:
        TransientError: A later attempt's files are there already (code ``superseded``): this attempt's lane was lost.
        django.db.Error: The database did not take them.
    """
    with transaction.atomic():
        replaced = [_written(file, path=_key(file.source, root), owner=owner) for file in files]
        replaced += _forget_earlier(owner)
        _refuse_late(owner)
    for old in filter(None, replaced):
        (root / old).unlink(missing_ok=True)


def erase_leftovers(*, root: Path, before: dt.datetime, check: Callable[[], None] = lambda: None) -> int:
    """Erase files of ours that were last written before that time and have no row, and folders that are empty; how many files.

    What does not look like a file of ours is left alone, whoever put it there.

    Args:
        root: The folder of stored files.
        before: Aware. Leave attempts the time that they may take, for what they write has no row yet.
        check: Called for each folder; it may raise to stop here.
    """
    erased = 0
    for folder in _folders(root):
        check()
        old = [path for path in folder.iterdir() if _is_ours(path) and path.stat().st_mtime < before.timestamp()]
        erased += _erase(old if folder.parent.name == INCOMING else _without_row(old, root))
        if folder.stat().st_mtime < before.timestamp():
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()
    return erased


def _folders(root: Path) -> Iterator[Path]:
    """Those of attempts at work, and those of runs."""
    for pattern in (f"{INCOMING}/*", "*/*"):
        for folder in root.glob(pattern):
            if folder.is_dir() and not folder.is_symlink() and _FOLDER.fullmatch(folder.relative_to(root).as_posix()):
                yield folder


def _is_ours(path: Path) -> bool:
    named = path.parent.parent.name == INCOMING or _FILE.match(path.name)
    return bool(named) and path.is_file() and not path.is_symlink()


def _without_row(paths: Sequence[Path], root: Path) -> list[Path]:
    keys = {_key(path, root): path for path in paths}
    known = set(StoredFile.objects.filter(path__in=keys).values_list("path", flat=True)) if keys else set()
    return [path for key, path in keys.items() if key not in known]


def _erase(paths: Sequence[Path]) -> int:
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _moved(file: MadeFile, *, root: Path, owner: Owner) -> MadeFile:
    place = root / owner.workspace / str(owner.run_id) / f"{uuid.uuid4().hex}-{file.name}"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.source.open("rb") as written:
        os.fsync(written.fileno())
    return replace(file, source=file.source.rename(place))


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


def _key(path: Path, root: Path) -> str:
    return str(path.relative_to(root))
