"""Rollups: how the runs of an hour or a day ended."""

from django.db import models

from jobs.models.workspace import Workspace


class Span(models.TextChoices):
    """How long a row of `RunTotals` covers. Both begin at UTC."""

    HOUR = "hour", "Hour"
    DAY = "day", "Day"


class RunTotals(models.Model):
    """How the runs of one job, or of a whole workspace, ended within one hour or one day. Rows of one span can be added up.

    Written by `jobs.services.rolling` alone, in bounded batches behind the runs' ends, never by what ends them. By the job's key
    and not its id: the key never changes, and the history of a job that was deleted stays. Replays are in none: they execute
    nothing.
    """

    pk = models.CompositePrimaryKey("workspace", "span", "job_key", "start")
    # No index of its own: the primary key begins with it.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="run_totals", db_index=False)
    span = models.CharField(max_length=4, choices=Span.choices)
    job_key = models.CharField(max_length=150, help_text="Empty for all jobs of the workspace.")
    start = models.DateTimeField(help_text="Its runs ended from here on, and before the next hour or day.")

    succeeded = models.IntegerField()
    failed = models.IntegerField()
    cancelled = models.IntegerField()
    manual = models.IntegerField(help_text="How many of them were triggered by hand; so the next four.")
    api = models.IntegerField()
    schedule = models.IntegerField()
    job = models.IntegerField()
    rerun = models.IntegerField()
    payloads_succeeded = models.BigIntegerField()
    payloads_failed = models.BigIntegerField()
    payloads_cancelled = models.BigIntegerField()

    duration_ms = models.BigIntegerField(help_text="The sum of those that succeeded or failed, from start to end.")
    duration_most_ms = models.BigIntegerField()
    wait_ms = models.BigIntegerField(help_text="The sum of the same, from the trigger to the start.")
    wait_most_ms = models.BigIntegerField()
    late = models.IntegerField(help_text="How many of them a schedule owed: what the lateness is of.")
    late_ms = models.BigIntegerField(help_text="The sum of those, from the fire time to the start.")
    late_most_ms = models.BigIntegerField()
    spread = models.JSONField(
        help_text='How many fell into which bucket: {"duration.3": 7}, by the measure and the place of the bucket in jobs.buckets.'
    )
    judged = models.IntegerField(help_text="How many had a service level to meet.")
    met = models.IntegerField(help_text="How many of those met it.")

    class Meta:
        db_table = "jobs_run_totals"
        indexes = [
            # All jobs of a workspace beside each other; the primary key has one job's hours in a row.
            models.Index(fields=["workspace", "span", "start"], name="run_totals_of_all"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(span__in=Span.values), name="run_totals_span_known"),
            models.CheckConstraint(condition=models.Q(met__lte=models.F("judged")), name="run_totals_met_were_judged"),
        ]

    def __str__(self) -> str:
        return f"{self.span} {self.start} of {self.job_key or 'all jobs'}"


class RollCursor(models.Model):
    """One row: up to where the runs' ends are in `RunTotals`. It moves in the transaction that adds them."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    rolled_until = models.DateTimeField(help_text="Runs that ended before this are in the totals, later ones are not.")
    due_at = models.DateTimeField(help_text="When a sweep is to go on.")

    class Meta:
        db_table = "jobs_roll_cursor"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="roll_cursor_is_one")]

    def __str__(self) -> str:
        return f"rolled until {self.rolled_until}"
