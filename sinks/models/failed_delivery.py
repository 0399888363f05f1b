"""Attempts at deliveries that did not succeed."""

from django.db import models
from django.db.models import Q

from sinks.models.delivery import Delivery


class FailedDelivery(models.Model):
    """One attempt that failed or was lost, with its error, its worker and its times. Never updated."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="failures", db_index=False)
    number = models.IntegerField(help_text="1 for the first.")
    error = models.JSONField()
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "sinks_failed_delivery"
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="failed_delivery_recorded_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="failed_delivery_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} at delivery {self.delivery_id}"
