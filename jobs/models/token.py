"""API tokens."""

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A bearer token of one user. Only its SHA-256 is stored: the token has 256 random bits, so it needs no salt."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "jobs_api_token"
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
