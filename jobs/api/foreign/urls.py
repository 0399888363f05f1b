"""The addresses of other systems' shapes, under those of a workspace."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.api.foreign import views

_job: list[URLPattern | URLResolver] = [
    path("actions/", views.JobActions.as_view(), name="job-actions"),
    path("history/", views.JobHistory.as_view(), name="job-history"),
    path("runs/", views.JobRuns.as_view(), name="job-runs"),
    path("runs/<run_id:run_id>/", views.JobRun.as_view(), name="job-run"),
    path("runs/<run_id:run_id>/terminate/", views.JobRunTermination.as_view(), name="terminate-job-run"),
    path("run-now/", views.JobRunNow.as_view(), name="run-job-now"),
    path("run/", views.RunJob.as_view(), name="run-job"),
    path("rerun/", views.JobRerun.as_view(), name="rerun-job"),
    path("schedule/pause/", views.JobSchedulePause.as_view(), name="pause-job-schedule"),
    path("schedule/resume/", views.JobScheduleResume.as_view(), name="resume-job-schedule"),
    path("schedule/run-now/", views.JobScheduleRunNow.as_view(), name="run-job-schedule-now"),
    path("next-run/", views.JobNextRun.as_view(), name="job-next-run"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("jobs/summary/", views.Summary.as_view(), name="jobs-summary"),
    path("jobs/<job_key:key>/", include(_job)),
]
