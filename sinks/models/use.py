"""Which sinks a job delivers to."""

from django.db import models

from jobs.models import Job
from sinks.models.sink import Sink


class Use(models.Model):
    """One entry of a job's ``sinks``, and the sink that it means. Derived from the document whenever the job is saved."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="sink_uses", db_index=False)
    name = models.CharField(max_length=100)
    sink = models.ForeignKey(Sink, on_delete=models.CASCADE, related_name="uses")

    class Meta:
        db_table = "sinks_use"
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="use_name_once_per_job")]

    def __str__(self) -> str:
        return f"{self.name} of job {self.job_id}"
