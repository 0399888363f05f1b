"""Notices: what was told, is to be told, or was kept back."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import Workspace
from sinks.models.rule import Rule


class Notice(models.Model):
    """One thing that a rule tells. Made in the transaction that ends what caused it, and once: unique by rule and key.

    It waits for ``send_at``, is in a delivery, or is neither: then its rule has kept it back. It outlives its rule, and its run.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    rule = models.ForeignKey(
        Rule, on_delete=models.DO_NOTHING, related_name="notices", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=100, help_text="What it is about: such as run.failed:7.")
    event = models.CharField(max_length=40)
    job_id = models.BigIntegerField()
    run_id = models.BigIntegerField(null=True)
    document = models.JSONField(help_text="What is sent.")
    created_at = models.DateTimeField(db_default=Now())
    send_at = models.DateTimeField(
        null=True, help_text="When it goes at the latest, with all that its rule has by then."
    )
    delivery_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "sinks_notice"
        indexes = [
            models.Index(fields=["send_at"], name="notice_to_send", condition=Q(send_at__isnull=False)),
            # What a rule has collected: it has sent a million before.
            models.Index(fields=["rule", "id"], name="notice_collected", condition=Q(send_at__isnull=False)),
            models.Index(fields=["delivery_id"], name="notice_of_delivery", condition=Q(delivery_id__isnull=False)),
            models.Index(fields=["workspace", "id"], name="notice_by_workspace"),
            models.Index(fields=["rule", "id"], name="notice_by_rule"),
            models.Index(fields=["run_id", "id"], name="notice_of_run", condition=Q(run_id__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["rule", "key"], name="notice_once_per_rule"),
            models.CheckConstraint(
                condition=Q(send_at__isnull=True) | Q(delivery_id__isnull=True), name="notice_sent_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} of rule {self.rule_id}"
