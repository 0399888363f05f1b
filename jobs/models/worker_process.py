"""The register of worker processes and beats: who is there, and who is to take nothing new."""

from django.db import models
from django.db.models import JSONField, Q, Value
from django.db.models.functions import Now


class WorkerProcess(models.Model):
    """A process of the deployment that says every few seconds that it is there. It serves all workspaces.

    Nothing is decided by this register: who holds a run is said by its lanes. A process that ends takes its row away; one that
    was killed leaves it, and is silent. ``draining_since`` is what somebody wishes, and what the process obeys when it says next
    that it is there.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=200, unique=True, help_text="host:pid, as its lanes call it.")
    kind = models.CharField(max_length=10, help_text="worker or beat.")
    node = models.CharField(max_length=200, help_text="Its name within Celery.")
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    pool = models.CharField(max_length=40, db_default="")
    slots = models.IntegerField(db_default=0, help_text="So many messages it works at once.")
    queues = models.JSONField(db_default=Value([], JSONField()))
    children = models.JSONField(
        db_default=Value([], JSONField()), help_text="What the lanes of the processes that it forked are called."
    )
    version = models.CharField(max_length=40, db_default="")
    memory_bytes = models.BigIntegerField(
        null=True, help_text="Resident, with its children; null where that is not known."
    )
    started_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    draining_since = models.DateTimeField(null=True)
    draining_by = models.CharField(max_length=200, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_worker_process"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=("worker", "beat")), name="worker_process_kind"),
            models.CheckConstraint(
                condition=Q(draining_since__isnull=True) | Q(kind="worker"), name="worker_process_beats_do_not_drain"
            ),
        ]

    def __str__(self) -> str:
        return self.name
