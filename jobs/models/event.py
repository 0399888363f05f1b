"""The event log."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models.job import Job
from jobs.models.run import Run
from jobs.models.workspace import Workspace


class Event(models.Model):
    """One transition of a run or a job, appended in the transaction that made it. Feeds live views, metrics, notifications.

    Payload outcomes are not events: the payload row and its attempts are that record already, and a second row for each would
    double what a run writes.
    """

    id = models.BigAutoField(primary_key=True)
    # The log is append-only: it keeps the ids of a job that was deleted and of a run that was erased, so there is no constraint;
    # and for jobs no index to maintain. The workspace is theirs.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    job = models.ForeignKey(Job, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False)
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="events")
    kind = models.CharField(max_length=40, help_text="Such as run.created, run.running, run.succeeded.")
    actor = models.CharField(max_length=200, blank=True, default="")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_event"
        indexes = [
            models.Index(fields=["workspace", "id"], name="event_by_workspace"),
            # What was done to a job and its schedules: few among the many of its runs.
            models.Index(fields=["job", "id"], name="event_of_job", condition=Q(run__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"
