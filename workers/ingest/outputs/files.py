"""Files, local or on S3: the one that a replace writes, and those that appends have put beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from jobs.errors import PermanentError
from workers.ingest.fetch import s3
from workers.ingest.spec import Target

_BATCH = 1000
"""What S3 deletes in one request."""


def check(target: Target) -> dict[str, Any]:
    """Whether the folder can be written to; of a bucket whether it can be listed, for to write something there is not to check."""
    found = _stored(target) if _is_remote(target) else _beside(target)
    if not _is_remote(target) and not os.access(Path(target.path).parent, os.W_OK):
        message = f"destination: the worker may not write into the folder of {target.described}"
        raise PermanentError(message, code="file_refused")
    return {"output": target.described, "exists": bool(found), "files": len(found)}


def delete(target: Target) -> dict[str, Any]:
    """Remove the files, and nothing else that lies beside them."""
    if _is_remote(target):
        gone = _delete_stored(target)
    else:
        found = _beside(target)
        for file in found:
            file.unlink(missing_ok=True)
        gone = len(found)
    return {"output": target.described, "files": gone}


def _delete_stored(target: Target) -> int:
    keys = _stored(target)
    bucket, _ = s3.place(target.path)
    with s3.explained(target.path):
        service = s3.client(target.s3)
        for start in range(0, len(keys), _BATCH):
            batch = [{"Key": key} for key in keys[start : start + _BATCH]]
            answer = service.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            for error in answer.get("Errors", ()):
                raise PermanentError(f"{target.path}: S3 answered {error.get('Code')} to a deletion", code="s3")
    return len(keys)


def _beside(target: Target) -> list[Path]:
    path, ours = Path(target.path), _ours(PurePosixPath(target.path).name)
    return sorted(file for file in path.parent.iterdir() if ours.fullmatch(file.name) and file.is_file())


def _stored(target: Target) -> list[str]:
    bucket, key = s3.place(target.path)
    folder, _, name = key.rpartition("/")
    within = f"{folder}/" if folder else ""
    ours = _ours(name)
    with s3.explained(target.path):
        pages = (
            s3.client(target.s3)
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=within + PurePosixPath(name).stem)
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    return [key for key in keys if ours.fullmatch(key.removeprefix(within))]


def _ours(name: str) -> re.Pattern[str]:
    """What loads call their files: ``flights.parquet``, and ``flights-`` with sixteen digits. See `workers.ingest.files_out`."""
    path = PurePosixPath(name)
    return re.compile(f"{re.escape(path.stem)}(-[0-9a-f]{{16}})?{re.escape(path.suffix)}")


def _is_remote(target: Target) -> bool:
    return target.path.startswith("s3://")
