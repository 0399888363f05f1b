"""The site's addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from jobsproject import problems, reference
from sinks.api import results

admin.autodiscover()

urlpatterns = [
    path("", RedirectView.as_view(url="/ui/")),
    path("ui/", include("ui.urls")),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}jobs/favicon.svg")),
    path("admin/", admin.site.urls),
    *([path("oidc/", include("mozilla_django_oidc.urls"))] if hasattr(settings, "OIDC_RP_CLIENT_ID") else []),
    path("results/<str:token>/", results.follow, name="result-link"),
    path("api/v1/", include("jobs.api.access_urls")),
    path("api/v1/schema/", reference.OpenAPIDocument.as_view(), name="openapi"),
    path("api/v1/docs/", reference.swagger, name="swagger"),
    path("api/v1/redoc/", reference.redoc, name="redoc"),
    path("problems/<slug:word>/", problems.explain, name="problem"),
    path("api/v1/", include("scheduler.api.urls")),
    path("api/v1/", include("sinks.api.urls")),
    path("api/v1/", include("workers.api.urls")),
    path("api/v1/", include("jobs.api.urls")),  # The last one, which answers for addresses that are none.
]

handler400 = "jobsproject.api.bad_request"
handler403 = "jobsproject.api.permission_denied"
handler404 = "jobsproject.api.page_not_found"
handler500 = "jobsproject.api.server_error"
