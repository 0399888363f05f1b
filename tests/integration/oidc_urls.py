"""The site's addresses where OIDC_PROVIDER is set; see jobsproject/urls.py."""

from django.urls import include, path

from jobsproject.urls import urlpatterns as site

urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), *site]
