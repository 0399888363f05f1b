"""A parcel of one payload is read once, though its name and its content both need the record."""

from __future__ import annotations

from dataclasses import replace

from sinks.base import Parcel


def read_once(parcel: Parcel) -> Parcel:
    """The same parcel; where it holds one payload, its record is in memory."""
    if parcel.unit != "payload":
        return parcel
    records = list(parcel.records())
    return replace(parcel, records=lambda: iter(records))
