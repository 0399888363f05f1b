"""Files, where they lie; what DuckDB cannot unpack is unpacked."""

from __future__ import annotations

import bz2
import functools
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow

from jobs.errors import PermanentError
from workers.ingest.fetch import room
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.spec import Source

_OPENERS: dict[str, Callable[..., Any]] = {
    "gzip": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
    "zstd": functools.partial(pyarrow.input_stream, compression="zstd"),
}
_PART_BYTES = 1024 * 1024


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


def cut(path: Path) -> None:
    """Drop what stands behind a file's last line end: of the last line not all was fetched. A file of one line stays."""
    end = path.stat().st_size
    with path.open("rb+") as file:
        while end:
            start = max(0, end - 65_536)
            file.seek(start)
            if found := file.read(end - start).rfind(b"\n") + 1:
                file.truncate(start + found)
                return
            end = start


def _left_to_duckdb(source: Source) -> bool:
    """Of what it could unpack: records inside a document are looked for in Python, which has to have the text; and a zstd file that
    was cut off DuckDB takes for a whole one."""
    return source.compression == "none" or (source.compression == "gzip" and source.format in ("csv", "jsonl"))


def _unpacked(path: Path, compression: str, target: Path) -> Path:
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
