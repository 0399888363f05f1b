"""The addresses of: the Scheduler. ``urlpatterns`` are below a workspace; ``account_urlpatterns`` below ``/ui/`` itself."""

from django.urls import URLPattern, URLResolver, include, path

from ui.scheduling import (
    backfill_pages,
    calendar_page,
    chains_page,
    editing,
    load_page,
    schedule_list,
    schedule_page,
    timeline_page,
    verbs,
)

_schedule: list[URLPattern | URLResolver] = [
    path("", schedule_page.SchedulePage.as_view(), name="schedule"),
    path("why/", schedule_page.Why.as_view(), name="schedule-why"),
    path("edit/", editing.EditSchedule.as_view(), name="schedule-edit"),
    path("do/<slug:verb>/", verbs.DoToSchedule.as_view(), name="schedule-do"),
    path("backfill/", backfill_pages.NewBackfill.as_view(), name="schedule-backfill"),
]
_schedules: list[URLPattern | URLResolver] = [
    path("", schedule_list.ScheduleList.as_view(), name="schedules"),
    path("new/", editing.NewSchedule.as_view(), name="schedule-new"),
    path("preview/", editing.DraftPreview.as_view(), name="schedule-preview"),
    path("calendar/", calendar_page.CalendarPage.as_view(), name="schedule-calendar"),
    path("timeline/", timeline_page.TimelinePage.as_view(), name="schedule-timeline"),
    path("load/", load_page.LoadPage.as_view(), name="schedule-load"),
    path("chains/", chains_page.ChainsPage.as_view(), name="schedule-chains"),
    path("backfills/", backfill_pages.BackfillList.as_view(), name="backfills"),
    path("backfills/<run_id:backfill_id>/", backfill_pages.BackfillPage.as_view(), name="backfill"),
    path("backfills/<run_id:backfill_id>/cancel/", backfill_pages.CancelBackfill.as_view(), name="backfill-cancel"),
    path("<run_id:schedule_id>/", include(_schedule)),
]
urlpatterns: list[URLPattern | URLResolver] = [path("schedules/", include(_schedules))]
account_urlpatterns: list[URLPattern] = []
