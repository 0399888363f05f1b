"""The side navigation of the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side navigation of the admin: first our own pages, then what the admin has, app by app."""
    return [
        {"title": "", "items": [{"title": word, "icon": icon, "link": link} for word, icon, link in _OWN]},
        *({"title": app["name"], "separator": True, "items": _models(app)} for app in _apps(request)),
    ]


_OWN = (
    ("Dashboard", "home", "/ui/"),
    ("Jobs", "deployed_code", "/ui/jobs/"),
    ("Scheduler", "calendar_month", "/ui/schedules/"),
    ("Runs", "play_arrow", "/ui/runs/"),
)


def _apps(request: HttpRequest) -> list[Any]:
    return list(admin.site.get_app_list(request))


def _models(app: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"title": model["name"], "icon": "chevron_right", "link": model["admin_url"]}
        for model in app["models"]
        if model["admin_url"]
    ]
