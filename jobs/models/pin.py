"""Runs that are kept."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.run import Run


class Pin(models.Model):
    """Somebody wants this run kept: no cleanup erases it, or a part of it, whatever its age.

    A row of its own and not a column of the run's: pinning writes nothing that the engine updates, and the foreign key makes the
    database itself refuse to erase a pinned run.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="pin")
    actor = models.CharField(max_length=200, blank=True, default="")
    note = models.CharField(max_length=2000, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_pin"

    def __str__(self) -> str:
        return f"pin of run {self.run_id}"
