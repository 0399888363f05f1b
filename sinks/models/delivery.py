"""Deliveries: the outbox."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from sinks.models.handover import Handover
from sinks.models.rule import Rule
from sinks.states import DeliveryState


class Delivery(models.Model):
    """One hand-over of some payloads' outcomes, or of a rule's notices, to one sink. Its id goes with every attempt.

    Of notices there is no handover and no run; the positions count the notices.

    ``attempted_at`` is set while an attempt is under way: who finds it set when it would begin another knows that this one was
    lost with its worker. Until it has ended otherwise it is made alone: it may be what killed the worker.
    """

    id = models.BigAutoField(primary_key=True)
    handover = models.ForeignKey(
        Handover, on_delete=models.CASCADE, null=True, related_name="deliveries", db_index=False
    )
    run_id = models.BigIntegerField(null=True, help_text="The handover's run.")
    rule = models.ForeignKey(
        Rule, on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    workspace_id = models.BigIntegerField(null=True, help_text="Of notices.")
    sink_id = models.BigIntegerField(null=True, help_text="The handover's sink.")
    first_position = models.IntegerField()
    last_position = models.IntegerField()
    payloads = models.IntegerField(help_text="How many of the positions it covers are delivered.")
    state = models.CharField(
        max_length=10, choices=[(s, s) for s in DeliveryState], default=DeliveryState.DUE, db_default=DeliveryState.DUE
    )
    due_at = models.DateTimeField(null=True, help_text="When it is tried next; empty once it is over.")
    attempts = models.IntegerField(default=0, db_default=0)
    attempted_at = models.DateTimeField(null=True, help_text="When the attempt under way began.")
    losses = models.IntegerField(
        default=0, db_default=0, help_text="Attempts in a row that were lost with their worker."
    )
    first_attempt_at = models.DateTimeField(null=True, help_text="From when on it is given up after a while.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    receipt = models.JSONField(null=True, help_text="What the other side said.")
    error = models.JSONField(null=True, help_text="Of the last attempt that failed.")

    class Meta:
        db_table = "sinks_delivery"
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["sink_id", "due_at", "id"], name="delivery_due", condition=Q(state="due")),
            models.Index(
                fields=["sink_id", "due_at", "id"], name="delivery_alone", condition=Q(state="due", losses__gt=0)
            ),
            models.Index(
                fields=["sink_id", "handover", "first_position"], name="delivery_heads", condition=Q(state="due")
            ),
            models.Index(
                fields=["sink_id", "due_at", "id"],
                name="delivery_of_notices",
                condition=Q(state="due", handover__isnull=True),
            ),
            models.Index(fields=["run_id", "id"], name="delivery_by_run"),
            models.Index(fields=["sink_id", "id"], name="delivery_by_sink"),
            models.Index(fields=["sink_id", "id"], name="delivery_dead", condition=Q(state="dead")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["handover", "first_position"], name="delivery_once_per_position"),
            models.CheckConstraint(
                condition=Q(first_position__gte=0, last_position__gte=F("first_position"), payloads__gte=0),
                name="delivery_range_in_order",
            ),
            models.CheckConstraint(
                condition=Q(handover__isnull=False, run_id__isnull=False, rule__isnull=True, workspace_id__isnull=True)
                | Q(handover__isnull=True, run_id__isnull=True, rule__isnull=False, workspace_id__isnull=False),
                name="delivery_of_results_or_notices",
            ),
            models.CheckConstraint(
                condition=Q(state="due", due_at__isnull=False, ended_at__isnull=True)
                | Q(state="delivered", due_at__isnull=True, ended_at__isnull=False, bytes__isnull=False)
                | Q(state="dead", due_at__isnull=True, ended_at__isnull=False, error__isnull=False),
                name="delivery_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} of " + (f"run {self.run_id}" if self.run_id else f"rule {self.rule_id}")
