"""Positions that wait out of line."""

from django.db import models
from django.db.models import Q

from jobs.models.lane import Lane
from jobs.models.run import Run


class Requeued(models.Model):
    """A position behind the run's next_position that is to be executed (again): a retry, work that a lane gave back, or an attempt
    that goes on elsewhere and is to be looked at (``looking``); see `jobs.errors.LookAgain`.

    Retries are the exception, so they stand here and not in an index over every payload. In: a failed attempt with attempts
    left, a lost lane, a range given back, an attempt that looks again. Out: the payload's outcome. ``lane`` holds it
    while somebody works it.
    """

    pk = models.CompositePrimaryKey("run_id", "position")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="requeued", db_index=False)
    position = models.IntegerField()
    attempts = models.SmallIntegerField(default=0, help_text="Attempts made so far.")
    due_at = models.DateTimeField()
    alone = models.BooleanField(
        default=False,
        help_text="Executed and reported by itself: one payload of a lost range may be what kills workers.",
    )
    looking = models.JSONField(
        null=True, help_text="Of an attempt that goes on elsewhere: since, until, and its executor's state."
    )
    lane = models.ForeignKey(Lane, on_delete=models.SET_NULL, null=True, related_name="held", db_index=False)

    class Meta:
        db_table = "jobs_requeued"
        constraints = [
            models.CheckConstraint(condition=Q(position__gte=0, attempts__gte=0), name="requeued_from_zero"),
        ]
        indexes = [
            models.Index(fields=["run", "due_at"], name="requeued_due", condition=Q(lane__isnull=True)),
            models.Index(fields=["lane"], name="requeued_held", condition=Q(lane__isnull=False)),
            # What takes a place of its run without a lane: counted whenever a lane is taken.
            models.Index(
                fields=["run", "due_at"],
                name="requeued_looking",
                condition=Q(looking__isnull=False, lane__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"position {self.position} of run {self.run_id}, due {self.due_at}"
