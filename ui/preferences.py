"""What a person's browser remembers of how they like the pages: the theme, and the zone that its clock shows."""

from __future__ import annotations

import zoneinfo

from django.http import HttpRequest

THEME, ZONE = "ui_theme", "ui_zone"
THEMES = ("system", "light", "dark")


def theme_of(request: HttpRequest) -> str:
    """One of `THEMES`; what the system says, unless something else was chosen."""
    chosen = request.COOKIES.get(THEME, "")
    return chosen if chosen in THEMES else "system"


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo:
    """The reader's zone, as their browser has told; UTC until it has, and for what is no zone."""
    name = request.COOKIES.get(ZONE, "UTC").replace("%2F", "/")
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return zoneinfo.ZoneInfo("UTC")
