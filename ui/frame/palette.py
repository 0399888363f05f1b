"""What the command palette finds: pages, jobs, and runs by their number."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from jobs.errors import NotFoundError
from jobs.models import Workspace
from jobs.selectors.access import Access, get_access
from jobs.selectors.jobs import JobFilter, list_jobs
from jobs.selectors.runs import find_run
from ui import navigation
from ui.pages import AccountPage

MOST_JOBS = 8


class Palette(AccountPage):
    """``/ui/palette/?workspace=&q=``: what fits, best first, as ``{"found": [{word, kind, address}]}``."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Look."""
        slug, asked = request.GET.get("workspace", ""), request.GET.get("q", "").strip()[:100]
        access = get_access(user=self.user, slug=slug) if slug else None
        found = _pages(access, asked)
        if access is not None and asked:
            found = [*_run(access.workspace, asked), *found, *_jobs(access.workspace, asked)]
        return JsonResponse({"found": found})


def _pages(access: Access | None, asked: str) -> list[dict[str, Any]]:
    slug, role = (access.workspace.slug, access.role) if access else (None, None)
    links = [link for section in navigation.sections(slug=slug, role=role) for link in section.links]
    return [
        _found(str(link.word), _("page"), link.address) for link in links if asked.lower() in str(link.word).lower()
    ]


def _run(workspace: Workspace, asked: str) -> list[dict[str, Any]]:
    match = re.fullmatch(r"(?:run\s*)?#?(\d{1,18})", asked, re.IGNORECASE)
    if match is None:
        return []
    try:
        run = find_run(workspace=workspace, run_id=int(match[1]))
        return [_found(f"{run.pk} · {run.job_key}", _("run"), reverse("ui:run", args=[workspace.slug, run.pk]))]
    except (NotFoundError, NoReverseMatch):
        return []


def _jobs(workspace: Workspace, asked: str) -> list[dict[str, Any]]:
    search = asked.partition(":")[2] or asked
    found = list_jobs(workspace=workspace, limit=MOST_JOBS, wanted=JobFilter(search=search))
    try:
        return [
            _found(view.job.key, _("job"), reverse("ui:job", args=[workspace.slug, view.job.key])) for view in found
        ]
    except NoReverseMatch:
        return []


def _found(word: str, kind: str, address: str) -> dict[str, Any]:
    return {"word": word, "kind": kind, "address": address}
