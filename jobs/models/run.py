"""Runs: one execution of a job."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.kinds import QUEUES
from jobs.models.job import Job
from jobs.models.workspace import Workspace
from jobs.states import ACTIVE_RUN_STATES, FINAL_RUN_STATES, RunState, Trigger

_SETTLED = F("succeeded") + F("failed") + F("cancelled")


class Run(models.Model):
    """One execution. The counters move with the outcomes, in the same statement, so they always equal the rows.

    While a run is worked, every report updates this row. No index holds a column that those updates change (wake_at and state
    do not move then), and the table's fillfactor of 50 leaves room on the page: so the updates are HOT.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="runs")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="runs")
    job_key = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=[(s, s) for s in RunState], default=RunState.PENDING)

    trigger = models.CharField(max_length=10, choices=[(t, t) for t in Trigger], default=Trigger.MANUAL)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=200, blank=True, default="")
    comment = models.CharField(max_length=2000, blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    snapshot = models.JSONField(
        help_text="The job's document when the run began, less its payload list: the payload rows hold that."
    )

    queue = models.CharField(max_length=20, default="default")
    strict = models.BooleanField(default=True)
    max_lanes = models.PositiveSmallIntegerField(default=5)
    priority = models.SmallIntegerField(default=0)

    total = models.PositiveIntegerField(default=0)
    next_position = models.PositiveIntegerField(
        default=0,
        help_text="The first position that no lane has leased. May run past the total by less than one range.",
    )
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the sweep looks at the run: a message may be owed. Null once the run has ended.",
    )
    nudges = models.PositiveSmallIntegerField(
        default=0, help_text="Messages the sweep published since a lane was last taken; spaces out the next ones."
    )
    error = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        db_table = "jobs_run"
        indexes = [
            models.Index(fields=["job", "-id"], name="run_by_job"),
            models.Index(fields=["workspace", "-id"], name="run_by_workspace"),
            # The sweep's only index: it holds the active runs alone, however long the history is.
            models.Index(fields=["wake_at"], name="run_wake", condition=Q(wake_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in RunState]), name="run_state_known"),
            models.CheckConstraint(condition=Q(trigger__in=[t.value for t in Trigger]), name="run_trigger_known"),
            models.CheckConstraint(condition=Q(queue__in=QUEUES), name="run_queue_known"),
            models.CheckConstraint(condition=Q(max_lanes__gte=1), name="run_has_a_lane"),
            models.CheckConstraint(condition=Q(total__gte=_SETTLED), name="run_counts_within_total"),
            models.CheckConstraint(
                condition=~Q(state__in=["succeeded", "failed"]) | Q(total=_SETTLED), name="run_ends_when_all_have"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[s.value for s in ACTIVE_RUN_STATES], wake_at__isnull=False, ended_at__isnull=True
                )
                | Q(state__in=[s.value for s in FINAL_RUN_STATES], wake_at__isnull=True, ended_at__isnull=False),
                name="run_active_wakes_ended_rests",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.job_key}"
