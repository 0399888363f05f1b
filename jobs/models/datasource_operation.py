"""Questions about datasources that only a worker can answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from jobs.models.operation import ENDS_ONCE, Operation
from jobs.models.workspace import Workspace


class Verb(models.TextChoices):
    """What a worker is to do."""

    VALIDATE = "validate"
    """Reach the source and the destination, and change nothing."""
    PREVIEW = "preview"
    """Read the source's first rows."""
    DELETE_OUTPUT = "delete_output"
    """Delete what stands in the destination's table."""


class DatasourceOperation(Operation):
    """Something to be done with a datasource's parameters outside any run; in a child process of a worker."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="datasource_operations")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    job_key = models.CharField(
        max_length=150, blank=True, default="", help_text="Empty for parameters that are not saved."
    )
    stream = models.CharField(max_length=200, blank=True, default="", help_text="Which of the job's payloads.")
    parameters = models.JSONField()
    rows = models.IntegerField(default=0, help_text="How many a preview shows.")

    class Meta:
        db_table = "jobs_datasource_operation"
        indexes = [models.Index(fields=["expires_at"], name="datasource_operation_expiry")]
        constraints = [
            models.CheckConstraint(condition=Q(verb__in=[v.value for v in Verb]), name="datasource_operation_verb"),
            models.CheckConstraint(condition=ENDS_ONCE, name="datasource_operation_fits"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.job_key or 'unsaved parameters'}"
