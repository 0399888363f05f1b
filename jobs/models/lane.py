"""Lanes: who works a run right now."""

from django.db import models
from django.db.models import F, Q

from jobs.models.concurrency_group import ConcurrencyGroup
from jobs.models.run import Run


class Lane(models.Model):
    """One taken concurrency slot of a run. The id is the fencing token: it is new each time the slot is taken.

    ``[low, high)`` are the positions it holds; ``sequence`` counts its reports, so that one that is sent twice because the
    connection broke counts once. No index on the lease: there are as many rows as slots at work, and each heartbeat writes them.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="lanes", db_index=False)
    slot = models.SmallIntegerField()
    worker = models.CharField(max_length=200)
    sequence = models.IntegerField(default=0)
    low = models.IntegerField(default=0)
    high = models.IntegerField(default=0)
    reached = models.IntegerField(
        default=0,
        help_text="The furthest position known to have been started; only up to here is an attempt charged if the lane is lost.",
    )
    succeeded = models.IntegerField(
        default=0, db_default=0, help_text="Outcomes of a strict range that the run does not count yet."
    )
    failed = models.IntegerField(default=0, db_default=0)
    leased_at = models.DateTimeField(help_text="When the present range was leased.")
    lease_expires_at = models.DateTimeField()
    group = models.ForeignKey(
        ConcurrencyGroup, on_delete=models.SET_NULL, null=True, related_name="lanes", db_index=False
    )
    group_slot = models.SmallIntegerField(null=True, help_text="Which of its group's places it takes.")
    time_extensions = models.JSONField(
        null=True,
        help_text="How often the payloads of its range have asked for more time from outside, by position:attempt.",
    )
    progress = models.JSONField(null=True, help_text="What the payload at work last said: current, total, unit.")

    class Meta:
        db_table = "jobs_lane"
        constraints = [
            models.UniqueConstraint(fields=["run", "slot"], name="lane_one_owner_per_slot"),
            models.UniqueConstraint(
                fields=["group", "group_slot"], name="lane_one_per_group_slot", condition=Q(group_slot__isnull=False)
            ),
            models.CheckConstraint(condition=Q(high__gte=F("low")), name="lane_range_in_order"),
        ]

    def __str__(self) -> str:
        return f"lane {self.slot} of run {self.run_id}"
