"""Results that are too large for their payloads' rows: objects in the deployment's storage of results.

That is ``STORAGES["results"]`` of Django, as JOBS_STORED_RESULTS says; what it may do is Django's storage API, and what goes wrong
in it is an OSError. A payload's row keeps as its ``result`` what is shown of such a result, and in ``stored`` where it is. Who
wants the result asks `whole`, whatever the row says. An object is written before its payload refers to it, and erased after.

Source: docs/adr/0011-large-results.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages

from jobs.errors import PermanentError, TransientError

NAME = "results"
"""In Django's STORAGES."""
HEAD_CHARACTERS = 1000
_PIECE_BYTES = 256 * 1024


def is_kept() -> bool:
    """Whether this deployment has a place for them."""
    return NAME in settings.STORAGES


def put(*, key: str, text: str) -> dict[str, Any]:
    """Write an object.

    Args:
        key: Never used before.
        text: JSON in ASCII.

    Returns:
        For the payload's ``stored``: ``key``, ``size_bytes`` and ``sha256`` in hexadecimal.

    Raises:
        TransientError: It could not be written (code ``result_storage``); there may be a part of it.
    """
    content = text.encode("ascii")
    with _answering("written"):
        kept = _storage().save(key, ContentFile(content))
    return {"key": kept, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def shown(*, text: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """For the payload's ``result``: what people see where the whole would be too much."""
    about = {"stored": True, "size_bytes": stored["size_bytes"], "sha256": stored["sha256"]}
    return about | {"head": text[:HEAD_CHARACTERS]}


def whole(*, result: Any, stored: Mapping[str, Any] | None) -> Any:
    """The result of a payload, from its columns ``result`` and ``stored``.

    Raises:
        PermanentError: Its object is not there any more, or is not what was written (``result_missing``, ``result_damaged``).
        TransientError: The storage does not answer (``result_storage``).
    """
    return result if stored is None else json.loads(b"".join(pieces(stored=stored)))


def pieces(*, stored: Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of an object, a quarter of a MiB at a time; the last ones come only when they are all as they were written.

    Raises:
        As `whole` does.
    """
    digest, last = hashlib.sha256(), b""
    with _answering("read"), _opened(stored["key"]) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            if last:
                yield last
            last = piece
    if digest.hexdigest() != stored["sha256"]:
        raise PermanentError("the stored result is not what was written", code="result_damaged")
    yield last


def erase(*, key: str) -> None:
    """Erase an object, if it is there. Raises TransientError: the storage does not answer (``result_storage``)."""
    with _answering("erased"):
        _storage().delete(key)


def _storage() -> Storage:
    if not is_kept():
        raise PermanentError(
            "this deployment has no storage of results any more: whoever runs it sets JOBS_STORED_RESULTS",
            code="result_missing",
        )
    return storages[NAME]


def _opened(key: str) -> File[Any]:
    try:
        return _storage().open(key)
    except FileNotFoundError as error:
        raise PermanentError(
            "the stored result is no longer in the storage of results", code="result_missing"
        ) from error


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """A disk may be full or not mounted, a bucket out of reach, and that may pass. Where it is stays untold."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            f"a result could not be {what}: {error.strerror or error}", code="result_storage"
        ) from error
