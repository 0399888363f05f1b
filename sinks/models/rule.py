"""Rules: of what somebody is told."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import Workspace
from sinks.models.sink import Sink


class Rule(models.Model):
    """A rule of a workspace: its document says of what, of which jobs, and through which sink. The columns are derived from it.

    ``look_at`` is when somebody looks next for what nobody does: runs that are late or stuck. The look goes on after the run
    that the last one reached; with 0 it begins anew.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="rules", db_index=False)
    name = models.CharField(max_length=100)
    sink = models.ForeignKey(Sink, on_delete=models.RESTRICT, related_name="rules")
    document = models.JSONField()
    enabled = models.BooleanField(default=True, db_default=True)
    look_at = models.DateTimeField(null=True, help_text="Null where nothing is looked for.")
    late_reached = models.BigIntegerField(default=0, db_default=0, help_text="The last run that was looked at.")
    stuck_reached = models.BigIntegerField(default=0, db_default=0, help_text="The last run that was looked at.")
    version = models.IntegerField(default=1, db_default=1, help_text="Counts the changes.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sinks_rule"
        indexes = [models.Index(fields=["look_at"], name="rule_look", condition=Q(look_at__isnull=False))]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="rule_name_once_per_workspace"),
            models.CheckConstraint(condition=Q(enabled=True) | Q(look_at__isnull=True), name="rule_looks_when_enabled"),
        ]

    def __str__(self) -> str:
        return self.name
