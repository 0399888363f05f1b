"""What happened to jobs of which somebody wants to be told."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.job import Job
from jobs.models.workspace import Workspace


class Occurrence(models.Model):
    """Something that happened to a watched job, written in the transaction in which it did.

    A line to be worked off: whoever makes notices of it deletes it in the same transaction. Of jobs that nobody watches nothing is
    written here, so what is not to be told costs nothing.
    """

    id = models.BigAutoField(primary_key=True)
    # As in the event log: the end of a run shall lock nothing, and who deletes a job or a workspace need not look here.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    job = models.ForeignKey(Job, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    run_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=40, help_text="Such as run.failed, run.succeeded, schedule.missed, job.paused.")
    at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "jobs_occurrence"

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"
