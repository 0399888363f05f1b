"""The scheduler app."""

from django.apps import AppConfig

from jobs import extensions


class SchedulerConfig(AppConfig):
    name = "scheduler"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take part in what happens to jobs and runs."""
        from scheduler.claims import cleanup  # noqa: PLC0415 - models can be imported only now
        from scheduler.selectors.schedules import next_runs  # noqa: PLC0415
        from scheduler.services import endings, following, upstreams  # noqa: PLC0415

        extensions.register(
            extensions.Extension(
                field="schedules",
                check=following.check,
                saving=upstreams.prepare,
                saved=following.follow,
                closing=endings.note,
                closed=endings.closed,
                of_jobs=next_runs,
            )
        )
        cleanup.register()
