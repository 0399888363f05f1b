"""The addresses of: runs. ``urlpatterns`` are below a workspace; ``account_urlpatterns`` below ``/ui/`` itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from ui.runs import page, tabs, verbs, views

urlpatterns: list[URLPattern] = [
    path("", views.RunList.as_view(), name="runs"),
    path("<int:run_id>/", tabs.Payloads.as_view(), name="run"),
    path("<int:run_id>/head/", page.RunHead.as_view(), name="run_head"),
    path("<int:run_id>/log/", tabs.Log.as_view(), name="run_log"),
    path("<int:run_id>/times/", tabs.Times.as_view(), name="run_times"),
    path("<int:run_id>/result/", tabs.Result.as_view(), name="run_result"),
    path("<int:run_id>/deliveries/", tabs.Deliveries.as_view(), name="run_deliveries"),
    path("<int:run_id>/events/", tabs.Events.as_view(), name="run_events"),
    path("<int:run_id>/compare/", tabs.Compare.as_view(), name="run_compare"),
    path("<int:run_id>/payloads/<int:position>/", tabs.PayloadPage.as_view(), name="run_payload"),
    path("<int:run_id>/extend/", verbs.Extend.as_view(), name="run_extend"),
    path("<int:run_id>/do/<slug:verb>/", verbs.Do.as_view(), name="run_do"),
]
account_urlpatterns: list[URLPattern] = []
