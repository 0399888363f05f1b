"""The addresses of notifications: below a workspace, and below ``/ui/`` itself."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
account_urlpatterns: list[URLPattern] = []
