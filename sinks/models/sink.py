"""Sinks: where results go."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import Job, Workspace


class Sink(models.Model):
    """A configured destination: a named one of the workspace, or, where it has a job, an entry of that job's ``sinks``.

    What waits to be delivered is delivered as the row says now: a mended address serves what could not be delivered before.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="sinks", db_index=False)
    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, null=True, blank=True, related_name="sink_set", db_index=False
    )
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    configuration = models.JSONField(default=dict)
    description = models.CharField(max_length=2000, blank=True, default="")
    version = models.IntegerField(default=1, db_default=1, help_text="Counts the changes.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sinks_sink"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="sink_name_once_per_workspace", condition=Q(job__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["job", "name"], name="sink_name_once_per_job", condition=Q(job__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name
