"""Log lines of payloads."""

from django.db import models

from jobs.models.run import Run


class LogLine(models.Model):
    """One line that a payload's execution wrote, kept with its run."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log_lines", db_index=False)
    position = models.IntegerField()
    attempt = models.SmallIntegerField()
    level = models.CharField(max_length=10)
    message = models.CharField(max_length=4000)
    at = models.DateTimeField()

    class Meta:
        db_table = "jobs_log_line"
        indexes = [
            models.Index(fields=["run", "id"], name="log_line_by_run"),
            # One payload's, among the hundred thousands of its run.
            models.Index(fields=["run", "position", "id"], name="log_line_of_payload"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.level} {self.message}"
