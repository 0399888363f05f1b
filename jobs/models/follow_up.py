"""What is still to be done after a run has ended."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.job import Job
from jobs.models.run import Run

FOLLOW_UPS = ("check_failures", "resume_rest", "erase_replays")


class FollowUp(models.Model):
    """Something that a run's end calls for and that must not happen in its transaction, because it locks the job's row.

    Written with the end, deleted in the transaction that does it, by any sweep.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_index=False)
    # With an index: the database looks here for each run that is erased.
    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20, help_text="check_failures, resume_rest or erase_replays")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_follow_up"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=FOLLOW_UPS), name="follow_up_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} after run {self.run_id}"
