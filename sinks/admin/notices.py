"""The page of what rules have told about one run."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from jobs.admin.badges import badge
from jobs.admin.scope import permits
from jobs.models import Role, Run
from sinks.selectors.notices import list_notices

SHOWN = 50


def notices_page(site: AdminSite, request: HttpRequest, run_id: int) -> HttpResponse:
    """Show the newest notices about a run, with what became of each."""
    run = Run.objects.select_related("workspace").filter(pk=run_id).first()
    if run is None or not permits(request, Role.VIEWER, run.workspace_id):
        raise Http404("there is no such run, or you may not see it")
    found = list_notices(workspace=run.workspace, run_id=run.pk, limit=SHOWN)
    context = site.each_context(request) | {
        "title": f"Notices about run {run.pk} of {run.job_key}",
        "run": run,
        "notices": [(view.notice, badge(view.state)) for view in found],
    }
    return TemplateResponse(request, "admin/sinks/notices_of_run.html", context)
