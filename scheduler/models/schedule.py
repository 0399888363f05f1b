"""Schedules: when a job runs."""

from django.conf import settings
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now
from django.db.models.lookups import Exact

from jobs.models import Job, Workspace
from scheduler.states import ScheduleState


class Schedule(models.Model):
    """One entry of a job's ``schedules``, and where it stands. The job's document is the definition; this row follows it.

    Every fire time up to ``decided_until`` has been decided; ``next_fire_at`` is the next one, and ``next_run_at`` when it is acted
    upon (later by the jitter). Both are null while the schedule owes nothing.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="schedules", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="schedule_set", db_index=False)
    name = models.CharField(max_length=100)
    document = models.JSONField()
    state = models.CharField(
        max_length=10,
        choices=[(state, state) for state in ScheduleState],
        default=ScheduleState.ACTIVE,
        db_default=ScheduleState.ACTIVE,
    )
    state_change = models.JSONField(
        null=True, blank=True, editable=False, help_text="Who put it into its state, when and why: actor, at, note."
    )
    anchor_at = models.DateTimeField(
        db_default=Now(), help_text="Where triggers begin that name no start: when the schedule was first saved."
    )
    decided_until = models.DateTimeField(db_default=Now(), help_text="Every fire time up to here was decided.")
    next_fire_at = models.DateTimeField(null=True, blank=True, help_text="The next fire time.")
    next_run_at = models.DateTimeField(null=True, blank=True, help_text="When that is acted upon: later by the jitter.")
    actions_left = models.IntegerField(
        null=True, blank=True, help_text="How many more fires start a run; empty for no limit."
    )
    skips = models.JSONField(default=list, blank=True, help_text="Fire times to come that somebody asked to skip.")
    watches_runs = models.BooleanField(
        default=False,
        editable=False,
        help_text="Whether its own runs' ends matter to it: it buffers, or pauses on failure.",
    )
    problem = models.CharField(
        max_length=2000, blank=True, default="", help_text="Why it could not be fired when it was last tried."
    )
    # No constraint: who deletes a user need not look at schedules, and one that acts as nobody any more must not fire.
    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        help_text="As whom its runs act: who saved it last, or who took it over.",
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scheduler_schedule"
        indexes = [
            # A beat's only index: what is due. Its size is the number of schedules that owe something.
            models.Index(fields=["next_run_at"], name="schedule_due", condition=Q(next_run_at__isnull=False)),
            models.Index(fields=["workspace", "next_run_at", "id"], name="schedule_by_workspace"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "name"], name="schedule_name_once_per_job"),
            # Or no beat could read what is due: its claim takes the document apart.
            models.CheckConstraint(
                condition=Exact(Func("document", function="jsonb_typeof", output_field=models.TextField()), "object"),
                name="schedule_document_is_object",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in ScheduleState]), name="schedule_state_known"
            ),
            models.CheckConstraint(
                condition=Q(next_fire_at__isnull=True, next_run_at__isnull=True)
                | Q(
                    next_fire_at__isnull=False,
                    next_run_at__isnull=False,
                    next_run_at__gte=models.F("next_fire_at"),
                    state="active",
                ),
                name="schedule_next_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"schedule {self.name} of {self.job.key}"
