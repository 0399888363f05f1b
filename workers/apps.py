"""The top app: what happens inside a Celery worker. It also tells the rest which kinds of payload there are."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        """Register the payload kinds, so that web, workers and commands validate alike."""
        # Not imported above: executors may use models, which cannot be imported before all apps are there.
        import_string("workers.payloads.register_all")()
