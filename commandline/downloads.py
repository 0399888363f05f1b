"""Downloads: streamed, to a file that is whole or not there, going on where a cut connection ended if the API can."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

import requests

from commandline.api import TRIES, Api
from commandline.exits import Exit, Failure

PIECE_BYTES = 64 * 1024
_SHA256 = re.compile(r'"([0-9a-f]{64})"')
_CUT = (requests.exceptions.ChunkedEncodingError, requests.ConnectionError, requests.Timeout)


def to_stream(api: Api, path: str, query: dict[str, str], stream: BinaryIO) -> int:
    """Write an answer's body to a stream as it comes; how many bytes. A cut connection is a Failure: what was written stays."""
    written = 0
    with _asked(api, path, query) as response:
        try:
            for piece in _pieces(response):
                stream.write(piece)
                written += len(piece)
        except _CUT as error:
            raise Failure(
                Exit.UNREACHABLE, f"the connection was cut after {written} bytes: the rest is missing"
            ) from error
    stream.flush()
    return written


def to_file(api: Api, path: str, query: dict[str, str], target: Path) -> int:
    """Download to a file, which is replaced only once everything is there; its size in bytes.

    A cut connection is tried again, from where it ended if the API can do that (a strong ETag, 206), else from the beginning.
    What the ETag says of the content (its SHA-256) is checked.

    Raises:
        Failure: Also the last try was cut, the content is not what it should be, or the file cannot be written.
    """
    if target.exists() and not target.is_file():  # A device or a pipe: /dev/null must not be replaced by a file.
        with target.open("wb") as stream:
            return to_stream(api, path, query, stream)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as part:
            try:
                _fill(api, path, query, part)
                os.chmod(part.name, 0o666 & ~_umask())
                os.replace(part.name, target)
            except BaseException:
                os.unlink(part.name)
                raise
            return part.tell()
    except OSError as error:
        raise Failure(Exit.USAGE, f"{target} cannot be written: {error}") from error


def _fill(api: Api, path: str, query: dict[str, str], part: IO[bytes]) -> None:
    etag = ""
    for attempt in range(1, TRIES + 1):
        with _asked(api, path, query, after=part.tell(), etag=etag) as response:
            if response.status_code != 206:
                part.seek(0)
                part.truncate()
            etag = response.headers.get("ETag", "")
            try:
                for piece in _pieces(response):
                    part.write(piece)
            except _CUT as error:
                if attempt == TRIES:
                    raise Failure(Exit.UNREACHABLE, "the connection was cut again and again") from error
                continue
        part.flush()
        _check(part, etag)
        return


def _asked(api: Api, path: str, query: dict[str, str], *, after: int = 0, etag: str = "") -> requests.Response:
    """The answer, its body not yet read. From byte ``after`` on if it is still what the ETag was of: RFC 9110, 13.1.5 and 14.2."""
    headers = {"Accept-Encoding": "identity"}
    if after and etag and not etag.startswith("W/"):
        headers |= {"Range": f"bytes={after}-", "If-Range": etag}
    return api.request("GET", path, query=query, headers=headers, stream=True)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    yield from response.iter_content(PIECE_BYTES)


def _check(part: IO[bytes], etag: str) -> None:
    told = _SHA256.fullmatch(etag)
    if told is None:
        return
    with Path(part.name).open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != told[1]:
        raise Failure(Exit.BROKEN, f"what came has the SHA-256 {found}, and should have {told[1]}")


def _umask() -> int:
    """A temporary file is its owner's alone; a download is as readable as any file that is made."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
