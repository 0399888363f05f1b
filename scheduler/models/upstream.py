"""Upstreams: the jobs whose completion starts another."""

from django.db import models
from django.db.models import Q

from jobs.models import Job
from scheduler.models.schedule import Schedule


class Upstream(models.Model):
    """One job that one trigger of a schedule waits for. Derived from the schedule's document when it is saved.

    A job that is deleted leaves its key behind: when one of that key is created again, it is waited for again.
    """

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="upstreams")
    trigger = models.SmallIntegerField(help_text="The trigger's place in the schedule's list.")
    key = models.CharField(max_length=150)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="followers")

    class Meta:
        db_table = "scheduler_upstream"
        indexes = [models.Index(fields=["key"], name="upstream_deleted", condition=Q(job__isnull=True))]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "trigger", "key"], name="upstream_once_per_trigger"),
        ]

    def __str__(self) -> str:
        return f"{self.key} for schedule {self.schedule_id}"
