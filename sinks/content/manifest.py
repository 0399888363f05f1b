"""The manifest of a delivery: written last, so that where it is, the delivery is whole."""

from __future__ import annotations

import json

from sinks.base import Parcel
from sinks.content.measuring import Measured

SUFFIX = ".manifest.json"


def manifest(*, parcel: Parcel, name: str, measured: Measured, rows: int) -> bytes:
    """Its bytes: of the run what `Parcel.heading` says, and of the content enough to check it."""
    return (
        json.dumps(
            {
                **parcel.heading(),
                "object": name,
                "sha256": measured.sha256,
                "size": measured.size_bytes,
                "rows": rows,
                "attempt": parcel.attempt,
            },
            indent=1,
        ).encode()
        + b"\n"
    )
