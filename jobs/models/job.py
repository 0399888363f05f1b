"""Jobs: named templates of work."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from jobs.documents import JOB_TYPES
from jobs.kinds import QUEUES
from jobs.models.concurrency_group import ConcurrencyGroup
from jobs.models.workspace import Workspace
from jobs.states import JobState


class Job(models.Model):
    """What to run and how. Its document is the truth; queue, strict, max_lanes and the limits are derived from it on each save."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="jobs")
    type = models.CharField(max_length=20, choices=[(name, name) for name in JOB_TYPES])
    name = models.CharField(max_length=127)
    description = models.CharField(max_length=2000, blank=True, default="")
    state = models.CharField(
        max_length=10,
        choices=[(state, state) for state in JobState],
        default=JobState.ACTIVE,
        db_default=JobState.ACTIVE,
    )
    payload = models.JSONField(default=list, blank=True)
    configuration = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    sinks = models.JSONField(default=list, blank=True)
    schedules = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text="Counts changes, so that two editors cannot overwrite each other."
    )

    queue = models.CharField(max_length=20, default="default", editable=False)
    strict = models.BooleanField(default=True, editable=False)
    max_lanes = models.PositiveSmallIntegerField(default=5, editable=False)
    priority = models.SmallIntegerField(default=0, editable=False)
    group = models.ForeignKey(
        ConcurrencyGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="jobs",
        editable=False,
        help_text="The group that the configuration names.",
    )
    max_runs = models.SmallIntegerField(null=True, editable=False, help_text="Runs at once; empty for no limit.")
    rate_interval_ms = models.FloatField(null=True, editable=False)
    start_timeout = models.DurationField(null=True, editable=False)
    run_timeout = models.DurationField(null=True, editable=False)

    awaited = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether a schedule waits for the ends of its runs."
    )
    watched = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether somebody is to be told what happens to it."
    )

    state_change = models.JSONField(
        null=True, blank=True, editable=False, help_text="Who put it into its state, when and why: actor, at, note."
    )
    resume_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When a job that was paused for its failures goes on by itself.",
    )

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_job"
        indexes = [
            models.Index(fields=["resume_at"], name="job_resume", condition=models.Q(resume_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "type", "name"], name="job_key_once_per_workspace"),
            models.CheckConstraint(condition=models.Q(type__in=JOB_TYPES), name="job_type_known"),
            models.CheckConstraint(condition=models.Q(state__in=[s.value for s in JobState]), name="job_state_known"),
            models.CheckConstraint(condition=models.Q(queue__in=QUEUES), name="job_queue_known"),
            models.CheckConstraint(condition=models.Q(max_lanes__gte=1), name="job_has_a_lane"),
            models.CheckConstraint(
                condition=models.Q(resume_at__isnull=True) | models.Q(state="paused"), name="job_resumes_when_paused"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """``type:name``."""
        return f"{self.type}:{self.name}"

    def document(self) -> dict[str, Any]:
        """The job as a document: what manifests, API and snapshots hold."""
        return {
            "key": self.key,
            "description": self.description,
            "payload": self.payload,
            "configuration": self.configuration,
            "sinks": self.sinks,
            "schedules": self.schedules,
            "tags": self.tags,
            "metadata": self.metadata,
        }
