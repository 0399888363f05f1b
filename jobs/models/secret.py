"""Secrets of a workspace."""

from django.db import models

from jobs.models.workspace import Workspace


class Secret(models.Model):
    """A named value that payloads refer to by name. Only its encryption is stored; it is read in the worker alone."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=100)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)

    class Meta:
        db_table = "jobs_secret"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="secret_name_once_per_workspace"),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[A-Za-z][A-Za-z0-9_.-]*$"), name="secret_name_form"
            ),
        ]

    def __str__(self) -> str:
        return self.name
