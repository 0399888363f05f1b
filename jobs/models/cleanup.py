"""How far a cleanup has come."""

from django.db import models

from jobs.models.run import Run


class Cleanup(models.Model):
    """One payload that cleans up: where it goes on, and what it has erased so far.

    Written in the transaction that erases, so that the counts are right however often its worker dies, and a further attempt goes
    on where the one before was.
    """

    pk = models.CompositePrimaryKey("run_id", "position")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="cleanups", db_index=False)
    position = models.IntegerField()
    stage = models.IntegerField(default=0, db_default=0, help_text="How many of its stages are over.")
    after = models.BigIntegerField(default=0, db_default=0, help_text="The last id of this stage that was dealt with.")
    counts = models.JSONField(default=dict, help_text="Rows erased, by what they are.")

    class Meta:
        db_table = "jobs_cleanup"

    def __str__(self) -> str:
        return f"cleanup of payload {self.position} of run {self.run_id}"
