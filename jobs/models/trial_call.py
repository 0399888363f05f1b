"""Calls that somebody tries while they write an HTTP payload."""

from django.db import models

from jobs.models.operation import ENDS_ONCE, Operation
from jobs.models.workspace import Workspace


class TrialCall(Operation):
    """One call of a payload that need not be saved, outside any run; made by a worker, under the rules that runs are under."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="trial_calls")
    parameters = models.JSONField()

    class Meta:
        db_table = "jobs_trial_call"
        indexes = [models.Index(fields=["expires_at"], name="trial_call_expiry")]
        constraints = [models.CheckConstraint(condition=ENDS_ONCE, name="trial_call_fits")]

    def __str__(self) -> str:
        return f"trial call {self.pk}"
