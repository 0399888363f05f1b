"""What a rule knows of a job."""

from django.db import models
from django.db.models import Q

from jobs.models import Job
from sinks.models.rule import Rule


class Watch(models.Model):
    """One row a rule and job, once there is something to know: how often it has failed in a row, and when what was last told.

    Without constraints on rule and job: whoever deletes these shall not wait for who writes this. A row that is left over of one
    that is gone says nothing to anybody.
    """

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(
        Rule, on_delete=models.CASCADE, related_name="watches", db_index=False, db_constraint=False
    )
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="watches", db_constraint=False)
    failures = models.IntegerField(default=0, db_default=0, help_text="Runs that failed in a row.")
    failing_since = models.DateTimeField(null=True)
    told = models.BooleanField(default=False, db_default=False, help_text="Whether any of these failures was told.")
    last = models.JSONField(
        default=dict, help_text="By word when it was last told, and how often it was kept back since."
    )
    late_until = models.BigIntegerField(default=0, db_default=0, help_text="The last run that was told to be late.")

    class Meta:
        db_table = "sinks_watch"
        constraints = [
            models.UniqueConstraint(fields=["rule", "job"], name="watch_once_per_job"),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True, told=False)
                | Q(failures__gt=0, failing_since__isnull=False),
                name="watch_failures_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.rule_id} of job {self.job_id}"
