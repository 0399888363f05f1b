"""Lets a worker perform ``noop`` payloads in a child process that has a large family, and none of it wants to end.

For workers started with ``DJANGO_SETTINGS_MODULE=tests.acceptance.child_settings``; the web server need not know.
"""

from __future__ import annotations

from django.apps import AppConfig

from workers.child import run_child
from workers.payloads import EXECUTORS
from workers.payloads.base import JSON, Work

MODULE = "tests.integration.child_scenarios"


class ChildExecutor:
    """The parameters are the specification of `tests.integration.child_scenarios`."""

    def perform(self, work: Work) -> JSON:
        """Run it."""
        return run_child(module=MODULE, spec=dict(work.parameters), work=work)


class ChildKind(AppConfig):
    """Takes the place of the noop kind."""

    name = "tests.acceptance.child_kind"
    label = "child_kind"

    def ready(self) -> None:
        """Replace its executor."""
        EXECUTORS["noop"] = ChildExecutor()
