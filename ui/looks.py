"""How states look: one word, one sign and one tone each, everywhere. Never by colour alone."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class Look(NamedTuple):
    """``tone`` is one of grey, blue, amber, green, red, violet, orange; ``icon`` one of `ui.icons`; ``word`` is a lazy string."""

    tone: str
    icon: str
    word: object


LOOKS: dict[str, Look] = {
    # Runs and payloads, in the words that users know.
    "init": Look("grey", "circle", _("INIT")),
    "pending": Look("grey", "circle", _("INIT")),
    "queued": Look("grey", "circle", _("QUEUED")),
    "running": Look("blue", "play", _("RUNNING")),
    "pausing": Look("amber", "pause", _("PAUSING")),
    "paused": Look("amber", "pause", _("PAUSED")),
    "resuming": Look("blue", "play", _("RESUMING")),
    "cancelling": Look("violet", "slash", _("CANCELLING")),
    "succeeded": Look("green", "check", _("COMPLETED")),
    "failed": Look("red", "x", _("FAILED")),
    "cancelled": Look("violet", "slash", _("CANCELLED")),
    "lost": Look("orange", "alert", _("LOST")),
    "waiting": Look("grey", "clock", _("WAITING")),
    # Jobs.
    "draft": Look("grey", "edit", _("DRAFT")),
    "active": Look("green", "check", _("ACTIVE")),
    "archived": Look("grey", "archive", _("ARCHIVED")),
    # Schedules and their decisions.
    "ended": Look("grey", "square", _("ENDED")),
    "disabled": Look("grey", "circle", _("DISABLED")),
    "fired": Look("green", "play", _("FIRED")),
    "skipped": Look("orange", "skip", _("SKIPPED")),
    "buffered": Look("amber", "clock", _("BUFFERED")),
    "late": Look("orange", "alert", _("LATE")),
    "missed": Look("orange", "alert", _("MISSED")),
    "done": Look("green", "check", _("DONE")),
    "owed": Look("grey", "clock", _("OWED")),
    "left_out": Look("grey", "skip", _("LEFT OUT")),
    "not_started": Look("violet", "slash", _("NOT STARTED")),
    # Deliveries and sinks.
    "due": Look("blue", "clock", _("DUE")),
    "ready": Look("green", "check", _("READY")),
    "delivering": Look("blue", "play", _("DELIVERING")),
    "delivered": Look("green", "check", _("DELIVERED")),
    "resting": Look("amber", "pause", _("RESTING")),
    "dead": Look("red", "x", _("DEAD")),
    "kept_back": Look("grey", "skip", _("KEPT BACK")),
    "erased": Look("grey", "trash", _("ERASED")),
    # Workers.
    "alive": Look("green", "check", _("ALIVE")),
    "silent": Look("orange", "alert", _("SILENT")),
    "draining": Look("amber", "pause", _("DRAINING")),
    "gone": Look("grey", "square", _("GONE")),
}


def look(state: str) -> Look:
    """A state's; a grey one with its own word for a state that has none here."""
    return LOOKS.get(str(state)) or Look("grey", "circle", str(state).replace("_", " ").upper())
