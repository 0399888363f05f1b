"""Results that are too large for their payloads' rows."""

from django.db import models
from django.db.models.functions import Now


class StoredResult(models.Model):
    """That an object is, may be, or is about to be in the storage of results: written before the object, and erased after it.

    A payload refers to its object by ``stored``; a replay's payloads refer to those of the run that it repeats, with rows of their
    own. What no payload refers to any more is found by `jobs.services.stored_results`. No foreign key: it outlives its run.
    """

    id = models.BigAutoField(primary_key=True)
    run_id = models.BigIntegerField()
    position = models.IntegerField(help_text="Of the payload whose result it is.")
    key = models.CharField(max_length=200, help_text="The object's. No two objects ever have the same.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jobs_stored_result"
        constraints = [models.UniqueConstraint(fields=["key", "run_id"], name="stored_result_once_per_run")]

    def __str__(self) -> str:
        return f"result of payload {self.position} of run {self.run_id}"
