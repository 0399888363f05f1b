"""Runs: one execution of a job."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.kinds import QUEUES
from jobs.models.job import Job
from jobs.models.workspace import Workspace
from jobs.states import ACTIVE_RUN_STATES, RunState, Trigger

_SETTLED = F("succeeded") + F("failed") + F("cancelled")


class Run(models.Model):
    """One execution. The counters move with the outcomes, in the same statement; those of a strict lane's present range stand on
    the lane until the range ends. Together they always equal the rows.

    While a run is worked, every report updates this row. No index holds a column that those updates change (wake_at and state
    do not move then), and the table's fillfactor of 50 leaves room on the page: so the updates are HOT.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="runs", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="runs", db_index=False)
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
    max_lanes = models.SmallIntegerField(default=5)
    priority = models.SmallIntegerField(default=0)

    total = models.IntegerField(default=0)
    next_position = models.IntegerField(
        default=0,
        help_text="The first position that no lane has leased. May run past the total.",
    )
    succeeded = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the sweep looks at the run: a message may be owed. Null once the run has ended.",
    )
    nudges = models.SmallIntegerField(
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
        # PostgreSQL prepares each CHECK anew for each statement that updates the table, and every report updates this one: the
        # ten small ones that the fields would bring cost a report a third of its time. So three, compact ones.
        constraints = [
            models.CheckConstraint(
                condition=Q(trigger__in=[t.value for t in Trigger], queue__in=QUEUES, max_lanes__gte=1),
                name="run_words_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    total__gte=_SETTLED, succeeded__gte=0, failed__gte=0, cancelled__gte=0, next_position__gte=0
                ),
                name="run_counts_within_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[s.value for s in ACTIVE_RUN_STATES], wake_at__isnull=False, ended_at__isnull=True
                )
                | Q(state__in=["succeeded", "failed"], wake_at__isnull=True, ended_at__isnull=False, total=_SETTLED)
                | Q(state="cancelled", wake_at__isnull=True, ended_at__isnull=False),
                name="run_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.job_key}"
