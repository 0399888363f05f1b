"""The addresses of: runs. ``urlpatterns`` are below a workspace; ``account_urlpatterns`` below ``/ui/`` itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from ui.runs import page, tabs, verbs, views

urlpatterns: list[URLPattern] = [
    path("runs/", views.RunList.as_view(), name="runs"),
    path("runs/<run_id:run_id>/", tabs.Payloads.as_view(), name="run"),
    path("runs/<run_id:run_id>/head/", page.RunHead.as_view(), name="run-head"),
    path("runs/<run_id:run_id>/log/", tabs.Log.as_view(), name="run-log"),
    path("runs/<run_id:run_id>/times/", tabs.Times.as_view(), name="run-times"),
    path("runs/<run_id:run_id>/result/", tabs.Result.as_view(), name="run-result"),
    path("runs/<run_id:run_id>/deliveries/", tabs.Deliveries.as_view(), name="run-deliveries"),
    path("runs/<run_id:run_id>/events/", tabs.Events.as_view(), name="run-events"),
    path("runs/<run_id:run_id>/compare/", tabs.Compare.as_view(), name="run-compare"),
    path("runs/<run_id:run_id>/payloads/<position:position>/", tabs.PayloadPage.as_view(), name="run-payload"),
    path("runs/<run_id:run_id>/extend/", verbs.Extend.as_view(), name="run-extend"),
    path("runs/<run_id:run_id>/do/<slug:verb>/", verbs.Do.as_view(), name="run-do"),
]
account_urlpatterns: list[URLPattern] = []
