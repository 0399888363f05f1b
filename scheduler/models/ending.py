"""Endings: runs that ended, for the schedules that want to know."""

from django.db import models
from django.db.models import Q

from scheduler.models.schedule import Schedule


class Ending(models.Model):
    """A run that ended, for one trigger that waits for its job, or for the schedule that owed the run itself.

    Written in the transaction that ends the run, so that none is missed; dealt with right after, or by a beat. For a trigger that
    wants several jobs to have ended, the newest of each job is kept (``settled``) until they all have.
    """

    OWN = -1
    """The ``trigger`` of a run that the schedule owed itself."""

    id = models.BigAutoField(primary_key=True)
    # No constraint: the end of a run must not fail, or wait, because a schedule is deleted at the same moment.
    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="endings", db_index=False, db_constraint=False
    )
    trigger = models.SmallIntegerField(
        help_text="The place of the trigger that waits; -1 for a run of the schedule's own."
    )
    job_key = models.CharField(
        max_length=150, help_text="Kept here: the run may be erased before all the others have ended."
    )
    run_id = models.BigIntegerField()
    state = models.CharField(max_length=10)
    ended_at = models.DateTimeField()
    settled = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "scheduler_ending"
        indexes = [models.Index(fields=["id"], name="ending_open", condition=Q(settled=False))]
        constraints = [models.UniqueConstraint(fields=["schedule", "run_id", "trigger"], name="ending_once_per_run")]

    def __str__(self) -> str:
        return f"run {self.run_id} {self.state} for schedule {self.schedule_id}"
