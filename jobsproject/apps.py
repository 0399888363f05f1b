"""Django's admin as this project starts it."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class AdminConfig(SimpleAdminConfig):
    """The admin, whose pages are looked for when its addresses are: workers and beats have none, and start sooner without."""

    default_site = "unfold.sites.UnfoldAdminSite"

    def ready(self) -> None:
        """Register the admin's own checks."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Sequence[AppConfig] | None, **options: Any) -> Sequence[checks.CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **options)
