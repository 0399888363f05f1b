"""Questions about datasources that only a worker can answer."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models.workspace import Workspace


class Verb(models.TextChoices):
    """What a worker is to do."""

    VALIDATE = "validate"
    """Reach the source and the destination, and change nothing."""
    PREVIEW = "preview"
    """Read the source's first rows."""
    DELETE_OUTPUT = "delete_output"
    """Delete what stands in the destination's table."""


KEEP_OPERATIONS = dt.timedelta(hours=1)
"""How long an answer is kept after it has expired, for it may hold rows of somebody's data."""


class DatasourceOperation(models.Model):
    """Something to be done with a datasource's parameters outside any run.

    The web server has neither the secrets nor the folders nor the networks of the workers: it writes this row and waits. A worker
    takes it once, does it in a child process, and writes how it ended. It is kept until it expires, and for a short while after.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="datasource_operations")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    job_key = models.CharField(
        max_length=150, blank=True, default="", help_text="Empty for parameters that are not saved."
    )
    stream = models.CharField(max_length=200, blank=True, default="", help_text="Which of the job's payloads.")
    parameters = models.JSONField()
    rows = models.IntegerField(default=0, help_text="How many a preview shows.")
    actor = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="A worker that finds it later leaves it alone.")
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)

    class Meta:
        db_table = "jobs_datasource_operation"
        indexes = [models.Index(fields=["expires_at"], name="datasource_operation_expiry")]
        constraints = [
            models.CheckConstraint(condition=Q(verb__in=[v.value for v in Verb]), name="datasource_operation_verb"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, result__isnull=True, error__isnull=True)
                | Q(ended_at__isnull=False, taken_at__isnull=False)
                & (Q(result__isnull=False, error__isnull=True) | Q(result__isnull=True, error__isnull=False)),
                name="datasource_operation_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.job_key or 'unsaved parameters'}"
