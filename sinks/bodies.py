"""Parcels as JSON, for those that are sent in one piece: never larger than was agreed, whatever the results are."""

from __future__ import annotations

import json
from collections.abc import Callable
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
        PermanentError: They would be more than ``most_bytes`` together (``too_large``), or a payload's outcome has been erased
            meanwhile (``erased``).
    """
    pieces, room = [], most_bytes
    for record in parcel.records():
        piece = text_of(shape(record))
        room -= len(piece) + 1
        if room < 0:
            message = f"the body would be larger than {most_bytes} bytes (max_bytes): {_INSTEAD[parcel.unit]}"
            raise PermanentError(message, code="too_large")
        pieces.append(piece)
    if not pieces:
        raise PermanentError("its results were erased before they were delivered", code="erased")
    return pieces


def document(parcel: Parcel, *, most_bytes: int) -> bytes:
    """What the parcel says of its run, and under ``payload`` or ``payloads`` what became of them; notices under ``notices``.

    Raises as `pieces_of` does.
    """
    pieces = pieces_of(parcel, most_bytes=most_bytes, shape=lambda record: record.document())
    heading = text_of(parcel.heading())[:-1]
    if parcel.unit == "payload":
        return heading + b',"payload":' + pieces[0] + b"}"
    return heading + f',"{parcel.listed}":['.encode() + b",".join(pieces) + b"]}"
