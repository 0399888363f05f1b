"""Create and update jobs from manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from jobs import manifests
from jobs.documents import JobDocument
from jobs.errors import ValidationError
from jobs.management.finding import workspace_named
from jobs.models import Job, Workspace
from jobs.selectors import jobs as job_selectors
from jobs.services.jobs import check_job, save_job


class Command(BaseCommand):
    """``load_manifests WORKSPACE PATH... [--dry-run]``: all of them or, when one is refused, none."""

    help = "Create and update jobs from YAML or JSON manifests: all of them, or none when one is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a manifest, or a folder of them")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a job: created, updated or unchanged, and its key."""
        workspace = workspace_named(options["workspace"])
        try:
            documents = manifests.load(*options["paths"])
        except manifests.ManifestsRefusedError as error:
            raise CommandError(f"nothing was loaded:\n{error}") from error
        _check(workspace, documents)
        before = job_selectors.versions(workspace=workspace)
        with transaction.atomic():
            saved = [_saved(workspace, document) for document in documents]
            transaction.set_rollback(options["dry_run"])
        for job in saved:
            self.stdout.write(f"{_outcome(before.get(job.key), job.version):<10} {job.key}")
        if options["dry_run"]:
            self.stdout.write("dry run: nothing was changed")


def _check(workspace: Workspace, documents: list[JobDocument]) -> None:
    """What each lacks. Raises CommandError with all of it."""
    problems = []
    for document in documents:
        try:
            check_job(workspace=workspace, document=document)
        except ValidationError as error:
            problems.append(f"{document.key}, {error}")
    if problems:
        raise CommandError("\n".join(["nothing was loaded:", *problems]))


def _saved(workspace: Workspace, document: JobDocument) -> Job:
    """Raises CommandError, which undoes those before it: what can be refused only here depends on the workspace."""
    try:
        return save_job(workspace=workspace, document=document, actor="load_manifests", checked=True)
    except ValidationError as error:
        raise CommandError(f"nothing was loaded:\n{document.key}, {error}") from error


def _outcome(before: int | None, after: int) -> str:
    if before is None:
        return "created"
    return "unchanged" if before == after else "updated"
