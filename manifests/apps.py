"""The manifests app. It has no tables: what is kept in files is known to `jobs.models.Origin`."""

from django.apps import AppConfig


class ManifestsConfig(AppConfig):
    name = "manifests"
