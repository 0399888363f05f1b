"""The addresses of: jobs_manager. ``urlpatterns`` are below a workspace; ``account_urlpatterns`` below ``/ui/`` itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from ui.jobs_manager import actions, bulk, datasource_looks, editing, sink_parts, trial, views

urlpatterns: list[URLPattern] = [
    path("jobs/", views.JobList.as_view(), name="jobs"),
    path("datasources/", views.DatasourceList.as_view(), name="datasources"),
    path("jobs/new/", editing.Choose.as_view(), name="job-new"),
    path("jobs/new/<slug:kind>/", editing.New.as_view(), name="job-new-kind"),
    path("jobs/form/waits/", editing.Waits.as_view(), name="job-waits"),
    path("jobs/form/payload/<slug:kind>/", editing.AddPayload.as_view(), name="job-add-payload"),
    path("jobs/form/add-sink/", sink_parts.AddSink.as_view(), name="job-add-sink"),
    path("jobs/form/test-sinks/", sink_parts.TestSinks.as_view(), name="job-test-sinks"),
    path("jobs/form/try-call/<position:index>/", trial.TryCall.as_view(), name="job-try-call"),
    path("jobs/form/datasource/<slug:verb>/", datasource_looks.Look.as_view(), name="job-look"),
    path("jobs/keys/", views.JobKeys.as_view(), name="job-keys"),
    path("jobs/bulk/", bulk.OnJobs.as_view(), name="jobs-bulk"),
    path("jobs/bulk/<run_id:action_id>/", bulk.Progress.as_view(), name="jobs-bulk-action"),
    path("jobs/<job_key:key>/", views.JobDetail.as_view(), name="job"),
    path("jobs/<job_key:key>/edit/", editing.Edit.as_view(), name="job-edit"),
    path("jobs/<job_key:key>/run/", actions.Run.as_view(), name="job-run"),
    path("jobs/<job_key:key>/do/<slug:verb>/", actions.Move.as_view(), name="job-do"),
    path("jobs/<job_key:key>/datasource/<slug:verb>/", datasource_looks.Do.as_view(), name="job-datasource"),
    path("jobs/<job_key:key>/delete/", actions.Delete.as_view(), name="job-delete"),
    path("jobs/<job_key:key>/release/", actions.Release.as_view(), name="job-release"),
    path("jobs/<job_key:key>/export/", actions.Export.as_view(), name="job-export"),
]
account_urlpatterns: list[URLPattern] = []
