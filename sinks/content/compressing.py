"""Compression in front of a sink of bytes, piece by piece. The same pieces give the same bytes at every attempt."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import zstandard

from sinks.content.configuration import Compression
from sinks.content.drain import Drain

_GZIP = 16 + zlib.MAX_WBITS


def compressed(
    pieces: Iterable[bytes], *, compression: Compression, name: str, flush_each: bool = False
) -> Iterator[bytes]:
    """The pieces, compressed; some come out empty or not at all.

    Args:
        pieces: What goes in.
        compression: How.
        name: What the one file in a ``zip`` is called.
        flush_each: Whether each piece can be read by who has what came out so far. A ``zip`` can be read only when it is whole.
    """
    match compression:
        case "gzip":
            gzip = zlib.compressobj(wbits=_GZIP)  # its header holds no time
            return _streamed(pieces, gzip, (lambda: gzip.flush(zlib.Z_SYNC_FLUSH)) if flush_each else None)
        case "zstd":
            zstd = zstandard.ZstdCompressor().compressobj()
            flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
            return _streamed(pieces, zstd, (lambda: zstd.flush(flush)) if flush_each else None)
        case "zip":
            return _zipped(pieces, name)
    return iter(pieces)


def _streamed(pieces: Iterable[bytes], stream: Any, flush: Callable[[], bytes] | None) -> Iterator[bytes]:
    for piece in pieces:
        yield stream.compress(piece) + (flush() if flush else b"")
    yield stream.flush()


def _zipped(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    drain = Drain()
    about = zipfile.ZipInfo(name)  # dated 1980, or an attempt's bytes would differ from the last one's
    about.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(drain, "w") as archive:
        with archive.open(about, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                yield drain.take()
        yield drain.take()
    yield drain.take()
