"""Files, where they lie; what DuckDB cannot unpack is unpacked."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.errors import PermanentError
from workers.ingest.fetch import room
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.spec import Source

_OPENERS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_PART_BYTES = 1024 * 1024
_DUCKDB_UNPACKS = frozenset({"none", "gzip", "zstd"})


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Local files, where they lie. Raises as `readable`."""
    return readable(source, [Path(path) for path in source.local_paths], folder=folder)


def readable(source: Source, paths: list[Path], *, folder: Path) -> Fetched:
    """Files in a form in which DuckDB reads them.

    Raises:
        PermanentError: A damaged compressed file.
    """
    size = sum(path.stat().st_size for path in paths)
    compression = source.compression
    if not _left_to_duckdb(source):
        paths = [_unpacked(path, compression, folder / f"unpacked-{n:05}") for n, path in enumerate(paths)]
        compression = "none"
    return Fetched([str(path) for path in paths], source.format, compression, source.records, size)


def _left_to_duckdb(source: Source) -> bool:
    """Records inside a document are looked for in Python, which has to have the text."""
    return source.compression == "none" or (source.compression in _DUCKDB_UNPACKS and source.format in ("csv", "jsonl"))


def _unpacked(path: Path, compression: str, target: Path) -> Path:
    if compression not in _OPENERS:
        raise PermanentError(f"source.compression: {compression} is for csv and jsonl files only", code="data")
    try:
        with _OPENERS[compression](path) as packed, target.open("wb") as file:
            while part := packed.read(_PART_BYTES):
                room.check(target.parent)
                file.write(part)
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PermanentError(f"the source is no whole {compression} file: {error}", code="data") from error
    return target
