"""Backfills: fire times of the past that are run now."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.models import Workspace
from scheduler.models.schedule import Schedule
from scheduler.states import BackfillState, BackfillTimeState, Which

MOST_AT_ONCE = 1000
"""The highest limit of a backfill."""


class Backfill(models.Model):
    """A range of fire times of one schedule, run now.

    Which they are is settled when it is asked for, a row each (`BackfillTime`), so that any process may go on with it, and an edit
    of the schedule does not change it.

    Its runs are not the schedule's own: they do not count for its overlap policy, its actions or its pause on failure.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="backfills", db_index=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="backfills")
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in BackfillState], default=BackfillState.RUNNING
    )
    which = models.CharField(max_length=20, choices=[(which, which) for which in Which], default=Which.MISSING)
    start_at = models.DateTimeField(help_text="The first instant of the range.")
    end_at = models.DateTimeField(help_text="The last instant of the range.")
    limit = models.SmallIntegerField(default=1, help_text="How many of its runs may be active at once.")
    actor = models.CharField(max_length=200, blank=True, default="")
    note = models.CharField(max_length=2000, blank=True, default="")
    state_change = models.JSONField(
        null=True, blank=True, editable=False, help_text="Who cancelled it, when and why: actor, at, note."
    )
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "scheduler_backfill"
        indexes = [
            # What beats look at, once a second: it holds the running ones alone.
            models.Index(fields=["id"], name="backfill_open", condition=Q(state="running")),
            models.Index(fields=["workspace", "-id"], name="backfill_by_workspace"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True)
                | Q(state__in=["done", "cancelled"], ended_at__isnull=False),
                name="backfill_state_fits",
            ),
            models.CheckConstraint(
                condition=Q(which__in=[which.value for which in Which]), name="backfill_which_known"
            ),
            models.CheckConstraint(condition=Q(limit__gte=1, limit__lte=MOST_AT_ONCE), name="backfill_limit_fits"),
            models.CheckConstraint(condition=Q(end_at__gte=F("start_at")), name="backfill_range_fits"),
        ]

    def __str__(self) -> str:
        return f"backfill {self.pk}"


class BackfillTime(models.Model):
    """One fire time that a backfill is to run, and what became of it."""

    id = models.BigAutoField(primary_key=True)
    backfill = models.ForeignKey(Backfill, on_delete=models.CASCADE, related_name="times", db_index=False)
    fire_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in BackfillTimeState], default=BackfillTimeState.OWED
    )
    run_id = models.BigIntegerField(null=True, blank=True, help_text="It may be erased before this row.")

    class Meta:
        db_table = "scheduler_backfill_time"
        indexes = [
            models.Index(
                fields=["backfill", "state", "fire_at"],
                name="backfill_time_open",
                condition=Q(state__in=["owed", "started"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["backfill", "fire_at"], name="backfill_time_once"),
            models.CheckConstraint(
                condition=Q(state__in=["owed", "left_out", "cancelled"], run_id__isnull=True)
                | Q(state__in=["started", "ended"], run_id__isnull=False),
                name="backfill_time_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} at {self.fire_at} of backfill {self.backfill_id}"
