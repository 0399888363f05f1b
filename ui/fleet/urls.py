"""The addresses of workers: below a workspace, and below ``/ui/`` itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from ui.fleet import draining, views

urlpatterns: list[URLPattern] = [
    path("workers/", views.WorkerList.as_view(), name="workers"),
    path("workers/<run_id:process_id>/", views.WorkerDetail.as_view(), name="worker"),
    path("workers/<run_id:process_id>/drain/", draining.Drain.as_view(), name="worker-drain"),
    path("workers/<run_id:process_id>/resume/", draining.Resume.as_view(), name="worker-resume"),
]
account_urlpatterns: list[URLPattern] = []
