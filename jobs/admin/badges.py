"""States as people see them: one colour a state everywhere, and never by colour alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html

_GREY, _BLUE, _AMBER, _GREEN, _RED, _VIOLET = "#6b7280", "#2563eb", "#b45309", "#15803d", "#dc2626", "#7c3aed"
_ORANGE = "#c2410c"

_LOOKS = {
    "draft": (_GREY, "✎"),
    "active": (_GREEN, "●"),
    "archived": (_GREY, "▣"),
    "pending": (_GREY, "○"),
    "queued": (_GREY, "○"),
    "running": (_BLUE, "▶"),
    "pausing": (_AMBER, "❙❙"),
    "paused": (_AMBER, "❙❙"),
    "resuming": (_BLUE, "▷"),
    "cancelling": (_VIOLET, "◌"),
    "succeeded": (_GREEN, "✓"),
    "failed": (_RED, "✗"),
    "cancelled": (_VIOLET, "⊘"),
    "ended": (_GREY, "■"),
    "waiting": (_GREY, "○"),
    "buffered": (_AMBER, "◔"),
    "fired": (_GREEN, "▶"),
    "skipped": (_ORANGE, "↷"),
    "late": (_ORANGE, "!"),
    "disabled": (_GREY, "○"),
    "done": (_GREEN, "✓"),
    "due": (_BLUE, "○"),
    "delivered": (_GREEN, "✓"),
    "dead": (_RED, "✗"),
    "ready": (_GREEN, "●"),
    "delivering": (_BLUE, "▶"),
    "resting": (_AMBER, "❙❙"),
    "owed": (_GREY, "○"),
    "left_out": (_GREY, "↷"),
    "not_started": (_VIOLET, "⊘"),
    "kept_back": (_GREY, "↷"),
    "erased": (_GREY, "▣"),
}


def badge(state: str) -> str:
    """A state with its sign and its colour."""
    colour, sign = _LOOKS.get(state, (_GREY, "?"))
    return format_html(
        '<span style="white-space: nowrap; padding: 1px 8px; border-radius: 9px; color: #fff; background: {}">'
        '<span aria-hidden="true">{}</span> {}</span>',
        colour,
        sign,
        state,
    )


def told(change: dict[str, Any] | None) -> str:
    """Who changed a state, when and why: `` by ann, 2026-11-21 12:00:00 UTC: "wait for the data"``; empty where nobody did."""
    if not change:
        return ""
    at = parse_datetime(str(change.get("at", "")))
    by = change.get("actor") or "the system"
    note = f": “{change['note']}”" if change.get("note") else ""
    return f" by {by}{f', {instant(at)}' if at else ''}{note}"


_OVER = {"succeeded": "has succeeded", "failed": "has failed", "cancelled": "has been cancelled", "ended": "has ended"}


def stands(state: str) -> str:
    """A state in a sentence: ``is paused``, ``has failed``."""
    return _OVER.get(state, f"is {state}")


def instant(at: dt.datetime) -> str:
    """A time as the admin writes it in a sentence."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z}"
