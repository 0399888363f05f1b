"""The top app: what happens inside a Celery worker. It also tells the rest which kinds of payload there are."""

from django.apps import AppConfig
from django.utils.module_loading import import_string

from jobs import kinds


def _register() -> None:
    # Not imported above: what a kind stands on may use models, which cannot be imported before all apps are there.
    import_string("workers.payloads.register_all")()


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        """Register the payload kinds, so that web, workers and commands validate alike."""
        kinds.load_when_asked(_register)
