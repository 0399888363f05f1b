"""Names of objects and files: the same for all attempts at a delivery, and of no other delivery to the same place.

Of the entries of one job that lead to the same place all but one have names of their own, for entries are told apart by their
names; so a name that was given is part of the path.
"""

from __future__ import annotations

import datetime as dt
import re

from jobs.errors import PermanentError
from sinks.base import Holding, Parcel

FIELDS = (
    "workspace",
    "job",
    "run",
    "payload",
    "position",
    "delivery",
    "entry",
    "attempt",
    "trigger",
    "date",
    "year",
    "month",
    "day",
    "extension",
)
MAX_BYTES = 900
"""S3 takes 1,024; a manifest's name is longer than its object's."""
MAX_PART_BYTES = 150
"""Of what people have named; most file systems take 255 for a name, in which the position stands, too."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_DEFAULTS: dict[Holding, str] = {
    "payload": "{workspace}/{job}/{date}/{run}/{position}-{payload}.{extension}",
    "batch": "{workspace}/{job}/{date}/{run}/{position}.{extension}",
    "run": "{workspace}/{job}/{date}/{run}.{extension}",
    "notice": "{workspace}/notices/{date}/{delivery}.{extension}",
}
_UNSAFE = re.compile(r"[^\w.=+@:-]|^\.+")


def check_template(template: str) -> str:
    """A template as it was written. Raises ValueError: it could not make names, or makes the same for the results of two runs."""
    if not template or len(template) > 500:
        raise ValueError("expected 1 to 500 characters")
    fields = set(_FIELD.findall(template))
    if wrong := sorted(fields - set(FIELDS)):
        raise ValueError(f"there is no {{{wrong[0]}}}; there are {', '.join(FIELDS)}")
    fixed = _FIELD.sub("x", template)
    if re.search(r"[{}\x00-\x1f\x7f\\]", fixed) or any(part in ("", ".", "..") for part in fixed.split("/")):
        raise ValueError("expected names with one / in between, no . or .. for a name, and no lone brace")
    if not fields & {"run", "delivery"}:
        raise ValueError("expected {run} or {delivery} in it, or a run's results would replace those of the one before")
    return template


def name_of(parcel: Parcel, *, template: str | None, extension: str, attempt: int | None = None) -> str:
    """The name for a parcel's content.

    Args:
        parcel: What is delivered.
        template: As configured; None for the one that fits what the parcel holds.
        extension: Such as ``jsonl.gz``.
        attempt: Name it as that attempt did; left out, this one.

    Raises:
        PermanentError: The template does not fit what a delivery holds, or the name is too long (``key``).
    """
    if parcel.unit == "notice" and "{delivery}" not in (template or ""):
        template = None  # it names results by their runs, and notices have none, or several
    template = template or _default(parcel)
    _check_unit(template, parcel.unit)
    values = _values(parcel, attempt or parcel.attempt, named="{payload}" in template) | {"extension": extension}
    name = _FIELD.sub(lambda found: values[found[1]], template)
    if len(name.encode()) > MAX_BYTES:
        raise PermanentError(f"key: the name would be longer than {MAX_BYTES} bytes", code="key")
    return name


def _default(parcel: Parcel) -> str:
    template = _DEFAULTS[parcel.unit]
    return template.replace("{run}", "{run}/{entry}") if parcel.entry else template


def _check_unit(template: str, unit: Holding) -> None:
    if unit != "run" and not {"position", "delivery"} & set(_FIELD.findall(template)):
        raise PermanentError(
            "key: expected {position} or {delivery} in it, because a run has several deliveries", code="key"
        )
    if unit != "payload" and "{payload}" in template:
        raise PermanentError("key: {payload} names one payload, and a delivery of this sink holds many", code="key")


def _values(parcel: Parcel, attempt: int, *, named: bool) -> dict[str, str]:
    ended = parcel.run_ended_at.astimezone(dt.UTC)
    return {
        "workspace": _safe(parcel.workspace),
        "job": _safe(parcel.job),
        "run": str(parcel.run_id),
        "payload": _safe(_payload_name(parcel)) if named else "",
        "position": str(parcel.first_position),
        "delivery": parcel.id,
        "entry": _safe(parcel.entry) if parcel.entry else "main",
        "attempt": str(attempt),
        "trigger": _safe(parcel.trigger),
        "date": f"{ended:%Y-%m-%d}",
        "year": f"{ended:%Y}",
        "month": f"{ended:%m}",
        "day": f"{ended:%d}",
    }


def _payload_name(parcel: Parcel) -> str:
    record = next(parcel.records(), None)
    return record.name if record else ""


def _safe(text: str) -> str:
    """What a person called something, as a part of a path: no slash, nothing that leads out of its folder."""
    return _UNSAFE.sub("-", text).encode()[:MAX_PART_BYTES].decode(errors="ignore") or "-"
