"""Where objects came from that are kept in files."""

from django.db import models
from django.db.models.functions import Now

from jobs.models.workspace import Workspace


class Origin(models.Model):
    """One object of a workspace that is written in a file, and is edited there alone until it is released.

    By kind and name and not by foreign keys: the kinds belong to several apps, and all of them have names.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="origins", db_index=False)
    kind = models.CharField(max_length=40, help_text="Such as job, sink or schedule.")
    name = models.CharField(max_length=300, help_text="The object's; a job's is its key, a schedule's JOB/NAME.")
    source = models.CharField(max_length=500, help_text="The set of files that it is applied with.")
    path = models.CharField(max_length=1000, help_text="The file.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what the file says of it.")
    applied_at = models.DateTimeField(db_default=Now())
    applied_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "jobs_origin"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "name"], name="origin_once_per_object"),
            models.CheckConstraint(condition=~models.Q(source=""), name="origin_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} from {self.source}"
