"""Service accounts."""

from django.conf import settings
from django.db import models

from jobs.models.workspace import Workspace


class ServiceAccount(models.Model):
    """What makes a user a program's: it belongs to one workspace, and calls with tokens alone. Its role is its membership's."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="service_account", primary_key=True
    )
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="service_accounts", db_index=False)
    name = models.CharField(max_length=63)
    description = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "jobs_service_account"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="service_account_once_per_workspace"),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9][a-z0-9-]*$"), name="service_account_name_form"
            ),
        ]

    def __str__(self) -> str:
        return self.name
