"""The page of a run's results: what they begin with, and links to all of them."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from jobs.admin.scope import permits
from jobs.models import Role, Run
from sinks.selectors.results import first_results
from sinks.services.result_links import issue_link, whole
from sinks.services.run_results import ResultFormat

SHOWN = 20
_FORMATS: list[tuple[ResultFormat, str]] = [
    ("jsonl", "JSON Lines"),
    ("csv", "CSV, for spreadsheets"),
    ("parquet", "Parquet"),
]


class LinkForm(forms.Form):
    """What kind of link."""

    format = forms.ChoiceField(choices=_FORMATS)
    lasts = forms.TypedChoiceField(
        label="Good for",
        choices=[(1, "1 hour"), (24, "1 day"), (168, "7 days")],
        coerce=int,
        help_text="Whoever has the link can download the results until then. It ends sooner when you may not read them any more.",
    )


def results_page(site: AdminSite, request: HttpRequest, run_id: int) -> HttpResponse:
    """Show the first results; asked for a link, make one and show it."""
    run = Run.objects.select_related("workspace").filter(pk=run_id).first()
    if run is None or not permits(request, Role.VIEWER, run.workspace_id):
        raise Http404("there is no such run, or you may not see it")
    form = LinkForm(request.POST if request.method == "POST" else None)
    context = site.each_context(request) | {
        "title": f"Results of run {run.pk} of {run.job_key}",
        "run": run,
        "results": first_results(run=run, limit=SHOWN),
        "form": form,
    }
    if run.results_erased_at is None and form.is_bound and form.is_valid():
        lasts = dt.timedelta(hours=form.cleaned_data["lasts"])
        kind, actor = form.cleaned_data["format"], str(request.user.get_username())
        made = issue_link(run=run, kind=kind, actor=actor, now=dt.datetime.now(dt.UTC), lasts=lasts)
        context |= {"link": whole(made.address, seen=request.build_absolute_uri), "expires_at": made.expires_at}
    return TemplateResponse(request, "admin/sinks/results.html", context)
