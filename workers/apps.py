"""The top app: what happens inside a Celery worker. It also tells the rest which kinds of payload there are."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        """Register the payload kinds, so that web, workers and commands validate alike."""
        from workers import payloads  # noqa: PLC0415 - models can be imported only now

        payloads.register_all()
