"""Attempts that did not succeed."""

from django.db import models
from django.db.models import Q

from jobs.models.run import Run
from jobs.states import AttemptState


class Attempt(models.Model):
    """One try that failed or was lost, with its error, its worker and its times. Never updated."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    position = models.IntegerField()
    number = models.SmallIntegerField(help_text="1 for the first.")
    state = models.CharField(max_length=10, choices=[(s, s) for s in AttemptState])
    error = models.JSONField()
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "jobs_attempt"
        constraints = [
            models.UniqueConstraint(fields=["run", "position", "number"], name="attempt_recorded_once"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in AttemptState]), name="attempt_state_known"),
            models.CheckConstraint(condition=Q(number__gte=1), name="attempt_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} at payload {self.position} of run {self.run_id}"
