"""The addresses of secrets: below a workspace, and below ``/ui/`` itself."""

from django.urls import URLPattern, path

from ui.secrets import pages

urlpatterns: list[URLPattern] = [
    path("secrets/", pages.SecretList.as_view(), name="secrets"),
    path("add-secret/", pages.Add.as_view(), name="secret-new"),
    path("secrets/<secret:name>/replace/", pages.Replace.as_view(), name="secret-replace"),
    path("secrets/<secret:name>/delete/", pages.Delete.as_view(), name="secret-delete"),
]
account_urlpatterns: list[URLPattern] = []
