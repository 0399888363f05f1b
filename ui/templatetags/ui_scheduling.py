"""Small words that the Scheduler's templates need."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from django import template

from ui import looks

register = template.Library()


@register.simple_tag
def tone_class(state: str) -> str:
    """The class by which something has a state's tone: ``tone-green``."""
    return f"tone-{looks.look(state).tone}"


@register.simple_tag
def clock_text(at: dt.datetime, zone: str, form: str = "%a %d %b %H:%M:%S %Z") -> str:
    """An instant on a zone's clock, as plain text, for where no element may stand."""
    return at.astimezone(zoneinfo.ZoneInfo(zone)).strftime(form)
