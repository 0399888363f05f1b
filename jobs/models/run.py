"""Runs: one execution of a job."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.kinds import QUEUES
from jobs.models.concurrency_group import ConcurrencyGroup
from jobs.models.job import Job
from jobs.models.workspace import Workspace
from jobs.states import ACTIVE_RUN_STATES, RunState, Trigger

_SETTLED = F("succeeded") + F("failed") + F("cancelled")
_SWEPT = [state.value for state in ACTIVE_RUN_STATES if state != RunState.PAUSED]


class Run(models.Model):
    """One execution. The counters move with the outcomes, in the same statement; those of a strict lane's present range stand on
    the lane until the range ends. Together they always equal the rows.

    While a run is worked, every report updates this row. No index holds a column that those updates change (wake_at and state
    do not move then), and the table's fillfactor of 50 leaves room on the page: so the updates are HOT.
    """

    id = models.BigAutoField(primary_key=True)
    # No constraint: it is the job's workspace, and the job's row is locked when a run of it is inserted. See
    # docs/adr/0006-beats-claim-rows.md, also for payloads and events.
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="runs", db_index=False)
    job_key = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=[(s, s) for s in RunState], default=RunState.PENDING)

    trigger = models.CharField(max_length=10, choices=[(t, t) for t in Trigger], default=Trigger.MANUAL)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    schedule_id = models.BigIntegerField(
        null=True, blank=True, help_text="The schedule that owed this run. No foreign key: the scheduler stands above."
    )
    actor = models.CharField(max_length=200, blank=True, default="")
    comment = models.CharField(max_length=2000, blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    snapshot = models.JSONField(
        help_text="The job's document when the run began, less its payload list: the payload rows hold that."
    )

    origin = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="offspring",
        db_index=False,
        help_text="The run that this one repeats, replays, or was started by.",
    )
    # Null is "none" in both: not unique, and not in the index.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    digest = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, help_text="Of the parameters, where the job wants them unique for a time."
    )

    queue = models.CharField(max_length=20, default="default")
    strict = models.BooleanField(default=True)
    max_lanes = models.SmallIntegerField(default=5)
    priority = models.SmallIntegerField(default=0)

    admitted = models.BooleanField(
        default=True,
        db_default=True,
        help_text="False while the run waits until its job has fewer active runs than max_concurrent_runs.",
    )
    # No constraint: a group that is deleted need not be looked for in, and taken out of, all the runs that there have been. Those
    # that have not ended keep it from being deleted (services/groups.py).
    group = models.ForeignKey(
        ConcurrencyGroup,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="runs",
        db_index=False,
        db_constraint=False,
    )
    rate_interval_ms = models.FloatField(
        null=True, blank=True, help_text="The least time between the starts of two payloads of the job."
    )

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
    # Not the state itself: an index of that would have to be written when a run starts, too, and cost it its HOT update. Written
    # with the end (close_runs.sql). Not generated: to add such a column is to write the table anew, with everybody locked out.
    outcome = models.CharField(  # noqa: DJ001 - null is "none yet"
        max_length=10, null=True, editable=False, help_text="The state of a run that has ended."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When it is too late to begin.")
    run_timeout = models.DurationField(
        null=True, blank=True, help_text="How long it may take from its first payload on."
    )
    deadline_at = models.DateTimeField(null=True, blank=True, help_text="When a run that has begun must have ended.")
    wake_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the sweep looks at the run: a message may be owed. Null once the run has ended, and while it is paused.",
    )
    nudges = models.SmallIntegerField(
        default=0,
        help_text="Messages the sweep published since a lane was last taken; spaces out the next ones. Below zero: so many"
        " lanes found their group full and wait to be called.",
    )
    pause = models.JSONField(
        null=True,
        blank=True,
        help_text="Who paused it, when and why: actor, at, note; by_job when the whole job was paused.",
    )
    stop = models.JSONField(null=True, blank=True, help_text="Why it is ended early: reason, actor, at, note.")
    error = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    results_erased_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when a cleanup has erased results of its payloads: a null there need not have been the result.",
    )

    class Meta:
        db_table = "jobs_run"
        indexes = [
            models.Index(fields=["job", "-id"], name="run_by_job"),
            models.Index(fields=["workspace", "-id"], name="run_by_workspace"),
            # What deleted jobs have left, for who asks by a key that no job has.
            models.Index(
                fields=["workspace", "job_key", "-id"], name="run_of_deleted_job", condition=Q(job__isnull=True)
            ),
            # Those that ended so, however few they are among the others.
            models.Index(
                fields=["workspace", "outcome", "-id"], name="run_by_outcome", condition=Q(outcome__isnull=False)
            ),
            # Those whose end was written by who does not know the column, for the sweeps (jobs/services/rolling.py).
            models.Index(
                fields=["id"], name="run_without_outcome", condition=Q(ended_at__isnull=False, outcome__isnull=True)
            ),
            # As by outcome, for the other words by which a list is filtered. Of ended runs alone, for the start of a run is not
            # to pay for them; those that have not ended are few (jobs/selectors/run_pages.py).
            models.Index(
                fields=["workspace", "trigger", "-id"], name="run_by_trigger", condition=Q(ended_at__isnull=False)
            ),
            models.Index(
                fields=["workspace", "actor", "-id"],
                name="run_by_actor",
                condition=Q(ended_at__isnull=False, actor__gt=""),
            ),
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="run_by_creation", condition=Q(ended_at__isnull=False)
            ),
            # Those that ended since: what the totals do not hold yet (jobs/services/rolling.py).
            models.Index(fields=["ended_at"], name="run_ended", condition=Q(ended_at__isnull=False)),
            # The sweep's only index: it holds the active runs alone, however long the history is.
            models.Index(fields=["wake_at"], name="run_wake", condition=Q(wake_at__isnull=False)),
            # Those that have not ended, for whoever pauses, counts or terminates them: of a job, and of a workspace. The second is
            # for those who ask for id > 0 (services/bulk.py): where the statistics know of no active run, the planner would find it
            # as good as any other to read whole.
            models.Index(fields=["job", "-admitted", "id"], name="run_active", condition=Q(ended_at__isnull=True)),
            models.Index(
                fields=["workspace", "id"],
                name="run_active_of_all",
                condition=Q(ended_at__isnull=True, id__gt=0),
            ),
            # Those that wait to be admitted, in the order in which they are.
            models.Index(
                fields=["job", "-priority", "id"],
                name="run_waiting",
                condition=Q(admitted=False, ended_at__isnull=True),
            ),
            # Whose turn it is: each workspace's active runs, the most urgent first (deserving_lanes.sql). + 0, so that what looks
            # for turns can ask in words that no other index answers: whatever the statistics say, it reads this one in its order.
            models.Index(
                F("queue"),
                F("workspace") + 0,
                F("priority").desc(),
                F("id"),
                name="run_turn",
                condition=Q(admitted=True, wake_at__isnull=False),
            ),
            # Those that found their group full, in the order in which they are called (call_waiting.sql).
            models.Index(
                fields=["group", "-priority", "id"],
                name="run_refused",
                condition=Q(nudges__lt=0, wake_at__isnull=False),
            ),
            # Those that a schedule's next fire would overlap with.
            models.Index(
                fields=["schedule_id"],
                name="run_of_schedule",
                condition=Q(schedule_id__isnull=False, ended_at__isnull=True),
            ),
            models.Index(fields=["job", "digest", "-id"], name="run_digest", condition=Q(digest__isnull=False)),
            models.Index(fields=["origin"], name="run_by_origin", condition=Q(origin__isnull=False)),
            # The replays of a job, of which the newest are kept; its other runs may be a million.
            models.Index(fields=["job", "-id"], name="run_replays", condition=Q(trigger="replay")),
        ]
        # PostgreSQL prepares each CHECK anew for each statement that updates the table, and every report updates this one: the
        # ten small ones that the fields would bring cost a report a third of its time. So three, compact ones.
        constraints = [
            models.UniqueConstraint(
                fields=["job", "idempotency_key"],
                name="run_idempotency_key_once",
                condition=Q(idempotency_key__isnull=False),
            ),
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
                condition=Q(state__in=_SWEPT, wake_at__isnull=False, ended_at__isnull=True)
                | Q(state="paused", wake_at__isnull=True, ended_at__isnull=True)
                | Q(state__in=["succeeded", "failed"], wake_at__isnull=True, ended_at__isnull=False, total=_SETTLED)
                | Q(state="cancelled", wake_at__isnull=True, ended_at__isnull=False),
                name="run_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.job_key}"
