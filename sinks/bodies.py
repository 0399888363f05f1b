"""Parcels as JSON: in one piece, never larger than was agreed, whatever the results are; or piece by piece."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jobs.errors import PermanentError
from sinks.base import Holding, Parcel, Record

_INSTEAD: dict[Holding, str] = {
    "run": "deliver payloads or batches rather than whole runs",
    "batch": "deliver smaller batches",
    "payload": "use a transform that leaves less of the result",
    "notice": "collect for a shorter while (digest)",
}


def text_of(value: Any) -> bytes:
    """JSON on one line, as UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def pieces_of(parcel: Parcel, *, most_bytes: int, shape: Callable[[Record], Any]) -> list[bytes]:
    """What ``shape`` makes of each record as JSON, in the order of their positions.

    Raises:
        PermanentError: They would be more than ``most_bytes`` together (``too_large``).
    """
    pieces, room = [], most_bytes
    for record in parcel.records():
        piece = text_of(shape(record))
        room -= len(piece) + 1
        if room < 0:
            message = f"it would be larger than {most_bytes} bytes (max_bytes): {_INSTEAD[parcel.unit]}"
            raise PermanentError(message, code="too_large")
        pieces.append(piece)
    return pieces


def document(parcel: Parcel, *, most_bytes: int) -> bytes:
    """What the parcel says of its run, and under ``payload`` or ``payloads`` what became of them;
    notices under ``notices``. Raises as `pieces_of` does."""
    return b"".join(framed(parcel, pieces_of(parcel, most_bytes=most_bytes, shape=lambda record: record.document())))


def framed(parcel: Parcel, documents: Iterable[bytes], *, between: bytes = b",") -> Iterator[bytes]:
    """The same piece by piece, from the records' own documents as JSON; a parcel of unit ``payload`` has one."""
    heading = text_of(parcel.heading())[:-1]
    if parcel.unit == "payload":
        yield heading + b',"payload":' + next(iter(documents)) + b"}"
        return
    yield heading + f',"{parcel.listed}":['.encode()
    for at, each in enumerate(documents):
        yield between + each if at else each
    yield b"]}"
