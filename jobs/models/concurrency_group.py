"""Limits that several jobs share."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models.workspace import Workspace


class ConcurrencyGroup(models.Model):
    """A named limit of a workspace, one per target host for example: how many payloads of its jobs may run at once, and how often
    one may start."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=100)
    limit = models.SmallIntegerField(null=True, blank=True, help_text="Payloads at once; empty for no limit.")
    rate = models.JSONField(
        null=True,
        blank=True,
        help_text='Payloads per period, such as {"count": 100, "period": "1m"}; empty for no limit.',
    )
    rate_interval_ms = models.FloatField(null=True, editable=False, help_text="The period divided by the count.")

    version = models.PositiveIntegerField(
        default=1, db_default=1, help_text="Counts changes, so that two editors cannot overwrite each other."
    )
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_group"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="group_name_once_per_workspace"),
            models.CheckConstraint(condition=Q(limit__isnull=True) | Q(limit__gte=1), name="group_limit_from_one"),
            models.CheckConstraint(
                condition=Q(rate_interval_ms__isnull=True) | Q(rate_interval_ms__gt=0), name="group_interval_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Rate(models.Model):
    """When the next payload of a job or of a group may start. A lane that leases payloads moves it on by as many intervals."""

    key = models.CharField(max_length=40, primary_key=True, help_text="job:ID or group:ID")
    next_at = models.DateTimeField()

    class Meta:
        db_table = "jobs_rate"

    def __str__(self) -> str:
        return f"{self.key} from {self.next_at}"
