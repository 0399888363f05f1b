"""Print a job as a manifest."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import manifests
from jobs.management.finding import job_named, workspace_named


class Command(BaseCommand):
    """``export_job WORKSPACE KEY``: YAML that load_manifests reads back to the same job."""

    help = "Print a job as a YAML manifest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("key", help="type:name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the document."""
        job = job_named(workspace_named(options["workspace"]), options["key"])
        self.stdout.write(manifests.dump(job.document()), ending="")
