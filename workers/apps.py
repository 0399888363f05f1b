"""The top app: what happens inside a Celery worker. It also tells the rest which kinds of payload there are."""

from django.apps import AppConfig

from workers import payloads


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        """Register the payload kinds, so that web, workers and commands validate alike."""
        payloads.register_all()
