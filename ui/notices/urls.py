"""The addresses of notifications: below a workspace, and below ``/ui/`` itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from sinks.api import converters
from ui.notices import actions, editing, views

converters.register()

urlpatterns: list[URLPattern] = [
    path("notifications/", views.RuleList.as_view(), name="notifications"),
    path("notifications/sent/", views.NoticeList.as_view(), name="notices"),
    path("notifications/new/", editing.New.as_view(), name="notification-new"),
    path("notifications/rules/<sink:name>/", views.RuleDetail.as_view(), name="notification"),
    path("notifications/rules/<sink:name>/edit/", editing.Edit.as_view(), name="notification-edit"),
    path("notifications/rules/<sink:name>/enable/", actions.Enable.as_view(), name="notification-enable"),
    path("notifications/rules/<sink:name>/disable/", actions.Disable.as_view(), name="notification-disable"),
    path("notifications/rules/<sink:name>/delete/", actions.Delete.as_view(), name="notification-delete"),
    path("notifications/rules/<sink:name>/release/", actions.Release.as_view(), name="notification-release"),
    path("notifications/rules/<sink:name>/test/", actions.TestSink.as_view(), name="notification-test"),
]
account_urlpatterns: list[URLPattern] = []
