"""How it stands with a sink: who delivers to it now, and whether it takes anything."""

from django.db import models
from django.db.models import Q

from sinks.models.sink import Sink


class Standing(models.Model):
    """One row for each sink, made with it; apart from it, for it is written with every batch of deliveries.

    A worker holds the sink while its lease lasts. ``token`` is another one each time it is taken, and outcomes that come with an
    older one are refused.
    """

    sink = models.OneToOneField(Sink, on_delete=models.CASCADE, primary_key=True, related_name="standing")
    worker = models.CharField(max_length=200, blank=True, default="", db_default="")
    token = models.BigIntegerField(default=0, db_default=0)
    lease_expires_at = models.DateTimeField(null=True, help_text="Null when nobody holds it.")
    last_turn_at = models.DateTimeField(
        null=True, help_text="When it was taken or left last: who has waited longest is next."
    )
    version = models.IntegerField(default=1, db_default=1, help_text="The sink's, which these failures are of.")
    failures = models.IntegerField(
        default=0, db_default=0, help_text="Failed attempts in a row, whatever they delivered."
    )
    rests = models.IntegerField(default=0, db_default=0, help_text="In a row, without a delivery in between.")
    retry_at = models.DateTimeField(
        null=True, help_text="Left alone until then: too many attempts in a row have failed."
    )
    disabled_at = models.DateTimeField(null=True, help_text="Nothing is delivered until somebody enables it.")
    disabled_reason = models.CharField(max_length=2000, blank=True, default="", db_default="")

    class Meta:
        db_table = "sinks_standing"
        constraints = [
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_reason="")
                | Q(disabled_at__isnull=False) & ~Q(disabled_reason=""),
                name="standing_disabled_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(failures__gte=0), name="standing_failures_from_zero"),
        ]

    def __str__(self) -> str:
        return f"standing of sink {self.sink_id}"
