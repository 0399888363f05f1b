"""What a run owes to one sink."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.models import Run


class Handover(models.Model):
    """The promise that a run's results reach one sink; written in the transaction that ends the run.

    A run of 100,000 payloads makes one row here and not 100,000: whoever holds the sink makes the deliveries from it, some hundred
    at a time, in the transaction that moves ``next_position`` on. It is open until that has come to ``total``.

    The sink is an id without a foreign key: the end of a run shall not wait for who changes or deletes a sink.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="handovers", db_index=False)
    place = models.SmallIntegerField(help_text="The entry's place in the run's own list of sinks.")
    name = models.CharField(max_length=100, help_text="The entry's name.")
    sink_id = models.BigIntegerField(null=True, help_text="Null where the job had no such sink any more.")
    next_position = models.IntegerField(default=0, db_default=0)
    total = models.IntegerField(help_text="How many payloads the run has.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sinks_handover"
        indexes = [
            models.Index(fields=["sink_id", "id"], name="handover_open", condition=Q(next_position__lt=F("total"))),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "place"], name="handover_once_per_entry"),
            models.CheckConstraint(
                condition=Q(next_position__gte=0, next_position__lte=F("total")), name="handover_within_total"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of run {self.run_id}"
