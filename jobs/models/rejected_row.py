"""Rows that a load did not take."""

from django.db import models

from jobs.models.run import Run


class RejectedRow(models.Model):
    """One row of a source that was left out, and why. Only the first of each payload are kept."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rejected_rows", db_index=False)
    position = models.IntegerField(help_text="The payload's.")
    number = models.BigIntegerField(null=True, help_text="1 for the source's first row; null where rows have no order.")
    reason = models.CharField(max_length=1000)
    row = models.JSONField(default=dict, help_text="Its values by column; long ones are cut.")

    class Meta:
        db_table = "jobs_rejected_row"
        indexes = [models.Index(fields=["run", "position", "id"], name="rejected_row_by_payload")]

    def __str__(self) -> str:
        return f"row {self.number} of payload {self.position} of run {self.run_id}"
