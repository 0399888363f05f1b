"""Files that payloads have made."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.models.run import Run


class StoredFile(models.Model):
    """A file to download, in the folder that JOBS_STORED_FILES names. Written once it is there, whole and flushed.

    Of two attempts at one payload the later one's file counts (`jobs.services.stored_files`).
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="stored_files", db_index=False)
    position = models.IntegerField(help_text="Of the payload that made it.")
    attempt = models.SmallIntegerField()
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, help_text="In hexadecimal.")
    path = models.CharField(max_length=300, help_text="Below the folder of stored files; never used twice.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_stored_file"
        constraints = [
            models.UniqueConstraint(fields=["run", "position", "name"], name="stored_file_name_once_per_payload"),
            models.UniqueConstraint(fields=["path"], name="stored_file_path_once"),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="stored_file_size_from_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of payload {self.position} of run {self.run_id}"
