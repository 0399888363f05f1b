"""The sinks app."""

from django.apps import AppConfig

from jobs import extensions


class SinksConfig(AppConfig):
    name = "sinks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take part in what happens to jobs and runs."""
        from sinks import documents, packages  # noqa: PLC0415 - models can be imported only now
        from sinks.services import following, opening  # noqa: PLC0415

        packages.register_all()
        extensions.register(
            extensions.Extension(
                field="sinks",
                check=documents.check,
                saved=following.follow,
                closing=opening.promise,
                closed=opening.promised,
            )
        )
