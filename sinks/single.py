"""A parcel of one payload is read once, though texts, names and its content all need the record."""

from __future__ import annotations

from dataclasses import replace

from sinks.base import Parcel, Record


def read_once(parcel: Parcel) -> Parcel:
    """The same parcel; where it holds one payload, its record is in memory."""
    if parcel.unit != "payload":
        return parcel
    records = list(parcel.records())
    return replace(parcel, records=lambda: iter(records))


def first_of(parcel: Parcel) -> Record | None:
    """The record of a parcel of one payload, of which texts may tell; None of a larger one."""
    return next(parcel.records(), None) if parcel.unit == "payload" else None
