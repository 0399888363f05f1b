"""The audit."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models.workspace import Workspace


class AuditEntry(models.Model):
    """What somebody did, written in the transaction that did it, and never again: triggers refuse to change or delete an
    entry, and to empty the table; what is old goes through ``jobs_erase_audit``, and leaves an entry that says so.

    Those of deeds without a before and an after (a run is terminated, a job paused) are written by a trigger of the event log, for
    every event that has an actor; the others by `jobs.services.audit`.
    """

    id = models.BigAutoField(primary_key=True)
    # No constraint: an entry outlives what it is about.
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=200)
    via = models.CharField(max_length=60, blank=True, default="", db_default="")
    token = models.CharField(max_length=100, blank=True, default="", db_default="")
    action = models.CharField(
        max_length=40, help_text="Such as job.updated, run.cancelling, secret.set, member.removed."
    )
    target = models.CharField(max_length=300, blank=True, default="", db_default="")
    run_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True, help_text="What was different before; null where there was nothing.")
    after = models.JSONField(null=True)
    data = models.JSONField(null=True, help_text="What the event log says of it.")

    class Meta:
        db_table = "jobs_audit_entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["workspace", "-id"], name="audit_by_workspace"),
            models.Index(fields=["-id"], name="audit_of_none", condition=Q(workspace__isnull=True)),
            # For the filters: each narrows by its own column, and by time within that; the page comes in the index's order.
            models.Index(fields=["workspace", "-at", "-id"], name="audit_by_time"),
            models.Index(fields=["workspace", "actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["workspace", "action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["workspace", "target", "-at", "-id"], name="audit_by_target"),
            # Most deeds are done without one.
            models.Index(fields=["workspace", "token", "-at", "-id"], name="audit_by_token", condition=~Q(token="")),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor} at {self.at}"
