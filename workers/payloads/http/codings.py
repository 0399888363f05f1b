"""Content codings: what a compressed body holds (RFC 9110, section 8.4.1)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain

from workers.payloads.http.answer import AnswerError

CHUNK_BYTES = 65_536
"""The largest piece that is decompressed at once: a bomb is to be noticed while it is small."""
MAX_CODINGS = 5

_ZLIB, _GZIP, _RAW = zlib.MAX_WBITS, zlib.MAX_WBITS + 16, -zlib.MAX_WBITS
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})


def decoded(*, body: Iterator[bytes], codings: str) -> Iterator[bytes]:
    """Decompress a body piece by piece.

    Args:
        body: Its pieces as they come; none is empty.
        codings: The Content-Encoding: the coding that was applied last comes last.

    Returns:
        Pieces of at most `CHUNK_BYTES`; or the body as it is when it is in a coding that is not known.

    Raises:
        AnswerError: Too many codings; and, while the pieces are taken, that the body is not in its coding.
    """
    names = [name for coding in codings.split(",") if (name := coding.strip().lower()) not in ("", "identity")]
    if len(names) > MAX_CODINGS:
        raise AnswerError(f"the answer's body is in more than {MAX_CODINGS} codings")
    if not _KNOWN.issuperset(names):
        return body
    for name in reversed(names):
        body = chain.from_iterable(map(_Inflater(coding=name).inflate, body))
    return body


class _Inflater:
    """Decompresses one coding. Gzip may have several members; what follows the last is ignored, as gzip(1) does."""

    def __init__(self, *, coding: str) -> None:
        self._coding = coding
        self._zlib = zlib.decompressobj(_GZIP)
        self._members = 0
        self._begun = self._over = False

    def inflate(self, data: bytes) -> Iterator[bytes]:
        if not self._begun:
            self._begin(data)
        more = True
        while more and not self._over:
            piece = self._step(data)
            if piece:
                yield piece
            data = self._left()
            # zlib may have taken in everything and still hold back what did not fit.
            more = bool(data) or len(piece) == CHUNK_BYTES

    def _begin(self, data: bytes) -> None:
        """By its standard "deflate" is zlib; some send it raw, which never begins with a zlib header's low bits."""
        self._begun = True
        if self._coding == "deflate":
            self._zlib = zlib.decompressobj(_ZLIB if data[0] & 0x0F == zlib.DEFLATED else _RAW)

    def _step(self, data: bytes) -> bytes:
        try:
            return self._zlib.decompress(data, CHUNK_BYTES)
        except zlib.error as error:
            if not self._members:
                raise AnswerError(f"the answer's body is not the {self._coding} that it is said to be") from error
            self._over = True
            return b""

    def _left(self) -> bytes:
        done = self._zlib
        if not done.eof:
            return done.unconsumed_tail
        self._members += 1
        self._over |= self._coding == "deflate"
        self._zlib = zlib.decompressobj(_GZIP)
        return done.unused_data
