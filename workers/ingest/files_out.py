"""Into files: Parquet or JSON Lines, local or on S3, each of them there as a whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import time
import uuid
from pathlib import Path, PurePosixPath

from jobs.errors import PermanentError
from workers.ingest import ask, egress, sql
from workers.ingest.columns import Column
from workers.ingest.fetch import s3
from workers.ingest.spec import LoadSpec
from workers.ingest.writing import Rows, Seen, Written

_ABANDONED_SECONDS = 3600
_FORMATS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "jsonl": "FORMAT json"}


def look(spec: LoadSpec) -> Seen:
    """Nothing: files have no place for what loads leave behind."""
    return Seen()


def type_of(column: Column) -> str:
    """DuckDB's word for its type."""
    return column.type


def load(spec: LoadSpec, seen: Seen, rows: Rows) -> Written:
    """Write one file; see `workers.ingest.writing.Destination`.

    ``replace`` puts it in the old one's place. ``append`` puts it beside the others, under a name that the same load has again:
    it is drawn from the load's key or, with a cursor, from where the load began, so that another attempt, or another run that
    begins at the same place, writes over it.

    Raises:
        PermanentError: ``merge``, which files cannot do; or S3 refuses.
        TransientError: S3 does not answer, or the disk is full.
    """
    if spec.write == "merge":
        raise PermanentError("write: files cannot be merged into; take replace or append", code="parameters")
    made = Path.cwd() / "made"
    statement = f"COPY ({rows.query.sql}) TO {sql.text(str(made))} ({_FORMATS[spec.target.format]})"
    count = ask.number(rows.reader, statement)
    target = spec.target.path if spec.write == "replace" else numbered(spec.target.path, _name_of(spec))
    size = made.stat().st_size
    if target.startswith("s3://"):
        with egress.only(spec.target.allow), s3.explained(target):
            s3.upload(s3.client(spec.target.s3), made, target)
    else:
        put(made, Path(target))
    columns = {column.name: column.type for column in rows.query.columns}
    return Written(new=count, bytes=size, columns=columns)


def numbered(path: str, name: str) -> str:
    """``folder/flights.parquet`` with a name of its own: ``folder/flights-NAME.parquet``."""
    suffix = PurePosixPath(path).suffix
    return f"{path.removesuffix(suffix)}-{name}{suffix}"


def _name_of(spec: LoadSpec) -> str:
    began = spec.load_key
    if spec.cursor:
        began = json.dumps([spec.job, spec.stream, spec.generation, spec.cursor.reached], sort_keys=True)
    return hashlib.sha256(began.encode()).hexdigest()[:16]


def put(made: Path, target: Path) -> None:
    """Copy a file into the target's folder, which may be another disk, and swap there. Of two at once the later one stays.

    Args:
        made: What to copy.
        target: Where to. What killed attempts have left beside it is removed once nobody has written to it for an hour.
    """
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.new"):
        with contextlib.suppress(FileNotFoundError):  # somebody else has done it, or put it in its place
            if left.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                left.unlink()
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
    try:
        with made.open("rb") as source, beside.open("wb") as file:
            shutil.copyfileobj(source, file, 1024 * 1024)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
