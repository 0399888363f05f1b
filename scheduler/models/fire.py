"""Fires: what was decided of each fire time."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from scheduler.models.schedule import Schedule
from scheduler.states import MISSED, FireState, Reason


class Fire(models.Model):
    """One fire time of a schedule and what became of it. It makes a fire happen once: unique by schedule, time and cause."""

    id = models.BigAutoField(primary_key=True)
    # No constraint: whoever inserts fires has locked their schedule, and who deletes a schedule locks it, or its job, before.
    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="fires", db_index=False, db_constraint=False
    )
    fire_at = models.DateTimeField(help_text="The fire time; of a completed job, when its run ended.")
    cause = models.CharField(
        max_length=40, blank=True, default="", help_text="Empty for the clock; else the run whose end called for it."
    )
    state = models.CharField(max_length=10, choices=[(state, state) for state in FireState])
    reason = models.CharField(max_length=20, blank=True, default="", choices=[(reason, reason) for reason in Reason])
    detail = models.CharField(max_length=500, blank=True, default="", help_text="More about the reason, in words.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="When a waiting one is to be dealt with.")
    decided_at = models.DateTimeField(db_default=Now())
    parameters = models.JSONField(null=True, blank=True, help_text="What the run is given besides the schedule's own.")
    run_id = models.BigIntegerField(
        null=True, blank=True, help_text="The run it started. It may be erased before this row."
    )

    class Meta:
        db_table = "scheduler_fire"
        indexes = [
            models.Index(fields=["due_at"], name="fire_waiting", condition=Q(state="waiting")),
            # Those of one schedule that are not decided yet, however long its history is.
            models.Index(
                fields=["schedule", "id"], name="fire_pending", condition=Q(state__in=["waiting", "buffered"])
            ),
            # Those that nobody meant to leave out: few, of all schedules together, the newest first.
            models.Index(
                fields=["-decided_at"],
                name="fire_missed",
                condition=Q(state="skipped", reason__in=[reason.value for reason in MISSED]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "fire_at", "cause"], name="fire_decided_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False, reason="")
                | Q(state="buffered", reason="")
                | Q(state="fired", run_id__isnull=False, reason="")
                | Q(state="skipped", reason__in=[reason.value for reason in Reason]),
                name="fire_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} at {self.fire_at} of schedule {self.schedule_id}"
