"""Files: local ones where they lie, others downloaded first; what DuckDB cannot unpack is unpacked."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.errors import PermanentError
from workers.ingest.fetch import http, s3
from workers.ingest.fetch.fetched import Channel, Fetched
from workers.ingest.spec import Source

_OPENERS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_DUCKDB_UNPACKS = frozenset({"none", "gzip", "zstd"})


def fetch(source: Source, *, folder: Path, channel: Channel) -> Fetched:
    """The source's files, each in a place where DuckDB may read it.

    Raises:
        TransientError, PermanentError: As the protocols' modules say; nothing matches a pattern; a damaged compressed file.
    """
    paths = _local(source, folder, channel)
    size = sum(path.stat().st_size for path in paths)
    compression = source.compression
    if not _left_to_duckdb(source):
        paths = [_unpacked(path, compression, folder / f"unpacked-{n:05}") for n, path in enumerate(paths)]
        compression = "none"
    return Fetched([str(path) for path in paths], source.format, compression, source.records, size)


def _local(source: Source, folder: Path, channel: Channel) -> list[Path]:
    if source.path.startswith("s3://"):
        return _objects(source, folder, channel)
    if source.path.startswith(("http://", "https://")):
        path = folder / "download"
        with http.session(source.http) as session:
            http.download(session, source.path, path, channel=channel)
        return [path]
    return [Path(path) for path in source.local_paths]


def _objects(source: Source, folder: Path, channel: Channel) -> list[Path]:
    with s3.explained(source.path):
        service = s3.client(source.s3)
        bucket, _ = s3.place(source.path)
        paths = []
        for number, key in enumerate(s3.keys(service, source.path)):
            paths.append(folder / f"object-{number:05}")
            s3.download(service, bucket, key, paths[-1], channel=channel)
    return paths


def _left_to_duckdb(source: Source) -> bool:
    """Records inside a document are looked for in Python, which has to have the text."""
    return source.compression == "none" or (source.compression in _DUCKDB_UNPACKS and source.format in ("csv", "jsonl"))


def _unpacked(path: Path, compression: str, target: Path) -> Path:
    if compression not in _OPENERS:
        raise PermanentError(f"source.compression: {compression} is for csv and jsonl files only", code="data")
    try:
        with _OPENERS[compression](path) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1024 * 1024)
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PermanentError(f"the source is no whole {compression} file: {error}", code="data") from error
    return target
