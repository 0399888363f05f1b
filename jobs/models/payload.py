"""Payloads of a run."""

from django.db import models
from django.db.models import Q

from jobs.models.run import Run
from jobs.states import FINAL_PAYLOAD_STATES, PayloadState


class Payload(models.Model):
    """One unit of work in a run. Inserted once, written once more with its outcome.

    That second write is HOT: it touches neither the primary key nor the small index over the keys of added payloads, and the
    fillfactor of 45 keeps room for the new version on the same page. That a payload is running is said by the lane whose range
    covers it, and that it waits for a retry by a row of `Requeued`; neither writes here. See docs/adr/0002-lanes.md.
    """

    pk = models.CompositePrimaryKey("run_id", "position")
    # No constraint: whoever inserts payloads inserts their run in the same statement, or has locked it.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="payloads", db_index=False, db_constraint=False)
    position = models.IntegerField(help_text="0 for the first.")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200, default="")
    parameters = models.JSONField(default=dict)
    options = models.JSONField(null=True, help_text="The payload's own retry and timeout, when it has them.")
    parent = models.IntegerField(null=True, help_text="The position of the payload that added this one.")
    key = models.CharField(  # noqa: DJ001 - null is "none": it is not unique, and not in the index
        max_length=200, null=True, help_text="By which its adder knows it: added once in a run."
    )
    state = models.CharField(max_length=10, default=PayloadState.QUEUED)
    attempts = models.SmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    stored = models.JSONField(
        null=True, help_text="Where the whole result is, when it is too large for this row; see jobs.large_results."
    )
    error = models.JSONField(null=True)

    class Meta:
        db_table = "jobs_payload"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "key"], name="payload_key_once_per_run", condition=Q(key__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(state="queued", ended_at__isnull=True)
                | Q(state__in=[s.value for s in FINAL_PAYLOAD_STATES], ended_at__isnull=False),
                name="payload_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"payload {self.position} of run {self.run_id}"
