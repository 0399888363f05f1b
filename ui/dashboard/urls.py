"""The addresses of the dashboard."""

from django.urls import URLPattern, path

from ui.dashboard import views

urlpatterns: list[URLPattern] = [
    path("", views.Dashboard.as_view(), name="dashboard"),
    path("dashboard/figures/", views.Figures.as_view(), name="dashboard-figures"),
]
account_urlpatterns: list[URLPattern] = []
