"""The API's addresses."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from jobs.api import converters, jobs, runs, unknown

converters.register()

_run: list[URLPattern | URLResolver] = [
    path("", runs.RunDetail.as_view(), name="run"),
    path("payloads/", runs.PayloadList.as_view(), name="payloads"),
    path("payloads/<position:position>/", runs.PayloadDetail.as_view(), name="payload"),
    path("logs/", runs.LogList.as_view(), name="logs"),
    path("events/", runs.EventList.as_view(), name="events"),
]

_workspace: list[URLPattern | URLResolver] = [
    path("jobs/", jobs.JobList.as_view(), name="jobs"),
    path("jobs/<job_key:key>/", jobs.JobDetail.as_view(), name="job"),
    path("jobs/<job_key:key>/trigger/", jobs.JobTrigger.as_view(), name="trigger"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/<run_id:run_id>/", include(_run)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/<workspace:workspace>/", include(_workspace)),
    re_path("", unknown.UnknownAddress.as_view()),
]
