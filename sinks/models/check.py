"""Questions whether a sink can be reached, which only a worker can answer."""

from django.db import models

from jobs.models import ENDS_ONCE, Operation, Workspace


class Check(Operation):
    """One look at a sink's connection, without delivering. The configuration is what the sink, or a form, said then."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="sink_checks")
    name = models.CharField(max_length=100, help_text="The sink's, or the entry's.")
    kind = models.CharField(max_length=40)
    configuration = models.JSONField()

    class Meta:
        db_table = "sinks_check"
        indexes = [models.Index(fields=["expires_at"], name="sink_check_expiry")]
        constraints = [models.CheckConstraint(condition=ENDS_ONCE, name="sink_check_fits")]

    def __str__(self) -> str:
        return f"check of {self.name}"
