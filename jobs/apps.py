"""The bottom app: what to run, and every run of it."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what of its own a log cleanup erases, and what is looked after for the audit."""
        from jobs.claims import cleanup  # noqa: PLC0415 - models can be imported only now
        from jobs.services import audit  # noqa: PLC0415

        cleanup.register()
        audit.watch_models()
        audit.watch_statements()
