"""Run fire times of the past."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs.documents.control import parse_note
from jobs.errors import JobsError
from jobs.management.finding import operator, workspace_named
from jobs.models import Workspace
from scheduler.backfilling import standing_words
from scheduler.management.finding import schedule_named
from scheduler.models import Backfill, Schedule
from scheduler.phrases import moment_words
from scheduler.selectors.backfills import Plan, backfill_view, find_backfill, plan_backfill
from scheduler.selectors.schedules import definition_of
from scheduler.services.backfills import cancel_backfill, create_backfill
from scheduler.states import Which
from scheduler.triggers.words import count_of


class Command(BaseCommand):
    """``backfill WORKSPACE JOB [SCHEDULE] --from TIME --to TIME [--dry-run]``, or ``backfill WORKSPACE --show ID | --cancel ID``"""

    help = "Run fire times of the past of one schedule, a few at a time; show how far that has come; or cancel it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("job", nargs="?", metavar="JOB", help="the job's key, type:name")
        parser.add_argument(
            "schedule", nargs="?", metavar="SCHEDULE", help="its name; may be left out if the job has one"
        )
        parser.add_argument(
            "--from", dest="start", metavar="TIME", help="the first moment of the range, such as 2026-01-01"
        )
        parser.add_argument(
            "--to", dest="end", metavar="TIME", help="the last moment; a date alone means the end of that day"
        )
        parser.add_argument("--which", default=Which.MISSING, choices=[which.value for which in Which])
        parser.add_argument("--limit", type=int, default=1, help="how many of its runs may be active at once")
        parser.add_argument("--note", default="", help="why; kept with the backfill")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be run, and run nothing")
        parser.add_argument("--show", type=int, metavar="ID", help="how far a backfill has come")
        parser.add_argument("--cancel", type=int, metavar="ID", help="start nothing more of a backfill")
        parser.add_argument("--terminate", action="store_true", help="with --cancel: also end its runs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin a backfill, or do what the options say with one that has begun."""
        workspace = workspace_named(options["workspace"])
        try:
            if options["show"] is not None:
                self._show(find_backfill(workspace=workspace, backfill_id=options["show"]))
            elif options["cancel"] is not None:
                self._cancel(workspace, options)
            else:
                self._begin(workspace, options)
        except JobsError as error:
            raise CommandError(str(error)) from error

    def _begin(self, workspace: Workspace, options: dict[str, Any]) -> None:
        if not (options["job"] and options["start"] and options["end"]):
            raise CommandError("give the job's key with --from and --to, or --show or --cancel with a backfill's id")
        schedule = schedule_named(workspace, options["job"], options["schedule"])
        asked = {"start": options["start"], "end": options["end"], "which": options["which"]}
        if options["dry_run"]:
            self._tell(schedule, plan_backfill(schedule=schedule, now=timezone.now(), **asked))
            return
        note = parse_note({"note": options["note"]}).note
        backfill = create_backfill(schedule=schedule, limit=options["limit"], actor=operator(), note=note, **asked)
        self._show(backfill)

    def _tell(self, schedule: Schedule, plan: Plan) -> None:
        zone = definition_of(schedule).zone
        for each in plan.times:
            mark = "run " if each.wanted else "skip"
            self.stdout.write(f"{mark}  {moment_words(each.standing.fire_at, zone)}  {standing_words(each.standing)}")
        left = [
            f"{count} {why}"
            for count, why in ((plan.excluded, "excluded"), (plan.undecided, "not decided by the schedule yet"))
            if count
        ]
        self.stdout.write("; ".join([f"{count_of(len(plan.wanted), 'fire time')} would be run", *left]))

    def _show(self, backfill: Backfill) -> None:
        progress = backfill_view(backfill=backfill).progress
        counts = {
            "ahead": progress.owed,
            "running": progress.running,
            "succeeded": progress.succeeded,
            "failed": progress.failed,
            "cancelled": progress.cancelled + progress.not_started,
            "left out": progress.left_out,
            "erased": progress.erased,
        }
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        self.stdout.write(f"backfill {backfill.pk}: {backfill.state}, {count_of(progress.total, 'fire time')}: {told}")

    def _cancel(self, workspace: Workspace, options: dict[str, Any]) -> None:
        note = parse_note({"note": options["note"]}).note
        backfill = find_backfill(workspace=workspace, backfill_id=options["cancel"])
        changed = cancel_backfill(backfill=backfill, actor=operator(), note=note, terminate=options["terminate"])
        if not changed:
            self.stdout.write(f"backfill {backfill.pk} was over already, nothing was changed")
        self._show(backfill)
