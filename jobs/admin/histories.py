"""The history of a job or a schedule: the events that are kept of it, and not those of Django's own forms alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from jobs.admin.scope import WorkspaceAdmin
from jobs.models import Event

M = TypeVar("M", bound=Model)

EVENTS = 50
"""On a page."""
_TOLD_ELSEWHERE = frozenset(("key", "name", "note", "schedule"))
_WORDS = {"job.active": "activated", "job.draft": "made a draft"}


class EventHistory(WorkspaceAdmin[M]):
    """The page behind the button History."""

    def events_of(self, obj: M, *, limit: int, before: int | None) -> list[Event]:
        """A page of its events, the newest first."""
        raise NotImplementedError

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who did what when, and why."""
        found = self.get_object(request, unquote(object_id))
        if found is None or not self.has_view_permission(request, found):
            raise PermissionDenied
        before = _number(request.GET.get("before", ""))
        events = self.events_of(found, limit=EVENTS + 1, before=before)
        context = self.admin_site.each_context(request) | {
            "title": f"History: {found}",
            "opts": self.opts,
            "module_name": capfirst(str(self.opts.verbose_name_plural)),
            "object": found,
            "rows": [_row(event) for event in events[:EVENTS]],
            "older": events[EVENTS - 1].pk if len(events) > EVENTS else None,
            "paged": before is not None,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/jobs/history.html", context)


def _row(event: Event) -> Mapping[str, object]:
    details = [f"{name.replace('_', ' ')} {value}" for name, value in event.data.items() if name not in _TOLD_ELSEWHERE]
    return {
        "at": event.at,
        "actor": event.actor or "the system",
        "what": _what(event),
        "details": ", ".join(details),
        "note": event.data.get("note") or "",
    }


def _what(event: Event) -> str:
    """``paused``, or ``schedule nightly: paused``."""
    subject, _, verb = event.kind.partition(".")
    words = _WORDS.get(event.kind, verb.replace("_", " "))
    return words if subject == "job" else f"{subject} {event.data.get('name', '')}".strip() + f": {words}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
