"""What the pages of runs say of payloads and attempts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template

from jobs.models import Attempt
from jobs.selectors.payloads import PayloadView
from ui import looks, words

register = template.Library()


@register.filter
def told(error: Any) -> str:
    """An error's message: of a run, a payload, an attempt or a delivery."""
    return words.error(error)


@register.simple_tag
def payload_took(view: PayloadView, now: dt.datetime) -> str:
    """How long its last attempt took, or takes until now."""
    if view.started_at is None:
        return words.duration(None)
    return _span(view.started_at, view.payload.ended_at or now)


@register.simple_tag
def payload_span(attempt: Attempt) -> str:
    """How long an attempt took."""
    return _span(attempt.started_at, attempt.ended_at)


@register.simple_tag
def tone(state: str) -> str:
    """The tone of a state, for what is drawn."""
    return looks.look(state).tone


def _span(began_at: dt.datetime, ended_at: dt.datetime) -> str:
    return words.duration(max((ended_at - began_at).total_seconds(), 0) * 1000)
