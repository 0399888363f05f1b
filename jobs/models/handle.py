"""What outlives a worker."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.run import Run


class Handle(models.Model):
    """Something that an attempt has set going outside its worker's own process: a child process, a job of a remote system.

    Written before it can do harm and deleted once it has ended, so that when the worker dies another one can finish it off.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="handles")
    position = models.IntegerField()
    lane = models.BigIntegerField(
        help_text="Whose attempt it is; once that lane is gone, nobody looks after it any more."
    )
    kind = models.CharField(max_length=40, help_text="Who knows how to end it: process, or the name of a payload kind.")
    host = models.CharField(
        max_length=200, blank=True, default="", help_text="Where it can be ended; empty for anywhere."
    )
    lasting = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It is ended once its payload has its outcome, not when its lane is gone: the next attempt finds it.",
    )
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_handle"

    def __str__(self) -> str:
        return f"{self.kind} of payload {self.position} of run {self.run_id}"
