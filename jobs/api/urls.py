"""The API's addresses."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from jobs.api import (
    attempts,
    audit,
    bulk,
    control,
    converters,
    datasources,
    extending,
    files,
    groups,
    jobs,
    metrics,
    origins,
    runs,
    trial_calls,
    typed,
    unknown,
)
from jobs.api.live import views as live

converters.register()

_run: list[URLPattern | URLResolver] = [
    path("", runs.RunDetail.as_view(), name="run"),
    path("pause/", control.RunPause.as_view(), name="pause-run"),
    path("resume/", control.RunResume.as_view(), name="resume-run"),
    path("terminate/", control.RunTermination.as_view(), name="terminate"),
    path("pin/", control.RunPin.as_view(), name="pin"),
    path("rerun/", control.RunRerun.as_view(), name="rerun"),
    path("replay/", control.RunReplay.as_view(), name="replay"),
    path("chain/", runs.RunChain.as_view(), name="chain"),
    path("comparison/", runs.RunComparison.as_view(), name="comparison"),
    path("payloads/", extending.Payloads.as_view(), name="payloads"),
    path("payloads/<position:position>/", runs.PayloadDetail.as_view(), name="payload"),
    path("payloads/<position:position>/result/", runs.PayloadResult.as_view(), name="payload-result"),
    path("payloads/<position:position>/extend-time/", extending.TimeExtension.as_view(), name="extend-time"),
    path("files/", files.FileList.as_view(), name="files"),
    path("files/<position:position>/<file_name:name>/", files.FileContent.as_view(), name="file"),
    path("payloads/<position:position>/rejected/", datasources.RejectedRows.as_view(), name="rejected-rows"),
    path("attempts/", attempts.RunAttempts.as_view(), name="run-attempts"),
    path("logs/", runs.LogList.as_view(), name="logs"),
    path("events/", runs.EventList.as_view(), name="events"),
    path("live/", live.LiveRun.as_view(), name="live-run"),
]

_datasource: list[URLPattern | URLResolver] = [
    path("", typed.DatasourceDetail.as_view(), name="datasource"),
    path("validate/", datasources.SavedValidation.as_view(), name="validate-datasource"),
    path("preview/", datasources.PreviewSaved.as_view(), name="preview-datasource"),
    path("output/", datasources.Output.as_view(), name="datasource-output"),
    path("state/", datasources.State.as_view(), name="datasource-state"),
]

_workspace: list[URLPattern | URLResolver] = [
    path("jobs/", jobs.JobList.as_view(), name="jobs"),
    path("jobs/bulk/", bulk.BulkOnJobs.as_view(), name="bulk-jobs"),
    path("jobs/<job_key:key>/", jobs.JobDetail.as_view(), name="job"),
    path("jobs/<job_key:key>/trigger/", jobs.JobTrigger.as_view(), name="trigger"),
    path("jobs/<job_key:key>/pause/", control.JobPause.as_view(), name="pause-job"),
    path("jobs/<job_key:key>/resume/", control.JobResume.as_view(), name="resume-job"),
    path("jobs/<job_key:key>/transition/", control.JobTransition.as_view(), name="transition"),
    path("jobs/<job_key:key>/events/", live.JobEvents.as_view(), name="job-events"),
    path("jobs/<job_key:key>/live/", live.LiveJob.as_view(), name="live-job"),
    path("events/", live.WorkspaceEvents.as_view(), name="workspace-events"),
    path("live/", live.LiveWorkspace.as_view(), name="live-workspace"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/bulk/", bulk.BulkOnRuns.as_view(), name="bulk-runs"),
    path("runs/bulk-terminate/", bulk.BulkTermination.as_view(), name="bulk-terminate"),
    path("runs/<run_id:run_id>/", include(_run)),
    path("trial-calls/", trial_calls.TrialCalls.as_view(), name="trial-calls"),
    path("trial-calls/<run_id:call_id>/", trial_calls.TrialCallDetail.as_view(), name="trial-call"),
    path("bulk-actions/", bulk.BulkActionList.as_view(), name="bulk-actions"),
    path("attempts/", attempts.AttemptList.as_view(), name="attempts"),
    path("attempts/<run_id:attempt_id>/", attempts.AttemptDetail.as_view(), name="attempt"),
    path("bulk-actions/<run_id:action_id>/", bulk.BulkActionDetail.as_view(), name="bulk-action"),
    path("datasources/", typed.DatasourceList.as_view(), name="datasources"),
    path("datasources/validate/", datasources.Validation.as_view(), name="validate-parameters"),
    path("datasources/preview/", datasources.Preview.as_view(), name="preview-parameters"),
    path(
        "datasources/operations/<run_id:operation_id>/",
        datasources.OperationDetail.as_view(),
        name="datasource-operation",
    ),
    path("datasources/<datasource:name>/", include(_datasource)),
    path("spark/", typed.SparkList.as_view(), name="spark-jobs"),
    path("spark/<datasource:name>/", typed.SparkDetail.as_view(), name="spark-job"),
    path("tasks/", typed.TaskList.as_view(), name="tasks"),
    path("tasks/<datasource:name>/", typed.TaskDetail.as_view(), name="task"),
    path("origins/", origins.OriginList.as_view(), name="origins"),
    path("origins/release/", origins.Release.as_view(), name="release-origin"),
    path("metrics/summary/", metrics.Summary.as_view(), name="metrics-summary"),
    path("metrics/throughput/", metrics.Throughput.as_view(), name="metrics-throughput"),
    path("metrics/jobs/", metrics.Jobs.as_view(), name="metrics-jobs"),
    path("metrics/latency/", metrics.Latency.as_view(), name="metrics-latency"),
    path("metrics/sla/", metrics.Sla.as_view(), name="metrics-sla"),
    path("metrics/forecast/", metrics.Forecast.as_view(), name="metrics-forecast"),
    path("metrics/recent/", metrics.Recent.as_view(), name="metrics-recent"),
    path("audit/", audit.AuditList.as_view(), name="audit"),
    path("audit/export/", audit.AuditExport.as_view(), name="audit-export"),
    path("", include("jobs.api.foreign.urls")),
    path("groups/", groups.GroupList.as_view(), name="groups"),
    path("groups/<group:name>/", groups.GroupDetail.as_view(), name="group"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/<workspace:workspace>/", include(_workspace)),
    re_path("", unknown.UnknownAddress.as_view()),
]
