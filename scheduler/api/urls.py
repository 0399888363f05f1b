"""The addresses of schedules. They stand beside those of jobs, under the same root."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.api import converters as jobs_converters
from scheduler.api import answers, backfills, controls, converters, fusion, schedules

jobs_converters.register()
converters.register()

_schedule: list[URLPattern | URLResolver] = [
    path("", schedules.ScheduleDetail.as_view(), name="schedule"),
    path("pause/", controls.SchedulePause.as_view(), name="pause-schedule"),
    path("resume/", controls.ScheduleResume.as_view(), name="resume-schedule"),
    path("run-now/", controls.ScheduleRunNow.as_view(), name="run-schedule-now"),
    path("skip-next/", controls.ScheduleSkipNext.as_view(), name="skip-next"),
    path("principal/", controls.SchedulePrincipal.as_view(), name="schedule-principal"),
    path("fires/", answers.FireList.as_view(), name="fires"),
    path("preview/", answers.SchedulePreview.as_view(), name="preview-schedule"),
    path("explain/", answers.ScheduleExplanation.as_view(), name="explain-schedule"),
    path("backfills/", backfills.ScheduleBackfills.as_view(), name="schedule-backfills"),
]

_workspace: list[URLPattern | URLResolver] = [
    path("schedules/", schedules.ScheduleList.as_view(), name="schedules"),
    path("schedules/preview/", answers.DocumentPreview.as_view(), name="preview-document"),
    path("schedules/simulate/", answers.Simulation.as_view(), name="simulate"),
    path("backfills/", backfills.BackfillList.as_view(), name="backfills"),
    path("backfills/<run_id:backfill_id>/", backfills.BackfillDetail.as_view(), name="backfill"),
    path("backfills/<run_id:backfill_id>/cancel/", backfills.BackfillCancellation.as_view(), name="cancel-backfill"),
    path("jobs/<job_key:key>/schedule/", fusion.JobSchedule.as_view(), name="job-schedule"),
    path("jobs/<job_key:key>/schedules/", schedules.JobSchedules.as_view(), name="job-schedules"),
    path("jobs/<job_key:key>/schedules/<schedule:name>/", include(_schedule)),
]

urlpatterns: list[URLPattern | URLResolver] = [path("workspaces/<workspace:workspace>/", include(_workspace))]
