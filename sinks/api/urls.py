"""The addresses of sinks and deliveries. They stand beside those of jobs, under the same root."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.api import converters as jobs_converters
from sinks.api import converters, deliveries, results, rules, shown, sinks

jobs_converters.register()
converters.register()

_sink: list[URLPattern | URLResolver] = [
    path("", sinks.SinkDetail.as_view(), name="sink"),
    path("check/", sinks.SinkCheck.as_view(), name="check-sink"),
    path("enable/", sinks.SinkEnabling.as_view(), name="enable-sink"),
    path("prefill/", sinks.SinkPrefill.as_view(), name="prefill-sink"),
]

_job: list[URLPattern | URLResolver] = [
    path("", sinks.JobSinks.as_view(), name="job-sinks"),
    path("<sink:name>/check/", sinks.JobSinkCheck.as_view(), name="check-job-sink"),
    path("<sink:name>/enable/", sinks.JobSinkEnabling.as_view(), name="enable-job-sink"),
]

_workspace: list[URLPattern | URLResolver] = [
    path("sinks/", sinks.SinkList.as_view(), name="sinks"),
    path("check-sink/", sinks.UnsavedCheck.as_view(), name="check-unsaved-sink"),
    path("sink-checks/<run_id:check_id>/", sinks.CheckDetail.as_view(), name="sink-check"),
    path("sinks/<sink:name>/", include(_sink)),
    path("jobs/<job_key:key>/sinks/", include(_job)),
    path("jobs/<job_key:key>/run/file/", shown.RunAndDownload.as_view(), name="run-and-download"),
    path("jobs/<job_key:key>/run/output/", shown.RunAndShow.as_view(), name="run-and-show"),
    path("runs/<run_id:run_id>/results/", results.RunResults.as_view(), name="results"),
    path("notice-rules/", rules.RuleList.as_view(), name="notice-rules"),
    path("notice-rules/<sink:name>/", rules.RuleDetail.as_view(), name="notice-rule"),
    path("notices/", rules.NoticeList.as_view(), name="notices"),
    path("deliveries/", deliveries.DeliveryList.as_view(), name="deliveries"),
    path("deliveries/redeliver/", deliveries.Redeliveries.as_view(), name="redeliver-some"),
    path("deliveries/<run_id:delivery_id>/", deliveries.DeliveryDetail.as_view(), name="delivery"),
    path("deliveries/<run_id:delivery_id>/redeliver/", deliveries.Redelivery.as_view(), name="redeliver"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("workspaces/<workspace:workspace>/", include(_workspace))]
