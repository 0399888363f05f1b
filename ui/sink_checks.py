"""What a worker answers to whether a sink can be reached, in words for a page."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.utils.translation import gettext as _

from sinks.models import Check
from sinks.services import checking

WAIT_SECONDS = 8.0


def answers_of(asked: Sequence[Check | str]) -> list[dict[str, str]]:
    """Those of several that were asked for together: all of them take `WAIT_SECONDS` at most, and not each."""
    until = time.monotonic() + WAIT_SECONDS
    return [answer_of(each, seconds=max(0.0, until - time.monotonic())) for each in asked]


def answer_of(asked: Check | str, *, seconds: float = WAIT_SECONDS) -> dict[str, str]:
    """Wait for the answer: ``said`` where it can be reached, ``error`` where not, or where nobody answers in time.

    Args:
        asked: A check; or why none could be asked for.
        seconds: How long.
    """
    if isinstance(asked, str):
        return {"error": asked}
    check = checking.wait(check=asked, seconds=seconds)
    if check.ended_at is None:
        return {"error": _("no worker has answered within %(seconds)g s") % {"seconds": WAIT_SECONDS}}
    if check.error:
        return {"error": str(check.error.get("message") or check.error)}
    return {"said": str((check.result or {}).get("message") or _("it can be reached"))}
