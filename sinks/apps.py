"""The sinks app."""

from collections.abc import Callable
from functools import partial

from django.apps import AppConfig
from django.urls import reverse
from django.utils.module_loading import import_string

from jobs import extensions


def _register() -> None:
    import_string("sinks.packages.register_all")()


class SinksConfig(AppConfig):
    name = "sinks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take part in what happens to jobs and runs."""
        from jobs.services import activation  # noqa: PLC0415 - models can be imported only now
        from sinks import cleanup, documents, registry  # noqa: PLC0415
        from sinks.selectors import deliveries, notices  # noqa: PLC0415
        from sinks.services import checking, joining, opening, readiness, ruling  # noqa: PLC0415

        registry.load_when_asked(_register)
        extensions.register(
            extensions.Extension(
                field="sinks",
                check=documents.check,
                fits=documents.unknown_payloads,
                saving=ruling.before_job,
                saved=joining.join,
                missing=readiness.missing,
                closing=opening.promise,
                closed=opening.promised,
                of_run=deliveries.of_run,
                pages_of_run=partial(_pages_of_run, notices.are_there),
                run_template="admin/sinks/of_run.html",
            )
        )
        activation.register_sink_check(checking.unreachable)
        cleanup.register()


def _pages_of_run(has_notices: Callable[[int], bool], run_id: int) -> list[tuple[str, str]]:
    """Where its results can be had, and what was told about it, if anything was."""
    pages = [(reverse("admin:sinks_run_results", args=[run_id]), "Results")]
    if has_notices(run_id):
        pages.append((reverse("admin:sinks_run_notices", args=[run_id]), "Notices"))
    return pages
