"""How far the loads of a datasource have come."""

from django.db import models

from jobs.models.job import Job


class DatasourceState(models.Model):
    """The incremental cursor of one payload of a datasource, which its stream names. Gone with the job.

    The destination holds the same, written in the load's own transaction. Of the two, the destination's counts while it has this
    row's generation; a reset makes a new generation, and what the destination knows of an older one is passed over. This one counts
    only where it was reached: another destination begins at the beginning.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="datasource_states", db_index=False)
    stream = models.CharField(max_length=200, help_text="The payload's name, or its place in the list.")
    generation = models.BigIntegerField(
        help_text="A random number, another one after each reset; compared for equality only."
    )
    cursor = models.JSONField(null=True, help_text="Null when nothing has been loaded yet.")
    load_key = models.CharField(max_length=400, blank=True, default="", help_text="The load that wrote it last.")
    destination = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Where that was: a fingerprint of the place."
    )
    loaded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "jobs_datasource_state"
        constraints = [
            models.UniqueConstraint(fields=["job", "stream"], name="datasource_state_once_per_stream"),
            models.CheckConstraint(
                condition=models.Q(load_key="", loaded_at__isnull=True)
                | ~models.Q(load_key="") & models.Q(loaded_at__isnull=False),
                name="datasource_state_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} of job {self.job_id}"
