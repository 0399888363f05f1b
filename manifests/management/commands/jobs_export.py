"""Write what a workspace has as manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.management.finding import job_named, workspace_named
from manifests.services import exporting


class Command(BaseCommand):
    """``jobs_export WORKSPACE [PATH] [--job KEY]``: manifests that, applied, change nothing."""

    help = "Write everything of a workspace, or one job, as manifests that change nothing when they are applied."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument(
            "path", nargs="?", type=Path, metavar="PATH", help="a file, .json for JSON; by default YAML is printed"
        )
        parser.add_argument("--job", metavar="KEY", help="this one alone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, or print it; 1 when something was left out."""
        workspace, path = workspace_named(options["workspace"]), options["path"]
        if options["job"]:
            job_named(workspace, options["job"])
        exported = exporting.export(workspace=workspace, job=options["job"])
        folder = path.resolve().parent if path else None
        in_json = path is not None and path.suffix == ".json"
        text = exporting.as_json(exported) if in_json else exporting.as_yaml(exported, folder=folder)
        if path is None:
            self.stdout.write(text, ending="")
        else:
            _write(path, text)
        if exported.left_out:
            told = "\n".join(map(str, exported.left_out))
            raise CommandError(f"left out, since secrets stand in no file:\n{told}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error
